"""How fast the explorer is, in one process, and how much memory a state takes."""

import resource
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.stats import Figure
from spec.models import failover
from spec.models.failover import explore

MODELS: Final = ("crash of pod and operator", "operators and an isolated primary")
"""In the first most of the time goes into steps that were never taken before; the other has more states."""


def _explored(name: str) -> tuple[int, float, float]:
    """Explore a model in a process of its own; return its states, the seconds, and the memory that it took in bytes."""
    before = _resident_bytes()
    result = explore(next(model for model in failover.MODELS if model.name == name))
    return result.states, result.seconds, _peak_bytes() - before


def _resident_bytes() -> float:
    """Return the memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * resource.getpagesize())


def _peak_bytes() -> float:
    """Return the most memory that this process ever held."""
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def measure(runs: int) -> list[Figure]:
    """Explore each model again and again, each time in a new process."""
    figures = []
    for name in MODELS:
        rates, sizes = [], []
        for _ in range(runs):
            with get_context("spawn").Pool(1) as pool:
                ((states, seconds, size),) = pool.map(_explored, [name], chunksize=1)
            rates.append(round(states / seconds))
            sizes.append(round(size / states))
        what = f"{name} ({states:,} states)"
        word = name.replace(" ", "-")
        figures += [
            Figure(
                f"spec-rate-{word}", f"states explored by one process: {what}", "states/s", ">= 40000", tuple(rates)
            ),
            Figure(f"spec-memory-{word}", f"memory for a state, all included: {what}", "bytes", "<= 250", tuple(sizes)),
        ]
    return figures
