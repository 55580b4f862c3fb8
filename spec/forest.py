"""The memories of a search (footprint.py) as arrays, so that many states are looked up at once.

A memory is a tree: at each branch one component of the state decides. Here a branch is a number, and the edges of all
trees are in one hash table: (branch, value of the component) -> what is there. A walk takes a whole matrix of states
down, one level at a time.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from spec.footprint import Branch, Ids, Memory

Numbers = NDArray[np.int32]
Keys = NDArray[np.uint64]
Rows = NDArray[np.intp]

UNKNOWN: Final = -1
"""What is there was never computed. Branches are numbers from 0, leaves are negative: see ``leaf``."""
_FIRST_LEAF: Final = -2
_FREE: Final = np.uint64(2**64 - 1)
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2**64 divided by the golden ratio: Knuth, The Art of Computer Programming 3, 6.4 (Fibonacci hashing)."""
_FULL: Final = 0.5


def leaf(codes: Numbers) -> Numbers:
    """Return the numbers of leaves."""
    return _FIRST_LEAF - codes


class KeySet:
    """A set of 64-bit keys: 16 to 32 bytes for each. ``_FREE`` cannot be one of them, and is one of 2**64."""

    def __init__(self, bits: int = 12) -> None:
        """Start empty, with room for half of 2**bits."""
        self._allocate(bits)
        self.size = 0

    def _allocate(self, bits: int) -> None:
        self._shift = np.uint64(64 - bits)
        self._mask = np.int64(2**bits - 1)
        self._slots: Keys = np.full(2**bits, _FREE, dtype=np.uint64)

    def _start(self, keys: Keys) -> Rows:
        return ((keys * _SPREAD) >> self._shift).astype(np.intp)

    def has(self, keys: Keys) -> NDArray[np.bool_]:
        """Tell which of these keys are in the set."""
        found = np.zeros(len(keys), dtype=np.bool_)
        left, at = np.arange(len(keys)), self._start(keys)
        while len(left):
            there = self._slots[at]
            found[left[there == keys[left]]] = True
            going = (there != keys[left]) & (there != _FREE)
            left, at = left[going], (at[going] + 1) & self._mask
        return found

    def add(self, keys: Keys) -> None:
        """Add keys that differ from each other and are not in the set."""
        self.size += len(keys)
        if self.size > _FULL * len(self._slots):
            old = self._slots[self._slots != _FREE]
            self._allocate(int(self.size / _FULL).bit_length() + 1)
            self._put(old)
        self._put(keys)

    def _put(self, keys: Keys) -> None:
        at = self._start(keys)
        while len(keys):
            free = self._slots[at] == _FREE
            self._slots[at[free]] = keys[free]
            left = self._slots[at] != keys  # Taken before, or by another one of these.
            keys, at = keys[left], (at[left] + 1) & self._mask


class Column:
    """An array that grows at its end."""

    def __init__(self, dtype: Any, width: int = 0, fill: int = 0) -> None:
        """Start empty; with a ``width`` each entry is a row of at most so many numbers, and the rest is ``fill``."""
        self._width, self._fill = width, fill
        self._room: NDArray[Any] = np.zeros((0, width) if width else 0, dtype=dtype)
        self._used = 0
        self._fresh: list[Any] = []

    def __len__(self) -> int:
        return self._used + len(self._fresh)

    def add(self, value: Any) -> int:
        """Add an entry and return its number."""
        self._fresh.append(value)
        return len(self) - 1

    def __getitem__(self, which: Any) -> NDArray[Any]:
        """Return these entries: numbers, or with a ``width`` (numbers, places in the row)."""
        if self._fresh:
            self._take_in()
        entries: NDArray[Any] = self._room[which]
        return entries

    def _take_in(self) -> None:
        count = len(self)
        if count > len(self._room):
            grown = np.zeros((max(64, 2 * count), *self._room.shape[1:]), dtype=self._room.dtype)
            grown[: self._used] = self._room[: self._used]
            self._room = grown
        fresh = self._fresh
        if self._width:
            fresh = [[*row, *[self._fill] * (self._width - len(row))] for row in fresh]
        self._room[self._used : count] = fresh
        self._used, self._fresh = count, []


