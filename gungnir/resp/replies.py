"""Typed answers to the commands of `gungnir.resp.commands`.

Every parser takes a `Value` as RESP2 or RESP3 gives it and answers a typed value, or raises: `RefusedError` if the
server answered an error, `ReplyError` if its answer has another shape than the command promises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gungnir.resp.errors import ErrorReply, RefusedError, ReplyError
from gungnir.resp.info import Info, natural, parse_info
from gungnir.resp.values import Map, Simple, Value, Verbatim, plain
from gungnir.resp.view import (
    VIEW_SECTIONS,
    AttachedReplica,
    Link,
    LinkStatus,
    Role,
    ServerView,
    WriteStatus,
    parse_server_view,
    port,
)

__all__ = [
    "VIEW_SECTIONS",
    "AttachedReplica",
    "Hello",
    "Info",
    "Link",
    "LinkStatus",
    "PrimaryRole",
    "ReplicaRole",
    "Role",
    "RoleReplica",
    "RoleReply",
    "SentinelRole",
    "ServerView",
    "WriteStatus",
    "expect_ok",
    "parse_config",
    "parse_exec",
    "parse_hello",
    "parse_info",
    "parse_integer",
    "parse_names",
    "parse_role",
    "parse_server_view",
    "parse_text",
]

_REPLICA_FIELDS = 5
_PRIMARY_FIELDS = 3


@dataclass(frozen=True, slots=True)
class RoleReplica:
    """A replica in a primary's answer to ``ROLE``: announced address and acknowledged offset in bytes."""

    host: str
    port: int
    offset: int


@dataclass(frozen=True, slots=True)
class PrimaryRole:
    """``ROLE`` of a primary: bytes of its history and its attached replicas."""

    offset: int
    replicas: tuple[RoleReplica, ...]


@dataclass(frozen=True, slots=True)
class ReplicaRole:
    """``ROLE`` of a replica.

    Attributes:
        host: The primary it was told to follow.
        port: That primary's port.
        state: ``connected``, or what it does instead (``connect``, ``connecting``, ``handshake``, ``sync``, ...).
        offset: Bytes of history received over this link; `None` while there is no link.
    """

    host: str
    port: int
    state: str
    offset: int | None

    @property
    def connected(self) -> bool:
        """Whether the link stands and the first synchronisation is over."""
        return self.state == "connected"


@dataclass(frozen=True, slots=True)
class SentinelRole:
    """``ROLE`` of a Sentinel, which is no pod of ours: the names of what it monitors."""

    monitored: tuple[str, ...]


RoleReply: TypeAlias = PrimaryRole | ReplicaRole | SentinelRole


@dataclass(frozen=True, slots=True)
class Hello:
    """The server's side of the handshake: its name and version, the protocol from now on, and the connection's id."""

    server: str
    version: str
    protocol: int
    connection_id: int


def parse_role(reply: Value) -> RoleReply:
    """Type the answer to ``ROLE``.

    Raises:
        RefusedError: The server answered an error.
        ReplyError: The value has another shape.
    """
    value = _answer("ROLE", reply)
    match value:
        case (b"master", int(offset), tuple(replicas)) if len(value) == _PRIMARY_FIELDS:
            return PrimaryRole(_natural("ROLE.offset", offset), tuple(_role_replica(item) for item in replicas))
        case (b"slave", bytes(host), int(number), bytes(state), int(offset)) if len(value) == _REPLICA_FIELDS:
            received = None if offset == -1 else _natural("ROLE.offset", offset)
            return ReplicaRole(_text(host), port("ROLE.port", str(number)), _text(state), received)
        case (b"sentinel", tuple(names)):
            return SentinelRole(tuple(parse_text(name, "ROLE.monitored") for name in names))
        case _:
            raise _unexpected("ROLE", value, "master, slave or sentinel with their fields")


def _role_replica(item: Value) -> RoleReplica:
    match item:
        case (bytes(host), bytes(number), bytes(offset)):
            parsed = natural("ROLE.replicas.offset", _text(offset))
            return RoleReplica(_text(host), port("ROLE.replicas.port", _text(number)), parsed)
        case _:
            raise _unexpected("ROLE.replicas", item, "host, port and offset")


