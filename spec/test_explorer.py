"""The explorer itself: the same search twice is the same, a story ends in what is wrong, and bounds are told."""

from spec.models.failover import Model, explore, first_of
from spec.models.scenes import deposed
from spec.mutants import applied
from spec.mutants.code import MUTANTS
from spec.story import told
from spec.world import Budget

SCREEN_LINES = 60
SMALL = Model("small", Budget(crash=1), deposed)


def test_a_search_is_the_same_each_time() -> None:
    """Counts do not depend on hash seeds, on addresses, or on what was explored before."""
    first, second = explore(SMALL), explore(SMALL)
    assert first.complete
    assert (first.states, first.transitions, first.depth) == (second.states, second.transitions, second.depth)


def test_a_bounded_search_says_so() -> None:
    """A search that was cut short has shown nothing."""
    result = explore(SMALL, max_states=10)
    assert not result.complete
    assert "bounded" in result.line()


def test_a_story_leads_from_the_first_world_to_the_violation() -> None:
    """Each step of a story is a step of the world, the last one is the bad one, and it fits on a screen."""
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "the worst vote wins")
    with applied(mutant):
        result = explore(mutant.model)
        text = told(first_of(mutant.model), result.story)
    assert result.violated == "noAckedWriteLost"
    assert len(result.story) == result.depth + 1
    assert len(text.splitlines()) <= SCREEN_LINES
    assert "promote" in text.splitlines()[-2]
