"""The CRD is the models' image, and of the form that an API server takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import Field

from gungnir.api.change_rules import CHANGE_RULES
from gungnir.api.crd import crd, crd_yaml
from gungnir.api.entry_rules import ENTRY_RULES
from gungnir.api.model import ApiModel, FrozenMap
from gungnir.api.schema import structural_schema, without_empty
from gungnir.api.spec import ValkeyClusterSpec
from gungnir.api.state_rules import STATE_RULES
from gungnir.api.status import ValkeyClusterStatus
from gungnir.errors import BugError

Json = dict[str, Any]

COMMITTED = Path(__file__).parents[3] / "deploy/crds/valkeyclusters.yaml"
VERSION = crd()["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]


def _nodes(node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    yield path, node
    for name, field in node.get("properties", {}).items():
        yield from _nodes(field, f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", ".*")):
        if keyword in node:
            yield from _nodes(node[keyword], path + mark)


NODES = dict(_nodes(SCHEMA))


def test_the_committed_crd_is_the_generated_one() -> None:
    assert COMMITTED.read_text() == crd_yaml(), "run: python -m gungnir.api.crd > deploy/crds/valkeyclusters.yaml"


def test_the_yaml_says_the_same_as_the_object() -> None:
    assert yaml.safe_load(crd_yaml()) == crd()


@pytest.mark.parametrize("path", NODES)
def test_a_node_is_structural(path: str) -> None:
    """Source: Kubernetes documentation, CustomResourceDefinition, "Specifying a structural schema"."""
    node = NODES[path]
    assert not {"$ref", "$defs", "allOf", "oneOf", "not", "title", "const", "readOnly", "nullable"} & node.keys()
    if node.get("x-kubernetes-int-or-string"):
        assert "type" not in node
        assert node["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    else:
        assert "anyOf" not in node
        assert node["type"] in {"object", "array", "string", "integer", "boolean"}
    assert not {"properties", "additionalProperties"} <= node.keys()
    assert node.get("type") != "array" or "items" in node
    assert set(node.get("required", ())) <= node.get("properties", {}).keys()


@pytest.mark.parametrize("path", NODES)
def test_an_object_has_fields_or_is_open_on_purpose(path: str) -> None:
    node = NODES[path]
    if node.get("type") == "object" and path != ".metadata":
        ways = {"properties", "additionalProperties", "x-kubernetes-preserve-unknown-fields"} & node.keys()
        assert len(ways) == 1


@pytest.mark.parametrize("path", [path for path, node in NODES.items() if node.get("x-kubernetes-list-type") == "map"])
def test_the_keys_of_a_list_map_are_required(path: str) -> None:
    """An API server refuses list maps whose keys may be absent."""
    keys = NODES[path]["x-kubernetes-list-map-keys"]
    assert set(keys) <= set(NODES[f"{path}[]"]["required"])


@pytest.mark.parametrize("path", [path for path in NODES if path.startswith(".spec.")])
def test_what_a_user_writes_is_bounded(path: str) -> None:
    """Bounds keep the estimated cost of CEL within an API server's budget, and objects small."""
    node = NODES[path]
    if node.get("type") == "string":
        assert "maxLength" in node or "enum" in node
    if node.get("type") == "integer":
        assert "maximum" in node or path.endswith("tolerationSeconds")
    if node.get("type") == "array":
        assert "maxItems" in node
    if "additionalProperties" in node:
        assert "maxProperties" in node


@pytest.mark.parametrize("path", [path for path in NODES if path.startswith((".spec", ".status"))])
def test_a_field_is_described(path: str) -> None:
    assert NODES[path].get("description", "").endswith(".") or path.endswith(
        ("[]", "*", "labelSelector.matchExpressions[]")
    )


@pytest.mark.parametrize("path", [path for path in NODES if path.startswith(".status")])
def test_status_has_no_defaults(path: str) -> None:
    """An absent field of the record means that nothing was recorded, and must stay so."""
    assert "default" not in NODES[path]


def test_defaults_of_the_schema_are_those_of_the_models() -> None:
    assert SCHEMA["properties"]["spec"]["default"] == without_empty(ValkeyClusterSpec().to_wire())
    assert _defaulted({}, SCHEMA["properties"]["spec"]) == SCHEMA["properties"]["spec"]["default"]


def test_every_rule_is_in_the_schema_once() -> None:
    found = [validation["rule"] for node in NODES.values() for validation in node.get("x-kubernetes-validations", ())]
    assert sorted(found) == sorted(rule.cel for rule in (*STATE_RULES, *ENTRY_RULES, *CHANGE_RULES))


def test_scale_and_columns_point_at_fields() -> None:
    scale = VERSION["subresources"]["scale"].values()
    columns = [column["jsonPath"] for column in VERSION["additionalPrinterColumns"]]
    assert {*scale, *columns} - NODES.keys() == {".metadata.creationTimestamp"}


def test_people_see_six_columns_and_more_on_request() -> None:
    shown = [c["name"] for c in VERSION["additionalPrinterColumns"] if not c.get("priority")]
    assert shown == ["Phase", "Primary", "Ready", "Epoch", "Age"]
    assert crd()["spec"]["names"]["shortNames"] == ["vc"]


def test_status_columns_are_int64() -> None:
    for path in (".status.epoch", ".status.failover.candidate.offset", ".status.histories[].baseOffset"):
        assert NODES[path]["format"] == "int64"
        assert "maximum" not in NODES[path], "an API server cannot hold the bounds of int64 as bounds"


def test_every_call_gives_a_fresh_object() -> None:
    crd()["spec"]["names"]["kind"] = "Changed"
    assert crd()["spec"]["names"]["kind"] == "ValkeyCluster"


def test_a_union_is_refused_by_the_generator() -> None:
    class Loose(ApiModel):
        value: int | str = 0

    with pytest.raises(BugError, match=r"Loose\.value: a structural schema has no unions"):
        structural_schema(Loose, "validation")


def test_optional_nested_and_literal_fields_are_inlined() -> None:
    class Inner(ApiModel):
        """Inner."""

        word: Literal["only"] = "only"

    class Outer(ApiModel):
        inner: Inner | None = None
        """An ``Inner``."""
        counts: FrozenMap[int] = Field(default=FrozenMap(), max_length=2)

    assert structural_schema(Outer, "validation")["properties"] == {
        "inner": {
            "description": "An Inner.",
            "type": "object",
            "properties": {"word": {"type": "string", "enum": ["only"], "default": "only"}},
        },
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 2},
    }


def test_computed_fields_are_in_the_status_schema_and_not_required() -> None:
    status = structural_schema(ValkeyClusterStatus, "serialization")
    assert {"masterPod", "currentMaster", "ready"} <= status["properties"].keys()
    assert "required" not in status


def _defaulted(obj: Json, schema: Json) -> Json:
    """Fill in defaults as an API server does: top down, the fields of a defaulted object too."""
    for name, field in schema.get("properties", {}).items():
        if name not in obj and "default" in field:
            obj[name] = field["default"]
        if isinstance(obj.get(name), dict):
            _defaulted(obj[name], field)
    return obj
