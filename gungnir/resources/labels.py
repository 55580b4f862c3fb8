"""Labels, annotations and owner references: whose an object is, and what of the user's metadata its pods carry.

Rule: the user's labels and annotations are added to pods, never instead of ours. Keys of our own group, of the
``app.kubernetes.io`` identity and of the StatefulSet controller stay what we or Kubernetes say.
"""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, Final

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster
from gungnir.errors import BugError
from gungnir.resources.manifest import Manifest

_CONTROLLER_LABELS: Final = frozenset(
    {names.POD_NAME_LABEL, "apps.kubernetes.io/pod-index", "controller-revision-hash"},
)
"""Set by the StatefulSet controller on pods; in a template they would fight it."""


class Ownership(Enum):
    """Whose an object of one of our names is."""

    OURS = "ours"
    ORPHAN = "orphan"
    """No controller: somebody made it by hand, or its owner was deleted with ``--cascade=orphan``."""
    FOREIGN = "foreign"
    """Another controller's, or an earlier cluster's of the same name. Never adopted."""


def cluster_uid(cluster: ValkeyCluster) -> str:
    """Return the uid the API server gave the cluster.

    Raises:
        BugError: The cluster has none: it was not read from an API server.
    """
    if not cluster.metadata.uid:
        raise BugError(f"ValkeyCluster {cluster.metadata.name!r} has no uid: build only from a stored object")
    return cluster.metadata.uid


def owner_reference(cluster: ValkeyCluster) -> Manifest:
    """Return the reference by which the garbage collector removes an owned object with its cluster.

    Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
    """
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "name": cluster.metadata.name,
        "uid": cluster_uid(cluster),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def ownership(live: Mapping[str, Any], uid: str) -> Ownership:
    """Tell whose an object is, by the uid of its controller (a name alone would also match an earlier cluster's).

    Args:
        live: The object as read.
        uid: uid of the ValkeyCluster that asks.
    """
    references = live.get("metadata", {}).get("ownerReferences") or ()
    controllers = [reference.get("uid") for reference in references if reference.get("controller")]
    if not controllers:
        return Ownership.ORPHAN
    return Ownership.OURS if controllers == [uid] else Ownership.FOREIGN


def metadata(cluster: ValkeyCluster, name: str, annotations: Mapping[str, str] | None = None) -> Manifest:
    """Return the metadata of an owned object.

    Args:
        cluster: The owner.
        name: Name of the object.
        annotations: The object's annotations, if it has any.
    """
    return {
        "name": name,
        "namespace": cluster.metadata.namespace,
        "labels": names.base_labels(cluster.metadata.name),
        **({"annotations": dict(annotations)} if annotations else {}),
        "ownerReferences": [owner_reference(cluster)],
    }


def pod_labels(cluster: ValkeyCluster) -> dict[str, str]:
    """Return the labels of the pod template: the user's, then ours."""
    return {**_user_labels(cluster), **names.base_labels(cluster.metadata.name)}


def pod_annotations(cluster: ValkeyCluster, ours: Mapping[str, str]) -> dict[str, str]:
    """Return the annotations of the pod template: the user's, then ours.

    Args:
        cluster: The owner.
        ours: Annotations that the operator puts there.
    """
    return {**_user_annotations(cluster), **ours}


def propagation(cluster: ValkeyCluster) -> dict[str, str]:
    """Return the annotation that remembers which keys of the pod template came from the user; empty if none did.

    Without it a label that is removed from the ValkeyCluster could not be told from one that somebody else added.
    """
    keys = {"annotations": list(_user_annotations(cluster)), "labels": list(_user_labels(cluster))}
    present = {field: values for field, values in keys.items() if values}
    return {names.PROPAGATED_ANNOTATION: json.dumps(present, separators=(",", ":"))} if present else {}


def propagated(obj: Mapping[str, Any], field: str) -> frozenset[str]:
    """Return the keys that an object's pod template has from its ValkeyCluster, as ``propagation`` noted them.

    An unreadable note (edited by hand) counts as empty: a leftover label does less harm than a removed foreign one.

    Args:
        obj: A StatefulSet.
        field: ``labels`` or ``annotations``.
    """
    annotations = obj.get("metadata", {}).get("annotations") or {}
    try:
        note = json.loads(annotations.get(names.PROPAGATED_ANNOTATION, "{}"))
        return frozenset(key for key in note.get(field, ()) if isinstance(key, str))
    except (ValueError, AttributeError, TypeError):
        return frozenset()


def _user_labels(cluster: ValkeyCluster) -> dict[str, str]:
    return _permitted(cluster.spec.labels, names.base_labels(cluster.metadata.name).keys() | _CONTROLLER_LABELS)


def _user_annotations(cluster: ValkeyCluster) -> dict[str, str]:
    return _permitted(cluster.spec.annotations, frozenset())


def _permitted(wanted: Mapping[str, str], reserved: AbstractSet[str]) -> dict[str, str]:
    ours = f"{names.GROUP}/"
    return {key: wanted[key] for key in sorted(wanted) if key not in reserved and not key.startswith(ours)}
