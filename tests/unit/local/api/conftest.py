"""A registry with one namespace, and a small custom resource."""

from typing import Any

import pytest

from gungnir.local.registry import Registry

Obj = dict[str, Any]


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.create("namespaces", {"metadata": {"name": "default"}})
    return registry


@pytest.fixture
def pod() -> Obj:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "valkey/valkey:9.1"}]}}


@pytest.fixture
def definition() -> Obj:
    """A definition with a default, a bound, a transition rule, a map list, status and scale."""
    spec = {
        "type": "object",
        "required": ["size"],
        "properties": {
            "size": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
            "name": {
                "type": "string",
                "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "is fixed"}],
            },
            "mode": {"type": "string", "enum": ["fast", "safe"]},
            "disk": {"x-kubernetes-int-or-string": True},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "parts": {
                "type": "array",
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["id"],
                "items": {
                    "type": "object",
                    "required": ["id"],
                    "properties": {
                        "id": {"type": "string"},
                        "weight": {
                            "type": "integer",
                            "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "may only grow"}],
                        },
                    },
                },
            },
        },
        "x-kubernetes-validations": [
            {
                "rule": "!has(self.disk) || quantity(string(self.disk)).isGreaterThan(quantity('1Mi'))",
                "message": "must be more than 1Mi",
                "fieldPath": ".disk",
            },
        ],
    }
    status = {
        "type": "object",
        "properties": {"size": {"type": "integer"}, "selector": {"type": "string"}, "phase": {"type": "string"}},
    }
    return {
        "metadata": {"name": "boxes.test.example"},
        "spec": {
            "group": "test.example",
            "scope": "Namespaced",
            "names": {"plural": "boxes", "kind": "Box", "shortNames": ["bx"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}},
                    },
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": ".spec.size",
                            "statusReplicasPath": ".status.size",
                            "labelSelectorPath": ".status.selector",
                        },
                    },
                    "additionalPrinterColumns": [
                        {"name": "Phase", "type": "string", "jsonPath": ".status.phase"},
                        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1},
                    ],
                }
            ],
        },
    }


@pytest.fixture
def boxes(registry: Registry, definition: Obj) -> Registry:
    """The registry with the custom resource and one object of it, ``b``."""
    registry.create("customresourcedefinitions", definition)
    registry.create("boxes", {"metadata": {"name": "b"}, "spec": {"name": "x"}}, namespace="default")
    return registry
