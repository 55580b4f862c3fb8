"""Breadth-first search of every interleaving, with the shortest story to whatever goes wrong.

States are kept as 64-bit hashes of their canonical form (hash compaction): with n states the chance that two of them
were taken for one is below n * n / 2**65, and is printed with the result. Parents are kept as numbers, and a story is
found again by walking from the start.
"""

import gc
import time
import traceback
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Generic, TypeAlias, TypeVar

from gungnir.machines.kernel import IllegalTransition
from spec import showing, space
from spec.graph import Graph
from spec.plain import Keyed, PlainSpace
from spec.space import Checks, Move, Sources, Space
from spec.world import Label, World

StateT = TypeVar("StateT", bound=Keyed)
Successors: TypeAlias = Callable[[StateT], Iterator[tuple[Label, StateT]]]
AlwaysOf: TypeAlias = space.Always[StateT]
OnStepOf: TypeAlias = space.OnStep[StateT]
SometimesOf: TypeAlias = space.Sometimes[StateT]
Always = AlwaysOf[World]
OnStep = OnStepOf[World]
Sometimes = SometimesOf[World]
BULK_FROM: Final = 2_000
"""A level of so many states is explored many states at once; for fewer that takes longer than one by one."""
CLOCK_EVERY: Final = 256


@dataclass
class Result(Generic[StateT]):
    """What a search found. ``story`` is empty if nothing is wrong; ``violated`` names the predicate that failed."""

    states: int = 0
    transitions: int = 0
    depth: int = 0
    complete: bool = False
    violated: str = ""
    text: str = ""
    story: tuple[tuple[Label, StateT], ...] = ()
    deepest: tuple[tuple[Label, StateT], ...] = ()
    """If the search came to its end and missed a witness that was asked for: the way to a state that is last found."""
    seconds: float = 0.0
    witnessed: dict[str, int] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)

    @property
    def omission(self) -> float:
        """Probability at most that a state was left out because its hash was taken."""
        return self.states * self.states / 2**65

    def line(self) -> str:
        """Return the result in one line."""
        end = "complete" if self.complete else "bounded"
        verdict = f"VIOLATED {self.violated}: {self.text}" if self.violated else "holds"
        return (
            f"{self.states} states, {self.transitions} transitions, depth {self.depth}, {end}, {self.seconds:.1f} s, "
            f"omission < {self.omission:.1e}: {verdict}"
        )


class _Tree:
    """How each state was first reached: its parent's number, and which of the parent's actions led to it."""

    def __init__(self) -> None:
        self._parents = array("I", [0])
        self._choices = array("H", [0])

    def __len__(self) -> int:
        return len(self._parents)

    def add(self, parent: int, choice: int) -> int:
        """Add a state and return its number."""
        self._parents.append(parent)
        self._choices.append(choice)
        return len(self._parents) - 1

    def extend(self, parents: Any, choices: Any) -> None:
        """Add many states: arrays of numbers."""
        self._parents.frombytes(parents.astype("u4").tobytes())
        self._choices.frombytes(choices.astype("u2").tobytes())

    def choices_to(self, number: int) -> list[int]:
        """Return the actions that lead from the first state to this one."""
        choices: list[int] = []
        while number:
            choices.append(self._choices[number])
            number = self._parents[number]
        return choices[::-1]


