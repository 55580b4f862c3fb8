"""The picture of a local cluster for a terminal."""

from collections.abc import Iterable, Mapping
from typing import IO, Any, Final

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

_LONGEST: Final = 300
"""Columns of the longest line; names of pods and Services have at most 63 characters each, and namespaces too."""
_STYLES: Final = {"Running": "green", "hung": "bold yellow", "Terminating": "yellow"}


def show(described: Mapping[str, Any], file: IO[str] | None = None) -> None:
    """Print what ``render`` makes, in full: a name that is cut short names nothing, so lines may be too long instead.

    Args:
        described: See ``overview``.
        file: Where to; standard output if not given.
    """
    console = Console(file=file, width=_LONGEST)
    for part in render(described):
        console.print(part, crop=False)


def render(described: Mapping[str, Any]) -> Iterable[RenderableType]:
    """Tables of the pods, the Services and the faults in ``described`` (see ``overview``)."""
    yield Text(f"{described['url']}   KUBECONFIG={described['kubeconfig']}", no_wrap=True, overflow="ignore")
    yield _table("Pods", ("pod", "role", "ready", "state", "restarts", "address", "pid"), map(_pod, described["pods"]))
    yield _table("Services", ("service", "address", "endpoints", "epoch"), map(_service, described["services"]))
    faults = [(fault["fault"], fault["from"], fault["to"]) for fault in described["faults"]]
    if faults:
        yield _table("Faults", ("fault", "from", "to"), faults)


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[RenderableType]]) -> Table:
    table = Table(*columns, title=title, title_justify="left", header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    return table


def _pod(pod: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    state = Text(pod["state"], style=_STYLES.get(pod["state"], "red"))
    name = f"{pod['namespace']}/{pod['name']}"
    ready = Text("yes", style="green") if pod["ready"] else Text("no", style="yellow")
    return name, pod["role"], ready, state, str(pod["restarts"]), pod["address"], str(pod["pid"] or "")


def _service(service: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    ports = ",".join(str(port) for port in service["ports"])
    address = f"{service['address']}:{ports}" if ports else service["address"]
    endpoints = "\n".join(service["endpoints"]) or "nobody"
    return f"{service['namespace']}/{service['name']}", address, endpoints, service["epoch"]
