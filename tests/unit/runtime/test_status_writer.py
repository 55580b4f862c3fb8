"""What a write of the status holds, and which changes cause one."""

from typing import Any

import pytest

from gungnir.machines.record import Electorate, Intent, Kind, Record, Stage
from gungnir.machines.requests import Outcome
from gungnir.machines.sign import Sign
from gungnir.machines.summary import Node, Summary
from gungnir.runtime import status_writer
from gungnir.runtime.status_writer import Extras, with_record, with_summary

NODE = Node("vc-0", "primary", "", 100, 0, "serving")
SIGN = Sign("Ready", True, "PrimaryServing", "all is well")
SUMMARY = Summary("Running", "all is well", 3, 3, (NODE,), (SIGN,))
EXTRAS = Extras("10.0.0.1", "fp")
TIMES = ["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:07.500Z", "2026-01-02T03:04:09.000Z"]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The wall clock stands until a test moves it: the first entry is now."""
    times = list(TIMES)
    monkeypatch.setattr(status_writer, "now_text", lambda: times[0])
    return times


def base(status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    meta = {"name": "vc", "namespace": "ns", "uid": "u", "resourceVersion": "7", "generation": 3, **metadata}
    return {"metadata": meta, "spec": {"replicas": 3}, "status": status or {}}


def intent(**changes: Any) -> Intent:
    return Intent(Kind.FAILOVER, Stage.FENCING, "PodGone", previous="vc-0")._replace(**changes)


def outcome(**changes: Any) -> Outcome:
    given = Outcome("Failover", "Completed", "vc-0", "vc-1", 6, "PodGone", "Quorum", (("votesNeeded", "2"),))
    return given._replace(**changes)


def stored(record: Record | None = None, summary: Summary = SUMMARY) -> dict[str, Any]:
    return with_record(base(), record or Record(5), summary, None, EXTRAS)


@pytest.mark.parametrize(
    "changed",
    [
        SUMMARY._replace(phase="Degraded"),
        SUMMARY._replace(message="other"),
        SUMMARY._replace(ready=2),
        SUMMARY._replace(pods=2),
        SUMMARY._replace(nodes=()),
        SUMMARY._replace(nodes=(NODE._replace(role="replica"),)),
        SUMMARY._replace(nodes=(NODE._replace(link="down"),)),
        SUMMARY._replace(nodes=(NODE._replace(state="loading"),)),
        SUMMARY._replace(signs=(SIGN._replace(holds=False),)),
        SUMMARY._replace(signs=(SIGN._replace(reason="Other"),)),
        SUMMARY._replace(signs=(SIGN._replace(message="other"),)),
        SUMMARY._replace(signs=()),
    ],
)
def test_what_people_must_know_is_written(changed: Summary) -> None:
    before = stored()
    after = with_summary(before, changed)
    assert after is not before
    assert after["metadata"] == before["metadata"]
    assert with_summary(after, changed) is after


def test_what_only_counts_is_not_written_but_comes_along() -> None:
    before = stored()
    moved = SUMMARY._replace(nodes=(NODE._replace(offset=9_999, lag=7),))
    assert with_summary(before, moved) is before
    along = with_summary(before, moved._replace(ready=2))
    assert along["status"]["nodes"][0]["offset"] == 9_999
    assert along["status"]["nodes"][0]["lagBytes"] == 7


def test_a_new_generation_is_acknowledged_by_a_write() -> None:
    before = stored()
    before["metadata"]["generation"] = 4
    assert with_summary(before, SUMMARY)["status"]["observedGeneration"] == 4


def test_the_object_that_was_read_is_not_changed() -> None:
    before = stored()
    untouched = repr(before)
    with_record(before, Record(6, intent=intent()), SUMMARY._replace(ready=1), outcome(), EXTRAS)
    with_summary(before, SUMMARY._replace(ready=1))
    assert repr(before) == untouched


def test_a_condition_keeps_its_time_until_its_status_changes(clock: list[str]) -> None:
    first = stored()["status"]["conditions"][0]
    assert first == {
        "type": "Ready",
        "status": "True",
        "reason": "PrimaryServing",
        "message": "all is well",
        "lastTransitionTime": TIMES[0],
        "observedGeneration": 3,
    }
    before = stored()
    clock.pop(0)
    reworded = with_summary(before, SUMMARY._replace(signs=(SIGN._replace(message="still"),)))
    assert reworded["status"]["conditions"][0]["lastTransitionTime"] == TIMES[0]
    turned = with_summary(reworded, SUMMARY._replace(signs=(SIGN._replace(holds=False),)))
    assert turned["status"]["conditions"][0]["lastTransitionTime"] == TIMES[1]


def test_nothing_on_the_wire_is_null() -> None:
    status = stored()["status"]
    assert not [key for key, value in status.items() if value is None]
    running = stored(Record(6, intent=intent()))["status"]["failover"]
    assert None not in running.values()
    over = with_record(base({"failover": running, "masterPod": "x"}), Record(6), SUMMARY, None, EXTRAS)["status"]
    assert {"failover", "primary", "masterPod", "currentMaster"}.isdisjoint(over)


def test_a_failover_keeps_its_start_and_ends_with_its_length(clock: list[str]) -> None:
    begun = with_record(base(), Record(6, intent=intent()), SUMMARY, None, EXTRAS)
    clock.pop(0)
    frozen = with_record(begun, Record(6, intent=intent(stage=Stage.PROMOTING)), SUMMARY, None, EXTRAS)
    assert frozen["status"]["failover"]["startedAt"] == TIMES[0]
    over = with_record(frozen, Record(6), SUMMARY, outcome(), EXTRAS)["status"]["lastFailover"]
    assert over == {
        "kind": "Failover",
        "from": "vc-0",
        "to": "vc-1",
        "epoch": 6,
        "reason": "PodGone",
        "evidence": "PodGone",
        "verdict": "Quorum",
        "operands": {"votesNeeded": "2"},
        "startedAt": TIMES[0],
        "finishedAt": TIMES[1],
        "durationMs": 2500,
    }


def test_the_next_epoch_has_a_start_of_its_own(clock: list[str]) -> None:
    begun = with_record(base(), Record(6, intent=intent()), SUMMARY, None, EXTRAS)
    clock.pop(0)
    again = with_record(begun, Record(7, intent=intent()), SUMMARY, None, EXTRAS)
    assert again["status"]["failover"]["startedAt"] == TIMES[1]


@pytest.mark.parametrize(
    ("result", "target", "asked", "expected"),
    [
        ("Completed", "vc-1", "vc-1", ("vc-1", "Succeeded", "Quorum")),
        ("Completed", "vc-2", "", ("any", "Succeeded", "Quorum")),
        ("Aborted: TargetTooSlow", "vc-0", "vc-1", ("vc-1", "Aborted", "TargetTooSlow")),
        ("Aborted: TargetTooSlow", "vc-0", "", ("any", "Aborted", "TargetTooSlow")),
    ],
)
def test_a_switchover_is_answered_with_what_was_asked(
    result: str, target: str, asked: str, expected: tuple[str, str, str]
) -> None:
    planned = intent(kind=Kind.SWITCHOVER, stage=Stage.RECONFIGURING, reason="Requested", target=asked)
    running = with_record(base(), Record(6, intent=planned, electorate=Electorate(3, 1)), SUMMARY, None, EXTRAS)
    ended = outcome(kind="Switchover", result=result, target=target, reason="Requested")
    status = with_record(running, Record(6), SUMMARY, ended, EXTRAS)["status"]
    answer = status["switchover"]
    assert (answer["request"], answer["outcome"], answer["message"]) == expected
    assert answer["finishedAt"] == TIMES[0]
    assert status["lastFailover"]["to"] == target


def test_a_refused_request_is_answered_and_is_no_failover() -> None:
    refused = outcome(kind="Switchover", result="Rejected", target="vc-7", reason="Requested", verdict="no such pod")
    status = with_record(base({"lastFailover": {"kind": "Failover"}}), Record(5), SUMMARY, refused, EXTRAS)["status"]
    assert status["switchover"] == {
        "request": "vc-7",
        "outcome": "Refused",
        "message": "no such pod",
        "finishedAt": TIMES[0],
    }
    assert status["lastFailover"] == {"kind": "Failover"}


def test_a_handover_of_a_deleted_pod_answers_nobody() -> None:
    ended = outcome(kind="Switchover", reason="PodTerminating")
    status = with_record(base(), Record(6), SUMMARY, ended, EXTRAS)["status"]
    assert "switchover" not in status
    assert status["lastFailover"]["kind"] == "Switchover"


def test_the_operator_keys_fingerprint_and_the_scale_selector_are_there() -> None:
    status = stored()["status"]
    assert status["credentials"] == {"fingerprint": "fp"}
    assert "app.kubernetes.io/instance=vc" in status["selector"].split(",")
    assert (status["replicas"], status["readyReplicas"], status["ready"]) == (3, 3, "3/3")
