"""What one run on the cluster measured, and the files that keep them: one for each fault."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.faults.results import content, write

RESULTS: Final = Path(__file__).parents[1] / "results" / "e2e"


@dataclass(frozen=True)
class Run:
    """One fault done once, or one other measurement.

    Attributes:
        fault: Name of the case.
        position: Which pod or node was hit, in words; empty where there is no choice.
        number: Which time it was, from 1.
        figures: By name; a name that ends in ``_ms`` is a time in milliseconds. ``FIGURES`` says what each one is.
        stages: What was seen when, in milliseconds after the fault, in the order of the failover: ``bench.e2e.stages``.
        error: Why it could not be done; empty if it was.
    """

    fault: str
    position: str
    number: int
    figures: dict[str, float] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    error: str = ""


FIGURES: Final[Mapping[str, str]] = {
    "outage_ms": "longest time without an acknowledged write through the client Service, from the fault on",
    "whole_ms": "from the fault, or its end, until all pods were ready",
    "acknowledged": "writes that were acknowledged",
    "confirmed": "those of them that WAIT 1 confirmed",
    "lost": "acknowledged writes without a confirmation that are not there at the end",
    "lost_confirmed": "confirmed writes that are not there at the end",
    "unexpected": "keys that are there though their write was refused, or that nobody wrote",
    "doubles": "samples, 50 ms apart, in which two pods said that they are primary",
    "doubles_with_replicas": "those of them in which both had a replica",
    "doubles_after": "those of them after the fault had ended: after the heal, or the waking",
    "isolated_doubles": "samples during a cut in which the isolated pod and another one said that they are primary",
    "isolated_doubles_after": "those of them after the heal",
    "isolated_acknowledged": "writes that the isolated primary acknowledged to the client beside it",
    "isolated_last_ms": "the last of them, after the cut",
    "isolated_lost": "those of that client that are not there at the end, without a confirmation",
    "isolated_lost_confirmed": "those of them that WAIT 1 had confirmed",
    "isolated_again_ms": "that client served again, after the heal",
    "usable_ms": "from the request to the first write acknowledged through the client Service",
    "ready_ms": "from the request to all pods ready",
    "started_ms": "from the start of the operator's process until /readyz answers 200",
    "writes": "what the operator wrote to the API server, by its audit log",
    "other_writes": "those of them that were not of its lease",
    "seconds": "how long that was counted",
    "cpu_percent": "processor time of the leading operator over that time, in percent of one processor",
    "rss_mb": "memory that it held at the end",
}
"""Every name that may stand in ``Run.figures``."""


def keep(folder: Path, runs: Iterable[Run], conditions: Mapping[str, Any]) -> None:
    """Write one file for each fault among these runs; the files of others stay as they are."""
    by_fault: dict[str, list[Run]] = {}
    for run in runs:
        by_fault.setdefault(run.fault, []).append(run)
    for fault, group in by_fault.items():
        write(folder / f"{fault}.json", group, conditions)


def load(folder: Path = RESULTS) -> tuple[list[Run], list[Mapping[str, Any]]]:
    """Read all runs, and the conditions of each file.

    Raises:
        ValueError: A file is of another format.
    """
    files = [content(path) for path in sorted(folder.glob("*.json"))]
    return [Run(**raw) for runs, _ in files for raw in runs], [conditions for _, conditions in files]
