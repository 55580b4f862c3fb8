"""The operator key and the client password of one cluster: made once, kept in the Secret, never lost by accident.

Rules
- A key is generated only for a cluster that never had an epoch: pods of a cluster that ran know no other key.
- The worker keeps what it learned, whatever happens to the Secret; the Secret is written back from it.
- The clients' password is that of ``auth.existingSecret``, or derived from the key: never a value of its own.
- Volumes that were created know one password of ``auth.existingSecret``. Its hash in our Secret is what further volumes
  are created with, whatever that other Secret holds by then: all pods of a cluster know the same password.
- The record holds a fingerprint of the key. A Secret that does not match it was edited by hand and is not used.
"""

import hashlib
import secrets
from dataclasses import dataclass

from gungnir.api.cluster import ValkeyCluster
from gungnir.errors import UserError
from gungnir.resources.credentials import OPERATOR_KEY_BYTES, client_password, hash_of
from gungnir.resources.secret import existing_password, stored_hash, stored_key
from gungnir.runtime.kube_resources import Object


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key from which the epochs' passwords derive, and the clients' password (None: no password is asked for).

    Of a password of ``auth.existingSecret`` only the hash is kept.
    """

    operator_key: str
    password: str | None = None
    pinned_hash: str | None = None

    def __repr__(self) -> str:
        return "Credentials(...)"


def fingerprint(operator_key: str) -> str:
    """Return what the record keeps of a key: enough to recognise it, useless to whoever reads it."""
    return hashlib.sha256(f"gungnir/fingerprint/{operator_key}".encode()).hexdigest()[:16]


def settle(cluster: ValkeyCluster, secret: Object | None, existing: Object | None) -> Credentials:
    """Return the credentials to use.

    Args:
        cluster: As read last.
        secret: Our Secret, if it exists.
        existing: The Secret that ``auth.existingSecret`` names, if it exists.

    Raises:
        UserError: There is nothing usable; the text says what to restore.
    """
    theirs = cluster.spec.auth.existing_secret is not None and cluster.spec.auth.enabled
    pinned = stored_hash(secret) if theirs and secret is not None else None
    if theirs and pinned is None:
        pinned = hash_of(_password(cluster, existing))
    key = _key(cluster, secret)
    if theirs or not cluster.spec.auth.enabled:
        return Credentials(key, pinned_hash=pinned)
    return Credentials(key, client_password(key, cluster.uid))


def doubt(cluster: ValkeyCluster, credentials: Credentials, existing: Object | None) -> str:
    """Return what is wrong with the Secret that ``auth.existingSecret`` names, seen from its pods; empty if nothing.

    Args:
        cluster: As read last.
        credentials: What its pods know.
        existing: That Secret, if it exists.
    """
    if credentials.pinned_hash is None:
        return ""
    advice = "pods keep the password that their volumes were created with: set it back in the Secret"
    try:
        if hash_of(_password(cluster, existing)) == credentials.pinned_hash:
            return ""
    except UserError as error:
        return f"{error}; {advice}"
    name = cluster.spec.auth.existing_secret
    return f"spec.auth.existingSecret: Secret {name}: password is not the one that the pods know; {advice}"


def _password(cluster: ValkeyCluster, existing: Object | None) -> str:
    if existing is None:
        raise UserError(f"spec.auth.existingSecret: Secret {cluster.spec.auth.existing_secret!r} does not exist")
    return existing_password(existing)


def _key(cluster: ValkeyCluster, secret: Object | None) -> str:
    if secret is not None:
        stored = stored_key(secret, cluster)
        _check_fingerprint(cluster, stored)
        return stored
    if cluster.status.epoch > 0:
        raise UserError(
            f"Secret {cluster.name}-secret is gone and this cluster has run: its pods know only passwords derived from "
            "the key in it; restore the Secret from a backup"
        )
    return secrets.token_hex(OPERATOR_KEY_BYTES)


def _check_fingerprint(cluster: ValkeyCluster, operator_key: str) -> None:
    recorded = cluster.status.credentials
    if recorded is not None and recorded.fingerprint != fingerprint(operator_key):
        raise UserError(
            f"Secret {cluster.name}-secret: operator-key is not the one that the pods know (fingerprint "
            f"{fingerprint(operator_key)}, recorded {recorded.fingerprint}): restore the former value"
        )
