"""The local API server under arbitrary bodies, and its watches against its lists."""

from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gungnir.api import crd, names
from gungnir.local.errors import ApiError
from gungnir.local.patch import MERGE_PATCH, STRATEGIC_PATCH, merge_patch
from gungnir.local.registry import Registry
from gungnir.local.schema.quantities import canonical, parse
from gungnir.local.store import Store

Obj = dict[str, Any]
RESOURCES = (
    "configmaps",
    "customresourcedefinitions",
    "endpointslices",
    "events.events.k8s.io",
    "leases",
    "persistentvolumeclaims",
    "poddisruptionbudgets",
    "pods",
    "secrets",
    "services",
    "statefulsets",
    names.PLURAL,
)
WORKLOAD: Obj = yaml.safe_load("""
replicas: 2
serviceName: web
selector: {matchLabels: {app: web}}
ports: [{port: 1}]
accessModes: [ReadWriteOnce]
resources: {requests: {storage: 1Gi}}
containers: [{name: c, image: i}]
template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i, env: [{name: a}]}]}}
persistence: {size: 1Gi}
config: {maxmemory: 1gb}
group: test.example
scope: Namespaced
names: {plural: boxes, kind: Box}
versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
""")

_field_names = st.sampled_from([*sorted(WORKLOAD), "metadata", "labels", "name", "spec", "items", "properties", "type"])
_leaves = st.none() | st.booleans() | st.integers(-5, 70_000) | st.floats(allow_nan=False) | st.text(max_size=5)
_json = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_field_names | st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def registry() -> Registry:
    made = Registry(Store(history_events=64))
    made.create("namespaces", {"metadata": {"name": "default"}})
    return made


def outcome(act: Callable[[], Any]) -> tuple[Any, int]:
    """Return what came back and 0, or the code of the refusal; anything else is a defect and goes on."""
    try:
        return act(), 0
    except ApiError as refused:
        return {}, int(refused.status()["code"])


@st.composite
def bodies(draw: st.DrawFn) -> Obj:
    """A body that is nearly right: a sound one with some fields replaced by anything."""
    spec = {**WORKLOAD, **draw(st.dictionaries(_field_names, _json, max_size=2))}
    body: Obj = {"metadata": {"name": "x", "namespace": "default"}, "spec": spec}
    if draw(st.booleans()):
        body["metadata"]["labels"] = draw(_json)
    if draw(st.booleans()):
        body[draw(st.sampled_from(["data", "status", "spec", "metadata", "stringData", "endpoints"]))] = draw(_json)
    return body


_schema_words = st.sampled_from(
    [
        "properties",
        "items",
        "additionalProperties",
        "type",
        "enum",
        "default",
        "required",
        "pattern",
        "minimum",
        "a",
        "b",
    ]
)
_schemas = st.recursive(
    _leaves | st.sampled_from(["object", "array", "string", "integer"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_schema_words, inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(schema=_schemas, spec=_json)
def test_any_schema_is_refused_or_judges_any_object(schema: Any, spec: Any) -> None:
    served = registry()
    whole = {"type": "object", "properties": {"spec": schema}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole}}
    definition = {"metadata": {"name": "boxes.test.example"}, "spec": {**WORKLOAD, "versions": [version]}}
    _, code = outcome(lambda: served.create("customresourcedefinitions", definition))
    assert code in {0, 400, 422}
    if not code:
        box = {"metadata": {"name": "b", "namespace": "default"}, "spec": spec}
        assert outcome(lambda: served.create("boxes", box))[1] in {0, 400, 422}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    resource=st.sampled_from(RESOURCES),
    body=bodies(),
    change=_json,
    kind=st.sampled_from([MERGE_PATCH, STRATEGIC_PATCH]),
)
def test_any_body_is_stored_or_refused_as_a_status(resource: str, body: Obj, change: Any, kind: str) -> None:
    served = registry()
    if resource == names.PLURAL:
        served.create("customresourcedefinitions", crd.crd())
    made, code = outcome(lambda: served.create(resource, body, namespace="default"))
    assert code in {0, 400, 404, 422}
    if code:
        return
    metadata = made["metadata"]
    assert served.get(resource, metadata.get("namespace"), metadata["name"]) == made
    assert served.update(resource, made) == made
    where = metadata.get("namespace"), metadata["name"]
    _, code = outcome(lambda: served.patch(resource, *where, {"spec": change}, kind))
    assert code in {0, 400, 415, 422}


_operations = st.lists(
    st.tuples(
        st.sampled_from(["create", "label", "delete", "own", "checkpoint"]),
        st.sampled_from("abc"),
        st.sampled_from("abc"),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(operations=_operations, selector=st.sampled_from(["", "l=a", "l!=a"]))
def test_a_list_and_the_watch_from_it_add_up_to_the_next_list(operations: list[Any], selector: str) -> None:
    served = registry()
    listed = served.list("configmaps", label_selector=selector)
    watch = served.watch("configmaps", resource_version=listed.resource_version, label_selector=selector)
    mirror: dict[str, Obj] = {}
    for operation, name, other in operations:
        _, code = outcome(lambda op=operation, n=name, o=other: _apply(served, op, n, o))  # type: ignore[misc]  # bound now
        assert code in {0, 404, 409}
    for event in watch.take():
        obj = event.object
        if event.type == "DELETED":
            del mirror[obj["metadata"]["name"]]
        else:
            assert (event.type == "ADDED") == (obj["metadata"]["name"] not in mirror)
            mirror[obj["metadata"]["name"]] = obj
    current = served.list("configmaps", label_selector=selector).items
    assert [mirror[name] for name in sorted(mirror)] == current


def _apply(served: Registry, operation: str, name: str, other: str) -> None:
    match operation:
        case "create":
            served.create("configmaps", {"metadata": {"name": name, "labels": {"l": other}}}, namespace="default")
        case "label":
            served.patch("configmaps", "default", name, {"metadata": {"labels": {"l": other}}}, MERGE_PATCH)
        case "own":
            owner = served.get("configmaps", "default", other)["metadata"]
            reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": other, "uid": owner["uid"]}
            served.patch("configmaps", "default", name, {"metadata": {"ownerReferences": [reference]}}, MERGE_PATCH)
        case "delete":
            propagation = {"a": "Foreground", "b": "Background", "c": "Orphan"}[other]
            served.delete("configmaps", "default", name, propagation=propagation)
        case _:
            served.store.forget_history()


@given(target=_json, patch=_json)
def test_a_merge_patch_is_idempotent(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@given(number=st.integers(0, 10**15), suffix=st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi"]))
def test_the_canonical_form_of_a_quantity_keeps_its_value_and_is_its_own(number: int, suffix: str) -> None:
    written = canonical(f"{number}{suffix}")
    assert parse(written) == parse(f"{number}{suffix}")
    assert canonical(written) == written
