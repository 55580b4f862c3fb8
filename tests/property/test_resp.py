"""Claims about any bytes and any values, not about examples."""

import math
import tracemalloc
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from gungnir.resp import (
    NEED_MORE_DATA,
    Attributed,
    BigNumber,
    ErrorReply,
    Info,
    Map,
    ProtocolError,
    Push,
    Reader,
    ReplyError,
    Set,
    Simple,
    Value,
    Verbatim,
    encode_command,
    encode_value,
    parse_info,
    parse_server_view,
    plain,
    redact,
)
from gungnir.resp import commands as c
from gungnir.resp.replies import parse_config, parse_exec, parse_hello, parse_names, parse_role

Outcome: TypeAlias = tuple[list[str], str]

LINE_BYTES = st.binary(max_size=20).map(lambda data: data.replace(b"\r", b"").replace(b"\n", b""))
ERRORS = st.binary(max_size=30).map(ErrorReply.from_text) | st.sampled_from(
    [ErrorReply(b"LOADING", b"Valkey is loading"), ErrorReply(b"NOAUTH"), ErrorReply(b"ERR", b"two\r\nlines")]
)
SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(max_size=30),
    LINE_BYTES.map(Simple),
    ERRORS,
    st.integers().map(lambda number: BigNumber(b"%d" % number)),
    st.builds(Verbatim, st.sampled_from([b"txt", b"mkd"]), st.binary(max_size=20)),
)


def _maps(items: st.SearchStrategy[Value]) -> st.SearchStrategy[Map]:
    return st.lists(st.tuples(items, items), max_size=3).map(lambda pairs: Map(tuple(pairs)))


def _aggregates(items: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    tuples = st.lists(items, max_size=4).map(tuple)
    return st.one_of(tuples, tuples.map(Set), _maps(items), st.builds(Attributed, items, _maps(items)))


NESTED: st.SearchStrategy[Value] = st.recursive(SCALARS, _aggregates, max_leaves=12)
VALUES: st.SearchStrategy[Value] = NESTED | st.builds(
    lambda kind, items: Push((kind, *items)), st.binary(max_size=9), st.lists(NESTED, max_size=3)
)
# Bytes near RESP get deeper into the reader than bytes at large.
FRAGMENTS = st.sampled_from(
    [bytes([kind]) + tail for kind in b"+-:$!=,#(_*~%>|;." for tail in (b"", b"0\r\n", b"1\r\n", b"2\r\n", b"?\r\n")]
    + [b"$-1\r\n", b"+a\r\n", b"a\r\n", b"\r\n", b"\r", b"\n", b";1\r\na\r\n", b".\r\n", b"_\r\n", b"#t\r\n"]
)
STREAMS = st.one_of(
    st.binary(max_size=60),
    st.lists(FRAGMENTS, max_size=25).map(b"".join),
    st.lists(VALUES.map(encode_value) | FRAGMENTS, max_size=8).map(b"".join),
)
LIMITS = st.fixed_dictionaries(
    {
        "max_depth": st.integers(1, 6),
        "max_bulk_bytes": st.integers(1, 60),
        "max_elements": st.integers(1, 30),
        "max_line_bytes": st.integers(1, 40),
    }
)


def outcome(pieces: list[bytes], limits: dict[str, int]) -> Outcome:
    """The values, the error and whether the stream ends inside a value, as text: NaN is not equal to itself."""
    reader = Reader(**limits)
    values: list[str] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            while (value := reader.next()) is not NEED_MORE_DATA:
                values.append(repr(value))
            # One unfinished line or blob at most, with its CRLF.
            assert reader.buffered_bytes <= max(limits.get("max_line_bytes", 0), limits.get("max_bulk_bytes", 0)) + 3
    except ProtocolError as error:
        return values, str(error)
    return values, f"mid value: {reader.mid_value}"


def pieces_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


BIG = {"max_depth": 64, "max_bulk_bytes": 100_000, "max_elements": 10_000, "max_line_bytes": 10_000}


@given(st.lists(VALUES, max_size=6), st.lists(st.integers(0, 10_000), max_size=12))
def test_any_split_of_any_valid_stream_gives_the_same_values(values: list[Value], cuts: list[int]) -> None:
    stream = b"".join(map(encode_value, values))
    expected: Outcome = [repr(value) for value in values], "mid value: False"
    assert outcome([stream], BIG) == expected
    assert outcome(pieces_of(stream, cuts), BIG) == expected
    assert outcome([bytes([byte]) for byte in stream], BIG) == expected


@given(STREAMS, LIMITS, st.lists(st.integers(0, 10_000), max_size=6))
def test_any_bytes_give_the_same_values_or_the_same_error_however_they_are_cut(
    stream: bytes, limits: dict[str, int], cuts: list[int]
) -> None:
    whole = Reader(**limits)
    whole.feed(stream)
    values: list[str] = []
    try:
        values.extend(map(repr, whole.drain()))
        end = f"mid value: {whole.mid_value}"
    except ProtocolError as error:
        end = str(error)
    assert outcome(pieces_of(stream, cuts), limits) == (values, end)
    assert outcome([bytes([byte]) for byte in stream], limits) == (values, end)


@given(STREAMS)
def test_what_was_read_can_be_written_and_read_again(stream: bytes) -> None:
    reader = Reader()
    reader.feed(stream)
    with suppress(ProtocolError):
        for value in reader.drain():
            assert outcome([encode_value(value)], BIG)[0] == [repr(value)]


@given(VALUES)
def test_a_value_in_resp2_is_readable_and_has_no_resp3_type(value: Value) -> None:
    wire = encode_value(value, protocol=2)
    reader = Reader(max_depth=64)
    reader.feed(wire)
    (read,) = reader.drain()
    assert not reader.mid_value
    assert _is_resp2(read)


def _is_resp2(value: Value) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_resp2, value))
    return value is None or (isinstance(value, int | bytes | ErrorReply) and not isinstance(value, bool))


