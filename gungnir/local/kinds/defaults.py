"""The defaults of the API for what operators write: what a real server adds, an operator must not see as drift.

Source: ``pkg/apis/{core,apps,policy,...}/v1/defaults.go`` of Kubernetes 1.33.
"""

from typing import Any

Obj = dict[str, Any]

_HTTP_PATH = "/"


def probe(value: Obj) -> None:
    """Default a startup, readiness or liveness probe."""
    value.setdefault("timeoutSeconds", 1)
    value.setdefault("periodSeconds", 10)
    value.setdefault("successThreshold", 1)
    value.setdefault("failureThreshold", 3)
    _handler(value)


def _handler(value: Obj) -> None:
    http = value.get("httpGet")
    if isinstance(http, dict):
        http.setdefault("path", _HTTP_PATH)
        http.setdefault("scheme", "HTTP")
    grpc = value.get("grpc")
    if isinstance(grpc, dict):
        grpc.setdefault("service", "")


def image_pull_policy(image: str) -> str:
    """Return ``Always`` for an image without a tag or with ``latest``, else ``IfNotPresent``."""
    if "@" in image:
        return "IfNotPresent"
    _, colon, tag = image.rpartition(":")
    return "IfNotPresent" if colon and "/" not in tag and tag != "latest" else "Always"


def container(value: Obj) -> None:
    """Default a container of a pod."""
    value.setdefault("resources", {})
    value.setdefault("terminationMessagePath", "/dev/termination-log")
    value.setdefault("terminationMessagePolicy", "File")
    if not value.get("imagePullPolicy"):
        value["imagePullPolicy"] = image_pull_policy(str(value.get("image") or ""))
    for port in value.get("ports") or []:
        port.setdefault("protocol", "TCP")
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        if isinstance(value.get(name), dict):
            probe(value[name])
    for hook in (value.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _handler(hook)
    for variable in value.get("env") or []:
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if isinstance(reference, dict):
            reference.setdefault("apiVersion", "v1")


def _volume(value: Obj) -> None:
    for source in ("configMap", "secret", "projected", "downwardAPI"):
        if isinstance(value.get(source), dict):
            value[source].setdefault("defaultMode", 420)
    for item in (value.get("downwardAPI") or {}).get("items") or []:
        if isinstance(item.get("fieldRef"), dict):
            item["fieldRef"].setdefault("apiVersion", "v1")
    for source in (value.get("projected") or {}).get("sources") or []:
        if isinstance(source.get("serviceAccountToken"), dict):
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
    if isinstance(value.get("hostPath"), dict):
        value["hostPath"].setdefault("type", "")
    if not any(name != "name" for name in value):
        value["emptyDir"] = {}


def pod_spec(spec: Obj) -> None:
    """Default the spec of a pod or of a pod template."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("securityContext", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for field in ("containers", "initContainers"):
        for value in spec.get(field) or []:
            container(value)
    for value in spec.get("volumes") or []:
        _volume(value)


def pod(obj: Obj) -> None:
    """Default a pod; what the admission plugins of a real server add to a pod (not to a template) is here too."""
    spec = obj.setdefault("spec", {})
    pod_spec(spec)
    for value in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        for name, amount in (value["resources"].get("limits") or {}).items():
            value["resources"].setdefault("requests", {}).setdefault(name, amount)
    spec.setdefault("enableServiceLinks", True)
    spec.setdefault("serviceAccountName", "default")
    spec.setdefault("serviceAccount", spec["serviceAccountName"])
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)
    tolerations = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(t.get("key") in {key, None} and t.get("effect") in {"NoExecute", None} for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})


def service(obj: Obj) -> None:
    """Default a Service, the IP families of a single-stack IPv4 cluster included."""
    spec = obj.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})
    if kind != "ExternalName":
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind in {"NodePort", "LoadBalancer"}:
        spec.setdefault("externalTrafficPolicy", "Cluster")
        if kind == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        if not port.get("targetPort") and "port" in port:
            port["targetPort"] = port["port"]


def claim(obj: Obj) -> None:
    """Default a PersistentVolumeClaim."""
    obj.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def volume(obj: Obj) -> None:
    """Default a PersistentVolume."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")


def stateful_set(obj: Obj) -> None:
    """Default a StatefulSet with its template and its claims."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    _template(spec)
    for template in spec.get("volumeClaimTemplates") or []:
        template["apiVersion"], template["kind"] = "v1", "PersistentVolumeClaim"
        claim(template)
        template["status"] = {"phase": "Pending"}


def _template(spec: Obj) -> None:
    template = spec.get("template")
    if isinstance(template, dict):
        template.setdefault("metadata", {})
        pod_spec(template.setdefault("spec", {}))


def deployment(obj: Obj) -> None:
    """Default a Deployment with its template."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")
    _template(spec)


def replica_set(obj: Obj) -> None:
    """Default a ReplicaSet with its template."""
    spec = obj.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)


def secret(obj: Obj) -> None:
    """Default a Secret; ``stringData`` is folded into ``data`` by the decoder."""
    obj.setdefault("type", "Opaque")


def namespace(obj: Obj) -> None:
    """Default a Namespace: its own name as a label, and the finalizer of its content."""
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")


def endpoint_slice(obj: Obj) -> None:
    """Default an EndpointSlice's ports."""
    obj.setdefault("endpoints", [])
    for port in obj.get("ports") or []:
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def storage_class(obj: Obj) -> None:
    """Default a StorageClass."""
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def role_binding(obj: Obj) -> None:
    """Default a RoleBinding or ClusterRoleBinding."""
    group = "rbac.authorization.k8s.io"
    obj.setdefault("roleRef", {}).setdefault("apiGroup", group)
    for subject in obj.get("subjects") or []:
        subject.setdefault("apiGroup", "" if subject.get("kind") == "ServiceAccount" else group)
        if not subject["apiGroup"]:
            del subject["apiGroup"]
