"""What owned objects hold: real manifests, made, compared and merged by the production code, and numbered.

A content is canonical JSON; a number stands for it in the states of a model.
"""

import json
from functools import cache
from typing import Any, Final, NamedTuple

from gungnir.api.cluster import ValkeyCluster, parse_cluster
from gungnir.machines.record import Primary, Record
from gungnir.resources.client_service import with_primary
from gungnir.resources.credentials import acl_lines
from gungnir.resources.drift import merge_owned, owned_drift
from gungnir.resources.epoch import epoch_of
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build
from gungnir.resources.labels import Ownership, ownership
from gungnir.resources.stateful_set import epoch_parts, with_epoch
from gungnir.runtime.cluster_cache import service_pod
from gungnir.runtime.facts import size_of
from spec.world import CLUSTER, pod_name

KEY: Final = "ab" * 32
FAILED_OVER: Final = 7
"""The epoch that the failover machine writes, newer than any that the operator's cache knows of."""


class Cluster(NamedTuple):
    """The ValkeyCluster: which one of its name (``number``, 0: none yet), which spec it has, and who is primary.

    ``epoch`` and ``routed`` are what objects that do not exist yet are made of; ``size`` is how many pods to run (0: as
    the spec and the primary say). ``version`` stands for all that is not here (``spec.product``).
    """

    number: int
    spec: int = 0
    deleting: bool = False
    primary: int = 0
    epoch: int = 0
    routed: str | None = None
    size: int = 0
    version: str = ""

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
def parsed(number: int, spec: int) -> ValkeyCluster:
    """Return the ValkeyCluster of this number and spec as the operator reads it."""
    asked = ({"replicas": 3}, {"replicas": 5, "config": {"maxmemory": "64mb"}})[spec]
    metadata = {"name": CLUSTER, "namespace": "ns", "uid": Cluster(number).uid}
    return parse_cluster({"metadata": metadata, "spec": asked})


@cache
def inputs(cluster: Cluster) -> BuildInputs:
    """Return what the builders make manifests of."""
    read = parsed(cluster.number, cluster.spec)
    record = Record(primary=Primary(pod_name(cluster.primary), "", "", "", 1))
    size = cluster.size or size_of(read, record)
    return BuildInputs(read, cluster.epoch, KEY, "open sesame", primary=cluster.routed, replicas=size)


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
        return led_to(live, f"{CLUSTER}-1", FAILED_OVER)
    if kind == OwnedKind.STATEFUL_SET:
        return stamped(live, FAILED_OVER)
    return live


@cache
def led_to(live: int, pod: str | None, epoch: int) -> int:
    """Return the client Service as a failover of this epoch writes it, to lead to this pod (None: to nobody)."""
    return stored(with_primary(content(live), pod, epoch))


@cache
def stamped(live: int, epoch: int) -> int:
    """Return the StatefulSet as a failover of this epoch writes it."""
    return stored(with_epoch(content(live), epoch, acl_lines(epoch, KEY, "uid-1")))


@cache
def leads_to(live: int) -> tuple[str | None, int]:
    """Return whom a client Service leads to, and of which epoch it is, as the operator reads it."""
    service = content(live)
    return service_pod(service), epoch_of(service) or 0


@cache
def selector_of(live: int) -> tuple[tuple[str, str], ...]:
    """Return by which labels a Service selects pods, in order."""
    return tuple(sorted(content(live)["spec"]["selector"].items()))


@cache
def starts_in(live: int) -> int:
    """Return the epoch in which a StatefulSet starts new volumes, as the operator reads it (-1: it does not say)."""
    parts = epoch_parts(content(live))
    return -1 if parts is None else parts[0]


@cache
def replicas_of(live: int) -> int:
    """Return how many pods a StatefulSet asks for."""
    return int(content(live)["spec"]["replicas"])
