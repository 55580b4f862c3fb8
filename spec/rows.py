"""Rows of the machines' tables that no run of a quick model takes, each with the reason.

A row that is neither taken nor listed is one that nothing explores; a listed row that is taken has a stale reason.
``spec/test_rows.py`` refuses both.
"""

from collections.abc import Mapping
from typing import Final

from gungnir.machines.kernel import MACHINES
from spec.environment.operators import Taken
from spec.models import alone, failover, lease, reconcile, scale_down, switchover

Edge = tuple[str, str, str]
"""A machine, one of its phases, and a trigger."""

ENOUGH_STATES: Final = 8000
"""Of each model, as far as breadth-first search gets with this many states: nearly all rows are taken early."""
TAKING: Final = frozenset(
    {
        "calm",
        "lost answer",
        "operator is stopped",
        "all objects",
        "edits and removals",
        "lost answers and ends",
        "deleted and created again",
        "scaled down beside a failover",
        "a request",
        "two requests",
        "a request and an operator's end",
        "a request and a lost answer",
        "too many by one",
        "crash and lost answer",
        "crash and lost volume",
        "old primary with writes of its own returns",
        "replication id adopted early",
    }
)
"""Quick models that together take every row that any of them takes: the others are left out to save the time."""
DEEPER: Final[Mapping[str, int]] = {"replication id adopted early": 20_000}
"""Models that alone take some row, late: a replica of which nobody can say whether it is level."""

_SHOWN: Final = "the world shows sizes, settings and pods that leave as repair wants them; unit tests take this row"

UNTAKEN: Final[Mapping[Edge, str]] = {
    **dict.fromkeys(
        (
            ("repair", phase, trigger)
            for phase, triggers in (
                ("Look", ("end", "configure", "grow")),
                ("End", ("told", "failed")),
                ("Configure", ("told", "failed")),
                ("Grow", ("stored", "refused", "failed")),
            )
            for trigger in triggers
        ),
        _SHOWN,
    ),
    ("reconcile", "Init", "status-only"): "a round over no objects is the display alone; unit tests take this row",
}


def untaken() -> frozenset[Edge]:
    """Explore those models with the unmodified machines, and return the rows that none of them takes."""
    before = set(Taken.edges)
    Taken.edges.clear()
    try:
        for machine in alone.MODELS:
            alone.explore(machine)
        for leases in lease.MODELS:
            if leases.name in TAKING:
                lease.explore(leases, ENOUGH_STATES)
        for objects in reconcile.MODELS:
            if objects.name in TAKING:
                reconcile.explore(objects, ENOUGH_STATES)
        for pods in (*failover.MODELS, *switchover.MODELS, *scale_down.MODELS):
            if pods.name in TAKING:
                failover.explore(pods, DEEPER.get(pods.name, ENOUGH_STATES))
        taken = set(Taken.edges)
    finally:
        Taken.edges.update(before)
    rows = {(name, str(row.source), row.trigger) for name, machine in MACHINES.items() for row in machine.rows}
    return frozenset(rows - taken)


def complaints(missing: frozenset[Edge]) -> list[str]:
    """Return what is wrong with the list, given the rows that are really not taken; empty if nothing is."""
    unlisted = [f"{edge} is taken by no quick model, and not listed" for edge in sorted(missing - UNTAKEN.keys())]
    return unlisted + [f"{edge} is listed, and taken all the same" for edge in sorted(UNTAKEN.keys() - missing)]
