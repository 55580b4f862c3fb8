"""The scale-down machine: before a pod is removed that has the primary role, the operator asks for a handover itself.

Rules
- A pod that the spec does not ask for any more stays while it is primary, and while too few of those that stay are in
  sync: a scale-down takes away neither the role nor the last copies of the data.
- The operator asks as a person would, by the annotation, so one protocol does it and answers it. It never asks over a
  request that is there, while a failover is under way, or while the primary is in doubt.
- It asks for a pod that stays, is in sync and can write its disk: of several the one that holds the most.
- A request names the epoch that it was made in (``<pod>@<epoch>``): if the role has moved meanwhile, it is void.

What this does not decide: how often it is asked again after a handover that did not succeed (the runtime's pace), and
whether the handover may be (switchover.py).
"""

from enum import StrEnum
from typing import Final, NamedTuple

from gungnir.api.names import SWITCHOVER_ANNOTATION
from gungnir.machines.evidence import Health, primary_health
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Machine, Row, Step, handler_of, register
from gungnir.machines.pods import in_sync
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    ClusterSeen,
    GetCluster,
    Observe,
    Reply,
    Request,
    Seen,
    SetAnnotation,
    Stored,
    describe,
)
from gungnir.machines.switchover import request_text
from gungnir.machines.view import Contact, PodView, View


class Phase(StrEnum):
    """How far a round got."""

    LOOK = "Look"
    READ = "Read"
    FILE = "File"
    FILED = "Filed"
    DONE = "Done"
    ABANDONED = "Abandoned"


_P = Phase
MACHINE: Final = register(
    Machine(
        name="scale-down",
        initial=_P.LOOK,
        terminal=frozenset({_P.FILED, _P.DONE, _P.ABANDONED}),
        rows=(
            Row(_P.LOOK, "nothing", _P.DONE, "the primary stays, is in doubt, or nobody that stays is in sync"),
            Row(_P.LOOK, "ask", _P.READ, "the primary is one too many: read the cluster afresh"),
            Row(_P.READ, "failed", _P.ABANDONED, "no fresh read, or the record moved on"),
            Row(_P.READ, "asked", _P.DONE, "a handover is asked for already, or the cluster is being deleted"),
            Row(_P.READ, "file", _P.FILE, "ask for a handover to a pod that stays"),
            Row(_P.FILE, "stored", _P.FILED, "the request is there: it is answered like any other"),
            Row(_P.FILE, "failed", _P.ABANDONED, "conflict or unknown: look again"),
        ),
    )
)


class State(NamedTuple):
    """All that one round knows. ``target`` is the pod that the role is asked for."""

    phase: Phase = Phase.LOOK
    expected: Record = Record()
    target: str = ""
    detail: str = ""


def start() -> Step[State]:
    """Begin a round."""
    return Step(State(), Observe(), "start")


def step(facts: Facts, state: State, reply: Reply) -> Step[State]:
    """Take one step.

    Raises:
        IllegalTransition: the reply does not belong to the request outstanding in this phase.
    """
    return handler_of(MACHINE, _HANDLERS, state.phase, reply)(facts, state, reply)


def _to(state: State, trigger: str, request: Request | None = None, **changes: object) -> Step[State]:
    phase = Phase(MACHINE.advance(state.phase, trigger))
    return Step(state._replace(phase=phase, **changes), request, trigger)  # type: ignore[arg-type]


# --- who goes, and who may not yet ----------------------------------------------------------------------------------


def primary_goes(facts: Facts, record: Record) -> bool:
    """Tell whether the spec does not ask for the primary's pod any more."""
    primary = None if record.primary is None else record.primary.pod
    return primary in facts.pod_names and primary not in facts.staying


def successor(facts: Facts, record: Record, view: View) -> str:
    """Return the pod that the role of a primary that goes is asked for; empty if it stays or nobody can take over."""
    if not primary_goes(facts, record):
        return ""
    ready = _staying_in_sync(facts, record, view)
    return max(ready, key=lambda pod: pod.server.offset if pod.server else 0).name if ready else ""


