"""The CustomResourceDefinition of ValkeyCluster, generated from the models and the rules."""

import sys
from typing import Any, Final

import yaml

from gungnir.api import names
from gungnir.api.change_rules import CHANGE_RULES
from gungnir.api.entry_rules import ENTRY_RULES
from gungnir.api.rule import AnyRule
from gungnir.api.schema import structural_schema, without_empty
from gungnir.api.spec import ValkeyClusterSpec
from gungnir.api.state_rules import STATE_RULES
from gungnir.api.status import ValkeyClusterStatus

Json = dict[str, Any]

_WIDE: Final = 1
"""Priority of a column that is shown with ``-o wide`` only."""
_COLUMNS: Final = (
    ("Phase", "string", ".status.phase", 0),
    ("Primary", "string", ".status.primary.pod", 0),
    ("Ready", "string", ".status.ready", 0),
    ("Epoch", "integer", ".status.epoch", 0),
    ("Message", "string", ".status.message", _WIDE),
    ("Failover", "string", ".status.failover.phase", _WIDE),
    ("Replid", "string", ".status.primary.replid", _WIDE),
    ("Image", "string", ".spec.image", _WIDE),
    ("Age", "date", ".metadata.creationTimestamp", 0),
)


def crd() -> Json:
    """Return the CRD as a fresh JSON object."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.SINGULAR,
                "shortNames": [names.SHORT_NAME],
                "categories": ["valkey"],
            },
            "scope": "Namespaced",
            "versions": [_version()],
        },
    }


def _version() -> Json:
    return {
        "name": names.VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _schema()},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [_column(*column) for column in _COLUMNS],
    }


def _column(name: str, kind: str, path: str, priority: int) -> Json:
    column: Json = {"name": name, "type": kind, "jsonPath": path}
    return {**column, "priority": priority} if priority else column


def _schema() -> Json:
    schema: Json = {
        "description": "ValkeyCluster is one Valkey primary and its replicas, kept available by failover.",
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": {
                **structural_schema(ValkeyClusterSpec, "validation"),
                "default": without_empty(ValkeyClusterSpec().to_wire()),
            },
            "status": structural_schema(ValkeyClusterStatus, "serialization"),
        },
    }
    for rule in (*STATE_RULES, *ENTRY_RULES, *CHANGE_RULES):
        _at(schema, rule.scope).setdefault("x-kubernetes-validations", []).append(_validation(rule))
    return schema


def _at(schema: Json, scope: str) -> Json:
    """Return the node of the schema that a rule's scope names."""
    for part in filter(None, scope.split(".")):
        schema = schema["properties"][part]
    return schema


def _validation(rule: AnyRule) -> Json:
    """Return the rule as the API server reads it; it reports the field where the rule is about one."""
    if not rule.scope:
        return {"rule": rule.cel, "message": f"{rule.field} {rule.message}"}
    validation: Json = {"rule": rule.cel, "message": rule.message}
    if rule.field != rule.scope:
        validation["fieldPath"] = rule.field.removeprefix(rule.scope)
    return validation


class _Dumper(yaml.SafeDumper):
    """Writes shared values out in full: kubectl reads anchors, people do not."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


def crd_yaml() -> str:
    """Return the CRD as YAML, the same text every time."""
    header = "# Generated from gungnir/api by `python -m gungnir.api.crd`; edit the models, not this file.\n"
    return header + yaml.dump(crd(), Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


if __name__ == "__main__":
    sys.stdout.write(crd_yaml())
