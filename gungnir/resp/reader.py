"""Bytes in, values out: an incremental RESP2 and RESP3 parser without I/O.

Rules
-----
- Any bytes give values or one `ProtocolError`; how the bytes were cut into pieces changes nothing, not even the error.
- After a `ProtocolError` the framing is lost: the reader keeps nothing, reads nothing and raises that error again.
- Memory is bounded for one value by `max_bulk_bytes` (all strings together), `max_elements` (all aggregates together)
  and `max_depth`; a head that announces more is refused before its content arrives. Nothing is allocated ahead.
- Work is linear: a byte is searched once for CRLF, copied once into a value, and never visited again.

Theory of operation
-------------------
`_token` reads one line or one blob. It is either a complete value or it opened something: an aggregate (a `_Frame` on
the stack), a blob (`_blob`) or a streamed string (`_streamed`). `_place` puts a complete value into the innermost open
frame; a frame that is full is a complete value itself, and so on outwards until one has no frame around it.
An attribute is a frame for its pairs *and* the value behind them, which makes it complete when that value is.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final

from gungnir.resp import scalars
from gungnir.resp.errors import ErrorReply, ProtocolError
from gungnir.resp.values import Attributed, Map, Push, Set, Value

_SIMPLE, _ERROR, _BIG_NUMBER = b"+-("
_BLOB, _BLOB_ERROR, _VERBATIM, _CHUNK = b"$!=;"
_ARRAY, _SET, _MAP, _PUSH, _ATTRIBUTE = b"*~%>|"
_STREAMED: Final = -1  # `_Frame.missing` of an aggregate that ends with a marker
_CRLF: Final = b"\r\n"


class NeedMoreData(Enum):
    """What `Reader.next` answers when the bytes so far end inside a value or between two."""

    NEED_MORE_DATA = "need more data"


class _Progress(Enum):
    OPENED = "a token was read that is not a value yet"


NEED_MORE_DATA: Final = NeedMoreData.NEED_MORE_DATA
_OPENED: Final = _Progress.OPENED

_Token = Value | NeedMoreData | _Progress


class _Frame:
    """An aggregate that is still being read."""

    __slots__ = ("items", "kind", "missing")

    def __init__(self, kind: int, missing: int) -> None:
        self.kind = kind
        self.missing = missing
        self.items: list[Value] = []

    def value(self) -> Value:
        items = self.items
        if self.kind == _ARRAY:
            return tuple(items)
        if self.kind == _MAP:
            return _map(items)
        if self.kind == _SET:
            return Set(tuple(items))
        if self.kind == _ATTRIBUTE:
            return Attributed(items.pop(), _map(items))
        if not isinstance(items[0], bytes):
            raise ProtocolError("the first element of a push is not a string that names its kind")
        return Push(tuple(items))


def _map(items: list[Value]) -> Map:
    return Map(tuple(zip(items[::2], items[1::2], strict=True)))


class Reader:
    """Parser of one direction of one connection.

    Feed it what arrived, then call `next` until it answers `NEED_MORE_DATA`. Bytes that were fed and not yet taken out
    by `next` stay in memory, so take all values out before feeding more.

    Args:
        max_depth: Levels of aggregates (an attribute is one level).
        max_bulk_bytes: Bytes of all strings of one top-level value together.
        max_elements: Elements of all aggregates of one top-level value together; a map's pair counts as two.
        max_line_bytes: Bytes between a type byte and its CRLF.

    Raises:
        ValueError: A limit is out of its range.
    """

    MAX_DEPTH: Final = 128
    """Values of this depth can be hashed, compared and printed within Python's own recursion limit."""

    def __init__(
        self,
        *,
        max_depth: int = 32,
        max_bulk_bytes: int = 8 * 1024 * 1024,
        max_elements: int = 64 * 1024,
        max_line_bytes: int = 64 * 1024,
    ) -> None:
        if not 1 <= max_depth <= self.MAX_DEPTH:
            raise ValueError(f"max_depth is {max_depth}; use 1 to {self.MAX_DEPTH}")
        for name, limit in (("bulk_bytes", max_bulk_bytes), ("elements", max_elements), ("line_bytes", max_line_bytes)):
            if limit < 1:
                raise ValueError(f"max_{name} is {limit}; use at least 1")
        self._max_depth = max_depth
        self._max_bulk_bytes = max_bulk_bytes
        self._max_elements = max_elements
        self._max_line_bytes = max_line_bytes
        self._buffer = bytearray()
        self._dropped = 0  # bytes of the stream before _buffer
        self._position = 0  # of the next token in _buffer
        self._searched = 0  # no CRLF starts before this index and behind _position
        self._token_start = 0  # in the stream: for error texts
        self._frames: list[_Frame] = []
        self._blob: tuple[int, int] | None = None  # type byte and length of the blob whose head was read
        self._streamed: bytearray | None = None  # what has arrived of a streamed string
        self._bulk_bytes = 0
        self._elements = 0
        self._failure: ProtocolError | None = None

    @property
    def buffered_bytes(self) -> int:
        """Bytes fed and not yet part of a value."""
        return len(self._buffer) - self._position

    @property
    def mid_value(self) -> bool:
        """Whether the stream so far ends inside a value: a connection that closes now was cut off."""
        return bool(self.buffered_bytes or self._frames or self._blob or self._streamed is not None)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Append what arrived. A reader that has failed discards it."""
        if self._failure is not None:
            return
        if self._position:
            del self._buffer[: self._position]
            self._dropped += self._position
            self._searched = max(0, self._searched - self._position)
            self._position = 0
        self._buffer += data

    def next(self) -> Value | NeedMoreData:
        """Take the next complete top-level value out.

        Raises:
            ProtocolError: The bytes are not RESP or exceed a limit; names the byte of the stream where the token began.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        try:
            while True:
                token = self._token()
                if isinstance(token, NeedMoreData):
                    return token
                if not isinstance(token, _Progress):
                    token = self._place(token)
                if not isinstance(token, _Progress):
                    self._bulk_bytes = self._elements = 0
                    return token
        except ProtocolError as error:
            self._failure = ProtocolError(f"byte {self._token_start}: {error}")
            self._buffer.clear()
            self._position = 0
            self._frames.clear()
            self._blob = self._streamed = None
            raise self._failure from None

    def drain(self) -> Iterator[Value]:
        """Every complete top-level value, until more data is needed.

        Raises:
            ProtocolError: As `next`, after the values in front of the error.
        """
        while not isinstance(value := self.next(), NeedMoreData):
            yield value

    def _token(self) -> _Token:
        if self._blob is not None:
            return self._read_blob(*self._blob)
        buffer = self._buffer
        start = self._position
        if start >= len(buffer):
            return NEED_MORE_DATA
        self._token_start = self._dropped + start
        kind = buffer[start]
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise ProtocolError(f"{bytes([kind])!r} starts no RESP type")
        if (self._streamed is not None) != (kind == _CHUNK):
            raise ProtocolError(f"{chr(kind)!r}: chunks stand inside a streamed string, and nothing else does")
        end = buffer.find(_CRLF, max(start + 1, self._searched))
        # Without a CRLF yet, the last byte may still become part of it.
        line_bytes = (end if end >= 0 else len(buffer) - 1) - start - 1
        if line_bytes > self._max_line_bytes:
            raise ProtocolError(f"line is longer than max_line_bytes={self._max_line_bytes}")
        if end < 0:
            self._searched = len(buffer) - 1
            return NEED_MORE_DATA
        self._position = end + 2
        return handler(self, kind, bytes(buffer[start + 1 : end]))

    def _read_blob(self, kind: int, length: int) -> _Token:
        end = self._position + length
        if len(self._buffer) < end + 2:
            return NEED_MORE_DATA
        if self._buffer[end : end + 2] != _CRLF:
            raise ProtocolError(f"string of {length} bytes does not end with CRLF")
        data = bytes(self._buffer[self._position : end])
        self._position = end + 2
        self._blob = None
        if kind == _BLOB:
            return data
        if kind == _CHUNK:
            assert self._streamed is not None  # noqa: S101 - _token admits a chunk only inside a streamed string
            self._streamed += data
            return _OPENED
        return ErrorReply.from_text(data) if kind == _BLOB_ERROR else scalars.parse_verbatim(data)

    def _place(self, value: Value) -> Value | _Progress:
        while self._frames:
            frame = self._frames[-1]
            frame.items.append(value)
            if frame.missing == _STREAMED:
                self._count_elements(1)
                return _OPENED
            frame.missing -= 1
            if frame.missing:
                return _OPENED
            value = self._frames.pop().value()
        return value

    def _count_elements(self, number: int) -> None:
        self._elements += number
        if self._elements > self._max_elements:
            raise ProtocolError(f"value has more than max_elements={self._max_elements} elements")

    def _count_bytes(self, number: int) -> None:
        self._bulk_bytes += number
        if self._bulk_bytes > self._max_bulk_bytes:
            raise ProtocolError(f"strings of one value are longer than max_bulk_bytes={self._max_bulk_bytes}")

    # One method per family of types: type byte and line in, value out or something opened.

    def _text(self, kind: int, line: bytes) -> _Token:
        self._count_bytes(len(line))
        text = scalars.parse_simple(line)
        return text if kind == _SIMPLE else ErrorReply.from_text(line)

    def _big_number(self, _kind: int, line: bytes) -> _Token:
        self._count_bytes(len(line))
        return scalars.parse_big_number(line)

    def _open_blob(self, kind: int, line: bytes) -> _Token:
        if kind == _BLOB and line == b"-1":
            return None
        if kind == _BLOB and line == b"?":
            self._streamed = bytearray()
            return _OPENED
        length = scalars.parse_length(line)
        if kind == _CHUNK and length == 0:
            value = bytes(self._streamed or b"")
            self._streamed = None
            return value
        self._count_bytes(length)
        self._blob = kind, length
        return _OPENED

    def _open_aggregate(self, kind: int, line: bytes) -> _Token:
        if kind == _ARRAY and line == b"-1":
            return None
        if kind == _PUSH and self._frames:
            raise ProtocolError("push inside another value")
        missing = _STREAMED
        if line != b"?" or kind in {_PUSH, _ATTRIBUTE}:
            length = scalars.parse_length(line)
            missing = {_MAP: 2 * length, _ATTRIBUTE: 2 * length + 1}.get(kind, length)
            self._count_elements(missing)
            if kind == _PUSH and length == 0:
                raise ProtocolError("push without the string that names its kind")
        frame = _Frame(kind, missing)
        if missing == 0:
            return frame.value()
        if len(self._frames) == self._max_depth:
            raise ProtocolError(f"value is nested deeper than max_depth={self._max_depth}")
        self._frames.append(frame)
        return _OPENED

    def _end(self, _kind: int, line: bytes) -> _Token:
        scalars.parse_nothing(line)
        if not self._frames or self._frames[-1].missing != _STREAMED:
            raise ProtocolError("end marker outside a streamed aggregate")
        if self._frames[-1].kind == _MAP and len(self._frames[-1].items) % 2:
            raise ProtocolError("streamed map ends between a key and its value")
        return self._frames.pop().value()


def _scalar(parse: Callable[[bytes], Value]) -> Callable[[Reader, int, bytes], _Token]:
    def handler(_reader: Reader, _kind: int, line: bytes) -> _Token:
        return parse(line)

    return handler


_HANDLERS: Final[dict[int, Callable[[Reader, int, bytes], _Token]]] = {
    **dict.fromkeys(b"+-", Reader._text),  # noqa: SLF001 - the table belongs to the class
    **dict.fromkeys(b"$!=;", Reader._open_blob),  # noqa: SLF001
    **dict.fromkeys(b"*~%>|", Reader._open_aggregate),  # noqa: SLF001
    ord("("): Reader._big_number,  # noqa: SLF001
    ord("."): Reader._end,  # noqa: SLF001
    ord(":"): _scalar(scalars.parse_integer),
    ord(","): _scalar(scalars.parse_double),
    ord("#"): _scalar(scalars.parse_boolean),
    ord("_"): _scalar(scalars.parse_nothing),
}
