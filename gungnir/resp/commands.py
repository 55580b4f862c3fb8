"""The commands the operator sends, as tuples of arguments: what `encode_command` writes and `redact` shows.

Every builder checks its arguments, because a wrong one (an empty host, port 0) would otherwise come back as an error of
a server in the middle of a failover. The commands themselves: https://valkey.io/commands/.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from gungnir.resp.writer import argument

Command: TypeAlias = tuple[bytes, ...]

_MAX_PORT: Final = 65535


class ClientType(StrEnum):
    """Kinds of connections, in the spelling that every version since 7.2 accepts."""

    NORMAL = "normal"
    REPLICA = "replica"
    MASTER = "master"
    PUBSUB = "pubsub"


def ping() -> Command:
    """``PING``: answered ``PONG``; by a server that is loading with ``LOADING``, by a replica of nobody too."""
    return (b"PING",)


def hello(
    protocol: Literal[2, 3] = 3,
    *,
    user: str | None = None,
    password: str | None = None,
    client_name: str | None = None,
) -> Command:
    """``HELLO``: choose the protocol, authenticate and name the connection in one round trip.

    Raises:
        ValueError: Only one of user and password is given, or a name contains a space.
    """
    command: tuple[str | int, ...] = ("HELLO", protocol)
    if (user is None) != (password is None):
        raise ValueError("hello has only one of user and password; give both or neither")
    if user is not None and password is not None:
        command += ("AUTH", _word("user", user), password)
    if client_name is not None:
        command += ("SETNAME", _word("client_name", client_name))
    return _command(*command)


def auth(user: str, password: str) -> Command:
    """``AUTH user password``.

    Raises:
        ValueError: The user's name is empty or contains a space.
    """
    return _command("AUTH", _word("user", user), password)


def info(*sections: str) -> Command:
    """``INFO``, for the named sections only (several: since 7.0), or the default ones."""
    return _command("INFO", *sections)


def role() -> Command:
    """``ROLE``: role, offset and replicas, much cheaper than ``INFO``."""
    return (b"ROLE",)


def multi() -> Command:
    """``MULTI``: what follows is queued until ``EXEC``."""
    return (b"MULTI",)


def exec_() -> Command:
    """``EXEC``: run what was queued, with no other client's command in between."""
    return (b"EXEC",)


def discard() -> Command:
    """``DISCARD``: forget what was queued."""
    return (b"DISCARD",)


def replicaof(host: str, port: int) -> Command:
    """``REPLICAOF host port``: become a replica. The server's data is replaced once that primary answers.

    Raises:
        ValueError: The host is empty or contains a space, or the port is out of range.
    """
    return _command("REPLICAOF", _word("host", host), _port(port))


def replicaof_no_one() -> Command:
    """``REPLICAOF NO ONE``: become a primary and keep the data."""
    return (b"REPLICAOF", b"NO", b"ONE")


def config_set(parameters: Mapping[str, str | int] | None = None, /, **named: str | int) -> Command:
    """``CONFIG SET`` of several parameters, all or none (since 7.0).

    Args:
        parameters: By their exact names.
        named: By their names with ``_`` for ``-``: ``config_set(min_replicas_to_write=1)``.

    Raises:
        ValueError: No parameter is given.
    """
    merged = {**(parameters or {}), **{name.replace("_", "-"): value for name, value in named.items()}}
    if not merged:
        raise ValueError("config_set has no parameter; give at least one")
    return _command("CONFIG", "SET", *(part for pair in merged.items() for part in pair))


def config_get(*patterns: str) -> Command:
    """``CONFIG GET`` of all parameters that match a pattern.

    Raises:
        ValueError: No pattern is given.
    """
    return _command("CONFIG", "GET", *_some("config_get", "pattern", patterns))


def client_setname(name: str) -> Command:
    """``CLIENT SETNAME``: what ``CLIENT LIST`` shows for this connection.

    Raises:
        ValueError: The name is empty or contains a space.
    """
    return _command("CLIENT", "SETNAME", _word("name", name))


def client_kill(
    client_type: ClientType | None = None, *, user: str | None = None, skip_me: bool | None = None
) -> Command:
    """``CLIENT KILL`` of the connections that match every filter; answers their number.

    Args:
        client_type: Only connections of this kind.
        user: Only connections authenticated as this user.
        skip_me: Whether the connection that sends the command survives; Valkey's default is yes.

    Raises:
        ValueError: No filter is given: that would be the old form, which kills one address.
    """
    command: tuple[str, ...] = ("CLIENT", "KILL")
    if client_type is None and user is None:
        raise ValueError("client_kill has no filter; give client_type or user")
    if client_type is not None:
        command += ("TYPE", client_type.value)
    if user is not None:
        command += ("USER", _word("user", user))
    if skip_me is not None:
        command += ("SKIPME", "yes" if skip_me else "no")
    return _command(*command)


