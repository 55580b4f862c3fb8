import base64
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import pytest
import structlog

from gungnir.runtime.log import (
    cluster_context,
    configure_logging,
    decision,
    get_logger,
    plain,
    redactor,
)
from gungnir.runtime.redact import REDACTED, Redactor


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    redactor.forget("test")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class Health(Enum):
    DEAD = "dead"


class Verdict(NamedTuple):
    health: Health
    evidence: str
    operands: tuple[tuple[str, str], ...] = ()


def test_each_line_is_json_with_time_level_logger_and_cluster(stream: io.StringIO) -> None:
    log = get_logger("gungnir.driver")
    with cluster_context("ns", "a", epoch=3):
        log.info("round", machine="reconcile")
    log.debug("not shown")
    log.warning("outside")
    first, second = lines(stream)
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "round",
        "level": "info",
        "component": "gungnir.driver",
        "namespace": "ns",
        "cluster": "a",
        "epoch": 3,
        "machine": "reconcile",
    }
    assert "cluster" not in second


def test_a_decision_carries_its_operands(stream: io.StringIO) -> None:
    verdict = Verdict(Health.DEAD, "ConnectionRefused", (("refusals", "3"), ("pod", "a-0")))
    decision(get_logger("x"), "primary health", verdict, epoch=4)
    (line,) = lines(stream)
    assert line["decision"] == "primary health"
    assert line["verdict"] == {
        "health": "dead",
        "evidence": "ConnectionRefused",
        "operands": {"refusals": "3", "pod": "a-0"},
    }
    assert line["epoch"] == 4


def test_plain_takes_any_value_of_a_machine_apart() -> None:
    @dataclass(frozen=True)
    class Ballot:
        votes: frozenset[str]
        operands: dict[str, int]

    assert plain(Ballot(frozenset({"a"}), {"w": 1})) == {"votes": ["a"], "operands": {"w": 1}}
    assert plain({"k": (Health.DEAD, None)}) == {"k": ["dead", None]}


def test_no_secret_leaves_by_key_by_value_in_base64_in_an_exception_or_through_a_library(stream: io.StringIO) -> None:
    secret = 'pa"ss\nwörd-1'
    redactor.register("test", [secret, b"0123456789abcdef"])
    log = get_logger("x")
    log.info("a", password="zzz", nested=[{"operator-key": "yyy", "Authorization": "Bearer xxx"}], kept="ok")
    text = f"text with {secret} inside"
    log.info(text, raw=b"0123456789abcdef", encoded=base64.b64encode(secret.encode()).decode())
    log.info("repr", of=repr({"v": secret}), json=json.dumps({"v": secret}))
    log.info("manifest", obj={"kind": "Secret", "data": {"k": "www"}, "stringData": {"k": "vvv"}})
    try:
        int(secret)
    except ValueError:
        log.exception("failed")
    logging.getLogger("aiohttp.client").error("header %s", secret)
    text = stream.getvalue()
    for leaked in ("zzz", "yyy", "xxx", "www", "vvv", "ss\\nw", "wörd", "w\\u00f6rd", "0123456789abcdef"):
        assert leaked not in text, leaked
    assert base64.b64encode(secret.encode()).decode() not in text
    first, *_rest, failed, library = lines(stream)
    assert first["kept"] == "ok"
    assert first["nested"] == [{"operator-key": REDACTED, "Authorization": REDACTED}]
    assert "Traceback" in failed["exception"]
    assert library["component"] == "aiohttp.client"


def test_a_short_secret_is_hidden_as_a_word_and_does_not_blot_out_texts() -> None:
    redactor = Redactor()
    redactor.register("a", ["abc", ""])
    assert redactor.text("abc abcdef x=abc.") == f"{REDACTED} abcdef x={REDACTED}."


def test_secrets_of_several_owners_are_independent() -> None:
    redactor = Redactor()
    redactor.register("a", ["secret-of-a"])
    redactor.register("b", ["secret-of-b"])
    redactor.register("a", ["newer-of-a"])
    assert redactor.text("secret-of-a newer-of-a secret-of-b") == f"secret-of-a {REDACTED} {REDACTED}"
    redactor.forget("b")
    redactor.forget("b")
    assert redactor.text("secret-of-b") == "secret-of-b"


def test_a_value_nested_beyond_measure_is_cut() -> None:
    value: list[Any] = []
    value.append(value)
    assert "[too deep]" in json.dumps(Redactor().value(value))


def test_text_format_is_for_people(stream: io.StringIO) -> None:
    configure_logging("debug", "text", stream)
    get_logger("x").debug("hello", epoch=3)
    assert "hello" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
