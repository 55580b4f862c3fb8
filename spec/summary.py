"""What a run of ``pytest spec`` explored, model by model: printed at its end, and kept as JSON beside the bench.

The study figures are those of a first model of the protocol, far smaller than these worlds, written as plain tuples; it
was explored to see what the protocol must have. They say how large and how fast, not what is expected of these models.
"""

import os
import platform
from collections.abc import Iterator, Mapping
from typing import Any, Final

from spec.explorer import Result
from spec.models.catalogue import MODELS

STUDY: Final = (
    ("as the original Gungnir, 1 operator", 425, 877, 0.1, "two primaries that collect acknowledgements"),
    ("intent and candidate in the status, 1 operator", 35_248, 105_201, 0.6, "a primary lacks an acknowledged write"),
    ("and replicas detached before they are read, 2 operators, late commands", 1_045_752, 3_806_412, 33.0, "the same"),
    ("and commands fenced by the epoch, 2 operators, late commands", 1_279_521, 4_596_752, 67.0, "holds"),
    ("and lost answers", 3_548_193, 14_190_758, 73.0, "holds"),
    ("two leaders at a time", 9_836_061, 40_748_664, 227.0, "holds"),
)
"""Variant of the study, states, transitions, seconds (the last two on two processes), verdict."""


def rows(explored: Mapping[str, Result[Any]]) -> Iterator[dict[str, Any]]:
    """Yield what was found of each model, in the order of the catalogue."""
    for name, entry in MODELS.items():
        result = explored.get(name)
        if result is None:
            continue
        yield {
            "model": name,
            "states": result.states,
            "transitions": result.transitions,
            "depth": result.depth,
            "seconds": round(result.seconds, 1),
            "complete": result.complete,
            "properties": list(entry.properties),
            "witnesses": {name: name in result.witnessed for name in entry.witnesses},
            "omission": result.omission,
            "violated": result.violated,
        }


def lines(explored: Mapping[str, Result[Any]]) -> Iterator[str]:
    """Yield the table, and what it sums up to."""
    yield f"{'states':>9} {'transitions':>11} {'depth':>5} {'properties':>10} {'witnesses':>9} {'omission':>9}  model"
    found = list(rows(explored))
    for row in found:
        seen = f"{sum(row['witnesses'].values())}/{len(row['witnesses'])}"
        verdict = f"  VIOLATED {row['violated']}" if row["violated"] else "" if row["complete"] else "  (cut short)"
        yield (
            f"{row['states']:9} {row['transitions']:11} {row['depth']:5} {len(row['properties']):10} {seen:>9} "
            f"{'<':>2}{row['omission']:.1e}  {row['model']}{verdict}"
        )
    states, transitions = (sum(row[name] for row in found) for name in ("states", "transitions"))
    omission = sum(row["omission"] for row in found)
    properties = {name for row in found for name in row["properties"]}
    yield (
        f"{states:9} {transitions:11} in {len(found)} models, {len(properties)} properties; a state was left out with "
        f"probability < {omission:.1e}"
    )


def results(explored: Mapping[str, Result[Any]], seconds: float) -> dict[str, Any]:
    """Return all of it as JSON, with the time that the whole run took and the study's figures."""
    found = list(rows(explored))
    return {
        "name": "spec",
        "what": "models explored by `pytest spec`; seconds of a busy machine say little",
        "seconds": round(seconds, 1),
        "states": sum(row["states"] for row in found),
        "transitions": sum(row["transitions"] for row in found),
        "omission": sum(row["omission"] for row in found),
        "conditions": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
        },
        "models": found,
        "study": [
            dict(zip(("variant", "states", "transitions", "seconds", "verdict"), row, strict=True)) for row in STUDY
        ],
    }
