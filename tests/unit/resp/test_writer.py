import pytest

from gungnir.resp import (
    Attributed,
    BigNumber,
    ErrorReply,
    Map,
    Push,
    Set,
    Simple,
    Value,
    Verbatim,
    encode_command,
    encode_pipeline,
    encode_value,
)


def test_a_command_is_an_array_of_blob_strings() -> None:
    assert encode_command("SET", b"k\r\n", "ü", -5, 0.5) == (
        b"*5\r\n$3\r\nSET\r\n$3\r\nk\r\n\r\n$2\r\n\xc3\xbc\r\n$2\r\n-5\r\n$3\r\n0.5\r\n"
    )


def test_a_pipeline_is_its_commands_in_a_row() -> None:
    assert encode_pipeline([(b"PING",), (b"ROLE",)]) == b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nROLE\r\n"
    assert encode_pipeline([]) == b""


def test_infinity_is_written_as_valkey_reads_it() -> None:
    assert encode_command("X", float("inf"), float("-inf")).endswith(b"$3\r\ninf\r\n$4\r\n-inf\r\n")


def test_what_valkey_cannot_take_as_an_argument_is_refused() -> None:
    with pytest.raises(ValueError, match="no name"):
        encode_command()
    with pytest.raises(ValueError, match="NaN"):
        encode_command("SET", float("nan"))
    with pytest.raises(TypeError, match="bool; use"):
        encode_command("SET", True)
    with pytest.raises(TypeError, match="NoneType; use"):
        encode_command("SET", None)  # type: ignore[arg-type]  # what an untyped caller would do


@pytest.mark.parametrize(
    ("value", "resp3", "resp2"),
    [
        (None, b"_\r\n", b"$-1\r\n"),
        (True, b"#t\r\n", b":1\r\n"),
        (False, b"#f\r\n", b":0\r\n"),
        (-7, b":-7\r\n", b":-7\r\n"),
        (0.5, b",0.5\r\n", b"$3\r\n0.5\r\n"),
        (float("-inf"), b",-inf\r\n", b"$4\r\n-inf\r\n"),
        (float("nan"), b",nan\r\n", b"$3\r\nnan\r\n"),
        (Simple(b"OK"), b"+OK\r\n", b"+OK\r\n"),
        (b"a\r\n", b"$3\r\na\r\n\r\n", b"$3\r\na\r\n\r\n"),
        (Verbatim(b"txt", b"a"), b"=5\r\ntxt:a\r\n", b"$1\r\na\r\n"),
        (BigNumber(b"-12"), b"(-12\r\n", b"$3\r\n-12\r\n"),
        (ErrorReply(b"NOAUTH"), b"-NOAUTH\r\n", b"-NOAUTH\r\n"),
        (ErrorReply(b"ERR", b"a\r\nb"), b"!8\r\nERR a\r\nb\r\n", b"-ERR a  b\r\n"),
        ((), b"*0\r\n", b"*0\r\n"),
        ((1, (None,)), b"*2\r\n:1\r\n*1\r\n_\r\n", b"*2\r\n:1\r\n*1\r\n$-1\r\n"),
        (Set((1, 2)), b"~2\r\n:1\r\n:2\r\n", b"*2\r\n:1\r\n:2\r\n"),
        (Map(((1, True),)), b"%1\r\n:1\r\n#t\r\n", b"*2\r\n:1\r\n:1\r\n"),
        (Push((b"message", 1)), b">2\r\n$7\r\nmessage\r\n:1\r\n", b"*2\r\n$7\r\nmessage\r\n:1\r\n"),
        (Attributed(5, Map(((1, 2),))), b"|1\r\n:1\r\n:2\r\n:5\r\n", b":5\r\n"),
    ],
)
def test_a_value_is_written_in_the_types_of_its_protocol(value: Value, resp3: bytes, resp2: bytes) -> None:
    assert encode_value(value) == resp3
    assert encode_value(value, protocol=2) == resp2


def test_a_value_that_would_break_the_framing_is_refused() -> None:
    with pytest.raises(ValueError, match="contains CR or LF"):
        encode_value(Simple(b"OK\r\n:1"))
    with pytest.raises(ValueError, match="is not a number"):
        encode_value(BigNumber(b"1\r\n"))
    with pytest.raises(TypeError, match="RESP carries no list"):
        encode_value([])  # type: ignore[arg-type]  # what an untyped caller would do
