import math
from pathlib import Path

import pytest

from gungnir.resp import (
    NEED_MORE_DATA,
    Attributed,
    BigNumber,
    ErrorReply,
    Map,
    ProtocolError,
    Push,
    Reader,
    Set,
    Simple,
    Value,
    Verbatim,
)

CORPUS = Path(__file__).parent / "corpus"


def read(wire: bytes, **limits: int) -> list[Value]:
    reader = Reader(**limits)
    reader.feed(wire)
    values = list(reader.drain())
    assert not reader.mid_value
    return values


def failure(wire: bytes, **limits: int) -> str:
    with pytest.raises(ProtocolError) as caught:
        read(wire, **limits)
    return str(caught.value)


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        (b"+OK\r\n", Simple(b"OK")),
        (b"+\r\n", Simple(b"")),
        (b"-LOADING Valkey is loading\r\n", ErrorReply(b"LOADING", b"Valkey is loading")),
        (b"-no code here\r\n", ErrorReply(b"", b"no code here")),
        (b"!21\r\nSYNTAX invalid syntax\r\n", ErrorReply(b"SYNTAX", b"invalid syntax")),
        (b":0\r\n", 0),
        (b":-42\r\n", -42),
        (b":+7\r\n", 7),
        (b":9223372036854775807\r\n", 2**63 - 1),
        (b":-9223372036854775808\r\n", -(2**63)),
        (b"$5\r\na\r\nb\0\r\n", b"a\r\nb\0"),
        (b"$0\r\n\r\n", b""),
        (b"$-1\r\n", None),
        (b"*-1\r\n", None),
        (b"_\r\n", None),
        (b",3.25\r\n", 3.25),
        (b",-1e-3\r\n", -0.001),
        (b",10\r\n", 10.0),
        (b",inf\r\n", math.inf),
        (b",-inf\r\n", -math.inf),
        (b"#t\r\n", True),
        (b"#f\r\n", False),
        (b"(-349285634\r\n", BigNumber(b"-349285634")),
        (b"=8\r\ntxt:text\r\n", Verbatim(b"txt", b"text")),
        (b"*0\r\n", ()),
        (b"*2\r\n*1\r\n:1\r\n$1\r\nx\r\n", ((1,), b"x")),
        (b"~2\r\n:1\r\n:1\r\n", Set((1, 1))),
        (b"%0\r\n", Map()),
        (b"%2\r\n+a\r\n:1\r\n+b\r\n*0\r\n", Map(((b"a", 1), (b"b", ())))),
        (b">2\r\n+message\r\n:1\r\n", Push((b"message", 1))),
        (b"|1\r\n+ttl\r\n:9\r\n:5\r\n", Attributed(5, Map(((b"ttl", 9),)))),
        (b"|0\r\n|0\r\n:5\r\n", Attributed(Attributed(5, Map()), Map())),
        (b"*2\r\n|1\r\n+a\r\n:1\r\n:5\r\n:6\r\n", (Attributed(5, Map(((b"a", 1),))), 6)),
        (b"$?\r\n;4\r\nHell\r\n;6\r\no worl\r\n;1\r\nd\r\n;0\r\n", b"Hello world"),
        (b"$?\r\n;0\r\n", b""),
        (b"*?\r\n:1\r\n*?\r\n.\r\n.\r\n", (1, ())),
        (b"~?\r\n:1\r\n.\r\n", Set((1,))),
        (b"%?\r\n+a\r\n:1\r\n.\r\n", Map(((b"a", 1),))),
        (b"%?\r\n.\r\n", Map()),
    ],
)
def test_every_wire_form_gives_its_value(wire: bytes, value: Value) -> None:
    (read_value,) = read(wire)
    assert read_value == value
    assert type(read_value) is type(value)  # 1 == True == 1.0, and Simple is equal to its bytes
    assert hash(read_value) == hash(value)


