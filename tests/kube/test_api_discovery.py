"""What a client learns about the API before it asks for anything."""

import pytest

from gungnir.runtime.kube_resources import RESOURCES, Resource
from gungnir.runtime.rights import LEASE, Right, rights
from tests.kube.api import Api


def _root(resource: Resource) -> str:
    return f"/apis/{resource.group_version}" if resource.group else f"/api/{resource.group_version}"


def test_the_groups_of_the_operator_are_listed(api: Api) -> None:
    groups = {group["name"]: group for group in api("GET", "/apis").taken()["groups"]}
    wanted = {right.resource.group for right in rights()} | {"coordination.k8s.io", "discovery.k8s.io"}
    assert wanted - {""} <= set(groups)
    assert groups["valkey.verilean.io"]["preferredVersion"]["groupVersion"] == "valkey.verilean.io/v1"
    assert api("GET", "/api").taken()["versions"] == ["v1"]


@pytest.mark.parametrize("plural", RESOURCES)
def test_a_resource_is_described_as_the_operator_addresses_it(api: Api, plural: str) -> None:
    resource = RESOURCES[plural]
    listed = {entry["name"]: entry for entry in api("GET", _root(resource)).taken()["resources"]}
    entry = listed[plural]
    assert (entry["kind"], entry["namespaced"]) == (resource.kind, resource.namespaced)
    assert set(entry["verbs"]) >= {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}


@pytest.mark.parametrize("right", [*rights(), *LEASE], ids=str)
def test_every_verb_of_the_operator_is_served(api: Api, right: Right) -> None:
    if right.subresource == "finalizers":
        return  # a name for RBAC only; there is nothing to ask
    listed = {entry["name"]: entry for entry in api("GET", _root(right.resource)).taken()["resources"]}
    assert right.verb in listed[right.path]["verbs"]


def test_short_names_and_categories_are_told(api: Api) -> None:
    listed = {e["name"]: e for e in api("GET", "/apis/valkey.verilean.io/v1").taken()["resources"]}
    assert listed["valkeyclusters"]["shortNames"] == ["vc"]
    assert listed["valkeyclusters"]["categories"] == ["valkey"]
    assert listed["valkeyclusters"]["singularName"] == "valkeycluster"
    assert set(listed) == {"valkeyclusters", "valkeyclusters/status", "valkeyclusters/scale"}
    scale = listed["valkeyclusters/scale"]
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")
    core = {e["name"]: e for e in api("GET", "/api/v1").taken()["resources"]}
    assert core["pods/eviction"]["group"] == "policy"
    assert core["pods"]["shortNames"] == ["po"]


def test_aggregated_discovery_is_served_to_those_who_ask(api: Api) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    found = api("GET", "/apis", accept=accept).taken()
    assert found["kind"] == "APIGroupDiscoveryList"
    (ours,) = (item for item in found["items"] if item["metadata"]["name"] == "valkey.verilean.io")
    (resource,) = ours["versions"][0]["resources"]
    assert resource["resource"] == "valkeyclusters"
    assert {sub["subresource"] for sub in resource["subresources"]} == {"status", "scale"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/livez"])
def test_health_is_ok(api: Api, path: str) -> None:
    answer = api("GET", path, accept="*/*")
    assert (answer.code, answer.body) == (200, "ok")


def test_the_version_is_told(api: Api) -> None:
    version = api("GET", "/version").taken()
    assert version["major"] == "1"
    assert version["gitVersion"].startswith("v1.")


def test_the_schema_of_our_resource_is_in_openapi(api: Api) -> None:
    paths = api("GET", "/openapi/v3").taken()["paths"]
    document = api("GET", paths["apis/valkey.verilean.io/v1"]["serverRelativeURL"]).taken()
    schema = document["components"]["schemas"]["io.verilean.valkey.v1.ValkeyCluster"]
    assert "durability" in schema["properties"]["spec"]["properties"]


@pytest.mark.parametrize(
    "path",
    ["/apis/example.com", "/apis/example.com/v1/things", "/api/v1/things", "/api/v1/namespaces/default/pods/a/b"],
)
def test_what_does_not_exist_is_not_found(api: Api, path: str) -> None:
    assert api("GET", path).code == 404
