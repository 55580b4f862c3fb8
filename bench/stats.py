"""Samples of one figure: their summary, their table row and their file."""

import json
import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from gungnir import __version__

_WIDTH: Final = 130


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        name: Name of its file.
        what: What was measured, in words.
        unit: Of the samples.
        target: What the project wants, in words.
        samples: In the order in which they were taken.
    """

    name: str
    what: str
    unit: str
    target: str
    samples: tuple[float, ...]

    def percentile(self, percent: float) -> float:
        """The smallest sample that ``percent`` of all do not exceed (nearest rank)."""
        return percentile(self.samples, percent)

    def to_json(self, conditions: dict[str, Any]) -> str:
        """The figure with its raw samples and the conditions under which they were taken."""
        content = {
            "name": self.name,
            "what": self.what,
            "unit": self.unit,
            "target": self.target,
            "n": len(self.samples),
            "p50": self.percentile(50),
            "p95": self.percentile(95),
            "max": max(self.samples),
            "samples": list(self.samples),
            "conditions": conditions,
        }
        return json.dumps(content, indent=2) + "\n"


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that ``percent`` of all do not exceed (nearest rank)."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def conditions(**more: object) -> dict[str, Any]:
    """What a reader must know to compare: versions, machine, date."""
    return {
        "gungnir": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        **more,
    }


def print_table(figures: Sequence[Figure]) -> None:
    """Print one row for each figure."""
    table = Table(title="Measured", title_justify="left")
    table.add_column("figure")
    for column in ("n", "p50", "p95", "max"):
        table.add_column(column, justify="right")
    table.add_column("unit")
    table.add_column("target")
    for figure in figures:
        numbers = (figure.percentile(50), figure.percentile(95), max(figure.samples))
        cells = (f"{number:,.0f}" if number >= 10 else f"{number:,.2f}" for number in numbers)  # noqa: PLR2004 - digits that matter
        table.add_row(figure.what, str(len(figure.samples)), *cells, figure.unit, figure.target)
    console = Console()
    if not console.is_terminal:  # a pipe or a file has no width of its own
        console = Console(width=_WIDTH)
    console.print(table)


def write(figure: Figure, directory: Path, under: dict[str, Any]) -> None:
    """Write the figure's file."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{figure.name}.json").write_text(figure.to_json(under))
