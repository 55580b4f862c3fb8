"""Any world can be stepped through that the explorer can explore: here one that counts, and may be told to skip."""

from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

import pytest

from spec.repl import ReplError, Session, Walk
from spec.repl.worlds.explored import ExploredGame
from spec.world import Label, Number


class Skips(NamedTuple):
    """How often a number may be skipped."""

    skip: int = 0


class Counter(NamedTuple):
    """A number, and what may befall it."""

    number: int
    budget: Skips = Skips()

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this state from every other one."""
        return [self.number, number("budget", self.budget)]

    def shown(self) -> tuple[str, ...]:
        """Return the number in words."""
        return ("a counter", f"at {self.number}")


def _successors(state: Counter) -> Iterator[tuple[Label, Counter]]:
    yield Label("count", "clerk"), state._replace(number=min(state.number + 1, 4))
    if state.budget.skip:
        budget = Skips(state.budget.skip - 1)
        yield Label("skip", "clerk", fair=False), Counter(state.number + 2, budget)


def never_five(state: Counter) -> str:
    """The counter stops at four.

    Nothing else is said of it.
    """
    return "it is at five" if state.number == len("fives") else ""


def one_by_one(before: Counter, _label: Label, after: Counter) -> str:
    """The counter makes no leaps."""
    return "it leapt" if after.number > before.number + 1 else ""


@pytest.fixture
def session() -> Session:
    """Return a session in the world that counts."""
    game = ExploredGame(
        "counting", lambda: Counter(0), _successors, (("neverFive", never_five),), (("oneByOne", one_by_one),)
    )
    session = Session(out=StringIO())
    session.walk, session.model = Walk.begun(game), "counting"
    return session


def test_a_world_that_shows_itself_needs_nothing_else(session: Session) -> None:
    """State, changes, budget, predicates, walk and story are shown; a step that repeats ends the run to the end."""
    session.do("run end")
    assert session.walk.state == Counter(4)
    for line in ("state", "actions", "faults", "budget", "invariants", "walk", "story", "diagram lease", "back 2"):
        session.do(line)
    assert session.walk.game.changes(Counter(0), Counter(1)) == ("at 1",)
    assert [check.meaning for check in session.walk.game.checks][:2] == [
        "The counter stops at four.",
        "The counter makes no leaps.",
    ]


def test_a_fault_breaks_what_it_breaks(session: Session) -> None:
    """By the predicate of the step, and later by that of the state; each is told with the step that broke it."""
    session.do("run end")
    session.do("back 1")
    session.do("fault skip")
    assert {name: step for name, (step, _) in session.walk.breaks().items()} == {"neverFive": 4, "oneByOne": 4}
    assert session.walk.state.budget == Skips(0)


def test_the_hunt_stays_within_the_budget(session: Session) -> None:
    """Without one nothing is found; with one, the shortest way."""
    with pytest.raises(ReplError, match="nothing can go wrong"):
        session.do("hunt")
    session.do("budget skip=2")
    session.do("hunt")
    assert [step.text for step in session.walk.taken] == ["skip=2", "clerk: skip"]
    assert [broken.name for broken in session.walk.broken] == ["oneByOne"]
