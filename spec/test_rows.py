"""Every row of every table is taken by some model, or says why not."""

import pytest

from gungnir.machines.kernel import MACHINES
from spec.rows import UNTAKEN, complaints, untaken


@pytest.mark.timeout(300)
def test_every_row_is_taken_or_says_why_not() -> None:
    """A row that nothing takes and nobody explains is unexplored; one that is taken needs no excuse."""
    assert not complaints(untaken())


def test_a_row_that_is_not_taken_and_a_stale_reason_are_told() -> None:
    """Both directions: the list can be too short and too long."""
    stale = ("repair", "Look", "grow")
    unexplored = ("failover", "Select", "chosen")
    told = complaints(frozenset({*UNTAKEN, unexplored} - {stale}))
    assert told == [
        f"{unexplored} is taken by no quick model, and not listed",
        f"{stale} is listed, and taken all the same",
    ]


def test_every_reason_is_about_a_row_that_exists() -> None:
    """A table that changed takes its reasons with it."""
    rows = {(name, str(row.source), row.trigger) for name, machine in MACHINES.items() for row in machine.rows}
    assert rows >= UNTAKEN.keys()
    assert all(UNTAKEN.values())
