"""Scheduler, claims, budgets, namespaces, Events and the runner itself."""

import asyncio
from typing import Any

import pytest

from gungnir.local.controllers.base import Runner
from gungnir.local.controllers.budgets import BudgetController
from gungnir.local.controllers.claims import PROTECTION, ClaimController
from gungnir.local.controllers.namespaces import NamespaceController
from gungnir.local.controllers.scheduler import Scheduler
from gungnir.local.controllers.stateful_sets import StatefulSetController
from gungnir.local.errors import ServiceUnavailableError


class FakeAgent:
    def __init__(self) -> None:
        self.removed: list[str] = []
        self.busy = False

    def uses_claim(self, _namespace: str, _claim: str) -> bool:
        return self.busy

    def remove_claim(self, claim: Any) -> None:
        self.removed.append(claim["metadata"]["name"])


def pod(name: str = "solo", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "demo"}},
        "spec": {"containers": [{"name": "valkey", "image": "valkey/valkey"}], **spec},
    }


def claim(**spec: Any) -> dict[str, Any]:
    wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, **spec}
    return {"metadata": {"name": "data", "namespace": "default"}, "spec": wanted}


def reasons(world: Any) -> list[str]:
    return [event["reason"] for event in world.registry.list("events", "default").items]


def scheduler(world: Any) -> list[Any]:
    return [Scheduler(world.registry, world.events, {"kubernetes.io/os": "linux"})]


def test_pods_are_bound_to_the_node(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.registry.create("pods", pod(nodeSelector={"kubernetes.io/os": "linux"}))
        await settle()
        found = world.get("solo")
        assert found["spec"]["nodeName"] == "local"
        assert found["status"]["conditions"][0]["type"] == "PodScheduled"
        assert reasons(world) == ["Scheduled"]

    play(scheduler, scenario)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, "Unschedulable"),
        ({"schedulingGates": [{"name": "example.com/wait"}]}, "SchedulingGated"),
    ],
)
def test_a_pod_that_fits_nowhere_stays_pending_and_says_why_once(
    world: Any, play: Any, spec: dict[str, Any], reason: str
) -> None:
    async def scenario(settle: Any) -> None:
        world.registry.create("pods", pod(**spec))
        await settle()
        world.change("pods", "solo", lambda obj: obj["metadata"]["labels"].update(x="y"))
        await settle()
        found = world.get("solo")
        assert "nodeName" not in found["spec"]
        assert found["status"]["conditions"][0]["reason"] == reason
        assert reasons(world) == ["FailedScheduling"]

    play(scheduler, scenario)


def test_a_claim_is_bound_protected_while_used_and_its_directory_goes_last(world: Any, play: Any) -> None:
    agent = FakeAgent()

    def make(world: Any) -> list[Any]:
        return [ClaimController(world.registry, world.events, agent)]  # type: ignore[arg-type] # a fake

    async def scenario(settle: Any) -> None:
        world.registry.create("persistentvolumeclaims", claim())
        await settle()
        bound = world.get("data", "persistentvolumeclaims")
        assert bound["status"]["phase"] == "Bound"
        assert bound["status"]["capacity"] == {"storage": "1Gi"}
        assert bound["metadata"]["finalizers"] == [PROTECTION]
        assert world.registry.get("persistentvolumes", None, bound["spec"]["volumeName"])
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
        world.registry.create("pods", pod(volumes=volumes))
        world.registry.delete("persistentvolumeclaims", "default", "data")
        await settle()
        assert "deletionTimestamp" in world.get("data", "persistentvolumeclaims")["metadata"]
        world.remove("solo")
        await settle()
        assert world.names("persistentvolumeclaims") == []
        assert world.registry.list("persistentvolumes").items == []
        assert agent.removed == ["data"]

    play(make, scenario)


