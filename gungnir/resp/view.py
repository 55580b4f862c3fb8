"""What one server says about itself: the fields of ``INFO`` that the operator decides on, typed.

The names are Valkey's (https://valkey.io/commands/info/), which spells the roles ``master`` and ``slave`` on the wire.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from gungnir.api.names import ROLE_PRIMARY, ROLE_REPLICA
from gungnir.resp.errors import ReplyError
from gungnir.resp.info import Info, age, natural

VIEW_SECTIONS: Final = ("server", "replication", "persistence", "clients")
"""The sections that `parse_server_view` needs; with ``keyspace`` the view has `ServerView.keys` too."""

_ROLES: Final = {"master": ROLE_PRIMARY, "slave": ROLE_REPLICA}
_ATTACHED: Final = re.compile(r"slave[0-9]{1,9}")
_DATABASE: Final = re.compile(r"db[0-9]{1,9}")
_VERSION: Final = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})")
_NO_ID: Final = "0" * 40
_MAX_PORT: Final = 65535


class Role(StrEnum):
    """What the server does with writes."""

    PRIMARY = ROLE_PRIMARY
    REPLICA = ROLE_REPLICA


class LinkStatus(StrEnum):
    """Whether a replica's link to its primary stands and its first synchronisation is over."""

    UP = "up"
    DOWN = "down"


class WriteStatus(StrEnum):
    """How the last write of a file ended. ``err`` of the append-only file makes Valkey refuse writes (``MISCONF``)."""

    OK = "ok"
    ERR = "err"


_Status = TypeVar("_Status", LinkStatus, WriteStatus)


@dataclass(frozen=True, slots=True)
class AttachedReplica:
    """A replica as its primary sees it, one ``slave<n>`` line.

    Attributes:
        host: Its address, as it announced it.
        port: Its port, as it announced it.
        state: ``online``, or a stage of its synchronisation (``wait_bgsave``, ``send_bulk``, ...).
        offset: The last offset it acknowledged, in bytes of its primary's history.
        lag_seconds: Age of that acknowledgement.
    """

    host: str
    port: int
    state: str
    offset: int
    lag_seconds: int

    @property
    def online(self) -> bool:
        """Whether it receives the stream of writes, rather than a snapshot."""
        return self.state == "online"


@dataclass(frozen=True, slots=True)
class Link:
    """A replica's link to the primary that it was told to follow.

    Attributes:
        master_host: Address of that primary. With a boot-fenced pod: the hold address.
        master_port: Its port.
        master_link_status: ``up`` after a completed synchronisation only.
        master_last_io_seconds_ago: Age of the last byte from the primary; `None` without a link.
        master_sync_in_progress: A full synchronisation is running: the data set is not whole.
        master_link_down_since_seconds: `None` while the link is up, and if it never was.
        slave_repl_offset: Offset of the history that it followed last; 1 (and not 0) if it never followed any.
        slave_priority: ``replica-priority``; 0 excludes it from promotion.
        slave_read_only: Whether it refuses writes of clients.
    """

    master_host: str
    master_port: int
    master_link_status: LinkStatus
    master_last_io_seconds_ago: int | None
    master_sync_in_progress: bool
    master_link_down_since_seconds: int | None
    slave_repl_offset: int
    slave_priority: int
    slave_read_only: bool

    @property
    def up(self) -> bool:
        """Whether the link stands."""
        return self.master_link_status is LinkStatus.UP


