"""What people are shown of a cluster: the phase and the conditions that follow from one view."""

import pytest

from gungnir.machines.summary import Notes, Sign, Summary, summarize
from gungnir.machines.view import PodView, View
from tests.unit.machines.worlds import FACTS, PODS, dead, following, pod, record, serving, view

FULL = "MISCONF"
DISK = "cannot write the append-only file and takes no writes; free or enlarge the volume"


def shown(seen: View, notes: Notes | None = None) -> Summary:
    return summarize(FACTS, record(), seen, notes or Notes())


def sign(summary: Summary, kind: str) -> Sign:
    (found,) = (each for each in summary.signs if each.type == kind)
    return found


def states(summary: Summary) -> dict[str, bool]:
    return {each.type: each.holds for each in summary.signs}


def test_a_cluster_in_sync_is_running_and_nothing_is_wrong() -> None:
    summary = shown(view())
    assert (summary.phase, summary.ready, summary.pods) == ("Running", 3, 3)
    assert [kind for kind, holds in states(summary).items() if holds] == [
        "Ready",
        "StorageResized",
        "Valid",
        "Reconciled",
    ]


@pytest.mark.parametrize(
    ("pods", "named", "ready"),
    [
        ((pod(0, serving(disk_error=FULL)), *PODS[1:]), "vc-0", False),
        ((PODS[0], PODS[1], pod(2, following(2, disk_error=FULL))), "vc-2", True),
        ((pod(0, serving(disk_error=FULL)), PODS[1], pod(2, following(2, disk_error=FULL))), "vc-0, vc-2", False),
    ],
)
def test_a_full_disk_is_named_and_only_that_of_the_primary_keeps_the_cluster_from_being_ready(
    pods: tuple[PodView, ...], named: str, ready: bool
) -> None:
    summary = shown(view(*pods))
    assert (summary.phase, summary.message) == ("Degraded", f"{named}: {DISK}")
    assert sign(summary, "Degraded") == Sign("Degraded", True, "DiskFull", f"{named}: {DISK}")
    if ready:
        assert sign(summary, "Ready").holds
    else:
        assert sign(summary, "Ready") == Sign("Ready", False, "DiskFull", f"vc-0: {DISK}")


def test_a_disk_with_room_again_is_forgotten() -> None:
    """What is full is read from the view each time, whatever the driver remembers."""
    assert sign(shown(view(), Notes(full=("vc-0",))), "Degraded").reason == "AllInSync"


def test_what_is_worse_than_a_full_disk_is_said_first() -> None:
    full = view(pod(0, serving(disk_error=FULL)), *PODS[1:])
    assert sign(shown(full, Notes(violation="x: y")), "Degraded").reason == "InvariantViolated"
    assert sign(shown(full, Notes(doubt="OperatorIsolated: vc-1")), "Degraded").reason == "OperatorIsolated"
    assert sign(shown(dead()), "Ready").reason == "NoPrimary"
