"""valkey.conf from the spec.

Rules:
- Every pod boots fenced: a read-only replica of an address where nothing listens. No file ever makes a primary.
- No path, address or port stands here: those are arguments, the same for every pod but for what the node fills in.
- Base settings first, in this order, then the user's by name: one text for one spec. A user's value replaces ours.
- Every base setting is known to Valkey 7.2, 8 and 9 by the same name.
"""

from typing import Final

from gungnir.api.config_keys import is_owned
from gungnir.api.spec import ValkeyClusterSpec
from gungnir.errors import UserError
from gungnir.resources.manifest import content_hash

FILE_NAME: Final = "valkey.conf"
"""Key of the ConfigMap, and the name under which pods see it."""

HOLD_HOST: Final = "127.0.0.1"
HOLD_PORT: Final = 1
"""Where a fenced pod looks for its primary: the pod's own loopback, a port that only root can open and nobody does."""

LIVE_DIRECTIVES: Final = frozenset({"min-replicas-to-write"})
"""Set on running servers by the operator: a change of these alone needs no new pods."""


def base_directives(spec: ValkeyClusterSpec) -> dict[str, str]:
    """Return the operator's own settings, directive to arguments, in the order of the file.

    Source of each: https://valkey.io/topics/valkey.conf/

    Args:
        spec: Of the ValkeyCluster.
    """
    return {
        # Access control is by ACL users on the pod's volume; protected mode would refuse the replicas.
        "protected-mode": "no",
        "tcp-keepalive": "60",
        # A log line is for the container's standard output.
        "logfile": '""',
        "replicaof": f"{HOLD_HOST} {HOLD_PORT}",
        "replica-read-only": "yes",
        "replica-priority": "100",
        # A full sync starts at once (default: waits 5 s for more replicas) and never passes through the primary's disk.
        "repl-diskless-sync": "yes",
        "repl-diskless-sync-delay": "0",
        # A replica keeps its data until the new copy is whole on its disk: an interrupted sync never leaves it empty.
        "repl-diskless-load": "disabled",
        "rdb-del-sync-files": "yes",
        # A dead link is seen in seconds (default: 60), by pings every second, which also bound the window of min-
        # replicas-max-lag.
        "repl-timeout": "10",
        "repl-ping-replica-period": "1",
        # Large enough that a replica that was away for a moment continues instead of copying everything.
        "repl-backlog-size": "64mb",
        # Never given up: a primary without a backlog would take a new replication id for its next replica.
        "repl-backlog-ttl": "0",
        "min-replicas-to-write": str(spec.min_replicas_to_write),
        "min-replicas-max-lag": "2",
        "appendonly": "yes" if spec.persistence.enabled else "no",
        "appendfsync": "everysec",
        # The AOF is the copy on disk; snapshots on top of it would only cost forks.
        "save": '""',
    }


def valkey_conf(spec: ValkeyClusterSpec) -> str:
    """Return the text of valkey.conf.

    Args:
        spec: Of the ValkeyCluster.

    Raises:
        UserError: ``spec.config`` sets what the operator owns, or more than one line.
    """
    return "".join(f"{directive} {arguments}\n" for directive, arguments in _directives(spec).items())


def config_hash(spec: ValkeyClusterSpec) -> str:
    """Return a hash of what a running server cannot be told: a difference means that pods must be replaced.

    Args:
        spec: Of the ValkeyCluster.

    Raises:
        UserError: As ``valkey_conf``.
    """
    return content_hash({key: value for key, value in _directives(spec).items() if key not in LIVE_DIRECTIVES})


def _directives(spec: ValkeyClusterSpec) -> dict[str, str]:
    user = {key: _arguments(key, spec.config[key]) for key in sorted(spec.config)}
    return {**base_directives(spec), **user}


def _arguments(directive: str, value: str) -> str:
    # The schema refuses both already. Said again here, where a line break would smuggle in a directive of its own.
    if is_owned(directive):
        raise UserError(f"spec.config: {directive!r} is set by the operator: remove it")
    if any(ord(character) < ord(" ") for character in directive + value):
        raise UserError(
            f"spec.config.{directive}: {value!r} holds a control character: write the arguments on one line"
        )
    return value.strip() or '""'
