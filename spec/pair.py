"""The same search by two processes: of each level, one expands the states with even keys, the other one the odd ones.

After a level both exchange the values that are new to either (agreed.py), then the states that belong to the other.
What is found is what one process finds: as many states, as many transitions, the same depth, a shortest story.
"""

from array import array
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple

from gungnir.machines.kernel import IllegalTransition
from spec.agreed import Agreed
from spec.footprint import Ids
from spec.space import Space, Verdict

Raised = Callable[[Exception], Verdict]
Tick = Callable[[int, int, int], bool]
"""Told (depth, states, states of this level) now and then; tells whether to stop."""
EVERY: Final = 256
"""States between two looks at the clock."""
_PATIENCE_S: Final = 10.0


class Found(NamedTuple):
    """Where a counterexample ends: a state, and which of its moves (-1: the state itself)."""

    number: int
    choice: int
    verdict: Verdict


class Rows(NamedTuple):
    """States for the other process, one after another: the key, the parent, the parent's move, and all its numbers."""

    keys: "array[int]"
    parents: "array[int]"
    choices: "array[int]"
    numbers: "array[int]"


class Outcome(NamedTuple):
    """What both processes found together.

    Attributes:
        states: How many there are.
        depth: Of the last level.
        complete: Whether everything was explored.
        found: What is wrong, if anything is.
        choices: The moves from the first state to where that is; else to a state of the last level.
        witnessed: The depth at which each witness was seen first.
        actions: How often each action was taken.
    """

    states: int
    depth: int
    complete: bool
    found: Verdict | None
    choices: tuple[int, ...]
    witnessed: dict[str, int]
    actions: dict[str, int]


