"""The Service that leads readers to the replicas whose replication link is healthy."""

from gungnir.api import names
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata
from gungnir.resources.manifest import Manifest
from gungnir.resources.ports import service_ports


def read_service(inputs: BuildInputs) -> Manifest:
    """Return the Service. It selects by the role label, which the operator takes from a pod whose link breaks.

    Only ready pods are published: a replica that loads its data answers nobody. That is the default, and an
    explicit ``publishNotReadyAddresses: false`` would not be stored.
    """
    cluster = inputs.cluster
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(cluster, names.read_service(cluster.name)),
        "spec": {
            "type": "ClusterIP",
            "selector": {**names.selector_labels(cluster.name), names.ROLE_LABEL: names.ROLE_REPLICA},
            "ports": service_ports(cluster),
        },
    }
