"""What makes the explorer fast must not change what it finds: a memory is right, or it is refused."""

from collections.abc import Callable
from itertools import count
from typing import NamedTuple

import pytest

from spec import footprint, invariants, witnesses
from spec.environment import sources, successors
from spec.explorer import Result, Search
from spec.footprint import Layout, Memory, Reads, unchanged
from spec.models.failover import Model, first_of
from spec.models.scenes import deposed, haunted_vote, lagging
from spec.space import Sources
from spec.world import Budget, World


class Lamp(NamedTuple):
    """A state of three numbers, the last two of which are elements of one field."""

    colour: int
    power: int
    bulbs: tuple[int, ...]


ENOUGH = 2000
"""States of each model that are looked at: far into what its faults bring about."""
CUTS = World._fields.index("cuts")
FIRST = Lamp(1, 0, (5, 5))


def _learned(function: Callable[[Lamp], object], *states: Lamp) -> tuple[Layout, Memory[object]]:
    layout, memory = Layout(FIRST, "bulbs"), Memory[object]()
    for state in states:
        watched, reads = layout.watched(tuple(state))
        result = function(watched)
        memory.learn(layout.ids(state), reads.order, result)
    return layout, memory


def test_a_result_is_known_for_states_that_agree_in_what_was_read() -> None:
    """What was not read does not matter; what was read does, to the element."""
    layout, memory = _learned(lambda lamp: f"colour {lamp.colour}", FIRST)
    assert memory.find(layout.ids(FIRST._replace(power=7, bulbs=(1, 2)))) == f"colour {FIRST.colour}"
    assert memory.find(layout.ids(FIRST._replace(colour=2))) is None


def test_what_is_read_may_depend_on_what_was_read_before() -> None:
    """Each branch of a function has a footprint of its own."""
    layout, memory = _learned(lambda lamp: lamp.bulbs[0] if lamp.power else "off", FIRST, FIRST._replace(power=1))
    assert memory.find(layout.ids(FIRST._replace(bulbs=(9, 9)))) == "off"
    assert memory.find(layout.ids(FIRST._replace(power=1, bulbs=(9, 9)))) is None


def test_a_function_that_depends_on_something_else_is_refused() -> None:
    """A memory of such a function would be wrong."""
    calls = count()
    with pytest.raises(ValueError, match="depends on something hidden"):
        _learned(lambda lamp: lamp.power if next(calls) else lamp.colour, FIRST, FIRST._replace(colour=2))


def test_a_state_can_only_be_read_by_the_names_of_its_fields() -> None:
    """Reading it as a tuple would not be noted."""
    watched, _ = Layout(FIRST, "bulbs").watched(tuple(FIRST))
    for read in (lambda: list(watched), lambda: watched == FIRST, lambda: hash(watched), lambda: watched[0]):
        with pytest.raises(TypeError, match="names of its fields"):
            read()


def test_an_element_that_a_source_is_not_given_cannot_be_looked_at_or_changed() -> None:
    """Of a split field, a source of one element has that element alone."""
    layout = Layout(FIRST, "bulbs")
    watched, reads = layout.watched(tuple(FIRST), element=1)
    assert watched.bulbs[1] == FIRST.bulbs[1]
    assert reads.order == [layout.elements[1]]
    with pytest.raises(ValueError, match="not given"):
        layout.changes(reads, watched._replace(bulbs=(6, watched.bulbs[1])))


def test_what_is_replaced_unread_counts_as_read() -> None:
    """That it differs from before depends on what was before."""
    layout = Layout(FIRST, "bulbs")
    watched, reads = layout.watched(tuple(FIRST))
    changes = layout.changes(reads, watched._replace(colour=3))
    assert [component for component, _ in changes] == reads.order == [layout.of_field[0]]
    assert unchanged(FIRST, FIRST._replace(colour=3), "bulbs")
    assert not unchanged(FIRST, FIRST._replace(colour=3), "colour")


SMALL = (
    Model("deposed", Budget(crash=1), deposed),
    Model("lagging", Budget(isolate=1, message=1), lagging),
    Model("haunted", Budget(restart=1), haunted_vote),
    Model("two operators", Budget(), deposed, operators=2),
    Model("two operators that differ in what they reach", Budget(cut_operator=1), operators=2),
)


def _searched(model: Model, *, plain: bool) -> Result[World]:
    setup = model.configured()
    moves = (lambda world: successors(setup, world)) if plain else sources(setup)
    checks = (invariants.always(setup), invariants.ON_STEP, witnesses.SOMETIMES)
    return Search(moves, *checks, max_states=ENOUGH).run(first_of(model))


def _figures(result: Result[World]) -> tuple[object, ...]:
    actions = {name: number for name, number in result.actions.items() if number}
    return result.states, result.transitions, result.depth, result.violated, result.witnessed, actions


@pytest.mark.parametrize("model", SMALL, ids=[model.name for model in SMALL])
def test_remembered_moves_are_those_that_the_functions_yield(model: Model) -> None:
    """Sources are explored with memories, and as the one function that they are: with the same result."""
    assert _figures(_searched(model, plain=False)) == _figures(_searched(model, plain=True))


def test_a_read_that_is_not_noted_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: a footprint that forgets who is cut off makes a memory contradict itself."""
    note = Reads.note

    def forgetful(self: Reads, component: int) -> None:
        if component != self.of_field[CUTS]:
            note(self, component)

    monkeypatch.setattr(footprint.Reads, "note", forgetful)
    found = _searched(SMALL[1], plain=False)
    assert found.violated == "raised ValueError"
    assert "depends on something hidden" in found.text


def test_sources_yield_what_each_of_them_yields() -> None:
    """As a function, for stories and scenes, sources are the sum of their parts."""
    setup = SMALL[0].configured()
    first = first_of(SMALL[0])
    all_moves: Sources[World] = sources(setup)
    assert list(all_moves(first)) == list(successors(setup, first))
