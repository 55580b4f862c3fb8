"""How fast the explorer is: two models at a time, one on each core, as ``make spec`` would keep two cores busy."""

import resource
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from bench.stats import Figure
from spec.models.failover import MODELS, explore

MODEL: Final = "crash of pod and operator"
CORES: Final = 2


def _explored(_number: int) -> tuple[int, float]:
    """Explore the model in a process of its own; return its states and the memory it took in bytes."""
    before = _resident_bytes()
    model = next(model for model in MODELS if model.name == MODEL)
    result = explore(model)
    return result.states, _resident_bytes() - before


def _resident_bytes() -> float:
    """Return the memory that this process holds now; nothing that a search made is freed before it ends."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * resource.getpagesize())


def measure(runs: int) -> list[Figure]:
    """Explore the failover model on both cores at once, again and again."""
    rates, sizes = [], []
    for _ in range(runs):
        started = time.perf_counter()
        with get_context("spawn").Pool(CORES) as pool:
            done = pool.map(_explored, range(CORES), chunksize=1)
        rates.append(round(sum(states for states, _ in done) / (time.perf_counter() - started)))
        sizes.append(round(sum(size / states for states, size in done) / CORES))
    return [
        Figure("spec-rate", f"states explored on {CORES} cores: {MODEL}", "states/s", ">= 40000", tuple(rates)),
        Figure(
            "spec-memory", "memory that the explorer needs for a state, all included", "bytes", "<= 250", tuple(sizes)
        ),
    ]
