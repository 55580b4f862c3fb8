"""What people are told, once, and in which words."""

from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest
import structlog
from structlog.testing import capture_logs

from gungnir import runtime
from gungnir.machines import electorate, failover, repair, repair_table
from gungnir.machines.evidence import Health, Verdict
from gungnir.machines.failover_table import Phase
from gungnir.machines.record import History, Record
from gungnir.machines.requests import Outcome, PodCommand, Verb
from gungnir.machines.summary import Node, Notes, Summary, summarize
from gungnir.runtime.announce import Announcer, blocked_text, doubt_text, same
from gungnir.runtime.context import Context
from gungnir.runtime.events import Reason
from gungnir.runtime.metrics import Metrics
from tests.unit.machines.worlds import FACTS, PRIMARY, REPLID, following, pod, record, server, serving, view

CLUSTER = {"metadata": {"name": "vc", "namespace": "ns", "uid": "u"}}


class Recorder:
    """Events in the order in which they were told: (type, reason, text)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def normal(self, _obj: Any, reason: str, text: str) -> None:
        self.told.append(("Normal", str(reason), text))

    def warning(self, _obj: Any, reason: str, text: str) -> None:
        self.told.append(("Warning", str(reason), text))


class Stage(NamedTuple):
    announcer: Announcer
    events: Recorder
    metrics: Metrics


@pytest.fixture
def stage() -> Stage:
    events, metrics = Recorder(), Metrics()
    context = Context(cast("Any", None), metrics, cast("Any", events), cast("Any", None), cast("Any", None), bool)
    return Stage(Announcer(context, structlog.get_logger()), events, metrics)


def ended(**changes: Any) -> failover.State:
    outcome = Outcome("Failover", "Completed", "vc-0", "vc-1", 6, "PodGone", "Quorum")._replace(**changes)
    return failover.State(phase=Phase.DONE, outcome=outcome)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ("Normal", "FailoverCompleted", "Failover of epoch 6: vc-0 to vc-1; PodGone, Quorum")),
        ({"source": ""}, ("Normal", "FailoverCompleted", "Failover of epoch 6: nobody to vc-1; PodGone, Quorum")),
        (
            {"kind": "Switchover", "reason": "Requested"},
            ("Normal", "SwitchoverCompleted", "Switchover of epoch 6: vc-0 to vc-1; Requested, Quorum"),
        ),
        (
            {"kind": "Switchover", "result": "Aborted: TargetTooSlow"},
            ("Normal", "SwitchoverAborted", "Aborted: TargetTooSlow"),
        ),
        (
            {"kind": "Release", "target": "vc-0", "reason": "ReplicaLost", "operands": (("leftOut", "vc-2"),)},
            ("Normal", "ReplicaLost", "left out of epoch 6, which vc-0 serves: vc-2"),
        ),
        (
            {
                "kind": "Release",
                "target": "vc-0",
                "reason": "ReplicaUnaccounted",
                "operands": (("leftOut", "vc-2"), ("unaccounted", "vc-2")),
            },
            (
                "Normal",
                "ReplicaUnaccounted",
                "left out of epoch 6, which vc-0 serves: vc-2; nobody reported the end of the process of vc-2",
            ),
        ),
        (
            {"kind": "Bootstrap", "source": "", "verdict": "FirstStart"},
            ("Normal", "ClusterCreated", "Bootstrap of epoch 6: nobody to vc-1; PodGone, FirstStart"),
        ),
    ],
)
def test_the_end_of_a_failover_is_one_event(stage: Stage, changes: dict[str, Any], told: tuple[str, str, str]) -> None:
    stage.announcer.failed_over(CLUSTER, ended(**changes))
    assert stage.events.told == [told]


def test_a_recovery_without_a_quorum_warns_of_lost_writes(stage: Stage) -> None:
    stage.announcer.failed_over(CLUSTER, ended(kind="Recovery", verdict="AllPodsEmpty"))
    assert stage.events.told[1] == ("Warning", "DataLoss", "acknowledged writes may be gone: AllPodsEmpty")


def test_a_failover_is_logged_with_its_operands_and_counted(stage: Stage) -> None:
    with capture_logs() as lines:
        stage.announcer.failed_over(None, ended(operands=(("votesNeeded", "2"),)))
    assert lines[0]["event"] == "failover ended"
    assert lines[0]["operands"] == (("votesNeeded", "2"),)
    assert stage.metrics.value("failovers_total", kind="Failover", outcome="Completed") == 1
    assert stage.events.told == []


def blocked(detail: str, not_counted: str = "") -> failover.State:
    operands = (("notCounted", not_counted),) if not_counted else ()
    outcome = Outcome("Failover", "Blocked", "vc-0", "", 6, "PodGone", detail, operands)
    return failover.State(phase=Phase.BLOCKED, detail=detail, outcome=outcome, record=Record(6))


def test_a_blocked_failover_says_why_and_what_to_do() -> None:
    text = blocked_text(blocked("TooFewWholePods", "vc-2: it is loading"))
    assert text.startswith("TooFewWholePods: too few pods kept their data")
    assert "accept-data-loss=6" in text
    assert text.endswith("(vc-2: it is loading)")
    for detail in ("SeveralPodsHoldData", "PrimaryDataMissing", "PrimaryMayHoldOldData"):
        assert "recover-from=<pod>" in blocked_text(blocked(detail))


def test_what_blocks_is_said_once_until_it_changes_or_a_failover_ends(stage: Stage) -> None:
    for _ in range(3):
        stage.announcer.blocked(CLUSTER, blocked("WaitingForAllPods"))
    assert [reason for _, reason, _ in stage.events.told] == ["FailoverBlocked"]
    stage.announcer.blocked(CLUSTER, blocked("TooFewWholePods"))
    stage.announcer.failed_over(CLUSTER, ended())
    stage.announcer.blocked(CLUSTER, blocked("TooFewWholePods"))
    assert [reason for _, reason, _ in stage.events.told] == [
        *["FailoverBlocked"] * 2,
        "FailoverCompleted",
        "FailoverBlocked",
    ]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (failover.State(), ""),
        (failover.State(detail="OperatorStalled"), ""),
        (failover.State(detail="WaitingForAllPods"), ""),
        (failover.State(detail="NoAnswerYet"), ""),
        (failover.State(detail="OperatorIsolated: vc-1"), "OperatorIsolated: vc-1"),
        (ended(), ""),
        (
            failover.State(detail="ErrorReply", verdict=Verdict(Health.DOUBTFUL, "ErrorReply", (("error", "NOAUTH"),))),
            "ErrorReply: error=NOAUTH",
        ),
    ],
)
def test_doubt_is_shown_only_where_a_person_can_help(state: failover.State, text: str) -> None:
    assert doubt_text(state) == text


def test_doubt_is_told_once_and_again_after_it_was_gone(stage: Stage) -> None:
    for text in ("OperatorIsolated: vc-1", "OperatorIsolated: vc-1", "", "OperatorIsolated: vc-1", "ErrorReply: x"):
        stage.announcer.doubt(CLUSTER, text)
    assert [reason for _, reason, _ in stage.events.told] == ["OperatorIsolated", "OperatorIsolated", "PodUnusable"]


def test_each_violation_is_told_once_for_as_long_as_it_lasts(stage: Stage) -> None:
    one, two = ("epochMonotone", "vc-1 is at 9"), ("atMostOneMaster", "vc-0, vc-1")
    for found in ((one, two), (one, two), (two,), (), (two,)):
        stage.announcer.violations(CLUSTER, found)
    assert [text.partition(":")[0] for _, _, text in stage.events.told] == [
        "epochMonotone",
        "atMostOneMaster",
        "atMostOneMaster",
    ]
    counted = [stage.metrics.value("invariant_violations_total", name=name) for name in ("epochMonotone", two[0])]
    assert counted == [1, 2]


def test_a_full_disk_is_told_once_and_again_after_it_had_room(stage: Stage) -> None:
    def shown(**full: str) -> Summary:
        seen = view(pod(0, serving()), pod(1, following(1, disk_error=full.get("replica", ""))), pod(2, following(2)))
        return summarize(FACTS, record(), seen, Notes())

    for summary in (shown(), shown(replica="MISCONF"), shown(replica="MISCONF"), shown(), shown(replica="MISCONF")):
        stage.announcer.disks(CLUSTER, summary)
    assert [(kind, reason, text.partition(":")[0]) for kind, reason, text in stage.events.told] == [
        ("Warning", "DiskFull", "vc-1")
    ] * 2


def test_a_refused_switchover_is_told_with_its_reason(stage: Stage) -> None:
    stage.announcer.switchover_refused(CLUSTER, "vc-9", "'vc-9' is no pod of this cluster")
    assert stage.events.told == [
        ("Warning", "SwitchoverRefused", "switchover to 'vc-9' refused: 'vc-9' is no pod of this cluster")
    ]


def test_what_waits_for_a_person_is_told_once_until_it_changes(stage: Stage) -> None:
    def shown(**notes: Any) -> Summary:
        return summarize(FACTS, record(), view(), Notes(**notes))

    for summary in (shown(), shown(outdated=("vc-0", "vc-1")), shown(outdated=("vc-0", "vc-1")), shown(), shown()):
        stage.announcer.changes(CLUSTER, summary)
    narrow = FACTS._replace(asked=2)
    last = record(primary=PRIMARY._replace(pod="vc-2"))
    for facts, notes in ((narrow, Notes(handing_to="vc-1")), (narrow, Notes()), (narrow, Notes()), (FACTS, Notes())):
        stage.announcer.changes(CLUSTER, summarize(facts, last, view(), notes))
    assert [(kind, reason) for kind, reason, _ in stage.events.told] == [
        ("Warning", "RolloutPending"),
        ("Warning", "ScaleDownRefused"),
    ]


def test_a_handover_that_the_operator_asked_for_is_told(stage: Stage) -> None:
    stage.announcer.handover_asked(CLUSTER, record(), "vc-1")
    assert stage.events.told == [
        (
            "Normal",
            "ScaleDownHandover",
            "spec.replicas would remove the primary vc-0: asked for a handover to vc-1 first",
        )
    ]


def test_a_pause_and_its_end_are_told(stage: Stage) -> None:
    for paused in (False, True, True, False):
        stage.announcer.changes(CLUSTER, summarize(FACTS._replace(paused=paused), record(), view(), Notes()))
    assert [reason for _, reason, _ in stage.events.told] == ["Paused", "Resumed"]


def test_every_reason_of_an_event_is_told_somewhere() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in Path(runtime.__file__).parent.glob("*.py"))
    assert [reason.name for reason in Reason if f"Reason.{reason.name}" not in told] == []


def test_divergent_writes_of_a_returning_primary_are_reported(stage: Stage) -> None:
    histories = (History(5, REPLID, 0, 0), History(6, "r6", 5, 900))
    back = pod(0, server(0, replid=REPLID, offset=1000))
    command = PodCommand(Verb.FOLLOW, "vc-0", "uid0", 6)
    state = repair.State(phase=repair_table.Phase.CHANGED, view=view(back), commands=(command,))
    stage.announcer.attached(CLUSTER, record(epoch=6, histories=histories), state)
    assert [(reason, text.partition(" of")[0]) for _, reason, text in stage.events.told] == [
        ("DivergentWrites", "vc-0 held 100 bytes")
    ]
    stage.announcer.attached(
        CLUSTER, record(epoch=6, histories=histories), state._replace(phase=repair_table.Phase.ABANDONED)
    )
    assert len(stage.events.told) == 1


def test_a_replica_that_need_not_count_any_more_is_named_once_it_is_recorded(stage: Stage) -> None:
    before = record(left_out=("vc-2",))
    command = PodCommand(Verb.READ, "vc-1", "uid1", 5)
    state = repair.State(repair_table.Phase.CHANGED, before, view(), electorate.forgotten(before), (command,))
    stage.announcer.forgotten(CLUSTER, state._replace(phase=repair_table.Phase.ABANDONED))
    stage.announcer.forgotten(CLUSTER, state._replace(wanted=record(), commands=()))
    stage.announcer.forgotten(CLUSTER, repair.State(repair_table.Phase.CHANGED, before, view()))
    assert stage.events.told == []
    stage.announcer.forgotten(CLUSTER, state)
    text = "vc-2: gone; all others hold every confirmed write, and 1 of 2 are enough for a failover from now on"
    assert stage.events.told == [("Normal", "ReplicaReleased", text)]


def test_the_shape_of_a_summary_leaves_out_what_only_counts() -> None:
    node = Node("vc-1", "replica", "up", 100, 5, "attached")
    summary = Summary("Running", "x", 3, 3, (node,), ())
    assert same(summary, summary._replace(nodes=(node._replace(offset=999, lag=0),)))
    assert not same(summary, summary._replace(nodes=(node._replace(link="down"),)))
    assert not same(summary, None)
