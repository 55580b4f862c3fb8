"""The cells of one row of ``kubectl get``, kind by kind."""

from datetime import UTC, datetime
from typing import Any, Final

from gungnir.local.selectors import label_selector_text

Obj = dict[str, Any]
NONE: Final = "<none>"
_UNSET: Final = "<unset>"
_SHOWN_ENDPOINTS: Final = 3
_ACCESS_MODES: Final = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def duration(seconds: float) -> str:
    """Return a duration as ``duration.HumanDuration`` of apimachinery writes it."""
    s = int(seconds)
    if s < -1:
        return "<invalid>"
    s = max(s, 0)
    minutes, hours, days = s // 60, s // 3600, s // 86400
    if s < 60 * 2:
        return f"{s}s"
    if minutes < 10:  # noqa: PLR2004  # the thresholds are HumanDuration's
        return f"{minutes}m{s % 60}s" if s % 60 else f"{minutes}m"
    if minutes < 60 * 3:
        return f"{minutes}m"
    if hours < 8:  # noqa: PLR2004
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:  # noqa: PLR2004
        return f"{hours}h"
    if hours < 24 * 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 365 * 2:
        return f"{days}d"
    return f"{days // 365}y"


def since(timestamp: str | None) -> str:
    """Return how long ago a timestamp was."""
    if not timestamp:
        return "<unknown>"
    try:
        then = datetime.fromisoformat(timestamp)
    except ValueError:
        return "<invalid>"
    return duration((datetime.now(UTC) - then).total_seconds())


def age(obj: Obj) -> str:
    """Return the age of an object."""
    return since(obj["metadata"].get("creationTimestamp"))


def text(value: Any) -> str:
    """Return a value as a string column shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def _pairs(labels: Obj | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def pod(obj: Obj) -> list[Any]:
    """Return the row of a pod."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    states = status.get("containerStatuses") or []
    restarts = sum(state.get("restartCount", 0) for state in states)
    ready = sum(bool(state.get("ready")) for state in states)
    gates = [gate["conditionType"] for gate in spec.get("readinessGates") or []]
    true = {c["type"] for c in status.get("conditions") or [] if c.get("status") == "True"}
    gate_cell = f"{sum(gate in true for gate in gates)}/{len(gates)}" if gates else NONE
    return [
        _name(obj),
        f"{ready}/{len(spec.get('containers') or [])}",
        _pod_reason(obj, states),
        _restarts(restarts, states),
        age(obj),
        status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        gate_cell,
    ]