@dataclass(frozen=True, slots=True)
class ServerView:
    """One answer to ``INFO server replication persistence clients [keyspace]``.

    Attributes:
        version: Of Valkey, e.g. (9, 1, 2); of Redis if the server is not Valkey.
        run_id: Random id of this process.
        uptime_in_seconds: Since this process started.
        role: Primary or replica.
        master_replid: Id of the history its offsets count in.
        master_replid2: Id of the history it continued when it was promoted, `None` if it has none.
        master_repl_offset: Bytes of history it has written (primary) or relayed (replica).
        second_repl_offset: The last offset plus one that belongs to `master_replid2`, `None` if it has none.
        link: Its link to a primary; `None` exactly if it is a primary.
        connected_slaves: How many replicas are attached to it.
        replicas: Those replicas that it can name.
        loading: It loads its data set and answers nearly everything with ``LOADING``.
        async_loading: It loads a new data set while it still serves the old one.
        aof_enabled: The append-only file is on.
        aof_rewrite_in_progress: A new one is being written.
        aof_rewrite_scheduled: A new one is to be written as soon as another child process has ended.
        aof_last_write_status: Of the append-only file.
        rdb_last_bgsave_status: Of the last snapshot.
        connected_clients: Connections of clients, this one included.
        paused_actions: ``none``, ``write`` or ``all``: what ``CLIENT PAUSE`` holds back; `None` if the server says not.
        keys: Number of keys in all databases; `None` if the section ``keyspace`` was not asked for.
        started_s: When this process started, in Unix seconds by its own clock; 0 if the server does not tell the time.
        good_replicas: Replicas that count for ``min-replicas-to-write`` now; `None` where none are asked for.
    """

    version: tuple[int, int, int]
    run_id: str
    uptime_in_seconds: int
    role: Role
    master_replid: str
    master_replid2: str | None
    master_repl_offset: int
    second_repl_offset: int | None
    link: Link | None
    connected_slaves: int
    replicas: tuple[AttachedReplica, ...]
    loading: bool
    async_loading: bool
    aof_enabled: bool
    aof_rewrite_in_progress: bool
    aof_rewrite_scheduled: bool
    aof_last_write_status: WriteStatus
    rdb_last_bgsave_status: WriteStatus
    connected_clients: int
    paused_actions: str | None
    keys: int | None
    started_s: int = 0
    good_replicas: int | None = None

    @property
    def aof_whole(self) -> bool:
        """Whether the append-only file holds all of the data.

        After a full synchronisation the server writes a new one; until that is done it would start from the former data
        (seen on 8.1 and 9.1).
        """
        rewriting = self.aof_rewrite_in_progress or self.aof_rewrite_scheduled
        return self.aof_enabled and not self.loading and not rewriting

    @property
    def offset(self) -> int:
        """The offset that counts in `master_replid`: what a replica has applied, what a primary has written.

        It is a fact about this process, not about its files: a process that loaded its data from an append-only file
        starts under a new, random `master_replid` at 1 (measured on 8.1 and 9.1), however much data it has.
        """
        return self.master_repl_offset if self.link is None else self.link.slave_repl_offset

    @property
    def forgot(self) -> bool:
        """Whether it does not know where its data ends: it has relayed more than what it says that it has applied.

        A replica counts both with each command that it applies (networking.c, commandProcessed). What it has applied is
        kept with its primary's connection, and is 1 again once that is thrown away: when the link ends while a command
        on it is held back (CLIENT PAUSE, a module that blocks it; networking.c, freeClient), or when a full copy cannot
        be loaded (replication.c, replicationAttachToNewPrimary), which takes the data with it on most releases. The
        process goes on, and its replication id stays (seen on 8.1.8, 9.0.0 and 9.1.2).
        """
        return self.link is not None and self.link.slave_repl_offset < self.master_repl_offset


def parse_server_view(info: Info) -> ServerView:
    """Type the fields of an ``INFO`` reply.

    Raises:
        ReplyError: A field is missing or malformed; the error names it.
    """
    role = _role(info)
    replid2 = info.identity("master_replid2")
    return ServerView(
        version=_version(info),
        run_id=info.identity("run_id"),
        uptime_in_seconds=info.age("uptime_in_seconds"),
        role=role,
        master_replid=info.identity("master_replid"),
        master_replid2=None if replid2 == _NO_ID else replid2,
        master_repl_offset=info.count("master_repl_offset"),
        second_repl_offset=info.count_or_none("second_repl_offset"),
        link=_link(info) if role is Role.REPLICA else None,
        connected_slaves=info.count("connected_slaves"),
        replicas=_replicas(info),
        loading=info.flag("loading"),
        async_loading=info.flag("async_loading"),
        aof_enabled=info.flag("aof_enabled"),
        aof_rewrite_in_progress=info.flag("aof_rewrite_in_progress"),
        aof_rewrite_scheduled=info.flag("aof_rewrite_scheduled"),
        aof_last_write_status=_status(info, "aof_last_write_status", WriteStatus),
        rdb_last_bgsave_status=_status(info, "rdb_last_bgsave_status", WriteStatus),
        connected_clients=info.count("connected_clients"),
        paused_actions=info.get("paused_actions"),
        keys=_keys(info),
        started_s=_started(info),
        good_replicas=info.count("min_slaves_good_slaves") if "min_slaves_good_slaves" in info else None,
    )


