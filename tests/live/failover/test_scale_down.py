"""A scale-down hands the role over by itself, takes no last copies away, and lets people have their way."""

from typing import Any

import pytest

from gungnir.api.names import SWITCHOVER_ANNOTATION
from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.runtime.kube_resources import VALKEYCLUSTERS
from tests.live.failover.test_replica_loss import counted, reasons

pytestmark = [pytest.mark.anyio, pytest.mark.live]


def ordinal(pod: str) -> int:
    return int(pod.rpartition("-")[2])


async def led_by(cluster: ManagedCluster, trial: Trial, pod: str) -> ClusterView:
    """Hand the role to this pod, if it has it not, and wait until all are in sync."""
    before = await cluster.view()
    if before.primary != pod:
        await cluster.switch_over(pod)
        await trial.next_primary(before)
    return await trial.ready()


async def shrunk(cluster: ManagedCluster, trial: Trial, size: int) -> ClusterView:
    """Wait until so many pods, and no others, are there, serve and count."""
    settled = counted(size)

    async def probe(view: ClusterView) -> bool:
        return settled(view) and view.ready == size == len(await cluster.pods())

    view = await trial.until(f"{size} pods, and no others, to serve and to count", probe)
    assert ordinal(view.primary) < size
    assert view.condition("ScaleDownRefused")["status"] == "False"
    return view


def waits(reason: str) -> Any:
    return lambda view: view.condition("ScaleDownRefused").get("reason") == reason


@pytest.mark.parametrize(("wide", "narrow", "leader"), [(5, 3, 4), (5, 3, 3), (3, 1, 2)])
async def test_the_role_is_handed_over_and_then_the_pods_go(
    deploy: Any, under_load: Any, wide: int, narrow: int, leader: int
) -> None:
    """In one step to a pod that stays, under load: nothing is lost, and nobody was asked to do anything."""
    cluster = await deploy(replicas=wide)
    async with under_load(cluster) as trial:
        before = await led_by(cluster, trial, f"{cluster.name}-{leader}")
        await cluster.change({"replicas": narrow})
        after = await shrunk(cluster, trial, narrow)
        assert after.epoch == before.epoch + 1, "one handover is enough"
        assert after.status["lastFailover"]["kind"] == "Switchover"
        told = await reasons(cluster)
        assert "ScaleDownHandover" in told
        assert "ScaleDownRefused" not in told, "nothing waits for a person"
        await trial.more_writes(50)
    assert not trial.report.lost


async def test_it_waits_for_somebody_who_can_take_over_and_then_for_enough_copies(
    world: World, deploy: Any, under_load: Any
) -> None:
    """While nobody that stays is in sync nothing is removed, and the condition says why; then it goes on by itself."""
    cluster = await deploy(replicas=5)
    names = [f"{cluster.name}-{number}" for number in range(5)]
    async with under_load(cluster) as trial:
        before = await led_by(cluster, trial, names[4])
        for pod in names[:3]:
            await world.local.hang(pod)
        await trial.until("three pods to be missed", lambda view: view.ready == 2)
        await cluster.change({"replicas": 3})
        stuck = await trial.until("the wait to be shown", waits("PrimaryWouldGo"))
        message = stuck.condition("ScaleDownRefused")["message"]
        assert names[4] in message
        assert all(pod in message for pod in names[:3])

        async def told() -> bool:
            return "ScaleDownRefused" in await reasons(cluster)

        await wait_for("the event that says so", told, timeout_ms=5000)
        await cluster.switch_over(names[3])
        refused = await trial.until("a refusal", lambda view: SWITCHOVER_ANNOTATION not in view.annotations)
        assert refused.status["switchover"]["request"] == names[3]
        assert "is to go, as spec.replicas is 3" in refused.status["switchover"]["message"]
        await trial.more_writes(20)
        assert set(await cluster.pods()) == set(names)
        assert (await cluster.view()).epoch == before.epoch

        await world.local.resume(names[1])
        moved = await trial.next_primary(before)
        assert moved.primary == names[1]
        await trial.until("the copies to be waited for", waits("CopiesWouldGo"))
        await trial.more_writes(20)
        assert set(await cluster.pods()) == set(names), "the last copies are on pods that are to go"

        await world.local.resume(names[0])

        async def went() -> bool:
            return set(await cluster.pods()) == set(names[:3])

        await wait_for("the pods to go", went, timeout_ms=20_000)
        await world.local.resume(names[2])
        await shrunk(cluster, trial, 3)
        await trial.more_writes(50)


async def test_a_scale_down_takes_no_last_copies_from_a_primary_that_stays(
    world: World, deploy: Any, under_load: Any
) -> None:
    """The primary stays, and the replicas in sync are among those that are to go: they wait for another one."""
    cluster = await deploy(replicas=5)
    names = [f"{cluster.name}-{number}" for number in range(5)]
    async with under_load(cluster) as trial:
        before = await led_by(cluster, trial, names[0])
        for pod in names[1:3]:
            await world.local.hang(pod)
        await trial.until("two pods to be missed", lambda view: view.ready == 3)
        await cluster.change({"replicas": 3})
        stuck = await trial.until("the wait to be shown", waits("CopiesWouldGo"))
        assert "0 of the 1 replicas that must stay" in stuck.condition("ScaleDownRefused")["message"]
        await trial.more_writes(50)
        assert set(await cluster.pods()) == set(names)
        for pod in names[1:3]:
            await world.local.resume(pod)
        after = await shrunk(cluster, trial, 3)
        assert (after.primary, after.epoch) == (before.primary, before.epoch), "the role moved"


async def test_a_persons_request_comes_first(deploy: Any, under_load: Any) -> None:
    """It is made with the smaller size: the role goes where it asks for, and the operator asks for nothing."""
    cluster = await deploy(replicas=5)
    async with under_load(cluster) as trial:
        before = await led_by(cluster, trial, f"{cluster.name}-4")
        wanted = f"{cluster.name}-1"
        await cluster.api.patch(
            VALKEYCLUSTERS,
            cluster.namespace,
            cluster.name,
            {"metadata": {"annotations": {SWITCHOVER_ANNOTATION: wanted}}, "spec": {"replicas": 3}},
        )
        after = await shrunk(cluster, trial, 3)
        assert (after.primary, after.epoch) == (wanted, before.epoch + 1)
        assert "ScaleDownHandover" not in await reasons(cluster)
