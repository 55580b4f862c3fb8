"""The switchover machine: may the primary role be handed over as was asked? It only answers; failover.py does it.

Rules
- The target must be a pod that the spec asks for and that is read attached to the primary with its link up, and not be
  leaving.
- A request that names an epoch is for that one alone: what was asked for then may be wrong now.
- A refused request is answered in ``.status`` and then taken off, in this order, so that an answer is never lost.
- An accepted request is taken off by the failover itself, once the intent is stored.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from gungnir.machines.epochs import clear_request
from gungnir.machines.evidence import Health, attached, primary_health
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Machine, Row, Step, handler_of, register
from gungnir.machines.record import Kind, Record
from gungnir.machines.requests import (
    ClusterSeen,
    GetCluster,
    Observe,
    Outcome,
    PutRecord,
    Reply,
    Request,
    Seen,
    Stored,
    Version,
    describe,
)
from gungnir.machines.view import Contact, PodView, View

ANY = "any"
REQUESTED = "Requested"
"""The reason of a failover that a person asked for by annotation."""
REJECTED = "Rejected"
"""How a request ends that was not carried out at all."""


class Phase(StrEnum):
    """Where the answer to a request stands."""

    LOOK = "Look"
    READ = "Read"
    REPORT = "Report"
    CLEAR = "Clear"
    ACCEPTED = "Accepted"
    DONE = "Done"
    ABANDONED = "Abandoned"


_P = Phase
MACHINE: Final = register(
    Machine(
        name="switchover",
        initial=_P.LOOK,
        terminal=frozenset({_P.ACCEPTED, _P.DONE, _P.ABANDONED}),
        rows=(
            Row(_P.LOOK, "wait", _P.DONE, "a failover is under way or the primary is in doubt: the request waits"),
            Row(_P.LOOK, "ask", _P.READ, "read the request afresh"),
            Row(_P.READ, "failed", _P.ABANDONED, "no fresh read, or the record moved on"),
            Row(_P.READ, "gone", _P.DONE, "the request was taken off"),
            Row(_P.READ, "accept", _P.ACCEPTED, "the target is attached: hand over"),
            Row(_P.READ, "refuse", _P.REPORT, "say why not"),
            Row(_P.REPORT, "stored", _P.CLEAR, "the answer is stored: take the request off"),
            Row(_P.REPORT, "failed", _P.ABANDONED, "conflict or unknown: ask again"),
            Row(_P.CLEAR, "stored", _P.DONE, "answered"),
            Row(_P.CLEAR, "failed", _P.ABANDONED, "conflict or unknown: it is answered again"),
        ),
    )
)


class State(NamedTuple):
    """All that one round knows. In ``ACCEPTED``, ``asked`` and ``target`` are what the failover starts with."""

    phase: Phase = Phase.LOOK
    view: View = View(())
    expected: Record = Record()
    asked: str = ""
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


def request_text(target: str, epoch: int) -> str:
    """Return the annotation that asks for the role to be handed to ``target``, in this epoch alone."""
    return f"{target}@{epoch}"


def request_of(text: str) -> tuple[str, int]:
    """Return what an annotation asks for, and in which epoch alone (0: in any).

    What is no epoch is left in the name, so that the request is refused as one for no pod of the cluster.
    """
    wanted, _, epoch = text.rpartition("@")
    if not wanted or not epoch.isdecimal() or not epoch.isascii() or not int(epoch):
        return text, 0
    return wanted, int(epoch)


def refusal(facts: Facts, record: Record, view: View, wanted: str, epoch: int = 0) -> str:
    """Return why the role cannot be handed to ``wanted`` (a pod's name, or ``any``) now; empty if it can.

    ``epoch`` is the only one that it is asked for in (0: any).
    """
    primary = None if record.primary is None else view.pod(record.primary.pod)
    if primary is None:
        return "there is no primary to hand over from"
    if epoch not in (0, record.epoch):
        return f"it was asked for in epoch {epoch}, and this is epoch {record.epoch}: the role has moved since"
    ready = [pod.name for pod in view.pods if pod.name in facts.staying and _in_sync(record, pod, primary)]
    choices = ", ".join(ready) or "none"
    if wanted == ANY:
        return "" if ready else "no replica is in sync"
    if wanted == primary.name:
        return f"{wanted} is the primary already"
    if wanted not in facts.pod_names:
        return f"{wanted!r} is no pod of this cluster; in sync: {choices}; or write {ANY!r}"
    if wanted not in facts.staying:
        return f"{wanted} is to go, as spec.replicas is {len(facts.staying)}; in sync: {choices}"
    return "" if wanted in ready else f"{wanted} is not in sync with the primary; in sync: {choices}"


def _in_sync(record: Record, pod: PodView, primary: PodView) -> bool:
    return (
        pod.name != primary.name
        and pod.contact is Contact.UP
        and not pod.deleting
        and pod.server is not None
        and attached(record, pod.server, primary.address)
    )


def _look(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Seen) or reply.record.intent is not None or reply.view.stalled:
        return _to(state, "wait")
    if primary_health(facts, reply.record, reply.view).health is not Health.HEALTHY:
        return _to(state, "wait")
    if any(pod.address and pod.contact is Contact.UNTRIED for pod in reply.view.pods):
        # Not looked at yet is not "not in sync": a fresh operator must not refuse for that.
        return _to(state, "wait")
    return _to(state, "ask", GetCluster(), view=reply.view, expected=reply.record)


def _read(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, ClusterSeen) or reply.record != state.expected:
        return _to(state, "failed", detail="no fresh read, or the record moved on")
    wanted = reply.switchover
    if not wanted or reply.deleting:
        return _to(state, "gone")
    why = refusal(facts, reply.record, state.view, wanted, reply.switchover_epoch)
    if not why:
        return _to(state, "accept", asked=wanted, target="" if wanted == ANY else wanted)
    outcome = _refused(reply.record, wanted, why)
    return _to(state, "refuse", PutRecord(reply.version, reply.record, outcome), asked=wanted, detail=why)


def _refused(record: Record, wanted: str, why: str) -> Outcome:
    source = "" if record.primary is None else record.primary.pod
    return Outcome(Kind.SWITCHOVER.value, REJECTED, source, wanted, record.epoch, REQUESTED, why)


def _report(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _to(state, "failed", detail=f"PutRecord: {describe(reply)}")
    return _to(state, "stored", clear_request(Version(reply.version)))


def _clear(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _to(state, "failed", detail=f"ClearAnnotation: {describe(reply)}")
    return _to(state, "stored")


_HANDLERS = {
    Phase.LOOK: _look,
    Phase.READ: _read,
    Phase.REPORT: _report,
    Phase.CLEAR: _clear,
}
