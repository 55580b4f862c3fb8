"""The pods' ServiceAccount. Pods never talk to the API server, so it carries no token."""

from gungnir.api import names
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata
from gungnir.resources.manifest import Manifest


def service_account(inputs: BuildInputs) -> Manifest:
    """Return the ServiceAccount."""
    cluster = inputs.cluster
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(cluster, names.service_account(cluster.name)),
        "automountServiceAccountToken": False,
    }
