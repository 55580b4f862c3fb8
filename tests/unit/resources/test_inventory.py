import json
from collections.abc import Callable
from typing import Any

import pytest

from gungnir.api.spec import ValkeyClusterSpec
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build, name_of

Inputs = Callable[..., BuildInputs]

CHANGES: dict[str, dict[str, Any]] = {
    "replicas": {"replicas": 5},
    "image": {"image": "valkey/valkey:9.1"},
    "image_pull_policy": {"imagePullPolicy": "Always"},
    "image_pull_secrets": {"imagePullSecrets": [{"name": "registry"}]},
    "port": {"port": 7000},
    "resources.requests": {"resources": {"requests": {"cpu": 1}}},
    "resources.limits": {"resources": {"limits": {"cpu": 1}}},
    "persistence.enabled": {"persistence": {"enabled": False}},
    "persistence.size": {"persistence": {"size": "2Gi"}},
    "persistence.storage_class_name": {"persistence": {"storageClassName": ""}},
    "persistence.access_modes": {"persistence": {"accessModes": ["ReadWriteMany"]}},
    "persistence.retain": {"persistence": {"retain": False}},
    "config": {"config": {"hz": "50"}},
    "auth.enabled": {"auth": {"enabled": False}},
    "auth.existing_secret": {"auth": {"existingSecret": "team"}},
    "durability.mode": {"durability": {"mode": "async"}},
    "durability.replicas_to_ack": {"durability": {"replicasToAck": 2}},
    "labels": {"labels": {"team": "cache"}},
    "annotations": {"annotations": {"a": "b"}},
    "node_selector": {"nodeSelector": {"disk": "ssd"}},
    "tolerations": {"tolerations": [{"operator": "Exists"}]},
    "affinity.node_affinity": {"affinity": {"nodeAffinity": {"x": 1}}},
    "affinity.pod_affinity": {"affinity": {"podAffinity": {"x": 1}}},
    "affinity.pod_anti_affinity": {"affinity": {"podAntiAffinity": {"x": 1}}},
    "topology_spread_constraints": {
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}]
    },
    "priority_class_name": {"priorityClassName": "high"},
}
"""A change of each field of the spec."""

ELSEWHERE = {"sentinel", "paused"}
"""Honoured by the monitor and the machines, not by manifests."""


def fields() -> set[str]:
    """Every field of the spec, two levels deep; entries of lists are the user's own."""
    found: set[str] = set()
    for name, info in ValkeyClusterSpec.model_fields.items():
        nested = getattr(info.default, "model_fields_set", None)
        if name == "affinity":
            found |= {f"affinity.{part}" for part in ("node_affinity", "pod_affinity", "pod_anti_affinity")}
        elif nested is not None and name not in ELSEWHERE:
            found |= {f"{name}.{part}" for part in type(info.default).model_fields}
        else:
            found.add(name)
    return found


def test_every_field_of_the_spec_is_accounted_for() -> None:
    assert CHANGES.keys() | ELSEWHERE == fields()


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_no_field_is_accepted_and_ignored(field: str, inputs: Inputs) -> None:
    plain = [build(kind, inputs()) for kind in OwnedKind]
    assert [build(kind, inputs(CHANGES[field])) for kind in OwnedKind] != plain


@pytest.mark.parametrize("kind", OwnedKind)
def test_equal_inputs_give_equal_json(kind: OwnedKind, inputs: Inputs) -> None:
    assert json.dumps(build(kind, inputs())) == json.dumps(build(kind, inputs()))


@pytest.mark.parametrize("kind", OwnedKind)
def test_names_are_those_of_the_manifests(kind: OwnedKind, inputs: Inputs) -> None:
    assert build(kind, inputs())["metadata"]["name"] == name_of(kind, "demo")


def test_what_pods_need_is_written_before_the_stateful_set() -> None:
    assert list(OwnedKind)[-1] is OwnedKind.STATEFUL_SET
    assert list(OwnedKind)[:3] == [OwnedKind.SERVICE_ACCOUNT, OwnedKind.SECRET, OwnedKind.CONFIG_MAP]


def test_a_drain_takes_one_pod_at_a_time(inputs: Inputs) -> None:
    assert build(OwnedKind.DISRUPTION_BUDGET, inputs())["spec"]["maxUnavailable"] == 1


def test_pods_have_an_account_without_a_token(inputs: Inputs) -> None:
    assert build(OwnedKind.SERVICE_ACCOUNT, inputs())["automountServiceAccountToken"] is False
    assert build(OwnedKind.STATEFUL_SET, inputs())["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
