"""Many states at once are what they are one by one, and what holds them loses none."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.machines.kernel import IllegalTransition
from gungnir.machines.record import Record
from spec import explorer
from spec.environment import sources
from spec.explorer import Result, Search
from spec.footprint import Branch, Memory
from spec.forest import Column, Forest, KeySet
from spec.models import failover, release, switchover
from spec.models.failover import Model, first_of
from spec.world import RECORDS, Budget, World, record_version

SOME = {
    "failover: old primary with writes of its own returns",
    "failover: primary isolated for a while",
    "release: five pods, two lost for good at once",
    "switchover: two requests",
}
BY_NAME = {
    f"{world}: {model.name}": model
    for world, models in (("failover", failover.MODELS), ("release", release.MODELS), ("switchover", switchover.MODELS))
    for model in models
}
OLD = BY_NAME["failover: old primary with writes of its own returns"]
AT_ONCE, ONE_BY_ONE = 1, 1_000_000
ENOUGH = 1_000


@pytest.fixture(params=[AT_ONCE, 40])
def at_once(request: pytest.FixtureRequest) -> int:
    """From the first level on, and from a level in the middle on."""
    return int(request.param)


def what(result: Result[World]) -> tuple[Any, ...]:
    """Return all that must be the same."""
    seen = result.witnessed, {name: count for name, count in result.actions.items() if count}
    wrong = result.violated, result.text, [label for label, _ in result.story], [label for label, _ in result.deepest]
    return result.states, result.transitions, result.depth, result.complete, *wrong, *seen


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(SOME))
def test_many_at_once_are_what_they_are_one_by_one(name: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many states and transitions, the same depth, the same witnesses at the same depth, the same actions."""
    found = []
    for bulk_from in (at_once, ONE_BY_ONE):
        monkeypatch.setattr(explorer, "BULK_FROM", bulk_from)
        found.append(what(failover.explore(BY_NAME[name])))
    assert found[0] == found[1]


@pytest.mark.timeout(120)
def test_operators_that_may_be_exchanged_have_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two operators, a state and the one in which they have changed places are the same state, here and there."""
    model = Model("two operators", Budget(), OLD.scene, operators=2, setup=OLD.setup._replace(eager_reads=True))
    found = []
    for bulk_from in (AT_ONCE, ONE_BY_ONE):
        monkeypatch.setattr(explorer, "BULK_FROM", bulk_from)
        found.append(what(failover.explore(model)))
    assert found[0][3]
    assert found[0] == found[1]


def searched(monkeypatch: pytest.MonkeyPatch, at_once: int, **checks: Any) -> tuple[Result[World], Result[World]]:
    """Search one world with these checks, many states at once and one by one."""
    search = Search(sources(OLD.configured()), **checks)
    found = []
    for bulk_from in (at_once, ONE_BY_ONE):
        monkeypatch.setattr(explorer, "BULK_FROM", bulk_from)
        found.append(search.run(first_of(OLD)))
    return found[0], found[1]


def promoted(world: World) -> str:
    """Return what is wrong with a world in which a second epoch has its primary: for this test, that it has."""
    primary = world.api.record.primary
    return "there it is" if primary is not None and primary.epoch > first_of(OLD).api.record.epoch else ""


def agree(many: Result[World], one: Result[World]) -> None:
    """Assert that both tell the same story."""
    assert (many.violated, many.text, many.depth) == (one.violated, one.text, one.depth)
    assert many.story == one.story


def test_a_counterexample_is_the_same(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """It is the first one that the search one by one would meet, and its last state is the one that is wrong."""
    many, one = searched(monkeypatch, at_once, always=(("nobodyIsPromoted", promoted),))
    agree(many, one)
    assert promoted(many.story[-1][1])
    assert not any(promoted(state) for _, state in many.story[:-1])


def test_a_step_that_is_wrong_is_told_with_the_steps_before_it(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """The last step of the story is the wrong one."""

    def step(_before: World, _label: Any, after: World) -> str:
        return promoted(after)

    many, one = searched(monkeypatch, at_once, on_step=(("nothingHappens", step),))
    assert many.violated == "nothingHappens"
    agree(many, one)


@pytest.mark.parametrize("error", [KeyError("no such thing"), IllegalTransition("failover", "Health", "fly")])
def test_what_is_raised_is_told_with_the_story_too(
    monkeypatch: pytest.MonkeyPatch, at_once: int, error: Exception
) -> None:
    """An error of the checker itself is no crash of it, nor is a step that a table does not have."""

    def broken(world: World) -> str:
        if promoted(world):
            raise error
        return ""

    many, one = searched(monkeypatch, at_once, always=(("broken", broken),))
    assert many.violated in ("raised KeyError", "reconcileStepValid")
    agree(many, one)


def test_a_witness_that_nothing_shows_is_told_with_the_longest_run(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """The way to the state that was found last."""
    many, one = searched(monkeypatch, at_once, sometimes=(("never", lambda *_: False),))
    assert many.complete
    assert [label for label, _ in many.deepest] == [label for label, _ in one.deepest]
    assert len(many.deepest) == many.depth


def test_a_bound_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is on all states that are known, and is looked at before each part of a level."""
    many, _ = searched(monkeypatch, AT_ONCE, max_states=ENOUGH)
    assert not many.complete
    assert ENOUGH < many.states < 2 * ENOUGH