def _staying_in_sync(facts: Facts, record: Record, view: View) -> tuple[PodView, ...]:
    return tuple(pod for pod in in_sync(record, view) if pod.name in facts.staying)


def copies_needed(facts: Facts, record: Record) -> int:
    """Return how many of the replicas that stay must be in sync before any pod with data goes."""
    promised = max(1, facts.acks, record.electorate.acks)
    return min(promised, len(facts.staying) - 1)


def pods_to_run(facts: Facts, record: Record, view: View) -> int:
    """Return how many pods to run: as many as ``facts.size``, and those that cannot be spared yet.

    A pod that is being deleted cannot be kept, and one that was told nothing holds nothing.
    """
    if len(_staying_in_sync(facts, record, view)) >= copies_needed(facts, record):
        return facts.size
    holding = {pod.name for pod in view.pods if not pod.deleting and pod.name in record.counted}
    ordinals = (name.rpartition("-")[2] for name in holding)
    return max((facts.size, *(int(ordinal) + 1 for ordinal in ordinals if ordinal.isdecimal())))


class Wait(NamedTuple):
    """Why pods that the spec does not ask for are still there: a stable word, and a sentence."""

    reason: str
    message: str


ROLE_MOVES: Final = "RoleMoves"
"""Nothing to worry about: the pods go in a moment."""


def waits_for(facts: Facts, record: Record, view: View, handing_to: str) -> Wait | None:
    """Return what a scale-down waits for, or None. ``handing_to`` is the pod for which a handover is asked."""
    if len(facts.staying) >= facts.size or record.primary is None:
        return None
    primary, size = record.primary.pod, len(facts.staying)
    if record.intent is not None:
        return Wait(ROLE_MOVES, f"spec.replicas is {size}: pods are removed once the primary role has settled")
    would = f"spec.replicas {size} would remove"
    ready = [pod.name for pod in _staying_in_sync(facts, record, view)]
    if primary_goes(facts, record):
        target = handing_to if handing_to in facts.staying else " or ".join(ready)
        if target:
            return Wait(ROLE_MOVES, f"{would} the primary {primary}: the role is handed to {target} first")
        names = ", ".join(facts.staying)
        text = f"{would} the primary {primary}, and nobody that stays is in sync; waiting for one of {names}"
        return Wait("PrimaryWouldGo", text)
    missing = ", ".join(name for name in facts.staying if name not in ready and name != primary)
    needed = copies_needed(facts, record)
    text = f"{would} copies of the data: {len(ready)} of the {needed} replicas that must stay are in sync"
    return Wait("CopiesWouldGo", f"{text}; waiting for {missing}")


# --- the round ------------------------------------------------------------------------------------------------------


def _look(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Seen) or reply.record.intent is not None or reply.view.stalled:
        return _to(state, "nothing")
    if primary_health(facts, reply.record, reply.view).health is not Health.HEALTHY:
        return _to(state, "nothing")
    if any(pod.address and pod.contact is Contact.UNTRIED for pod in reply.view.pods):
        # A fresh operator has not looked at everyone yet: another one may hold more.
        return _to(state, "nothing")
    target = successor(facts, reply.record, reply.view)
    if not target:
        return _to(state, "nothing")
    return _to(state, "ask", GetCluster(), expected=reply.record, target=target)


def _read(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, ClusterSeen) or reply.record != state.expected:
        return _to(state, "failed", detail="no fresh read, or the record moved on")
    if reply.deleting or reply.switchover:
        return _to(state, "asked")
    text = request_text(state.target, reply.record.epoch)
    return _to(state, "file", SetAnnotation(reply.version, SWITCHOVER_ANNOTATION, text))


def _file(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _to(state, "failed", detail=f"SetAnnotation: {describe(reply)}")
    return _to(state, "stored")


_HANDLERS = {
    Phase.LOOK: _look,
    Phase.READ: _read,
    Phase.FILE: _file,
}
