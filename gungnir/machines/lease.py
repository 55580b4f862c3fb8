"""The lease machine: Follower, Acquiring, Leading, Draining, and back to Follower.

Rules
- The Lease is taken by CAS, and created if it is absent (coordination.k8s.io/v1).
- Another holder's Lease counts as expired only when *we* saw it unchanged for its whole duration, by our own monotonic
  clock; its timestamps are never compared with our clock (as in client-go's leaderelection).
- We lead only while ``now < sent_at + renew_deadline``, counted from before the renewal was sent.
- An Unknown answer is not a renewal. After our own loop stalled, nothing is done before the Lease is read again.

A Lease does not fence: that is what the epochs are for. It only keeps two operators from working against each other.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from gungnir.machines.kernel import Machine, Row, register
from gungnir.machines.requests import AlreadyExists, Conflict, NotFound, Reply, Stored, Version, by_type


class Phase(StrEnum):
    """What we are, and what request is outstanding."""

    FOLLOWER = "Follower"
    ACQUIRING = "Acquiring"
    LEADING = "Leading"
    RENEWING = "Renewing"
    DRAINING = "Draining"


_P = Phase
MACHINE: Final = register(
    Machine(
        name="lease",
        initial=_P.FOLLOWER,
        terminal=frozenset(),
        rows=(
            Row(_P.FOLLOWER, "held", _P.FOLLOWER, "somebody else renews it"),
            Row(_P.FOLLOWER, "failed", _P.FOLLOWER, "no answer: look again"),
            Row(_P.FOLLOWER, "free", _P.ACQUIRING, "absent, released, ours, or unchanged for its whole duration"),
            Row(_P.ACQUIRING, "stored", _P.LEADING, "the CAS went through"),
            Row(_P.ACQUIRING, "lost", _P.FOLLOWER, "somebody was faster, or the answer is unknown"),
            Row(_P.LEADING, "due", _P.RENEWING, "time to renew"),
            Row(_P.LEADING, "expired", _P.FOLLOWER, "not renewed in time: we lead no more"),
            Row(_P.LEADING, "drain", _P.DRAINING, "asked to stop: give the Lease back"),
            Row(_P.RENEWING, "stored", _P.LEADING, "renewed"),
            Row(_P.RENEWING, "failed", _P.LEADING, "not renewed yet; the deadline stands"),
            Row(_P.RENEWING, "lost", _P.FOLLOWER, "somebody else has it"),
            Row(_P.DRAINING, "released", _P.FOLLOWER, "given back, or it will expire by itself"),
        ),
    )
)


class LeaseTimes(NamedTuple):
    """Lengths in milliseconds: how long a Lease lasts unrenewed, how long we trust our own, how often we renew."""

    duration_ms: int = 15000
    renew_deadline_ms: int = 10000
    retry_ms: int = 2000


@by_type
class GetLease(NamedTuple):
    """Read the Lease."""


@by_type
class CreateLease(NamedTuple):
    """Create the Lease with ourselves as its holder."""


class PutLease(NamedTuple):
    """Take or renew (``holder`` is us) or release (empty) the Lease, if it still has this resourceVersion."""

    version: Version
    holder: str
    transitions: int


class LeaseSeen(NamedTuple):
    """The Lease as just read. ``stamp`` changes with every renewal; it is only compared for equality."""

    version: Version
    holder: str
    stamp: str
    duration_ms: int
    transitions: int


LeaseRequest = GetLease | CreateLease | PutLease
LeaseReply = Reply | LeaseSeen


class State(NamedTuple):
    """What we believe. ``deadline_ms`` is when our leadership ends by our own clock; ``wake_ms`` when to step next."""

    phase: Phase = Phase.FOLLOWER
    version: Version = Version("")
    transitions: int = 0
    stamp: str = ""
    stamp_seen_ms: int = 0
    sent_ms: int = 0
    deadline_ms: int = -1
    wake_ms: int = 0


class Step(NamedTuple):
    """The next state and the request it issues; none: step again at ``state.wake_ms``."""

    state: State
    request: LeaseRequest | None
    trigger: str


def leads(state: State, now_ms: int) -> bool:
    """Tell whether we may act: the one question asked before every request."""
    return state.phase in (Phase.LEADING, Phase.RENEWING) and now_ms < state.deadline_ms


def tick(times: LeaseTimes, state: State, now_ms: int, *, draining: bool = False) -> Step:
    """Step by time, when no request is outstanding (Follower or Leading)."""
    if state.phase is Phase.LEADING:
        if draining:
            return _to(state, "drain", PutLease(state.version, "", state.transitions))
        if now_ms >= state.deadline_ms:
            return _to(state, "expired", None, wake_ms=now_ms, deadline_ms=-1)
        request = PutLease(state.version, "me", state.transitions)
        return _to(state, "due", request, sent_ms=now_ms)
    if draining:
        return Step(state, None, "look")
    return Step(state._replace(sent_ms=now_ms, wake_ms=now_ms + times.retry_ms), GetLease(), "look")


def step(times: LeaseTimes, identity: str, state: State, reply: LeaseReply, now_ms: int) -> Step:
    """Step by the reply to the outstanding request.

    Raises:
        IllegalTransition: no request is outstanding in this phase.
    """
    if state.phase is Phase.FOLLOWER:
        return _looked(times, identity, state, reply, now_ms)
    if state.phase is Phase.ACQUIRING:
        if isinstance(reply, Stored):
            return _lead(times, state, reply, now_ms)
        return _to(state, "lost", None, wake_ms=now_ms + times.retry_ms, stamp="", deadline_ms=-1)
    if state.phase is Phase.RENEWING:
        return _renewed(times, state, reply, now_ms)
    return _to(state, "released", None, wake_ms=now_ms + times.retry_ms, deadline_ms=-1)


def _looked(times: LeaseTimes, identity: str, state: State, reply: LeaseReply, now_ms: int) -> Step:
    if isinstance(reply, NotFound):
        return _to(state, "free", CreateLease(), sent_ms=now_ms, transitions=0)
    if not isinstance(reply, LeaseSeen):
        return _to(state, "failed", None, wake_ms=now_ms + times.retry_ms)
    stamp = f"{reply.holder}/{reply.stamp}/{reply.version}"
    if stamp != state.stamp:
        state = state._replace(stamp=stamp, stamp_seen_ms=now_ms)
    unchanged_ms = now_ms - state.stamp_seen_ms
    if reply.holder in ("", identity) or unchanged_ms > reply.duration_ms:
        transitions = reply.transitions + (reply.holder != identity)
        request = PutLease(reply.version, "me", transitions)
        return _to(state, "free", request, sent_ms=now_ms, version=reply.version, transitions=transitions)
    wake_ms = min(now_ms + times.retry_ms, state.stamp_seen_ms + reply.duration_ms + 1)
    return _to(state, "held", None, wake_ms=max(wake_ms, now_ms + 1))


def _renewed(times: LeaseTimes, state: State, reply: LeaseReply, now_ms: int) -> Step:
    if isinstance(reply, Stored):
        return _lead(times, state, reply, now_ms)
    if isinstance(reply, (Conflict, NotFound, AlreadyExists)):
        return _to(state, "lost", None, wake_ms=now_ms, stamp="", deadline_ms=-1)
    wake_ms = min(now_ms + times.retry_ms // 4, state.deadline_ms)
    return _to(state, "failed", None, wake_ms=wake_ms)


def _lead(times: LeaseTimes, state: State, reply: Stored, now_ms: int) -> Step:
    """The deadline counts from before the request was sent: how long the answer took never lengthens our lead."""
    return _to(
        state,
        "stored",
        None,
        version=reply.version,
        deadline_ms=state.sent_ms + times.renew_deadline_ms,
        wake_ms=max(now_ms, state.sent_ms + times.retry_ms),
    )


def _to(state: State, trigger: str, request: LeaseRequest | None, **changes: object) -> Step:
    phase = Phase(MACHINE.advance(state.phase, trigger))
    return Step(state._replace(phase=phase, **changes), request, trigger)  # type: ignore[arg-type]
