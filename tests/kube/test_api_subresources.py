"""Status and scale: what each may change, and what it may not."""

import pytest

from tests.kube.api import JSON_PATCH, MERGE, Api


@pytest.fixture
def cluster(api: Api, namespace: str) -> str:
    """A ValkeyCluster's path."""
    path = f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"
    body = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": "demo"}}
    api("POST", path, body).taken()
    return f"{path}/demo"


@pytest.fixture
def workload(api: Api, namespace: str) -> str:
    """A StatefulSet's path."""
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"serviceName": "web", "replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    api("POST", path, {"metadata": {"name": "web"}, "spec": spec}).taken()
    return f"{path}/web"


def test_a_create_and_an_update_of_the_object_ignore_the_status(api: Api, cluster: str) -> None:
    obj = api("GET", cluster).taken()
    assert "status" not in obj
    changed = api("PUT", cluster, obj | {"spec": {**obj["spec"], "replicas": 5}, "status": {"epoch": 9}}).taken()
    assert changed["spec"]["replicas"] == 5
    assert "status" not in changed


def test_an_update_of_the_status_ignores_everything_else(api: Api, cluster: str) -> None:
    obj = api("GET", cluster).taken()
    body = {**obj, "spec": {**obj["spec"], "replicas": 5}, "status": {"epoch": 3}}
    body["metadata"] = {**obj["metadata"], "labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["x/y"]}
    stored = api("PUT", f"{cluster}/status", body).taken()
    assert (stored["spec"]["replicas"], stored["status"]["epoch"]) == (3, 3)
    assert {"labels", "annotations", "finalizers"} & set(stored["metadata"]) == set()
    assert stored["metadata"]["generation"] == 1


def test_the_status_is_a_compare_and_swap_like_the_object(api: Api, cluster: str) -> None:
    old = api("GET", cluster).taken()
    first = api("PUT", f"{cluster}/status", {**old, "status": {"epoch": 1}})
    assert int(first.version) > int(old["metadata"]["resourceVersion"])
    answer = api("PUT", f"{cluster}/status", {**old, "status": {"epoch": 2}})
    assert (answer.code, answer.reason) == (409, "Conflict")
    again = api("PUT", f"{cluster}/status", first.taken())
    assert again.version == first.version


def test_the_status_is_validated(api: Api, cluster: str) -> None:
    answer = api("PATCH", f"{cluster}/status", {"status": {"epoch": "three"}}, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert 'status.epoch: Invalid value: "string": ' in answer.message
    assert "epoch in body must be of type integer" in answer.message


def test_a_json_patch_of_the_status_leaves_the_rest(api: Api, cluster: str) -> None:
    operations = [
        {"op": "add", "path": "/status", "value": {"epoch": 4}},
        {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}},
    ]
    stored = api("PATCH", f"{cluster}/status", operations, content_type=JSON_PATCH).taken()
    assert stored["status"]["epoch"] == 4
    assert "labels" not in stored["metadata"]


def test_the_status_subresource_is_read_as_the_object(api: Api, cluster: str) -> None:
    assert api("GET", f"{cluster}/status").taken() == api("GET", cluster).taken()


def test_what_has_no_such_subresource_says_so(api: Api, namespace: str, cluster: str) -> None:
    body = {"metadata": {"name": "c"}}
    api("POST", f"/api/v1/namespaces/{namespace}/configmaps", body).taken()
    assert api("GET", f"/api/v1/namespaces/{namespace}/configmaps/c/status").code == 404
    assert api("GET", f"{cluster}/log").code == 404


@pytest.mark.parametrize("kind", ["cluster", "workload"])
def test_scale_reads_and_sets_the_replicas(api: Api, kind: str, request: pytest.FixtureRequest) -> None:
    path = request.getfixturevalue(kind)
    before = api("GET", path).taken()
    scale = api("GET", f"{path}/scale").taken()
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"]["replicas"] == before["spec"]["replicas"]
    assert scale["metadata"]["uid"] == before["metadata"]["uid"]
    scale["spec"]["replicas"] = 5
    assert api("PUT", f"{path}/scale", scale).taken()["spec"]["replicas"] == 5
    after = api("GET", path).taken()
    assert (after["spec"]["replicas"], after["metadata"]["generation"]) == (5, 2)
    patched = api("PATCH", f"{path}/scale", {"spec": {"replicas": 4}}, content_type=MERGE).taken()
    assert patched["spec"]["replicas"] == 4
    stale = api("PUT", f"{path}/scale", scale)
    assert (stale.code, stale.reason) == (409, "Conflict")


def test_scale_tells_status_and_selector(api: Api, cluster: str) -> None:
    status = {"replicas": 2, "selector": "app=x"}
    api("PATCH", f"{cluster}/status", {"status": status}, content_type=MERGE).taken()
    assert api("GET", f"{cluster}/scale").taken()["status"] == status


def test_scale_is_bound_by_the_schema(api: Api, cluster: str) -> None:
    answer = api("PATCH", f"{cluster}/scale", {"spec": {"replicas": 12}}, content_type=MERGE)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert api("GET", cluster).taken()["spec"]["replicas"] == 3
    assert api("PATCH", f"{cluster}/scale", {"spec": {"replicas": -1}}, content_type=MERGE).code == 422


def test_a_pods_status_and_readiness_gate(api: Api, namespace: str) -> None:
    pods = f"/api/v1/namespaces/{namespace}/pods"
    gate = "valkey.verilean.io/synced"
    spec = {"containers": [{"name": "c", "image": "i"}], "readinessGates": [{"conditionType": gate}]}
    made = api("POST", pods, {"metadata": {"name": "p"}, "spec": spec}).taken()
    assert made["status"]["phase"] == "Pending"
    body = {
        "metadata": {"uid": made["metadata"]["uid"], "resourceVersion": made["metadata"]["resourceVersion"]},
        "status": {"conditions": [{"type": gate, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
    }
    stored = api("PATCH", f"{pods}/p/status", body, content_type=MERGE).taken()
    assert [(c["type"], c["status"]) for c in stored["status"]["conditions"]] == [(gate, "True")]
    again = api("PATCH", f"{pods}/p/status", body, content_type=MERGE)
    assert (again.code, again.reason) == (409, "Conflict")
