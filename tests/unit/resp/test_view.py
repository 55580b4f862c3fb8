import re
from dataclasses import fields
from pathlib import Path

import pytest

from gungnir.resp import Info, ReplyError, ServerView, parse_info, parse_server_view
from gungnir.resp.view import AttachedReplica, Link, LinkStatus, Role, WriteStatus

CORPUS = Path(__file__).parent / "corpus"
VERSIONS = ["8.1.8", "9.1.2"]
every_version = pytest.mark.parametrize("version", VERSIONS)


def recorded(version: str, state: str) -> Info:
    return parse_info((CORPUS / f"valkey-{version}" / f"{state}.info").read_bytes())


def view(version: str, state: str) -> ServerView:
    return parse_server_view(recorded(version, state))


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*.info")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_recorded_text_has_a_view(path: Path) -> None:
    info = parse_info(path.read_bytes())
    seen = parse_server_view(info)
    assert ".".join(map(str, seen.version)) == path.parent.name.removeprefix("valkey-")
    assert seen.run_id == info["run_id"]
    assert seen.master_replid == info["master_replid"]
    assert (seen.link is None) == (info["role"] == "master")
    assert seen.loading == ("loading" in path.stem)


@every_version
def test_a_primary_with_a_replica(version: str) -> None:
    seen = view(version, "primary")
    assert seen.role is Role.PRIMARY
    assert seen.offset == seen.master_repl_offset > 0
    assert (seen.master_replid2, seen.second_repl_offset) == (None, None)
    assert seen.connected_slaves == 1
    (replica,) = seen.replicas
    assert replica == AttachedReplica("127.0.0.1", 28201, "online", replica.offset, 0)
    assert replica.online
    assert 0 < replica.offset <= seen.offset
    assert seen.keys == 300
    assert seen.aof_enabled
    assert seen.aof_last_write_status is seen.rdb_last_bgsave_status is WriteStatus.OK
    assert seen.paused_actions == "none"
    assert seen.connected_clients >= 1


@every_version
def test_a_replica_of_it_is_in_the_same_history(version: str) -> None:
    primary, seen = view(version, "primary"), view(version, "replica")
    assert seen.role is Role.REPLICA
    assert seen.link is not None
    assert seen.link.up
    assert seen.link.master_link_status is LinkStatus.UP
    assert seen.link.master_link_down_since_seconds is None
    assert seen.link.master_last_io_seconds_ago is not None
    assert (seen.link.master_host, seen.link.master_port) == ("127.0.0.1", 28200)
    assert (seen.link.slave_priority, seen.link.slave_read_only) == (100, True)
    assert seen.master_replid == primary.master_replid
    assert seen.offset == seen.link.slave_repl_offset == primary.offset


@every_version
def test_a_replica_that_is_synchronising_has_no_whole_data(version: str) -> None:
    seen = view(version, "replica-syncing")
    assert seen.link is not None
    assert seen.link.master_sync_in_progress
    assert not seen.link.up
    (replica,) = view(version, "primary-replica-syncing").replicas
    assert not replica.online


@every_version
def test_a_detached_replica_keeps_history_and_offset(version: str) -> None:
    before, seen = view(version, "replica"), view(version, "hold-detached")
    assert seen.link is not None
    assert (seen.link.master_port, seen.link.up, seen.link.master_last_io_seconds_ago) == (1, False, None)
    assert (seen.master_replid, seen.offset) == (before.master_replid, before.offset)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*.info")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_only_a_replica_that_says_less_than_it_has_relayed_forgot_where_its_data_ends(path: Path) -> None:
    text = path.read_bytes()
    seen = parse_server_view(parse_info(text))
    assert not seen.forgot
    less = re.sub(rb"slave_repl_offset:\d+", b"slave_repl_offset:1", text)
    relayed = re.sub(rb"master_repl_offset:\d+", b"master_repl_offset:2", less)
    assert parse_server_view(parse_info(relayed)).forgot == (seen.role is Role.REPLICA)


@every_version
@pytest.mark.parametrize("state", ["hold-empty", "hold-restarted"])
def test_a_pod_that_just_started_fenced_has_no_history_to_speak_of(version: str, state: str) -> None:
    seen = view(version, state)
    assert seen.link == Link("127.0.0.1", 1, LinkStatus.DOWN, None, False, None, 1, 100, True)
    assert (seen.master_repl_offset, seen.offset) == (0, 1)
    assert seen.master_replid != view(version, "hold-detached").master_replid


@every_version
def test_a_promoted_replica_names_the_history_it_continues(version: str) -> None:
    seen = view(version, "promoted")
    assert seen.role is Role.PRIMARY
    assert seen.link is None
    assert seen.master_replid2 == view(version, "hold-restarted").master_replid
    assert seen.second_repl_offset == 1


