from typing import Any

import pytest

from gungnir.api.spec import ValkeyClusterSpec
from gungnir.errors import UserError
from gungnir.resources.conf import base_directives, config_hash, valkey_conf


def lines(spec: dict[str, Any]) -> list[str]:
    return valkey_conf(ValkeyClusterSpec.model_validate(spec)).splitlines()


def test_every_pod_boots_as_replica_of_the_hold_address() -> None:
    assert "replicaof 127.0.0.1 1" in lines({})
    assert "replica-read-only yes" in lines({})


def test_no_path_port_or_address_of_a_pod_stands_in_the_file() -> None:
    text = valkey_conf(ValkeyClusterSpec(port=7000))
    assert "/" not in text
    assert "7000" not in text


@pytest.mark.parametrize(
    ("spec", "needed"),
    [
        ({}, 1),
        ({"replicas": 1}, 0),
        ({"durability": {"mode": "async"}}, 0),
        ({"replicas": 5, "durability": {"replicasToAck": 3}}, 3),
        ({"replicas": 5, "durability": {"mode": "async", "replicasToAck": 3}}, 0),
    ],
)
def test_writes_need_as_many_replicas_as_durability_asks_for(spec: dict[str, Any], needed: int) -> None:
    assert f"min-replicas-to-write {needed}" in lines(spec)


def test_aof_follows_persistence() -> None:
    assert "appendonly yes" in lines({})
    assert "appendonly no" in lines({"persistence": {"enabled": False}})


def test_users_value_replaces_ours_in_place_and_new_ones_follow_by_name() -> None:
    plain = lines({})
    made = lines({"config": {"maxmemory": "1gb", "appendfsync": "always", "hz": "50"}})
    assert made[len(plain) :] == ["hz 50", "maxmemory 1gb"]
    assert made[: len(plain)] == [line.replace("everysec", "always") for line in plain]


def test_no_directive_stands_twice() -> None:
    made = lines({"config": {"save": "900 1", "tcp-keepalive": "30"}})
    assert len({line.split()[0] for line in made}) == len(made)


def test_empty_value_is_written_as_empty_text() -> None:
    assert 'notify-keyspace-events ""' in lines({"config": {"notify-keyspace-events": "  "}})


def test_order_of_the_map_does_not_matter() -> None:
    assert lines({"config": {"hz": "50", "databases": "4"}}) == lines({"config": {"databases": "4", "hz": "50"}})


@pytest.mark.parametrize("value", ["1\nreplicaof evil 6379", "1\r", "\0"])
def test_a_value_cannot_bring_a_second_line(value: str) -> None:
    with pytest.raises(UserError, match=r"spec\.config\.maxmemory.*one line"):
        lines({"config": {"maxmemory": value}})


@pytest.mark.parametrize("key", ["replicaof", "min-replicas-to-write", "aclfile", "tls-port"])
def test_what_the_operator_owns_is_refused(key: str) -> None:
    with pytest.raises(UserError, match=key):
        lines({"config": {key: "1"}})


def test_a_key_with_a_line_break_is_refused() -> None:
    with pytest.raises(UserError, match="control character"):
        lines({"config": {"hz 10\nreplicaof": "evil 6379"}})


def test_hash_covers_what_needs_new_pods_only() -> None:
    def of(spec: dict[str, Any]) -> str:
        return config_hash(ValkeyClusterSpec.model_validate(spec))

    assert of({}) == of({"durability": {"mode": "async"}}) == of({"replicas": 1}) == of({"image": "other:1"})
    assert len({of({}), of({"config": {"hz": "50"}}), of({"persistence": {"enabled": False}})}) == 3


def test_base_settings_do_not_depend_on_the_users() -> None:
    assert base_directives(ValkeyClusterSpec()) == base_directives(
        ValkeyClusterSpec.model_validate({"config": {"appendfsync": "always"}})
    )
