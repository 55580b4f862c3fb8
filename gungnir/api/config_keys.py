"""Directives of valkey.conf that a user may not set, because the operator's promises rest on their values.

Source of the names: valkey.conf of Valkey 7.2 to 9.1, and ``src/config.c`` for older spellings that are still taken.
"""

from typing import Final

_NETWORK: Final = ("port", "bind", "bind-source-addr", "protected-mode", "unixsocket", "unixsocketperm")
_FILES: Final = ("dir", "dbfilename", "appenddirname", "appendfilename", "logfile", "pidfile", "include")
_PROCESS: Final = ("daemonize", "supervised", "loadmodule", "rename-command")
_USERS: Final = ("aclfile", "user", "requirepass", "masteruser", "masterauth", "primaryuser", "primaryauth")
_REPLICATION: Final = (
    "replicaof",
    "slaveof",
    "replica-read-only",
    "slave-read-only",
    "replica-priority",
    "slave-priority",
    "replica-announced",
    "replica-announce-ip",
    "replica-announce-port",
    "slave-announce-ip",
    "slave-announce-port",
    "repl-diskless-load",
    "dual-channel-replication-enabled",
    "rdb-del-sync-files",
    "repl-timeout",
    "repl-ping-replica-period",
    "repl-ping-slave-period",
)
_FENCE: Final = (
    "min-replicas-to-write",
    "min-replicas-max-lag",
    "min-slaves-to-write",
    "min-slaves-max-lag",
    "enable-debug-command",
    "enable-module-command",
    "enable-protected-configs",
)

OWNED_KEYS: Final = (*_NETWORK, *_FILES, *_PROCESS, *_USERS, *_REPLICATION, *_FENCE)
"""Directives that the operator sets, or that would undo a fence, by their exact names."""

OWNED_PREFIXES: Final = ("tls-", "cluster-")
"""Whole families that do not fit a primary with replicas behind plain TCP."""

KEY_PATTERN: Final = "^[a-z][a-z0-9-]{0,63}$"
"""Valkey takes directives in any case; here only lower case, so that one directive has one spelling."""


def is_owned(key: str) -> bool:
    """Tell whether the operator owns this directive (lower case)."""
    return key in OWNED_KEYS or key.startswith(OWNED_PREFIXES)
