"""What holds of every machine: its table is sound, its replies are answered legally, its diagram is its table."""

import re
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from gungnir.machines import diagram, failover, reconcile, repair, switchover
from gungnir.machines.kernel import MACHINES, IllegalTransition, Machine, Row
from gungnir.machines.lease import CreateLease, GetLease
from gungnir.machines.requests import (
    AlreadyExists,
    Conflict,
    Elapsed,
    GetCluster,
    NotFound,
    Observe,
    Reply,
    Unknown,
    Unreachable,
    describe,
)
from tests.unit.machines import test_failover_paths as failover_paths
from tests.unit.machines import test_reconcile as reconcile_paths
from tests.unit.machines import test_repair_paths as repair_paths
from tests.unit.machines import test_scale_down as scale_down_paths
from tests.unit.machines import test_switchover as switchover_paths
from tests.unit.machines.worlds import FACTS, REPLIES

PAGE = Path(__file__).parents[3] / "docs" / "machines.md"
ALL = pytest.mark.parametrize("machine", MACHINES.values(), ids=lambda machine: machine.name)
STEPPED: dict[str, tuple[Callable[..., Any], Any]] = {
    "failover": (failover.step, failover_paths.PATHS),
    "repair": (repair.step, repair_paths.PATHS),
    "switchover": (switchover.step, switchover_paths.PATHS),
    "scale-down": (scale_down_paths.stepped, scale_down_paths.PATHS),
    "reconcile": (reconcile.step, reconcile_paths.PATHS),
}


def states_of(name: str) -> list[Any]:
    """Every state that some path of this machine goes through with a request outstanding."""
    steps = [step for path in STEPPED[name][1].values() for step in path.walk().steps]
    return list(dict.fromkeys(step.state for step in steps if step.request is not None))


def test_every_machine_is_on_the_page_once() -> None:
    assert {machine.name for machine in diagram.PAGES} == set(MACHINES)
    assert len(diagram.PAGES) == len(MACHINES)


@pytest.mark.parametrize("name", STEPPED)
def test_the_states_of_the_paths_are_in_every_phase_that_waits_for_a_reply(name: str) -> None:
    machine = MACHINES[name]
    assert {state.phase for state in states_of(name)} == set(machine.phases) - machine.terminal


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: type(reply).__name__)
@pytest.mark.parametrize("name", STEPPED)
def test_every_reply_in_every_phase_is_a_row_of_the_table_or_illegal(name: str, reply: Reply) -> None:
    step, machine = STEPPED[name][0], MACHINES[name]
    rows = {(row.source, row.trigger): row.dest for row in machine.rows}
    for state in states_of(name):
        before = repr(state)
        with suppress(IllegalTransition):
            taken = step(FACTS, state, reply)
            assert rows[state.phase, taken.trigger] == taken.state.phase
            assert (taken.request is None) == (taken.state.phase in machine.terminal)
        assert repr(state) == before


@pytest.mark.parametrize("name", STEPPED)
def test_a_reply_after_the_end_of_a_round_is_illegal_and_says_where(name: str) -> None:
    step, paths = STEPPED[name]
    ended = {walked.last.phase: walked.last for walked in (path.walk() for path in paths.values())}
    states = [state for phase, state in ended.items() if phase in MACHINES[name].terminal]
    assert {state.phase for state in states} == MACHINES[name].terminal
    for state in states:
        with pytest.raises(IllegalTransition, match=f"{name}: no row for trigger 'Conflict' in phase '{state.phase}'"):
            step(FACTS, state, Conflict())


@pytest.mark.parametrize("name", STEPPED)
def test_the_same_reply_to_the_same_state_gives_the_same_step(name: str) -> None:
    step, paths = STEPPED[name]
    for path in paths.values():
        first, again = path.walk(), path.walk()
        assert first == again
        for (before, after), reply in zip(pairwise(first.steps), path.replies, strict=True):
            assert step(FACTS, before.state, reply) == after
            assert hash(after.state) == hash(step(FACTS, before.state, reply).state)


@ALL
def test_every_phase_is_reached_and_leads_to_an_end(machine: Machine) -> None:
    reached, news = {machine.initial}, {machine.initial}
    while news:
        news = {row.dest for row in machine.rows if row.source in news} - reached
        reached |= news
    assert reached == set(machine.phases)
    ends, grows = set(machine.terminal) or {machine.initial}, True
    while grows:
        before = len(ends)
        ends |= {row.source for row in machine.rows if row.dest in ends}
        grows = len(ends) > before
    assert ends == set(machine.phases)


@ALL
def test_every_row_says_why(machine: Machine) -> None:
    assert [row for row in machine.rows if not row.why or "|" in row.why] == []


@ALL
def test_a_trigger_without_a_row_is_illegal_and_names_where(machine: Machine) -> None:
    listed = {(row.source, row.trigger) for row in machine.rows}
    triggers = {row.trigger for row in machine.rows} | {"unheard-of"}
    for phase in machine.phases:
        for trigger in triggers:
            if (phase, trigger) in listed:
                assert machine.advance(phase, trigger) in machine.phases
                continue
            with pytest.raises(IllegalTransition, match=rf"{machine.name}: no row for trigger '{trigger}'") as caught:
                machine.advance(phase, trigger)
            assert (caught.value.phase, caught.value.trigger) == (phase, trigger)


def test_two_rows_for_one_trigger_are_refused() -> None:
    rows = (Row("A", "go", "B", "x"), Row("A", "go", "C", "y"))
    with pytest.raises(ValueError, match="m: two rows for trigger 'go' in phase 'A'"):
        Machine("m", "A", frozenset({"B", "C"}), rows)


def test_a_row_that_leaves_a_terminal_phase_is_refused() -> None:
    with pytest.raises(ValueError, match="m: a row leaves the terminal phase 'B'"):
        Machine("m", "A", frozenset({"B"}), (Row("B", "go", "A", "x"),))


@ALL
def test_the_diagram_has_exactly_the_rows_of_the_table(machine: Machine) -> None:
    edges = re.findall(r"^    (\w+) --> (\w+): ([\w-]+)$", diagram.mermaid(machine), re.MULTILINE)
    assert edges == [(row.source, row.dest, row.trigger) for row in machine.rows]
    ends = re.findall(r"^    (\w+) --> \[\*\]$", diagram.mermaid(machine), re.MULTILINE)
    assert ends == sorted(machine.terminal)
    assert f"[*] --> {machine.initial}" in diagram.mermaid(machine)


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == diagram.page(), "run `make docs` and commit docs/machines.md"


def test_a_reply_is_described_with_what_the_api_server_said() -> None:
    texts = {type(reply).__name__: describe(reply) for reply in REPLIES}
    assert texts.pop("Invalid") == "Invalid: no"
    assert texts.pop("Forbidden") == "Forbidden: may not update services"
    assert all(name == text for name, text in texts.items())


def test_replies_and_requests_without_fields_are_equal_to_none_of_another_type() -> None:
    """As plain tuples they would be, and a conflict would be taken for an answer that never came."""
    empty: tuple[Any, ...] = (NotFound(), AlreadyExists(), Conflict(), Unreachable(), Unknown(), Elapsed(), Observe())
    empty = (*empty, GetCluster(), GetLease(), CreateLease())
    for one, other in product(empty, empty):
        again = type(other)()
        assert (one == again) is (one is other)
        assert (one != again) is (one is not other)
    assert len({*empty, *(type(value)() for value in empty)}) == len(empty)
