"""What ``gungnir local status`` shows, as plain data."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gungnir.api.names import EPOCH_ANNOTATION, ROLE_LABEL
from gungnir.local.controllers.base import PODS, SERVICES, is_ready, is_terminating

if TYPE_CHECKING:
    from gungnir.local.cluster import LocalCluster

_STATES = {"T": "hung", "t": "hung", "Z": "ending"}


def overview(cluster: "LocalCluster") -> dict[str, Any]:
    """Pods, Services and faults of a cluster, and where it is."""
    store = cluster.registry.store
    return {
        "url": cluster.url,
        "kubeconfig": str(cluster.kubeconfig),
        "data_dir": str(cluster.data_dir),
        "operator_source_address": cluster.operator_source_address,
        "restart_delay_ms": cluster.settings.restart_delay_ms,
        "pods": [_pod(cluster, record.obj) for record in store.scan(PODS)],
        "services": [_service(cluster, record.obj) for record in store.scan(SERVICES)],
        "faults": cluster.network.describe(),
        "api_faults": cluster.api_faults.as_json(),
    }


def _pod(cluster: "LocalCluster", pod: dict[str, Any]) -> dict[str, Any]:
    metadata, status = pod["metadata"], pod.get("status") or {}
    worker = cluster.worker(metadata["namespace"], metadata["name"])
    child = next((c.child for c in worker.containers if c.child), None) if worker else None
    containers = status.get("containerStatuses") or []
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "role": (metadata.get("labels") or {}).get(ROLE_LABEL, ""),
        "ready": is_ready(pod),
        "state": "Terminating" if is_terminating(pod) else _state(status, containers, child.pid if child else 0),
        "restarts": sum(container["restartCount"] for container in containers),
        "address": status.get("podIP", ""),
        "pid": child.pid if child else None,
    }


def _state(status: dict[str, Any], containers: list[dict[str, Any]], pid: int) -> str:
    if pid:
        return _STATES.get(_process_state(pid), "Running")
    for container in containers:
        for kind, detail in container["state"].items():
            return str(detail.get("reason") or kind)
    return str(status.get("phase", "Pending"))


def _process_state(pid: int) -> str:
    """The one-letter state of proc(5)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _service(cluster: "LocalCluster", service: dict[str, Any]) -> dict[str, Any]:
    metadata = service["metadata"]
    routes = cluster.routes(metadata["namespace"], metadata["name"])
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "address": service["spec"].get("clusterIP", ""),
        "ports": sorted({port for _address, port in routes}),
        "endpoints": sorted({f"{host}:{port}" for targets in routes.values() for host, port in targets}),
        "epoch": (metadata.get("annotations") or {}).get(EPOCH_ANNOTATION, ""),
    }
