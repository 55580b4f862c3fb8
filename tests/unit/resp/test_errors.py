import pytest

from gungnir.resp import ErrorKind, ErrorReply, RefusedError
from gungnir.resp.errors import BAD_CREDENTIALS, NOT_NOW


@pytest.mark.parametrize(
    ("text", "code", "message", "kind"),
    [
        (
            b"LOADING Valkey is loading the dataset in memory",
            b"LOADING",
            b"Valkey is loading the dataset in memory",
            "LOADING",
        ),
        (b"NOAUTH", b"NOAUTH", b"", "NOAUTH"),
        (b"ERR max number of clients reached", b"ERR", b"max number of clients reached", "ERR"),
        (b"BUSYKEY Target key name already exists.", b"BUSYKEY", b"Target key name already exists.", "OTHER"),
        (b"something else", b"", b"something else", "OTHER"),
        (b"", b"", b"", "OTHER"),
        (b"Loading no", b"", b"Loading no", "OTHER"),
        (b"OTHER thing", b"OTHER", b"thing", "OTHER"),
    ],
)
def test_an_error_is_classified_by_its_code(text: bytes, code: bytes, message: bytes, kind: str) -> None:
    error = ErrorReply.from_text(text)
    assert (error.code, error.message, error.kind) == (code, message, kind)
    assert error.text == text


def test_every_kind_but_other_has_its_own_code() -> None:
    for kind in ErrorKind:
        assert ErrorKind.of(kind.value.encode()) is kind


def test_no_error_is_both_temporary_and_about_credentials() -> None:
    assert not NOT_NOW & BAD_CREDENTIALS


def test_the_text_for_people_does_not_echo_arguments() -> None:
    error = ErrorReply.from_text(b"ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'op-1' 'sesame'")
    refused = RefusedError("HELLO", error)
    assert "sesame" not in str(refused)
    assert str(refused) == "HELLO: refused: ERR unknown command 'HELLO' (arguments not shown)"
    assert refused.error.kind is ErrorKind.ERR


def test_the_text_for_people_of_bytes_that_are_no_text_is_escaped() -> None:
    assert str(ErrorReply(b"ERR", b"\xff")) == r"ERR \xff"