class Half:
    """One of the two processes. Numbers of states are even in process 0 and odd in process 1."""

    def __init__(self, space: Space[Any], rank: int, wire: Connection, raised: Raised) -> None:
        """Begin with nothing known; ``raised`` makes a verdict of what a step raises."""
        self._space, self._rank, self._wire, self._raised = space, rank, wire, raised
        self._agreed = Agreed(space)
        self._known: set[int] = set()
        """Agreed keys of the states that belong here."""
        self._seen: set[int] = set()
        """This process's own keys of all that it met: what is here was told to its owner."""
        self._parents = array("Q")
        self._choices = array("H")
        self._level: list[tuple[int, Ids, int]] = []
        self._counts: list[int] = []
        self.witnessed: dict[str, int] = {}
        self.depth = 0
        self.states = 0
        self.last = 0
        """A state of the last level that has any."""
        self._root = 0
        """The first state: the first one that its owner numbered."""

    # --- the search -------------------------------------------------------------------------------------------------

    def run(self, first: Ids, tick: Tick, max_states: int) -> tuple[bool, Found | None]:
        """Explore everything; return whether that came to its end, and what is wrong."""
        self._agreed.agree(*self._swapped(self._agreed.fresh()))
        self._root = self._agreed.key(self._agreed.told(first)) & 1
        _, _, found = self._take([(first, 0, 0)])
        ends = self._swapped(found)
        if ends[0] or ends[1]:
            return False, ends[0] or ends[1]
        while True:
            news: list[tuple[Ids, int, int]] = []
            stop, found = self._expand(news, tick)
            values, halves = self._swapped(self._agreed.fresh()), self._swapped((stop, found))
            self._agreed.agree(*values)
            found = halves[0][1] or halves[1][1]
            if found is not None or halves[0][0] or halves[1][0]:
                return False, found
            ends = self._swapped((*self._take(news), self.last))
            self.states = ends[0][0] + ends[1][0]
            found = ends[0][2] or ends[1][2]
            if found is not None or self.states > max_states:
                return False, found
            if not ends[0][1] + ends[1][1]:
                return True, None
            self.last = ends[0][3] if ends[0][1] else ends[1][3]
            self.depth += 1

    def _expand(self, news: list[tuple[Ids, int, int]], tick: Tick) -> tuple[bool, Found | None]:
        """Expand this level; add what was not met before to ``news``, as (numbers, parent, move)."""
        space, seen, counts = self._space, self._seen, self._counts
        for count, (number, ids, key) in enumerate(self._level):
            try:
                for choice, (move, after_key, after, more) in enumerate(space.expand(ids, key)):
                    if move.action >= len(counts):
                        counts.extend([0] * (move.action + 1 - len(counts)))
                    counts[move.action] += 1
                    for name in move.hits:
                        self.witnessed.setdefault(name, self.depth + 1)
                    if after_key not in seen:
                        seen.add(after_key)
                        news.append((space.child(ids, move, more) if after is None else after, number, choice))
                    if move.bad is not None:
                        return False, Found(number, choice, move.bad)
            except IllegalTransition as error:
                return False, Found(number, -1, ("reconcileStepValid", str(error)))
            except Exception as error:  # noqa: BLE001 - whatever a step raises, the story that led to it is what helps
                return False, Found(number, -1, self._raised(error))
            if count % EVERY == 0 and tick(self.depth, self.states, 2 * len(self._level)):
                return True, None
        return False, None

    def _take(self, news: list[tuple[Ids, int, int]]) -> tuple[int, int, Found | None]:
        """Keep what belongs here, give away the rest, and take what the other gives: the next level.

        Returns:
            The states that belong here, those of the next level, and what is wrong with one of them.
        """
        self._level, found = [], None
        away = Rows(array("Q"), array("Q"), array("H"), array("I"))
        for ids, parent, choice in news:
            numbers = self._agreed.told(ids)
            key = self._agreed.key(numbers)
            if key & 1 == self._rank:
                found = self._add(key, ids, parent, choice) or found
            else:
                away.keys.append(key)
                away.parents.append(parent)
                away.choices.append(choice)
                away.numbers.extend(numbers)
        width = len(self._space.layout.tables)
        theirs: Rows = self._swapped(away)[1 - self._rank]
        for at, (key, parent, choice) in enumerate(zip(theirs.keys, theirs.parents, theirs.choices, strict=True)):
            if key not in self._known:
                numbers = tuple(theirs.numbers[at * width : (at + 1) * width])
                found = self._add(key, self._agreed.heard(numbers), parent, choice) or found
        return len(self._known), len(self._level), found

    def _add(self, key: int, ids: Ids, parent: int, choice: int) -> Found | None:
        if key in self._known:
            return None
        self._known.add(key)
        number = self.last = 2 * len(self._parents) + self._rank
        self._parents.append(parent)
        self._choices.append(choice)
        here = self._space.key(ids)
        self._seen.add(here)
        self._level.append((number, ids, here))
        try:
            verdict = self._space.bad_state(ids)
        except Exception as error:  # noqa: BLE001 - as in _expand
            verdict = self._raised(error)
        return None if verdict is None else Found(number, -1, verdict)

    def _swapped(self, mine: Any) -> tuple[Any, Any]:
        """Give and take; return what process 0 has, then what process 1 has."""
        if self._rank == 0:
            self._wire.send(mine)
            return mine, self._wire.recv()
        theirs = self._wire.recv()
        self._wire.send(mine)
        return theirs, mine

    # --- what comes after -------------------------------------------------------------------------------------------

    def actions(self) -> dict[str, int]:
        """Return how often each action was taken here."""
        return dict(zip(self._space.actions.names, self._counts, strict=False))

    def origin(self, number: int) -> tuple[int, int]:
        """Return the parent of a state that belongs here, and the parent's move."""
        return self._parents[number >> 1], self._choices[number >> 1]

    def serve(self) -> None:
        """Tell the other process what was found here, then where states come from, as long as it asks."""
        self._wire.send((self.witnessed, self.actions()))
        while (number := self._wire.recv()) is not None:
            self._wire.send(self.origin(number))

    def path(self, number: int) -> Iterator[int]:
        """Yield the moves that lead to a state, the last one first; ask the other process for its states."""
        while number != self._root:
            if number & 1 == self._rank:
                number, choice = self.origin(number)
            else:
                self._wire.send(number)
                number, choice = self._wire.recv()
            yield choice


def explored(space: Space[Any], first: Any, max_states: int, tick: Tick, raised: Raised) -> Outcome:
    """Explore everything that is reachable from a state, with one more process, which ends with this call.

    Raises:
        RuntimeError: the other process ended by itself.
    """
    ids = space.handle(first)
    # What moves and what is checked are functions inside of functions: no pickle has them.
    context = get_context("fork")
    ours, theirs = context.Pipe()

    def work() -> None:
        ours.close()
        half = Half(space, 1, theirs, raised)
        half.run(ids, lambda *_: False, max_states)
        half.serve()

    other = context.Process(target=work, daemon=True)
    other.start()
    theirs.close()
    half = Half(space, 0, ours, raised)
    try:
        complete, found = half.run(ids, tick, max_states)
        witnessed, actions = ours.recv()
        path = tuple(half.path(half.last if found is None else found.number))[::-1]
        ours.send(None)
    except (EOFError, ConnectionError) as error:
        raise RuntimeError("the other process of the search has ended by itself; it says above why") from error
    finally:
        ours.close()
        other.join(_PATIENCE_S)
        other.kill()
        other.join()
    if found is not None and found.choice >= 0:
        path = (*path, found.choice)
    for name, depth in witnessed.items():
        half.witnessed[name] = min(depth, half.witnessed.get(name, depth))
    taken = half.actions()
    for name, count in actions.items():
        taken[name] = taken.get(name, 0) + count
    return Outcome(
        half.states, half.depth, complete, None if found is None else found.verdict, path, half.witnessed, taken
    )
