import pytest

from gungnir.errors import BugError, UserError
from gungnir.resources import credentials

KEY = "5c" * 32
UID = "0b6fe2a0-7c1d-4f6e-9d55-3f1f6f0a2c11"


def test_users_are_named_after_their_epoch() -> None:
    assert (credentials.operator_user(7), credentials.replication_user(7)) == ("op-7", "repl-7")
    assert credentials.voting_user(7) == "vote-7"


def test_password_is_the_published_derivation() -> None:
    # printf 'uid/op-1' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f
    key = bytes(range(32)).hex()
    assert credentials.password(key, "uid", "op-1") == (
        "1c5b4bfbeff9a334545d15cb42549e117584ecac881dc7b614dff1723f3c0152"
    )


def test_passwords_differ_by_key_cluster_user_and_epoch() -> None:
    made = {
        credentials.password(key, uid, user)
        for key in (KEY, "6d" * 32)
        for uid in (UID, "another")
        for user in ("op-1", "op-2", "repl-1", "vote-1")
    }
    assert len(made) == 16


@pytest.mark.parametrize("key", ["", "5c", "5C" * 32, "zz" * 32, "5c" * 32 + "\n"])
def test_malformed_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(UserError, match="operator-key") as caught:
        credentials.password(key, UID, "op-1")
    assert not key or key not in str(caught.value)


def test_cluster_without_uid_has_no_password() -> None:
    with pytest.raises(BugError, match="uid"):
        credentials.password(KEY, "", "op-1")


def test_hash_is_the_acl_form_of_sha256() -> None:
    assert credentials.hash_of("antirez") == "#7ee1d20a9b18d89e9000d9be16e28a9c564d8182a73c2540ed88d2202256368b"


def test_rules_refuse_anything_but_a_hash() -> None:
    for rules in (credentials.operator_user_rules, credentials.replication_user_rules):
        with pytest.raises(BugError, match="hash_of"):
            rules("clear text")


def test_negative_epoch_is_a_bug() -> None:
    with pytest.raises(BugError, match="-1"):
        credentials.operator_user(-1)


def test_a_new_pod_starts_at_the_vote_of_its_epoch_and_its_file_holds_no_password() -> None:
    line = credentials.acl_lines(3, KEY, UID)
    secret = credentials.password(KEY, UID, "vote-3")
    assert line == " ".join(("user vote-3", *credentials.operator_user_rules(credentials.hash_of(secret))))
    assert secret not in line
    assert "repl-" not in line, "nobody follows a pod that was never promoted"


def test_default_user_needs_its_password_or_none() -> None:
    assert credentials.hash_of("open sesame") in credentials.default_acl("open sesame")
    assert "open sesame" not in credentials.default_acl("open sesame")
    assert credentials.default_acl(None).startswith("user default reset on nopass ")


def test_a_client_may_not_administer() -> None:
    assert credentials.CLIENT_RULES.index("-@admin") > credentials.CLIENT_RULES.index("+@all")
    granted = set(credentials.CLIENT_RULES) - {"~*", "&*", "+@all", "-@admin"}
    assert not {rule for rule in granted if any(word in rule for word in ("config", "acl", "kill", "pause", "debug"))}
