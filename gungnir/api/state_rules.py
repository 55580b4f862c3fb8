"""Rules over more than one field that every version of a ValkeyCluster keeps."""

import re
from collections.abc import Iterable
from typing import Final

from gungnir.api.config_keys import KEY_PATTERN, OWNED_KEYS, OWNED_PREFIXES, is_owned
from gungnir.api.names import GROUP
from gungnir.api.pod_options import Resources
from gungnir.api.quantity import parse_quantity
from gungnir.api.rule import StateRule
from gungnir.api.spec import DurabilityMode

MAX_NAME_LENGTH: Final = 52
"""Characters. Pods carry the label ``controller-revision-hash: <name>-<10 characters>``, and labels end at 63."""
NAME_PATTERN: Final = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
"""A DNS label that starts with a letter (RFC 1035), because Services are named after the cluster."""
RESERVED_LABEL_PREFIXES: Final = (
    "app.kubernetes.io/",
    f"{GROUP}/",
    "statefulset.kubernetes.io/",
    "apps.kubernetes.io/",
)
_LABEL_KEY: Final = "^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
_LABEL_VALUE: Final = "^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$"


def _matches(pattern: str, texts: Iterable[str]) -> bool:
    return all(re.search(pattern, text) for text in texts)


def _within_limits(resources: Resources) -> bool:
    return all(
        parse_quantity(request) <= parse_quantity(resources.limits[name])
        for name, request in resources.requests.items()
        if name in resources.limits
    )


def _cel_list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


def _cel_prefixes(variable: str, prefixes: Iterable[str]) -> str:
    return " || ".join(f"{variable}.startsWith('{prefix}')" for prefix in prefixes)


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
    StateRule(
        name="config-key-spelling",
        scope="spec.config",
        field="spec.config",
        cel=f"self.all(key, key.matches('{KEY_PATTERN}'))",
        message="keys must be names of valkey.conf directives in lower case, such as maxmemory-policy; correct the key",
        holds=lambda cluster: _matches(KEY_PATTERN, cluster.spec.config),
    ),
    StateRule(
        name="config-key-owned",
        scope="spec.config",
        field="spec.config",
        cel=f"!{_cel_list(OWNED_KEYS)}.exists(key, key in self) && "
        f"!self.exists(key, {_cel_prefixes('key', OWNED_PREFIXES)})",
        message="may not set directives that the operator owns (address, port, files, users, replication, fencing, "
        "tls-*, cluster-*); remove them, and use the field of spec that serves the purpose, if there is one",
        holds=lambda cluster: not any(map(is_owned, cluster.spec.config)),
    ),
    StateRule(
        name="config-value-one-line",
        scope="spec.config",
        field="spec.config",
        cel=r"self.all(key, !self[key].matches('[\\x00-\\x1f\\x7f]'))",
        message="values must be one line without control characters; write the arguments of one directive only",
        holds=lambda cluster: not any(re.search(r"[\x00-\x1f\x7f]", value) for value in cluster.spec.config.values()),
    ),
    StateRule(
        name="labels-well-formed",
        scope="spec.labels",
        field="spec.labels",
        cel=f"self.all(key, key.matches('{_LABEL_KEY}') && self[key].matches('{_LABEL_VALUE}'))",
        message="keys and values must be Kubernetes labels: letters, digits, '-', '_' and '.', at most 63 characters, "
        "the key with an optional DNS prefix and '/'; correct them",
        holds=lambda cluster: (
            _matches(_LABEL_KEY, cluster.spec.labels) and _matches(_LABEL_VALUE, cluster.spec.labels.values())
        ),
    ),
    StateRule(
        name="labels-not-reserved",
        scope="spec.labels",
        field="spec.labels",
        cel=f"!self.exists(key, {_cel_prefixes('key', RESERVED_LABEL_PREFIXES)})",
        message=f"may not set labels under {', '.join(RESERVED_LABEL_PREFIXES)}, by which pods are selected; "
        "use another prefix",
        holds=lambda cluster: not any(key.startswith(RESERVED_LABEL_PREFIXES) for key in cluster.spec.labels),
    ),
    StateRule(
        name="annotations-well-formed",
        scope="spec.annotations",
        field="spec.annotations",
        cel=f"self.all(key, key.matches('{_LABEL_KEY}') && !key.startsWith('{GROUP}/'))",
        message=f"keys must be Kubernetes annotation keys outside {GROUP}/, which the operator uses; correct the key",
        holds=lambda cluster: (
            _matches(_LABEL_KEY, cluster.spec.annotations)
            and not any(key.startswith(f"{GROUP}/") for key in cluster.spec.annotations)
        ),
    ),
)
