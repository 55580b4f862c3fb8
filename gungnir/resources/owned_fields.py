"""Which fields of an owned object are ours, beyond those that a manifest sets.

Rule: a field that a manifest sets is ours, and one that it does not set is not, unless it stands here. ``WHOLE`` fields
are ours also when absent: what a user removed from the ValkeyCluster disappears, and so does what would undo a promise
(a host network, a second selector label). Kubernetes adds no defaults inside them; that is what makes comparing them
whole possible.
"""

from collections.abc import Mapping
from typing import Final

FieldPath = tuple[str, ...]
"""Keys from the root of an object; ``*`` stands for every element of a list."""

_CONTAINER: Final = ("command", "args", "env", "envFrom", "resources", "volumeMounts", "lifecycle", "securityContext")
_POD: Final = (
    "affinity",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "readinessGates",
    "shareProcessNamespace",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
)
_TEMPLATE: Final = ("spec", "template", "spec")

WHOLE: Final[Mapping[str, frozenset[FieldPath]]] = {
    "ConfigMap": frozenset({("data",), ("binaryData",)}),
    "PodDisruptionBudget": frozenset({("spec", "minAvailable"), ("spec", "selector")}),
    "Secret": frozenset({("data",)}),
    "Service": frozenset({("spec", "selector"), ("spec", "externalIPs"), ("spec", "publishNotReadyAddresses")}),
    "StatefulSet": frozenset(
        {
            ("spec", "updateStrategy"),
            *((*_TEMPLATE, field) for field in _POD),
            *((*_TEMPLATE, "containers", "*", field) for field in _CONTAINER),
            *((*_TEMPLATE, "initContainers", "*", field) for field in _CONTAINER),
        }
    ),
}
"""By kind: fields that are compared and replaced as a whole, and removed if the manifest does not have them."""

FROZEN: Final[Mapping[str, tuple[FieldPath, ...]]] = {
    "StatefulSet": (
        ("spec", "podManagementPolicy"),
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
    ),
}
"""By kind: fields that the API server never lets change. Left as they are, and reported apart.

Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#limitations ("updates to statefulset spec
for fields other than ... are forbidden").
"""

IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "ports": ("name",),
    "volumeClaimTemplates": ("metadata", "name"),
}
"""Where an element of a list is the same element after a change: the keys that lead to its name."""
