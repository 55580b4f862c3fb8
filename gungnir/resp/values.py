"""The values that RESP2 and RESP3 carry. All are immutable and hashable; strings stay bytes.

==============================  ==================================
wire                            value
==============================  ==================================
``+`` simple string             `Simple` (a `bytes`)
``$`` blob string               `bytes`
``=`` verbatim string           `Verbatim`
``-`` ``!`` error               `ErrorReply`
``:`` integer                   `int`
``(`` big number                `BigNumber`
``,`` double                    `float`
``#`` boolean                   `bool`
``_`` ``$-1`` ``*-1`` null      `None`
``*`` array                     `tuple`
``~`` set                       `Set`
``%`` map                       `Map`
``>`` push                      `Push`
``|`` attribute before a value  `Attributed`
==============================  ==================================

Streamed strings and aggregates give the same values as those of known length. Sets and maps keep the wire's order and
duplicates: RESP3 leaves both to the receiver (https://valkey.io/topics/protocol/), and Python would take 1 and true
for one key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, Union

from gungnir.resp.errors import ErrorReply

Value: TypeAlias = Union[
    bool,
    int,
    float,
    bytes,
    ErrorReply,
    tuple["Value", ...],
    "BigNumber",
    "Verbatim",
    "Map",
    "Set",
    "Push",
    "Attributed",
    None,
]


class Simple(bytes):
    """A simple string such as ``OK``: equal to the same `bytes`, but written back as ``+OK``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Simple({super().__repr__()})"


@dataclass(frozen=True, slots=True)
class BigNumber:
    """An integer of any size, as its decimal digits: converting thousands of digits is the reader's choice.

    ``int(number)`` converts; it raises `ValueError` above Python's limit for such conversions (4300 digits by default).
    """

    digits: bytes

    def __int__(self) -> int:
        return int(self.digits)


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A string with its format, e.g. the answer to ``INFO`` in RESP3 (``txt``).

    Attributes:
        format: Three bytes: ``txt`` or ``mkd``.
        text: The string itself.
    """

    format: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Map:
    """Pairs in the order of the wire."""

    pairs: tuple[tuple[Value, Value], ...] = ()

    def get(self, key: bytes) -> Value:
        """The value of the first pair with this key, `None` if there is none."""
        return next((value for name, value in self.pairs if name == key), None)

    def __iter__(self) -> Iterator[tuple[Value, Value]]:
        return iter(self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)


@dataclass(frozen=True, slots=True)
class Set:
    """Members in the order of the wire."""

    items: tuple[Value, ...] = ()

    def __iter__(self) -> Iterator[Value]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Push:
    """Out-of-band data, never the answer to a command. Only ever at the top level, and never empty.

    Attributes:
        items: The kind (``invalidate``, ``message``, ...) and its data.
    """

    items: tuple[Value, ...]

    @property
    def kind(self) -> bytes:
        """The first item, which says what the push is about."""
        kind = self.items[0]
        return kind if isinstance(kind, bytes) else b""


@dataclass(frozen=True, slots=True)
class Attributed:
    """A value with auxiliary data in front of it, which a client that does not know it may ignore: see `plain`."""

    value: Value
    attributes: Map


def plain(value: Value) -> Value:
    """The same value without attributes, at any depth."""
    match value:
        case Attributed():
            return plain(value.value)
        case tuple():
            return tuple(plain(item) for item in value)
        case Map():
            return Map(tuple((plain(key), plain(item)) for key, item in value.pairs))
        case Set():
            return Set(tuple(plain(item) for item in value.items))
        case Push():
            return Push(tuple(plain(item) for item in value.items))
        case _:
            return value
