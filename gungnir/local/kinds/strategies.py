"""Which defaults and rules apply to which built-in resource."""

from typing import Any, Final

from gungnir.local.kinds import defaults, definitions, rules
from gungnir.local.kinds.catalog import Kind
from gungnir.local.kinds.strategy import PLAIN, Strategy

Obj = dict[str, Any]


def _pod_status(obj: Obj) -> None:
    obj["status"] = {"phase": "Pending", "qosClass": _qos_class(obj.get("spec") or {})}


def _qos_class(spec: Obj) -> str:
    resources = [c.get("resources") or {} for c in spec.get("containers") or []]
    if not any(r.get("limits") or r.get("requests") for r in resources):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(r.get("limits") or {}) and r.get("requests") == r.get("limits") for r in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _phase(phase: str) -> Any:
    def set_phase(obj: Obj) -> None:
        obj["status"] = {"phase": phase}

    return set_phase


def _service_status(obj: Obj) -> None:
    obj["status"] = {"loadBalancer": {}}


def _replica_status(obj: Obj) -> None:
    obj["status"] = {"replicas": 0}


def _stateful_set_status(obj: Obj) -> None:
    obj["status"] = {"replicas": 0, "availableReplicas": 0}


def _budget_status(obj: Obj) -> None:
    obj["status"] = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def _keep_cluster_ip(new: Obj, old: Obj) -> None:
    spec, was = new.setdefault("spec", {}), old.get("spec") or {}
    if spec.get("type") != "ExternalName":
        for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if not spec.get(field) and was.get(field):
                spec[field] = was[field]
        if spec.get("clusterIP") and spec.get("clusterIPs") and spec["clusterIP"] != spec["clusterIPs"][0]:
            spec["clusterIPs"] = [spec["clusterIP"]]


def _keep_pod_fields(new: Obj, old: Obj) -> None:
    spec, was = new.setdefault("spec", {}), old.get("spec") or {}
    for field in ("nodeName", "serviceAccountName", "serviceAccount", "tolerations"):
        if not spec.get(field) and was.get(field):
            spec[field] = was[field]


def _keep_type(new: Obj, old: Obj) -> None:
    if not new.get("type") and old.get("type"):
        new["type"] = old["type"]


def _keep_claim(new: Obj, old: Obj) -> None:
    was = old.get("spec") or {}
    for field in ("volumeName", "storageClassName"):
        if field in was:
            new.setdefault("spec", {}).setdefault(field, was[field])


def _stateful_set_rules(obj: Obj) -> list[Any]:
    return rules.stateful_set(obj) + rules.service_name(obj)


_TABLE: Final[dict[str, Strategy]] = {
    "pods": Strategy(defaults.pod, _pod_status, _keep_pod_fields, rules.pod, rules.pod_update),
    "services": Strategy(defaults.service, _service_status, _keep_cluster_ip, rules.service, rules.service_update),
    "namespaces": Strategy(defaults.namespace, _phase("Active")),
    "secrets": Strategy(
        defaults.secret, carry_over=_keep_type, validate=rules.config_map, validate_update=rules.secret_update
    ),
    "configmaps": Strategy(validate=rules.config_map, validate_update=rules.config_map_update),
    "persistentvolumeclaims": Strategy(defaults.claim, _phase("Pending"), _keep_claim, rules.claim, rules.claim_update),
    "persistentvolumes": Strategy(defaults.volume, _phase("Pending")),
    "events": Strategy(validate=rules.event),
    "statefulsets.apps": Strategy(
        defaults.stateful_set,
        _stateful_set_status,
        validate=_stateful_set_rules,
        validate_update=rules.stateful_set_update,
    ),
    "deployments.apps": Strategy(defaults.deployment, validate=rules.workload, validate_update=rules.selector_update),
    "replicasets.apps": Strategy(
        defaults.replica_set, _replica_status, validate=rules.workload, validate_update=rules.selector_update
    ),
    "poddisruptionbudgets.policy": Strategy(initial_status=_budget_status, validate=rules.disruption_budget),
    "leases.coordination.k8s.io": Strategy(validate=rules.lease),
    "endpointslices.discovery.k8s.io": Strategy(defaults.endpoint_slice, validate=rules.endpoint_slice),
    "rolebindings.rbac.authorization.k8s.io": Strategy(
        defaults.role_binding, validate_update=rules.role_binding_update
    ),
    "clusterrolebindings.rbac.authorization.k8s.io": Strategy(
        defaults.role_binding, validate_update=rules.role_binding_update
    ),
    definitions.TABLE: Strategy(definitions.default, definitions.initial_status, validate=definitions.validate),
    "storageclasses.storage.k8s.io": Strategy(defaults.storage_class),
}


def strategy_of(kind: Kind) -> Strategy:
    """Return the strategy of a built-in kind; a custom resource has none of its own."""
    return PLAIN if kind.is_custom else _TABLE.get(kind.table, PLAIN)
