"""Names that other systems see: API group, object names, labels, annotations. Changing one breaks running clusters."""

from typing import Final

GROUP: Final = "valkey.verilean.io"
VERSION: Final = "v1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "ValkeyCluster"
PLURAL: Final = "valkeyclusters"
SINGULAR: Final = "valkeycluster"
SHORT_NAME: Final = "vc"

MANAGER: Final = "gungnir-operator"
CONTAINER: Final = "valkey"
DATA_VOLUME: Final = "data"
"""The pods' volume, and the volumeClaimTemplate of that name."""

# Annotations on a ValkeyCluster: what a person asks for.
SWITCHOVER_ANNOTATION: Final = f"{GROUP}/switchover"
"""``<pod>`` or ``any``: hand the primary role over, without losing an acknowledged write."""
ACCEPT_DATA_LOSS_ANNOTATION: Final = f"{GROUP}/accept-data-loss"
"""The epoch shown by a Blocked cluster: a person accepts that writes acknowledged by lost pods may be lost."""
RECOVER_FROM_ANNOTATION: Final = f"{GROUP}/recover-from"
"""``<pod>@<epoch>``: which pod's data to start from, for the epoch that a Blocked cluster shows."""

# On owned objects.
EPOCH_ANNOTATION: Final = f"{GROUP}/epoch"
"""On the client Service and the StatefulSet: the epoch of the failover that wrote it last."""
TEMPLATE_HASH_ANNOTATION: Final = f"{GROUP}/template-hash"
"""On a pod and its template: hash of the template without the epoch; a difference: the pod awaits a rollout."""
CONFIG_HASH_ANNOTATION: Final = f"{GROUP}/config-hash"
"""On the pod template: hash of valkey.conf without what the operator sets on running servers."""
PROPAGATED_ANNOTATION: Final = f"{GROUP}/propagated"
"""On the StatefulSet: which label and annotation keys of the template came from the ValkeyCluster."""
ROLE_LABEL: Final = f"{GROUP}/role"
"""On pods: ``primary``, or ``replica`` while its link is healthy; absent otherwise. Display and read Service."""
SYNCED_CONDITION: Final = f"{GROUP}/synced"
"""Readiness gate of every pod: the operator saw the pod as the primary, or attached to it with a healthy link."""
POD_NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"
NOBODY: Final = "none"
"""Value of POD_NAME_LABEL in the client Service's selector that no pod can have: the Service points at nobody."""

ROLE_PRIMARY: Final = "primary"
ROLE_REPLICA: Final = "replica"


def headless_service(cluster: str) -> str:
    """Name of the Service that gives each pod its DNS name."""
    return f"{cluster}-headless"


def client_service(cluster: str) -> str:
    """Name of the Service that leads to the primary only."""
    return f"{cluster}-client"


def read_service(cluster: str) -> str:
    """Name of the Service that leads to the replicas with a healthy link."""
    return f"{cluster}-read"


def config_map(cluster: str) -> str:
    """Name of the ConfigMap with valkey.conf."""
    return f"{cluster}-config"


def secret(cluster: str) -> str:
    """Name of the Secret with the operator key and the client password."""
    return f"{cluster}-secret"


def stateful_set(cluster: str) -> str:
    """Name of the StatefulSet."""
    return cluster


def disruption_budget(cluster: str) -> str:
    """Name of the PodDisruptionBudget."""
    return f"{cluster}-pdb"


def service_account(cluster: str) -> str:
    """Name of the pods' ServiceAccount, which carries no token."""
    return cluster


def pod(cluster: str, ordinal: int) -> str:
    """Name of the pod with this ordinal. An ordinal names a pod and a volume; it never says who is primary."""
    return f"{cluster}-{ordinal}"


def data_claim(pod_name: str) -> str:
    """Name of the PersistentVolumeClaim that holds this pod's data, as the StatefulSet controller makes it."""
    return f"{DATA_VOLUME}-{pod_name}"


def base_labels(cluster: str) -> dict[str, str]:
    """Labels of every owned object, in the ``app.kubernetes.io`` convention."""
    return {
        "app.kubernetes.io/name": "valkey",
        "app.kubernetes.io/instance": cluster,
        "app.kubernetes.io/managed-by": MANAGER,
        "app.kubernetes.io/part-of": "valkey",
    }


def selector_labels(cluster: str) -> dict[str, str]:
    """The immutable part of the labels, by which Services and the StatefulSet select pods."""
    return {
        "app.kubernetes.io/name": "valkey",
        "app.kubernetes.io/instance": cluster,
        "app.kubernetes.io/managed-by": MANAGER,
    }


def cluster_of_pod(pod_name: str) -> str:
    """Name of the cluster whose StatefulSet makes pods of this name; empty if none does."""
    cluster, _, ordinal = pod_name.rpartition("-")
    return cluster if ordinal.isdecimal() else ""


def pod_selector_labels(pod_name: str) -> dict[str, str]:
    """The labels by which the Services find this pod, its role aside."""
    return {**selector_labels(cluster_of_pod(pod_name)), POD_NAME_LABEL: pod_name}
