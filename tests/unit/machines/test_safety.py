"""Each predicate holds of a healthy cluster, and is broken by what it forbids."""

from typing import Any

import pytest

from gungnir.machines.record import Electorate, History, Record
from gungnir.machines.safety import PREDICATES, STOPPING, violations
from gungnir.machines.view import Contact, View
from tests.unit.machines.worlds import (
    EPOCH,
    PRIMARY,
    claimed,
    dead,
    following,
    frozen,
    pod,
    reconfiguring,
    record,
    server,
    serving,
    view,
)

AFTER = view(pod(0, server()), pod(1, serving(1, fence=EPOCH + 1)), service_pod="vc-1", service_epoch=EPOCH + 1)


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        (record(), view()),
        (record(), dead()),
        (Record(), View(())),
        (claimed(), view()),
        (claimed(), view(service_pod=None, service_epoch=EPOCH + 1, template_epoch=EPOCH + 1)),
        (frozen(), AFTER),
        (reconfiguring(), AFTER),
    ],
)
def test_nothing_is_violated_on_the_way_of_a_failover(stored: Record, seen: View) -> None:
    assert violations(stored, seen) == ()


TWO = view(pod(0, serving(0, linked=1)), pod(1, serving(1, linked=1)))
WRONG = frozen(primary=PRIMARY._replace(pod="vc-1", epoch=EPOCH + 1))


@pytest.mark.parametrize(
    ("stored", "seen", "broken", "text"),
    [
        (
            record(),
            view(pod(1, following(1, fence=9))),
            "epochMonotone",
            "vc-1 is fenced at epoch 9, the record is at 5",
        ),
        (record(), view(service_epoch=6), "epochMonotone", "an object was written in epoch 6 of 5"),
        (record(), view(template_epoch=6), "epochMonotone", "an object was written in epoch 6 of 5"),
        (record(), TWO, "atMostOneMaster", "primaries with replicas: vc-0, vc-1"),
        (record(), view(service_pod="vc-2"), "serviceConsistency", "the Service leads to vc-2"),
        (record(), view(service_pod="*"), "serviceConsistency", "the Service leads to *"),
        (WRONG, view(service_pod=None), "candidateFrozen", "vc-1 was recorded, vc-1 was frozen"),
        (record(electorate=Electorate(3, 3)), view(), "electorateSound", "3 acks of 3 pods"),
        (
            record(histories=(History(5, "a", 0, 0), History(4, "b", 0, 0))),
            view(),
            "electorateSound",
            "histories out of order: [5, 4]",
        ),
    ],
)
def test_what_is_forbidden_is_named_with_what_was_seen(stored: Record, seen: View, broken: str, text: str) -> None:
    assert violations(stored, seen) == ((broken, text),)


@pytest.mark.parametrize("changes", [{"linked": 0}, {"fence": EPOCH - 1}, {"primary": False}])
def test_a_second_primary_counts_only_in_this_epoch_and_with_replicas(changes: dict[str, Any]) -> None:
    other = serving(1)._replace(**changes)
    assert violations(record(), view(pod(0, serving()), pod(1, other))) == ()


def test_an_old_reading_of_a_silent_pod_is_no_second_primary() -> None:
    assert violations(record(), view(pod(0, serving()), pod(1, serving(1), contact=Contact.SILENT))) == ()


def test_only_what_nothing_can_mend_stops_the_cluster() -> None:
    assert {name for name, _ in PREDICATES} - STOPPING == {"atMostOneMaster", "serviceConsistency"}
