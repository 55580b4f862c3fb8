"""Users and passwords that belong to an epoch, and the ACL texts that carry them.

Every epoch has its own operator user and its own replication user. Deleting the users of epoch e-1 on a server
therefore cuts every connection of an older operator and every replication link of an older epoch at once, and their
reconnects fail (Valkey documentation, "ACL", section "How ACLs are applied to connections": deleting a user terminates
its connections). Passwords are derived from one key, so that a later leader can reach a pod that was left several
epochs behind.

What this does not decide: when an epoch is raised, and which pod is told.
"""

import hashlib
import hmac
import re
from typing import Final

from gungnir.errors import BugError, UserError

OPERATOR_KEY_BYTES: Final = 32
"""Length of the operator key: as long as the output of HMAC-SHA256, so that a derived password is no weaker."""

_KEY: Final = re.compile(r"[0-9a-f]{64}")
_HASH: Final = re.compile(r"#[0-9a-f]{64}")

CLIENT_RULES: Final = (
    "~*",
    "&*",
    "+@all",
    # @admin holds everything that could break the promises: REPLICAOF, CONFIG, ACL, SHUTDOWN, DEBUG, FAILOVER, SYNC,
    # CLIENT KILL|PAUSE.
    "-@admin",
    # Reading commands of @admin that client libraries and exporters send. No CONFIG GET: it would print the replication
    # password.
    "+role",
    "+lastsave",
    "+client|list",
    "+slowlog|get",
    "+slowlog|len",
    "+latency|latest",
    "+latency|histogram",
)
"""What a client of the cluster may do, in the words of the ACL syntax of Valkey 7.2 and later."""

CLIENT_USER: Final = "default"
"""The user as which clients connect that name none."""

PROBE_USER: Final = "probe"
"""A user that may only PING: for health checks by people and load balancers, without a password."""


_CLIENT_LINE: Final = re.compile(rf"user {CLIENT_USER} reset on (#[0-9a-f]{{64}}) ")


def operator_user(epoch: int) -> str:
    """Name of the user as which the operator of this epoch commands a server."""
    return f"op-{_epoch(epoch)}"


def voting_user(epoch: int) -> str:
    """Name of the user as which the operator of this epoch reads a pod's vote, before anybody is promoted."""
    return f"vote-{_epoch(epoch)}"


def replication_user(epoch: int) -> str:
    """Name of the user as which a replica of this epoch follows its primary."""
    return f"repl-{_epoch(epoch)}"


def password(key_hex: str, cluster_uid: str, user: str) -> str:
    """Return the password of an epoch's user: HMAC-SHA256 of ``<cluster uid>/<user>`` under the operator key, in hex.

    Args:
        key_hex: The operator key, 64 lower-case hex digits.
        cluster_uid: uid of the ValkeyCluster: a cluster that is deleted and created again shares no password.
        user: As ``operator_user`` or ``replication_user`` returns it.

    Raises:
        UserError: The key is not 64 hex digits (the Secret was edited by hand). The text does not repeat the key.
    """
    if not _KEY.fullmatch(key_hex):
        raise UserError(
            f"Secret key 'operator-key' has {len(key_hex)} characters that are not 64 lower-case hex digits; "
            "restore the value the operator generated"
        )
    if not cluster_uid:
        raise BugError("password of a cluster without uid: build only from an object that the API server stored")
    return hmac.new(bytes.fromhex(key_hex), f"{cluster_uid}/{user}".encode(), hashlib.sha256).hexdigest()


def client_password(key_hex: str, cluster_uid: str) -> str:
    """Return the clients' password of a cluster that names no Secret of the user's.

    It is derived as well, so that one that was edited or deleted in our Secret is written back and never replaced:
    the users on the pods' volumes know no other.

    Args:
        key_hex: The operator key, 64 lower-case hex digits.
        cluster_uid: uid of the ValkeyCluster.

    Raises:
        UserError: The key is malformed.
    """
    return password(key_hex, cluster_uid, CLIENT_USER)


def hash_of(clear: str) -> str:
    """Return ``#<sha256>``, the form in which an ACL rule names a password without containing it."""
    return f"#{hashlib.sha256(clear.encode()).hexdigest()}"


def operator_user_rules(password_hash: str) -> tuple[str, ...]:
    """Return the ACL rules of an operator user: every command, no key and no channel, since it never touches data.

    Args:
        password_hash: As ``hash_of`` returns it.
    """
    return ("reset", "on", _hash(password_hash), "resetkeys", "resetchannels", "+@all")


def mark_rules() -> tuple[str, ...]:
    """Return the ACL rules of a user that is only a name: it is off, without a password, and may do nothing."""
    return ("reset", "off")


def replication_user_rules(password_hash: str) -> tuple[str, ...]:
    """Return the ACL rules of a replication user: what a replica sends to its primary, and nothing else.

    SYNC is what the second connection of dual-channel replication sends (seen on 8.1.8 and 9.1.2; without it the link
    never comes up).

    Args:
        password_hash: As ``hash_of`` returns it.
    """
    return ("reset", "on", _hash(password_hash), "resetkeys", "resetchannels", "+psync", "+sync", "+replconf", "+ping")


def client_hash_in(acl: str) -> str | None:
    """Return the hash of the clients' password in a text of ``default_acl``; None if there is none."""
    found = _CLIENT_LINE.match(acl)
    return found[1] if found else None


def acl_lines(epoch: int, key_hex: str, cluster_uid: str) -> str:
    """Return the line of an ACL file that lets the operator of this epoch read a new pod's vote, and attach it.

    Args:
        epoch: The epoch at which a pod with a new volume starts.
        key_hex: The operator key, 64 lower-case hex digits.
        cluster_uid: uid of the ValkeyCluster.

    Raises:
        UserError: The key is malformed.
    """
    user = voting_user(epoch)
    return _line(user, operator_user_rules(hash_of(password(key_hex, cluster_uid, user))))


def default_acl(client_password: str | None, *, pinned_hash: str | None = None) -> str:
    """Return the part of the first ACL file that does not depend on the epoch: the client's user and the probe's.

    Args:
        client_password: Password of the ``default`` user; None lets clients in without one.
        pinned_hash: As ``client_hash_in`` returns it: used instead of the password's own.
    """
    secret = "nopass" if client_password is None else hash_of(client_password)
    secret = secret if pinned_hash is None else _hash(pinned_hash)
    probe = _line(PROBE_USER, ("reset", "on", "nopass", "resetkeys", "resetchannels", "-@all", "+ping"))
    return f"{_line(CLIENT_USER, ('reset', 'on', secret, *CLIENT_RULES))}\n{probe}\n"


def _line(user: str, rules: tuple[str, ...]) -> str:
    return f"user {user} {' '.join(rules)}"


def _epoch(epoch: int) -> int:
    if epoch < 0:
        raise BugError(f"epoch {epoch} is negative")
    return epoch


def _hash(password_hash: str) -> str:
    if not _HASH.fullmatch(password_hash):
        raise BugError("an ACL rule needs '#' and 64 hex digits, as hash_of returns them")
    return password_hash
