"""``Reconciling`` and ``Stalled``: what kstatus, and with it ``helm --wait`` and Flux, makes of a cluster."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.machines.kstatus import BUSY, STUCK, standard_signs
from gungnir.machines.record import Kind, Record
from gungnir.machines.sign import Sign
from gungnir.machines.summary import Notes, Summary, summarize
from gungnir.machines.view import View
from tests.unit.machines.worlds import FACTS, claimed, dead, following, pod, record, server, serving, view

ONE_LEFT = view(pod(0, serving()), pod(1, following(1)), pod(2, server(2)))
TAKEN = ("service", "NameTaken", "service exists and belongs to somebody else; it is left alone")
GOING = ("service", "BeingDeleted", "service is being deleted; it is created again when it is gone")


def judged(summary: Summary, *, behind: bool = False) -> str:
    """What kstatus says of an object with these conditions, by its rules for any custom resource."""
    holds = {sign.type: sign.holds for sign in summary.signs}
    if behind or holds["Reconciling"]:
        return "InProgress"
    if holds["Stalled"]:
        return "Failed"
    return "Current" if holds["Ready"] else "InProgress"


@pytest.mark.parametrize(
    ("stored", "seen", "notes", "status", "reason"),
    [
        (record(), view(), {}, "Current", "AsDesired"),
        (record(), view(), {"outdated": ("vc-1",)}, "Current", "AsDesired"),
        (Record(), view(), {}, "InProgress", "FirstStart"),
        (claimed(), dead(), {}, "InProgress", str(Kind.FAILOVER)),
        (record(), dead(), {}, "InProgress", "NotAllInSync"),
        (record(), ONE_LEFT, {}, "InProgress", "NotAllInSync"),
        (record(), view(), {"problems": (GOING,)}, "InProgress", "BeingDeleted"),
        (record(), view(), {"problems": (TAKEN,)}, "Failed", "NameTaken"),
        (record(), view(), {"violation": "atMostOneMaster: vc-0, vc-1"}, "Failed", "InvariantViolated"),
        (record(), view(), {"invalid": "spec.replicas: 0"}, "Failed", "Invalid"),
        (claimed(), dead(), {"blocked": "TooFewWholePods: x"}, "Failed", "TooFewWholePods"),
    ],
)
def test_what_kstatus_makes_of_it(stored: Record, seen: View, notes: dict[str, Any], status: str, reason: str) -> None:
    """Done, under way, or in need of a person; with the reason of the condition that decided."""
    summary = summarize(FACTS, stored, seen, Notes(**notes))
    assert judged(summary) == status
    by_type = {sign.type: sign for sign in summary.signs}
    assert by_type["Stalled" if status == "Failed" else "Reconciling"].reason == reason


def test_more_pods_than_are_there_are_under_way_in_the_same_summary() -> None:
    """``replicas: 5`` is never shown as done with three pods: the generation and the condition are of one write."""
    summary = summarize(FACTS._replace(size=5), record(), view(), Notes())
    assert judged(summary) == "InProgress"


WORDS = st.sampled_from(sorted({reason for case in (*STUCK, *BUSY) for reason in case.reasons} | {"Other"}))
SIGNS = st.builds(Sign, st.sampled_from([case.type for case in (*STUCK, *BUSY)]), st.booleans(), WORDS, st.text())


@given(st.lists(SIGNS, unique_by=lambda sign: sign.type))
def test_never_both(signs: list[Sign]) -> None:
    """kstatus would say "in progress" of what waits for a person."""
    reconciling, stalled = standard_signs(signs)
    assert not (reconciling.holds and stalled.holds)
    assert (reconciling.type, stalled.type) == ("Reconciling", "Stalled")
    shown = stalled if stalled.holds else reconciling
    assert not shown.holds or any((shown.reason, shown.message) == (each.reason, each.message) for each in signs)
