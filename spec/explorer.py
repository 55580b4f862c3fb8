"""Breadth-first search of every interleaving, with the shortest story to whatever goes wrong.

States are kept as 64-bit hashes of their canonical form (hash compaction): with n states the chance that two of them
were taken for one is below n * n / 2**65, and is printed with the result. Parents are kept as numbers, and a story is
found again by walking from the start.
"""

import gc
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from gungnir.machines.kernel import IllegalTransition
from spec.world import Interner, Label, Number, World


class Keyed(Protocol):
    """A state of some world: an immutable value that says which of its parts make it what it is."""

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this state from every other one; ``number`` gives one to a component."""
        ...


StateT = TypeVar("StateT", bound=Keyed)
Successors: TypeAlias = Callable[[StateT], Iterator[tuple[Label, StateT]]]
AlwaysOf: TypeAlias = Callable[[StateT], str]
OnStepOf: TypeAlias = Callable[[StateT, Label, StateT], str]
SometimesOf: TypeAlias = Callable[[StateT, Label, StateT], bool]
Always = AlwaysOf[World]
OnStep = OnStepOf[World]
Sometimes = SometimesOf[World]
PROGRESS_S: Final = 5.0


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


class _Keys:
    """Gives each world its canonical 64-bit key. Components are interned, so an unchanged one costs one lookup."""

    def __init__(self) -> None:
        self._tables: dict[str, Interner[object]] = {}

    def key(self, state: Keyed) -> int:
        parts = state.parts(self._number)
        return int.from_bytes(blake2b(array("i", parts).tobytes(), digest_size=8).digest(), "little")

    def _number(self, table: str, value: object) -> int:
        interner = self._tables.get(table)
        if interner is None:
            interner = self._tables[table] = Interner()
        return interner.ref(value).number


class _Tree:
    """How each state was first reached: its parent's number, and which of the parent's actions led to it."""

    def __init__(self) -> None:
        self._parents = array("L", [0])
        self._choices = array("H", [0])

    def add(self, parent: int, choice: int) -> int:
        """Add a state and return its number."""
        self._parents.append(parent)
        self._choices.append(choice)
        return len(self._parents) - 1

    def choices_to(self, number: int) -> list[int]:
        """Return the actions that lead from the first state to this one."""
        choices: list[int] = []
        while number:
            choices.append(self._choices[number])
            number = self._parents[number]
        return choices[::-1]


@dataclass
class Search(Generic[StateT]):
    """One search: what to check, and how far to go."""

    successors: Successors[StateT]
    always: tuple[tuple[str, AlwaysOf[StateT]], ...] = ()
    on_step: tuple[tuple[str, OnStepOf[StateT]], ...] = ()
    sometimes: tuple[tuple[str, SometimesOf[StateT]], ...] = ()
    max_states: int = 50_000_000
    max_seconds: float = 1e9
    progress: bool = False

    def run(self, first: StateT) -> Result[StateT]:
        """Explore everything that is reachable from ``first``, level by level."""
        began_s = time.monotonic()
        was_enabled = gc.isenabled()
        gc.disable()  # Every object lives to the end: collecting finds nothing, and doubles the time.
        try:
            result = self._run(first, began_s)
        finally:
            if was_enabled:
                gc.enable()
        result.seconds = time.monotonic() - began_s
        return result

    def _run(self, first: StateT, began_s: float) -> Result[StateT]:
        result: Result[StateT] = Result()
        keys = _Keys()
        known, tree = {keys.key(first)}, _Tree()
        level: list[tuple[int, StateT]] = [(0, first)]
        shown_s = began_s
        while level:
            following: list[tuple[int, StateT]] = []
            for number, world in level:
                story = self._expand(result, world, number, keys, known, tree, following)
                if story is not None:
                    return self._ended(result, known, (*self._path(first, number, tree), *story))
                now_s = time.monotonic()
                if self.progress and now_s - shown_s > PROGRESS_S:
                    shown_s = now_s
                    self._show(result, len(known), len(level), now_s - began_s)
                if len(known) > self.max_states or now_s - began_s > self.max_seconds:
                    return self._ended(result, known, ())
            level = following
            result.depth += bool(level)
        result.complete = True
        return self._ended(result, known, ())

    def _expand(
        self,
        result: Result[StateT],
        world: StateT,
        number: int,
        keys: _Keys,
        known: set[int],
        tree: "_Tree",
        following: list[tuple[int, StateT]],
    ) -> tuple[tuple[Label, StateT], ...] | None:
        """Add what follows from one state; return the last step of a counterexample, if there is one."""
        try:
            for choice, (label, after) in enumerate(self.successors(world)):
                result.transitions += 1
                result.actions[label.name] = result.actions.get(label.name, 0) + 1
                self._witness(result, world, label, after)
                bad = self._bad_step(world, label, after)
                key = keys.key(after)
                if key not in known:
                    known.add(key)
                    following.append((tree.add(number, choice), after))
                    bad = bad or self._bad_state(after)
                if bad is not None:
                    result.violated, result.text = bad
                    return ((label, after),)
        except IllegalTransition as error:
            result.violated, result.text = "reconcileStepValid", str(error)
            return ()
        return None

    def _witness(self, result: Result[StateT], before: StateT, label: Label, after: StateT) -> None:
        for name, witness in self.sometimes:
            if name not in result.witnessed and witness(before, label, after):
                result.witnessed[name] = result.depth + 1

    @staticmethod
    def _ended(result: Result[StateT], known: set[int], story: tuple[tuple[Label, StateT], ...]) -> Result[StateT]:
        result.states, result.story = len(known), story
        return result

    def _bad_step(self, before: StateT, label: Label, after: StateT) -> tuple[str, str] | None:
        for name, predicate in self.on_step:
            text = predicate(before, label, after)
            if text:
                return name, text
        return None

    def _bad_state(self, world: StateT) -> tuple[str, str] | None:
        for name, predicate in self.always:
            text = predicate(world)
            if text:
                return name, text
        return None

    def _path(self, first: StateT, number: int, tree: "_Tree") -> tuple[tuple[Label, StateT], ...]:
        path: list[tuple[Label, StateT]] = []
        world = first
        for choice in tree.choices_to(number):
            label, world = list(self.successors(world))[choice]
            path.append((label, world))
        return tuple(path)

    def _show(self, result: Result[StateT], states: int, frontier: int, seconds: float) -> None:
        sys.stderr.write(
            f"\r{states} states, {states / seconds:.0f}/s, depth {result.depth}, frontier {frontier}, {seconds:.0f} s "
        )
        sys.stderr.flush()