def parse_hello(reply: Value) -> Hello:
    """Type the answer to ``HELLO``.

    Raises:
        RefusedError: The server answered an error, e.g. ``WRONGPASS`` or ``NOPROTO``.
        ReplyError: A field is missing or malformed.
    """
    fields = _pairs("HELLO", reply)
    return Hello(
        server=parse_text(fields.get(b"server"), "HELLO.server"),
        version=parse_text(fields.get(b"version"), "HELLO.version"),
        protocol=parse_integer(fields.get(b"proto"), "HELLO.proto"),
        connection_id=parse_integer(fields.get(b"id"), "HELLO.id"),
    )


def parse_config(reply: Value) -> dict[str, str]:
    """Type the answer to ``CONFIG GET``: parameters and values.

    Raises:
        RefusedError: The server answered an error.
        ReplyError: The value is not pairs of strings.
    """
    pairs = _pairs("CONFIG", reply)
    return {_text(name): parse_text(value, f"CONFIG.{_text(name)}") for name, value in pairs.items()}


def parse_names(reply: Value, command: str = "ACL USERS") -> tuple[str, ...]:
    """Type an answer that lists strings, such as that to ``ACL USERS`` or ``ACL LIST``.

    Raises:
        RefusedError: The server answered an error.
        ReplyError: The value is not an array of strings.
    """
    value = _answer(command, reply)
    if not isinstance(value, tuple):
        raise _unexpected(command, value, "an array of strings")
    return tuple(parse_text(item, command) for item in value)


def parse_text(reply: Value, command: str) -> str:
    """Type an answer that is one string, such as that to ``ACL WHOAMI``.

    Raises:
        RefusedError: The server answered an error.
        ReplyError: The value is not a string.
    """
    value = _answer(command, reply)
    if isinstance(value, Verbatim):
        value = value.text
    if not isinstance(value, bytes):
        raise _unexpected(command, value, "a string")
    return _text(value)


def parse_integer(reply: Value, command: str) -> int:
    """Type an answer that is an integer, such as those to ``WAIT``, ``ACL DELUSER`` and ``CLIENT KILL``.

    Raises:
        RefusedError: The server answered an error.
        ReplyError: The value is not an integer.
    """
    value = _answer(command, reply)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(command, value, "an integer")
    return value


def expect_ok(reply: Value, command: str) -> None:
    """Check that a command was answered ``OK`` (or, as ``REPLICAOF`` may, ``OK`` and a remark).

    Raises:
        RefusedError: The server answered an error.
        ReplyError: The server answered something else, e.g. ``QUEUED`` inside ``MULTI``.
    """
    value = _answer(command, reply)
    if not isinstance(value, Simple) or value.split(b" ")[0] != b"OK":
        raise _unexpected(command, value, "OK")


def parse_exec(reply: Value, commands: int) -> tuple[Value, ...]:
    """Type the answer to ``EXEC``: one reply per queued command, of which each may still be an `ErrorReply`.

    A transaction that deletes its own connection's user is answered only in part: check what it did by other means.

    Raises:
        RefusedError: The server answered an error: nothing was run (``EXECABORT``).
        ReplyError: The transaction was aborted by ``WATCH`` (null), or the number of replies is not that of commands.
    """
    value = _answer("EXEC", reply)
    if not isinstance(value, tuple) or len(value) != commands:
        raise _unexpected("EXEC", value, f"an array of {commands} replies")
    return value


def _answer(command: str, reply: Value) -> Value:
    value = plain(reply)
    if isinstance(value, ErrorReply):
        raise RefusedError(command, value)
    return value


def _pairs(command: str, reply: Value) -> Mapping[bytes, Value]:
    """The pairs of a map (RESP3) or of a flat array (RESP2)."""
    value = _answer(command, reply)
    items: tuple[tuple[Value, Value], ...] | None = None
    if isinstance(value, Map):
        items = value.pairs
    elif isinstance(value, tuple) and len(value) % 2 == 0:
        items = tuple(zip(value[::2], value[1::2], strict=True))
    if items is None or not all(isinstance(name, bytes) for name, _ in items):
        raise _unexpected(command, value, "pairs of names and values")
    return {name: item for name, item in items if isinstance(name, bytes)}


def _unexpected(command: str, value: Value, expected: str) -> ReplyError:
    # The value itself stays out of the text: it may be a secret, such as an ACL rule with its password hash.
    shape = f"{len(value)} elements" if isinstance(value, tuple) else type(value).__name__
    return ReplyError(command, f"answered {shape}, expected {expected}")


def _natural(field: str, value: int) -> int:
    return natural(field, str(value))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
