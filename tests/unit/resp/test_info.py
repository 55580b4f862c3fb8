from collections.abc import Callable

import pytest

from gungnir.resp import (
    Attributed,
    ErrorKind,
    ErrorReply,
    Info,
    Map,
    RefusedError,
    ReplyError,
    Value,
    Verbatim,
    parse_info,
)

TEXT = b"# Server\r\nrun_id:abc\r\nlistener0:name=tcp,bind=::1\r\n\r\n# Keyspace\r\n"


@pytest.mark.parametrize("reply", [TEXT, Verbatim(b"txt", TEXT), Attributed(TEXT, Map()), TEXT.replace(b"\r", b"")])
def test_fields_and_sections_are_read_from_every_form_of_the_reply(reply: Value) -> None:
    info = parse_info(reply)
    assert dict(info) == {"run_id": "abc", "listener0": "name=tcp,bind=::1"}
    assert len(info) == 2
    assert info.sections == {"server", "keyspace"}


def test_bytes_that_are_no_text_are_kept_as_escapes() -> None:
    assert parse_info(b"executable:/\xff\r\n")["executable"] == r"/\xff"


@pytest.mark.parametrize("reply", [b"", b"\r\n\r\n", b"# Server\r\n"])
def test_a_text_without_fields_is_an_empty_info(reply: bytes) -> None:
    assert not parse_info(reply)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (None, "INFO: answered NoneType, expected a text"),
        ((b"a:1",), "INFO: answered tuple"),
        (b"nonsense", "INFO: line b'nonsense' is not name:value"),
        (b":1", "is not name:value"),
        (b"role:master\r\nrole:slave", "role: stands in the INFO reply twice"),
    ],
)
def test_what_is_no_info_is_an_error(reply: Value, message: str) -> None:
    with pytest.raises(ReplyError, match=message):
        parse_info(reply)


def test_a_field_that_is_repeated_with_the_same_value_is_no_contradiction() -> None:
    assert parse_info(b"role:master\r\nrole:master")["role"] == "master"


def test_a_refusal_keeps_its_kind() -> None:
    with pytest.raises(RefusedError, match="INFO: refused: NOAUTH Authentication required") as caught:
        parse_info(ErrorReply(b"NOAUTH", b"Authentication required."))
    assert caught.value.error.kind is ErrorKind.NOAUTH


@pytest.mark.parametrize(
    ("read", "values"),
    [
        (Info.integer, {"5": 5, "-5": -5, "0": 0}),
        (Info.count, {"5": 5, "0": 0}),
        (Info.count_or_none, {"5": 5, "-1": None}),
        (Info.age, {"5": 5, "0": 0, "-1": 0, "-3600": 0}),
        (Info.age_or_none, {"5": 5, "0": 0, "-1": None, "-3600": None}),
        (Info.flag, {"0": False, "1": True}),
        (Info.identity, {"a" * 40: "a" * 40}),
        (Info.text, {"": "", "x": "x"}),
    ],
)
def test_a_field_is_read_as_its_type(read: Callable[[Info, str], object], values: dict[str, object]) -> None:
    for text, value in values.items():
        assert read(Info({"field": text}), "field") == value
    with pytest.raises(ReplyError, match=r"^field: missing in the INFO reply") as caught:
        read(Info({}), "field")
    assert caught.value.field == "field"


@pytest.mark.parametrize(
    ("read", "texts"),
    [
        (Info.integer, ["", "1.0", "+1", " 1", "1_0", "x", "\u0661", "9" * 20]),
        (Info.count, ["-1", "", "x"]),
        (Info.count_or_none, ["-2", "", "x"]),
        (Info.age, ["", "1.0", "x"]),
        (Info.age_or_none, ["", "1.0", "x"]),
        (Info.flag, ["2", "", "yes"]),
        (Info.identity, ["", "a" * 39, "A" * 40, "g" * 40]),
    ],
)
def test_a_malformed_field_is_an_error_that_names_it(read: Callable[[Info, str], object], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ReplyError, match=r"^field: "):
            read(Info({"field": text}), "field")
