"""A ValkeyCluster's spec as the facts that machines decide on."""

import math

from gungnir.api.cluster import ValkeyCluster
from gungnir.api.quantity import parse_quantity
from gungnir.machines.facts import Facts
from gungnir.machines.record import Record


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


def facts_of(cluster: ValkeyCluster, record: Record) -> Facts:
    """Return the facts of a cluster."""
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
    )
