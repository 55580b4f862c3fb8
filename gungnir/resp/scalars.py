"""What may stand between a type byte and its CRLF. Stricter than Python's own `int` and `float`.

The rules are those of the RESP3 specification (https://valkey.io/topics/protocol/): Python would also take ``1_0``,
`` 1`` and ``infinity``.
"""

import re
from typing import Final

from gungnir.resp.errors import ProtocolError
from gungnir.resp.values import BigNumber, Simple, Verbatim

# Bounded, because Python refuses to convert thousands of digits with an error of its own.
_INTEGER: Final = re.compile(rb"[+-]?[0-9]{1,19}")
_LENGTH: Final = re.compile(rb"0|[1-9][0-9]{0,18}")
_BIG_NUMBER: Final = re.compile(rb"[+-]?[0-9]+")
_DOUBLE: Final = re.compile(rb"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?|[+-]?inf|-?nan")
_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_VERBATIM_HEAD: Final = 4  # three bytes of format and a colon
_SHOWN: Final = 40


def show(data: bytes) -> str:
    """The beginning of some bytes, printable, for an error's text."""
    return repr(data[:_SHOWN]) + ("..." if len(data) > _SHOWN else "")


def parse_simple(line: bytes) -> Simple:
    """A simple string: neither CR nor LF in it."""
    if b"\n" in line or b"\r" in line:
        raise ProtocolError(f"line {show(line)} has a CR or LF of its own; only CRLF ends a line")
    return Simple(line)


def parse_integer(line: bytes) -> int:
    """A signed 64-bit integer."""
    if _INTEGER.fullmatch(line):
        number = int(line)
        if _INT64_MIN <= number <= _INT64_MAX:
            return number
    raise ProtocolError(f"{show(line)} is not a signed 64-bit integer")


def parse_length(line: bytes) -> int:
    """The length in the head of a string or an aggregate."""
    if not _LENGTH.fullmatch(line):
        raise ProtocolError(f"{show(line)} is not a length")
    return int(line)


def parse_big_number(line: bytes) -> BigNumber:
    """An integer of any size."""
    if not _BIG_NUMBER.fullmatch(line):
        raise ProtocolError(f"{show(line)} is not a big number")
    return BigNumber(line)


def parse_double(line: bytes) -> float:
    """A double, ``inf``, ``-inf`` or ``nan``; ``-nan`` is what some C libraries print for a NaN."""
    if not _DOUBLE.fullmatch(line):
        raise ProtocolError(f"{show(line)} is not a double")
    return float(line)


def parse_boolean(line: bytes) -> bool:
    """``t`` or ``f``."""
    if line not in {b"t", b"f"}:
        raise ProtocolError(f"{show(line)} is not a boolean (t or f)")
    return line == b"t"


def parse_nothing(line: bytes) -> None:
    """The empty rest of a null or of an end marker."""
    if line:
        raise ProtocolError(f"{show(line)} stands where the line must be empty")


def parse_verbatim(data: bytes) -> Verbatim:
    """Three bytes of format, a colon, the text."""
    if data[_VERBATIM_HEAD - 1 : _VERBATIM_HEAD] != b":":
        raise ProtocolError(f"verbatim string {show(data)} does not start with a three-byte format and a colon")
    return Verbatim(data[: _VERBATIM_HEAD - 1], data[_VERBATIM_HEAD:])
