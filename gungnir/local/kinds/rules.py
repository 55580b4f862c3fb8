"""Validation of the built-in kinds: required fields, enums and what is immutable.

Source: ``pkg/apis/*/validation/validation.go`` of Kubernetes 1.33, for the fields that an operator for Valkey can
hit; the types and the names of all fields are checked before, by the schema.
"""

import re
from typing import Any, Final

from gungnir.local.errors import DUPLICATE, FORBIDDEN, INVALID, NOT_SUPPORTED, REQUIRED, FieldError
from gungnir.local.kinds.meta import label_problem, subdomain_problem, validate_labels
from gungnir.local.schema.quantities import parse
from gungnir.local.selectors import matches_label_selector

Obj = dict[str, Any]
MAX_PORT: Final = 65535

_PERCENT: Final = re.compile("[0-9]+%")
_PERCENT_TEXT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)


def _required(obj: Obj, path: str, *names: str) -> list[FieldError]:
    return [FieldError(REQUIRED, f"{path}.{name}") for name in names if obj.get(name) in (None, "", [])]


def _one_of(value: Any, path: str, allowed: tuple[str, ...]) -> list[FieldError]:
    if value in (None, *allowed):
        return []
    listed = ", ".join(f'"{item}"' for item in sorted(allowed))
    return [FieldError(NOT_SUPPORTED, path, f"supported values: {listed}", value)]


def _not_negative(value: Any, path: str) -> list[FieldError]:
    if isinstance(value, int) and value < 0:
        return [FieldError(INVALID, path, "must be greater than or equal to 0", value)]
    return []


def _port(value: Any, path: str) -> list[FieldError]:
    if isinstance(value, int) and not 1 <= value <= MAX_PORT:
        return [FieldError(INVALID, path, "must be between 1 and 65535, inclusive", value)]
    return []


def _container(value: Obj, path: str, volumes: set[str], seen: set[str]) -> list[FieldError]:
    errors = _required(value, path, "name", "image")
    name = value.get("name") or ""
    if name and (problem := label_problem(name)):
        errors.append(FieldError(INVALID, f"{path}.name", problem, name))
    if name in seen:
        errors.append(FieldError(DUPLICATE, f"{path}.name", "", name))
    seen.add(name)
    errors += _one_of(value.get("imagePullPolicy"), f"{path}.imagePullPolicy", ("Always", "IfNotPresent", "Never"))
    for i, port in enumerate(value.get("ports") or []):
        at = f"{path}.ports[{i}]"
        errors += _required(port, at, "containerPort") + _port(port.get("containerPort"), f"{at}.containerPort")
        errors += _one_of(port.get("protocol"), f"{at}.protocol", ("SCTP", "TCP", "UDP"))
    for i, variable in enumerate(value.get("env") or []):
        errors += _required(variable, f"{path}.env[{i}]", "name")
    for i, mount in enumerate(value.get("volumeMounts") or []):
        at = f"{path}.volumeMounts[{i}]"
        errors += _required(mount, at, "name", "mountPath")
        if mount.get("name") and mount["name"] not in volumes:
            errors.append(FieldError("Not found", f"{at}.name", "", mount["name"], cause="FieldValueNotFound"))
    return errors


def pod_spec(spec: Obj, path: str, claims: tuple[str, ...] = ()) -> list[FieldError]:
    """Check the spec of a pod or template; ``claims`` are the volumes that a StatefulSet's claim templates add."""
    errors: list[FieldError] = []
    volumes = set(claims)
    for i, volume in enumerate(spec.get("volumes") or []):
        errors += _required(volume, f"{path}.volumes[{i}]", "name")
        if volume.get("name") in volumes and volume["name"] not in claims:
            errors.append(FieldError(DUPLICATE, f"{path}.volumes[{i}].name", "", volume["name"]))
        volumes.add(volume.get("name", ""))
    if not spec.get("containers"):
        errors.append(FieldError(REQUIRED, f"{path}.containers"))
    seen: set[str] = set()
    for field in ("initContainers", "containers"):
        for i, value in enumerate(spec.get(field) or []):
            errors += _container(value, f"{path}.{field}[{i}]", volumes, seen)
    errors += _one_of(spec.get("restartPolicy"), f"{path}.restartPolicy", ("Always", "Never", "OnFailure"))
    errors += _one_of(
        spec.get("dnsPolicy"), f"{path}.dnsPolicy", ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
    )
    errors += _not_negative(spec.get("terminationGracePeriodSeconds"), f"{path}.terminationGracePeriodSeconds")
    for i, gate in enumerate(spec.get("readinessGates") or []):
        errors += _required(gate, f"{path}.readinessGates[{i}]", "conditionType")
    return errors


def pod(obj: Obj) -> list[FieldError]:
    """Check a pod."""
    return pod_spec(obj.get("spec") or {}, "spec")


