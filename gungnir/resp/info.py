"""The text that ``INFO`` answers, and strict access to its fields.

A field that is missing or malformed is an error that names it, never a silent zero: an offset of 0 that nobody reported
would lose an election, or win one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from gungnir.resp.errors import ErrorReply, RefusedError, ReplyError
from gungnir.resp.scalars import show
from gungnir.resp.values import Attributed, Value, Verbatim

_INTEGER: Final = re.compile(r"-?[0-9]{1,19}")
_ID: Final = re.compile(r"[0-9a-f]{40}")
_FLAGS: Final = {"0": False, "1": True}


class Info(Mapping[str, str]):
    """The fields of an ``INFO`` reply by name, whatever section they stand in.

    Attributes:
        sections: The titles that were present, in lower case: a section can be present and empty (``keyspace``).
    """

    def __init__(self, fields: Mapping[str, str], sections: frozenset[str] = frozenset()) -> None:
        self._fields = dict(fields)
        self.sections = sections

    def __getitem__(self, field: str) -> str:
        return self._fields[field]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def text(self, field: str) -> str:
        """The field as it stands there.

        Raises:
            ReplyError: The field is missing.
        """
        if field not in self._fields:
            raise ReplyError(field, "missing in the INFO reply; ask for the section that has it")
        return self._fields[field]

    def integer(self, field: str) -> int:
        """The field as an integer.

        Raises:
            ReplyError: The field is missing or not an integer.
        """
        return number(field, self.text(field))

    def count(self, field: str) -> int:
        """The field as an integer that cannot be negative: an offset, a number of things, a duration.

        Raises:
            ReplyError: The field is missing, not an integer or negative.
        """
        return natural(field, self.text(field))

    def count_or_none(self, field: str) -> int | None:
        """As `count`, with `None` for -1, Valkey's way to say that there is no such thing now.

        Raises:
            ReplyError: The field is missing, not an integer or less than -1.
        """
        return None if self.text(field) == "-1" else self.count(field)

    def age(self, field: str) -> int:
        """The field as the seconds since something, see `age`.

        Raises:
            ReplyError: The field is missing or not an integer.
        """
        return age(field, self.text(field))

    def age_or_none(self, field: str) -> int | None:
        """As `age`, with `None` for what is negative: there is no such thing now, or its age is not known.

        Raises:
            ReplyError: The field is missing or not an integer.
        """
        seconds = self.integer(field)
        return None if seconds < 0 else seconds

    def flag(self, field: str) -> bool:
        """The field as 0 or 1.

        Raises:
            ReplyError: The field is missing or something else.
        """
        value = self.text(field)
        if value not in _FLAGS:
            raise ReplyError(field, f"{value[:40]!r} is neither 0 nor 1")
        return _FLAGS[value]

    def identity(self, field: str) -> str:
        """The field as a run id or replication id: 40 hexadecimal digits.

        Raises:
            ReplyError: The field is missing or something else.
        """
        value = self.text(field)
        if not _ID.fullmatch(value):
            raise ReplyError(field, f"{value[:60]!r} is not an id of 40 hexadecimal digits")
        return value


def number(field: str, value: str) -> int:
    """An integer in a field's text.

    Raises:
        ReplyError: It is not one.
    """
    if not _INTEGER.fullmatch(value):
        raise ReplyError(field, f"{value[:40]!r} is not an integer")
    return int(value)


def age(field: str, value: str) -> int:
    """Seconds since something, at least 0.

    Valkey subtracts two readings of the wall clock, so that an age may be negative: after the clock was set back, and
    by 1 where one of the two is `time(2)`, which may still be in the second before (the lag of a replica).

    Raises:
        ReplyError: It is not an integer.
    """
    return max(0, number(field, value))


def natural(field: str, value: str) -> int:
    """An integer >= 0 in a field's text.

    Raises:
        ReplyError: It is not one.
    """
    parsed = number(field, value)
    if parsed < 0:
        raise ReplyError(field, f"{parsed} is negative")
    return parsed


def parse_info(reply: Value) -> Info:
    """Parse the answer to ``INFO``: a string in RESP2, a verbatim string in RESP3.

    Bytes that are not UTF-8 (a path in ``executable``) are kept as backslash escapes.

    Raises:
        RefusedError: The server answered an error, e.g. ``NOAUTH`` or ``LOADING``.
        ReplyError: The value is not a text of ``name:value`` lines under ``# Title`` lines, or a field stands there
            twice with different values.
    """
    if isinstance(reply, Attributed):
        return parse_info(reply.value)
    if isinstance(reply, ErrorReply):
        raise RefusedError("INFO", reply)
    text = reply.text if isinstance(reply, Verbatim) else reply
    if not isinstance(text, bytes):
        raise ReplyError("INFO", f"answered {type(reply).__name__}, expected a text")
    fields: dict[str, str] = {}
    sections = set[str]()
    for line in text.decode("utf-8", "backslashreplace").split("\n"):
        row = line.removesuffix("\r")
        if row.startswith("#"):
            sections.add(row[1:].strip().lower())
        elif row:
            name, colon, value = row.partition(":")
            if not colon or not name:
                raise ReplyError("INFO", f"line {show(line.encode())} is not name:value")
            if fields.setdefault(name, value) != value:
                raise ReplyError(name[:60], "stands in the INFO reply twice, with different values")
    return Info(fields, frozenset(sections))
