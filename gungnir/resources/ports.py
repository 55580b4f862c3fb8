"""The one port, as containers and Services name it."""

from typing import Final

from gungnir.api.cluster import ValkeyCluster
from gungnir.resources.manifest import Manifest

PORT_NAME: Final = "valkey"
"""Name of the container port, which Services target: it resolves per pod, whatever number a pod was started with."""


def service_ports(cluster: ValkeyCluster) -> list[Manifest]:
    """Return the ports of each of the cluster's Services."""
    return [
        {
            "name": PORT_NAME,
            "protocol": "TCP",
            "appProtocol": "redis",
            "port": cluster.spec.port,
            "targetPort": PORT_NAME,
        }
    ]
