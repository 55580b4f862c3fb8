"""What must hold of anything that is seen: each predicate, and which of them stop all action."""

import pytest

from gungnir.machines import repair
from gungnir.machines.record import Electorate, History, Record
from gungnir.machines.requests import Seen
from gungnir.machines.safety import PREDICATES, STOPPING, violations
from gungnir.machines.view import Contact, View
from tests.unit.machines.worlds import (
    CANDIDATE,
    EPOCH,
    PODS,
    REPLID,
    following,
    frozen,
    pod,
    reconfiguring,
    record,
    server,
    serving,
    view,
    walk,
)

RIVAL = view(pod(0, serving()), pod(1, serving(1, linked=1)), pod(2, following(2)))


def broken(known: Record, seen: View) -> list[str]:
    return [name for name, _ in violations(known, seen)]


@pytest.mark.parametrize(
    ("known", "seen"),
    [
        (record(), view()),
        (Record(), view(pod(0, server(fence=0)), service_pod=None, service_epoch=0, template_epoch=0)),
        (record(), view(service_pod=None)),
        (record(), view(service_pod="vc-2", service_epoch=EPOCH - 1)),
        (record(), view(PODS[0], pod(1, serving(1, linked=0)))),
        (record(), view(PODS[0], pod(1, serving(1, fence=EPOCH - 1)))),
        (record(), view(PODS[0], pod(1, serving(1), contact=Contact.SILENT))),
        (frozen(), view(service_pod="vc-1", service_epoch=EPOCH + 1)),
        (reconfiguring(), view(service_pod=None)),
        (record(electorate=Electorate(0, 0)), view()),
    ],
)
def test_what_may_be_seen_on_the_way_is_no_violation(known: Record, seen: View) -> None:
    assert violations(known, seen) == ()


@pytest.mark.parametrize(
    ("known", "seen", "name", "text"),
    [
        (
            record(),
            view(PODS[0], pod(1, following(1, fence=EPOCH + 1))),
            "epochMonotone",
            "vc-1 is fenced at epoch 6, the record is at 5",
        ),
        (record(), view(service_epoch=EPOCH + 1), "epochMonotone", "an object was written in epoch 6 of 5"),
        (record(), view(template_epoch=EPOCH + 1), "epochMonotone", "an object was written in epoch 6 of 5"),
        (record(), RIVAL, "atMostOneMaster", "primaries with replicas: vc-0, vc-1"),
        (record(), view(service_pod="vc-2"), "serviceConsistency", "the Service leads to vc-2"),
        (
            reconfiguring(intent=frozen(CANDIDATE._replace(pod="vc-2")).intent),
            view(),
            "candidateFrozen",
            "vc-1 was recorded, vc-2 was frozen",
        ),
        (record(electorate=Electorate(3, 3)), view(), "electorateSound", "3 acks of 3 pods"),
        (
            record(histories=(History(5, REPLID, 0, 0), History(4, "r4", 0, 0))),
            view(),
            "electorateSound",
            "histories out of order: [5, 4]",
        ),
    ],
)
def test_each_violation_says_what_was_seen(known: Record, seen: View, name: str, text: str) -> None:
    assert violations(known, seen) == ((name, text),)


def test_what_repair_can_mend_does_not_stop_it() -> None:
    """A Service edited by hand and a second primary made by hand must be put right, so they may not end all action."""
    mendable = {name for name, _ in PREDICATES} - STOPPING
    assert mendable == {"atMostOneMaster", "serviceConsistency"}
    assert {name for name, _ in PREDICATES} >= STOPPING


@pytest.mark.parametrize(("seen", "trigger"), [(view(service_pod="vc-2"), "route"), (RIVAL, "attach")])
def test_repair_mends_what_does_not_stop_it(seen: View, trigger: str) -> None:
    assert broken(record(), seen)
    assert not STOPPING & set(broken(record(), seen))
    taken = walk(repair.step, repair.start(), (Seen(record(), seen),))
    assert taken.triggers == trigger


def test_repair_mends_nothing_in_a_view_that_is_shown_as_stalled() -> None:
    """So the driver shows a view with a violation that stops all action."""
    taken = walk(repair.step, repair.start(), (Seen(record(), view(service_pod="vc-2", stalled=True)),))
    assert taken.triggers == "nothing"
