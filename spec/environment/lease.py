"""The world of the lease machine: one Lease, some operators with clocks of their own, and a network that loses answers.

Rules
- Each operator's clock is its own: it ticks by itself, and bounded drift means that no two have ticked a different
  number of times by more than ``Clocks.drift_ticks``. Without a bound any clock may run as far ahead as it likes.
- Nobody ever has to step: an operator that is not scheduled while its clock ticks is one that is paused.
- A request is carried out at one moment and its reply arrives at a later one; clocks may tick in between.
- Times are kept relative to each operator's own clock, so a run of any length is covered. That the machine cannot tell
  is a test of its own (``moved``).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from gungnir.machines import lease
from gungnir.machines.lease import (
    CreateLease,
    GetLease,
    LeaseReply,
    LeaseRequest,
    LeaseSeen,
    LeaseTimes,
    Phase,
    PutLease,
)
from gungnir.machines.requests import AlreadyExists, Conflict, NotFound, Stored, Unknown, Unreachable, Version
from spec.environment.operators import Taken
from spec.world import Label, Number

GONE: Final = "gone"
"""Identity of every operator that will never come back."""
NO_DRIFT_BOUND: Final = -1


class Clocks(NamedTuple):
    """What a model fixes. Times in ticks, which take the place of the machine's milliseconds."""

    times: LeaseTimes
    drift_ticks: int = 1


class Lease(NamedTuple):
    """The Lease as stored."""

    version: str
    holder: str


class Holder(NamedTuple):
    """One operator process. ``alone_ticks`` is how long no request of it was carried out, by its own clock.

    ``request`` was sent and not carried out yet; ``reply`` is on its way back.
    """

    identity: str
    state: lease.State = lease.State()
    request: LeaseRequest | None = None
    reply: LeaseReply | None = None
    draining: bool = False
    alone_ticks: int = 0
    cut: bool = False

    @property
    def leads(self) -> bool:
        """Whether this operator would act now: what the driver asks before every request."""
        return lease.leads(self.state, 0)

    @property
    def ended(self) -> bool:
        """Whether the process has given the Lease back and ended."""
        return self.draining and self.state.phase is Phase.FOLLOWER and self.request is None and self.reply is None

    def shown(self) -> str:
        """Return what a story tells of this operator."""
        state = self.state
        lead = f", leads for {state.deadline_ms} ticks" if self.leads else ""
        waits = f", sent {self.request}" if self.request is not None else ""
        back = f", {self.reply} on its way" if self.reply is not None else ""
        known = f", saw {state.stamp} {-state.stamp_seen_ms} ticks ago" if state.stamp else ""
        flags = (", draining" if self.draining else "") + (", cut off" if self.cut else "")
        return f"{self.identity}: {state.phase}{lead}{known}{waits}{back}{flags}"


class LeaseBudget(NamedTuple):
    """How often each fault may still happen."""

    restart: int = 0
    """A process ends and starts again in the same pod, under the same identity."""
    replace: int = 0
    """A process ends for good; another one takes its place."""
    message: int = 0
    """An answer does not come in time; the request may still arrive later, or never."""
    cut: int = 0
    """An operator cannot reach the API server for a while."""
    drain: int = 0
    """An operator is asked to stop."""
    delete: int = 0
    """A person deletes the Lease."""


class Late(NamedTuple):
    """A request that nobody waits for any more, and whose it was."""

    identity: str
    request: LeaseRequest


