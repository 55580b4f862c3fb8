"""The lease machine between two operators: who may believe that it leads, and for how long.

Theory of operation: a leader trusts its lead for ``renew_deadline`` from before it asked; a follower waits for more
than ``duration`` after it saw the last change. With clocks that never drift apart by more than ``drift`` ticks, these
two never overlap as long as ``renew_deadline <= duration + 1 - 2 * drift``. The models use the tightest such numbers,
so every off-by-one of the machine is a counterexample.
"""

from typing import Final, NamedTuple

from gungnir.machines.lease import LeaseTimes, Phase, PutLease
from spec.environment.lease import (
    NO_DRIFT_BOUND,
    Clocks,
    LeaseBudget,
    LeaseWorld,
    first_world,
    successors,
)
from spec.explorer import AlwaysOf, OnStepOf, Result, Search, SometimesOf
from spec.world import Label

TIGHT: Final = LeaseTimes(duration_ms=4, renew_deadline_ms=3, retry_ms=2)
SMALL: Final = LeaseTimes(duration_ms=3, renew_deadline_ms=2, retry_ms=1)


class LeaseModel(NamedTuple):
    """A lease world to explore. ``exclusive``: clocks are bounded, so one believer at most; else two are expected."""

    name: str
    budget: LeaseBudget
    clocks: Clocks = Clocks(SMALL)
    exclusive: bool = True
    witnesses: tuple[str, ...] = ()
    slow: bool = False


def leader_election_safety(world: LeaseWorld) -> str:
    """No two operators believe at one moment that they lead."""
    leaders = [holder.identity for holder in world.holders if holder.leads]
    return "" if len(leaders) <= 1 else f"{' and '.join(leaders)} both believe that they lead"


def belief_truthful(world: LeaseWorld) -> str:
    """Whoever believes that it leads is named by the stored Lease."""
    for holder in world.holders:
        if holder.leads and (world.lease is None or world.lease.holder != holder.identity):
            return f"{holder.identity} leads, the Lease names {world.lease.holder if world.lease else 'nobody'}"
    return ""


def partition_safety(clocks: Clocks) -> AlwaysOf[LeaseWorld]:
    """Whoever was not heard by the API server for ``renew_deadline`` of its own time leads no more."""

    def holds(world: LeaseWorld) -> str:
        for holder in world.holders:
            if holder.leads and holder.alone_ticks >= clocks.times.renew_deadline_ms:
                return f"{holder.identity} leads {holder.alone_ticks} ticks after it was heard last"
        return ""

    return holds


def renewed_in_time(before: LeaseWorld, label: Label, after: LeaseWorld) -> str:
    """A renewal is sent only while the belief is valid, and a Lease is given back only by its former leader."""
    if label.name != "wake":
        return ""
    for was, now in zip(before.holders, after.holders, strict=True):
        sends = isinstance(now.request, PutLease) and was.request is None
        if sends and now.state.phase is Phase.RENEWING and not was.leads:
            return f"{now.identity} renews a lead that is over"
    return ""


def _took_over(before: LeaseWorld, _label: Label, after: LeaseWorld) -> bool:
    was = before.lease.holder if before.lease else ""
    return bool(was) and after.lease is not None and after.lease.holder not in ("", was)


def _phase(phase: Phase, name: str) -> SometimesOf[LeaseWorld]:
    def witness(before: LeaseWorld, label: Label, after: LeaseWorld) -> bool:
        if label.name not in ("reply", "wake"):
            return False
        step = label.what[label.name == "reply"] if isinstance(label.what, tuple) else None
        changed = (was.state.phase for was, now in zip(before.holders, after.holders, strict=True) if was != now)
        return getattr(step, "trigger", "") == name and phase in changed

    return witness


SOMETIMES: Final[tuple[tuple[str, SometimesOf[LeaseWorld]], ...]] = (
    ("taken over", _took_over),
    ("renewed", _phase(Phase.RENEWING, "stored")),
    ("renewal failed", _phase(Phase.RENEWING, "failed")),
    ("renewal lost", _phase(Phase.RENEWING, "lost")),
    ("expired", _phase(Phase.LEADING, "expired")),
    ("acquisition lost", _phase(Phase.ACQUIRING, "lost")),
    ("given back", _phase(Phase.DRAINING, "released")),
    ("stray took effect", lambda _before, label, _after: label.name == "stray"),
    ("two believe", lambda _before, _label, after: bool(leader_election_safety(after))),
)


def always(model: LeaseModel) -> tuple[tuple[str, AlwaysOf[LeaseWorld]], ...]:
    """Return the predicates of every state of this model."""
    exclusive: tuple[tuple[str, AlwaysOf[LeaseWorld]], ...] = (
        ("leaderElectionSafety", leader_election_safety),
        ("beliefTruthful", belief_truthful),
    )
    return (*(exclusive if model.exclusive else ()), ("partitionSafety", partition_safety(model.clocks)))


ON_STEP: Final[tuple[tuple[str, OnStepOf[LeaseWorld]], ...]] = (("renewedInTime", renewed_in_time),)


def explore(model: LeaseModel, max_states: int = 5_000_000) -> Result[LeaseWorld]:
    """Explore a model to its end."""
    search: Search[LeaseWorld] = Search(
        lambda world: successors(model.clocks, world), always(model), ON_STEP, SOMETIMES, max_states
    )
    return search.run(first_world(model.budget))


def somebody_leads(world: LeaseWorld) -> bool:
    """An operator believes that it leads."""
    return any(holder.leads for holder in world.holders)


_LED: Final = ("taken over", "renewed", "expired")
_LOST: Final = (*_LED, "renewal failed", "stray took effect")
_FREE: Final = Clocks(SMALL, NO_DRIFT_BOUND)

MODELS: Final = (
    LeaseModel("calm", LeaseBudget(), Clocks(TIGHT), witnesses=_LED),
    LeaseModel("lost answer", LeaseBudget(message=1), witnesses=_LOST),
    LeaseModel("container restarts", LeaseBudget(restart=1), witnesses=(*_LED, "stray took effect")),
    LeaseModel("pod is replaced", LeaseBudget(replace=1), witnesses=(*_LED, "stray took effect")),
    LeaseModel("operator is cut off", LeaseBudget(cut=1), witnesses=(*_LED, "renewal failed")),
    LeaseModel("operator is stopped", LeaseBudget(drain=1), witnesses=(*_LED, "given back")),
    LeaseModel("clocks without bound", LeaseBudget(), _FREE, exclusive=False, witnesses=(*_LED, "two believe")),
    LeaseModel("deleted by hand", LeaseBudget(delete=1), exclusive=False, witnesses=("two believe", "renewal lost")),
    LeaseModel("two lost answers", LeaseBudget(message=2), Clocks(TIGHT), witnesses=_LOST, slow=True),
    LeaseModel("operators end", LeaseBudget(restart=1, replace=1), Clocks(TIGHT), witnesses=_LED, slow=True),
    LeaseModel("stopped while cut off", LeaseBudget(drain=1, cut=1), witnesses=(*_LED, "given back"), slow=True),
    LeaseModel(
        "clocks without bound and a lost answer",
        LeaseBudget(message=1),
        Clocks(TIGHT, NO_DRIFT_BOUND),
        exclusive=False,
        witnesses=(*_LOST, "two believe"),
        slow=True,
    ),
)