@given(VALUES)
def test_values_are_hashable_and_plain_values_have_no_attributes(value: Value) -> None:
    assert isinstance(hash(value), int)
    assert "Attributed(" not in repr(plain(value))


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([b"*9999\r\n", b"*9\r\n", b"$?\r\n", b"*?\r\n", b"%?\r\n", b"|1\r\n"]), FRAGMENTS, FRAGMENTS)
def test_memory_is_bounded_whatever_is_sent(head: bytes, first: bytes, second: bytes) -> None:
    reader = Reader(max_bulk_bytes=10_000, max_elements=1_000, max_line_bytes=1_000)
    piece = (head + first + second + b";1\r\na\r\n") * 20
    tracemalloc.start()
    try:
        with suppress(ProtocolError):
            for _ in range(100):
                reader.feed(piece)
                for _value in reader.drain():
                    pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=6))
def test_a_command_arrives_as_its_arguments(arguments: list[bytes]) -> None:
    reader = Reader()
    reader.feed(encode_command(*arguments))
    assert reader.next() == tuple(arguments)
    assert reader.next() is NEED_MORE_DATA


@given(st.integers() | st.floats(allow_nan=False))
def test_a_number_arrives_as_text_that_means_it(number: float) -> None:
    reader = Reader()
    reader.feed(encode_command("SET", number))
    reply = reader.next()
    assert isinstance(reply, tuple)
    assert isinstance(reply[1], bytes)
    text = reply[1].decode()
    assert math.isclose(float(text), number) if isinstance(number, float) else int(text) == number


@given(
    st.binary()
    | st.lists(st.sampled_from([b"role:slave", b"master_replid:x", b"# A", b"", b":", b"a"])).map(b"\n".join)
)
def test_any_text_is_an_info_or_an_error(text: bytes) -> None:
    with suppress(ReplyError):
        assert isinstance(parse_info(text), Info)


@given(VALUES)
def test_any_value_is_a_typed_reply_or_an_error(value: Value) -> None:
    for parse in (parse_info, parse_role, parse_hello, parse_config, parse_names):
        with suppress(ReplyError):
            parse(value)
    with suppress(ReplyError):
        parse_exec(value, 2)


CORPUS = Path(__file__).parents[1] / "unit" / "resp" / "corpus"
RECORDED = [parse_info(path.read_bytes()) for path in sorted(CORPUS.glob("*/*.info"))]
BAD = st.sampled_from(
    [None, "", "0", "1", "-1", "-2", "up", "ok", "master", "slave", "a" * 40, "9" * 30, "ip=1,port=x"]
)


@given(st.data(), st.sampled_from(RECORDED))
def test_a_real_info_with_wrong_fields_is_a_view_or_an_error_that_names_one_of_them(
    data: st.DataObject, info: Info
) -> None:
    wrong = data.draw(st.dictionaries(st.sampled_from(sorted(info)), BAD, max_size=20))
    fields = {**info, **wrong}
    try:
        parse_server_view(Info({name: value for name, value in fields.items() if value is not None}, info.sections))
    except ReplyError as error:
        # A primary that says it is a replica lacks what a replica has to say.
        assert error.field.partition(".")[0] in wrong or "role" in wrong  # noqa: PT017 - not raising is fine too


SECRET = "hunter2-5f2a"
NAMES = st.sampled_from(["op-1", "repl-12", "auth", "AUTH", "default", "set"])


@given(
    st.one_of(
        st.builds(lambda user: c.auth(user, SECRET), NAMES),
        st.builds(lambda user, name: c.hello(user=user, password=SECRET, client_name=name), NAMES, NAMES),
        st.builds(
            lambda user, before, mark, after: c.acl_setuser(user, *before, mark + SECRET, *after),
            NAMES,
            st.lists(st.sampled_from(["on", "~*", "+@all", "resetpass", "&*"])),
            st.sampled_from([">", "<", "#", "!", "", "on >", "(~a >"]),
            st.lists(st.sampled_from(["on", "+ping"])),
        ),
        st.builds(
            lambda key: c.config_set({"maxmemory": 1, key: SECRET}),
            st.sampled_from(["masterauth", "primaryauth", "requirepass", "TLS-Key-File-Pass", "MasterAuth"]),
        ),
        st.builds(
            lambda name, rest: (name, *rest, SECRET.encode()),
            st.sampled_from([b"AUTH", b"SET", b"EVAL", b"MIGRATE", b"auth", b"CONFIG", b"ACL", b"acl", b"\xff"]),
            st.lists(st.binary(max_size=5), max_size=3),
        ),
    )
)
def test_no_log_line_shows_a_secret(command: c.Command) -> None:
    line = redact(command)
    assert SECRET not in line
    assert "\n" not in line


@given(st.lists(st.binary(max_size=20)))
def test_any_command_is_one_printable_line(command: list[bytes]) -> None:
    assert all(char.isprintable() for char in redact(command))
