"""A ValkeyCluster's spec as the facts that machines decide on."""

import math
from collections.abc import Callable

from gungnir.api.cluster import ValkeyCluster
from gungnir.api.quantity import parse_quantity
from gungnir.api.spec import DurabilityMode
from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from gungnir.machines.scale_down import pods_to_run
from gungnir.machines.view import View


def acks_of(cluster: ValkeyCluster) -> int:
    """Return how many replicas must hold a write: 0 for one pod or asynchronous replication."""
    return cluster.spec.min_replicas_to_write


def size_of(cluster: ValkeyCluster, record: Record) -> int:
    """Return how many pods to run: never so few that the primary would go."""
    primary = None if record.primary is None else record.primary.pod
    ordinal = primary.rpartition("-")[2] if primary else ""
    needed = int(ordinal) + 1 if ordinal.isdecimal() else 0
    return max(cluster.spec.replicas, needed)


def volume_bytes_of(cluster: ValkeyCluster) -> int:
    """Return how large each volume is to be, in whole bytes as Kubernetes rounds them (up); 0 without volumes."""
    persistence = cluster.spec.persistence
    return math.ceil(parse_quantity(persistence.size)) if persistence.enabled else 0


def facts_of(cluster: ValkeyCluster, record: Record, look: Callable[[], View] = lambda: View(())) -> Facts:
    """Return the facts of a cluster. ``look`` returns what is seen of its pods; it is asked only for a scale-down."""
    facts = _as_asked(cluster, record)
    if record.counted.difference(facts.staying):
        facts = facts._replace(size=pods_to_run(facts, record, look()))
    if facts.size > cluster.spec.replicas == 1 and cluster.spec.durability.mode == DurabilityMode.REQUIRED:
        # A single pod promises no copy, but what was promised before holds until the others are gone.
        facts = facts._replace(acks=record.electorate.acks)
    return facts


def _as_asked(cluster: ValkeyCluster, record: Record) -> Facts:
    sentinel = cluster.spec.sentinel
    return Facts(
        name=cluster.name,
        uid=cluster.uid,
        size=size_of(cluster, record),
        acks=acks_of(cluster),
        persistent=cluster.spec.persistence.enabled and cluster.spec.config.get("appendonly", "yes") == "yes",
        down_after_ms=sentinel.down_after_ms,
        catch_up_ms=min(1000, sentinel.failover_timeout_ms),
        paused=cluster.spec.paused,
        volume_bytes=volume_bytes_of(cluster),
        release_after_ms=sentinel.failover_timeout_ms,
        asked=cluster.spec.replicas,
    )
