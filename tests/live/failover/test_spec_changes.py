"""A field of the spec that may change is honoured on the pods that run: no restart, no failover."""

from typing import Any

import pytest

from gungnir.api import names
from gungnir.demo.errors import NotInTimeError
from gungnir.demo.managed import ClusterView
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.resp.commands import config_get
from gungnir.resp.replies import parse_config
from gungnir.runtime.kube_resources import EVENTS, PERSISTENTVOLUMECLAIMS, SERVICES

pytestmark = [pytest.mark.anyio, pytest.mark.live]

MIN_ACKS = "min-replicas-to-write"


async def claims(cluster: Any) -> list[dict[str, Any]]:
    selector = ",".join(f"{key}={value}" for key, value in names.selector_labels(cluster.name).items())
    found: list[dict[str, Any]] = await cluster.api.list(PERSISTENTVOLUMECLAIMS, cluster.namespace, selector)
    return found


async def have_grown(cluster: Any, size: str) -> bool:
    found = await claims(cluster)
    asked = [claim["spec"]["resources"]["requests"]["storage"] for claim in found]
    held = [claim["status"]["capacity"]["storage"] for claim in found]
    return asked == held == [size] * 3


async def processes(cluster: Any) -> dict[str, tuple[str, int]]:
    """What differs after a restart: the pod object, or the number of starts of its container."""
    pods = (await cluster.pods()).values()
    return {
        pod["metadata"]["name"]: (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        for pod in pods
    }


async def min_acks(cluster: Any, as_operator: Any) -> set[str]:
    answers = [(await as_operator(cluster, pod, config_get(MIN_ACKS)))[0] for pod in await cluster.pods()]
    return {parse_config(answer)[MIN_ACKS] for answer in answers}


def concerns(event: dict[str, Any], cluster: Any) -> bool:
    return bool(event["involvedObject"]["name"] == cluster.name and event["type"] == "Warning")


async def test_a_larger_size_reaches_every_volume_while_the_pods_run(deploy: Any, under_load: Any) -> None:
    cluster = await deploy(persistence={"size": "1Gi"})
    async with under_load(cluster) as trial:
        before = await processes(cluster)
        await cluster.change({"persistence": {"size": "2Gi"}})

        await wait_for("all volumes to grow", lambda: have_grown(cluster, "2Gi"), timeout_ms=20_000)
        view = await trial.until(
            "the status to say so", lambda view: view.condition("StorageResized").get("status") == "True"
        )
        assert view.condition("StorageResized")["reason"] == "AsAsked"
        assert view.condition("RolloutPending")["status"] == "False"
        assert await processes(cluster) == before


async def test_a_volume_that_may_not_grow_is_shown_and_not_asked_for_in_a_loop(world: World, deploy: Any) -> None:
    cluster = await deploy(persistence={"size": "1Gi"})
    why = "only dynamically provisioned pvc can be resized and the storageclass must support resize"
    fault = world.local.api_faults.add(verb="patch", resource="persistentvolumeclaims", code=403, message=why)
    try:
        await cluster.change({"persistence": {"size": "2Gi"}})
        view = await cluster.wait_view(
            "the refusal to be shown of every volume",
            lambda view: view.condition("StorageResized").get("message", "").count(why) == 3,
        )
        # A failover needs many passes, and each of them would ask again.
        await cluster.switch_over()
        await cluster.wait_view("a new primary", lambda after: after.epoch > view.epoch and not after.failing_over)
        shown = (await cluster.wait_ready()).condition("StorageResized")
        assert (shown["status"], shown["reason"]) == ("False", "ResizeRefused")
        assert "allowVolumeExpansion: true" in shown["message"]
        assert fault.hits == 3
        events = [event for event in await cluster.api.list(EVENTS, cluster.namespace) if concerns(event, cluster)]
        assert [event["reason"] for event in events].count("StorageResizeFailed") == 1
    finally:
        world.local.api_faults.remove(fault.id)
    await cluster.change({"persistence": {"size": "3Gi"}})
    await wait_for("another size to be asked for at once", lambda: have_grown(cluster, "3Gi"), timeout_ms=20_000)


async def test_volumes_grow_also_while_nobody_can_be_promoted(world: World, deploy: Any) -> None:
    """Full volumes may be what keeps every pod from starting."""
    cluster = await deploy(persistence={"size": "1Gi"})
    world.local.restart_delay_ms = 60_000
    for pod in await cluster.pods():
        await world.local.kill(pod)
    await cluster.wait_view("nobody to be left", lambda view: view.condition("Blocked").get("status") == "True")
    await cluster.change({"persistence": {"size": "2Gi"}})
    await wait_for("all volumes to grow", lambda: have_grown(cluster, "2Gi"), timeout_ms=20_000)
    assert (await cluster.view()).failing_over


async def test_another_durability_reaches_running_servers_before_it_is_promised(
    deploy: Any, under_load: Any, as_operator: Any
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before, started = await cluster.view(), await processes(cluster)
        for durability, acks in (({"replicasToAck": 2}, 2), ({"replicasToAck": 1}, 1), ({"mode": "async"}, 0)):
            await cluster.change({"durability": durability})
            await trial.until(
                f"{acks} copies to be promised",
                lambda view, acks=acks: view.status["electorate"] == {"size": 3, "acks": acks},
            )

            async def told(acks: int = acks) -> bool:
                return await min_acks(cluster, as_operator) == {str(acks)}

            # Promised only after the primary was told, so a raise finds it told; a lowered one is told next.
            if acks == 2:
                primary = (await cluster.view()).primary
                (answer,) = await as_operator(cluster, primary, config_get(MIN_ACKS))
                assert parse_config(answer)[MIN_ACKS] == "2"
            await wait_for(f"every server to ask for {acks}", told, timeout_ms=20_000)
            await trial.more_writes(20)
        after = await cluster.view()
        assert (after.epoch, after.primary) == (before.epoch, before.primary)
        assert after.condition("RolloutPending")["status"] == "False"
        assert await processes(cluster) == started


async def test_a_change_that_needs_new_pods_names_them_and_restarts_none(deploy: Any) -> None:
    cluster = await deploy()
    started = await processes(cluster)
    await cluster.change({"config": {"maxmemory-policy": "allkeys-lru"}})
    view = await cluster.wait_view(
        "the rollout to be shown as pending", lambda view: view.condition("RolloutPending").get("status") == "True"
    )
    message = view.condition("RolloutPending")["message"]
    assert all(pod in message for pod in started)
    assert "delete one pod at a time, replicas first" in message
    assert await processes(cluster) == started


async def test_a_directive_that_the_server_does_not_know_stops_no_server_that_runs(
    world: World, deploy: Any, under_load: Any
) -> None:
    """The schema cannot know them all: each version has its own. Who starts meanwhile waits for the correction."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await cluster.change({"config": {"no-such-directive": "1"}})
        await trial.until(
            "the rollout to be pending", lambda view: view.condition("RolloutPending").get("status") == "True"
        )
        lost = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
        world.local.delete_pod(lost)

        def shown(view: Any) -> bool:
            nodes: dict[str, str] = {node["pod"]: node["state"] for node in view.status["nodes"]}
            return nodes.get(lost) == "CrashLoopBackOff" and view.ready == view.size - 1

        await trial.until(f"{lost} to be shown as one that does not start", shown)
        await trial.more_writes(20)
        await cluster.change({"config": {"no-such-directive": None}})
        after = await trial.ready()
        assert (after.epoch, after.primary) == (before.epoch, before.primary)
    assert not trial.report.lost


async def test_while_it_is_paused_nothing_is_done_and_then_at_once_what_is_due(
    world: World, deploy: Any, under_load: Any
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await cluster.change({"paused": True})
        await trial.until("the cluster to be paused", lambda view: view.phase == "Paused")
        await trial.more_writes(20)
        read = names.read_service(cluster.name)
        await cluster.api.delete(SERVICES, cluster.namespace, read)
        await world.local.kill(before.primary)

        def seen_dead(view: ClusterView) -> bool:
            return view.condition("Ready").get("reason") == "NoPrimary" and view.ready == 0

        paused = await trial.until("the operator to show that no primary serves", seen_dead)
        # Its process is back by now and would be replaced in a fraction of this time.
        with pytest.raises(NotInTimeError):
            await trial.until("a failover", lambda view: view.epoch > before.epoch, timeout_ms=3000)
        assert (paused.phase, paused.primary) == ("Paused", before.primary)
        assert await cluster.api.get(SERVICES, cluster.namespace, read) is None
        await cluster.change({"paused": False})
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        await trial.ready()
        await wait_for("the read Service", lambda: cluster.service(read), timeout_ms=10_000)
