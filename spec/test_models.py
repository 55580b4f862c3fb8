"""Every model keeps its promises in every interleaving, shows what it is there for, and is as large as pinned."""

from typing import Any

import pytest

from spec import actions, pins
from spec.actions import WORLDS, complaints, named_in_the_source
from spec.explorer import Result
from spec.judging import EXPLORED, assert_holds
from spec.models.catalogue import MODELS, QUICK, Entry
from spec.story import abridged

FEW_STATES = 3_000
"""Of a model that was not explored in this run: all its actions are taken early."""
SLOW = [entry for entry in MODELS.values() if entry.slow]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("entry", QUICK, ids=[entry.name for entry in QUICK])
def test_every_interleaving_holds(entry: Entry) -> None:
    """No state and no step violates a predicate, and what the model is there for does happen."""
    assert_holds(entry)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("entry", SLOW, ids=[entry.name for entry in SLOW])
def test_every_interleaving_of_a_large_model_holds(entry: Entry) -> None:
    """As above, where it takes minutes."""
    assert_holds(entry)


@pytest.mark.timeout(300)
def test_no_action_is_dead() -> None:
    """Every action of the environment and of the machines is taken by some quick model, or says why not.

    It goes by what the tests above explored, and explores what was left out of this run.
    """
    for entry in QUICK:
        if entry.name not in EXPLORED:
            EXPLORED[entry.name] = entry.explore(FEW_STATES)
    assert not complaints({entry.name: EXPLORED[entry.name] for entry in QUICK})


def test_every_action_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new action cannot be forgotten; and one that is never taken, or excused for nothing, is told."""
    listed = frozenset(action for actions in WORLDS.values() for action in actions)
    assert named_in_the_source() <= listed
    monkeypatch.setattr(actions, "UNTAKEN", {("failover", "glimpse"): "a reason"})
    nothing: Result[Any] = Result(actions={"glimpse": 1, "no such action": 1, "crash": 0})
    told = complaints({"release: a model": nothing})
    assert "failover: no such action is taken and not listed" in told
    assert "failover: glimpse is taken, and excused" in told
    assert "failover: crash is never taken" in told


@pytest.mark.parametrize("lines", [30, 50])
def test_a_long_story_is_told_on_one_screen(lines: int) -> None:
    """The last steps are told whole, of those before them who did what; a short story is told as it is."""
    steps = [f"{number:3}. operator 0: api put e1 of much text\n       record e{number}" for number in range(1, 150)]
    text = abridged("\n".join(["at first:", "    c-0: up", *steps]), lines)
    assert len(text.splitlines()) <= lines
    assert text.splitlines()[0] == "at first:"
    assert text.splitlines()[-1] == "       record e149"
    assert abridged("at first:\n  1. c-0: crash", lines) == "at first:\n  1. c-0: crash"


def test_what_is_pinned_are_the_quick_models() -> None:
    """Each is pinned, and nothing else is."""
    assert list(pins.pinned()) == [entry.name for entry in QUICK]
