"""The objects that a cluster has before anybody makes one: namespaces, the node, the storage class."""

import platform
from collections.abc import Mapping
from typing import Any, Final

from gungnir import __version__
from gungnir.local.controllers.claims import STORAGE_CLASS
from gungnir.local.errors import NotFoundError
from gungnir.local.node.agent import NODE_ADDRESS, NODE_NAME
from gungnir.local.node.images import Server
from gungnir.local.registry import Registry

_NAMESPACES: Final = ("default", "kube-system", "kube-public", "kube-node-lease")
NODE_LABELS: Final[Mapping[str, str]] = {
    "kubernetes.io/hostname": NODE_NAME,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
}


def plant(registry: Registry, server: Server) -> None:
    """Create what is missing and bring the node's status up to date."""
    for name in _NAMESPACES:
        _ensure(registry, "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    _ensure(
        registry,
        "storageclasses",
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": STORAGE_CLASS,
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "gungnir.local/directory",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate",
            "allowVolumeExpansion": True,
        },
    )
    _ensure(
        registry,
        "nodes",
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE_NAME, "labels": dict(NODE_LABELS)}, "spec": {}},
    )
    _update_node(registry, server)


def _ensure(registry: Registry, resource: str, obj: dict[str, Any]) -> None:
    try:
        registry.get(resource, None, obj["metadata"]["name"])
    except NotFoundError:
        registry.create(resource, obj)


def _update_node(registry: Registry, server: Server) -> None:
    node = registry.get("nodes", None, NODE_NAME)
    now = registry.now()
    node["status"] = {
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "KubeletReady",
                "message": "the local node runs pods as processes of this machine",
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
        ],
        "addresses": [
            {"type": "InternalIP", "address": NODE_ADDRESS},
            {"type": "Hostname", "address": NODE_NAME},
        ],
        "capacity": {"pods": "250"},
        "allocatable": {"pods": "250"},
        "images": [{"names": [f"valkey-server:{server.version}"], "sizeBytes": server.program.stat().st_size}],
        "nodeInfo": {
            "kubeletVersion": f"gungnir-{__version__}",
            "kernelVersion": platform.release(),
            "osImage": platform.platform(),
            "operatingSystem": "linux",
            "architecture": NODE_LABELS["kubernetes.io/arch"],
            "containerRuntimeVersion": f"local://valkey-server-{server.version}",
            "machineID": "",
            "systemUUID": "",
            "bootID": "",
            "kubeProxyVersion": "",
        },
    }
    registry.update("nodes", node, subresource="status")
