"""More pods and fewer, under load: who counts follows the size, and then the primary is lost without losing a write."""

from typing import Any

import pytest

from gungnir.demo.managed import ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.world import World
from tests.live.failover.test_replica_loss import SOON, counted, reasons, without

pytestmark = [pytest.mark.anyio, pytest.mark.live]


async def scaled(cluster: ManagedCluster, trial: Trial, size: int) -> None:
    """Change the size and wait until all of its pods, and no other, count."""
    await cluster.change({"replicas": size})
    await trial.until(
        f"{size} pods to serve and to count",
        lambda view: counted(size)(view) and view.ready == view.size == size,
    )


async def away_from_the_last(cluster: ManagedCluster, trial: Trial, size: int) -> None:
    """Hand the role to the first pod, if a pod has it that a smaller size takes away."""
    before = await cluster.view()
    if int(before.primary.rpartition("-")[2]) >= size:
        await cluster.switch_over(f"{cluster.name}-0")
        await trial.next_primary(before)
        await trial.ready()


@pytest.mark.parametrize(("wide", "narrow"), [(5, 3), (3, 2)])
async def test_fewer_pods_go_on_without_those_that_left(
    world: World, deploy: Any, under_load: Any, wide: int, narrow: int
) -> None:
    """After the scale-down the primary is lost with its volume: as many votes as the new size asks for are enough."""
    cluster = await deploy(replicas=wide)
    async with under_load(cluster) as trial:
        await away_from_the_last(cluster, trial, narrow)
        before = await cluster.view()
        await scaled(cluster, trial, narrow)
        after = await cluster.view()
        assert after.primary == before.primary, "the role moved"
        assert after.epoch == before.epoch, "the processes that left were seen to end: no epoch was necessary"
        await trial.more_writes(50)
        world.local.wipe(after.primary)
        await trial.next_primary(after)
        await trial.more_writes(50)
        await trial.ready()


async def test_a_cluster_grows_and_shrinks_to_one_pod_and_grows_again(deploy: Any, under_load: Any) -> None:
    """A single pod promises no copy; the promise is back as soon as there are replicas again."""
    cluster = await deploy(replicas=2)
    async with under_load(cluster) as trial:
        await scaled(cluster, trial, 3)
        await away_from_the_last(cluster, trial, 1)
        await cluster.change({"replicas": 1, "durability": {"replicasToAck": 0}})
        await trial.until("one pod to count", lambda view: counted(1)(view) and view.ready == view.size == 1)
        await trial.more_writes(20)
        await cluster.change({"replicas": 3, "durability": {"replicasToAck": 1}})
        await trial.until("three pods to promise a copy", lambda view: counted(3)(view) and view.ready == 3)
        await trial.until("the promise", lambda view: bool(view.status["electorate"]["acks"] == 1))


async def test_a_replica_that_is_replaced_by_force_is_shut_out_by_an_epoch(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Nobody saw its process end. As it may live on, it counts until an epoch was begun without it."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        gone = next(name for name in sorted(await cluster.pods()) if name != before.primary)
        world.local.delete_pod(gone, grace_s=0)
        shut_out = await trial.until("an epoch without it", lambda view: view.epoch > before.epoch)
        after = await trial.ready()
        await trial.until("three pods to count", counted(3))
        assert after.primary == shut_out.primary == before.primary, "the role moved"
        assert after.epoch == before.epoch + 1
        assert after.status["lastFailover"]["reason"] == "ReplicaUnaccounted"
        assert "ReplicaUnaccounted" in await reasons(cluster)
        world.local.delete_pod(gone)
        await trial.until("it to be missed", lambda view: view.ready < view.size)
        await trial.ready()
        assert (await cluster.view()).epoch == after.epoch, "its process was seen to end"


async def test_two_of_five_that_are_lost_at_once_are_released_together(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Three of five are too few to vote on a failover; the primary's own vote is enough to go on with three."""
    cluster = await deploy(replicas=5, sentinel=SOON)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        lost = [name for name in sorted(await cluster.pods()) if name != before.primary][-2:]
        await world.local.hang(lost[0])
        await without(world, cluster, lost[1])
        released = await trial.until("the rest to go on without them", counted(3))
        assert released.primary == before.primary
        assert released.status["lastFailover"]["verdict"] == "PrimaryVoted"
        await trial.more_writes(50)
        world.local.wipe(released.primary)
        after = await trial.next_primary(released)
        assert after.primary not in (*lost, before.primary)
        await world.local.resume(lost[0])
        await trial.more_writes(50)
