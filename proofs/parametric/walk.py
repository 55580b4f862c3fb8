"""Walks the graph of a model's worlds together with the relation.

Each edge must be a stutter or actions of the relation with their guards true, and each state within the invariant,
which is evaluated from the same text as the z3 formulas.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import dropwhile, pairwise
from typing import Any
from unittest import mock

from gungnir.machines.record import Record
from proofs.parametric.concrete import Finite, Size, Values
from proofs.parametric.invariant import INVARIANT
from proofs.parametric.refinement import Follower, OutsideError, RelationBrokenError
from proofs.parametric.safety import SAFETY
from spec.environment import successors
from spec.models import scenes
from spec.models.failover import Model
from spec.world import Label, Setup, World

MOST_EPOCHS, MOST_WRITES = 9, 8


@dataclass
class Walk:
    """What a walk found: ``broken`` is empty if every edge is of the relation."""

    model: str
    states: int = 0
    edges: int = 0
    stutters: int = 0
    outside: Counter[str] = field(default_factory=Counter)
    """Edges that lead out of the relation, by reason: the walk stops there."""
    relation_states: int = 0
    complete: bool = False
    broken: str = ""
    story: tuple[str, ...] = ()
    seconds: float = 0.0
    reached: set[Values] = field(default_factory=set)
    """The states of the relation that were reached."""
    taken: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Return the result in one line."""
        end = "complete" if self.complete else "bounded"
        outside = ", ".join(f"{count} out of it ({why})" for why, count in self.outside.items()) or "none out of it"
        verdict = f"BROKEN {self.broken}" if self.broken else "is of the relation"
        return (
            f"{self.model}: {self.states} states, {self.edges} edges, {self.stutters} of them stutters, "
            f"{outside}, {self.relation_states} states of the relation, "
            f"{end}, {self.seconds:.0f} s: {verdict}"
        )


class Checker:
    """Evaluates the invariant and what it implies on states of the relation, each once."""

    def __init__(self) -> None:
        self.known: set[Values] = set()

    def check(self, state: Values) -> None:
        """Check a state.

        Raises:
            RelationBrokenError: a conjunct does not hold.
        """
        if state in self.known:
            return
        self.known.add(state)
        logic = finite(state)
        for conjunct in (*INVARIANT, *SAFETY):
            if not conjunct.formula(logic, state):
                raise RelationBrokenError(f"the invariant: {conjunct.name}")


@cache
def _logic(size: Size) -> Finite:
    return Finite(size)


def finite(state: Values, more: int = 0) -> Finite:
    """Return the logic of a state, without the epochs and writes, but for so many, of which nothing holds yet."""
    size = state.size
    writes = max(write for write in range(size.writes) if state.sent(write)) + 1
    return _logic(size._replace(epochs=state.current() + 1 + more, writes=writes + more))


def walk(model: Model, max_states: int = 10_000_000, max_seconds: float = 1e9) -> Walk:
    """Walk everything that is reachable in a model."""
    began_s = time.monotonic()
    setup, found = model.configured(), Walk(model.name)
    steps = _scene(model, setup)
    size = Size(max(len(world.pods) for _, world in steps), MOST_EPOCHS, MOST_WRITES, setup.facts.acks)
    follower = Follower(size)
    checker = Checker()
    parents: dict[object, tuple[object, Label] | None] = {}
    try:
        state = follower.beginning(steps[0][1])
        for (_, before), (way, after) in pairwise(steps):
            state = follower.step(state, _grown(before, after), way, after)
            checker.check(state)
        first = (steps[-1][1]._replace(budget=model.budget), state)
        parents[first] = None
        queue = deque([first])
        found.complete = True
        while queue:
            node = queue.popleft()
            if len(parents) > max_states or time.monotonic() - began_s > max_seconds:
                found.complete = False
                break
            world, state = node
            for label, after in successors(setup, world):
                found.edges += 1
                try:
                    reached = follower.step(state, world, label, after)
                    checker.check(reached)
                except OutsideError as left:
                    found.outside[str(left)] += 1
                    continue
                except RelationBrokenError as broken:
                    found.broken, found.story = str(broken), _story(parents, node, label)
                    return found
                found.stutters += reached is state or reached == state
                following = (after, reached)
                if following not in parents:
                    parents[following] = (node, label)
                    queue.append(following)
    except (RelationBrokenError, OutsideError) as broken:
        found.broken = f"on the way to the scene: {broken}"
    finally:
        found.states, found.relation_states = len(parents), len(checker.known)
        found.reached = checker.known
        found.seconds, found.taken = time.monotonic() - began_s, follower.taken
    return found


def _story(parents: dict[object, tuple[object, Label] | None], node: object, label: Label) -> tuple[str, ...]:
    lines = [f"{label.name} {label.who} {label.what}"]
    while (step := parents[node]) is not None:
        node, label = step
        lines.append(f"{label.name} {label.who}")
    return tuple(reversed(lines))


def _grown(before: World, after: World) -> World:
    """A scene changed the world by hand: return the world before with the pods that it added."""
    return before._replace(pods=(*before.pods, *after.pods[len(before.pods) :]))


Step = tuple[Label | None, World]
"""A world on the way to a scene, and the step that led there; None: the scene made the change by hand."""


class _Recorder:
    """Notes which worlds a scene passes. It takes the last step that was yielded to it, or goes on by hand."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._offered: tuple[Label, World] | None = None
        self._successors, self._serving = successors, scenes.serving

    def successors(self, setup: Setup, world: World) -> Iterator[tuple[Label, World]]:
        """Yield what the world's successors are, and note how this world came about."""
        self.note(world)
        for label, after in self._successors(setup, world):
            self._offered = (label, after)
            yield label, after
        self._offered = None

    def serving(self, setup: Setup) -> World:
        """Return the cluster that serves: the way begins there."""
        world = self._serving(setup)
        self.steps, self._offered = [(None, world)], None
        return world

    def note(self, world: World) -> None:
        """Note a world, unless it is the last one."""
        if self.steps and self.steps[-1][1] == world:
            return
        offered, self._offered = self._offered, None
        label = offered[0] if offered is not None and offered[1] is world else None
        self.steps.append((label, world))


def _scene(model: Model, setup: Setup) -> list[Step]:
    """Return the worlds on the way from a serving cluster to where the model starts."""
    recorder = _Recorder()
    scene = recorder.serving if model.scene is scenes.serving else model.scene
    patched: Callable[..., Any] = mock.patch.multiple
    with patched(scenes, successors=recorder.successors, serving=recorder.serving):
        recorder.note(scene(setup))
    return list(dropwhile(lambda step: not _began(step[1].api.record), recorder.steps))


def _began(record: Record) -> bool:
    """The first primary is there: how that came to be is not of the relation."""
    return record.epoch > 1 or (record.primary is not None and record.intent is None)
