"""A world as tables: pods, what the API server stores, the operators, the network, and what only the checker knows."""

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from gungnir.machines.record import Record
from gungnir.machines.requests import Pods
from gungnir.resources.fence import commander
from spec.repl.game import Place
from spec.repl.worlds.style import cells, grid
from spec.story import said
from spec.world import HOLD, Budget, Link, Operator, Pod, World, pod_name

Rows = dict[str, tuple[str, ...]]


def of_world(before: World | None, world: World) -> Mapping[str, RenderableType]:
    """Return every table by name. What differs from the world before is marked."""
    return {
        "pods": _compared(
            "pods",
            ("pod", "process", "role", "link", "writes", "history:offset", "fence"),
            {} if before is None else _pods(before),
            _pods(world),
        ),
        "record": _compared("the API server", ("what", "stored"), {} if before is None else _api(before), _api(world)),
        "operators": _compared(
            "operators",
            ("operator", "machine", "phase", "waits for", "answered"),
            {} if before is None else _operators(before),
            _operators(world),
        ),
        "network": _compared(
            "the network", ("what", "is"), {} if before is None else _network(before), _network(world)
        ),
        "checker": _compared(
            "what only the checker knows", ("what", "is"), {} if before is None else _ghost(before), _ghost(world)
        ),
    }


def places(world: World) -> tuple[Place, ...]:
    """Return where each operator's round stands; an idle operator stands nowhere."""
    found = []
    for index, operator in enumerate(world.operators):
        if operator.state is not None:
            phase: Any = getattr(operator.state.value, "phase", "")
            found.append(Place(f"operator {index}", operator.machine, str(phase), _waits(operator)))
    return tuple(found)


def _compared(title: str, columns: tuple[str, ...], before: Rows, now: Rows) -> Table:
    table = grid(title, *columns)
    for name, row in now.items():
        was = before.get(name)
        table.add_row(*cells((name, *row), None if was is None else (name, *was)))
    return table


def _pods(world: World) -> Rows:
    return {pod_name(index): _pod(pod) for index, pod in enumerate(world.pods)}


def _pod(pod: Pod) -> tuple[str, ...]:
    writes = " ".join(map(str, pod.log)) or "none"
    if not pod.up:
        return (f"down (object {pod.uid})", "", "", f"{writes} on disk", "", commander(pod.saved))
    follows = pod.follows != HOLD and not pod.primary
    role = "PRIMARY" if pod.primary else f"follows {pod_name(pod.follows)}" if follows else "holds"
    link = f"{Link(pod.link).name} as repl-{pod.creds}" if follows else ""
    history = f"{pod.replid or '-'}:{pod.offset}" + (f" (was {pod.replid2})" if pod.replid2 else "")
    fence = commander(pod.fence) + ("" if pod.fence == pod.saved else f" (on disk {commander(pod.saved)})")
    return (f"run {pod.run} of object {pod.uid}", role, link, writes, history, fence)


def of_record(record: Record) -> dict[str, str]:
    """Return the durable record, what is stored by its name."""
    primary = "nobody"
    if record.primary is not None:
        primary = f"{record.primary.pod} ({record.primary.run_id}) since epoch {record.primary.epoch}"
    return {
        "epoch": str(record.epoch),
        "primary": primary,
        "intent": _intent(record),
        "members": " ".join(f"{member.pod}/{member.run_id}" for member in record.members),
        "admitted": " ".join(f"{member.pod}/{member.run_id}" for member in record.admitted),
        "histories": "; ".join(f"epoch {h.epoch} {h.replid} out of {h.parent} at {h.base}" for h in record.histories),
        "electorate": f"{record.electorate.size} pods, {record.electorate.acks} acks",
    }


def _api(world: World) -> Rows:
    api = world.api
    service = "nobody" if api.service_pod is None else api.service_pod
    return {
        **{name: (text,) for name, text in of_record(api.record).items()},
        "Service": (f"{service}, epoch {api.service_epoch}",),
        "template": (f"epoch {api.template}",),
    }


def _intent(record: Record) -> str:
    intent = record.intent
    if intent is None:
        return "none"
    candidate = intent.candidate
    chosen = "" if candidate is None else f", candidate {candidate.pod} ({candidate.run_id})"
    return f"{intent.kind}, {intent.stage}{chosen}: {intent.reason}"


def _operators(world: World) -> Rows:
    rows: Rows = {}
    for index, operator in enumerate(world.operators):
        cache = "" if operator.cached.value == world.api.record else " (its cache is old)"
        if operator.state is None:
            rows[f"operator {index}"] = ("", "idle" + cache, "", "")
            continue
        phase = str(getattr(operator.state.value, "phase", ""))
        answered = "; ".join(said(answer) for answer in operator.answers if answer is not None)
        rows[f"operator {index}"] = (operator.machine, phase + cache, _waits(operator), answered)
    return rows


def _waits(operator: Operator) -> str:
    if operator.request is None:
        return ""
    request = operator.request.value
    if not isinstance(request, Pods):
        return type(request).__name__
    pending = zip(request.commands, operator.answers, strict=True)
    return "; ".join(said(command) for command, answer in pending if answer is None)


def _network(world: World) -> Rows:
    rows: Rows = {}
    for index, mask in enumerate(world.cuts.operators):
        rows[f"operator {index}"] = (_masked(world, mask, "reaches all pods", "cannot reach"),)
    rows["pods"] = (_masked(world, world.cuts.peers, "reach each other", "no other pod reaches"),)
    rows["strays"] = ("; ".join(said(stray.value) for stray in world.strays) or "none",)
    budget = (f"{name}={left}" for name, left in zip(Budget._fields, world.budget, strict=True) if left)
    rows["budget"] = (" ".join(budget) or "none",)
    return rows


def _masked(world: World, mask: int, none: str, some: str) -> str:
    pods = [pod_name(index) for index in range(len(world.pods)) if mask & 1 << index]
    return f"{some} {' '.join(pods)}" if pods else none


def _ghost(world: World) -> Rows:
    ghost = world.ghost
    return {
        "writes": (str(ghost.writes),),
        "confirmed by WAIT": (" ".join(map(str, sorted(ghost.acked))) or "none",),
        "promoted": ("; ".join(f"{pod_name(pod)} run {run} in epoch {epoch}" for epoch, pod, run in ghost.promoted),),
        "something befell the primary": ("yes" if ghost.cause else "no",),
        "volumes that lost data": (str(ghost.lost),),
    }
