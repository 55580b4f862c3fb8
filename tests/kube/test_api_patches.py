"""Merge, JSON and strategic-merge patches; server-side apply."""

import json
from typing import Any

import pytest

from tests.kube.api import APPLY, JSON_PATCH, MERGE, STRATEGIC, Api, Obj
from tests.kube.servers import Server

SPEC = {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}


@pytest.fixture
def config(api: Api, namespace: str) -> str:
    """A ConfigMap's path."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    metadata = {"name": "c", "labels": {"keep": "me", "drop": "me"}}
    api("POST", path, {"metadata": metadata, "data": {"a": "1", "b": "2"}}).taken()
    return f"{path}/c"


@pytest.fixture
def pod(api: Api, namespace: str) -> str:
    """A pod's path."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    api("POST", path, {"metadata": {"name": "p"}, "spec": SPEC}).taken()
    return f"{path}/p"


def test_a_merge_patch_sets_removes_and_leaves(api: Api, config: str) -> None:
    body = {"metadata": {"labels": {"drop": None}}, "data": {"a": "9", "c": "3", "zzz": None}}
    patched = api("PATCH", config, body, content_type=MERGE).taken()
    assert patched["data"] == {"a": "9", "b": "2", "c": "3"}
    assert patched["metadata"]["labels"] == {"keep": "me"}


def test_a_patch_that_changes_nothing_is_no_write(api: Api, config: str) -> None:
    before = api("GET", config).version
    assert api("PATCH", config, {"data": {"a": "1"}}, content_type=MERGE).version == before
    assert api("PATCH", config, [{"op": "test", "path": "/data/a", "value": "1"}], content_type=JSON_PATCH).ok
    assert api("GET", config).version == before


def test_a_patch_that_names_an_old_version_is_a_conflict(api: Api, config: str) -> None:
    old = api("GET", config).version
    api("PATCH", config, {"data": {"a": "2"}}, content_type=MERGE).taken()
    body = {"metadata": {"resourceVersion": old}, "data": {"a": "3"}}
    answer = api("PATCH", config, body, content_type=MERGE)
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert api("GET", config).taken()["data"]["a"] == "2"


