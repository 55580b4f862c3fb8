"""What people are shown: phase, conditions with stable reasons, and nodes."""

from typing import Any

import pytest

from gungnir.machines.record import Kind, Record
from gungnir.machines.sign import Sign
from gungnir.machines.summary import LOSSY, Notes, Summary, summarize
from gungnir.machines.view import Contact, View
from tests.unit.machines.worlds import (
    FACTS,
    PRIMARY,
    claimed,
    dead,
    following,
    frozen,
    pod,
    record,
    server,
    serving,
    view,
)

ONE_LEFT = view(pod(0, serving()), pod(1, following(1)), pod(2, server(2)))
NO_COPY = view(pod(0, serving()), pod(1, server(1)), pod(2, server(2)))


def shown(stored: Record | None = None, seen: View | None = None, **notes: Any) -> Summary:
    return summarize(FACTS, stored or record(), seen or view(), Notes(**notes))


def sign(summary: Summary, kind: str) -> Sign:
    (found,) = (each for each in summary.signs if each.type == kind)
    return found


def test_a_cluster_in_its_steady_state() -> None:
    summary = shown()
    assert (summary.phase, summary.ready, summary.pods) == ("Running", 3, 3)
    assert summary.message == "vc-0 is primary; all 3 pods are in sync"
    assert {(each.type, each.holds, each.reason) for each in summary.signs} == {
        ("Ready", True, "PrimaryServing"),
        ("Progressing", False, "Stable"),
        ("Degraded", False, "AllInSync"),
        ("Blocked", False, "NotBlocked"),
        ("DataAtRisk", False, "EnoughCopies"),
        ("DataLoss", False, "NoneKnown"),
        ("RolloutPending", False, "UpToDate"),
        ("StorageResized", True, sign(summary, "StorageResized").reason),
        ("ScaleDownRefused", False, "NotAsked"),
        ("Valid", True, "Accepted"),
        ("Reconciled", True, "AsDesired"),
        ("Reconciling", False, "AsDesired"),
        ("Stalled", False, "NotStalled"),
    }


def test_a_cluster_that_does_not_come_up_says_which_pod_it_waits_for_and_why() -> None:
    stuck = pod(1, None, contact=Contact.UNTRIED, waiting="ImagePullBackOff")
    summary = shown(Record(), view(pod(0, server(0)), stuck, pod(2, None, contact=Contact.UNTRIED)))
    assert summary.message == "waiting for vc-1 (ImagePullBackOff), vc-2 (untried)"
    assert sign(summary, "Progressing") == Sign("Progressing", True, "FirstStart", "no pod was primary yet")
    missing = ("secret", "CredentialsUnusable", "Secret 'mine' does not exist")
    assert shown(Record(), view(), problems=(missing,)).message == "secret: Secret 'mine' does not exist"


@pytest.mark.parametrize(
    ("stored", "seen", "notes", "phase"),
    [
        (Record(), view(), {}, "Creating"),
        (claimed(Kind.BOOTSTRAP, primary=None), view(), {}, "Creating"),
        (claimed(), dead(), {}, "FailingOver"),
        (frozen(), dead(), {}, "FailingOver"),
        (claimed(Kind.SWITCHOVER), view(), {}, "SwitchingOver"),
        (claimed(), dead(), {"blocked": "TooFewWholePods: x"}, "Blocked"),
        (record(), view(), {"blocked": "TooFewWholePods: x"}, "Running"),
        (record(), dead(), {}, "Degraded"),
        (record(), ONE_LEFT, {}, "Degraded"),
        (record(), view(), {"invalid": "spec.replicas: 0"}, "Invalid"),
        (claimed(), dead(), {"invalid": "spec.replicas: 0", "blocked": "x"}, "Invalid"),
    ],
)
def test_the_phase(stored: Record, seen: View, notes: dict[str, str], phase: str) -> None:
    assert shown(stored, seen, **notes).phase == phase


def test_a_paused_cluster_says_so() -> None:
    summary = summarize(FACTS._replace(paused=True), claimed(), dead(), Notes())
    assert summary.phase == "Paused"


