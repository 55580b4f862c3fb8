"""``python -m bench [--runs N] [--only NAME ...]``: measure, print a table, write ``bench/results/*.json``."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bench import failover, footprint, spec
from bench.stats import Figure, conditions, print_table, write
from gungnir.local.node.images import find_server

_FOOTPRINT = "footprint"
_SPEC = "spec"
_CHOICES = (*failover.CASES, _FOOTPRINT, _SPEC)


def main(
    *,
    runs: Annotated[int, typer.Option(min=1, help="Samples of each figure; the README's need at least 15.")] = 15,
    only: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(_CHOICES)}; repeatable.")] = None,
    out: Annotated[Path, typer.Option(help="Directory of the results.")] = Path(__file__).parent / "results",
) -> None:
    """Measure what the README states, on real servers, and write every raw sample."""
    chosen = only or list(_CHOICES)
    unknown = [name for name in chosen if name not in _CHOICES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not measured here; use {', '.join(_CHOICES)}")
    figures: list[Figure] = []
    under = conditions(valkey=find_server().version, down_after_ms=5000, operator="compiled, without a trace")
    for name in chosen:
        print(f"measuring {name}, {runs} runs", flush=True)
        if name == _FOOTPRINT:
            new = asyncio.run(footprint.measure(runs))
        elif name == _SPEC:
            new = spec.measure(runs)
        else:
            new = [asyncio.run(failover.measure(name, runs))]
        for figure in new:
            write(figure, out, under)
        figures += new
    print_table(figures)


if __name__ == "__main__":
    typer.run(main)