def test_a_patch_cannot_reach_another_incarnation(api: Api, config: str) -> None:
    """The version tells first; a uid alone is no precondition of a patch, but a field that may not change."""
    old = api("GET", config).version
    api("PATCH", config, {"metadata": {"labels": {"x": "y"}}}, content_type=MERGE).taken()
    uid = "2f1c3a1e-0000-4000-8000-000000000000"
    answer = api("PATCH", config, {"metadata": {"uid": uid}, "data": {"a": "3"}}, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert answer.message == f'ConfigMap "c" is invalid: metadata.uid: Invalid value: "{uid}": field is immutable'
    body = {"metadata": {"uid": uid, "resourceVersion": old}, "data": {"a": "3"}}
    answer = api("PATCH", config, body, content_type=MERGE)
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert api("GET", config).taken()["data"]["a"] == "1"


@pytest.mark.parametrize(
    ("operations", "data"),
    [
        ([{"op": "add", "path": "/data/c", "value": "3"}], {"a": "1", "b": "2", "c": "3"}),
        ([{"op": "remove", "path": "/data/b"}], {"a": "1"}),
        ([{"op": "replace", "path": "/data/a", "value": "9"}], {"a": "9", "b": "2"}),
        ([{"op": "move", "from": "/data/a", "path": "/data/c"}], {"b": "2", "c": "1"}),
        ([{"op": "copy", "from": "/data/a", "path": "/data/c"}], {"a": "1", "b": "2", "c": "1"}),
        ([{"op": "test", "path": "/data/a", "value": "1"}, {"op": "remove", "path": "/data/a"}], {"b": "2"}),
        ([{"op": "add", "path": "/data/a~1b", "value": "x"}], None),
    ],
)
def test_a_json_patch_is_carried_out(api: Api, config: str, operations: list[Obj], data: Obj | None) -> None:
    answer = api("PATCH", config, operations, content_type=JSON_PATCH)
    if data is None:  # a key with a slash is no key of a ConfigMap
        assert (answer.code, answer.reason) == (422, "Invalid")
    else:
        assert answer.taken()["data"] == data


@pytest.mark.parametrize(
    ("operations", "code"),
    [
        ([{"op": "test", "path": "/data/a", "value": "2"}, {"op": "remove", "path": "/data/a"}], 422),
        ([{"op": "remove", "path": "/data/none"}], 422),
        ([{"op": "replace", "path": "/nowhere/at/all", "value": 1}], 422),
        ([{"op": "grow", "path": "/data/a"}], 422),
        ({"op": "remove"}, 400),
    ],
)
def test_a_json_patch_that_does_not_apply_changes_nothing(api: Api, config: str, operations: Any, code: int) -> None:
    before = api("GET", config).version
    assert api("PATCH", config, operations, content_type=JSON_PATCH).code == code
    assert api("GET", config).version == before


@pytest.mark.parametrize("content_type", [MERGE, STRATEGIC, JSON_PATCH])
def test_a_patch_that_is_no_json_is_a_bad_request(api: Api, config: str, content_type: str) -> None:
    assert api("PATCH", config, b"{", content_type=content_type).code == 400


def test_a_strategic_patch_merges_lists_by_key(api: Api, pod: str) -> None:
    body = {"spec": {"containers": [{"name": "b", "image": "b:2"}]}}
    patched = api("PATCH", pod, body, content_type=STRATEGIC).taken()
    assert [(c["name"], c["image"]) for c in patched["spec"]["containers"]] == [("a", "a:1"), ("b", "b:2")]


def test_a_merge_patch_replaces_lists(api: Api, pod: str) -> None:
    body = {"spec": {"containers": [{"name": "b", "image": "b:2"}]}}
    answer = api("PATCH", pod, body, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "pod updates may not add or remove containers" in answer.message


def test_conditions_merge_by_type_in_a_strategic_patch(api: Api, pod: str) -> None:
    for kind, value in (("Ready", "False"), ("example.com/gate", "True"), ("Ready", "True")):
        body = {"status": {"conditions": [{"type": kind, "status": value}]}}
        api("PATCH", f"{pod}/status", body, content_type=STRATEGIC).taken()
    conditions = api("GET", pod).taken()["status"]["conditions"]
    assert {c["type"]: c["status"] for c in conditions} == {"Ready": "True", "example.com/gate": "True"}


def test_directives_of_a_strategic_patch(api: Api, config: str, pod: str) -> None:
    body: Obj = {"metadata": {"labels": {"$patch": "replace", "only": "this"}}}
    assert api("PATCH", config, body, content_type=STRATEGIC).taken()["metadata"]["labels"] == {"only": "this"}
    add = {"metadata": {"finalizers": ["example.com/a", "example.com/b"]}}
    api("PATCH", pod, add, content_type=STRATEGIC).taken()
    drop = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["example.com/a"]}}
    kept = api("PATCH", pod, drop, content_type=STRATEGIC).taken()
    assert kept["metadata"]["finalizers"] == ["example.com/b"]
    api("PATCH", pod, {"metadata": {"finalizers": None}}, content_type=MERGE).taken()


def test_a_custom_resource_takes_no_strategic_patch(api: Api, namespace: str) -> None:
    path = f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"
    body = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": "demo"}}
    api("POST", path, body).taken()
    answer = api("PATCH", f"{path}/demo", {"spec": {}}, content_type=STRATEGIC)
    assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")
    assert "application/json-patch+json, application/merge-patch+json" in answer.message


def test_a_patched_object_is_validated_like_any_other(api: Api, namespace: str) -> None:
    path = f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"
    body = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": "demo"}}
    api("POST", path, body).taken()
    answer = api("PATCH", f"{path}/demo", {"spec": {"replicas": 12}}, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert answer.message == (
        'ValkeyCluster.valkey.verilean.io "demo" is invalid: spec.replicas: Invalid value: 12: '
        "spec.replicas in body should be less than or equal to 9"
    )


def test_server_side_apply_is_refused_where_it_is_not_served(server: Server, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps/c"
    body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}).encode()
    answer = server.api("PATCH", path, body, content_type=APPLY, fieldManager="test")
    if server.is_real:
        assert answer.code == 201
    else:
        assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")
        assert "server-side apply is not served by the local cluster" in answer.message
