"""Where pods run: the user's wishes as Kubernetes takes them, and a default that keeps pods of one cluster apart."""

from typing import Any

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster
from gungnir.api.model import thaw
from gungnir.resources.manifest import Manifest


def scheduling(cluster: ValkeyCluster) -> Manifest:
    """Return the fields of the pod spec that decide where a pod runs and how its image is pulled."""
    spec = cluster.spec
    fields: dict[str, Any] = {
        "affinity": _affinity(cluster),
        "imagePullSecrets": [secret.to_wire() for secret in spec.image_pull_secrets],
        "nodeSelector": thaw(spec.node_selector),
        "priorityClassName": spec.priority_class_name,
        "tolerations": [toleration.to_wire() for toleration in spec.tolerations],
        "topologySpreadConstraints": _spread(cluster),
    }
    return {name: value for name, value in fields.items() if value}


def _affinity(cluster: ValkeyCluster) -> Manifest:
    """Return the user's affinity; pods of one cluster prefer different nodes unless the user says how they relate."""
    asked: Manifest = cluster.spec.affinity.to_wire() if cluster.spec.affinity else {}
    return {"podAntiAffinity": _apart(cluster), **asked}


def _apart(cluster: ValkeyCluster) -> Manifest:
    # Preferred, not required: on a cluster with fewer nodes than pods, pods on one node are better than pods that wait.
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": names.selector_labels(cluster.name)},
    }
    return {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}


def _spread(cluster: ValkeyCluster) -> list[Manifest]:
    own_pods = {"labelSelector": {"matchLabels": names.selector_labels(cluster.name)}}
    return [{**own_pods, **constraint.to_wire()} for constraint in cluster.spec.topology_spread_constraints]
