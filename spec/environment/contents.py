"""What owned objects hold: real manifests, made, compared and merged by the production code, and numbered.

A content is canonical JSON; a number stands for it in the states of a model.
"""

import json
from functools import cache
from typing import Any, Final, NamedTuple

from gungnir.api.cluster import parse_cluster
from gungnir.machines.record import Primary, Record
from gungnir.resources.client_service import with_primary
from gungnir.resources.credentials import acl_lines
from gungnir.resources.drift import merge_owned, owned_drift
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build
from gungnir.resources.labels import Ownership, ownership
from gungnir.resources.stateful_set import with_epoch
from gungnir.runtime.facts import size_of
from spec.world import CLUSTER, pod_name

KEY: Final = "ab" * 32
FAILED_OVER: Final = 7
"""The epoch that the failover machine writes, newer than any that the operator's cache knows of."""


class Cluster(NamedTuple):
    """The ValkeyCluster: which one of its name (``number``, 0: none yet), which spec it has, and who is primary."""

    number: int
    spec: int = 0
    deleting: bool = False
    primary: int = 0

    @property
    def uid(self) -> str:
        """Its uid."""
        return f"uid-{self.number}"


_TEXTS: Final[list[str]] = []
_NUMBERS: Final[dict[str, int]] = {}


def stored(manifest: Any) -> int:
    """Return the number of a content."""
    text = json.dumps(manifest, sort_keys=True)
    number = _NUMBERS.setdefault(text, len(_TEXTS))
    if number == len(_TEXTS):
        _TEXTS.append(text)
    return number


def content(number: int) -> Any:
    """Return the content of a number."""
    return json.loads(_TEXTS[number])


@cache
def inputs(cluster: Cluster) -> BuildInputs:
    """Return what the builders make manifests of."""
    spec = ({"replicas": 3}, {"replicas": 5, "config": {"maxmemory": "64mb"}})[cluster.spec]
    metadata = {"name": CLUSTER, "namespace": "ns", "uid": cluster.uid}
    parsed = parse_cluster({"metadata": metadata, "spec": spec})
    record = Record(primary=Primary(pod_name(cluster.primary), "", "", "", 1))
    return BuildInputs(parsed, 1, KEY, "open sesame", replicas=size_of(parsed, record))


@cache
def desired(kind: str, cluster: Cluster) -> int:
    """Return the content that the builders make."""
    return stored(build(OwnedKind(kind), inputs(cluster._replace(deleting=False))))


@cache
def drifted(kind: str, cluster: Cluster, live: int) -> bool:
    """Tell whether an object differs in our fields from what it should be."""
    return bool(owned_drift(content(desired(kind, cluster)), content(live)))


@cache
def merged(kind: str, cluster: Cluster, live: int) -> int:
    """Return what an update writes."""
    return stored(merge_owned(content(desired(kind, cluster)), content(live)))


@cache
def owner(live: int, uid: str) -> Ownership:
    """Tell whose an object is."""
    return ownership(content(live), uid)


@cache
def edited(live: int) -> int:
    """Somebody changes a label of ours, and adds one of their own."""
    changed = content(live)
    changed["metadata"]["labels"] |= {"app.kubernetes.io/managed-by": "hand", "theirs": "stays"}
    return stored(changed)


@cache
def foreign(kind: str, cluster: Cluster, uid: str) -> int:
    """Return an object of our name that somebody else made: another controller's, or with an empty uid nobody's."""
    made = content(desired(kind, cluster))
    reference = {"apiVersion": "v1", "kind": "Other", "name": "other", "uid": uid, "controller": True}
    made["metadata"]["ownerReferences"] = [reference] if uid else []
    return stored(made)


@cache
def failed_over(kind: str, live: int) -> int:
    """Return the object as the failover machine leaves it."""
    if kind == OwnedKind.CLIENT_SERVICE:
        return stored(with_primary(content(live), f"{CLUSTER}-1", FAILED_OVER))
    if kind == OwnedKind.STATEFUL_SET:
        return stored(with_epoch(content(live), FAILED_OVER, acl_lines(FAILED_OVER, KEY, "uid-1")))
    return live