class LeaseWorld(NamedTuple):
    """One state. ``ahead`` is how many ticks more the first operator's clock has made than the second's."""

    lease: Lease | None
    holders: tuple[Holder, ...]
    late: tuple[Late, ...]
    ahead: int
    budget: LeaseBudget

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this world from every other one."""
        numbers = [number("lease", self.lease), number("late", self.late), number("budget", self.budget)]
        return [*numbers, self.ahead, *(number("holder", holder) for holder in self.holders)]

    def shown(self) -> tuple[str, ...]:
        """Return what a story tells of this state, one line for each part."""
        stored = "no Lease" if self.lease is None else f"Lease {self.lease.version} of {self.lease.holder or 'nobody'}"
        return (stored, *(holder.shown() for holder in self.holders))

    def with_holder(self, index: int, holder: Holder) -> "LeaseWorld":
        """Return the world with one operator changed."""
        return self._replace(holders=(*self.holders[:index], holder, *self.holders[index + 1 :]))


Move = tuple[Label, LeaseWorld]


def first_world(budget: LeaseBudget, operators: int = 2) -> LeaseWorld:
    """Return the world in which no Lease exists, and all operators have just started."""
    return LeaseWorld(None, tuple(Holder(f"op-{index}") for index in range(operators)), (), 0, budget)


def successors(clocks: Clocks, world: LeaseWorld) -> Iterator[Move]:
    """Yield every action that can happen next, with the world after it, in a fixed order."""
    for label, after in _moves(clocks, world):
        yield label, _settled(after)


def _moves(clocks: Clocks, world: LeaseWorld) -> Iterator[Move]:
    for index, holder in enumerate(world.holders):
        if not holder.ended:
            yield from _steps(clocks, world, index)
        yield from _faults(world, index)
        yield from _ticks(clocks, world, index)
    for position, late in enumerate(world.late):
        left = world._replace(late=(*world.late[:position], *world.late[position + 1 :]))
        after, reply = carried_out(clocks, left, late.identity, late.request)
        if isinstance(reply, Stored):
            yield Label("stray", "network", (late.identity, late.request), fair=False), after
    if world.lease is not None and world.budget.delete:
        budget = world.budget._replace(delete=world.budget.delete - 1)
        yield Label("delete", "somebody", "the Lease", fair=False), world._replace(lease=None, budget=budget)


def carried_out(
    clocks: Clocks, world: LeaseWorld, identity: str, request: LeaseRequest
) -> tuple[LeaseWorld, LeaseReply]:
    """Carry out one request at the API server, atomically, by compare-and-swap on the resourceVersion."""
    stored = world.lease
    match request:
        case GetLease() if stored is not None:
            # The version stands for the renewal's timestamp too: both change with every write.
            version = Version(stored.version)
            return world, LeaseSeen(version, stored.holder, stored.version, clocks.times.duration_ms, 0)
        case CreateLease() if stored is not None:
            return world, AlreadyExists()
        case CreateLease():
            return _stored(world, identity)
        case PutLease(version, holder, _) if stored is not None:
            return _stored(world, identity if holder else "") if version == stored.version else (world, Conflict())
        case PutLease():
            # A PUT makes a Lease that is not there, but not of a body with the uid of one that is gone.
            return world, Conflict()
        case _:
            return world, NotFound()


def _stored(world: LeaseWorld, holder: str) -> tuple[LeaseWorld, LeaseReply]:
    """Write the Lease under a version that no state of this world names yet."""
    named = [0, *(int(token[1:]) for each in world.holders for token in _tokens(each))]
    version = f"v{1 + max(named if world.lease is None else [*named, int(world.lease.version[1:])])}"
    return world._replace(lease=Lease(version, holder)), Stored(Version(version))


def _steps(clocks: Clocks, world: LeaseWorld, index: int) -> Iterator[Move]:
    holder = world.holders[index]
    who = f"operator {index}"
    if holder.reply is not None:
        step = lease.step(clocks.times, holder.identity, holder.state, holder.reply, 0)
        yield Label("reply", who, (holder.reply, step)), world.with_holder(index, _after(holder, step))
    elif holder.request is not None and not holder.cut:
        after, reply = carried_out(clocks, world, holder.identity, holder.request)
        answered = holder._replace(request=None, reply=reply, alone_ticks=0)
        yield Label("api", who, (holder.request, reply)), after.with_holder(index, answered)
    elif holder.request is not None:
        missed = holder._replace(request=None, reply=Unreachable())
        yield Label("unreachable", who, holder.request), world.with_holder(index, missed)
    elif holder.state.wake_ms <= 0 or holder.draining:
        step = lease.tick(clocks.times, holder.state, 0, draining=holder.draining)
        woken = _after(holder, step)
        if isinstance(woken.request, GetLease) and not woken.cut:
            # When a follower asked is of no consequence, only what it read: asking later is waking later.
            woken = woken._replace(request=None, reply=carried_out(clocks, world, woken.identity, GetLease())[1])
        yield Label("wake", who, (step, woken.reply)), world.with_holder(index, woken)


def _after(holder: Holder, step: lease.Step) -> Holder:
    if step.trigger != "look":  # Looking at the Lease is how a follower waits: no row, no change of phase.
        Taken.edges.add(("lease", str(holder.state.phase), step.trigger))
    return holder._replace(state=canonical(step.state), request=step.request, reply=None)


def _faults(world: LeaseWorld, index: int) -> Iterator[Move]:
    holder, budget, who = world.holders[index], world.budget, f"operator {index}"
    sent = () if holder.request in (None, GetLease()) else (holder.request,)
    if budget.message and (holder.request is not None or isinstance(holder.reply, (LeaseSeen, NotFound))):
        missed = holder._replace(request=None, reply=Unknown())
        after = world.with_holder(index, missed)._replace(budget=budget._replace(message=budget.message - 1))
        yield Label("lost", who, holder.request, fair=False), _late(after, holder.identity, sent)
    if budget.cut and not holder.cut:
        after = world.with_holder(index, holder._replace(cut=True))
        yield Label("cut", who, fair=False), after._replace(budget=budget._replace(cut=budget.cut - 1))
    if holder.cut:
        yield Label("heal", who), world.with_holder(index, holder._replace(cut=False))
    if budget.drain and not holder.draining:
        after = world.with_holder(index, holder._replace(draining=True))
        yield Label("drain", who, fair=False), after._replace(budget=budget._replace(drain=budget.drain - 1))
    fresh = Holder(holder.identity, cut=holder.cut)
    if budget.restart:
        after = world.with_holder(index, fresh)._replace(budget=budget._replace(restart=budget.restart - 1))
        yield Label("restart", who, sent, fair=False), _late(after, holder.identity, sent)
    if budget.replace:
        after = _buried(world, index)._replace(budget=budget._replace(replace=budget.replace - 1))
        yield Label("replace", who, sent, fair=False), _late(after, GONE, sent)
    if holder.ended:
        yield Label("start", who), _buried(world, index)


def _buried(world: LeaseWorld, index: int) -> LeaseWorld:
    """Another process, under an identity that nobody had before: in effect, the old one is renamed."""
    identity = world.holders[index].identity
    stored = world.lease
    if stored is not None and stored.holder == identity:
        stored = stored._replace(holder=GONE)
    late = tuple(entry._replace(identity=GONE) if entry.identity == identity else entry for entry in world.late)
    world = world._replace(lease=stored, late=late)
    for other, holder in enumerate(world.holders):
        state = holder.state._replace(stamp=holder.state.stamp.replace(identity, GONE))
        reply = holder.reply
        if isinstance(reply, LeaseSeen) and reply.holder == identity:
            reply = reply._replace(holder=GONE)
        world = world.with_holder(other, holder._replace(state=state, reply=reply))
    return world.with_holder(index, Holder(identity, cut=world.holders[index].cut))


def _late(world: LeaseWorld, identity: str, requests: tuple[LeaseRequest | None, ...]) -> LeaseWorld:
    entries = {*world.late, *(Late(identity, request) for request in requests if request is not None)}
    return world._replace(late=tuple(sorted(entries, key=repr)))


# --- time -----------------------------------------------------------------------------------------------------------


def _ticks(clocks: Clocks, world: LeaseWorld, index: int) -> Iterator[Move]:
    holder = world.holders[index]
    ahead = world.ahead + (1 if index == 0 else -1) if clocks.drift_ticks != NO_DRIFT_BOUND else 0
    if abs(ahead) <= max(0, clocks.drift_ticks):
        alone_ticks = min(holder.alone_ticks + 1, clocks.times.renew_deadline_ms)
        later = holder._replace(state=_aged(clocks.times, holder.state), alone_ticks=alone_ticks)
        yield Label("tick", f"clock {index}"), world.with_holder(index, later)._replace(ahead=ahead)


def moved(state: lease.State, by_ticks: int) -> lease.State:
    """Return the state as it would be if the operator's clock had begun this much earlier."""
    return state._replace(
        stamp_seen_ms=state.stamp_seen_ms + by_ticks,
        sent_ms=state.sent_ms + by_ticks,
        deadline_ms=state.deadline_ms + by_ticks,
        wake_ms=state.wake_ms + by_ticks,
    )


