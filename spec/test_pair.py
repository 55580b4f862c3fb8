"""Two processes find what one finds."""

import os
import pickle
from typing import Any

import pytest

from gungnir.machines.record import Record
from spec.environment import sources
from spec.explorer import Result, Search
from spec.models import failover, release, switchover
from spec.models.failover import Model, first_of
from spec.world import RECORDS, World, record_version

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
ENOUGH = 1_000


def what(result: Result[World]) -> tuple[Any, ...]:
    """Return all that must be the same."""
    seen = result.witnessed, {name: count for name, count in result.actions.items() if count}
    return result.states, result.transitions, result.depth, result.complete, result.violated, *seen


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", sorted(SOME))
def test_two_processes_find_what_one_finds(name: str) -> None:
    """As many states and transitions, the same depth, the same witnesses at the same depth, the same actions."""
    model = BY_NAME[name]
    assert what(failover.explore(model, pair=True)) == what(failover.explore(model, pair=False))


@pytest.mark.timeout(120)
def test_pods_and_operators_that_may_be_exchanged_have_one_key_in_both_processes() -> None:
    """With two operators, a state and the one in which they have changed places are the same state."""
    model = Model("two operators", OLD.budget, OLD.scene, operators=2, setup=OLD.setup._replace(eager_reads=True))
    found = [failover.explore(model, max_states=ENOUGH * 20, pair=pair) for pair in (True, False)]
    assert what(found[0])[:3] == what(found[1])[:3] or not found[0].complete
    depths = [result.depth for result in found]
    assert max(depths) - min(depths) <= 1


def searched(**checks: Any) -> tuple[Result[World], Result[World]]:
    """Search one world with these checks by two processes, then by one."""
    search = Search(sources(OLD.configured()), **checks)
    first = first_of(OLD)
    alone = search.run(first)
    search.pair = True
    return search.run(first), alone


def promoted(world: World) -> str:
    """Return what is wrong with a world in which a second epoch has its primary: for this test, that it has."""
    primary = world.api.record.primary
    return "there it is" if primary is not None and primary.epoch > first_of(OLD).api.record.epoch else ""


def test_a_counterexample_is_as_short_and_leads_there() -> None:
    """The story is found across both processes, and its last state is the one that is wrong."""
    two, one = searched(always=(("nobodyIsPromoted", promoted),))
    assert two.violated == one.violated == "nobodyIsPromoted"
    assert len(two.story) == len(one.story) > 1
    assert promoted(two.story[-1][1])
    assert not any(promoted(state) for _, state in two.story[:-1])


def test_a_step_that_is_wrong_is_told_with_the_steps_before_it() -> None:
    """The last step of the story is the wrong one."""

    def step(_before: World, _label: Any, after: World) -> str:
        return promoted(after)

    two, one = searched(on_step=(("nothingHappens", step),))
    assert two.violated == one.violated == "nothingHappens"
    assert len(two.story) == len(one.story) > 1
    assert promoted(two.story[-1][1])


def test_what_a_predicate_raises_is_told_with_the_story_too() -> None:
    """An error of the checker itself is no crash of it."""

    def broken(world: World) -> str:
        if promoted(world):
            raise KeyError("no such thing")
        return ""

    two, one = searched(always=(("broken", broken),))
    assert two.violated == one.violated == "raised KeyError"
    # Alone, the story ends with the state before it.
    assert len(two.story) == len(one.story) + 1
    assert promoted(two.story[-1][1])


def test_a_witness_that_nothing_shows_is_told_with_the_longest_run() -> None:
    """As by one process: the way to a state of the last level."""
    two, one = searched(sometimes=(("never", lambda *_: False),))
    assert two.complete
    assert len(two.deepest) == len(one.deepest) == two.depth


def test_a_bound_ends_both() -> None:
    """The bound is on the states of both together, and is looked at after each level."""
    two, _ = searched(max_states=ENOUGH)
    assert not two.complete
    assert ENOUGH < two.states < 2 * ENOUGH


def test_the_end_of_the_other_process_is_told() -> None:
    """It is no hang, and no result."""
    ours = os.getpid()

    def deadly(world: World) -> str:
        if promoted(world) and os.getpid() != ours:
            os._exit(3)
        return ""

    with pytest.raises(RuntimeError, match="other process of the search has ended"):
        searched(always=(("deadly", deadly),))


def test_a_reference_that_is_sent_is_the_one_that_is_there() -> None:
    """And what is made of it does not depend on the order in which values appeared."""
    record = Record(epoch=4711)
    ref = RECORDS.ref(record)
    assert pickle.loads(pickle.dumps(ref)) is ref  # noqa: S301 - made here
    assert record_version(record) == f"record-{ref.mark}"
    assert str(ref.number) not in (ref.mark, repr(ref))
