"""The reconcile machine: Init, Get and at most one Create or Update for each owned object, Health, Status, Done.

Rules
- An object is written only on drift of fields that we own, with the resourceVersion it was read at.
- After a Conflict the round sends no further write: what it knew is no longer true.
- An object of the same name with another controller is never adopted; it is reported and the others go on.
- A round ends at the first word of a newer epoch than that of the record from which its objects are made: another
  operator has failed over since, and by what this one knows it might take the pods of the new primary away.
- One refused object (invalid, forbidden) does not keep the others from being reconciled, nor a failover from running.

What this does not decide: who is primary. The Service's selector and the epoch in the template are the failover's.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Machine, Row, Step, handler_of, register
from gungnir.machines.requests import (
    AlreadyExists,
    ClusterSeen,
    Conflict,
    CreateOwned,
    Forbidden,
    GetCluster,
    GetOwned,
    Invalid,
    NotFound,
    Observe,
    OwnedSeen,
    PutSummary,
    Reply,
    Request,
    Stored,
    UpdateOwned,
    Version,
    describe,
)


class Phase(StrEnum):
    """Where a round stands; with the index of the object it is After(Get | Create | Update, object)."""

    INIT = "Init"
    GET = "Get"
    CREATE = "Create"
    UPDATE = "Update"
    HEALTH = "Health"
    STATUS_READ = "StatusRead"
    STATUS = "Status"
    DONE = "Done"
    ERROR = "Error"


_P = Phase
MACHINE: Final = register(
    Machine(
        name="reconcile",
        initial=_P.INIT,
        terminal=frozenset({_P.DONE, _P.ERROR}),
        rows=(
            Row(_P.INIT, "read", _P.GET, "the cluster exists: look at the first object"),
            Row(_P.INIT, "status-only", _P.HEALTH, "no object is to be looked at: only show what is seen"),
            Row(_P.INIT, "gone", _P.DONE, "the cluster is deleted or another one: nothing leaves us"),
            Row(_P.INIT, "outdated", _P.ERROR, "the record is of a newer epoch than the objects would be"),
            Row(_P.INIT, "failed", _P.ERROR, "no fresh read"),
            Row(_P.GET, "absent", _P.CREATE, "create it"),
            Row(_P.GET, "drifted", _P.UPDATE, "write our fields"),
            Row(_P.GET, "next", _P.GET, "as it should be, or not ours, or not readable: the next object"),
            Row(_P.GET, "last", _P.HEALTH, "that was the last object"),
            Row(_P.GET, "outdated", _P.ERROR, "a failover has written it that the record does not know of"),
            Row(_P.GET, "failed", _P.ERROR, "unreachable or unknown"),
            Row(_P.CREATE, "next", _P.GET, "created or refused: the next object"),
            Row(_P.CREATE, "last", _P.HEALTH, "that was the last object"),
            Row(_P.CREATE, "failed", _P.ERROR, "unreachable or unknown: read back next round"),
            Row(_P.UPDATE, "next", _P.GET, "written or refused: the next object"),
            Row(_P.UPDATE, "last", _P.HEALTH, "that was the last object"),
            Row(_P.UPDATE, "conflict", _P.ERROR, "it changed since it was read: no further write this round"),
            Row(_P.UPDATE, "failed", _P.ERROR, "unreachable or unknown"),
            Row(_P.HEALTH, "seen", _P.STATUS_READ, "read the status that is stored"),
            Row(_P.STATUS_READ, "fresh", _P.STATUS, "write what is shown, if it differs"),
            Row(_P.STATUS_READ, "gone", _P.DONE, "the cluster is deleted"),
            Row(_P.STATUS_READ, "failed", _P.ERROR, "no fresh read"),
            Row(_P.STATUS, "stored", _P.DONE, "all is as it should be"),
            Row(_P.STATUS, "failed", _P.ERROR, "conflict or unknown: the next round shows it"),
        ),
    )
)


class State(NamedTuple):
    """All that one round knows. ``problems`` are (kind, reason, text) of objects that were not reconciled.

    ``epoch`` is that of the record from which the objects are made, which may be an old one.
    """

    phase: Phase = Phase.INIT
    kinds: tuple[str, ...] = ()
    epoch: int = 0
    position: int = 0
    problems: tuple[tuple[str, str, str], ...] = ()
    writes: int = 0
    detail: str = ""


def start(kinds: tuple[str, ...], epoch: int) -> Step[State]:
    """Begin a round over ``kinds``, in this order; none: only the status is brought up to date.

    Args:
        kinds: The objects to look at.
        epoch: That of the record from which they are made.
    """
    return Step(State(kinds=kinds, epoch=epoch), GetCluster(), "start")


def step(facts: Facts, state: State, reply: Reply) -> Step[State]:
    """Take one step.

    Raises:
        IllegalTransition: the reply does not belong to the request outstanding in this phase.
    """
    return handler_of(MACHINE, _HANDLERS, state.phase, reply)(facts, state, reply)


def rank(state: State) -> int:
    """Return a number that every step lowers: how many steps are left at most."""
    if state.phase in MACHINE.terminal:
        return 0
    left = 2 * (len(state.kinds) - state.position)
    within = {Phase.INIT: 5 + left, Phase.GET: 4 + left, Phase.CREATE: 3 + left, Phase.UPDATE: 3 + left}
    return within.get(state.phase) or {Phase.HEALTH: 3, Phase.STATUS_READ: 2, Phase.STATUS: 1}[state.phase]


def _to(state: State, trigger: str, request: Request | None = None, **changes: object) -> Step[State]:
    phase = Phase(MACHINE.advance(state.phase, trigger))
    return Step(state._replace(phase=phase, **changes), request, trigger)  # type: ignore[arg-type]


def _error(state: State, reply: Reply) -> Step[State]:
    kind = state.kinds[state.position] if state.position < len(state.kinds) else "status"
    return _to(state, "failed", detail=f"{state.phase} {kind}: {describe(reply)}")


def _outdated(state: State, what: str) -> Step[State]:
    return _to(state, "outdated", detail=f"{what}, and the objects would be of {state.epoch}")


def _next(state: State) -> Step[State]:
    position = state.position + 1
    if position < len(state.kinds):
        return _to(state, "next", GetOwned(state.kinds[position]), position=position)
    return _to(state, "last", Observe(), position=position)


def _refused(state: State, reason: str, text: str) -> Step[State]:
    return _next(state._replace(problems=(*state.problems, (state.kinds[state.position], reason, text))))


def _init(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if isinstance(reply, ClusterSeen) and not reply.deleting:
        if not state.kinds:
            return _to(state, "status-only", Observe())
        if reply.record.epoch > state.epoch:
            return _outdated(state, f"the record is of epoch {reply.record.epoch}")
        return _to(state, "read", GetOwned(state.kinds[0]))
    if isinstance(reply, (ClusterSeen, NotFound)):
        return _to(state, "gone")
    return _error(state, reply)


def _get(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    kind = state.kinds[state.position]
    match reply:
        case NotFound():
            return _to(state, "absent", CreateOwned(kind))
        case OwnedSeen(ours=False):
            return _refused(state, "NameTaken", f"{kind} exists and belongs to somebody else; it is left alone")
        case OwnedSeen(deleting=True):
            return _refused(state, "BeingDeleted", f"{kind} is being deleted; it is created again when it is gone")
        case OwnedSeen(epoch=epoch) if epoch > state.epoch:
            return _outdated(state, f"{kind} is of epoch {epoch}")
        case OwnedSeen(drifted=True):
            return _to(state, "drifted", UpdateOwned(kind, reply.version), writes=state.writes + 1)
        case OwnedSeen():
            return _next(state)
        case Forbidden(what):
            return _refused(state, "Forbidden", what)
        case _:
            return _error(state, reply)


def _create(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    match reply:
        case Stored():
            return _next(state._replace(writes=state.writes + 1))
        case AlreadyExists():
            return _refused(state, "AppearedMeanwhile", "it was created by somebody in between; looked at next round")
        case Forbidden(what):
            return _refused(state, "Forbidden", what)
        case Invalid(message):
            return _refused(state, "Rejected", message)
        case _:
            return _error(state, reply)


def _update(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    match reply:
        case Stored():
            return _next(state)
        case Conflict():
            return _to(state, "conflict", detail=f"Update {state.kinds[state.position]}: Conflict")
        case Forbidden(what):
            return _refused(state, "Forbidden", what)
        case Invalid(message):
            return _refused(state, "Rejected", message)
        case _:
            return _error(state, reply)


def _health(_facts: Facts, state: State, _reply: Reply) -> Step[State]:
    return _to(state, "seen", GetCluster())


def _status_read(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if isinstance(reply, ClusterSeen) and not reply.deleting:
        return _to(state, "fresh", PutSummary(Version(reply.version)))
    if isinstance(reply, (ClusterSeen, NotFound)):
        return _to(state, "gone")
    return _error(state, reply)


def _status(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    return _to(state, "stored") if isinstance(reply, Stored) else _error(state, reply)


_HANDLERS = {
    Phase.INIT: _init,
    Phase.GET: _get,
    Phase.CREATE: _create,
    Phase.UPDATE: _update,
    Phase.HEALTH: _health,
    Phase.STATUS_READ: _status_read,
    Phase.STATUS: _status,
}
