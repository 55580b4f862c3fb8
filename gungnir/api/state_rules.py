"""Rules over more than one field that every version of a ValkeyCluster keeps."""

import re
from typing import Final

from gungnir.api.pod_options import Resources
from gungnir.api.quantity import parse_quantity
from gungnir.api.rule import StateRule
from gungnir.api.spec import DurabilityMode

MAX_NAME_LENGTH: Final = 52
"""Characters. Pods carry the label ``controller-revision-hash: <name>-<10 characters>``, and labels end at 63."""
NAME_PATTERN: Final = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
"""A DNS label that starts with a letter (RFC 1035), because Services are named after the cluster."""


def _within_limits(resources: Resources) -> bool:
    return all(
        parse_quantity(request) <= parse_quantity(resources.limits[name])
        for name, request in resources.requests.items()
        if name in resources.limits
    )


STATE_RULES: Final = (
    StateRule(
        name="name-fits",
        scope="",
        field="metadata.name",
        cel=f"self.metadata.name.size() <= {MAX_NAME_LENGTH} && self.metadata.name.matches('{NAME_PATTERN}')",
        message=f"must have at most {MAX_NAME_LENGTH} characters, start with a lower-case letter and contain only "
        "lower-case letters, digits and '-', because Services, pods and labels are named after it; choose another name",
        holds=lambda cluster: (
            len(cluster.name) <= MAX_NAME_LENGTH and re.search(NAME_PATTERN, cluster.name) is not None
        ),
    ),
    StateRule(
        name="durability-has-replicas",
        scope="spec",
        field="spec.durability.replicasToAck",
        cel="!has(self.durability.replicasToAck) || self.durability.replicasToAck < self.replicas",
        message="must be less than spec.replicas, because the primary does not acknowledge its own writes; "
        "lower it or raise spec.replicas",
        holds=lambda cluster: (cluster.spec.durability.replicas_to_ack or 0) < cluster.spec.replicas,
    ),
    StateRule(
        name="durability-required-acks",
        scope="spec",
        field="spec.durability.replicasToAck",
        cel="self.durability.mode != 'required' || self.replicas == 1 || !has(self.durability.replicasToAck) || "
        "self.durability.replicasToAck >= 1",
        message="must be at least 1 in mode required with more than one pod; "
        "raise it, or set spec.durability.mode to async",
        holds=lambda cluster: (
            cluster.spec.durability.mode != DurabilityMode.REQUIRED
            or cluster.spec.replicas == 1
            or cluster.spec.replicas_to_ack >= 1
        ),
    ),
    StateRule(
        name="silence-outlasts-pings",
        scope="spec.sentinel",
        field="spec.sentinel.downAfterMs",
        cel="self.downAfterMs >= 2 * self.pingIntervalMs",
        message="must be at least twice spec.sentinel.pingIntervalMs, so that one lost answer is not silence; "
        "raise it or lower pingIntervalMs",
        holds=lambda cluster: cluster.spec.sentinel.down_after_ms >= 2 * cluster.spec.sentinel.ping_interval_ms,
    ),
    StateRule(
        name="failover-outlasts-silence",
        scope="spec.sentinel",
        field="spec.sentinel.failoverTimeoutMs",
        cel="self.failoverTimeoutMs > self.downAfterMs",
        message="must be more than spec.sentinel.downAfterMs, so that a failover has time to act; "
        "raise it or lower downAfterMs",
        holds=lambda cluster: cluster.spec.sentinel.failover_timeout_ms > cluster.spec.sentinel.down_after_ms,
    ),
    StateRule(
        name="storage-not-empty",
        scope="spec.persistence",
        field="spec.persistence.size",
        cel="quantity(string(self.size)).isGreaterThan(quantity('0'))",
        message="must be more than 0; write a size such as 1Gi",
        holds=lambda cluster: parse_quantity(cluster.spec.persistence.size) > 0,
    ),
    StateRule(
        name="secret-needs-auth",
        scope="spec.auth",
        field="spec.auth.existingSecret",
        cel="self.enabled || !has(self.existingSecret)",
        message="has no effect while spec.auth.enabled is false; remove it or enable auth",
        holds=lambda cluster: cluster.spec.auth.enabled or cluster.spec.auth.existing_secret is None,
    ),
    StateRule(
        name="resources-within-limits",
        scope="spec.resources",
        field="spec.resources.requests",
        cel="!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || "
        "quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",
        message="must not exceed spec.resources.limits, or no pod could be created; "
        "lower the request or raise the limit",
        holds=lambda cluster: _within_limits(cluster.spec.resources),
    ),
)
