from typing import Any

import pytest

from gungnir.local.controllers.stateful_pods import template_hash
from gungnir.local.controllers.stateful_sets import StatefulSetController

CLAIMS = [
    {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
]


def controllers(world: Any) -> list[Any]:
    return [StatefulSetController(world.registry, world.events)]


def set_image(image: str) -> Any:
    def change(obj: dict[str, Any]) -> None:
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = image

    return change


def set_replicas(replicas: int) -> Any:
    def change(obj: dict[str, Any]) -> None:
        obj["spec"]["replicas"] = replicas

    return change


def test_parallel_creates_every_pod_at_once_with_the_labels_of_its_place(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply(volumeClaimTemplates=CLAIMS)
        await settle()
        assert world.names() == ["demo-0", "demo-1", "demo-2"]
        assert world.names("persistentvolumeclaims") == ["data-demo-0", "data-demo-1", "data-demo-2"]
        pod = world.get("demo-1")
        revision = world.get("demo", "statefulsets")["status"]["updateRevision"]
        assert pod["metadata"]["labels"] == {
            "app": "demo",
            "apps.kubernetes.io/pod-index": "1",
            "controller-revision-hash": revision,
            "statefulset.kubernetes.io/pod-name": "demo-1",
        }
        assert pod["metadata"]["annotations"] == {"note": "kept"}
        assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("demo-1", "demo-headless")
        assert {"name": "data", "persistentVolumeClaim": {"claimName": "data-demo-1"}} in pod["spec"]["volumes"]
        assert pod["metadata"]["ownerReferences"][0]["controller"] is True

    play(controllers, scenario)


def test_ordered_ready_waits_for_each_pod_before_the_next_and_removes_from_the_top(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply(podManagementPolicy="OrderedReady")
        await settle()
        for ordinal in range(3):
            assert world.names() == [f"demo-{i}" for i in range(ordinal + 1)]
            world.run(f"demo-{ordinal}", ready=False)
            await settle()
            assert len(world.names()) == ordinal + 1
            world.run(f"demo-{ordinal}")
            await settle()
        world.change("statefulsets", "demo", set_replicas(1))
        await settle()
        assert "deletionTimestamp" in world.get("demo-2")["metadata"]
        assert "deletionTimestamp" not in world.get("demo-1")["metadata"]
        world.remove("demo-2")
        await settle()
        assert "deletionTimestamp" in world.get("demo-1")["metadata"]

    play(controllers, scenario)


def test_a_deleted_pod_is_replaced_only_when_its_object_is_gone(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply()
        await settle()
        world.run("demo-0")
        uid = world.get("demo-0")["metadata"]["uid"]
        world.registry.delete("pods", "default", "demo-0")
        await settle()
        assert world.get("demo-0")["metadata"]["uid"] == uid
        world.remove("demo-0")
        await settle()
        assert world.get("demo-0")["metadata"]["uid"] != uid

    play(controllers, scenario)


def test_a_pod_that_failed_for_good_is_replaced(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply()
        await settle()
        uid = world.get("demo-1")["metadata"]["uid"]
        world.end("demo-1", "Failed")
        await settle()
        assert world.get("demo-1")["metadata"]["uid"] != uid

    play(controllers, scenario)


def test_on_delete_touches_no_pod_when_the_template_changes_and_says_so_in_the_status(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply()
        await settle()
        for i in range(3):
            world.run(f"demo-{i}")
        before = world.get("demo", "statefulsets")["status"]["currentRevision"]
        world.change("statefulsets", "demo", set_image("valkey/valkey:8.1"))
        await settle()
        status = world.get("demo", "statefulsets")["status"]
        assert status["currentRevision"] == before != status["updateRevision"]
        assert (status["currentReplicas"], status["updatedReplicas"]) == (3, 0)
        assert status["observedGeneration"] == 2
        world.registry.delete("pods", "default", "demo-0", grace_period_seconds=0)
        await settle()
        assert world.get("demo-0")["spec"]["containers"][0]["image"] == "valkey/valkey:8.1"
        assert world.get("demo", "statefulsets")["status"]["updatedReplicas"] == 1
        revisions = world.registry.list("controllerrevisions", "default").items
        assert sorted(revision["revision"] for revision in revisions) == [1, 2]

    play(controllers, scenario)


def test_a_rolling_update_goes_from_the_top_one_ready_pod_at_a_time_down_to_the_partition(
    world: Any, play: Any
) -> None:
    async def scenario(settle: Any) -> None:
        world.apply(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
        await settle()
        for i in range(3):
            world.run(f"demo-{i}")
        await settle()
        world.change("statefulsets", "demo", set_image("valkey/valkey:8.1"))
        for ordinal in (2, 1):
            await settle()
            assert "deletionTimestamp" in world.get(f"demo-{ordinal}")["metadata"]
            assert "deletionTimestamp" not in world.get(f"demo-{ordinal - 1}")["metadata"]
            world.remove(f"demo-{ordinal}")
            await settle()
            assert "deletionTimestamp" not in world.get(f"demo-{ordinal - 1}")["metadata"]
            world.run(f"demo-{ordinal}")
        await settle()
        images = [world.get(f"demo-{i}")["spec"]["containers"][0]["image"] for i in range(3)]
        assert images == ["valkey/valkey:8.0", "valkey/valkey:8.1", "valkey/valkey:8.1"]
        world.registry.delete("pods", "default", "demo-0", grace_period_seconds=0)
        await settle()
        assert world.get("demo-0")["spec"]["containers"][0]["image"] == "valkey/valkey:8.0"

    play(controllers, scenario)


def test_a_template_that_comes_back_gets_its_old_revision_with_a_new_number(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply()
        await settle()
        first = world.get("demo", "statefulsets")["status"]["updateRevision"]
        for image in ("valkey/valkey:8.1", "valkey/valkey:8.0"):
            world.change("statefulsets", "demo", set_image(image))
            await settle()
        assert world.get("demo", "statefulsets")["status"]["updateRevision"] == first
        assert world.get(first, "controllerrevisions")["revision"] == 3

    play(controllers, scenario)


def test_counts_of_ready_and_available_pods_follow_the_pods(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply(minReadySeconds=600)
        await settle()
        world.run("demo-0")
        world.run("demo-1", ready=False)
        await settle()
        status = world.get("demo", "statefulsets")["status"]
        assert (status["replicas"], status["readyReplicas"], status["availableReplicas"]) == (3, 1, 0)
        world.change("statefulsets", "demo", lambda obj: obj["spec"].update(minReadySeconds=0))
        await settle()
        assert world.get("demo", "statefulsets")["status"]["availableReplicas"] == 1

    play(controllers, scenario)


@pytest.mark.parametrize(("policy", "left"), [("Retain", 3), ("Delete", 1)])
def test_claims_of_removed_pods_stay_or_go_as_the_retention_policy_says(
    world: Any, play: Any, policy: str, left: int
) -> None:
    async def scenario(settle: Any) -> None:
        world.apply(volumeClaimTemplates=CLAIMS, persistentVolumeClaimRetentionPolicy={"whenScaled": policy})
        await settle()
        world.change("statefulsets", "demo", set_replicas(1))
        await settle()
        assert world.names() == ["demo-0"]
        assert len(world.names("persistentvolumeclaims")) == left

    play(controllers, scenario)


def test_a_deleted_set_takes_its_pods_with_it_and_creates_no_more(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply()
        await settle()
        world.registry.delete("statefulsets", "default", "demo", propagation="Background")
        await settle()
        assert world.names() == []

    play(controllers, scenario)


def test_an_orphan_that_the_selector_selects_is_adopted(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply()
        await settle()
        world.registry.delete("statefulsets", "default", "demo", propagation="Orphan")
        uids = [world.get(name)["metadata"]["uid"] for name in world.names()]
        assert len(uids) == 3
        world.apply()
        await settle()
        assert [world.get(name)["metadata"]["uid"] for name in world.names()] == uids
        owner = world.get("demo", "statefulsets")["metadata"]["uid"]
        assert world.get("demo-0")["metadata"]["ownerReferences"][0]["uid"] == owner

    play(controllers, scenario)


def test_steady_state_writes_nothing(world: Any, play: Any) -> None:
    async def scenario(settle: Any) -> None:
        world.apply(volumeClaimTemplates=CLAIMS)
        await settle()
        for i in range(3):
            world.run(f"demo-{i}")
        await settle()
        revision = world.registry.store.revision
        await settle()
        assert world.registry.store.revision == revision

    play(controllers, scenario)


def test_a_templates_hash_depends_on_its_content_alone() -> None:
    assert template_hash({"a": 1, "b": [2]}) == template_hash({"b": [2], "a": 1})
    assert template_hash({"a": 1}) != template_hash({"a": 2})
