"""``python -m bench.faults``: do faults to contestants, print each verdict, write every run.

The exit status is 1 if the operator broke a promise in any run: a write that ``WAIT 1`` had confirmed was lost, two
primaries with replicas were seen, it failed over though it must not, or anything else of ``bench.faults.anomalies``.
"""

import asyncio
import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from bench.faults.campaign import offered
from bench.faults.contestants import CONTESTANTS, Settings
from bench.faults.contestants.base import CLIENTS, GLIDE, VALKEY_PY
from bench.faults.nemeses import NEMESES
from bench.faults.progress import Progress
from bench.faults.results import broken
from bench.faults.suite import Plan, Storm, Suite, go
from bench.stats import conditions
from gungnir.local.node.images import find_server


def main(  # noqa: PLR0913 - each one is an option of the command line
    *,
    contestant: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(CONTESTANTS)}; repeatable.")] = None,
    nemesis: Annotated[list[str] | None, typer.Option(help="Fault (--list), or FAULT=TIMES; repeatable. All.")] = None,
    times: Annotated[int, typer.Option(min=1, help="How often each fault is done.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first time; later ones count up.")] = 1,
    down_after_ms: Annotated[list[int] | None, typer.Option(help="Settings of the contestants; repeatable.")] = None,
    storm: Annotated[bool, typer.Option(help="Random faults until stopped, or --minutes.")] = False,
    minutes: Annotated[float, typer.Option(min=0, help="End a storm after so long; 0: run until stopped.")] = 0,
    client: Annotated[str, typer.Option(help=f"Library of the clients: {', '.join(CLIENTS)}.")] = VALKEY_PY,
    as_shipped: Annotated[bool, typer.Option(help="Operator compiled and without a trace.")] = False,
    machine: Annotated[str, typer.Option(help="What to remember of the machine: idle, busy with others.")] = "",
    commit: Annotated[str, typer.Option(help="What to remember of the code.")] = "",
    out: Annotated[Path, typer.Option(help="File of the results.")] = Path("build/faults/last.json"),
    list_: Annotated[bool, typer.Option("--list", help="List the faults and stop.")] = False,
) -> None:
    """Do faults to contestants, under load, and judge what became of every write."""
    names = contestant or ["gungnir"]
    _known("contestant", names, list(CONTESTANTS))
    asked = dict(map(_asked, nemesis or []))
    _known("nemesis", list(asked), list(NEMESES))
    _known("client", [client], list(CLIENTS))
    if client == GLIDE and importlib.util.find_spec("glide") is None:
        raise typer.BadParameter("Valkey GLIDE is not installed; install it with make .venv/.stamp-glide")
    if client == GLIDE and "sentinel" in names:
        raise typer.BadParameter("Valkey GLIDE does not ask Sentinels for the primary; leave that contestant out")
    settings = [Settings(down_after_ms=each, client=client) for each in down_after_ms or [1000]]
    if list_:
        for each in NEMESES.values():
            print(f"{each.name:22} {each.expect.value:19} {each.what} ({', '.join(sorted(each.offered))})")
        return
    chosen = {name: [each for each in offered(name) if not asked or each.name in asked] for name in names}
    counted = {each: count for each, count in asked.items() if count is not None}
    if storm and counted:
        raise typer.BadParameter(f"a storm goes on until it ends; give --nemesis {next(iter(counted))} no times")
    plan: Plan = (
        Storm(names, settings, chosen, seed, minutes) if storm else Suite(names, settings, chosen, seed, times, counted)
    )
    under = conditions(
        valkey=find_server().version, client=client, machine=machine, commit=commit, operator=_operator(as_shipped)
    )
    progress = Progress(out, under)
    try:
        asyncio.run(go(plan, progress, as_shipped=as_shipped))
    except KeyboardInterrupt:
        print("stopped")
    progress.summary()
    if broken(progress.runs):
        raise typer.Exit(1)


def _known(what: str, names: list[str], known: list[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"{what} {unknown[0]!r} is unknown; use {', '.join(known)}")


def _asked(option: str) -> tuple[str, int | None]:
    """A fault by name and how often it is done, None for as often as the others: ``sigkill``, ``sigkill=15``."""
    name, given, times = option.partition("=")
    if not given:
        return name, None
    if not times.isdecimal() or int(times) < 1:
        raise typer.BadParameter(f"nemesis {option!r}: {times!r} is no number of times; use {name}=15, or {name} alone")
    return name, int(times)


def _operator(as_shipped: bool) -> str:
    return "compiled, without a trace" if as_shipped else "with a trace"


if __name__ == "__main__":
    typer.run(main)
