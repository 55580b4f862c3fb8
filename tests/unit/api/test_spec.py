"""Derived values of the spec, and the values that are fixed by documents."""

import pytest

from gungnir.api.spec import Durability, DurabilityMode, Sentinel, ValkeyClusterSpec


@pytest.mark.parametrize(
    ("replicas", "mode", "asked", "acks", "min_replicas"),
    [
        (1, "required", None, 0, 0),
        (2, "required", None, 1, 1),
        (3, "required", None, 1, 1),
        (5, "required", 2, 2, 2),
        (3, "async", None, 1, 0),
        (3, "async", 0, 0, 0),
        (3, "async", 2, 2, 0),
    ],
)
def test_durability_follows_mode_and_size(
    replicas: int, mode: str, asked: int | None, acks: int, min_replicas: int
) -> None:
    spec = ValkeyClusterSpec(replicas=replicas, durability=Durability(mode=DurabilityMode(mode), replicas_to_ack=asked))
    assert (spec.replicas_to_ack, spec.min_replicas_to_write) == (acks, min_replicas)


def test_defaults_are_those_that_are_documented() -> None:
    spec = ValkeyClusterSpec()
    assert spec.sentinel == Sentinel(ping_interval_ms=1000, down_after_ms=5000, failover_timeout_ms=60_000)
    assert (spec.port, spec.image_pull_policy, spec.paused) == (6379, "IfNotPresent", False)
    assert (spec.persistence.enabled, spec.persistence.size, spec.persistence.retain) == (True, "1Gi", True)
    assert spec.persistence.access_modes == ("ReadWriteOnce",)
    assert spec.auth.enabled


def test_the_default_image_is_pinned_to_a_patch_release() -> None:
    tag = ValkeyClusterSpec().image.partition(":")[2]
    assert len(tag.split(".")) == 3
    assert all(part.isdigit() for part in tag.split("."))
