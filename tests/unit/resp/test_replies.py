from collections.abc import Callable
from pathlib import Path

import pytest

from gungnir.resp import (
    Attributed,
    ErrorKind,
    ErrorReply,
    Map,
    Reader,
    RefusedError,
    ReplyError,
    Simple,
    Value,
    Verbatim,
)
from gungnir.resp.replies import (
    Hello,
    PrimaryRole,
    ReplicaRole,
    RoleReplica,
    SentinelRole,
    expect_ok,
    parse_config,
    parse_exec,
    parse_hello,
    parse_integer,
    parse_names,
    parse_role,
    parse_text,
)

CORPUS = Path(__file__).parent / "corpus"
every_session = pytest.mark.parametrize(
    "session", sorted(CORPUS.glob("*/*.wire")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)


def session_values(path: Path) -> list[Value]:
    reader = Reader()
    reader.feed(path.read_bytes())
    return list(reader.drain())


@every_session
def test_recorded_replies_have_their_types_in_both_protocols(session: Path) -> None:
    values = session_values(session)
    protocol = int(session.stem[-1])
    hello = parse_hello(values[0])
    assert hello == Hello("valkey", session.parent.name.removeprefix("valkey-"), protocol, hello.connection_id)
    role, whoami, users, config, multi, queued, unknown, aborted, *rest = values[-18:]
    answer = parse_role(role)
    assert isinstance(answer, PrimaryRole)
    assert [replica.port for replica in answer.replicas] == [28201]
    assert parse_text(whoami, "ACL WHOAMI") == "default"
    assert parse_names(users) == ("default",)
    assert parse_config(config) == {"maxmemory": "0"}
    expect_ok(multi, "MULTI")
    with pytest.raises(ReplyError, match="answered Simple, expected OK"):
        expect_ok(queued, "PING")
    assert isinstance(unknown, ErrorReply)
    with pytest.raises(RefusedError) as caught:
        parse_exec(aborted, 1)
    assert caught.value.error.kind is ErrorKind.EXECABORT
    executed, wait, killed, promoted, failover, auth, quitted = rest[3:]
    pong, incremented = parse_exec(executed, 2)
    assert pong == b"PONG"
    assert isinstance(incremented, ErrorReply)
    assert parse_integer(wait, "WAIT") >= 0
    assert parse_integer(killed, "CLIENT KILL") == 0
    expect_ok(promoted, "REPLICAOF")
    with pytest.raises(RefusedError, match="FAILOVER: refused: ERR No failover in progress"):
        expect_ok(failover, "FAILOVER")
    with pytest.raises(RefusedError, match="WRONGPASS"):
        expect_ok(auth, "AUTH")
    expect_ok(quitted, "QUIT")


def test_roles() -> None:
    assert parse_role((b"master", 5, ((b"10.0.0.1", b"6379", b"3"),))) == PrimaryRole(
        5, (RoleReplica("10.0.0.1", 6379, 3),)
    )
    connected = parse_role((b"slave", b"10.0.0.1", 6379, b"connected", 7))
    assert connected == ReplicaRole("10.0.0.1", 6379, "connected", 7)
    assert isinstance(connected, ReplicaRole)
    assert connected.connected
    fenced = parse_role(Attributed((b"slave", b"127.0.0.1", 1, b"connecting", -1), Map()))
    assert fenced == ReplicaRole("127.0.0.1", 1, "connecting", None)
    assert isinstance(fenced, ReplicaRole)
    assert not fenced.connected
    assert parse_role((b"sentinel", (b"one", b"two"))) == SentinelRole(("one", "two"))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (None, "ROLE"),
        ((), "ROLE"),
        ((b"master", 5), "ROLE"),
        ((b"master", -1, ()), "ROLE.offset"),
        ((b"master", 1, ((b"h", b"1"),)), "ROLE.replicas"),
        ((b"master", 1, ((b"h", b"0", b"1"),)), "ROLE.replicas.port"),
        ((b"master", 1, ((b"h", b"1", b"x"),)), "ROLE.replicas.offset"),
        ((b"slave", b"h", 0, b"connect", -1), "ROLE.port"),
        ((b"slave", b"h", 1, b"connect", -2), "ROLE.offset"),
        ((b"slave", b"h", 1, b"connect"), "ROLE"),
        ((b"sentinel", (1,)), "ROLE.monitored"),
        ((b"primary", 1, ()), "ROLE"),
    ],
)
def test_a_role_of_another_shape_is_an_error_that_names_the_field(value: Value, field: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parse_role(value)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "parse",
    [
        parse_role,
        parse_hello,
        parse_config,
        parse_names,
        lambda value: parse_text(value, "X"),
        lambda value: parse_integer(value, "X"),
        lambda value: expect_ok(value, "X"),
        lambda value: parse_exec(value, 1),
    ],
)
def test_every_parser_keeps_a_refusal_and_rejects_another_shape(parse: Callable[[Value], object]) -> None:
    with pytest.raises(RefusedError) as caught:
        parse(ErrorReply(b"NOPERM", b"no"))
    assert caught.value.error.kind is ErrorKind.NOPERM
    with pytest.raises(ReplyError, match="answered"):
        parse(2.5)


def test_a_boolean_is_no_integer() -> None:
    with pytest.raises(ReplyError, match="answered bool, expected an integer"):
        parse_integer(True, "WAIT")


def test_a_verbatim_string_is_a_text() -> None:
    assert parse_text(Verbatim(b"txt", b"\xff"), "X") == r"\xff"


def test_ok_may_carry_a_remark() -> None:
    expect_ok(Simple(b"OK Already connected to specified master"), "REPLICAOF")


def test_a_transaction_that_was_not_run_or_not_fully_answered_is_an_error() -> None:
    with pytest.raises(ReplyError, match="answered NoneType"):
        parse_exec(None, 2)
    with pytest.raises(ReplyError, match="answered 1 elements, expected an array of 2 replies"):
        parse_exec((b"OK",), 2)


def test_an_error_text_does_not_show_the_answer() -> None:
    with pytest.raises(ReplyError) as caught:
        parse_config((b"requirepass", b"sesame", b"odd"))
    assert "sesame" not in str(caught.value)


def test_a_hello_without_its_fields_is_an_error_that_names_one() -> None:
    with pytest.raises(ReplyError) as caught:
        parse_hello(Map(((b"server", b"valkey"),)))
    assert caught.value.field == "HELLO.version"
