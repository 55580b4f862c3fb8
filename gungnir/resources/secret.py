"""The Secret: the operator key, the clients' password and the first ACL file.

Rule: nothing is generated here and nothing is replaced by accident. The runtime generates the key once, when no Secret
exists; from then on it is read back, and a Secret that does not hold it is an error, not a reason to make a new one:
servers that run know only the old. All else here follows from the key, and is written back from it.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Final

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster
from gungnir.errors import BugError, UserError
from gungnir.resources.credentials import client_hash_in, default_acl
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.labels import metadata
from gungnir.resources.manifest import Manifest

OPERATOR_KEY: Final = "operator-key"
PASSWORD: Final = "password"  # noqa: S105 - the name of a key, not a password
"""Key of the clients' password, in our Secret and in the one that ``auth.existingSecret`` names."""
DEFAULT_ACL: Final = "default.acl"
"""Key of the part of the first ACL file that pods copy to a new volume. The only key that pods can see."""

_OPERATOR_KEY_FORM: Final = re.compile(r"[0-9a-f]{64}")


def secret(inputs: BuildInputs) -> Manifest:
    """Return the Secret.

    Raises:
        BugError: Auth is enabled and no password was given.
    """
    cluster = inputs.cluster
    client_password = _client_password(inputs)
    pinned = None if client_password is None else inputs.pinned_hash
    values = {OPERATOR_KEY: inputs.operator_key, DEFAULT_ACL: default_acl(client_password, pinned_hash=pinned)}
    if client_password is not None and cluster.spec.auth.existing_secret is None:
        values[PASSWORD] = client_password
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": metadata(cluster, names.secret(cluster.name)),
        "data": {key: base64.b64encode(values[key].encode()).decode() for key in sorted(values)},
    }


def stored_key(live: Mapping[str, Any], cluster: ValkeyCluster) -> str:
    """Return the operator key that an existing Secret of ours holds.

    Args:
        live: The Secret as read.
        cluster: Its owner.

    Raises:
        UserError: It is missing or malformed. The text names the key and the fix, never a value.
    """
    where = f"Secret {names.secret(cluster.name)}"
    key = _decoded(live, OPERATOR_KEY, where)
    if not _OPERATOR_KEY_FORM.fullmatch(key):
        raise UserError(
            f"{where}: {OPERATOR_KEY}: is not 64 lower-case hex digits: restore the generated value from a backup; "
            "pods know only the passwords derived from it"
        )
    return key


def stored_hash(live: Mapping[str, Any]) -> str | None:
    """Return the hash of the clients' password that volumes are created with, from a Secret of ours; None without one.

    Args:
        live: The Secret as read.
    """
    try:
        return client_hash_in(_decoded(live, DEFAULT_ACL, "", lines=True))
    except UserError:
        return None


def existing_password(live: Mapping[str, Any]) -> str:
    """Return the clients' password from the Secret that ``auth.existingSecret`` names.

    Args:
        live: That Secret as read.

    Raises:
        UserError: It has no usable key ``password``.
    """
    name = live.get("metadata", {}).get("name", "")
    return _decoded(live, PASSWORD, f"spec.auth.existingSecret: Secret {name}")


def _client_password(inputs: BuildInputs) -> str | None:
    if not inputs.cluster.spec.auth.enabled:
        return None
    if not inputs.password and not inputs.pinned_hash:
        raise BugError(f"auth of {inputs.cluster.name} is enabled, and no password was passed to the builder")
    return inputs.password or ""


def _decoded(live: Mapping[str, Any], key: str, where: str, *, lines: bool = False) -> str:
    encoded = (live.get("data") or {}).get(key)
    if not encoded:
        raise UserError(f"{where}: {key}: is missing or empty: add the key")
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, TypeError, ValueError) as error:
        raise UserError(f"{where}: {key}: is not base64 of UTF-8 text: encode it again") from error
    if not lines and any(character in text for character in "\r\n\0"):
        # A password file that ends with a line break would make a password that nobody types.
        raise UserError(f"{where}: {key}: holds a line break or a NUL: write the value without it")
    return text
