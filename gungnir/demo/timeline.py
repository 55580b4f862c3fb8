"""What happened during a fault, in order: what was done, what the operator saw, decided and did, what clients saw."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gungnir.demo.trace import TraceLine
from gungnir.machines import failover_table, reconcile, switchover
from gungnir.machines.kernel import MACHINES

_TABLES: Final = (failover_table, reconcile, switchover)
"""Imported so that their machines are registered, whose sentences are shown."""
_SHOWN: Final = frozenset({"failover", "switchover"})
_QUIET: Final = frozenset({"healthy", "doubtful", "wait", "stalled", "gone"})
"""Triggers by which a round ends at once, having found nothing to do."""


_ROUTINE: Final = frozenset({"changed"})
"""Evidence that says nothing about life or death: a value in an answer is another one."""


class Kind(StrEnum):
    """Who or what a line of the timeline is about."""

    FAULT = "fault"
    EVIDENCE = "evidence"
    STEP = "step"
    CLIENT = "client"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: milliseconds since the fault, and what it was."""

    offset_ms: float
    kind: Kind
    what: str
    detail: str = ""


def entries(lines: Iterable[TraceLine], fault_ms: float) -> list[Entry]:
    """The trace as lines of the timeline, without rounds that found nothing to do.

    Args:
        lines: Of the trace.
        fault_ms: When the fault happened, in milliseconds since the Unix epoch.
    """
    found: list[Entry] = []
    repeats = 0
    for line in lines:
        if line.event in _ROUTINE:
            continue
        offset_ms = line.at_ms - fault_ms
        if line.machine == "monitor" and line.event:
            entry = Entry(offset_ms, Kind.EVIDENCE, line.event, _joined(line.pod, line.detail))
            last = found[-1] if found else None
            if last is not None and last.what == entry.what and last.detail.startswith(entry.detail):
                repeats += 1
                found[-1] = Entry(last.offset_ms, last.kind, last.what, f"{entry.detail}, {repeats} times")
            else:
                repeats = 1
                found.append(entry)
        elif line.machine in _SHOWN and line.trigger not in _QUIET:
            found.append(Entry(offset_ms, Kind.STEP, line.phase, _joined(sentence(line), line.detail)))
    return found


def sentence(line: TraceLine) -> str:
    """The step table's own sentence for a step; the trigger's name for a step it does not list."""
    machine = MACHINES.get(line.machine)
    rows = machine.rows if machine else ()
    return next((row.why for row in rows if (row.trigger, row.dest) == (line.trigger, line.phase)), line.trigger)


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)
