"""A trace of the running operator as a game: one line after another, held against the step tables and the predicates.

Nothing can be decided differently here: there is one move, the next line. What is checked is what a trace alone can
say: each step is a row of its machine's table, the operator's own predicates hold of each snapshot, and the epochs of
the record never fall.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import RenderableType
from rich.table import Table

from gungnir.machines import safety
from gungnir.machines.kernel import MACHINES, IllegalTransition
from gungnir.machines.record import Record
from gungnir.machines.requests import Answers, ClusterSeen, Pods, PutRecord, Seen, Stored
from gungnir.machines.view import View
from spec.repl.game import Broken, Check, Move, Place, ReplError
from spec.repl.worlds import diagram
from spec.repl.worlds.style import cells, grid
from spec.repl.worlds.tables import of_record
from spec.story import recorded, said
from spec.trace import EventLine, Line, StepLine, TraceError, lines

IN_TABLE, MONOTONE = "reconcileStepValid", "recordedEpochMonotone"


class Standing(NamedTuple):
    """After how many lines of the trace one stands, and what they showed of each cluster, the last one named first.

    ``phases`` are (cluster, machine, phase) of the rounds that have not ended.
    """

    number: int = 0
    cluster: str = ""
    phases: tuple[tuple[str, str, str], ...] = ()
    records: tuple[tuple[str, Record], ...] = ()
    views: tuple[tuple[str, View], ...] = ()


class TraceGame(diagram.Drawn):
    """A trace to be stepped through by hand."""

    def __init__(self, path: str) -> None:
        """Read a trace.

        Raises:
            ReplError: the file cannot be read, or a line of it is none that the operator writes.
        """
        self._path = path
        try:
            with Path(path).expanduser().open(encoding="utf-8") as file:
                self._lines: tuple[Line, ...] = tuple(lines(file))
        except (OSError, UnicodeDecodeError) as error:
            raise ReplError(f"{path} cannot be read: {error}") from error
        except TraceError as error:
            raise ReplError(f"{path}: {error}") from error

    @property
    def title(self) -> str:
        """Which trace it is, and how long."""
        return f"the trace {self._path} of {len(self._lines)} lines"

    @property
    def checks(self) -> tuple[Check, ...]:
        """What a trace alone can say."""
        return (
            *(Check(name, "view", (check.__doc__ or "").partition("\n")[0]) for name, check in safety.PREDICATES),
            Check(IN_TABLE, "step", "Each step is a row of its machine's table, from where the round stood."),
            Check(MONOTONE, "step", "The epoch of the record that is stored or read never falls."),
        )

    def first(self) -> Standing:
        """Return the place before the first line."""
        return Standing()

    def moves(self, state: Standing) -> tuple[Move, ...]:
        """Return the next line."""
        if state.number >= len(self._lines):
            return ()
        line = self._lines[state.number]
        return (Move(f"line {line.number}: {_deed(line)}", "step", line, _after(state, line)),)

    def faults(self, _state: Standing) -> tuple[Move, ...]:
        """Return none: what happened has happened."""
        return ()

    def budget(self, _state: Standing) -> Mapping[str, int]:
        """Return none: what happened has happened."""
        return {}

    def with_budget(self, _state: Standing, _budget: Mapping[str, int]) -> Standing:
        """Refuse.

        Raises:
            ReplError: always.
        """
        raise ReplError("this is a trace: what happened has happened, and nothing can be injected")

    def broken(self, before: Standing | None, label: Line | None, after: Standing) -> tuple[Broken, ...]:
        """Return what a line violates."""
        if before is None or not isinstance(label, StepLine):
            return ()
        found = []
        if isinstance(label.reply, Seen):
            found += [Broken(*entry) for entry in safety.violations(label.reply.record, label.reply.view)]
        wrong = _not_in_table(before, label)
        found += [Broken(IN_TABLE, wrong)] if wrong else []
        was, now = dict(before.records).get(label.cluster), dict(after.records).get(label.cluster)
        created = now == Record()  # an object of the same name that was created anew begins at epoch 0
        if was is not None and now is not None and now.epoch < was.epoch and not created:
            found.append(Broken(MONOTONE, f"the record went from epoch {was.epoch} to {now.epoch}"))
        return tuple(found)

    def changes(self, before: Standing, after: Standing) -> tuple[str, ...]:
        """Return what a line shows to be different."""
        was, now = dict(before.records).get(after.cluster), dict(after.records).get(after.cluster)
        record = [] if now is None or now == was else [f"record {recorded(now)}"]
        pods, old = _pods(after), _pods(before) if before.cluster in ("", after.cluster) else {}
        changed = (name for name, row in pods.items() if old.get(name) != row)
        return (*record, *(f"{name}: {', '.join(filter(None, pods[name]))}" for name in changed))

    def described(self, state: Standing) -> tuple[str, ...]:
        """Return what is known of every cluster."""
        return tuple(f"{cluster}: record {recorded(record)}" for cluster, record in state.records)

    def tables(self, before: Standing | None, state: Standing) -> Mapping[str, RenderableType]:
        """Return what the last line said, and what is known of its cluster, as tables."""
        line = self._lines[state.number - 1] if state.number else None
        last = grid("the last line", "what", "is")
        for name, value in () if line is None else line._asdict().items():
            last.add_row(*cells((name, _shown(value)), None))
        record = dict(state.records).get(state.cluster, Record())
        was = None if before is None else dict(before.records).get(state.cluster)
        pods = grid(f"the pods of {state.cluster or 'no cluster yet'}", *_PODS)
        same = before is not None and before.cluster in ("", state.cluster)
        old = _pods(before) if before is not None and same else {}
        for name, row in _pods(state).items():
            pods.add_row(*cells((name, *row), (name, *old[name]) if name in old else None))
        return {"line": last, "record": _table(of_record(record), was), "pods": pods}

    def places(self, state: Standing) -> tuple[Place, ...]:
        """Return the rounds that have not ended."""
        return tuple(Place(cluster, machine, phase, "its reply") for cluster, machine, phase in state.phases)

    def search(
        self, state: Standing, goal: Callable[[Standing], bool] | None, max_states: int
    ) -> tuple[tuple[tuple[Move, ...], str] | None, int, bool]:
        """Go on to the next line where the goal holds, or that violates something; a trace needs no bound."""
        del max_states
        path: list[Move] = []
        while moves := self.moves(state):
            path.append(moves[0])
            broken = self.broken(state, moves[0].label, moves[0].after)
            state = moves[0].after
            if goal is not None and goal(state):
                return (tuple(path), "reached"), len(path), False
            if goal is None and broken:
                return (tuple(path), broken[0].name), len(path), False
        return None, len(path), True


_PODS = ("pod", "contact", "role", "link", "history:offset", "fence")


def _table(rows: Mapping[str, str], was: Record | None) -> Table:
    table = grid("the record", "what", "stored")
    before = {} if was is None else of_record(was)
    for name, text in rows.items():
        table.add_row(*cells((name, text), (name, before[name]) if before else None))
    return table


def _shown(value: object) -> str:
    return value if isinstance(value, str) else said(value) if type(value) in (Pods, PutRecord) else str(value)


def _deed(line: Line) -> str:
    if isinstance(line, EventLine):
        return f"{line.machine}: {line.event} {line.about}"
    replied = said(line.reply.answers) if isinstance(line.reply, Answers) else type(line.reply).__name__
    return f"{line.machine} [{line.trigger} -> {line.phase}] {said(line.sent)} {replied} {line.detail}".rstrip()


def _phase(state: Standing, line: StepLine) -> str:
    known = {(cluster, machine): phase for cluster, machine, phase in state.phases}
    return known.get((line.cluster, line.machine), str(MACHINES[line.machine].initial))


def _not_in_table(state: Standing, line: StepLine) -> str:
    """Tell what is wrong with a step: no row leads there, neither from where the round stood nor from a start anew."""
    machine = MACHINES.get(line.machine)
    if machine is None:
        return f"there is no machine {line.machine!r}"
    for phase in (_phase(state, line), machine.initial):
        try:
            if str(machine.advance(phase, line.trigger)) == line.phase:
                return ""
        except IllegalTransition:
            continue
    return f"no row of {line.machine} leads from {_phase(state, line)} by {line.trigger} to {line.phase}"


def _after(state: Standing, line: Line) -> Standing:
    if isinstance(line, EventLine):
        return state._replace(number=state.number + 1, cluster=line.cluster or state.cluster)
    # Rounds of one cluster do not overlap: whatever other round stood somewhere ended without saying so.
    phases = [entry for entry in state.phases if entry[0] != line.cluster]
    if line.machine in MACHINES and line.phase not in MACHINES[line.machine].terminal:
        phases.append((line.cluster, line.machine, line.phase))
    records, views = dict(state.records), dict(state.views)
    match line.sent, line.reply:
        case _, Seen(record, view, _):
            views[line.cluster] = view
            if record.epoch >= records.get(line.cluster, record).epoch:  # a cache may be older than what we stored
                records[line.cluster] = record
        case _, ClusterSeen(record=record):
            records[line.cluster] = record
        case PutRecord(record=record), Stored():
            records[line.cluster] = record
        case _:
            pass
    return Standing(
        state.number + 1, line.cluster, tuple(phases), tuple(sorted(records.items())), tuple(sorted(views.items()))
    )


def _pods(state: Standing) -> dict[str, tuple[str, ...]]:
    view: Any = dict(state.views).get(state.cluster)
    rows: dict[str, tuple[str, ...]] = {}
    for pod in () if view is None else view.pods:
        server = pod.server
        if server is None:
            rows[pod.name] = (str(pod.contact), "", "", "", "")
            continue
        role = "PRIMARY" if server.primary else f"follows {server.follows}" if server.follows else "follows nobody"
        link = "" if server.primary else "up" if server.link_up else "down"
        rows[pod.name] = (str(pod.contact), role, link, f"{server.replid[:8]}:{server.offset}", str(server.fence))
    return rows
