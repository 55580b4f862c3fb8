"""A level of a search at once: the states as a matrix of numbers, their moves looked up and applied column by column.

What is found is what ``Space.expand`` finds, in the same order. Anything out of the ordinary in a block of states (a
predicate that fails, a row that is missing, an exception) is left to ``Space.expand`` itself, state by state: there a
story begins, and here nothing but its absence is decided.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spec.footprint import Ids, mark
from spec.forest import Column, Forest, Keys, KeySet, Numbers, Rows
from spec.space import Changes, Leaf, Move, Reply, Space

_CHOICES: Final = 2**16
_BLOCK: Final = 2**14


class Trouble(Exception):  # noqa: N818 - it is no error, but the sign that a block needs a closer look
    """Something in a block of states is out of the ordinary."""


class Block(NamedTuple):
    """What follows from a block of states.

    Attributes:
        parents: For each state that was not known before: which state of the block it was first reached from.
        choices: By which of its moves.
        states: Its components, and one column more that means nothing.
        moves: Each move taken from a state of the block, and how often.
    """

    parents: Rows
    choices: NDArray[np.uint16]
    states: Numbers
    moves: tuple[tuple[Move, int], ...]


class _Changes:
    """Lists of (component, number) as rows of two matrices; what is missing in a row goes to the last column."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lists: dict[Changes, int] = {}
        self._components, self._numbers = Column(np.int8, width, width), Column(np.int32, width)
        self._longest = 0

    def kept(self, changes: Changes) -> int:
        found = self._lists.get(changes)
        if found is None:
            self._longest = max(self._longest, len(changes))
            self._components.add([component for component, _ in changes])
            found = self._lists[changes] = self._numbers.add([number for _, number in changes])
        return found

    def apply(self, states: Numbers, lists: Numbers) -> None:
        """Change each row of ``states`` by its list."""
        rows = np.arange(len(states))
        for place in range(self._longest):
            states[rows, self._components[lists, place]] = self._numbers[lists, place]


class _Kept:
    """What leaves say, as arrays: of moves, of sources, of answers."""

    def __init__(self, width: int) -> None:
        self.changes = _Changes(width)
        self.moves: list[Move] = []
        self.list_of = Column(np.int32)
        """Of a move, its list of changes."""
        self.odd = Column(np.bool_)
        """Whether a predicate of steps fails for it."""
        self.received = Column(np.int32)
        """Of a command that is carried out, the tree of what its sender makes of the answer."""
        self.first = Column(np.int64)
        self.count = Column(np.int64)
        """Of a source's leaf, its moves, which are neighbours."""
        self.first_asked = Column(np.int64)
        self.count_asked = Column(np.int64)
        self.asked = Column(np.int32)
        """The tree of each command that is in flight: what it does."""
        self.illegal = Column(np.bool_)
        self.reply = Column(np.int32)
        self.reply_illegal = Column(np.bool_)
        self.bad = Column(np.bool_)

    def move(self, move: Move, received: int = -1) -> int:
        self.moves.append(move)
        self.list_of.add(self.changes.kept(move.changes))
        self.odd.add(move.bad is not None)
        return self.received.add(received)

    def leaf(self, leaf: Leaf, asked: tuple[int, ...]) -> int:
        self.first.add(len(self.moves))
        self.count.add(len(leaf.moves))
        for move in leaf.moves:
            self.move(move)
        self.first_asked.add(len(self.asked))
        self.count_asked.add(len(asked))
        for tree in asked:
            self.asked.add(tree)
        return self.illegal.add(bool(leaf.illegal))

    def answer(self, reply: Reply) -> int:
        self.reply.add(self.changes.kept(reply.changes))
        return self.reply_illegal.add(bool(reply.illegal))

    def text(self, text: str) -> int:
        return self.bad.add(bool(text))


