"""A replica is gone for long, in a cluster of three where one other pod confirms each write, and then the primary goes.

Two of three must vote, so that one of them knows every confirmed write. A replica that is lost therefore has to be
released first: what it may have confirmed is on the others, and it can confirm nothing any more. Before that no answer
is right with three pods: the pod that is away may be the only one left with a confirmed write. So it is with scenarios
5, 15 and 22 where the fault comes at the moment at which the primary dies; they are shown with four pods and two
confirmations in ``test_data_safety.py`` and ``test_silence.py``, and here with a replica that was away before.
"""

from typing import Any

import pytest

from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.runtime.kube_resources import EVENTS
from tests.live.failover.test_data_safety import KEY_DELAY, SLOW_SYNC, fill, others, syncing

pytestmark = [pytest.mark.anyio, pytest.mark.live]

SOON = {"pingIntervalMs": 250, "downAfterMs": 1000, "failoverTimeoutMs": 1500}
NO_IMAGE = "registry.invalid/none:1"


def counted(number: int) -> Any:
    """Return a probe for how many pods may hold a confirmed write."""

    def probe(view: ClusterView) -> bool:
        return bool(view.status["electorate"]["size"] == number and not view.failing_over)

    return probe


async def without(world: World, cluster: ManagedCluster, pod: str) -> str:
    """Delete a pod and let no other one in its place start; return the image that it had."""
    found = (await cluster.pods())[pod]
    image: str = found["spec"]["containers"][0]["image"]
    await cluster.change({"image": NO_IMAGE})
    await cluster.wait_view(
        "the rollout to be pending", lambda view: view.condition("RolloutPending")["status"] == "True"
    )
    world.local.delete_pod(pod)
    return image


async def back(world: World, cluster: ManagedCluster, pod: str, image: str) -> None:
    """Let the pod start again."""
    await cluster.change({"image": image})
    await cluster.wait_view(
        "the rollout to name the pod", lambda view: pod in view.condition("RolloutPending").get("message", "")
    )
    world.local.delete_pod(pod)


async def reasons(cluster: ManagedCluster) -> list[str]:
    events = await cluster.api.list(EVENTS, cluster.namespace)
    return [event["reason"] for event in events if event["involvedObject"]["name"] == cluster.name]


async def test_two_of_three_fail_over_when_one_never_starts_again(world: World, deploy: Any, under_load: Any) -> None:
    """Scenario 21, and the primary loses its volume: the one replica that is left is enough to know all writes."""
    cluster = await deploy(sentinel=SOON)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        lost, rest = await others(cluster)
        image = await without(world, cluster, lost)
        released = await trial.until("the rest to go on without it", counted(2))
        assert released.primary == before.primary, "the role moved"
        assert released.epoch == before.epoch + 1
        last = released.status["lastFailover"]
        assert (last["kind"], last["reason"], last["from"], last["to"]) == (
            *("Release", "ReplicaLost"),
            *(before.primary, before.primary),
        )
        assert last["operands"]["leftOut"] == lost
        await trial.more_writes(50)
        world.local.wipe(before.primary)
        after = await trial.next_primary(released)
        assert after.primary == rest
        await trial.more_writes(50)
        await back(world, cluster, lost, image)
        whole = await trial.ready()
        await trial.until("all to count again", counted(3))
        assert whole.primary == rest
    assert {"ReplicaLost", "ReplicaReleased"} <= set(await reasons(cluster))


@pytest.mark.parametrize("fault", ["frozen", "cut-off"])
async def test_a_replica_that_lives_on_somewhere_is_released_and_returns(
    world: World, deploy: Any, under_load: Any, fault: str
) -> None:
    """Scenario 22: it was there all the while, with the data and the orders of an older epoch."""
    cluster = await deploy(sentinel=SOON)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        lost, rest = await others(cluster)
        await (world.local.hang(lost) if fault == "frozen" else world.local.cut(lost, "all"))
        released = await trial.until("the rest to go on without it", counted(2))
        assert released.primary == before.primary
        await trial.more_writes(50)
        world.local.wipe(before.primary)
        after = await trial.next_primary(released)
        assert after.primary == rest
        await (world.local.resume(lost) if fault == "frozen" else world.local.heal())
        await trial.ready()
        await trial.until("all to count again", counted(3))


async def test_a_replica_that_returns_in_time_costs_nothing(world: World, deploy: Any, under_load: Any) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        lost = (await others(cluster))[0]
        await world.local.kill(lost)
        await trial.until("it to be missed", lambda view: view.ready < view.size)
        after = await trial.ready()
        assert (after.epoch, after.primary, after.status["electorate"]["size"]) == (before.epoch, before.primary, 3)


async def test_a_released_replica_that_returns_empty_does_not_stop_a_failover(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenarios 5 and 15: it is in the middle of its first synchronisation when the primary dies."""
    cluster = await deploy(sentinel=SOON, persistence=SLOW_SYNC, config=KEY_DELAY)
    await fill(cluster)
    async with under_load(cluster) as trial:
        lost, rest = await others(cluster)
        image = await without(world, cluster, lost)
        released = await trial.until("the rest to go on without it", counted(2))
        await back(world, cluster, lost, image)
        await wait_for(f"{lost} to synchronise", lambda: syncing(cluster, lost), timeout_ms=20_000)
        await world.local.kill(released.primary)
        after = await trial.next_primary(released)
        assert after.primary == rest
