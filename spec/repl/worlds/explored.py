"""Any explored world as a game: its own successors and predicates, stepped through one by one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from rich.console import RenderableType

from gungnir.machines.kernel import IllegalTransition
from spec.explorer import AlwaysOf, OnStepOf, Search
from spec.repl.game import Broken, Check, Move, Place, ReplError, unique
from spec.repl.worlds import diagram
from spec.repl.worlds.style import cells, grid
from spec.story import deed
from spec.world import Label, Number

STEP_VALID = "reconcileStepValid"


class Budgeted(Protocol):
    """A state whose faults are bounded: a NamedTuple with a budget, whose entries are numbers with the default 0."""

    @property
    def budget(self) -> Any:
        """How often each fault may still happen."""
        ...

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this state from every other one."""
        ...


StateT = TypeVar("StateT", bound=Budgeted)


def granted(state: StateT, budget: object) -> StateT:
    """Return the state with another budget."""
    named_tuple: Any = state
    changed: StateT = named_tuple._replace(budget=budget)
    return changed


def meaning(predicate: Callable[..., str]) -> str:
    """Return the first sentence of a predicate's docstring; one that a function makes has that function's."""
    owner = getattr(predicate, "__globals__", {}).get(predicate.__qualname__.partition(".")[0], predicate)
    return (owner.__doc__ or "").strip().partition("\n")[0]


class ExploredGame(diagram.Drawn, Generic[StateT]):
    """A model of ``spec.models`` to be stepped through by hand.

    A world shows itself by ``shown()``, a line for each part; a subclass shows it better.
    """

    def __init__(
        self,
        title: str,
        first: Callable[[], StateT],
        successors: Callable[[StateT], Iterator[tuple[Label, StateT]]],
        always: tuple[tuple[str, AlwaysOf[StateT]], ...],
        on_step: tuple[tuple[str, OnStepOf[StateT]], ...],
    ) -> None:
        """Take what the explorer takes."""
        self._title, self._first, self._next = title, first, successors
        self._always, self._on_step = always, on_step

    @property
    def title(self) -> str:
        """Which model, and which mutant."""
        return self._title

    @property
    def checks(self) -> tuple[Check, ...]:
        """The predicates that this model holds, and that every step is in its table."""
        return (
            *(Check(name, "state", meaning(predicate)) for name, predicate in self._always),
            *(Check(name, "step", meaning(predicate)) for name, predicate in self._on_step),
            Check(STEP_VALID, "state", "No reply leads a machine to a trigger that its table does not list."),
        )

    def first(self) -> StateT:
        """Return the state that the model starts in."""
        return self._first()

    def _successors(self, state: StateT) -> tuple[list[tuple[Label, StateT]], str]:
        found: list[tuple[Label, StateT]] = []
        try:
            found.extend(self._next(state))
        except IllegalTransition as error:
            return found, str(error)
        return found, ""

    def moves(self, state: StateT) -> tuple[Move, ...]:
        """Return every action that is enabled, in the order of the environment."""
        found, _ = self._successors(state)
        texts = unique([self.deed(label) for label, _ in found])
        return tuple(
            Move(text, "step" if label.fair else "chance", label, after)
            for text, (label, after) in zip(texts, found, strict=True)
        )

    def faults(self, state: StateT) -> tuple[Move, ...]:
        """Return what one more of each entry of the budget would allow."""
        none = type(state.budget)()
        base = {self.deed(label) for label, _ in self._successors(granted(state, none))[0]}
        found: list[tuple[Label, StateT]] = []
        for name in none._fields:
            for label, after in self._successors(granted(state, none._replace(**{name: 1})))[0]:
                if self.deed(label) not in base:
                    found.append((label, granted(after, state.budget)))
        texts = unique([self.deed(label) for label, _ in found])
        return tuple(Move(text, "fault", label, after) for text, (label, after) in zip(texts, found, strict=True))

    def budget(self, state: StateT) -> Mapping[str, int]:
        """Return how often each fault may still happen."""
        left: dict[str, int] = state.budget._asdict()
        return left

    def with_budget(self, state: StateT, budget: Mapping[str, int]) -> StateT:
        """Return the state with these entries of its budget changed.

        Raises:
            ReplError: there is no such entry.
        """
        names = type(state.budget)._fields
        unknown = sorted(set(budget) - set(names))
        if unknown:
            raise ReplError(f"no budget is called {unknown[0]!r}: there are {', '.join(names)}")
        return granted(state, state.budget._replace(**budget))

    def broken(self, before: StateT | None, label: Label | None, after: StateT) -> tuple[Broken, ...]:
        """Return what the step or the state after it violates."""
        found = [(name, predicate(after)) for name, predicate in self._always]
        if before is not None and label is not None:
            found += [(name, predicate(before, label, after)) for name, predicate in self._on_step]
        found.append((STEP_VALID, self._successors(after)[1]))
        return tuple(Broken(name, text) for name, text in found if text)

    def deed(self, label: Label) -> str:
        """Return who does what, as stories tell it."""
        return deed(label)

    def described(self, state: StateT) -> tuple[str, ...]:
        """Return the state in full, as stories begin."""
        lines: tuple[str, ...] = state.shown()  # type: ignore[attr-defined]  # a subclass shows a world that has none
        return lines

    def changes(self, before: StateT, after: StateT) -> tuple[str, ...]:
        """Return what a step changed, as stories tell it."""
        was = self.described(before)
        return tuple(line for line in self.described(after) if line not in was)

    def tables(self, before: StateT | None, state: StateT) -> Mapping[str, RenderableType]:
        """Return the state as tables by name."""
        table = grid("the state", "what it is")
        was = self.described(state if before is None else before)
        for line in self.described(state):
            table.add_row(*cells((line,), (line if line in was else "",)))
        left = grid("the budget", "fault", "may still happen")
        for name, number in self.budget(state).items():
            left.add_row(name, str(number))
        return {"state": table, "budget": left}

    def places(self, state: StateT) -> tuple[Place, ...]:
        """Return where each running machine stands."""
        del state
        return ()

    def search(
        self, state: StateT, goal: Callable[[StateT], bool] | None, max_states: int
    ) -> tuple[tuple[tuple[Move, ...], str] | None, int, bool]:
        """Search with the explorer itself, from this state on."""
        search: Search[StateT]
        if goal is None:
            search = Search(self._next, self._always, self._on_step, max_states=max_states)
        else:
            reached = (("reached", lambda found: "yes" if goal(found) else ""),)
            search = Search(self._fair, reached, max_states=max_states)
        result = search.run(state)
        if not result.violated:
            return None, result.states, result.complete
        path, here = [], state
        for label, after in result.story:
            path.append(next(move for move in self.moves(here) if (move.label, move.after) == (label, after)))
            here = after
        return (tuple(path), result.violated), result.states, result.complete

    def _fair(self, state: StateT) -> Iterator[tuple[Label, StateT]]:
        return (move for move in self._next(state) if move[0].fair)
