from typing import Any

import pytest

from gungnir.local.errors import BadRequestError, InvalidError, UnsupportedMediaTypeError
from gungnir.local.patch import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, apply

Obj = dict[str, Any]


def pod(*containers: Obj) -> Obj:
    return {"spec": {"containers": list(containers)}}


def strategic(current: Obj, patch: Obj) -> Obj:
    return apply(current, patch, STRATEGIC_PATCH, is_custom=False)


def test_merge_patch_replaces_lists_and_removes_nulls() -> None:
    current = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert apply(current, {"a": {"c": [3], "b": None}}, MERGE_PATCH, is_custom=True) == {"a": {"c": [3]}, "d": 1}


def test_strategic_patch_merges_containers_by_name() -> None:
    current = pod({"name": "a", "image": "1"}, {"name": "b", "image": "1"})
    assert strategic(current, pod({"name": "b", "image": "2"})) == pod(
        {"name": "a", "image": "1"}, {"name": "b", "image": "2"}
    )


def test_strategic_patch_deletes_and_replaces_by_directive() -> None:
    current = pod({"name": "a"}, {"name": "b"})
    assert strategic(current, pod({"name": "a", "$patch": "delete"})) == pod({"name": "b"})
    assert strategic(current, pod({"$patch": "replace"}, {"name": "c"})) == pod({"name": "c"})
    assert strategic({"a": {"x": 1}}, {"a": {"$patch": "replace", "y": 2}}) == {"a": {"y": 2}}


def test_strategic_patch_follows_the_order_it_is_given() -> None:
    current = pod({"name": "a"}, {"name": "b"})
    patch = {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}}
    assert strategic(current, patch) == pod({"name": "b"}, {"name": "a"})


def test_strategic_patch_merges_finalizers_and_deletes_from_them() -> None:
    current = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}}
    assert strategic(current, patch) == {"metadata": {"finalizers": ["b", "c"]}}


def test_strategic_patch_keeps_the_keys_it_is_told_to() -> None:
    current = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}
    assert strategic(current, patch) == {"strategy": {"type": "Recreate"}}


def test_service_ports_merge_by_port_and_container_ports_by_container_port() -> None:
    assert strategic({"spec": {"ports": [{"port": 1}]}}, {"spec": {"ports": [{"port": 1, "name": "x"}]}}) == {
        "spec": {"ports": [{"port": 1, "name": "x"}]}
    }
    current = pod({"name": "a", "ports": [{"containerPort": 1}]})
    patch = pod({"name": "a", "ports": [{"containerPort": 2}]})
    assert strategic(current, patch)["spec"]["containers"][0]["ports"] == [{"containerPort": 1}, {"containerPort": 2}]


def test_a_list_element_without_its_key_is_refused() -> None:
    with pytest.raises(BadRequestError, match="does not contain declared merge key: name"):
        strategic(pod({"name": "a"}), pod({"image": "x"}))


def test_json_patch_applies_and_a_failed_test_is_refused() -> None:
    change = [{"op": "replace", "path": "/a", "value": 2}]
    assert apply({"a": 1}, change, JSON_PATCH, is_custom=True) == {"a": 2}
    with pytest.raises(InvalidError):
        apply({"a": 1}, [{"op": "test", "path": "/a", "value": 5}], JSON_PATCH, is_custom=True)


@pytest.mark.parametrize("patch", [{"op": "add"}, "x"])
def test_what_is_no_json_patch_is_refused(patch: Any) -> None:
    with pytest.raises(BadRequestError):
        apply({"a": 1}, patch, JSON_PATCH, is_custom=True)


def test_an_operation_that_does_not_exist_does_not_apply() -> None:
    with pytest.raises(InvalidError):
        apply({"a": 1}, [{"op": "fly", "path": "/a"}], JSON_PATCH, is_custom=True)


@pytest.mark.parametrize("content_type", ["application/apply-patch+yaml", "text/plain", ""])
def test_other_patch_formats_are_refused_by_name(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError, match=r"server-side apply|accepted media types"):
        apply({}, {}, content_type, is_custom=False)


def test_a_patch_leaves_the_object_it_starts_from_alone() -> None:
    current = {"a": {"b": 1}, "l": [1]}
    for content_type, patch in (
        (MERGE_PATCH, {"a": {"b": 2}}),
        (JSON_PATCH, [{"op": "add", "path": "/l/-", "value": 2}]),
    ):
        apply(current, patch, content_type, is_custom=True)
    assert current == {"a": {"b": 1}, "l": [1]}