def test_what_differs_only_when_many_are_looked_at_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A predicate that says something else each time it is asked is not taken for one that holds."""
    asked = []

    def fickle(world: World) -> str:
        asked.append(promoted(world))
        return "once" if asked[-1] and not any(asked[:-1]) else ""

    monkeypatch.setattr(explorer, "BULK_FROM", AT_ONCE)
    search = Search(sources(OLD.configured()), always=(("fickle", fickle),))
    result = search.run(first_of(OLD))
    assert result.violated == "fickle"  # Its answer is remembered, so the closer look meets the same one.


def test_the_mark_of_a_value_is_the_same_everywhere() -> None:
    """What is made of it does not depend on the order in which values appeared."""
    record = Record(epoch=4711)
    ref = RECORDS.ref(record)
    assert record_version(record) == f"record-{ref.mark}"
    assert str(ref.number) not in (ref.mark, repr(ref))


# --- what holds states and memories -----------------------------------------------------------------------------------

KEYS = st.lists(st.integers(0, 2**64 - 2), unique=True, max_size=300)


@given(KEYS, KEYS, st.integers(1, 64))
def test_a_set_of_keys_is_a_set(added: list[int], asked: list[int], step: int) -> None:
    """However they come, and with keys that begin at the same place: whatever was added is there, and nothing else."""
    keys = KeySet(bits=2)
    for start in range(0, len(added), step):
        keys.add(np.array(added[start : start + step], dtype=np.uint64))
    assert keys.size == len(added)
    assert keys.has(np.array(added, dtype=np.uint64)).all()
    there = keys.has(np.array(asked, dtype=np.uint64)).tolist()
    assert there == [key in set(added) for key in asked]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_a_walk_finds_what_the_memory_finds(rows: list[tuple[int, int, int]]) -> None:
    """It learns what is missing, once for each place, and whatever was read decides."""
    asked: list[tuple[int, ...]] = []
    memory: Memory[int] = Memory()

    def reading(ids: tuple[int, ...]) -> tuple[list[int], int]:
        """Component 0 says whether 1 or 2 is read then; for 3, nothing else is."""
        return ([0], 9) if ids[0] == len(ids) else ([0, 1 + ids[0] % 2], ids[0] * 10 + ids[1 + ids[0] % 2])

    def learn(ids: tuple[int, ...]) -> None:
        asked.append(ids)
        order, found = reading(ids)
        memory.learn(ids, order, found)

    forest, kept = Forest(), Column(np.int64)
    tree = forest.plant(memory, kept.add, learn)
    states = np.array([[*row, 0] for row in rows], dtype=np.int32)
    assert kept[forest.walk(tree, states)].tolist() == [reading(row)[1] for row in rows]
    assert len(asked) == len({tuple(row[place] for place in reading(row)[0]) for row in rows})
    assert forest.walk(tree, states[:1], np.zeros(2, dtype=np.intp)).tolist() == [0, 0]
    assert isinstance(memory.top, Branch)
