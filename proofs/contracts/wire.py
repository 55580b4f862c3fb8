"""Lengths on the wire."""

from gungnir.resp.reader import NEED_MORE_DATA, Reader
from gungnir.resp.scalars import parse_verbatim
from gungnir.resp.writer import encode_command, encode_value

TEN = 10

_TEXTS = tuple((b"\r\n$0" * 3)[:length] for length in range(13))
"""Strings of 0 to 12 bytes, full of what ends a line or begins a string.

CrossHair's own bytes are not told from other objects by ``match``, so the length alone is left open.
"""


def blob_is_as_long_as_it_says(length: int) -> bool:
    """A string takes five bytes more on the wire than its content and its length: its type, and two line ends.

    pre: 0 <= length <= 12
    post: _
    """
    return len(encode_value(_TEXTS[length])) == length + 5 + (1 if length < TEN else 2)


def command_is_as_long_as_it_says(length: int) -> bool:
    """A command of one argument takes four bytes more than that argument: their number, and a line end.

    pre: 0 <= length <= 12
    post: _
    """
    return len(encode_command(_TEXTS[length])) == length + 9 + (1 if length < TEN else 2)


def blob_is_read_back(length: int) -> bool:
    """What a string is written as is read as this string, whatever is in it, and nothing is left over.

    pre: 0 <= length <= 12
    post: _
    """
    reader = Reader()
    reader.feed(encode_value(_TEXTS[length]))
    return reader.next() == _TEXTS[length] and reader.next() is NEED_MORE_DATA


def verbatim_loses_nothing(text: bytes) -> bool:
    """The text of a verbatim string is all that follows its format.

    pre: len(text) <= 3
    post: _
    """
    read = parse_verbatim(b"txt:" + text)
    return read.format == b"txt" and read.text == text
