"""The language of sorts.py on finite states: plain values, quantifiers as loops.

Epochs and writes are numbers from 0, pods too; a set of pods is a bit mask. A state is a tuple of tables, so equal
states are equal values.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import product
from typing import Final, NamedTuple

from proofs.parametric.sorts import ACKS, ELECTORATE, EPOCH, POD, TRUTH, VOTES, WRITE, Sort, Term
from proofs.parametric.state import SIGNATURE, State, Symbol


class Size(NamedTuple):
    """How many elements there are: pods, epochs, writes (with "nothing"), and the number of promised copies."""

    pods: int
    epochs: int
    writes: int
    acks: int


class Finite:
    """The logic of finite states of one size."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.first_epoch = self.nothing = 0
        masks = range(1 << size.pods)
        self._elements: dict[Sort, Sequence[int]] = {
            POD: range(size.pods),
            EPOCH: range(size.epochs),
            WRITE: range(size.writes),
            VOTES: masks,
            ACKS: [mask for mask in masks if mask.bit_count() > size.acks],
            ELECTORATE: masks,
            TRUTH: (False, True),
        }

    def elements(self, sort: Sort) -> Sequence[int]:
        """Return all elements of a sort."""
        return self._elements[sort]

    def all(self, *parts: Term) -> bool:
        """Conjunction."""
        return all(parts)

    def any(self, *parts: Term) -> bool:
        """Disjunction."""
        return any(parts)

    def no(self, part: Term) -> bool:
        """Negation."""
        return not part

    def ite(self, condition: Term, then: Term, otherwise: Term) -> Term:
        """If, then, else."""
        return then if condition else otherwise

    def rule(self, sorts: Sequence[Sort], given: Callable[..., Term], then: Callable[..., Term]) -> bool:
        """For all elements."""
        return all(then(*each) for each in product(*(self._elements[sort] for sort in sorts)) if given(*each))

    def le(self, one: int, other: int) -> bool:
        """Order of epochs."""
        return one <= other

    def upto(self, one: int, other: int) -> bool:
        """Order of writes."""
        return one <= other

    def voter(self, pod: int, votes: int) -> bool:
        """Membership."""
        return bool(votes >> pod & 1)

    acker = counts = voter

    def enough(self, votes: int, electorate: int) -> bool:
        """Size of the electorate, less the promised copies."""
        return (votes & electorate).bit_count() >= max(1, electorate.bit_count() - self.size.acks)

    def meeting(self, votes: int, acks: int) -> int:
        """A pod of both, if any."""
        return _least(votes & acks)

    def outside(self, acks: int, electorate: int) -> int:
        """A pod of the first alone, if any."""
        return _least(acks & ~electorate)

    def another(self, acks: int, pod: int) -> int:
        """Another pod."""
        return _least(acks & ~(1 << pod))


def _least(mask: int) -> int:
    return max(0, (mask & -mask).bit_length() - 1)


def mask_of(pods: Iterable[int]) -> int:
    """Return the set of these pods."""
    return sum(1 << pod for pod in set(pods))


@cache
def _places(size: Size, sorts: tuple[Sort, ...]) -> tuple[tuple[int, ...], ...]:
    """Return all arguments of a symbol, in the order of its table."""
    elements = Finite(size)
    return tuple(product(*(elements.elements(sort) for sort in sorts)))


@cache
def _strides(size: Size, sorts: tuple[Sort, ...]) -> tuple[int, ...]:
    lengths = [len(Finite(size).elements(sort)) for sort in sorts]
    strides, width = [], 1
    for length in reversed(lengths):
        strides.append(width)
        width *= length
    return tuple(reversed(strides))


NAMES: Final = tuple(SIGNATURE)
_PLACE_OF: Final = {name: place for place, name in enumerate(NAMES)}
Table = tuple[int, ...]


class Values:
    """A finite state."""

    __slots__ = ("_hash", "_symbols", "size", "tables")

    def __init__(self, size: Size, tables: tuple[Table, ...]) -> None:
        self.size, self.tables = size, tables
        self._symbols: dict[str, Symbol] = {}
        self._hash = hash(tables)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and self.tables == other.tables

    def __hash__(self) -> int:
        return self._hash

    def __getattr__(self, name: str) -> Symbol:
        """Return a symbol as a function."""
        found = self._symbols.get(name)
        if found is None:
            found = self._symbols[name] = self._function(name)
        return found

    def _function(self, name: str) -> Symbol:
        table, strides = self.tables[_PLACE_OF[name]], _strides(self.size, SIGNATURE[name][:-1])
        match len(strides):
            case 0:
                value = table[0]
                return lambda: value
            case 1:
                return table.__getitem__
            case 2:
                width = strides[0]
                return lambda a, b: table[a * width + b]
            case _:
                wide, width, _ = strides
                return lambda a, b, c: table[a * wide + b * width + c]

    def put(self, name: str, at: tuple[int, ...], value: int) -> "Values":
        """Change one value."""
        place = _PLACE_OF[name]
        table = self.tables[place]
        index = sum(one * stride for one, stride in zip(at, _strides(self.size, SIGNATURE[name][:-1]), strict=True))
        if table[index] == value:
            return self
        return self._with(place, (*table[:index], value, *table[index + 1 :]))

    def define(self, name: str, value: Symbol) -> "Values":
        """Give all values by a function."""
        places = _places(self.size, SIGNATURE[name][:-1])
        return self._with(_PLACE_OF[name], tuple(value(*each) for each in places))

    def _with(self, place: int, table: Table) -> "Values":
        return Values(self.size, (*self.tables[:place], table, *self.tables[place + 1 :]))


def zeros(size: Size) -> Values:
    """Return the state in which every value is the least one of its sort."""
    tables = []
    for sorts in SIGNATURE.values():
        least = Finite(size).elements(sorts[-1])[0] if sorts[-1] is ACKS else 0
        tables.append((least,) * len(_places(size, sorts[:-1])))
    return Values(size, tuple(tables))


def as_state(values: Values) -> State:
    """Return the values as a state of the relation."""
    return values
