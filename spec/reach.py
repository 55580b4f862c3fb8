"""Is there always a way? From every reachable state, some run of fair actions alone must lead to a goal.

This is weaker than "every fair run gets there" (``liveness``), and finds what blocks for good: a state that nothing
but another fault could ever leave.
"""

from array import array
from collections.abc import Callable
from typing import Generic, NamedTuple

from spec.explorer import StateT, Successors
from spec.world import Label


class Reach(NamedTuple, Generic[StateT]):
    """What was found. ``story`` leads to the first state from which there is no way; it is empty if there is none."""

    states: int
    goals: int
    complete: bool
    story: tuple[tuple[Label, StateT], ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every state was looked at, and there is a way from each."""
        return self.complete and not self.story and self.goals > 0


def always_a_way(
    successors: Successors[StateT],
    first: StateT,
    goal: Callable[[StateT], bool],
    max_states: int = 1_000_000,
) -> Reach[StateT]:
    """Explore everything, then go back from the goals along fair actions."""
    worlds, parents, numbers = [first], array("l", [0]), {first: 0}
    sources, targets = array("l"), array("l")
    for number, world in enumerate(worlds):  # grows while it is walked through
        if len(worlds) > max_states:
            return Reach(len(worlds), 0, complete=False)
        for label, after in successors(world):
            found = numbers.get(after)
            if found is None:
                found = numbers[after] = len(worlds)
                worlds.append(after)
                parents.append(number)
            if label.fair:
                sources.append(number)
                targets.append(found)
    goals = [number for number, world in enumerate(worlds) if goal(world)]
    safe = _back(goals, sources, targets, len(worlds))
    lost = next((number for number in range(len(worlds)) if not safe[number]), None)
    if lost is None:
        return Reach(len(worlds), len(goals), complete=True)
    return Reach(len(worlds), len(goals), complete=True, story=_story(successors, worlds, parents, lost))


def _back(goals: list[int], sources: "array[int]", targets: "array[int]", count: int) -> bytearray:
    """Mark every state from which a goal is reached."""
    before: list[list[int]] = [[] for _ in range(count)]
    for source, target in zip(sources, targets, strict=True):
        before[target].append(source)
    marked = bytearray(count)
    waiting = list(goals)
    for number in waiting:
        marked[number] = 1
    while waiting:
        for source in before[waiting.pop()]:
            if not marked[source]:
                marked[source] = 1
                waiting.append(source)
    return marked


def _story(
    successors: Successors[StateT], worlds: list[StateT], parents: "array[int]", number: int
) -> tuple[tuple[Label, StateT], ...]:
    path: list[int] = []
    while number:
        path.append(number)
        number = parents[number]
    story, at = [], worlds[0]
    for step in reversed(path):
        label = next(label for label, after in successors(at) if after == worlds[step])
        at = worlds[step]
        story.append((label, at))
    return tuple(story)