def pod_update(new: Obj, old: Obj) -> list[FieldError]:
    """Allow only the fields of a pod that may change."""
    if len(new["spec"].get("containers") or []) != len(old["spec"].get("containers") or []):
        return [FieldError(FORBIDDEN, "spec.containers", "pod updates may not add or remove containers")]

    def frozen(obj: Obj) -> Obj:
        spec = {
            name: value
            for name, value in obj["spec"].items()
            if name not in {"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "nodeName"}
        }
        for field in ("containers", "initContainers"):
            spec[field] = [
                {k: v for k, v in c.items() if k not in {"image", "resources"}} for c in spec.get(field) or []
            ]
        return spec

    if frozen(new) == frozen(old):
        return []
    return [
        FieldError(
            FORBIDDEN,
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        )
    ]


def service(obj: Obj) -> list[FieldError]:
    """Check a Service."""
    spec = obj.get("spec") or {}
    kinds = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    errors = _one_of(spec.get("type"), "spec.type", kinds)
    errors += _one_of(spec.get("sessionAffinity"), "spec.sessionAffinity", ("ClientIP", "None"))
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        errors.append(FieldError(REQUIRED, "spec.ports"))
    names: set[str] = set()
    for i, port in enumerate(ports):
        at = f"spec.ports[{i}]"
        if len(ports) > 1:
            errors += _required(port, at, "name")
        name = port.get("name") or ""
        if name and name in names:
            errors.append(FieldError(DUPLICATE, f"{at}.name", "", name))
        names.add(name)
        errors += _required(port, at, "port") + _port(port.get("port"), f"{at}.port")
        errors += _port(port.get("targetPort"), f"{at}.targetPort")
        errors += _one_of(port.get("protocol"), f"{at}.protocol", ("SCTP", "TCP", "UDP"))
    return errors + validate_labels(spec.get("selector"), "spec.selector")


def service_update(new: Obj, old: Obj) -> list[FieldError]:
    """Hold ``clusterIP`` fixed once it is allocated, unless the type changes to or from ExternalName."""
    was, now = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if "ExternalName" in {old["spec"].get("type"), new["spec"].get("type")} or not was or was == now:
        return []
    errors = [FieldError(INVALID, "spec.clusterIPs[0]", "may not change once set", [now])]
    if now:
        errors.append(FieldError(INVALID, "spec.clusterIP", "may not change once set", now))
    return errors


_STATEFUL_SET_MUTABLE: Final = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def _workload(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    errors = _not_negative(spec.get("replicas"), "spec.replicas")
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selector:
        errors.append(FieldError(REQUIRED, "spec.selector"))
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(FieldError(INVALID, "spec.selector", "empty selector is invalid for this workload", selector))
    elif not matches_label_selector(selector, labels):
        errors.append(
            FieldError(INVALID, "spec.template.metadata.labels", "`selector` does not match template `labels`", labels)
        )
    errors += validate_labels(labels, "spec.template.metadata.labels")
    claims = tuple(c["metadata"].get("name", "") for c in spec.get("volumeClaimTemplates") or [])
    return errors + pod_spec(template.get("spec") or {}, "spec.template.spec", claims)


def stateful_set(obj: Obj) -> list[FieldError]:
    """Check a StatefulSet."""
    spec = obj.get("spec") or {}
    errors = _one_of(spec.get("podManagementPolicy"), "spec.podManagementPolicy", ("OrderedReady", "Parallel"))
    strategy = (spec.get("updateStrategy") or {}).get("type")
    errors += _one_of(strategy, "spec.updateStrategy", ("OnDelete", "RollingUpdate"))
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        errors += _one_of(
            retention.get(name), f"spec.persistentVolumeClaimRetentionPolicy.{name}", ("Delete", "Retain")
        )
    for i, template in enumerate(spec.get("volumeClaimTemplates") or []):
        errors += _claim_spec(template.get("spec") or {}, f"spec.volumeClaimTemplates[{i}].spec")
    return errors + _workload(obj)


def stateful_set_update(new: Obj, old: Obj) -> list[FieldError]:
    """Allow only the fields of a StatefulSet that may change."""

    def frozen(obj: Obj) -> Obj:
        return {name: value for name, value in obj["spec"].items() if name not in _STATEFUL_SET_MUTABLE}

    if frozen(new) == frozen(old):
        return []
    return [
        FieldError(
            FORBIDDEN,
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        )
    ]


def workload(obj: Obj) -> list[FieldError]:
    """Check a Deployment or ReplicaSet."""
    return _workload(obj)


def selector_update(new: Obj, old: Obj) -> list[FieldError]:
    """Hold the selector of a Deployment or ReplicaSet fixed."""
    if new["spec"].get("selector") == old["spec"].get("selector"):
        return []
    return [FieldError(INVALID, "spec.selector", "field is immutable", new["spec"].get("selector"))]


def _frozen_data(new: Obj, old: Obj, fields: tuple[str, ...], what: str) -> list[FieldError]:
    if not old.get("immutable"):
        return []
    errors = []
    if not new.get("immutable"):
        errors.append(FieldError(FORBIDDEN, "immutable", f"field is immutable when `immutable` is set on a {what}"))
    errors += [
        FieldError(FORBIDDEN, name, "field is immutable when `immutable` is set")
        for name in fields
        if new.get(name) != old.get(name)
    ]
    return errors


def secret_update(new: Obj, old: Obj) -> list[FieldError]:
    """Hold the type fixed, and the data of an immutable Secret."""
    errors = _frozen_data(new, old, ("data",), "Secret")
    if new.get("type") != old.get("type"):
        errors.append(FieldError(INVALID, "type", "field is immutable", new.get("type")))
    return errors


def config_map_update(new: Obj, old: Obj) -> list[FieldError]:
    """Hold the data of an immutable ConfigMap fixed."""
    return _frozen_data(new, old, ("data", "binaryData"), "ConfigMap")


_CONFIG_KEY_TEXT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def config_map(obj: Obj) -> list[FieldError]:
    """Check the keys of a ConfigMap or Secret."""
    return [
        FieldError(INVALID, f"{field}[{key}]", _CONFIG_KEY_TEXT, key)
        for field in ("data", "binaryData")
        for key in obj.get(field) or {}
        if not key or not all(c.isalnum() or c in "-_." for c in key)
    ]


def _claim_spec(spec: Obj, path: str) -> list[FieldError]:
    errors = []
    if not spec.get("accessModes"):
        errors.append(FieldError(REQUIRED, f"{path}.accessModes", "at least 1 access mode is required"))
    for i, mode in enumerate(spec.get("accessModes") or []):
        modes = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
        errors += _one_of(mode, f"{path}.accessModes[{i}]", modes)
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        errors.append(FieldError(REQUIRED, f"{path}.resources[storage]"))
    return errors


def claim(obj: Obj) -> list[FieldError]:
    """Check a PersistentVolumeClaim."""
    return _claim_spec(obj.get("spec") or {}, "spec")


def claim_update(new: Obj, old: Obj) -> list[FieldError]:
    """Allow only more storage once it is bound, and the volume that a claim is bound to."""
    bound = (new.get("status") or {}).get("phase") == "Bound"
    free = {"volumeName", "storageClassName"} | ({"resources"} if bound else set())

    def frozen(obj: Obj) -> Obj:
        spec = {k: v for k, v in obj["spec"].items() if k not in free}
        return {**spec, "class": obj["spec"].get("storageClassName") if old["spec"].get("storageClassName") else None}

    if frozen(new) == frozen(old):
        return _claim_shrinks(new, old)
    return [
        FieldError(
            FORBIDDEN,
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        )
    ]


def _claim_shrinks(new: Obj, old: Obj) -> list[FieldError]:
    """A claim may ask for less than before, as long as that is more than it has."""
    wanted = new["spec"]["resources"]["requests"]["storage"]
    has = ((new.get("status") or {}).get("capacity") or {}).get("storage")
    if wanted == old["spec"]["resources"]["requests"]["storage"] or has is None or parse(wanted) > parse(has):
        return []
    at = "spec.resources.requests.storage"
    return [FieldError(FORBIDDEN, at, "field can not be less than status.capacity")]


def disruption_budget(obj: Obj) -> list[FieldError]:
    """Check a PodDisruptionBudget."""
    spec = obj.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        return [FieldError(INVALID, "spec", "minAvailable and maxUnavailable cannot be both set", spec)]
    errors = []
    for name in ("minAvailable", "maxUnavailable"):
        value, at = spec.get(name), f"spec.{name}"
        if isinstance(value, str) and not _PERCENT.fullmatch(value):
            errors.append(FieldError(INVALID, at, _PERCENT_TEXT, value))
        errors += _not_negative(value, at)
    return errors


def lease(obj: Obj) -> list[FieldError]:
    """Check a Lease."""
    spec = obj.get("spec") or {}
    errors = []
    duration_s = spec.get("leaseDurationSeconds")
    if duration_s is not None and duration_s <= 0:
        errors.append(FieldError(INVALID, "spec.leaseDurationSeconds", "must be greater than 0", duration_s))
    return errors + _not_negative(spec.get("leaseTransitions"), "spec.leaseTransitions")


def event(obj: Obj) -> list[FieldError]:
    """Check that an Event is in the namespace of the object it is about."""
    about, namespace = (obj.get("involvedObject") or {}).get("namespace", ""), obj["metadata"].get("namespace", "")
    if about and about != namespace:
        return [FieldError(INVALID, "involvedObject.namespace", "does not match event.namespace", about)]
    return []


def endpoint_slice(obj: Obj) -> list[FieldError]:
    """Check an EndpointSlice."""
    if not obj.get("addressType"):
        return [FieldError(REQUIRED, "addressType")]
    return _one_of(obj.get("addressType"), "addressType", ("FQDN", "IPv4", "IPv6"))


def role_binding_update(new: Obj, old: Obj) -> list[FieldError]:
    """Hold the role of a binding fixed."""
    if new.get("roleRef") == old.get("roleRef"):
        return []
    return [FieldError(INVALID, "roleRef", "cannot change roleRef", new.get("roleRef"))]


def service_name(obj: Obj) -> list[FieldError]:
    """Check the governing Service's name of a StatefulSet."""
    name = (obj.get("spec") or {}).get("serviceName") or ""
    problem = subdomain_problem(name) if name else ""
    return [FieldError(INVALID, "spec.serviceName", problem, name)] if problem else []