@dataclass
class Search(Generic[StateT]):
    """One search: what to check, and how far to go.

    ``successors`` is a function, or ``Sources``, which are explored many times faster. With a ``graph``, all edges are
    kept in it, with what liveness needs to know of them; without one, ``Sources`` are explored many states at once as
    soon as there are enough (bulk.py).
    """

    successors: Successors[StateT] | Sources[StateT]
    always: tuple[tuple[str, AlwaysOf[StateT]], ...] = ()
    on_step: tuple[tuple[str, OnStepOf[StateT]], ...] = ()
    sometimes: tuple[tuple[str, SometimesOf[StateT]], ...] = ()
    max_states: int = 50_000_000
    max_seconds: float = 1e9
    marks: tuple[tuple[str, Callable[[StateT], bool]], ...] = ()
    fairness: Callable[[Label], str] | None = None
    graph: Graph | None = None

    def run(self, first: StateT) -> Result[StateT]:
        """Explore everything that is reachable from ``first``, level by level."""
        began_s = time.monotonic()
        was_enabled = gc.isenabled()
        gc.disable()  # Every object lives to the end: collecting finds nothing, and doubles the time.
        try:
            result = _Run(self, first, began_s).result()
        finally:
            if was_enabled:
                gc.enable()
        result.seconds = time.monotonic() - began_s
        return result

    def story(self, first: StateT, choices: list[int]) -> tuple[tuple[Label, StateT], ...]:
        """Return the steps that these choices lead to."""
        path: list[tuple[Label, StateT]] = []
        state = first
        for choice in choices:
            label, state = list(self.successors(state))[choice]
            path.append((label, state))
        return tuple(path)


class _Clock:
    """Shows how far a search is, and says when it has to stop."""

    def __init__(self, search: Search[Any], began_s: float) -> None:
        self._search, self._began_s, self._shown_s = search, began_s, began_s

    def stops(self, depth: int, states: int, frontier: int) -> bool:
        now_s = time.monotonic()
        if now_s - self._shown_s > showing.EVERY_S:
            self._shown_s = now_s
            showing.show(depth, states, frontier, now_s - self._began_s)
        return states > self._search.max_states or now_s - self._began_s > self._search.max_seconds


