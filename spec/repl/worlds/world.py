"""The closed world of the pods as a game: the machines' own successors, predicates and tables, nothing of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from rich.console import RenderableType

from gungnir.machines.kernel import MACHINES, IllegalTransition
from spec import invariants
from spec.environment import successors
from spec.explorer import Always, OnStep, Search
from spec.models.failover import Model, first_of
from spec.repl.game import Broken, Check, Move, Place, ReplError, unique
from spec.repl.worlds import diagram, tables
from spec.story import changes, deed, told
from spec.world import Budget, Label, World

STEP_VALID = "reconcileStepValid"
_NONE = Budget()


def meaning(predicate: Callable[..., str]) -> str:
    """Return the first sentence of a predicate's docstring; one that a function makes has that function's."""
    owner = getattr(invariants, predicate.__qualname__.partition(".")[0], predicate)
    return (owner.__doc__ or "").strip().partition("\n")[0]


class WorldGame:
    """A model of ``spec.models`` to be stepped through by hand."""

    def __init__(self, model: Model, mutant: str = "") -> None:
        """Take the model's setup and predicates; ``mutant`` is only for the title."""
        self._model, self._setup = model, model.configured()
        only = model.only
        self._always: tuple[tuple[str, Always], ...] = tuple(
            entry for entry in invariants.always(self._setup) if not only or entry[0] in only
        )
        self._on_step: tuple[tuple[str, OnStep], ...] = tuple(
            entry for entry in invariants.ON_STEP if not only or entry[0] in only
        )
        self._title = model.name + (f", with the mutant {mutant!r}" if mutant else "")

    @property
    def title(self) -> str:
        """Which model, and which mutant."""
        return self._title

    @property
    def checks(self) -> tuple[Check, ...]:
        """The predicates of ``spec.invariants`` that this model holds, and that every step is in its table."""
        return (
            *(Check(name, "state", meaning(predicate)) for name, predicate in self._always),
            *(Check(name, "step", meaning(predicate)) for name, predicate in self._on_step),
            Check(STEP_VALID, "state", "No reply leads a machine to a trigger that its table does not list."),
        )

    def first(self) -> World:
        """Return the world that the model starts in."""
        return first_of(self._model)

    def _successors(self, world: World) -> tuple[list[tuple[Label, World]], str]:
        found: list[tuple[Label, World]] = []
        try:
            found.extend(successors(self._setup, world))
        except IllegalTransition as error:
            return found, str(error)
        return found, ""

    def moves(self, state: World) -> tuple[Move, ...]:
        """Return every action that is enabled, in the order of the environment."""
        found, _ = self._successors(state)
        texts = unique([deed(label) for label, _ in found])
        return tuple(
            Move(text, "step" if label.fair else "chance", label, after)
            for text, (label, after) in zip(texts, found, strict=True)
        )

    def faults(self, state: World) -> tuple[Move, ...]:
        """Return what one more of each entry of the budget would allow."""
        base = {deed(label) for label, _ in self._successors(state._replace(budget=_NONE))[0]}
        labels: list[tuple[Label, World]] = []
        for name in Budget._fields:
            granted = state._replace(budget=_NONE._replace(**{name: 1}))
            for label, after in self._successors(granted)[0]:
                if deed(label) not in base:
                    labels.append((label, after._replace(budget=state.budget)))
        texts = unique([deed(label) for label, _ in labels])
        return tuple(Move(text, "fault", label, after) for text, (label, after) in zip(texts, labels, strict=True))

    def budget(self, state: World) -> Mapping[str, int]:
        """Return how often each fault may still happen."""
        return state.budget._asdict()

    def with_budget(self, state: World, budget: Mapping[str, int]) -> World:
        """Return the world with these entries of its budget changed.

        Raises:
            ReplError: there is no such entry.
        """
        unknown = sorted(set(budget) - set(Budget._fields))
        if unknown:
            raise ReplError(f"no budget is called {unknown[0]!r}: there are {', '.join(Budget._fields)}")
        return state._replace(budget=state.budget._replace(**budget))

    def broken(self, before: World | None, label: Label | None, after: World) -> tuple[Broken, ...]:
        """Return what the step or the world after it violates."""
        found = [(name, predicate(after)) for name, predicate in self._always]
        if before is not None and label is not None:
            found += [(name, predicate(before, label, after)) for name, predicate in self._on_step]
        found.append((STEP_VALID, self._successors(after)[1]))
        return tuple(Broken(name, text) for name, text in found if text)

    def changes(self, before: World, after: World) -> tuple[str, ...]:
        """Return what a step changed, as stories tell it."""
        return tuple(changes(before, after))

    def described(self, state: World) -> tuple[str, ...]:
        """Return the world in full, as stories begin."""
        return tuple(line.strip() for line in told(state, ()).splitlines()[1:])

    def tables(self, before: World | None, state: World) -> Mapping[str, RenderableType]:
        """Return the world as tables by name."""
        return tables.of_world(before, state)

    def places(self, state: World) -> tuple[Place, ...]:
        """Return where each operator's round stands."""
        return tables.places(state)

    def diagram(self, machine: str, trail: tuple[str, ...]) -> RenderableType:
        """Return a machine's table with the phases of this round marked."""
        return diagram.table(machine, trail)

    def mermaid(self, machine: str, phase: str) -> str:
        """Return a machine as a Mermaid diagram with one phase marked."""
        return diagram.marked(machine, phase)

    def machines(self) -> Mapping[str, tuple[str, ...]]:
        """Return the phases of each machine by its name."""
        return {name: machine.phases for name, machine in MACHINES.items()}

    def search(
        self, state: World, goal: Callable[[World], bool] | None, max_states: int
    ) -> tuple[tuple[tuple[Move, ...], str] | None, int, bool]:
        """Search with the explorer itself, from this world on."""
        search: Search[World]
        if goal is None:
            every: Any = lambda world: successors(self._setup, world)  # noqa: E731 - a function of one place
            search = Search(every, self._always, self._on_step, max_states=max_states)
        else:
            fair: Any = lambda world: (move for move in successors(self._setup, world) if move[0].fair)  # noqa: E731 - same
            search = Search(fair, (("reached", lambda world: "yes" if goal(world) else ""),), max_states=max_states)
        result = search.run(state)
        if not result.violated:
            return None, result.states, result.complete
        path, world = [], state
        for label, after in result.story:
            path.append(next(move for move in self.moves(world) if (move.label, move.after) == (label, after)))
            world = after
        return (tuple(path), result.violated), result.states, result.complete
