"""The operator ends at each exchange k of a run, k = 1, 2, ... until the run has no k-th, and a new one takes over.

What is asserted after every k:
- the cluster is whole again: a primary is recorded and routed, no failover is under way, all pods are in sync;
- the epoch is exactly one higher than before the run. Only the operator dies here, never the candidate, so a second
  epoch would be a second failover;
- every write that ``WAIT 1`` confirmed is there, also those of all runs before, and no sample showed two primaries with
  replicas.
"""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.waiting import wait_for
from gungnir.demo.writers import Load
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

Theatre = Any
"""``conftest.Theatre``: test folders are no packages, so it cannot be imported."""

pytestmark = [pytest.mark.anyio, pytest.mark.live]

LOAD = Load(writers=2, rate_per_s=100, wait_every=1)
UNSENT, UNANSWERED = "unsent", "unanswered"
STRIDES = [
    pytest.param(7, id="some", marks=pytest.mark.timeout(120)),
    pytest.param(1, id="each", marks=[pytest.mark.slow, pytest.mark.timeout(900)]),
]
Fault = Callable[[Theatre, ManagedCluster, ClusterView], Awaitable[None]]


def manifest(name: str) -> list[dict[str, Any]]:
    return [{
        "apiVersion": "valkey.verilean.io/v1",
        "kind": "ValkeyCluster",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": 3, "image": "valkey/valkey:9.1.2"},
    }]  # fmt: skip


def crashes(stride: int) -> Iterator[tuple[int, str]]:
    """Every k with both manners, or every so many with one of them, in turns."""
    for k in itertools.count(1, stride):
        yield k, UNSENT if k % 2 else UNANSWERED
        if stride == 1:
            yield k, UNANSWERED if k % 2 else UNSENT


def whole(before: int) -> Callable[[ClusterView], bool]:
    return lambda view: view.epoch > before and view.ready == 3 and bool(view.primary) and not view.failing_over


async def run_until_crash(theatre: Theatre, cluster: ManagedCluster, before: int) -> bool:
    """Wait until the operator has ended at its exchange, or the run is over without it; tell which."""
    fuse = theatre.operator.fuse
    seen = ClusterView()

    async def over() -> bool:
        nonlocal seen
        seen = await cluster.view()
        return fuse.blown.is_set() or (whole(before)(seen) and fuse.quiet())

    def last() -> str:
        return f"{seen}, annotations {seen.annotations}, exchanges {fuse.exchanges}"

    await wait_for("the crash, or the end of the run", over, timeout_ms=20_000, last=last)
    return bool(fuse.blown.is_set())


async def converged(cluster: ManagedCluster, before: int) -> ClusterView:
    """Wait until the cluster is whole again after one failover."""
    await cluster.wait_view(f"{cluster.key} to be whole", whole(before), timeout_ms=20_000)
    return await cluster.wait_ready(timeout_ms=20_000)


def held(trial: Trial, where: str) -> None:
    """Nothing that was confirmed is lost, and never were there two primaries with replicas."""
    assert trial.report is not None
    assert trial.report.ok, f"{trial.report}; {where}"
    assert trial.report.confirmed
    assert trial.sampler.counts.two_with_replicas == 0, trial.sampler.counts.doubles


@pytest.mark.parametrize("stride", STRIDES)
async def test_a_first_deployment_survives_a_crash_at_every_exchange(theatre: Theatre, stride: int) -> None:
    await theatre.begin()
    for k, manner in crashes(stride):
        await theatre.quiet()
        theatre.operator.fuse.arm(k, manner)
        cluster = await theatre.world.apply(manifest(f"deploy-{k}-{manner}"))
        crashed = await run_until_crash(theatre, cluster, 0)
        where = f"k={k}, {manner}: {theatre.operator.fuse.exchanges}"
        if crashed:
            await theatre.crash()
            await theatre.begin()
        view = await converged(cluster, 0)
        assert view.epoch == 1, f"a deployment is one epoch, whoever ends it; {where}"
        async with Trial(cluster, LOAD) as trial:
            await trial.more_writes(1)
        held(trial, where)
        await theatre.world.api.delete(VALKEYCLUSTERS, cluster.namespace, cluster.name)
        if not crashed:
            assert k > 40, f"a deployment is more than these exchanges: {where}"
            break


async def kill_primary(theatre: Theatre, _cluster: ManagedCluster, view: ClusterView) -> None:
    await theatre.world.local.kill(view.primary)


async def switch_over(_theatre: Theatre, cluster: ManagedCluster, _view: ClusterView) -> None:
    await cluster.switch_over()


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("fault", [kill_primary, switch_over])
async def test_a_failover_survives_a_crash_at_every_exchange(theatre: Theatre, fault: Fault, stride: int) -> None:
    await theatre.begin()
    cluster = await theatre.world.apply(manifest("crash"))
    await cluster.wait_ready()
    async with Trial(cluster, LOAD) as trial:
        for k, manner in crashes(stride):
            await theatre.quiet()
            before = await cluster.wait_ready()
            theatre.operator.fuse.arm(k, manner)
            await fault(theatre, cluster, before)
            crashed = await run_until_crash(theatre, cluster, before.epoch)
            where = f"k={k}, {manner}: {theatre.operator.fuse.exchanges}"
            if crashed:
                await theatre.crash()
                await theatre.begin()
            view = await converged(cluster, before.epoch)
            assert view.epoch == before.epoch + 1, f"one failover, whoever ends it; {where}"
            assert not view.annotations.get("valkey.verilean.io/switchover"), where
            if not crashed:
                assert k > 15, f"a failover is more than these exchanges: {where}"
                break
    held(trial, "at the end")