def _aged(times: LeaseTimes, state: lease.State) -> lease.State:
    """One tick later. What lies further back than any comparison reaches stays there."""
    older = moved(state, -1)
    return canonical(
        older._replace(
            stamp_seen_ms=max(older.stamp_seen_ms, -times.duration_ms - 1),
            sent_ms=max(older.sent_ms, -times.renew_deadline_ms),
            deadline_ms=max(older.deadline_ms, 0),
        )
    )


def canonical(state: lease.State) -> lease.State:
    """Return the state without what nothing depends on any more: times that passed, or that the phase does not use.

    What a leader saw as a follower is among it: the Lease has another version since the leader itself wrote it.
    """
    leading = state.phase in (Phase.LEADING, Phase.RENEWING)
    follows = state.phase is Phase.FOLLOWER
    stamp = state.stamp if follows else ""
    return state._replace(
        transitions=0,
        stamp=stamp,
        stamp_seen_ms=state.stamp_seen_ms if stamp else 0,
        sent_ms=state.sent_ms if state.phase in (Phase.ACQUIRING, Phase.RENEWING) else 0,
        deadline_ms=max(0, state.deadline_ms) if leading else -1,
        wake_ms=max(0, state.wake_ms) if follows or state.phase is Phase.LEADING else 0,
        version=Version("") if follows else state.version,
    )