def client_pause(timeout_ms: int, *, write: bool = True) -> Command:
    """``CLIENT PAUSE``: hold back clients' commands for at most so long.

    Args:
        timeout_ms: Milliseconds after which the server resumes by itself.
        write: Hold back only commands that may write (and ``EXEC`` with such); else all.

    Raises:
        ValueError: The time is not positive.
    """
    return _command("CLIENT", "PAUSE", _at_least("timeout_ms", timeout_ms, 1), "WRITE" if write else "ALL")


def client_unpause() -> Command:
    """``CLIENT UNPAUSE``: let clients' commands through again."""
    return (b"CLIENT", b"UNPAUSE")


def shutdown_abort() -> Command:
    """``SHUTDOWN ABORT``: stop the end that a signal began and that waits for replicas; an error if there is none.

    Source: https://valkey.io/commands/shutdown/
    """
    return (b"SHUTDOWN", b"ABORT")


def wait(replicas: int, timeout_ms: int) -> Command:
    """``WAIT``: until so many replicas have all writes of this connection; answers how many have.

    Args:
        replicas: How many to wait for; 0 answers at once.
        timeout_ms: Milliseconds; 0 waits for ever.

    Raises:
        ValueError: A number is negative.
    """
    return _command("WAIT", _at_least("replicas", replicas, 0), _at_least("timeout_ms", timeout_ms, 0))


def acl_setuser(name: str, *rules: str) -> Command:
    """``ACL SETUSER``: create the user or apply the rules to it, in order.

    Raises:
        ValueError: The name is empty or contains a space.
    """
    return _command("ACL", "SETUSER", _word("name", name), *rules)


def acl_deluser(*names: str) -> Command:
    """``ACL DELUSER``: remove users and cut their connections; answers how many existed.

    Raises:
        ValueError: No name is given, or one is empty or contains a space.
    """
    return _command("ACL", "DELUSER", *(_word("name", name) for name in _some("acl_deluser", "name", names)))


def acl_users() -> Command:
    """``ACL USERS``: the users' names."""
    return (b"ACL", b"USERS")


def acl_list() -> Command:
    """``ACL LIST``: the users with their rules and password hashes; the answer is a secret."""
    return (b"ACL", b"LIST")


def acl_save() -> Command:
    """``ACL SAVE``: write the users to the ACL file, so that they survive a restart."""
    return (b"ACL", b"SAVE")


def acl_whoami() -> Command:
    """``ACL WHOAMI``: the user this connection is authenticated as."""
    return (b"ACL", b"WHOAMI")


def failover(
    host: str | None = None, port: int | None = None, *, force: bool = False, timeout_ms: int | None = None
) -> Command:
    """``FAILOVER``: a primary hands its role to a replica that has caught up, and follows it.

    Args:
        host: The replica, as it stands in ``INFO replication``; any, if not given.
        port: The replica's port.
        force: Hand over at the end of the timeout even if the replica has not caught up: loses writes.
        timeout_ms: Milliseconds after which the attempt ends (or is forced); for ever, if not given.

    Raises:
        ValueError: Only one of host and port is given, a value is out of range, or `force` lacks a target or timeout.
    """
    command: tuple[str | int, ...] = ("FAILOVER",)
    if (host is None) != (port is None):
        raise ValueError("failover has only one of host and port; give both or neither")
    if force and (host is None or timeout_ms is None):
        raise ValueError("failover has force without a target or timeout_ms; Valkey requires both")
    if host is not None and port is not None:
        command += ("TO", _word("host", host), _port(port))
    if force:
        command += ("FORCE",)
    if timeout_ms is not None:
        command += ("TIMEOUT", _at_least("timeout_ms", timeout_ms, 1))
    return _command(*command)


def failover_abort() -> Command:
    """``FAILOVER ABORT``: end an attempt that is still waiting for its replica."""
    return (b"FAILOVER", b"ABORT")


def shutdown(*, save: bool | None = None, now: bool = False, force: bool = False) -> Command:
    """``SHUTDOWN``: end the process. It answers only if it could not.

    Args:
        save: Write a snapshot first; `None` leaves it to the configured save points.
        now: Do not wait for lagging replicas (``shutdown-timeout``).
        force: End even if the snapshot cannot be written.
    """
    words = ["SHUTDOWN"]
    if save is not None:
        words.append("SAVE" if save else "NOSAVE")
    words += ["NOW"] * now + ["FORCE"] * force
    return _command(*words)


def _command(*args: str | int) -> Command:
    return tuple(argument(value) for value in args)


def _word(name: str, value: str) -> str:
    if not value or any(char.isspace() or char == "\0" for char in value):
        raise ValueError(f"{name} is {value!r}; use a text that is not empty and contains no white space")
    return value


def _port(port: int) -> int:
    if not 1 <= port <= _MAX_PORT:
        raise ValueError(f"port is {port}; use 1 to {_MAX_PORT}")
    return port


def _at_least(name: str, value: int, least: int) -> int:
    if value < least:
        raise ValueError(f"{name} is {value}; use at least {least}")
    return value


def _some(command: str, name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError(f"{command} has no {name}; give at least one")
    return values
