"""The record's fields by their names in ``.status``."""

import pytest

from gungnir.api.status import ValkeyClusterStatus
from gungnir.machines.record import (
    Admitted,
    Candidate,
    Electorate,
    History,
    Intent,
    Kind,
    Member,
    Primary,
    Record,
    Stage,
)
from gungnir.runtime.record_codec import record_of, wire_of

RECORD = Record(
    6,
    Primary("vc-0", "u0", "run0", "r5", 5, 2, written=True),
    Intent(Kind.FAILOVER, Stage.PROMOTING, "PodGone", "", Candidate("vc-1", "u1", "run1", 5, 900), "vc-0", "Quorum"),
    (History(5, "r5", 0, 0),),
    (Member("vc-0", "u0", "run0"),),
    Electorate(3, 1),
    (Admitted("vc-2", "u2", "run2", 5),),
    ("vc-2",),
)


def test_an_object_without_a_status_has_an_empty_record() -> None:
    assert record_of(ValkeyClusterStatus()) == Record()


def test_the_record_by_its_names_on_the_wire() -> None:
    assert wire_of(RECORD, "2026-01-02T03:04:05Z", "10.0.0.9") == {
        "epoch": 6,
        "primary": {
            "pod": "vc-0",
            "uid": "u0",
            "runId": "run0",
            "replid": "r5",
            "epoch": 5,
            "restarts": 2,
            "written": True,
            "ip": "10.0.0.9",
        },
        "masterPod": "vc-0",
        "currentMaster": "vc-0",
        "failover": {
            "kind": "Failover",
            "phase": "Promoting",
            "reason": "PodGone",
            "epoch": 6,
            "target": None,
            "previous": "vc-0",
            "startedAt": "2026-01-02T03:04:05Z",
            "evidence": "Quorum",
            "candidate": {"pod": "vc-1", "uid": "u1", "runId": "run1", "historyEpoch": 5, "offset": 900},
        },
        "histories": [{"epoch": 5, "replid": "r5", "parent": 0, "baseOffset": 0}],
        "members": [{"pod": "vc-0", "uid": "u0", "runId": "run0", "epoch": 6}],
        "admitted": [{"pod": "vc-2", "uid": "u2", "runId": "run2", "epoch": 5}],
        "electorate": {"size": 3, "acks": 1},
        "leftOut": ["vc-2"],
    }


def test_of_a_primary_recorded_by_an_older_release_neither_restarts_nor_its_file_are_known() -> None:
    """Unknown proves nothing: such a primary is not taken back unasked (recovery)."""
    primary = {"pod": "vc-0", "uid": "u0", "runId": "run0", "replid": "r5", "epoch": 5}
    read = record_of(ValkeyClusterStatus.model_validate({"primary": primary})).primary
    assert read == Primary("vc-0", "u0", "run0", "r5", 5, -1, written=False)


def test_a_record_without_a_primary_or_an_intent_takes_theirs_off() -> None:
    wire = wire_of(Record(1), None, None)
    assert [wire[key] for key in ("primary", "failover", "masterPod", "currentMaster")] == [None] * 4


def test_members_are_read_in_one_order() -> None:
    members = [{"pod": pod, "uid": "u", "runId": "r"} for pod in ("vc-2", "vc-0")]
    assert [member.pod for member in record_of(ValkeyClusterStatus.model_validate({"members": members})).members] == [
        "vc-0",
        "vc-2",
    ]


def test_a_stage_of_a_newer_release_is_refused_and_not_guessed() -> None:
    status = ValkeyClusterStatus.model_validate({"epoch": 3, "failover": {"kind": "Failover", "phase": "Resharding"}})
    with pytest.raises(ValueError, match="Resharding"):
        record_of(status)