def port(field: str, value: str) -> int:
    """A TCP port in a field's text.

    Raises:
        ReplyError: It is not one.
    """
    parsed = natural(field, value)
    if not 1 <= parsed <= _MAX_PORT:
        raise ReplyError(field, f"{parsed} is not a port (1 to {_MAX_PORT})")
    return parsed


def _started(info: Info) -> int:
    if "server_time_usec" not in info:
        return 0
    return info.count("server_time_usec") // 1_000_000 - info.integer("uptime_in_seconds")


def _role(info: Info) -> Role:
    value = info.text("role")
    if value not in _ROLES:
        raise ReplyError("role", f"{value[:40]!r} is neither master nor slave")
    return Role(_ROLES[value])


def _version(info: Info) -> tuple[int, int, int]:
    # Valkey says redis_version:7.2.4 for ever, for clients that look at it, and its own version in its own field.
    field = "valkey_version" if "valkey_version" in info else "redis_version"
    match = _VERSION.fullmatch(info.text(field))
    if match is None:
        raise ReplyError(field, f"{info.text(field)[:40]!r} is not a version of three numbers")
    major, minor, patch = match.groups()
    return int(major), int(minor), int(patch)


def _status(info: Info, field: str, kind: type[_Status]) -> _Status:
    value = info.text(field)
    try:
        return kind(value)
    except ValueError as exc:
        raise ReplyError(field, f"{value[:40]!r} is neither {' nor '.join(kind)}") from exc


def _link(info: Info) -> Link:
    status = _status(info, "master_link_status", LinkStatus)
    down_since = "master_link_down_since_seconds"
    return Link(
        master_host=info.text("master_host"),
        master_port=port("master_port", info.text("master_port")),
        master_link_status=status,
        master_last_io_seconds_ago=info.age_or_none("master_last_io_seconds_ago"),
        master_sync_in_progress=info.flag("master_sync_in_progress"),
        # Valkey leaves the field out while the link is up.
        master_link_down_since_seconds=None if status is LinkStatus.UP else info.age_or_none(down_since),
        slave_repl_offset=info.count("slave_repl_offset"),
        slave_priority=info.count("slave_priority"),
        slave_read_only=info.flag("slave_read_only"),
    )


def _replicas(info: Info) -> tuple[AttachedReplica, ...]:
    fields = [field for field in info if field.startswith("slave") and _ATTACHED.fullmatch(field)]
    fields.sort(key=lambda field: int(field.removeprefix("slave")))
    return tuple(_attached(field, info[field]) for field in fields)


def _attached(field: str, value: str) -> AttachedReplica:
    parts = _parts(value)
    missing = {"ip", "port", "state", "offset", "lag"} - parts.keys()
    if missing:
        raise ReplyError(field, f"{value[:80]!r} lacks {', '.join(sorted(missing))}")
    return AttachedReplica(
        host=parts["ip"],
        port=port(f"{field}.port", parts["port"]),
        state=parts["state"],
        offset=natural(f"{field}.offset", parts["offset"]),
        lag_seconds=age(f"{field}.lag", parts["lag"]),
    )


def _keys(info: Info) -> int | None:
    if "keyspace" not in info.sections:
        return None
    databases = [field for field in info if field.startswith("db") and _DATABASE.fullmatch(field)]
    return sum(natural(f"{field}.keys", _parts(info[field]).get("keys", "")) for field in databases)


def _parts(value: str) -> dict[str, str]:
    """The ``name=value`` pairs of a line such as ``ip=10.0.0.1,port=6379``."""
    return {name: text for name, _, text in (part.partition("=") for part in value.split(","))}
