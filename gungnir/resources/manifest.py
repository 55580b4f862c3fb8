"""What every builder shares: the type of a Kubernetes object and a hash that depends on nothing but its content."""

import hashlib
import json
from typing import Any

Manifest = dict[str, Any]
"""A Kubernetes object as the API server takes it: a JSON tree."""

HASH_LENGTH = 16
"""Hex digits kept of a content hash: 64 bits, for telling versions of one object apart, not for security."""


def content_hash(value: Any) -> str:
    """Return a short hash of a JSON value; equal for equal content whatever the order of the keys.

    Args:
        value: Any JSON value.
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:HASH_LENGTH]