@every_version
def test_a_paused_primary_says_what_it_holds_back(version: str) -> None:
    assert view(version, "primary-paused").paused_actions == "write"


def test_a_server_that_knows_only_the_redis_spelling_has_a_view() -> None:
    answer = dict(recorded("8.1.8", "replica"))
    for newer in ("valkey_version", "server_name", "valkey_release_stage", "paused_actions"):
        del answer[newer]
    seen = parse_server_view(Info(answer))
    assert seen.version == (7, 2, 4)
    assert seen.paused_actions is None
    assert seen.keys is None


def test_an_empty_keyspace_is_not_an_unknown_one() -> None:
    assert view("9.1.2", "hold-empty").keys == 0
    info = recorded("9.1.2", "primary")
    assert parse_server_view(Info(info)).keys is None


def test_replicas_are_listed_in_the_order_of_their_numbers() -> None:
    answer = dict(recorded("9.1.2", "primary"))
    del answer["slave0"]
    for number in (10, 9, 2):
        answer[f"slave{number}"] = f"ip=::1,port={number},state=online,offset=1,lag=0,type=replica"
    assert [(replica.host, replica.port) for replica in parse_server_view(Info(answer)).replicas] == [
        ("::1", 2),
        ("::1", 9),
        ("::1", 10),
    ]


@pytest.mark.parametrize("seconds", [-1, -3600])
def test_an_age_below_zero_is_no_error(seconds: int) -> None:
    """Valkey subtracts wall clocks: -1 was seen with every clock right, and a clock that is set back gives any number.

    Somebody who takes such an answer for none takes the pod for silent.
    """
    primary = recorded("9.1.2", "primary")
    replica = "slave0"
    line = ",".join(f"lag={seconds}" if part.startswith("lag=") else part for part in primary[replica].split(","))
    assert [
        attached.lag_seconds
        for attached in parse_server_view(Info({**primary, replica: line}, primary.sections)).replicas
    ] == [0]
    detached = recorded("9.1.2", "hold-detached")
    ages = ("master_last_io_seconds_ago", "master_link_down_since_seconds", "uptime_in_seconds")
    seen = parse_server_view(Info({**detached, **dict.fromkeys(ages, str(seconds))}, detached.sections))
    assert seen.link is not None
    assert (seen.link.master_last_io_seconds_ago, seen.link.master_link_down_since_seconds) == (None, None)
    assert seen.uptime_in_seconds == 0


def test_a_number_of_absurd_length_in_a_field_name_is_not_read_as_a_number() -> None:
    info = recorded("9.1.2", "primary")
    strange = {"slave" + "9" * 5000: "x", "db" + "9" * 5000: "x"}
    assert parse_server_view(Info({**info, **strange}, info.sections)) == parse_server_view(info)


# Every other attribute is named as its field.
DERIVED = {"version", "link", "replicas", "paused_actions", "keys", "started_s", "good_replicas"}
NEEDED = sorted({field.name for view_type in (ServerView, Link) for field in fields(view_type)} - DERIVED)


@pytest.mark.parametrize("field", NEEDED)
def test_a_missing_field_is_an_error_that_names_it(field: str) -> None:
    answer = dict(recorded("9.1.2", "hold-detached"))
    del answer[field]
    with pytest.raises(ReplyError, match="missing") as caught:
        parse_server_view(Info(answer))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("role", "sentinel", "neither master nor slave"),
        ("master_link_status", "sideways", "neither up nor down"),
        ("aof_last_write_status", "", "neither ok nor err"),
        ("rdb_last_bgsave_status", "failed", "neither ok nor err"),
        ("valkey_version", "9.1", "not a version"),
        ("master_port", "0", "not a port"),
        ("master_replid", "0", "40 hexadecimal digits"),
        ("slave_repl_offset", "-1", "negative"),
        ("second_repl_offset", "-2", "negative"),
        ("loading", "2", "neither 0 nor 1"),
        ("slave0", "ip=a,port=1", "lacks lag, offset, state"),
        ("slave0.port", "ip=a,port=0,state=online,offset=1,lag=0", "not a port"),
        ("slave0.offset", "ip=a,port=1,state=online,offset=,lag=0", "not an integer"),
        ("slave0.lag", "ip=a,port=1,state=online,offset=1,lag=soon", "not an integer"),
        ("db0.keys", "expires=1", "not an integer"),
    ],
)
def test_a_malformed_field_is_an_error_that_names_it(field: str, value: str, message: str) -> None:
    info = recorded("9.1.2", "hold-detached")
    with pytest.raises(ReplyError, match=message) as caught:
        parse_server_view(Info({**info, field.partition(".")[0]: value}, info.sections))
    assert caught.value.field == field