def test_a_claim_of_an_unknown_class_stays_pending_and_one_that_grows_gets_its_capacity(world: Any, play: Any) -> None:
    def make(world: Any) -> list[Any]:
        return [ClaimController(world.registry, world.events, FakeAgent())]  # type: ignore[arg-type] # a fake

    async def scenario(settle: Any) -> None:
        world.registry.create("persistentvolumeclaims", claim(storageClassName="fast"))
        await settle()
        assert world.get("data", "persistentvolumeclaims")["status"]["phase"] == "Pending"
        assert reasons(world) == ["ProvisioningFailed"]
        world.registry.delete("persistentvolumeclaims", "default", "data")
        await settle()
        world.registry.create("persistentvolumeclaims", claim())
        await settle()
        grown = {"requests": {"storage": "2Gi"}}
        world.change("persistentvolumeclaims", "data", lambda obj: obj["spec"].update(resources=grown))
        await settle()
        larger = world.get("data", "persistentvolumeclaims")
        assert larger["status"]["capacity"] == {"storage": "2Gi"}
        volume = world.registry.get("persistentvolumes", None, larger["spec"]["volumeName"])
        assert volume["spec"]["capacity"] == {"storage": "2Gi"}

    play(make, scenario)


@pytest.mark.parametrize(
    ("spec", "ready", "expected"),
    [
        ({"minAvailable": 2}, 3, (3, 2, 1)),
        ({"minAvailable": 2}, 2, (3, 2, 0)),
        ({"maxUnavailable": 1}, 3, (3, 2, 1)),
        ({"maxUnavailable": 1}, 2, (3, 2, 0)),
        ({"maxUnavailable": "50%"}, 3, (3, 1, 2)),
        ({"minAvailable": "34%"}, 3, (3, 2, 1)),
    ],
)
def test_a_budget_allows_what_is_healthy_beyond_what_it_wants(
    world: Any, play: Any, spec: dict[str, Any], ready: int, expected: tuple[int, int, int]
) -> None:
    def make(world: Any) -> list[Any]:
        return [StatefulSetController(world.registry, world.events), BudgetController(world.registry)]

    async def scenario(settle: Any) -> None:
        world.apply()
        budget = {
            "metadata": {"name": "demo", "namespace": "default"},
            "spec": {"selector": {"matchLabels": {"app": "demo"}}, **spec},
        }
        world.registry.create("poddisruptionbudgets", budget)
        await settle()
        for i in range(3):
            world.run(f"demo-{i}", ready=i < ready)
        await settle()
        status = world.get("demo", "poddisruptionbudgets")["status"]
        assert (status["expectedPods"], status["desiredHealthy"], status["disruptionsAllowed"]) == expected
        assert status["currentHealthy"] == ready

    play(make, scenario)


def test_every_namespace_has_a_default_service_account_that_comes_back(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        assert world.names("serviceaccounts") == ["default"]
        world.registry.delete("serviceaccounts", "default", "default")
        await settle()
        assert world.names("serviceaccounts") == ["default"]

    play(lambda world: [NamespaceController(world.registry)], scenario)


def test_the_same_event_again_is_counted_and_a_deleted_one_is_written_anew(world: Any) -> None:
    about = world.registry.create("pods", pod())
    for _ in range(3):
        world.events.record(about, "Warning", "BackOff", "again")
    (event,) = world.registry.list("events", "default").items
    assert (event["count"], event["involvedObject"]["name"], event["type"]) == (3, "solo", "Warning")
    world.registry.delete("events", "default", event["metadata"]["name"])
    world.events.record(about, "Warning", "BackOff", "again")
    world.events.record(about, "Warning", "BackOff", "again")
    assert [event["count"] for event in world.registry.list("events", "default").items] == [1]


def test_a_key_that_fails_is_looked_at_again_and_changes_are_coalesced(world: Any) -> None:
    class Flaky:
        def __init__(self) -> None:
            self.calls = 0
            self.done = asyncio.Event()

        def keys(self, event: Any) -> Any:
            yield event.record.key.namespace, event.record.key.name

        def everything(self) -> Any:
            return []

        def settle(self, _name: Any) -> None:
            self.calls += 1
            if self.calls == 1:
                raise ServiceUnavailableError("not now")
            self.done.set()

    async def scenario() -> None:
        flaky = Flaky()
        runner = Runner(world.registry.store, [flaky])
        runner.start()
        config = {"metadata": {"name": "c", "namespace": "default"}, "data": {}}
        world.registry.create("configmaps", config)
        world.change("configmaps", "c", lambda obj: obj.update(data={"a": "b"}))
        async with asyncio.timeout(5):
            await flaky.done.wait()
        assert flaky.calls == 2
        runner.stop()

    asyncio.run(scenario())
