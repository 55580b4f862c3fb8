"""How fast the explorer is on two cores, and how much memory a state takes."""

import resource
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.stats import Figure
from spec.models.failover import MODELS, Model, explore

MODEL: Final = "crash of pod and operator"


def _explored(_number: int) -> tuple[int, float]:
    """Explore the model alone, in a process of its own; return its states and the memory it took in bytes."""
    before = _resident_bytes()
    result = explore(_model())
    return result.states, _resident_bytes() - before


def _model() -> Model:
    return next(model for model in MODELS if model.name == MODEL)


def _resident_bytes() -> float:
    """Return the memory that this process holds now; nothing that a search made is freed before it ends."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * resource.getpagesize())


def measure(runs: int) -> list[Figure]:
    """Explore the failover model by two processes, and once more by one, again and again."""
    rates, sizes = [], []
    for _ in range(runs):
        result = explore(_model(), pair=True)
        rates.append(round(result.states / result.seconds))
        with get_context("spawn").Pool(1) as pool:
            ((states, size),) = pool.map(_explored, range(1), chunksize=1)
        sizes.append(round(size / states))
    return [
        Figure("spec-rate", f"states explored by two processes: {MODEL}", "states/s", ">= 40000", tuple(rates)),
        Figure(
            "spec-memory", "memory that the explorer needs for a state, all included", "bytes", "<= 250", tuple(sizes)
        ),
    ]
