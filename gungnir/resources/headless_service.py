"""The Service that gives each pod its DNS name: ``<pod>.<cluster>-headless.<namespace>.svc``."""

from gungnir.api import names
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata
from gungnir.resources.manifest import Manifest
from gungnir.resources.ports import service_ports


def headless_service(inputs: BuildInputs) -> Manifest:
    """Return the governing Service of the StatefulSet.

    Pods that are not ready are published too: a name is needed while a pod still loads or waits to be attached.
    Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
    """
    cluster = inputs.cluster
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(cluster, names.headless_service(cluster.name)),
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": names.selector_labels(cluster.name),
            "ports": service_ports(cluster),
        },
    }