def _restarts(count: int, states: list[Obj]) -> str:
    ends = [((s.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for s in states]
    last = max((end for end in ends if end), default=None)
    return f"{count} ({since(last)} ago)" if count and last else str(count)


def _pod_reason(obj: Obj, states: list[Obj]) -> str:
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    reason = status.get("reason") or status.get("phase") or "Unknown"
    initial = status.get("initContainerStatuses") or []
    pending = _init_reason(initial, len(spec.get("initContainers") or []))
    if pending:
        reason = pending
    else:
        for state in reversed(states):
            current = state.get("state") or {}
            waiting, terminated = current.get("waiting") or {}, current.get("terminated") or {}
            if waiting.get("reason"):
                reason = waiting["reason"]
            elif terminated:
                code = (
                    f"Signal:{terminated['signal']}"
                    if terminated.get("signal")
                    else (f"ExitCode:{terminated.get('exitCode', 0)}")
                )
                reason = terminated.get("reason") or code
    if obj["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return str(reason)


def _init_reason(states: list[Obj], total: int) -> str:
    for i, state in enumerate(states):
        current = state.get("state") or {}
        terminated, waiting = current.get("terminated"), current.get("waiting") or {}
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if terminated is not None:
            return f"Init:{terminated.get('reason') or 'ExitCode:' + str(terminated.get('exitCode'))}"
        if waiting.get("reason") not in {None, "", "PodInitializing"}:
            return f"Init:{waiting['reason']}"
        return f"Init:{i}/{total}"
    return ""


def service(obj: Obj) -> list[Any]:
    """Return the row of a Service."""
    spec = obj.get("spec") or {}
    kind = spec.get("type") or "ClusterIP"
    ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    external = list(spec.get("externalIPs") or []) + [i.get("ip") or i.get("hostname") or "" for i in ingress]
    shown = ",".join(external) or ("<pending>" if kind == "LoadBalancer" else NONE)
    if kind == "ExternalName":
        shown = spec.get("externalName") or NONE
    ports = ",".join(
        f"{p['port']}:{p['nodePort']}/{p.get('protocol', 'TCP')}"
        if p.get("nodePort")
        else f"{p['port']}/{p.get('protocol', 'TCP')}"
        for p in spec.get("ports") or []
    )
    return [
        _name(obj),
        kind,
        spec.get("clusterIP") or NONE,
        shown,
        ports or NONE,
        age(obj),
        _pairs(spec.get("selector")),
    ]


def _listed(addresses: list[str]) -> str:
    if not addresses:
        return NONE
    more = len(addresses) - _SHOWN_ENDPOINTS
    return ",".join(addresses[:_SHOWN_ENDPOINTS]) + (f" + {more} more..." if more > 0 else "")


def endpoints(obj: Obj) -> list[Any]:
    """Return the row of an Endpoints object."""
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or []
        for port in subset.get("ports") or []
        for address in subset.get("addresses") or []
    ]
    return [_name(obj), _listed(found), age(obj)]


def endpoint_slice(obj: Obj) -> list[Any]:
    """Return the row of an EndpointSlice."""
    addresses = [a for endpoint in obj.get("endpoints") or [] for a in endpoint.get("addresses") or []]
    ports = ",".join(str(p.get("port", "*")) for p in obj.get("ports") or []) or _UNSET
    return [_name(obj), obj.get("addressType", ""), ports, _listed(addresses) if addresses else _UNSET, age(obj)]


def _containers(obj: Obj) -> tuple[str, str]:
    containers = (((obj.get("spec") or {}).get("template") or {}).get("spec") or {}).get("containers") or []
    return ",".join(c.get("name", "") for c in containers), ",".join(c.get("image", "") for c in containers)


def stateful_set(obj: Obj) -> list[Any]:
    """Return the row of a StatefulSet."""
    ready = (obj.get("status") or {}).get("readyReplicas", 0)
    return [_name(obj), f"{ready}/{(obj.get('spec') or {}).get('replicas', 1)}", age(obj), *_containers(obj)]


def deployment(obj: Obj) -> list[Any]:
    """Return the row of a Deployment."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    return [
        _name(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}",
        str(status.get("updatedReplicas", 0)),
        str(status.get("availableReplicas", 0)),
        age(obj),
        *_containers(obj),
        label_selector_text(spec.get("selector")) or NONE,
    ]


def replica_set(obj: Obj) -> list[Any]:
    """Return the row of a ReplicaSet."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    counts = [spec.get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]
    selector = label_selector_text(spec.get("selector")) or NONE
    return [_name(obj), *(str(count) for count in counts), age(obj), *_containers(obj), selector]


def controller_revision(obj: Obj) -> list[Any]:
    """Return the row of a ControllerRevision."""
    owners = [o for o in obj["metadata"].get("ownerReferences") or [] if o.get("controller")]
    owner = owners[0] if owners else None
    group = owner["apiVersion"].partition("/")[0] if owner and "/" in owner["apiVersion"] else ""
    shown = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}" if owner else NONE
    return [_name(obj), shown, str(obj.get("revision", 0)), age(obj)]


def config_map(obj: Obj) -> list[Any]:
    """Return the row of a ConfigMap."""
    return [_name(obj), str(len(obj.get("data") or {}) + len(obj.get("binaryData") or {})), age(obj)]


def secret(obj: Obj) -> list[Any]:
    """Return the row of a Secret."""
    return [_name(obj), obj.get("type", "Opaque"), str(len(obj.get("data") or {})), age(obj)]


def service_account(obj: Obj) -> list[Any]:
    """Return the row of a ServiceAccount."""
    return [_name(obj), str(len(obj.get("secrets") or [])), age(obj)]


def namespace(obj: Obj) -> list[Any]:
    """Return the row of a Namespace."""
    return [_name(obj), (obj.get("status") or {}).get("phase", "Active"), age(obj)]


def node(obj: Obj) -> list[Any]:
    """Return the row of a Node."""
    status = obj.get("status") or {}
    conditions = {c["type"]: c.get("status") for c in status.get("conditions") or []}
    state = {"True": "Ready", "False": "NotReady"}.get(conditions.get("Ready", ""), "Unknown")
    if (obj.get("spec") or {}).get("unschedulable"):
        state += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    labels = obj["metadata"].get("labels") or {}
    roles = ",".join(sorted(label.removeprefix(prefix) for label in labels if label.startswith(prefix))) or NONE
    addresses = {a["type"]: a["address"] for a in status.get("addresses") or []}
    info = status.get("nodeInfo") or {}
    return [
        _name(obj),
        state,
        roles,
        age(obj),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _modes(modes: list[str] | None) -> str:
    return ",".join(_ACCESS_MODES.get(mode, mode) for mode in modes or [])


def claim(obj: Obj) -> list[Any]:
    """Return the row of a PersistentVolumeClaim."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    bound = bool(spec.get("volumeName"))
    return [
        _name(obj),
        phase,
        spec.get("volumeName", ""),
        str((status.get("capacity") or {}).get("storage", "")) if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or _UNSET,
        age(obj),
        spec.get("volumeMode") or _UNSET,
    ]


def volume(obj: Obj) -> list[Any]:
    """Return the row of a PersistentVolume."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    reference = spec.get("claimRef") or {}
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    return [
        _name(obj),
        str((spec.get("capacity") or {}).get("storage", "")),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{reference.get('namespace')}/{reference.get('name')}" if reference else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or _UNSET,
        status.get("reason", ""),
        age(obj),
        spec.get("volumeMode") or _UNSET,
    ]


def disruption_budget(obj: Obj) -> list[Any]:
    """Return the row of a PodDisruptionBudget."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    limits = [str(spec[n]) if spec.get(n) is not None else "N/A" for n in ("minAvailable", "maxUnavailable")]
    return [_name(obj), *limits, str(status.get("disruptionsAllowed", 0)), age(obj)]


def lease(obj: Obj) -> list[Any]:
    """Return the row of a Lease."""
    return [_name(obj), (obj.get("spec") or {}).get("holderIdentity") or "", age(obj)]


def event(obj: Obj) -> list[Any]:
    """Return the row of an Event (in the core form)."""
    about, source, series = obj.get("involvedObject") or {}, obj.get("source") or {}, obj.get("series") or {}
    first_seen = since(obj.get("firstTimestamp") or obj.get("eventTime"))
    last = series.get("lastObservedTime") or obj.get("lastTimestamp")
    count = series.get("count") or obj.get("count") or 1
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    return [
        since(last) if last else first_seen,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(part for part in (component, host) if part),
        str(obj.get("message", "")).strip(),
        first_seen,
        count,
        _name(obj),
    ]


def definition(obj: Obj) -> list[Any]:
    """Return the row of an object shown with its creation time."""
    return [_name(obj), obj["metadata"].get("creationTimestamp", "")]


def binding(obj: Obj) -> list[Any]:
    """Return the row of a RoleBinding or ClusterRoleBinding."""
    role = obj.get("roleRef") or {}
    return [_name(obj), f"{role.get('kind', '')}/{role.get('name', '')}", age(obj)]


def storage_class(obj: Obj) -> list[Any]:
    """Return the row of a StorageClass."""
    default = (obj["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class") == "true"
    return [
        _name(obj) + (" (default)" if default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", ""),
        obj.get("volumeBindingMode", ""),
        "true" if obj.get("allowVolumeExpansion") else "false",
        age(obj),
    ]
