"""What can be stepped through: a first state, the moves of each state, and what must hold of them.

A game is one model, or one trace. The session, the walk and the commands know nothing else of it, so that the code it
steps through may be another copy of the modules than the one that is running (``spec.repl.copies``). States and labels
are the game's own: nobody else looks inside.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from rich.console import RenderableType

from gungnir.errors import UserError

SHOWN = 8
"""So many names are listed when more than one is meant."""


class ReplError(UserError):
    """A command cannot be carried out. The text says why and what would do; nothing has changed."""


class Move(NamedTuple):
    """One thing that can happen next. No two moves of a state have the same ``text``.

    ``kind`` is "step" (it may not be put off for ever), "chance" (it may happen, or never) or "fault" (it would need
    more budget than is left).
    """

    text: str
    kind: str
    label: Any
    after: Any


class Broken(NamedTuple):
    """A predicate that does not hold, and what is wrong."""

    name: str
    text: str


class Check(NamedTuple):
    """A predicate of every state, or of every step: ``of`` says which; ``meaning`` is its sentence."""

    name: str
    of: str
    meaning: str


class Place(NamedTuple):
    """Where a machine stands: whose round it is, in which phase, and what it waits for."""

    who: str
    machine: str
    phase: str
    waits: str


class Game(Protocol):
    """One model or one trace."""

    @property
    def title(self) -> str:
        """Which model, and which mutant of the code."""
        ...

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every predicate that is evaluated on the way."""
        ...

    def first(self) -> Any:
        """Return the state it begins in."""
        ...

    def moves(self, state: Any) -> tuple[Move, ...]:
        """Return everything that can happen next, in a fixed order."""
        ...

    def faults(self, state: Any) -> tuple[Move, ...]:
        """Return every fault that can be thought of here, whatever budget is left; it costs none."""
        ...

    def budget(self, state: Any) -> Mapping[str, int]:
        """Return how often each fault may still happen."""
        ...

    def with_budget(self, state: Any, budget: Mapping[str, int]) -> Any:
        """Return the state with these entries of its budget changed.

        Raises:
            ReplError: there is no such entry.
        """
        ...

    def broken(self, before: Any, label: Any, after: Any) -> tuple[Broken, ...]:
        """Return what the step or the state after it violates. ``before`` is None for the first state."""
        ...

    def changes(self, before: Any, after: Any) -> tuple[str, ...]:
        """Return what a step changed, a line each."""
        ...

    def described(self, state: Any) -> tuple[str, ...]:
        """Return the state in full, a line each: as a story begins."""
        ...

    def tables(self, before: Any, state: Any) -> Mapping[str, RenderableType]:
        """Return the state as tables by name; what differs from ``before`` is marked."""
        ...

    def places(self, state: Any) -> tuple[Place, ...]:
        """Return where each running machine stands."""
        ...

    def diagram(self, machine: str, trail: tuple[str, ...]) -> RenderableType:
        """Return a machine's table with the phases of this round marked, the last of them as the present one.

        Raises:
            ReplError: there is no such machine.
        """
        ...

    def mermaid(self, machine: str, phase: str) -> str:
        """Return a machine as a Mermaid diagram with one phase marked.

        Raises:
            ReplError: there is no such machine.
        """
        ...

    def machines(self) -> Mapping[str, tuple[str, ...]]:
        """Return the phases of each machine by its name."""
        ...

    def search(
        self, state: Any, goal: Callable[[Any], bool] | None, max_states: int
    ) -> tuple[tuple[tuple[Move, ...], str] | None, int, bool]:
        """Search from a state, breadth first.

        With a ``goal``: for the nearest state where it holds, by steps that nobody may put off for ever. Without: for
        the nearest violation, by every move.

        Returns:
            The moves that lead there and the name of what is violated; how many states were looked at; and whether that
            were all.
        """
        ...


def unique(texts: list[str]) -> list[str]:
    """Return the texts with a number behind each one that was there before."""
    counts: dict[str, int] = {}
    found = []
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
        found.append(text if counts[text] == 1 else f"{text} #{counts[text]}")
    return found


def chosen(moves: tuple[Move, ...], words: str, kind: str) -> Move:
    """Return the move that is meant: by its number, by its whole text, or by words that no other one has all of.

    Raises:
        ReplError: none is meant, or more than one.
    """
    text = picked(tuple(move.text for move in moves), words, kind)
    return next(move for move in moves if move.text == text)


def picked(names: tuple[str, ...], words: str, kind: str, hint: str = "") -> str:
    """Return the name that is meant: by its number, in whole, or by words that no other one has all of.

    ``hint`` says where the names are listed; without it, by the command of the plural of ``kind``.

    Raises:
        ReplError: none is meant, or more than one.
    """
    if words.isdecimal():
        if not 1 <= int(words) <= len(names):
            raise ReplError(f"there is no {kind} {words}: there are {len(names)}")
        return names[int(words) - 1]
    if words in names:
        return words
    whole = [name for name in names if name.lower() == words.lower()]
    if len(whole) == 1:
        return whole[0]
    wanted = words.lower().split()
    fitting = [name for name in names if all(word in name.lower() for word in wanted)]
    exact = [name for name in fitting if set(wanted) <= set(name.lower().replace(":", " ").split())]
    if len(fitting) == 1 or len(exact) == 1:
        return (fitting if len(fitting) == 1 else exact)[0]
    if not fitting:
        raise ReplError(f"no {kind} fits {words!r}: `{hint or kind + 's'}` lists what there is")
    shown = "; ".join(fitting[:SHOWN]) + ("; ..." if len(fitting) > SHOWN else "")
    raise ReplError(f"{words!r} fits {len(fitting)} {kind}s: {shown}")