@pytest.mark.parametrize(
    ("seen", "notes", "kind", "holds", "reason"),
    [
        (dead(), {}, "Ready", False, "NoPrimary"),
        (NO_COPY, {}, "Ready", False, "TooFewCopies"),
        (ONE_LEFT, {}, "Ready", True, "PrimaryServing"),
        (NO_COPY, {}, "DataAtRisk", True, "TooFewCopies"),
        (ONE_LEFT, {}, "DataAtRisk", False, "EnoughCopies"),
        (dead(), {}, "DataAtRisk", False, "NoPrimary"),
        (ONE_LEFT, {}, "Degraded", True, "NotAllInSync"),
        (view(), {"doubt": "OperatorIsolated: vc-1"}, "Degraded", True, "OperatorIsolated"),
        (view(), {"doubt": "ErrorReply: error=NOAUTH"}, "Degraded", True, "EvidenceInDoubt"),
        (view(), {"violation": "x", "doubt": "y"}, "Degraded", True, "InvariantViolated"),
        (view(pod(0, serving())), {}, "Progressing", True, "PodsComing"),
        (view(), {"outdated": ("vc-1",)}, "RolloutPending", True, "PodsOutdated"),
        (view(), {"invalid": "no"}, "Valid", False, "Invalid"),
        (view(), {"problems": (("client", "NameTaken", "taken"),)}, "Reconciled", False, "NameTaken"),
        (view(pod(0, serving(disk_error="MISCONF")), *view().pods[1:]), {}, "Ready", False, "DiskFull"),
        (view(*view().pods[:2], pod(2, following(2, disk_error="MISCONF"))), {}, "Degraded", True, "DiskFull"),
        (view(*view().pods[:2], pod(2, following(2, disk_error="MISCONF"))), {}, "Ready", True, "PrimaryServing"),
    ],
)
def test_conditions(seen: View, notes: dict[str, Any], kind: str, holds: bool, reason: str) -> None:
    found = sign(shown(None, seen, **notes), kind)
    assert (found.holds, found.reason) == (holds, reason)


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ({"handing_to": "vc-1"}, "spec.replicas 2 would remove the primary vc-2: the role is handed to vc-1 first"),
        ({}, "spec.replicas 2 would remove the primary vc-2, and nobody that stays is in sync; waiting for one of"),
    ],
)
def test_pods_that_are_too_many_are_shown_with_what_they_wait_for(notes: dict[str, Any], message: str) -> None:
    last = record(primary=PRIMARY._replace(pod="vc-2"))
    found = sign(summarize(FACTS._replace(asked=2), last, view(), Notes(**notes)), "ScaleDownRefused")
    assert found.holds
    assert found.message.startswith(message)


def test_a_blocked_failover_is_a_condition_with_its_reason_and_only_while_it_lasts() -> None:
    text = "TooFewWholePods: annotate"
    assert sign(shown(claimed(), dead(), blocked=text), "Blocked") == Sign("Blocked", True, "TooFewWholePods", text)
    assert not sign(shown(record(), view(), blocked=text), "Blocked").holds


@pytest.mark.parametrize("verdict", sorted(LOSSY))
def test_a_recovery_without_a_quorum_is_shown_as_possible_loss(verdict: str) -> None:
    assert sign(shown(last_verdict=verdict), "DataLoss") == Sign(
        "DataLoss",
        True,
        verdict,
        "the last recovery had no quorum of pods that kept their data: acknowledged writes may be gone",
    )


@pytest.mark.parametrize("verdict", ["", "Quorum", "FirstStart", "OnePodHoldsData"])
def test_other_verdicts_lost_nothing(verdict: str) -> None:
    assert not sign(shown(last_verdict=verdict), "DataLoss").holds


def test_all_problems_are_named_under_the_first_ones_reason() -> None:
    problems = (("client", "NameTaken", "taken"), ("sts", "Forbidden", "may not"))
    found = sign(shown(problems=problems), "Reconciled")
    assert (found.reason, found.message) == ("NameTaken", "client: taken; sts: may not")


def test_nodes_show_role_link_offset_lag_and_state() -> None:
    pods = (
        pod(0, serving(offset=1000)),
        pod(1, following(1, offset=940)),
        pod(2, server(2, loading=True)),
        pod(3, server(3, syncing=True)),
        pod(4, server(4, offset=1200)),
        pod(5, None, contact=Contact.UNTRIED, waiting="ImagePullBackOff"),
        pod(6, None, contact=Contact.SILENT),
        pod(7, following(7), contact=Contact.ERROR, error="LOADING"),
    )
    assert [tuple(node) for node in shown(None, view(*pods)).nodes] == [
        ("vc-0", "primary", "", 1000, 0, "serving"),
        ("vc-1", "replica", "up", 940, 60, "attached"),
        ("vc-2", "replica", "down", 1000, 0, "loading"),
        ("vc-3", "replica", "down", 1000, 0, "syncing"),
        ("vc-4", "replica", "down", 1200, 0, "fenced"),
        ("vc-5", "", "", 0, 0, "ImagePullBackOff"),
        ("vc-6", "", "", 0, 0, "silent"),
        ("vc-7", "replica", "up", 1000, 0, "LOADING"),
    ]


def test_a_recorded_primary_that_is_none_is_shown_as_not_serving() -> None:
    summary = shown(None, view(pod(0, server(0)), pod(1, server(1))))
    assert summary.nodes[0].state == "not-serving"
    assert summary.ready == 0