class Bulk:
    """A space as arrays. It learns through the space, which goes on knowing all that is known here."""

    def __init__(self, space: Space[Any], known: Iterable[int]) -> None:
        """Start with nothing looked up; ``known`` are the keys of the states that were met."""
        self._known = KeySet()
        self._known.add(np.fromiter(known, dtype=np.uint64))
        self._space = space
        self._width: Final = len(space.layout.tables)
        self._kept = _Kept(self._width)
        self._forest = Forest()
        plant = self._forest.plant
        self._sources = tuple(
            plant(memory, partial(self._keep_leaf, number), partial(space.learn, number))
            for number, memory in enumerate(space.moves)
        )
        self._tidied = plant(space.tidied, self._kept.changes.kept, space.tidy)
        self._always = tuple(
            plant(memory, self._kept.text, partial(space.judge, memory, predicate))
            for memory, (_, predicate) in zip(space.always, space.checks.always, strict=True)
        )
        self._exchanges: dict[tuple[int, ...], int] = {}
        self._marks: dict[int, Column] = {}
        self._pairs: list[Column] = []
        self._each, self._rest = Column(np.int32, len(space.together) or 1), Column(np.uint64)
        self._values: list[int] = []

    @property
    def size(self) -> int:
        """How many states are known."""
        return self._known.size

    def handles(self, states: Numbers) -> list[Ids]:
        """Return rows as states."""
        return [tuple(row) for row in states[:, :-1].tolist()]

    def joined(self, parts: list[Numbers]) -> Numbers:
        """Return the rows of all parts."""
        joined: Numbers = np.concatenate(parts)
        return joined

    def matrix(self, states: list[Ids]) -> Numbers:
        """Return states as rows."""
        made: Numbers = np.zeros((len(states), self._width + 1), dtype=np.int32)
        made[:, :-1] = states
        return made

    def expand(self, states: Numbers) -> Block:
        """Return what follows from these states.

        Raises:
            Trouble: something is out of the ordinary.
        """
        kept, forest = self._kept, self._forest
        after: list[Numbers] = []
        parents: list[Rows] = []
        choices: list[Rows] = []
        taken: list[Rows] = []
        offset: Rows = np.zeros(len(states), dtype=np.int64)

        def take(which: Rows, within: Rows, moves: Rows, *changes: Numbers) -> None:
            """Add one move of each of these states, with all that it changes."""
            made = states[which]
            for each in changes:
                kept.changes.apply(made, each)
            after.append(made)
            parents.append(which)
            choices.append(offset[which] + within)
            taken.append(moves)

        for source in self._sources:
            leaves = forest.walk(source, states)
            if kept.illegal[leaves].any():
                raise Trouble
            counts = kept.count[leaves]
            which, within = _spread(counts)
            moves = kept.first[leaves][which] + within
            take(which, within, moves, kept.list_of[moves])
            offset += counts
            counts = kept.count_asked[leaves]
            if not counts.any():
                continue
            which, within = _spread(counts)
            trees = kept.asked[kept.first_asked[leaves][which] + within]
            carried = forest.walk(trees, states, which)
            answers = forest.walk(kept.received[carried], states, which)
            if kept.reply_illegal[answers].any():
                raise Trouble
            take(which, within, carried.astype(np.int64), kept.list_of[carried], kept.reply[answers])
            offset += counts
        return self._block(np.concatenate(after), np.concatenate(parents), np.concatenate(choices), taken)

    def _block(self, after: Numbers, parents: Rows, choices: Rows, taken: list[Rows]) -> Block:
        counts = np.bincount(np.concatenate(taken), minlength=1)
        used = np.flatnonzero(counts)
        if self._kept.odd[used].any() or (len(choices) and int(choices.max()) >= _CHOICES):
            raise Trouble
        tidied = self._forest.walk(self._tidied, after)
        self._kept.changes.apply(after, tidied)
        keys = self.keys(after)
        fresh = self._fresh(keys, parents * _CHOICES + choices)
        states = after[fresh]
        for tree in self._always:
            texts = self._forest.walk(tree, states)
            if self._kept.bad[texts].any():
                raise Trouble
        self._known.add(keys[fresh])
        moves = tuple((self._kept.moves[move], int(counts[move])) for move in used.tolist())
        return Block(parents[fresh], choices[fresh].astype(np.uint16), states, moves)

    def _fresh(self, keys: Keys, places: Rows) -> Rows:
        """Return where there is a state for the first time: in order of the places, at the least of its places."""
        order = np.argsort(places)
        _, firsts = np.unique(keys[order], return_index=True)
        at = order[np.sort(firsts)]
        fresh: Rows = at[~self._known.has(keys[at])]
        return fresh

    # --- keys -------------------------------------------------------------------------------------------------------

    def keys(self, states: Numbers) -> Keys:
        """Return the key of each state: ``Space.key``."""
        space = self._space
        total: Keys = np.zeros(len(states), dtype=np.uint64)
        for component in space.single:
            total += self._marks_of(component)[states[:, component]]
        if space.together:
            beside, *elements = space.together
            self._know_beside(beside)
            total += self._rest[states[:, beside]]
            for place, element in enumerate(elements):
                numbers = states[:, element]
                self._know_pairs(element)
                values = self._each[states[:, beside], place]
                for value in range(len(self._pairs)):
                    chosen = values == value
                    total[chosen] += self._pairs[value][numbers[chosen]]
        return total

    def _marks_of(self, component: int) -> Column:
        table = self._space.layout.tables[component]
        column = self._marks.setdefault(component, Column(np.uint64))
        for number in table.marks[len(column) :]:
            column.add(number)
        return column

    def _know_beside(self, beside: int) -> None:
        alike: Any = self._space.sources.alike
        for value in self._space.layout.tables[beside].values[len(self._rest) :]:
            each, rest = alike(value)
            for one in each:
                if one not in self._values:
                    self._values.append(one)
                    self._pairs.append(Column(np.uint64))
            self._each.add([self._values.index(one) for one in each])
            self._rest.add(mark(b"rest", rest))

    def _know_pairs(self, element: int) -> None:
        count = len(self._space.layout.tables[element].values)
        for value, column in zip(self._values, self._pairs, strict=True):
            for number in range(len(column), count):
                column.add(mark(b"pair", number, value))

    # --- leaves -----------------------------------------------------------------------------------------------------

    def _keep_leaf(self, number: int, leaf: Leaf) -> int:
        return self._kept.leaf(leaf, tuple(self._carried(number, command) for command in leaf.asked))

    def _carried(self, number: int, command: int) -> int:
        """Return the tree of what a command does."""
        name = (number, command)
        if name not in self._exchanges:
            memory = self._space.carried(number, command)
            kept: Callable[[Move], int] = lambda move: self._kept.move(move, self._received(number, command, move))  # noqa: E731
            self._exchanges[name] = self._forest.plant(memory, kept, partial(self._space.exchanged, number, command))
        return self._exchanges[name]

    def _received(self, number: int, command: int, move: Move) -> int:
        """Return the tree of what the sender makes of this answer."""
        name = (number, command, move.answer)
        if name not in self._exchanges:
            memory = self._space.received(*name)
            learn = partial(self._space.exchanged, number, command)
            self._exchanges[name] = self._forest.plant(memory, self._kept.answer, learn)
        return self._exchanges[name]


def _spread(counts: Rows) -> tuple[Rows, Rows]:
    """Return for each of so many entries of each row which row it is of, and its place among those of this row."""
    which = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return which, np.arange(len(which)) - np.repeat(ends - counts, counts)


def blocks(count: int) -> Iterator[slice]:
    """Yield the parts of a level that are looked at together: few enough for what they need to stay in the cache."""
    for start in range(0, count, _BLOCK):
        yield slice(start, min(start + _BLOCK, count))
