"""Our CustomResourceDefinition as the server enforces it: defaults, pruning, every rule with its message."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kube.api import Api, Obj

REJECTED = {
    path.stem: path for path in sorted((Path(__file__).parents[1] / "unit" / "api" / "rejected").glob("*.yaml"))
}
PRUNED = [name for name, path in REJECTED.items() if "is not a known field" in path.read_text()]
SAMPLES = sorted((Path(__file__).parents[2] / "deploy" / "samples").glob("*.yaml"))


@pytest.fixture
def clusters(namespace: str) -> str:
    """The path of the collection."""
    return f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"


def body(name: str = "demo", **spec: Any) -> Obj:
    return {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": name}, "spec": spec}


def in_namespace(obj: Obj, clusters: str) -> Obj:
    return {**obj, "metadata": {**obj["metadata"], "namespace": clusters.split("/")[5]}}


@pytest.mark.parametrize("name", [name for name in REJECTED if name not in PRUNED])
def test_a_rejected_sample_is_refused_with_its_message(api: Api, clusters: str, name: str) -> None:
    sample = yaml.safe_load(REJECTED[name].read_text())
    obj = in_namespace(sample["object"], clusters)
    if "before" in sample:
        before = api("POST", clusters, in_namespace(sample["before"], clusters)).taken()
        if "status" in sample["before"]:  # a status that is sent along is not stored
            known = {**before, "status": sample["before"]["status"]}
            before = api("PUT", f"{clusters}/{obj['metadata']['name']}/status", known).taken()
        answer = api("PUT", f"{clusters}/{obj['metadata']['name']}", {**obj, "metadata": before["metadata"]})
        assert api("GET", f"{clusters}/{obj['metadata']['name']}").taken() == before
    else:
        answer = api("POST", clusters, obj)
    assert (answer.code, answer.reason) == (422, "Invalid")
    if not name.startswith("schema-"):  # the schema's own refusals are worded by the server
        _, _, told = sample["problem"].strip().partition(": ")
        with contextlib.suppress(json.JSONDecodeError):  # a problem that shows no value
            told = told[json.JSONDecoder().raw_decode(told)[1] :].removeprefix(": ")
        assert told in answer.message


@pytest.mark.parametrize("name", PRUNED)
def test_a_field_that_does_not_exist_is_refused_where_the_client_is_strict(api: Api, clusters: str, name: str) -> None:
    sample = yaml.safe_load(REJECTED[name].read_text())
    answer = api("POST", clusters, in_namespace(sample["object"], clusters), fieldValidation="Strict")
    assert (answer.code, answer.reason) == (400, "BadRequest")
    assert sample["problem"].partition(":")[0] in answer.message


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_accepted_without_a_warning(api: Api, clusters: str, path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        if document["kind"] == "ValkeyCluster":
            answer = api("POST", clusters, in_namespace(document, clusters), fieldValidation="Strict")
            assert (answer.code, answer.warnings) == (201, "")


def test_defaults_are_filled_in_all_the_way_down(api: Api, clusters: str) -> None:
    spec = api("POST", clusters, body(persistence={"size": "2Gi"})).taken()["spec"]
    assert (spec["replicas"], spec["port"]) == (3, 6379)
    assert spec["durability"] == {"mode": "required"}
    assert spec["persistence"]["enabled"] is True
    assert spec["persistence"]["size"] == "2Gi"
    assert set(spec["sentinel"]) == {"pingIntervalMs", "downAfterMs", "failoverTimeoutMs"}


def test_without_a_spec_everything_is_default(api: Api, clusters: str) -> None:
    made = api("POST", clusters, {k: v for k, v in body().items() if k != "spec"}).taken()
    assert made["spec"] == api("POST", clusters, body("other")).taken()["spec"]


def test_what_the_schema_does_not_know_is_pruned(api: Api, clusters: str) -> None:
    answer = api("POST", clusters, body(replica=5, durability={"mod": "async"}))
    made = answer.taken()
    assert "replica" not in made["spec"]
    assert "mod" not in made["spec"]["durability"]
    assert 'unknown field "spec.replica"' in answer.warnings.replace('\\"', '"')
    strict = api("POST", clusters, body("other", replica=5), fieldValidation="Strict")
    assert (strict.code, strict.reason) == (400, "BadRequest")
    assert 'unknown field "spec.replica"' in strict.message


def test_what_is_kept_as_it_is_is_not_pruned(api: Api, clusters: str) -> None:
    term = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}
    config = {"maxmemory": "1gb", "hz": "50"}
    spec = api("POST", clusters, body(affinity=affinity, config=config)).taken()["spec"]
    assert (spec["affinity"], spec["config"]) == (affinity, config)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"replicas": "three"},
            'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer',
        ),
        ({"replicas": 2.5}, 'spec.replicas: Invalid value: "'),
        ({"durability": {"mode": "maybe"}}, 'Unsupported value: "maybe": supported values: "required", "async"'),
        ({"config": {"hz": 10}}, "must be of type string"),
        ({"labels": ["a"]}, "must be of type object"),
        ({"port": 0}, "spec.port in body should be greater than or equal to 1"),
    ],
)
def test_a_wrong_type_or_range_is_told_with_its_path(api: Api, clusters: str, spec: Obj, words: str) -> None:
    answer = api("POST", clusters, body(**spec))
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert words in answer.message


def test_a_null_takes_the_default(api: Api, clusters: str) -> None:
    assert api("POST", clusters, body(replicas=None)).taken()["spec"]["replicas"] == 3


def test_quantities_may_be_numbers_or_text(api: Api, clusters: str) -> None:
    resources = {"limits": {"cpu": 1, "memory": "1Gi"}}
    assert api("POST", clusters, body(resources=resources)).taken()["spec"]["resources"] == resources


def test_every_problem_is_told_at_once(api: Api, clusters: str) -> None:
    answer = api("POST", clusters, body(replicas=12, port=0))
    fields = {cause["field"] for cause in answer.body["details"]["causes"]}
    assert {"spec.replicas", "spec.port"} <= fields
    assert answer.message.startswith('ValkeyCluster.valkey.verilean.io "demo" is invalid: [')


def test_a_definition_that_is_not_structural_is_refused(api: Api) -> None:
    schema = {"type": "object", "properties": {"spec": {"properties": {"a": {"type": "string"}}}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "boxes", "singular": "box", "kind": "Box", "listKind": "BoxList"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boxes.example.com"},
        "spec": {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]},
    }
    answer = api("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "openAPIV3Schema.properties[spec].type: Required value: must not be empty" in answer.message
