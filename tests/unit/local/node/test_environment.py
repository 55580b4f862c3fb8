import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.local.node.environment import ContainerConfigError, Environment, Paths, expand, field_value

POD: dict[str, Any] = {
    "metadata": {"name": "demo-0", "namespace": "default", "uid": "u1", "labels": {"app": "demo"}},
    "spec": {"nodeName": "local", "serviceAccountName": "demo"},
}
OBJECTS: dict[tuple[str, str], dict[str, Any]] = {
    ("configmaps", "c"): {"data": {"key": "from config"}, "binaryData": {"bin": base64.b64encode(b"raw").decode()}},
    ("secrets", "s"): {"data": {"key": base64.b64encode(b"from secret").decode()}},
}


def environment() -> Environment:
    return Environment(POD, lambda resource, name: OBJECTS.get((resource, name)), "127.64.1.1", "127.0.0.1")


def test_references_are_replaced_escaped_or_left_alone() -> None:
    variables = {"POD_IP": "127.64.1.1", "A.B": "dots"}
    assert expand("--announce $(POD_IP)", variables) == "--announce 127.64.1.1"
    assert expand("$$(POD_IP) $(UNKNOWN) $(A.B) $HOME", variables) == "$(POD_IP) $(UNKNOWN) dots $HOME"


@given(st.text())
def test_text_without_a_dollar_sign_is_never_changed(text: str) -> None:
    plain = text.replace("$", "")
    assert expand(plain, {"x": "y"}) == plain


def test_variables_come_from_fields_config_maps_and_secrets_and_refer_to_earlier_ones() -> None:
    container = {
        "envFrom": [{"configMapRef": {"name": "c"}, "prefix": "C_"}, {"secretRef": {"name": "x", "optional": True}}],
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "key"}}},
            {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "no", "optional": True}}},
            {"name": "WHERE", "value": "$(POD_IP):6379"},
        ],
    }
    assert environment().variables(container) == {
        "C_key": "from config",
        "C_bin": "raw",
        "POD_IP": "127.64.1.1",
        "APP": "demo",
        "SECRET": "from secret",
        "WHERE": "127.64.1.1:6379",
    }


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"secretKeyRef": {"name": "s", "key": "no"}}, "couldn't find key no in secrets s"),
        ({"configMapKeyRef": {"name": "gone", "key": "k"}}, 'configmaps "gone" not found'),
        ({"fieldRef": {"fieldPath": "spec.secret"}}, "fieldRef 'spec.secret' is not a field of the downward API"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "resourceFieldRef is not supported"),
    ],
)
def test_what_is_missing_is_named(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ContainerConfigError, match=message):
        environment().variables({"env": [{"name": "X", "valueFrom": entry}]})


def test_downward_fields_have_their_values() -> None:
    expected = {"metadata.name": "demo-0", "metadata.uid": "u1", "spec.nodeName": "local", "status.hostIP": "127.0.0.1"}
    for path, value in expected.items():
        assert field_value(path, POD, "127.64.1.1", "127.0.0.1") == value


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("/data", "/host/d"),
        ("/data/dump.rdb", "/host/d/dump.rdb"),
        ("--dir=/data", "--dir=/host/d"),
        ("test -e /data/a && cat /etc/valkey/x", "test -e /host/d/a && cat /host/conf/x"),
        ("/etc/valkey/valkey.conf", "/host/conf/valkey.conf"),
        ("/etc/other", "/host/etc/other"),
        ("/database", "/database"),
        ("/var/data", "/var/data"),
        ("/data-2", "/data-2"),
        ("data", "data"),
    ],
)
def test_paths_are_rewritten_where_they_stand_as_paths_and_the_longest_mount_wins(text: str, rewritten: str) -> None:
    mounts = {"/data": Path("/host/d"), "/etc": Path("/host/etc"), "/etc/valkey/": Path("/host/conf")}
    assert Paths(mounts).rewrite(text) == rewritten


def test_without_mounts_nothing_is_rewritten() -> None:
    assert Paths({}).rewrite_all(["/data", "x"]) == ["/data", "x"]
