"""Keys are generated once, kept whatever happens to the Secret, and never replaced while pods know the former."""

import base64
from typing import Any

import pytest

from gungnir.api.cluster import ValkeyCluster, parse_cluster
from gungnir.errors import UserError
from gungnir.resources.credentials import default_acl, hash_of
from gungnir.runtime.credentials import Credentials, doubt, fingerprint, settle

KEY, OTHER = "5c" * 32, "6d" * 32


def cluster(epoch: int = 0, recorded: str = "", **auth: Any) -> ValkeyCluster:
    status: dict[str, Any] = {"epoch": epoch}
    if recorded:
        status["credentials"] = {"fingerprint": fingerprint(recorded)}
    metadata = {"name": "vc", "namespace": "ns", "uid": "u1"}
    wire = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": metadata}
    return parse_cluster({**wire, "spec": {"auth": auth} if auth else {}, "status": status})


def secret(**values: str) -> dict[str, Any]:
    data = {
        key.replace("default_acl", "default.acl").replace("_", "-"): base64.b64encode(value.encode()).decode()
        for key, value in values.items()
    }
    return {"metadata": {"name": "vc-secret"}, "data": data}


STORED = secret(operator_key=KEY, password="stored")


def test_a_cluster_that_never_ran_gets_a_key_and_a_password_of_its_own() -> None:
    first, second = settle(cluster(), None, None), settle(cluster(), None, None)
    assert len(bytes.fromhex(first.operator_key)) == 32
    assert first.password is not None
    assert len(first.password) >= 32
    assert first != second


def test_without_auth_there_is_no_password() -> None:
    assert settle(cluster(enabled=False), None, None).password is None
    assert settle(cluster(enabled=False), secret(operator_key=KEY), None) == Credentials(KEY, None)


def test_what_the_secret_holds_is_used() -> None:
    assert settle(cluster(epoch=4), STORED, None).operator_key == KEY


@pytest.mark.parametrize("kept", [STORED, secret(operator_key=KEY, password="edited"), secret(operator_key=KEY)])
def test_the_clients_password_follows_from_the_key_whatever_somebody_wrote(kept: dict[str, Any]) -> None:
    password = settle(cluster(epoch=4), kept, None).password
    assert password == settle(cluster(epoch=9), secret(operator_key=KEY), None).password
    assert password not in (None, "stored", "edited")
    assert password != settle(cluster(epoch=4), secret(operator_key=OTHER), None).password


def test_a_cluster_that_ran_gets_no_new_key() -> None:
    with pytest.raises(UserError, match=r"Secret vc-secret is gone .* restore the Secret from a backup"):
        settle(cluster(epoch=1), None, None)


@pytest.mark.parametrize(("key", "accepted"), [(KEY, True), (OTHER, False)])
def test_a_secret_that_does_not_match_the_recorded_fingerprint_was_edited(key: str, accepted: bool) -> None:
    found = secret(operator_key=key, password="p")
    if accepted:
        assert settle(cluster(epoch=2, recorded=KEY), found, None).operator_key == KEY
        return
    with pytest.raises(UserError, match=r"operator-key is not the one that the pods know .* restore") as caught:
        settle(cluster(epoch=2, recorded=KEY), found, None)
    assert OTHER not in str(caught.value)


@pytest.mark.parametrize("found", [secret(password="p"), secret(operator_key="short", password="p")])
def test_an_unusable_secret_is_an_error_and_no_reason_for_new_keys(found: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="operator-key"):
        settle(cluster(), found, None)


def ours(password: str) -> dict[str, Any]:
    """Our Secret, as it is written for a user's own password."""
    return secret(operator_key=KEY, default_acl=default_acl(password)) | {"metadata": {"name": "vc-secret"}}


def own_secret(password: str) -> dict[str, Any]:
    return secret(password=password) | {"metadata": {"name": "own"}}


OWN = cluster(epoch=3, existingSecret="own")


def test_a_users_own_secret_gives_the_password_and_nothing_else() -> None:
    found = settle(OWN, secret(operator_key=KEY), own_secret("theirs"))
    assert found == Credentials(KEY, pinned_hash=hash_of("theirs"))
    assert doubt(OWN, found, own_secret("theirs")) == ""


def test_a_users_secret_that_is_missing_or_empty_is_named() -> None:
    wanted = cluster(existingSecret="own")
    with pytest.raises(UserError, match=r"spec.auth.existingSecret: Secret 'own' does not exist"):
        settle(wanted, STORED, None)
    with pytest.raises(UserError, match=r"spec.auth.existingSecret: Secret vc-secret: password"):
        settle(wanted, STORED, secret(operator_key=KEY))


@pytest.mark.parametrize(
    ("existing", "said"),
    [
        (own_secret("changed"), "Secret own: password is not the one that the pods know; pods keep the password"),
        (None, "Secret 'own' does not exist; pods keep the password that their volumes were created with: set it back"),
        (secret(other="x") | {"metadata": {"name": "own"}}, "Secret own: password: is missing or empty"),
    ],
)
def test_pods_keep_the_password_of_their_volumes_whatever_becomes_of_the_users_secret(
    existing: dict[str, Any] | None, said: str
) -> None:
    """A new volume with another password would be a pod that clients cannot use once it is primary."""
    found = settle(OWN, ours("theirs"), existing)
    assert found == Credentials(KEY, pinned_hash=hash_of("theirs"))
    text = doubt(OWN, found, existing)
    assert text.startswith("spec.auth.existingSecret: ")
    assert said in text
    assert "changed" not in text


def test_an_acl_that_somebody_wrote_pins_nothing() -> None:
    broken = secret(operator_key=KEY, default_acl="user default on nopass ~* +@all")
    assert settle(OWN, broken, own_secret("theirs")).pinned_hash == hash_of("theirs")


def test_a_password_of_ours_is_never_in_doubt() -> None:
    found = settle(cluster(epoch=4), secret(operator_key=KEY), None)
    assert doubt(cluster(epoch=4), found, None) == ""


def test_a_fingerprint_tells_keys_apart_and_is_none() -> None:
    assert fingerprint(KEY) == fingerprint(KEY) != fingerprint(OTHER)
    assert len(fingerprint(KEY)) == 16
    assert fingerprint(KEY) not in KEY


def test_credentials_do_not_print_themselves() -> None:
    assert repr(Credentials(KEY, "p")) == "Credentials(...)"
