"""The explorer itself: the same search twice is the same, a story ends in what is wrong, and bounds are told."""

import re

import pytest

from spec import showing
from spec.models.failover import Model, explore
from spec.models.scenes import deposed
from spec.mutants.catalogue import named
from spec.mutants.runner import run
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
    mutant = named("the worst vote wins")
    outcome = run(mutant.edits, mutant.killer)
    what, _, story = outcome.story.partition("\n")
    assert outcome.verdicts == ("noAckedWriteLost",)
    assert "without acknowledged writes" in what
    assert f"\n{outcome.steps:3}. " in story
    assert f"\n{outcome.steps + 1:3}. " not in story
    assert len(story.splitlines()) <= SCREEN_LINES
    assert "promote" in story.splitlines()[-2]


def test_who_waits_is_told_how_far_a_search_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What, how many states, how deep, how fast, how much memory, and how long it will take if nothing changed."""
    told: list[str] = []
    monkeypatch.setattr(showing, "EVERY_S", 0.0)
    monkeypatch.setattr(showing.NOW, "tell", told.append)
    with showing.exploring("failover: small", expected=1_000_000):
        explore(SMALL)
    assert re.fullmatch(
        r"failover: small: [\d,]+ states, depth \d+, frontier [\d,]+, [\d,]+/s, \d+ MB, \d+ s, about \d+ s left",
        told[-1],
    )
    explore(SMALL)
    assert told[-1].startswith("search: ")
    assert "left" not in told[-1]
