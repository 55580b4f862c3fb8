"""What a server refused, and what the codec or a typed parser could not understand.

Two trees on purpose: an `ErrorReply` is a value (the server answered, and its answer was no); a `RespError` is raised
(the bytes or the shape of the answer are not what the protocol or the command promise).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ErrorKind(StrEnum):
    """The codes of Valkey's error replies that call for different reactions (``createSharedObjects``, ``server.c``)."""

    ERR = "ERR"
    LOADING = "LOADING"
    NOAUTH = "NOAUTH"
    WRONGPASS = "WRONGPASS"
    NOPERM = "NOPERM"
    DENIED = "DENIED"
    NOPROTO = "NOPROTO"
    MISCONF = "MISCONF"
    BUSY = "BUSY"
    INPROG = "INPROG"
    TRYAGAIN = "TRYAGAIN"
    READONLY = "READONLY"
    REDIRECT = "REDIRECT"
    MASTERDOWN = "MASTERDOWN"
    NOREPLICAS = "NOREPLICAS"
    NOMASTERLINK = "NOMASTERLINK"
    UNBLOCKED = "UNBLOCKED"
    EXECABORT = "EXECABORT"
    OOM = "OOM"
    WRONGTYPE = "WRONGTYPE"
    NOSCRIPT = "NOSCRIPT"
    OTHER = "OTHER"
    """Any code not listed here, and error texts that carry no code."""

    @classmethod
    def of(cls, code: bytes) -> "ErrorKind":
        """The kind of a reply's code; `OTHER` for one that is not listed."""
        return _BY_CODE.get(code, cls.OTHER)


_BY_CODE: Final = {kind.value.encode(): kind for kind in ErrorKind if kind is not ErrorKind.OTHER}

NOT_NOW: Final = frozenset(
    {ErrorKind.LOADING, ErrorKind.BUSY, ErrorKind.INPROG, ErrorKind.TRYAGAIN, ErrorKind.MASTERDOWN}
)
"""The server is alive and may accept the same command later."""
BAD_CREDENTIALS: Final = frozenset({ErrorKind.NOAUTH, ErrorKind.WRONGPASS, ErrorKind.NOPERM, ErrorKind.DENIED})
"""The server is alive but refuses this user, password or permission: another epoch, or a Secret edited by hand."""

_CODE: Final = re.compile(rb"[A-Z][A-Z0-9_]*")
_ECHO: Final = b", with args beginning with"


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error the server answered: a value, not an exception, because inside ``EXEC`` it is one element of many.

    Attributes:
        code: The upper-case first word (``LOADING``), empty if the text starts with none.
        message: What follows the code, without the space between them.
    """

    code: bytes
    message: bytes = b""

    @classmethod
    def from_text(cls, text: bytes) -> "ErrorReply":
        """Split the text behind ``-`` or ``!``: its first word is the code if it is in upper case."""
        code, _, message = text.partition(b" ")
        return cls(code, message) if _CODE.fullmatch(code) else cls(b"", text)

    @property
    def kind(self) -> ErrorKind:
        """The class of this error, by its code."""
        return ErrorKind.of(self.code)

    @property
    def text(self) -> bytes:
        """Code and message as they stand on the wire."""
        return b" ".join(part for part in (self.code, self.message) if part)

    def __str__(self) -> str:
        # An unknown command is answered with its arguments, and those can be a password (HELLO 3 AUTH ...).
        text, echo, _ = self.text.partition(_ECHO)
        return text.decode("utf-8", "backslashreplace") + (" (arguments not shown)" if echo else "")


class RespError(Exception):
    """Anything this package raises about what a server sent."""


class ProtocolError(RespError):
    """The bytes are not RESP, or exceed a limit. The connection cannot be used any more: its framing is lost."""


class ReplyError(RespError):
    """A well-formed value that is not what the command answers.

    Attributes:
        field: The field that is missing or malformed (``master_repl_offset``), or the command (``ROLE``).
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class RefusedError(ReplyError):
    """The server answered a command with an error.

    Attributes:
        error: The reply; its ``kind`` says what kind of evidence it is.
    """

    def __init__(self, field: str, error: ErrorReply) -> None:
        super().__init__(field, f"refused: {error}")
        self.error = error
