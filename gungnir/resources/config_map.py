"""The ConfigMap with valkey.conf."""

from gungnir.api import names
from gungnir.resources.conf import FILE_NAME, valkey_conf
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata
from gungnir.resources.manifest import Manifest


def config_map(inputs: BuildInputs) -> Manifest:
    """Return the ConfigMap.

    Raises:
        UserError: A line of ``spec.config`` cannot stand in the file.
    """
    cluster = inputs.cluster
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(cluster, names.config_map(cluster.name)),
        "data": {FILE_NAME: valkey_conf(cluster.spec)},
    }
