"""The PodDisruptionBudget: a drain takes one pod at a time."""

from gungnir.api import names
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata
from gungnir.resources.manifest import Manifest


def disruption_budget(inputs: BuildInputs) -> Manifest:
    """Return the budget: at most one pod away by eviction, also with a single pod, so that its node can be drained.

    Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    cluster = inputs.cluster
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(cluster, names.disruption_budget(cluster.name)),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": names.selector_labels(cluster.name)}},
    }