@pytest.mark.parametrize("wire", [b",nan\r\n", b",-nan\r\n"])
def test_not_a_number_is_a_double(wire: bytes) -> None:
    (value,) = read(wire)
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"HTTP/1.1 200 OK\r\n", "byte 0: b'H' starts no RESP type"),
        (b"\x15\x03\x01", "byte 0: b'\\x15' starts no RESP type"),
        (b"+OK\r\n\r\n", "byte 5: b'\\r' starts no RESP type"),
        (b"+a\nb\r\n", "has a CR or LF of its own"),
        (b":\r\n", "b'' is not a signed 64-bit integer"),
        (b":1_0\r\n", "b'1_0' is not a signed 64-bit integer"),
        (b": 1\r\n", "is not a signed 64-bit integer"),
        (b":9223372036854775808\r\n", "is not a signed 64-bit integer"),
        # Beyond Python's limit for the conversion of digits, which raises ValueError.
        (b":" + b"9" * 5000 + b"\r\n", "is not a signed 64-bit integer"),
        (b"$" + b"9" * 5000 + b"\r\n", "is not a length"),
        (b"$-2\r\n", "b'-2' is not a length"),
        (b"$+1\r\n", "is not a length"),
        (b"$01\r\n", "is not a length"),
        (b"$1\r\nabc", "string of 1 bytes does not end with CRLF"),
        (b"%-1\r\n", "is not a length"),
        (b"!?\r\n", "is not a length"),
        (b">?\r\n", "is not a length"),
        (b"|?\r\n", "is not a length"),
        (b"_x\r\n", "must be empty"),
        (b"#true\r\n", "is not a boolean (t or f)"),
        (b",1.\r\n", "is not a double"),
        (b",Infinity\r\n", "is not a double"),
        (b"(1.5\r\n", "is not a big number"),
        (b"=2\r\nab\r\n", "does not start with a three-byte format"),
        (b"*1\r\n>1\r\n+a\r\n", "push inside another value"),
        (b">0\r\n", "push without the string that names its kind"),
        (b">1\r\n:1\r\n", "is not a string that names its kind"),
        (b".\r\n", "end marker outside a streamed aggregate"),
        (b"*1\r\n.\r\n", "end marker outside a streamed aggregate"),
        (b"%?\r\n:1\r\n.\r\n", "ends between a key and its value"),
        (b"*?\r\n|0\r\n.\r\n", "end marker outside a streamed aggregate"),
        (b";1\r\na\r\n", "chunks stand inside a streamed string"),
        (b"$?\r\n:1\r\n", "chunks stand inside a streamed string"),
    ],
)
def test_what_is_not_resp_is_a_protocol_error_that_says_why(wire: bytes, message: str) -> None:
    assert message in failure(wire)


def test_an_error_names_the_byte_of_the_stream_whatever_came_before() -> None:
    reader = Reader()
    for _ in range(3):
        reader.feed(b"+PONG\r\n")
        assert reader.next() == b"PONG"
    reader.feed(b"*2\r\n:1\r\n:x\r\n")
    with pytest.raises(ProtocolError, match=r"^byte 29: "):
        reader.next()


@pytest.mark.parametrize("cut_short", [b"*2\r\n:2\r\n?", b"*2\r\n$1\r\nabc", b"*2\r\n$?\r\n;1\r\na\r\n:"])
def test_a_failed_reader_keeps_nothing_and_raises_the_same_again(cut_short: bytes) -> None:
    reader = Reader()
    reader.feed(b":1\r\n" + cut_short)
    values = reader.drain()
    assert next(values) == 1
    with pytest.raises(ProtocolError) as first:
        next(values)
    reader.feed(b"+OK\r\n" * 1000)
    assert reader.buffered_bytes == 0
    assert not reader.mid_value
    with pytest.raises(ProtocolError) as second:
        reader.next()
    assert second.value is first.value


@pytest.mark.parametrize(
    ("within", "beyond", "limits"),
    [
        (b"*1\r\n*1\r\n:1\r\n", b"*1\r\n*1\r\n*1\r\n", {"max_depth": 2}),
        (b"|0\r\n*1\r\n:1\r\n", b"|0\r\n*1\r\n|0\r\n", {"max_depth": 2}),
        (b"*?\r\n*?\r\n.\r\n.\r\n", b"*?\r\n*?\r\n*?\r\n", {"max_depth": 2}),
        (b"$4\r\nabcd\r\n", b"$5\r\n", {"max_bulk_bytes": 4}),
        (b"*2\r\n$2\r\nab\r\n+cd\r\n", b"*2\r\n$2\r\nab\r\n+cde\r\n", {"max_bulk_bytes": 4}),
        (b"$?\r\n;4\r\nabcd\r\n;0\r\n", b"$?\r\n;4\r\nabcd\r\n;1\r\n", {"max_bulk_bytes": 4}),
        (b"(1234\r\n", b"(12345\r\n", {"max_bulk_bytes": 4}),
        (b"*1\r\n%1\r\n:1\r\n:2\r\n", b"*1\r\n%2\r\n", {"max_elements": 3}),
        (b"*?\r\n:1\r\n:2\r\n:3\r\n.\r\n", b"*?\r\n:1\r\n:2\r\n:3\r\n:4\r\n", {"max_elements": 3}),
        (b"+abcd\r\n", b"+abcde\r\n", {"max_line_bytes": 4}),
        (b"+abcd\r\n", b"+abcdef", {"max_line_bytes": 4}),
    ],
)
def test_limits_hold_exactly(within: bytes, beyond: bytes, limits: dict[str, int]) -> None:
    assert len(read(within, **limits)) == 1
    (name, limit) = next(iter(limits.items()))
    assert f"{name}={limit}" in failure(beyond, **limits)


