"""The durable record survives being written and read, by this release and by its neighbours."""

import json
from typing import Any

from gungnir.api.cluster import parse_cluster
from gungnir.api.model import FrozenMap
from gungnir.api.record_status import (
    Candidate,
    Electorate,
    FailoverKind,
    FailoverStatus,
    HistoryStatus,
    MemberStatus,
    PrimaryStatus,
)
from gungnir.api.status import (
    Condition,
    CredentialsStatus,
    LastFailover,
    NodeStatus,
    SwitchoverStatus,
    ValkeyClusterStatus,
)

FULL = ValkeyClusterStatus(
    observed_generation=2,
    phase="FailingOver",
    message="Promoting a-1",
    epoch=7,
    primary=PrimaryStatus(pod="a-0", uid="u0", run_id="r0", replid="p0", epoch=6, ip="10.0.0.1"),
    failover=FailoverStatus(
        kind=FailoverKind.FAILOVER,
        phase="Promoting",
        reason="ConnectionRefused",
        epoch=7,
        candidate=Candidate(pod="a-1", uid="u1", run_id="r1", history_epoch=6, offset=2**62),
        target="a-1",
        previous="a-0",
        started_at="2026-01-31T12:00:00.250Z",
        evidence="refused 3 times",
    ),
    histories=(HistoryStatus(epoch=6, replid="p0", parent=5, base_offset=100),),
    members=(MemberStatus(pod="a-1", uid="u1", run_id="r1", epoch=6),),
    electorate=Electorate(size=3, acks=1),
    credentials=CredentialsStatus(fingerprint="abc"),
    switchover=SwitchoverStatus(request="any", outcome="Succeeded", message="done", finished_at="2026-01-31T12:00:00Z"),
    replicas=3,
    ready_replicas=2,
    selector="app.kubernetes.io/instance=a",
    nodes=(NodeStatus(pod="a-1", role="replica", link="up", offset=5, lag_bytes=0, state="Attached"),),
    last_failover=LastFailover(
        kind=FailoverKind.SWITCHOVER,
        from_="a-2",
        to="a-0",
        epoch=6,
        reason="Asked",
        evidence="annotation",
        verdict="c >= R - w + 1",
        operands=FrozenMap({"c": "2", "R": "2", "w": "1"}),
        started_at="2026-01-30T12:00:00Z",
        finished_at="2026-01-30T12:00:00.050Z",
        duration_ms=50,
    ),
    conditions=(
        Condition(type="Ready", status="False", reason="NoPrimary", message="m", observed_generation=2),
        Condition(type="Blocked", status="Unknown"),
    ),
)


def _cluster(status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "status": status}


def test_a_full_record_survives_a_round_trip() -> None:
    wire = json.loads(json.dumps(FULL.to_wire()))
    assert parse_cluster(_cluster(wire)).status == FULL


def test_every_field_of_a_full_record_is_kept_by_the_schema(schema_problems: Any) -> None:
    """A field that the schema does not know would be pruned, and the record with it."""
    assert schema_problems(_cluster(FULL.to_wire())) == []


def test_an_empty_or_absent_status_is_a_record_of_nothing() -> None:
    assert parse_cluster(_cluster({})).status == parse_cluster({"metadata": {"name": "a"}}).status
    assert ValkeyClusterStatus().epoch == 0
    assert ValkeyClusterStatus().primary is None


def test_the_names_of_the_original_follow_the_primary() -> None:
    assert (FULL.master_pod, FULL.current_master) == ("a-0", "a-0")
    wire = FULL.to_wire()
    assert (wire["masterPod"], wire["currentMaster"], wire["ready"]) == ("a-0", "a-0", "2/3")
    assert "masterPod" not in ValkeyClusterStatus().to_wire()


def test_a_name_of_the_original_that_contradicts_the_primary_is_not_believed() -> None:
    status = parse_cluster(_cluster({"masterPod": "a-9", "primary": {"pod": "a-1"}})).status
    assert status.master_pod == "a-1"


def test_fields_of_a_newer_release_are_ignored() -> None:
    status = parse_cluster(_cluster({"epoch": 3, "new": {}, "primary": {"pod": "a-1", "new": 1}})).status
    assert (status.epoch, status.primary) == (3, PrimaryStatus(pod="a-1"))


def test_statuses_are_values() -> None:
    assert len({FULL, FULL.replaced(epoch=8), parse_cluster(_cluster(FULL.to_wire())).status}) == 2
    assert FULL.replaced(failover=None).to_wire().keys() == FULL.to_wire().keys() - {"failover"}


def test_a_condition_is_found_by_its_type() -> None:
    assert FULL.condition("Blocked") == Condition(type="Blocked", status="Unknown")
    assert FULL.condition("Ready") is FULL.conditions[0]
    assert FULL.condition("Degraded") is None
