from typing import Any

import pytest

from gungnir.local.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from gungnir.local.registry import Registry

Obj = dict[str, Any]
MERGE = "application/merge-patch+json"


def make(registry: Registry, name: str, *owners: Obj, finalizers: tuple[str, ...] = (), blocks: bool = False) -> Obj:
    references = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": blocks,
        }
        for owner in owners
    ]
    metadata = {"name": name, "ownerReferences": references, "finalizers": list(finalizers)}
    return registry.create("configmaps", {"metadata": metadata}, namespace="default")


def names(registry: Registry) -> list[str]:
    return [o["metadata"]["name"] for o in registry.list("configmaps").items]


def test_what_an_object_owns_goes_with_it(registry: Registry) -> None:
    root = make(registry, "root")
    child = make(registry, "child", root)
    make(registry, "grandchild", child)
    make(registry, "stranger")
    assert registry.delete("configmaps", "default", "root")["status"] == "Success"
    assert names(registry) == ["stranger"]


def test_an_object_with_two_owners_stays_until_both_are_gone(registry: Registry) -> None:
    one, two = make(registry, "one"), make(registry, "two")
    make(registry, "child", one, two)
    registry.delete("configmaps", "default", "one")
    assert names(registry) == ["child", "two"]
    registry.delete("configmaps", "default", "two")
    assert names(registry) == []


def test_an_owner_is_a_uid_and_not_a_name(registry: Registry) -> None:
    root = make(registry, "root")
    registry.delete("configmaps", "default", "root")
    make(registry, "root")
    make(registry, "orphan", root)
    assert names(registry) == ["root"]


def test_orphaned_dependents_stay_without_their_owner(registry: Registry) -> None:
    make(registry, "child", make(registry, "root"))
    registry.delete("configmaps", "default", "root", propagation="Orphan")
    assert names(registry) == ["child"]
    assert "ownerReferences" not in registry.get("configmaps", "default", "child")["metadata"]


def test_foreground_deletion_waits_for_the_dependents_that_block(registry: Registry) -> None:
    root = make(registry, "root")
    make(registry, "child", root, finalizers=("test.example/hold",), blocks=True)
    waiting = registry.delete("configmaps", "default", "root", propagation="Foreground")
    assert waiting["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert names(registry) == ["child", "root"]
    registry.patch("configmaps", "default", "child", {"metadata": {"finalizers": None}}, MERGE)
    assert names(registry) == []


def test_foreground_deletion_does_not_wait_for_dependents_that_do_not_block(registry: Registry) -> None:
    make(registry, "child", make(registry, "root"), finalizers=("test.example/hold",))
    registry.delete("configmaps", "default", "root", propagation="Foreground")
    assert names(registry) == ["child"]


def test_an_object_that_takes_the_name_of_a_dependent_is_none_itself(registry: Registry) -> None:
    root = make(registry, "root")
    make(registry, "child", root)
    registry.delete("configmaps", "default", "child")
    make(registry, "child")
    registry.delete("configmaps", "default", "root", propagation="Foreground")
    assert names(registry) == ["child"]


def test_a_finalizer_holds_an_object_until_it_is_removed(registry: Registry) -> None:
    make(registry, "held", finalizers=("test.example/hold",))
    assert registry.delete("configmaps", "default", "held")["metadata"]["deletionTimestamp"]
    with pytest.raises(InvalidError, match="no new finalizers can be added if the object is being deleted"):
        registry.patch("configmaps", "default", "held", {"metadata": {"finalizers": ["test.example/more"]}}, MERGE)
    registry.patch("configmaps", "default", "held", {"metadata": {"finalizers": []}}, MERGE)
    assert names(registry) == []


def test_deletion_has_preconditions(registry: Registry) -> None:
    made = make(registry, "c")
    with pytest.raises(ConflictError, match=r"the UID in the precondition \(other\) does not match"):
        registry.delete("configmaps", "default", "c", uid="other")
    with pytest.raises(ConflictError, match=r"the ResourceVersion in the precondition \(1\) does not match"):
        registry.delete("configmaps", "default", "c", resource_version="1")
    registry.delete(
        "configmaps", "default", "c", uid=made["metadata"]["uid"], resource_version=made["metadata"]["resourceVersion"]
    )
    assert names(registry) == []


def test_an_unknown_propagation_is_refused(registry: Registry) -> None:
    make(registry, "c")
    with pytest.raises(InvalidError, match='supported values: "Foreground", "Background", "Orphan"'):
        registry.delete("configmaps", "default", "c", propagation="Sideways")


def test_a_running_pod_gets_its_grace_period_and_zero_ends_it(registry: Registry, pod: Obj) -> None:
    pod["spec"] |= {"nodeName": "node", "terminationGracePeriodSeconds": 300}
    registry.create("pods", pod, namespace="default")
    waiting = registry.delete("pods", "default", "p")["metadata"]
    assert waiting["deletionGracePeriodSeconds"] == 300
    again = registry.delete("pods", "default", "p")["metadata"]
    assert again["resourceVersion"] == waiting["resourceVersion"]
    shorter = registry.delete("pods", "default", "p", grace_period_seconds=5)["metadata"]
    assert shorter["deletionGracePeriodSeconds"] == 5
    assert registry.delete("pods", "default", "p", grace_period_seconds=0)["kind"] == "Status"
    with pytest.raises(NotFoundError):
        registry.get("pods", "default", "p")


def test_a_pod_without_a_node_goes_at_once(registry: Registry, pod: Obj) -> None:
    registry.create("pods", pod, namespace="default")
    assert registry.delete("pods", "default", "p")["kind"] == "Status"


def test_delete_collection_takes_what_is_selected(registry: Registry) -> None:
    for name in ("a", "b", "c"):
        make(registry, name)
    gone = registry.delete_collection("configmaps", "default", field_selector="metadata.name!=b")
    assert [o["metadata"]["name"] for o in gone.items] == ["a", "c"]
    assert names(registry) == ["b"]


def test_the_default_namespace_stays(registry: Registry) -> None:
    with pytest.raises(ForbiddenError, match="this namespace may not be deleted"):
        registry.delete("namespaces", None, "default")


def test_a_definition_takes_its_objects_with_it(boxes: Registry) -> None:
    boxes.delete("customresourcedefinitions", None, "boxes.test.example")
    with pytest.raises(NotFoundError):
        boxes.list("boxes")
    assert not boxes.store.scan("boxes.test.example")


def test_a_definition_waits_for_objects_that_are_held(boxes: Registry) -> None:
    boxes.patch("boxes", "default", "b", {"metadata": {"finalizers": ["test.example/hold"]}}, MERGE)
    boxes.delete("customresourcedefinitions", None, "boxes.test.example")
    assert boxes.get("boxes", "default", "b")["metadata"]["deletionTimestamp"]
    boxes.patch("boxes", "default", "b", {"metadata": {"finalizers": None}}, MERGE)
    with pytest.raises(NotFoundError):
        boxes.get("customresourcedefinitions", None, "boxes.test.example")
