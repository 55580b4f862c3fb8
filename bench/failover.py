"""How long clients cannot write, for each way in which a primary is lost or moved; at the default ``downAfterMs``."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bench.stats import Figure
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.world import World
from gungnir.runtime.kube_resources import PODS

Fault = Callable[[World, ManagedCluster, str], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """One way to lose a primary.

    Attributes:
        what: In words.
        target: What the project wants.
        fault: Does it.
        gap: Whether the longest gap between two acknowledgements counts instead of the time since the fault, because
            the old primary goes on for a while.
        lossless: Whether no acknowledged write at all may be lost, with ``WAIT`` or without.
    """

    what: str
    target: str
    fault: Fault
    gap: bool = False
    lossless: bool = False


async def _kill(world: World, _cluster: ManagedCluster, pod: str) -> None:
    await world.local.kill(pod)


async def _delete(_world: World, cluster: ManagedCluster, pod: str) -> None:
    await cluster.api.delete(PODS, cluster.namespace, pod)


async def _force(_world: World, cluster: ManagedCluster, pod: str) -> None:
    await cluster.api.delete(PODS, cluster.namespace, pod, grace_s=0)


async def _hang(world: World, _cluster: ManagedCluster, pod: str) -> None:
    await world.local.hang(pod)


async def _switch(_world: World, cluster: ManagedCluster, _pod: str) -> None:
    await cluster.switch_over("any")


CASES: Final[Mapping[str, Case]] = {
    "sigkill": Case("SIGKILL of the primary to the first accepted write", "p50 <= 500, max <= 1500", _kill),
    "delete": Case("write gap of kubectl delete pod of the primary", "p50 <= 500, max <= 1500", _delete, gap=True),
    "force-delete": Case("kubectl delete pod --force to the first accepted write", "p50 <= 500, max <= 1500", _force),
    "sigstop": Case("SIGSTOP of the primary to the first accepted write", "p50 <= 5700", _hang),
    "switchover": Case(
        "write gap of a planned switchover, 4 x 100 writes/s", "p50 <= 50, 0 lost", _switch, gap=True, lossless=True
    ),
}


async def measure(name: str, runs: int) -> Figure:
    """Run one case on a cluster of its own.

    Raises:
        RuntimeError: A write that ``WAIT 1`` confirmed was lost: then the figure means nothing.
    """
    case = CASES[name]
    async with World(as_shipped=True) as world:
        await world.start_operator()
        cluster = await world.apply([MANIFEST])
        await cluster.wait_ready()
        async with Trial(cluster) as trial:
            samples = [round(await _once(world, trial, case), 2) for _ in range(runs)]
        if trial.report is None or not trial.report.ok or (case.lossless and trial.report.lost):
            raise RuntimeError(f"{name}: writes were lost: {trial.report}")
    return Figure(name, case.what, "ms", case.target, tuple(samples))


async def _once(world: World, trial: Trial, case: Case) -> float:
    await trial.more_writes(200)
    before = await trial.cluster.view()
    start_ns = time.monotonic_ns()
    await case.fault(world, trial.cluster, before.primary)
    after_ns = time.monotonic_ns()
    await trial.next_primary(before)
    if case.fault is _hang:
        await world.local.resume(before.primary)
    first = trial.ledger.first_acknowledged_after(after_ns)
    moment_ns = first.answered_ns if first is not None and first.answered_ns is not None else after_ns
    await trial.ready()
    return trial.gap_ms(start_ns) if case.gap else (moment_ns - start_ns) / 1e6


MANIFEST: Final = {
    "apiVersion": "valkey.verilean.io/v1",
    "kind": "ValkeyCluster",
    "metadata": {"name": "bench", "namespace": "default"},
    "spec": {"replicas": 3},
}
