import pytest

from gungnir.local.errors import BadRequestError, UnsupportedMediaTypeError
from gungnir.local.serve.protobuf import decode


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def body(kind: str, raw: bytes) -> bytes:
    return b"k8s\x00" + field(1, field(1, b"v1") + field(2, kind.encode())) + field(2, raw)


def test_an_object_is_read_by_its_field_numbers() -> None:
    metadata = field(1, b"c") + field(3, b"") + field(11, field(1, b"k") + field(2, b"v"))
    raw = field(1, metadata) + field(2, field(1, b"a") + field(2, b"\x00x")) + field(5, 1) + field(15, b"unknown")
    assert decode(body("Secret", raw)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "c", "labels": {"k": "v"}},
        "data": {"a": "AHg="},
        "immutable": True,
    }


def test_an_int_or_string_is_one_or_the_other() -> None:
    number = field(1, field(4, field(1, 0) + field(2, 7)))
    text = field(1, field(4, field(1, 1) + field(3, b"web")))
    for ports, wanted in ((number, 7), (text, "web")):
        assert decode(body("Service", field(2, ports)))["spec"]["ports"] == [{"targetPort": wanted}]


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedMediaTypeError, match="protobuf is not read for Gadget: send application/json"):
        decode(body("Gadget", b""))


@pytest.mark.parametrize(
    "raw", [b"{}", b"k8s\x00\x0a\xff", b"k8s\x00\x0f", b"k8s\x00" + b"\xff" * 12, b"k8s\x00\x08\x01"]
)
def test_what_is_no_protobuf_is_a_bad_request(raw: bytes) -> None:
    with pytest.raises((BadRequestError, UnsupportedMediaTypeError)):
        decode(raw)
