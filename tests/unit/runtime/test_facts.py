"""The spec, reduced to the numbers that decide."""

from typing import Any

import pytest

from gungnir.api.cluster import ValkeyCluster, parse_cluster
from gungnir.machines.facts import Facts
from gungnir.machines.record import Primary, Record
from gungnir.machines.view import View
from gungnir.runtime.facts import acks_of, facts_of, size_of
from tests.unit.machines.worlds import PRIMARY, view
from tests.unit.machines.worlds import record as machine_record


def cluster(**spec: Any) -> ValkeyCluster:
    metadata = {"name": "vc", "namespace": "ns", "uid": "u1"}
    return parse_cluster(
        {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": metadata, "spec": spec}
    )


def primary(pod: str) -> Record:
    return Record(1, Primary(pod, "u", "r", "i", 1))


def test_the_defaults() -> None:
    facts = facts_of(cluster(), Record())
    expected = Facts(
        "vc", "u1", 3, 1, persistent=True, down_after_ms=5000, catch_up_ms=1000, refusals_for_death=3, asked=3
    )
    assert facts._replace(volume_bytes=0) == expected
    assert facts.pod_names == ("vc-0", "vc-1", "vc-2")


@pytest.mark.parametrize(
    ("spec", "acks"),
    [
        ({"replicas": 1, "durability": {"replicasToAck": 0}}, 0),
        ({"replicas": 1}, 0),
        ({"replicas": 2}, 1),
        ({"replicas": 5, "durability": {"replicasToAck": 3}}, 3),
        ({"replicas": 5, "durability": {"mode": "async"}}, 0),
    ],
)
def test_how_many_replicas_hold_a_write(spec: dict[str, Any], acks: int) -> None:
    assert acks_of(cluster(**spec)) == acks


@pytest.mark.parametrize(
    ("replicas", "record", "size"),
    [
        (3, Record(), 3),
        (3, primary("vc-0"), 3),
        (2, primary("vc-2"), 3),
        (1, primary("vc-8"), 9),
        (5, primary("vc-2"), 5),
        (2, primary("vc-odd"), 2),
    ],
)
def test_the_primary_is_never_scaled_away(replicas: int, record: Record, size: int) -> None:
    assert size_of(cluster(replicas=replicas), record) == size


def test_what_is_seen_of_the_pods_is_asked_for_a_scale_down_alone() -> None:
    """Then pods stay that hold what too few of the others do."""
    looks: list[View] = []

    def look() -> View:
        looks.append(view(*view().pods[:1], view().pods[2]))
        return looks[-1]

    counted = machine_record()
    assert facts_of(cluster(replicas=3), counted, look).size == 3
    assert not looks
    narrow = facts_of(cluster(replicas=2), counted, look)
    assert (narrow.size, narrow.asked, narrow.staying) == (3, 2, ("vc-0", "vc-1"))
    assert len(looks) == 1


@pytest.mark.parametrize(
    ("durability", "leader", "acks"),
    [({}, "vc-2", 1), ({}, "vc-0", 0), ({"mode": "async"}, "vc-2", 0), ({"replicasToAck": 0}, "vc-2", 1)],
)
def test_the_promised_copies_hold_until_the_last_but_one_pod_is_gone(
    durability: dict[str, Any], leader: str, acks: int
) -> None:
    """A single pod promises none; until then a failover asks for as many votes as before."""
    stored = machine_record(primary=PRIMARY._replace(pod=leader))
    assert facts_of(cluster(replicas=1, durability=durability), stored, view).acks == acks


@pytest.mark.parametrize(
    ("spec", "persistent"),
    [
        ({}, True),
        ({"persistence": {"enabled": False}}, False),
        ({"config": {"appendonly": "no"}}, False),
        ({"config": {"appendonly": "yes"}}, True),
    ],
)
def test_data_is_expected_back_only_with_a_volume_and_an_append_only_file(
    spec: dict[str, Any], persistent: bool
) -> None:
    assert facts_of(cluster(**spec), Record()).persistent is persistent


def test_timings_and_the_pause_come_from_the_spec() -> None:
    facts = facts_of(cluster(paused=True, sentinel={"downAfterMs": 2000, "failoverTimeoutMs": 60_000}), Record())
    assert (facts.paused, facts.down_after_ms, facts.catch_up_ms) == (True, 2000, 1000)
