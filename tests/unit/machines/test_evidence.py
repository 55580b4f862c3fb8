"""Each kind of evidence about the primary, and each threshold one below and at its value."""

from typing import Any

import pytest

from gungnir.machines.evidence import (
    FRESH_IO_S,
    Health,
    attached,
    denials,
    hears_primary,
    primary_health,
    witnesses,
)
from gungnir.machines.record import Record
from gungnir.machines.requests import AnswerKind
from gungnir.machines.view import Contact, PodView, View
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    PODS,
    address,
    answer,
    answers,
    following,
    pod,
    record,
    server,
    serving,
    view,
)


def health(primary: PodView) -> tuple[Health, str]:
    verdict = primary_health(FACTS, record(), view(primary, *PODS[1:]))
    return verdict.health, verdict.evidence


def primary(**changes: object) -> PodView:
    return pod(0, serving())._replace(**changes)  # type: ignore[arg-type]  # the test names fields of PodView


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (primary(), (Health.HEALTHY, "Answers")),
        (primary(server=None), (Health.HEALTHY, "Answers")),
        (primary(deleting=True), (Health.LEAVING, "PodTerminating")),
        (primary(server=serving(disk_error="MISCONF")), (Health.LEAVING, "DiskFull")),
        (primary(server=serving(disk_error="MISCONF"), deleting=True), (Health.LEAVING, "PodTerminating")),
        (primary(server=server(0, disk_error="MISCONF")), (Health.DEAD, "NotPrimaryAnyMore")),
        (primary(uid="other"), (Health.DEAD, "PodReplaced")),
        (primary(terminated=True, contact=Contact.SILENT), (Health.DEAD, "ContainerTerminated")),
        (primary(server=serving(run_id="new")), (Health.DEAD, "ProcessReplaced")),
        (primary(server=server(0, run_id="new"), contact=Contact.ERROR), (Health.DEAD, "ProcessReplaced")),
        (primary(server=server(0)), (Health.DEAD, "NotPrimaryAnyMore")),
        (primary(contact=Contact.REFUSED, refusals=2), (Health.DOUBTFUL, "NoAnswerYet")),
        (primary(contact=Contact.REFUSED, refusals=3), (Health.DEAD, "ConnectionRefused")),
        (primary(contact=Contact.REFUSED, refusals=1, deleting=True), (Health.DEAD, "ConnectionRefused")),
        (primary(contact=Contact.REFUSED, refusals=2, silent_ms=5000), (Health.SILENT, "NoAnswer")),
        (primary(contact=Contact.SILENT, silent_ms=4999), (Health.DOUBTFUL, "NoAnswerYet")),
        (primary(contact=Contact.SILENT, silent_ms=5000), (Health.SILENT, "NoAnswer")),
        (primary(contact=Contact.SILENT, silent_ms=4999, deleting=True), (Health.DOUBTFUL, "NoAnswerYet")),
        (primary(contact=Contact.UNTRIED), (Health.DOUBTFUL, "NoAnswerYet")),
        (primary(contact=Contact.UNTRIED, silent_ms=99_000), (Health.DOUBTFUL, "NoAnswerYet")),
        (primary(contact=Contact.ERROR, error="LOADING"), (Health.DOUBTFUL, "ErrorReply")),
        (primary(contact=Contact.ERROR, error="NOAUTH", silent_ms=99_000), (Health.DOUBTFUL, "ErrorReply")),
        (primary(server=server(0), contact=Contact.SILENT, silent_ms=10), (Health.DOUBTFUL, "NoAnswerYet")),
    ],
)
def test_each_kind_of_evidence(seen: PodView, expected: tuple[Health, str]) -> None:
    assert health(seen) == expected


def test_a_pod_that_is_gone_is_dead_and_a_cluster_without_a_primary_has_none() -> None:
    assert primary_health(FACTS, record(), View(PODS[1:]))[:2] == (Health.DEAD, "PodGone")
    assert primary_health(FACTS, Record(), view()).health is Health.NONE


def test_being_not_ready_is_no_evidence_and_the_label_neither() -> None:
    assert health(primary(synced=False, role_label="")) == (Health.HEALTHY, "Answers")


def test_a_verdict_carries_its_operands() -> None:
    silent = view(primary(contact=Contact.SILENT, silent_ms=6100), *PODS[1:])
    assert primary_health(FACTS, record(), silent).operands == (
        ("pod", "vc-0"),
        ("silent_ms", "6100"),
        ("down_after_ms", "5000"),
    )


def test_the_thresholds_are_those_of_the_spec() -> None:
    patient = FACTS._replace(down_after_ms=800, refusals_for_death=7)
    seen = view(primary(contact=Contact.REFUSED, refusals=6, silent_ms=799), *PODS[1:])
    assert primary_health(patient, record(), seen).health is Health.DOUBTFUL
    seen = view(primary(contact=Contact.REFUSED, refusals=7, silent_ms=799), *PODS[1:])
    assert primary_health(patient, record(), seen).health is Health.DEAD


@pytest.mark.parametrize(
    ("changes", "hears"),
    [
        ({"last_io_s": 0}, True),
        ({"last_io_s": FRESH_IO_S - 1}, True),
        ({"last_io_s": FRESH_IO_S}, False),
        ({"last_io_s": -1}, False),
        ({"link_up": False}, False),
        ({"primary": True}, False),
    ],
)
def test_a_replica_hears_its_primary_while_its_link_is_fresh(changes: dict[str, Any], hears: bool) -> None:
    assert hears_primary(following(**changes)) is hears


def test_only_a_reading_witnesses_or_denies() -> None:
    given = answers(
        answer(1, following(1)),
        answer(2, following(2, last_io_s=9)),
        answer(3, None, AnswerKind.UNKNOWN),
        answer(4, following(4), AnswerKind.ERROR),
        answer(5, None, AnswerKind.DONE),
        answer(6, following(6, link_up=False)),
    )
    assert witnesses(given.answers) == ("vc-1",)
    assert denials(given.answers) == ("vc-2", "vc-6")


@pytest.mark.parametrize(
    "changes",
    [
        {"primary": True},
        {"link_up": False},
        {"syncing": True},
        {"loading": True},
        {"follows": address(2)},
        {"replid": "other"},
        {"fence": EPOCH - 1},
        {"fence": EPOCH + 1},
        {"voting": True},
    ],
)
def test_a_replica_is_attached_only_if_nothing_is_amiss(changes: dict[str, Any]) -> None:
    assert attached(record(), following(), address(0))
    assert not attached(record(), following(**changes), address(0))


def test_nothing_is_attached_to_nobody() -> None:
    assert not attached(Record(EPOCH), following(), address(0))
