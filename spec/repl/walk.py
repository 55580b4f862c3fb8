"""A walk: the steps that were taken in a game, and where in it one stands.

It is immutable, so a wrong command changes nothing. Each step is kept as the command that takes it again: a walk is
its own script.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from spec.repl.game import Broken, Game, Move, ReplError, chosen

TAKE, FAULT, BUDGET = "take", "fault", "budget"


class Taken(NamedTuple):
    """One step: the command and what it named, its label, the state after it, and what does not hold there."""

    command: str
    text: str
    label: Any
    after: Any
    broken: tuple[Broken, ...] = ()

    @property
    def line(self) -> str:
        """The command that takes this step again."""
        return f"{self.command} {self.text}"


@dataclass(frozen=True)
class Walk:
    """The steps so far. ``at`` of them were taken; those behind were gone back over and can be taken again."""

    game: Game
    first: Any
    steps: tuple[Taken, ...] = ()
    at: int = 0
    broken_at_first: tuple[Broken, ...] = ()

    @classmethod
    def begun(cls, game: Game) -> "Walk":
        """Return the walk that has not begun."""
        first = game.first()
        return cls(game, first, broken_at_first=game.broken(None, None, first))

    @property
    def taken(self) -> tuple[Taken, ...]:
        """The steps from the first state to where one stands."""
        return self.steps[: self.at]

    @property
    def state(self) -> Any:
        """The state where one stands."""
        return self.steps[self.at - 1].after if self.at else self.first

    @property
    def before(self) -> Any:
        """The state before the last step, or None."""
        if not self.at:
            return None
        return self.steps[self.at - 2].after if self.at > 1 else self.first

    @property
    def broken(self) -> tuple[Broken, ...]:
        """What does not hold where one stands."""
        return self.steps[self.at - 1].broken if self.at else self.broken_at_first

    def breaks(self) -> dict[str, tuple[int, Broken]]:
        """Return for each predicate that failed on the way the number of the step that broke it (0: the start)."""
        found: dict[str, tuple[int, Broken]] = {}
        for number, broken in enumerate((self.broken_at_first, *(step.broken for step in self.taken))):
            for entry in broken:
                found.setdefault(entry.name, (number, entry))
        return found

    def moved(self, command: str, move: Move) -> "Walk":
        """Return the walk with one step more; what was gone back over is forgotten."""
        broken = self.game.broken(self.state, move.label, move.after)
        step = Taken(command, move.text, move.label, move.after, broken)
        return replace(self, steps=(*self.taken, step), at=self.at + 1)

    def took(self, words: str) -> "Walk":
        """Take an enabled action, by number or by words.

        Raises:
            ReplError: none is meant, or more than one.
        """
        return self.moved(TAKE, chosen(self.game.moves(self.state), words, "action"))

    def struck(self, words: str) -> "Walk":
        """Inject a fault, whatever the budget says, by number or by words.

        Raises:
            ReplError: none is meant, or more than one.
        """
        return self.moved(FAULT, chosen(self.game.faults(self.state), words, "fault"))

    def granted(self, words: str) -> "Walk":
        """Set entries of the budget: ``crash=1 write=2``.

        Raises:
            ReplError: not of this form, or no such entry.
        """
        budget: dict[str, int] = {}
        for word in words.split():
            name, equals, value = word.partition("=")
            if not (equals and value.isdecimal()):
                raise ReplError(f"budget takes NAME=NUMBER, as in crash=1, not {word!r}")
            budget[name] = int(value)
        after = self.game.with_budget(self.state, budget)
        text = " ".join(f"{name}={value}" for name, value in budget.items())
        step = Taken(BUDGET, text, None, after, self.game.broken(None, None, after))
        return replace(self, steps=(*self.taken, step), at=self.at + 1)

    def stood(self, at: int) -> "Walk":
        """Go to after the n-th step (0: the start).

        Raises:
            ReplError: the walk has no such step.
        """
        if not 0 <= at <= len(self.steps):
            raise ReplError(f"the walk has steps 0 to {len(self.steps)}, not {at}")
        return replace(self, at=at)

    def did(self, line: str) -> "Walk":
        """Carry out one line of a script: ``take``, ``fault`` or ``budget``, and what it names.

        Raises:
            ReplError: it is not such a line, or it cannot be carried out here.
        """
        command, _, words = line.partition(" ")
        steps = {TAKE: self.took, FAULT: self.struck, BUDGET: self.granted}
        if command not in steps:
            raise ReplError(f"a walk consists of {', '.join(steps)}, not {command!r}")
        return steps[command](words)

    def trail(self, who: str, machine: str) -> tuple[str, ...]:
        """Return the phases that the running round of a machine went through, the present one last."""
        phases: list[str] = []
        for state in (*(step.after for step in reversed(self.taken)), self.first):
            place = next((p for p in self.game.places(state) if (p.who, p.machine) == (who, machine)), None)
            if place is None:
                break
            if not phases or phases[-1] != place.phase:
                phases.append(place.phase)
        return tuple(reversed(phases))