class _Edges:
    """(branch, value) -> what is there."""

    def __init__(self, bits: int = 12) -> None:
        self._allocate(bits)
        self._size = 0
        self._fresh: list[int] = []
        self._fresh_there: list[int] = []

    def _allocate(self, bits: int) -> None:
        self._shift = np.uint64(64 - bits)
        self._mask = 2**bits - 1
        self._slots: Keys = np.full(2**bits, _FREE, dtype=np.uint64)
        self._there: Numbers = np.full(2**bits, UNKNOWN, dtype=np.int32)

    def _start(self, keys: Keys) -> Rows:
        return ((keys * _SPREAD) >> self._shift).astype(np.intp)

    def find(self, branches: Numbers, values: Numbers) -> Numbers:
        """Return what is there for each pair."""
        if self._fresh:
            self._take_in()
        keys = places(branches, values)
        at = self._start(keys)
        slots, found = self._slots[at], self._there[at]
        odd = np.flatnonzero(slots != keys)
        while len(odd):
            free = slots[odd] == _FREE
            found[odd[free]] = UNKNOWN
            odd = odd[~free]
            at[odd] = (at[odd] + 1) & self._mask
            slots[odd], found[odd] = self._slots[at[odd]], self._there[at[odd]]
            odd = odd[slots[odd] != keys[odd]]
        return found

    def put(self, branch: int, value: int, there: int) -> None:
        """Say what is there for a pair for which nothing was said before."""
        self._fresh.append((branch << 32) | value)
        self._fresh_there.append(there)

    def _take_in(self) -> None:
        self._size += len(self._fresh)
        if self._size > _FULL * len(self._slots):
            used = self._slots != _FREE
            keys, there = self._slots[used], self._there[used]
            self._allocate(int(self._size / _FULL).bit_length() + 1)
            self._set(keys, there)
        self._set(np.array(self._fresh, dtype=np.uint64), np.array(self._fresh_there, dtype=np.int32))
        self._fresh, self._fresh_there = [], []

    def _set(self, keys: Keys, there: Numbers) -> None:
        at = self._start(keys)
        while len(keys):
            free = self._slots[at] == _FREE
            self._slots[at[free]] = keys[free]
            mine = self._slots[at] == keys
            self._there[at[mine]] = there[mine]
            keys, there, at = keys[~mine], there[~mine], (at[~mine] + 1) & self._mask


def places(branches: Numbers, values: Numbers) -> Keys:
    """Return one number for each pair."""
    return (branches.astype(np.uint64) << np.uint64(32)) | values.astype(np.uint64)


class Forest:
    """Memories as arrays. A memory is planted once; what it learns is grafted when somebody asks for it."""

    def __init__(self) -> None:
        """Start without trees."""
        self._edges = _Edges()
        self._component = Column(np.int32)
        self._roots: Numbers = np.empty(0, dtype=np.int32)
        self._trees: list[tuple[Memory[Any], Callable[[Any], int], Callable[[Ids], Any]]] = []

    def plant(self, memory: Memory[Any], kept: Callable[[Any], int], learn: Callable[[Ids], Any]) -> int:
        """Add a memory and return its number.

        Args:
            memory: What is remembered.
            kept: Keeps a leaf and returns its number.
            learn: Has the memory learn what is there for a state.
        """
        self._trees.append((memory, kept, learn))
        self._roots = np.append(self._roots, np.int32(UNKNOWN))
        return len(self._trees) - 1

    def walk(self, tree: int | Numbers, states: Numbers, which: Rows | None = None) -> Numbers:
        """Return the number of the leaf for each row of ``states`` (of those in ``which``), learning what is missing.

        ``tree`` is the memory's number, or one for each.
        """
        count = len(states) if which is None else len(which)
        trees = np.full(count, tree, dtype=np.int32) if isinstance(tree, int) else tree
        codes = np.empty(count, dtype=np.int32)
        left = np.arange(count)
        while len(left):
            at = left if which is None else which[left]
            found, missing = self._down(trees[left], states, at)
            codes[left] = found
            if len(missing) == 0:
                break
            for row in missing:
                self._graft(int(trees[left[row]]), tuple(states[at[row], :-1].tolist()))
            left = left[found == UNKNOWN]
        return leaf(codes)

    def _down(self, trees: Numbers, states: Numbers, rows: Rows) -> tuple[Numbers, Rows]:
        """Walk down to a leaf, or to where nothing is known; of those that end at the same place, name the first."""
        codes: Numbers = self._roots[trees]
        lost = codes == UNKNOWN
        ends: list[Rows] = []
        if lost.any():
            ends.append(_firsts(np.flatnonzero(lost), trees[lost].astype(np.uint64)))
        live = np.flatnonzero(codes >= 0)
        at: Numbers = codes[live]
        while len(live):
            values = states[rows[live], self._component[at]]
            there = self._edges.find(at, values)
            codes[live] = there
            lost = there == UNKNOWN
            if lost.any():
                ends.append(_firsts(live[lost], places(at[lost], values[lost])))
            on = there >= 0
            live, at = live[on], there[on]
        return codes, np.sort(np.concatenate(ends)) if ends else np.empty(0, dtype=np.intp)

    def _graft(self, tree: int, ids: Ids) -> None:
        """Bring in the way to the leaf of one state."""
        memory, kept, learn = self._trees[tree]
        if memory.find(ids) is None:
            learn(ids)
        node: Any = memory.top
        here = self._bring(node, kept) if self._roots[tree] == UNKNOWN else int(self._roots[tree])
        self._roots[tree] = here
        while node.__class__ is Branch:
            value = ids[node.component]
            node = node.below(value)
            there = node.place if node.__class__ is Branch else UNKNOWN
            if there == UNKNOWN:
                there = self._bring(node, kept)
                self._edges.put(here, value, there)
            here = there

    def _bring(self, node: Any, kept: Callable[[Any], int]) -> int:
        if node.__class__ is not Branch:
            return _FIRST_LEAF - kept(node)
        node.place = self._component.add(node.component)
        return int(node.place)


def _firsts(rows: Rows, where: Keys) -> Rows:
    """Return the first of the rows for each place."""
    return rows[np.unique(where, return_index=True)[1]]