def test_limits_count_per_value_and_not_per_connection() -> None:
    wire = b"*2\r\n$3\r\nabc\r\n:1\r\n"
    assert len(read(wire * 10, max_bulk_bytes=3, max_elements=2, max_depth=1)) == 10


def test_a_huge_announcement_is_refused_at_its_head() -> None:
    assert "max_bulk_bytes" in failure(b"$9223372036854775807\r\n")
    assert "max_elements" in failure(b"*9223372036854775807\r\n")
    assert "max_elements" in failure(b"%9223372036854775807\r\n")


@pytest.mark.parametrize("limits", [{"max_depth": 0}, {"max_depth": 129}, {"max_bulk_bytes": 0}, {"max_elements": 0}])
def test_a_limit_out_of_range_is_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        Reader(**limits)


def test_the_deepest_value_can_be_hashed_compared_and_printed() -> None:
    depth = Reader.MAX_DEPTH
    wire = b"|0\r\n%1\r\n:1\r\n" * (depth // 2 - 1) + b"~1\r\n*0\r\n"
    (value,) = read(wire, max_depth=depth)
    (again,) = read(wire, max_depth=depth)
    assert value == again
    assert hash(value) == hash(again)
    assert repr(value) == repr(again)


def test_a_value_that_is_not_complete_says_so() -> None:
    reader = Reader()
    assert not reader.mid_value
    for piece in (b"*2", b"\r\n", b"$", b"3\r\n", b"ab", b"c\r", b"\n", b"$?\r\n", b";1\r\nx\r\n"):
        reader.feed(piece)
        assert reader.next() is NEED_MORE_DATA
        assert reader.mid_value
    reader.feed(b";0\r\n")
    assert reader.next() == (b"abc", b"x")
    assert not reader.mid_value


def test_a_line_that_trickles_in_is_not_searched_again() -> None:
    reader = Reader()
    reader.feed(b"+")
    for length in range(2, 5000):
        reader.feed(b"x")
        assert reader.next() is NEED_MORE_DATA
        assert reader._searched == length - 1
    reader.feed(b"\r")
    assert reader.next() is NEED_MORE_DATA
    reader.feed(b"\n")
    assert reader.next() == b"x" * 4998


def test_taken_bytes_do_not_stay_in_memory() -> None:
    reader = Reader()
    for _ in range(1000):
        reader.feed(b"$1000\r\n" + b"x" * 1000 + b"\r\n+half")
        assert reader.next() == b"x" * 1000
        reader.feed(b"\r\n")
        assert reader.next() == b"half"
        assert len(reader._buffer) < 2000


def test_any_buffer_can_be_fed() -> None:
    reader = Reader()
    data = bytearray(b":1\r\n")
    reader.feed(memoryview(data))
    data[:] = b"zzzz"  # what was fed is not aliased
    assert reader.next() == 1


@pytest.mark.parametrize("version", ["8.1.8", "9.1.2"])
def test_a_recorded_resp3_session_of_a_real_server_reads_as_its_debug_values(version: str) -> None:
    hello, *types, _role, _, _, config, _, _, unknown, _, _, _, _, replies, _, _, _, _, _, _ = read(
        (CORPUS / f"valkey-{version}" / "resp3.wire").read_bytes()
    )
    assert isinstance(hello, Map)
    assert hello.get(b"version") == version.encode()
    text = b"Some real reply following the "
    assert types == [
        b"Hello World",
        12345,
        3.141,
        None,
        Verbatim(b"txt", b"This is a verbatim\nstring"),
        True,
        False,
        BigNumber(b"1234567999999999999999999999999999999"),
        (0, 1, 2),
        Set((0, 1, 2)),
        Map(((0, False), (1, True), (2, False))),
        Attributed(text + b"attribute", Map(((b"key-popularity", (b"key:123", 90)),))),
        text + b"push reply",
        Push((b"server-cpu-usage", 42)),
    ]
    assert config == Map(((b"maxmemory", b"0"),))
    assert isinstance(unknown, ErrorReply)
    assert replies == (b"PONG", ErrorReply(b"ERR", b"value is not an integer or out of range"))
