"""What an operator observes, told so that a running operator's observations can be compared with those of the models.

Names, versions, addresses, offsets and times are left out; what is said of a pod is relative to the record that the
machine goes by: whether it is the primary of that, in the same process, behind a newer or an older fence, whom it
follows. Each part of a reply is an aspect of its own, so that what the models reach is a set of some hundreds.

That a request failed, or a command, says nothing of the world: what a machine does then is for its table, and in
``spec.models.alone`` it is told so wherever it waits.
"""

from collections.abc import Iterator
from typing import Any, Final

from gungnir.machines.record import Record
from gungnir.machines.requests import (
    Answers,
    ClusterSeen,
    Forbidden,
    Invalid,
    OwnedSeen,
    Reply,
    Seen,
    ServiceSeen,
    TemplateSeen,
    Unknown,
    Unreachable,
)
from gungnir.machines.view import Contact, PodView, Server, View
from gungnir.resources.conf import HOLD_HOST

HOLD: Final = frozenset({"hold", HOLD_HOST})
"""Where a pod that was detached follows nobody: in the models, and on servers."""


def aspects(machine: str, state: Any, reply: Reply) -> Iterator[str]:
    """Yield what a machine observes when it gets a reply in this state, whose phase says what it asked for."""
    record = getattr(state, "record", None)
    epoch = record.epoch if isinstance(record, Record) else None
    where = f"{machine} {state.phase}"
    match reply:
        case Answers(answers):
            servers = (answer.server for answer in answers if answer.server is not None)
            yield from (f"{where}: {_acts(server, epoch)}" for server in servers)
        case Seen():
            yield f"{where}: Seen"
            yield from _viewed(reply.record, reply.view)
        case ClusterSeen():
            asked = "" if not reply.switchover else " asked" + (" for an epoch" if reply.switchover_epoch else "")
            yield f"{where}: ClusterSeen{asked}{' deleting' if reply.deleting else ''}, intent {_stage(reply.record)}"
        case ServiceSeen():
            led = "nobody" if reply.pod is None else "a pod"
            yield f"{where}: Service to {led}{_told('epoch', reply.epoch, epoch)}"
        case TemplateSeen():
            yield f"{where}: template{_told('epoch', reply.epoch, epoch)}"
        case OwnedSeen():
            words = [word for word, told in zip(("ours", "deleting", "drifted"), reply[1:4], strict=True) if told]
            yield f"{where}: OwnedSeen {' '.join(words)}"
        case Forbidden() | Invalid() | Unreachable() | Unknown():
            return
        case _:
            yield f"{where}: {type(reply).__name__}"


def _viewed(record: Record, view: View) -> Iterator[str]:
    intent = record.intent
    candidate = None if intent is None or intent.candidate is None else intent.candidate.pod
    primary = None if record.primary is None else record.primary.pod
    places = {None: "nobody", primary: "the primary", candidate: "the candidate"} | {None: "nobody"}
    led = places.get(view.service_pod, "another")
    there = f"to {led}{_told('epoch', view.service_epoch, record.epoch)}" if view.service_present else "absent"
    yield f"view: Service {there}, intent {_stage(record)}"
    yield f"view: template{_told('epoch', view.template_epoch, record.epoch) if view.template_present else ' absent'}"
    primary_view = None if primary is None else view.pod(primary)
    address = "" if primary_view is None else primary_view.address
    for pod in view.pods:
        yield from _pod(record, pod, address)


def _pod(record: Record, pod: PodView, primary: str) -> Iterator[str]:
    """Yield what is seen of a pod, in parts: how it is heard, whether it acts as the record has it, whom it follows."""
    who, leaves = _who(record, pod), pod.deleting or pod.terminated
    words = [word for word, told in (("deleting", pod.deleting), ("terminated", pod.terminated)) if told]
    yield f"{who}: {', '.join((pod.contact, *words))}"
    if pod.server is None or pod.contact is not Contact.UP or leaves:
        return  # Of a pod that is not heard there is what was read before; one that is to go is outside of the models.
    yield f"{who}, intent {_stage(record)}: {_acts(pod.server, record.epoch)}"
    yield f"server: {_follows(pod.server, primary)}"


def _who(record: Record, pod: PodView) -> str:
    if record.primary is not None and record.primary.pod == pod.name:
        if record.primary.uid != pod.uid:
            return "the primary's name"
        same = pod.server is None or pod.server.run_id == record.primary.run_id
        return "the primary" if same else "the primary's next process"
    if pod.name in record.left_out:
        return "left out"
    return "counted" if pod.name in record.counted else "not counted"


def _acts(server: Server, epoch: int | None) -> str:
    role = "primary" if server.primary else "replica"
    return f"{role}{_told('fence', server.fence, epoch)}, {'votes' if server.voting else 'acts'}"


def _follows(server: Server, primary: str) -> str:
    if server.primary:
        return "primary"
    places = {**dict.fromkeys(HOLD, "nobody"), primary: "the primary"}
    flags = (("link up", server.link_up), ("syncing", server.syncing), ("loading", server.loading))
    return ", ".join((f"follows {places.get(server.follows, 'another')}", *(word for word, told in flags if told)))


def _stage(record: Record) -> str:
    return "none" if record.intent is None else str(record.intent.stage)


def _told(what: str, left: int, right: int | None) -> str:
    """Tell how a number compares with another one, if that is known."""
    if right is None:
        return ""
    return f", {what} {'<' if left < right else '>' if left > right else '='}"
