"""Tell a counterexample: who did what, and what changed."""

import re
import textwrap
from typing import Final, Protocol, TypeVar, runtime_checkable

from gungnir.machines import lease
from gungnir.machines.kernel import Step
from gungnir.machines.record import Record
from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Pods, PutRecord, PutService, PutTemplate
from gungnir.resources.fence import commander
from spec.world import HOLD, Api, Label, Link, Pod, World, pod_name


class Shown(Protocol):
    """A state that says in a few lines what a reader must know of it, always in the same order."""

    def shown(self) -> tuple[str, ...]:
        """Return one line for each part."""
        ...


@runtime_checkable
class Tells(Protocol):
    """What a label is about, if it says so itself."""

    def told(self) -> str:
        """Return it in one line."""
        ...


ShownT = TypeVar("ShownT", bound=Shown)


def told_of(first: ShownT, story: tuple[tuple[Label, ShownT], ...]) -> str:
    """Return the story of any world that shows itself: one line for each action and one for each part it changed."""
    lines, before = ["at first:", *(f"    {line}" for line in first.shown())], first.shown()
    for number, (label, after) in enumerate(story, 1):
        now = after.shown()
        lines.append(f"{number:3}. {deed(label)}")
        lines.extend(f"       {line}" for line in now if line not in before)
        before = now
    return "\n".join(lines)


def told(first: World, story: tuple[tuple[Label, World], ...]) -> str:
    """Return the story, one line for each action and one for what it changed."""
    lines = ["at first:", *(f"    {pod_name(i)}: {_pod(pod)}" for i, pod in enumerate(first.pods)), _api(first.api)]
    before = first
    for number, (label, after) in enumerate(story, 1):
        lines.append(f"{number:3}. {deed(label)}")
        lines.extend(changes(before, after))
        before = after
    return "\n".join(lines)


LINES: Final = 50
"""Of an abridged story: it is read on one screen or two."""
WIDTH: Final = 118
_STEP: Final = re.compile(r"^\s*\d+\. ")


def abridged(text: str, lines: int = LINES) -> str:
    """Return a story in at most this many lines: the last steps whole, of those before them who did what."""
    whole = text.splitlines()
    if len(whole) <= lines:
        return text
    starts = [number for number, line in enumerate(whole) if _STEP.match(line)]
    head, early = whole[: starts[0]][: lines // 4], lines // 3
    kept = next(number for number in starts if len(whole) - number <= lines - len(head) - early - 1)
    deeds = [_briefly(whole[number]) for number in starts if number < kept]
    told_before = textwrap.wrap("; ".join(deeds), WIDTH, initial_indent="  ", subsequent_indent="  ")
    if len(told_before) > early:
        half = early // 2
        told_before = [*told_before[:half], "  ...", *told_before[len(told_before) - early + half + 1 :]]
    return "\n".join((*head, f"{len(deeds)} steps:", *told_before, *whole[kept:]))


def _briefly(step: str) -> str:
    """Return who does what, without what it is about: the action of a label is its first word."""
    who, _, what = step.split(". ", 1)[1].partition(": ")
    return f"{who}: {what.split(' ', 1)[0]}"


def deed(label: Label) -> str:
    """Return who does what."""
    return f"{label.who}: {label.name} {said(label.what)}".rstrip()


def changes(before: World, after: World) -> list[str]:
    """Return what differs between two worlds, a line each."""
    lines = [
        f"       {pod_name(index)}: {_pod(now)}"
        for index, (was, now) in enumerate(zip(before.pods, after.pods, strict=True))
        if was != now
    ]
    if before.api != after.api:
        lines.append(_api(after.api))
    if before.ghost.acked != after.ghost.acked:
        lines.append(f"       WAIT confirms {sorted(after.ghost.acked - before.ghost.acked)}")
    return lines


def said(what: object) -> str:
    """Return what a label is about, in a few words."""
    match what:
        case Step():
            request = "ends" if what.request is None else said(what.request)
            return f"[{what.trigger} -> {what.state.phase}] {request} {what.state.detail}"
        case PodCommand():
            return f"{what.verb} e{what.epoch} at {what.pod}{' to ' + what.host if what.host else ''}"
        case Pods():
            return "; ".join(said(command) for command in what.commands)
        case Answer():
            return f"-> {what.kind}" + (f" ({what.error})" if what.error else _reading(what))
        case PutRecord() | PutService() | PutTemplate():
            return _written(what)
        case tuple() if not hasattr(what, "_fields"):
            return " ".join(said(part) for part in what)
        case str() | int():
            return str(what)
        case Tells():
            return what.told()
        case _:
            return _named(what)


def _written(what: PutRecord | PutService | PutTemplate) -> str:
    match what:
        case PutRecord():
            return f"put {recorded(what.record)}"
        case PutService():
            return f"point the Service at {what.pod} e{what.epoch}"
        case PutTemplate():
            return f"template e{what.epoch}"


def _named(what: object) -> str:
    if isinstance(what, lease.Step):
        return f"[{what.trigger} -> {what.state.phase}] {_named(what.request)}".rstrip()
    return "" if what is None else type(what).__name__


def _reading(answer: Answer) -> str:
    server = answer.server
    if answer.kind is not AnswerKind.DONE or server is None:
        return ""
    return f" ({server.replid}:{server.offset})"


def _pod(pod: Pod) -> str:
    if not pod.up:
        return f"down; disk holds {list(pod.log)}, fence {commander(pod.saved)}"
    role = "PRIMARY" if pod.primary else "holds" if pod.follows == HOLD else f"follows {pod_name(pod.follows)}"
    link = "" if pod.primary or pod.follows == HOLD else f" {Link(pod.link).name} as repl-{pod.creds}"
    backlog = "" if pod.backlog else " no backlog"
    disk = "" if pod.former is None else f" (disk {list(pod.former)})"
    data = f"{pod.replid}:{pod.offset} {list(pod.log)}{disk}"
    return f"{role}{link}; r{pod.run} {data} fence {commander(pod.fence)}{backlog}"


def recorded(record: Record) -> str:
    """Return the durable record in one line."""
    intent, primary = record.intent, record.primary
    who = "nobody" if primary is None else f"{primary.pod}/{primary.run_id}@e{primary.epoch}={primary.replid}"
    who += "" if primary is None or primary.written else " (file not whole)"
    plan = ""
    if intent is not None:
        candidate = intent.candidate
        chosen = (
            "" if candidate is None else f" {candidate.pod}/{candidate.run_id} h{candidate.history}:{candidate.offset}"
        )
        plan = f" {intent.kind} {intent.stage}{chosen} {intent.verdict}"
    members = ",".join(member.run_id for member in record.members)
    histories = " ".join(f"e{h.epoch}={h.replid}(e{h.parent}:{h.base})" for h in record.histories)
    return f"e{record.epoch} primary {who}{plan}; whole {members}; histories {histories}"


def _api(api: Api) -> str:
    service = f"Service -> {api.service_pod} e{api.service_epoch}; template e{api.template}"
    return f"       record {recorded(api.record)}; {service}"
