"""Values in, bytes out: what a client sends (`encode_command`) and what a server answers (`encode_value`)."""

import math
import re
from collections.abc import Iterable
from typing import Final, Literal

from gungnir.resp.errors import ErrorReply
from gungnir.resp.values import Attributed, BigNumber, Map, Push, Set, Simple, Value, Verbatim

_BIG_NUMBER: Final = re.compile(rb"[+-]?[0-9]+")


def argument(value: bytes | str | float) -> bytes:
    """One argument of a command: text in UTF-8, numbers as Valkey parses them.

    Raises:
        TypeError: The value is something else, or a boolean: Valkey has none in arguments, only words such as ``yes``.
        ValueError: The number is not a number (NaN), or the text has no UTF-8 form.
    """
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"argument of type {type(value).__name__}; use bytes, str, int or float")
    if math.isnan(value):
        raise ValueError("argument is NaN; Valkey takes no such number")
    return repr(value).encode()


def encode_command(*args: bytes | str | float) -> bytes:
    """The wire form of one command: an array of blob strings, the same in RESP2 and RESP3.

    Raises:
        TypeError: As `argument`.
        ValueError: As `argument`, or there is no command name.
    """
    if not args:
        raise ValueError("command has no name; give at least one argument")
    parts = [b"*%d\r\n" % len(args)]
    for value in args:
        data = value if type(value) is bytes else argument(value)
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


def encode_pipeline(commands: Iterable[tuple[bytes, ...]]) -> bytes:
    """Several commands in a row, to be written at once; each has its own reply.

    Raises:
        ValueError: A command has no name.
    """
    return b"".join(encode_command(*command) for command in commands)


def encode_value(value: Value, *, protocol: Literal[2, 3] = 3) -> bytes:
    """The wire form of a reply.

    In RESP2 a value of a type that only RESP3 has is written as Valkey writes it there: maps, sets and pushes as flat
    arrays, doubles, big numbers and verbatim strings as strings, booleans as integers, attributes not at all.

    Raises:
        TypeError: The value is not one that RESP carries.
        ValueError: A `Simple` or a big number cannot be written as such: it contains CR or LF, or is not a number.
    """
    return _Encoder(protocol).encode(value)


class _Encoder:
    """One method per shape; RESP2 is RESP3 with other type bytes."""

    def __init__(self, protocol: Literal[2, 3]) -> None:
        self._resp3 = protocol == 3  # noqa: PLR2004 - the protocol's own number

    def encode(self, value: Value) -> bytes:
        match value:
            case Attributed():
                head = self._aggregate(b"|", b"|", len(value.attributes), _flat(value.attributes))
                wire = (head if self._resp3 else b"") + self.encode(value.value)
            case tuple():
                wire = self._aggregate(b"*", b"*", len(value), value)
            case Map():
                count = len(value) if self._resp3 else 2 * len(value)
                wire = self._aggregate(b"%", b"*", count, _flat(value))
            case Set():
                wire = self._aggregate(b"~", b"*", len(value), value.items)
            case Push():
                wire = self._aggregate(b">", b"*", len(value.items), value.items)
            case bytes() | ErrorReply() | Verbatim():
                wire = self._text(value)
            case _:
                wire = self._scalar(value)
        return wire

    def _text(self, value: bytes | ErrorReply | Verbatim) -> bytes:
        match value:
            case Simple():
                wire = _line(b"+", value)
            case bytes():
                wire = _blob(b"$", value)
            case Verbatim():
                wire = _blob(b"=", value.format + b":" + value.text) if self._resp3 else _blob(b"$", value.text)
            case ErrorReply() if self._resp3 and (b"\r" in value.text or b"\n" in value.text):
                wire = _blob(b"!", value.text)
            case ErrorReply():
                wire = _line(b"-", value.text.replace(b"\r", b" ").replace(b"\n", b" "))
        return wire

    def _scalar(self, value: Value) -> bytes:
        match value:
            case None:
                wire = b"_\r\n" if self._resp3 else b"$-1\r\n"
            case bool():
                resp3 = b"#t\r\n" if value else b"#f\r\n"
                wire = resp3 if self._resp3 else b":%d\r\n" % value
            case int():
                wire = b":%d\r\n" % value
            case float():
                text = repr(value).encode()
                wire = _line(b",", text) if self._resp3 else _blob(b"$", text)
            case BigNumber():
                if not _BIG_NUMBER.fullmatch(value.digits):
                    raise ValueError(f"big number {value.digits[:40]!r} is not a number; use decimal digits")
                wire = _line(b"(", value.digits) if self._resp3 else _blob(b"$", value.digits)
            case _:
                raise TypeError(f"RESP carries no {type(value).__name__}; use a type of gungnir.resp.values")
        return wire

    def _aggregate(self, resp3: bytes, resp2: bytes, count: int, items: Iterable[Value]) -> bytes:
        head = b"%b%d\r\n" % (resp3 if self._resp3 else resp2, count)
        return head + b"".join(map(self.encode, items))


def _flat(pairs: Map) -> Iterable[Value]:
    return (item for pair in pairs.pairs for item in pair)


def _line(kind: bytes, text: bytes) -> bytes:
    if b"\r" in text or b"\n" in text:
        raise ValueError(f"{text[:40]!r} contains CR or LF; a simple string cannot, send bytes instead")
    return b"%b%b\r\n" % (kind, text)


def _blob(kind: bytes, data: bytes) -> bytes:
    return b"%b%d\r\n%b\r\n" % (kind, len(data), data)