class _Run(Generic[StateT]):
    """One run of a search, with all that it holds."""

    def __init__(self, search: Search[StateT], first: StateT, began_s: float) -> None:
        self._search, self._first, self._clock = search, first, _Clock(search, began_s)
        checks: Checks[StateT] = Checks(search.always, search.on_step, search.sometimes, search.marks, search.fairness)
        successors = search.successors
        # One walks numbers, the other states; to a search both are handles.
        self._space: Any = (
            Space(successors, checks, first) if isinstance(successors, Sources) else PlainSpace(successors, checks)
        )
        self._result: Result[StateT] = Result()
        self._tree = _Tree()
        self._counts: list[int] = []

    def result(self) -> Result[StateT]:
        """Explore, and return what was found."""
        space, graph = self._space, self._search.graph
        handle = space.handle(self._first)
        known = {space.key(handle): 0}
        if graph is not None:
            graph.add_state(space.mark(handle))
        level: list[tuple[int, Any, int]] = [(0, handle, space.key(handle))]
        while level:
            if len(level) >= BULK_FROM and graph is None and isinstance(space, Space) and find_spec("numpy"):
                return self._in_bulk(level, known)
            following: list[tuple[int, Any, int]] = []
            for count, (number, handle, key) in enumerate(level):
                choice = self._expand(number, handle, key, known, following)
                if choice is not None:
                    choices = [*self._tree.choices_to(number), *((choice,) if choice >= 0 else ())]
                    return self._ended(len(known), self._search.story(self._first, choices))
                if graph is not None:
                    graph.end_state()
                if count % CLOCK_EVERY == 0 and self._clock.stops(self._result.depth, len(known), len(level)):
                    return self._ended(len(known), ())
            if len(known) > self._search.max_states:
                return self._ended(len(known), ())
            level = following
            self._result.depth += bool(level)
        self._result.complete = True
        return self._ended(len(known), ())

    def _in_bulk(self, level: list[tuple[int, Any, int]], known: dict[int, int]) -> Result[StateT]:
        """Go on from a level that is large, many states at once; without numpy it goes on one by one."""
        from spec.bulk import Bulk, blocks  # noqa: PLC0415 - what only the demo needs does not bring numpy

        result, bulk = self._result, Bulk(self._space, known)
        states, first = bulk.matrix([handle for _, handle, _ in level]), level[0][0]
        while len(states):
            following: list[Any] = []
            for part in blocks(len(states)):
                if self._clock.stops(result.depth, bulk.size, len(states)):
                    return self._ended(bulk.size, ())
                try:
                    block = bulk.expand(states[part])
                except Exception as error:  # noqa: BLE001 - a predicate, a missing row, anything that a step raises
                    return self._closely(bulk.handles(states[part]), first + part.start, error)
                self._count(block.moves)
                self._tree.extend(first + part.start + block.parents, block.choices)
                following.append(block.states)
            first, states = first + len(states), bulk.joined(following)
            result.depth += bool(len(states))
        result.complete = True
        return self._ended(bulk.size, ())

    def _closely(self, handles: list[Any], first: int, error: Exception) -> Result[StateT]:
        """Look at states one by one: one of them is where something is wrong.

        Raises:
            RuntimeError: nothing is wrong with any of them.
        """
        for number, handle in enumerate(handles, first):
            choice = self._expand(number, handle, self._space.key(handle), {}, [])
            if choice is not None:
                choices = [*self._tree.choices_to(number), *((choice,) if choice >= 0 else ())]
                return self._ended(len(self._tree), self._search.story(self._first, choices))
        raise RuntimeError("many states at once are not what they are one by one") from error

    def _expand(
        self, number: int, handle: Any, key: int, known: dict[int, int], following: list[tuple[int, Any, int]]
    ) -> int | None:
        """Add what follows from one state; return the choice that ends a counterexample (-1: the state itself does)."""
        space, result, graph, counts = self._space, self._result, self._search.graph, self._counts
        try:
            for choice, (move, after_key, after, more) in enumerate(space.expand(handle, key)):
                if move.action >= len(counts):
                    counts.extend([0] * (move.action + 1 - len(counts)))
                counts[move.action] += 1
                bad = move.bad
                for name in move.hits:
                    result.witnessed.setdefault(name, result.depth + 1)
                target = known.get(after_key)
                if target is None:
                    reached = space.child(handle, move, more) if after is None else after
                    target = known[after_key] = self._tree.add(number, choice)
                    following.append((target, reached, after_key))
                    bad = bad or space.bad_state(reached)
                    if graph is not None:
                        graph.add_state(space.mark(reached))
                if graph is not None:
                    graph.add_edge(target, choice, move.fair)
                if bad is not None:
                    result.violated, result.text = bad
                    return choice
        except IllegalTransition as error:
            result.violated, result.text = "reconcileStepValid", str(error)
            return -1
        except Exception as error:  # noqa: BLE001 - whatever a step raises, the story that led to it is what helps
            result.violated, result.text = raised(error)
            return -1
        return None

    def _count(self, moves: tuple[tuple[Move, int], ...]) -> None:
        """Count moves that were taken so often from states of this level."""
        counts = self._counts
        for move, times in moves:
            if move.action >= len(counts):
                counts.extend([0] * (move.action + 1 - len(counts)))
            counts[move.action] += times
            for name in move.hits:
                self._result.witnessed.setdefault(name, self._result.depth + 1)

    def _ended(self, states: int, story: tuple[tuple[Label, StateT], ...]) -> Result[StateT]:
        result = self._result
        if result.complete and any(name not in result.witnessed for name, _ in self._search.sometimes):
            result.deepest = self._search.story(self._first, self._tree.choices_to(len(self._tree) - 1))
        result.states, result.story, result.transitions = states, story, sum(self._counts)
        result.actions = dict(zip(self._space.actions.names, self._counts, strict=False))
        if self._search.graph is not None:
            self._search.graph.classes = self._space.classes.names
        return result


def raised(error: Exception) -> tuple[str, str]:
    """Return the verdict on an exception that an action raised, and where that was."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"raised {type(error).__name__}", f"{error} ({Path(last.filename).name}, line {last.lineno}: {last.line})"
