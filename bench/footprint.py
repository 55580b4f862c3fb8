"""How fast things are there, and what the operator needs."""

import asyncio
import time
from typing import Final

from bench.failover import MANIFEST
from bench.stats import Figure
from gungnir.demo.api import Object
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.world import World
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

NAMES: Final = ("start-to-leader", "apply-to-ready", "rss", "idle-cpu")
_SETTLED_S: Final = 5.0
"""When a new cluster has come to rest: for 1.5 s after its last change the pods are still read in quick succession."""
_IDLE_S: Final = 10.0


async def measure(runs: int) -> list[Figure]:
    """Start an operator, apply a cluster, wait, delete it; again and again."""
    start_ms, ready_ms, rss_mb, idle_percent = [], [], [], []
    async with World(as_shipped=True) as world:
        async with world.new_operator() as first:  # compiles what the others find compiled
            await first.wait_leader()
        for number in range(runs):
            async with world.new_operator() as operator:
                start_ms.append(await operator.wait_leader())
                name = f"bench-{number}"
                manifest: Object = {**MANIFEST, "metadata": {"name": name, "namespace": "default"}}
                started = time.perf_counter()
                cluster = await world.apply([manifest])
                await cluster.wait_ready()
                ready_ms.append((time.perf_counter() - started) * 1000)
                idle_percent.append(await _idle_percent(operator))
                rss_mb.append(operator.rss_mb())
            await world.api.delete(VALKEYCLUSTERS, "default", name)
    return [
        _figure(NAMES[0], "start of the operator (compiled, as in the image) to leader", "ms", "<= 2000", start_ms),
        _figure(NAMES[1], "kubectl apply to 3 pods ready", "ms", "<= 4000", ready_ms),
        _figure(NAMES[2], "resident memory of the operator with one cluster", "MB", "<= 130", rss_mb),
        _figure(NAMES[3], "CPU of the idle operator with one cluster", "% of a core", "<= 2", idle_percent),
    ]


async def _idle_percent(operator: OperatorProcess) -> float:
    await asyncio.sleep(_SETTLED_S)
    before_s, started = operator.cpu_seconds(), time.perf_counter()
    await asyncio.sleep(_IDLE_S)
    return 100 * (operator.cpu_seconds() - before_s) / (time.perf_counter() - started)


def _figure(name: str, what: str, unit: str, target: str, samples: list[float]) -> Figure:
    return Figure(name, what, unit, target, tuple(round(sample, 2) for sample in samples))