@cache
def _relevant(holder: Holder, stored: str) -> Holder:
    """Return the operator without what the answer that it waits for makes irrelevant."""
    state, reply = holder.state, holder.reply
    if state.stamp:
        compared = reply.version if isinstance(reply, LeaseSeen) else stored
        named = _TOKEN.findall(state.stamp)
        if named and compared not in named:
            state = state._replace(stamp="", stamp_seen_ms=0)
    if isinstance(reply, (Conflict, AlreadyExists)):
        state = state._replace(sent_ms=0, version=Version(""))
    if isinstance(reply, Stored):
        state = state._replace(version=Version(""))
    matters = holder.leads or isinstance(reply, Stored)
    return holder._replace(state=state, alone_ticks=holder.alone_ticks if matters else 0)


# --- versions -------------------------------------------------------------------------------------------------------

_TOKEN: Final = re.compile(r"v\d+")


def _settled(world: LeaseWorld) -> LeaseWorld:
    """Forget late requests that can have no effect any more, and number the resourceVersions anew.

    Versions are only ever compared for equality, and one that was overwritten does not come back.
    """
    stored = world.lease
    if world.late:
        alive = tuple(entry for entry in world.late if _may_arrive(world, entry.request))
        world = world if len(alive) == len(world.late) else world._replace(late=alive)
    version = "" if stored is None else stored.version
    holders = tuple([_relevant(holder, version) for holder in world.holders])
    world = world if holders == world.holders else world._replace(holders=holders)
    names = _new_names((version, *(token for holder in holders for token in _tokens(holder))))
    if not names:
        return world
    if stored is not None:
        world = world._replace(lease=stored._replace(version=_named(stored.version, names)))
    late = tuple(entry._replace(request=_renamed(entry.request, names)) for entry in world.late)
    return world._replace(holders=tuple(_holder(holder, names) for holder in world.holders), late=late)


@cache
def _new_names(tokens: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return which versions are to be called otherwise, so that they are numbered as they first appear."""
    distinct = enumerate(dict.fromkeys(token for token in tokens if token), 1)
    return tuple((token, f"v{number}") for number, token in distinct if token != f"v{number}")


def _may_arrive(world: LeaseWorld, request: LeaseRequest) -> bool:
    if isinstance(request, PutLease):
        return world.lease is not None and request.version == world.lease.version
    return world.lease is None or world.budget.delete > 0


@cache
def _tokens(holder: Holder) -> tuple[str, ...]:
    texts = (holder.state.version, holder.state.stamp, repr(holder.request), repr(holder.reply))
    return tuple(dict.fromkeys(_TOKEN.findall(" ".join(texts))))


def _named(text: str, names: tuple[tuple[str, str], ...]) -> str:
    renamed = dict(names)
    return _TOKEN.sub(lambda found: renamed.get(found.group(), found.group()), text)


@cache
def _holder(holder: Holder, names: tuple[tuple[str, str], ...]) -> Holder:
    version, stamp = Version(_named(holder.state.version, names)), _named(holder.state.stamp, names)
    return holder._replace(
        state=holder.state._replace(version=version, stamp=stamp),
        request=None if holder.request is None else _renamed(holder.request, names),
        reply=None if holder.reply is None else _replied(holder.reply, names),
    )


def _renamed(request: LeaseRequest, names: tuple[tuple[str, str], ...]) -> LeaseRequest:
    if isinstance(request, PutLease):
        return request._replace(version=Version(_named(request.version, names)))
    return request


def _replied(reply: LeaseReply, names: tuple[tuple[str, str], ...]) -> LeaseReply:
    if isinstance(reply, Stored):
        return Stored(Version(_named(reply.version, names)))
    if isinstance(reply, LeaseSeen):
        return reply._replace(version=Version(_named(reply.version, names)), stamp=_named(reply.stamp, names))
    return reply
