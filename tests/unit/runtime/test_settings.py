import re

import pytest
from pydantic import ValidationError

from gungnir.runtime.errors import SettingsError
from gungnir.runtime.settings import Settings, load_settings, settings_table
from gungnir.runtime.settings_table import help_text, markdown_table, parse_flags

ROWS = settings_table()
NO_BASE_URL = "is no base URL without user and query; for example http://collector:4318"


def problems_of(flags: dict[str, object], env: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, env or {})
    return caught.value.problems


def test_flags_win_over_environment_over_defaults() -> None:
    env = {"GUNGNIR_LEASE_NAME": "from-env", "GUNGNIR_LOG_LEVEL": "debug", "HOME": "/"}
    settings = load_settings({"lease-name": "from-flag", "log_format": None}, env)
    assert (settings.lease_name, settings.log_level, settings.log_format) == ("from-flag", "debug", "auto")
    assert settings.lease_duration_ms == 15_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.field)
def test_every_setting_is_reached_by_flag_and_environment(row: object) -> None:
    row = next(known for known in ROWS if known == row)
    texts = {"switch": "false", "whole number": "11000", "list": "a,b", "text": "x-1"}
    special = {
        "http_address": "127.0.0.1:0",
        "valkey_source_address": "127.0.0.1",
        "lease_retry_period_ms": "1000",
        "otlp_endpoint": "http://collector:4318",
        "max_concurrent_reconciles": "3",
    }
    text = row.choices[-1] if row.choices else special.get(row.field, texts[row.kind])
    by_env = load_settings({}, {row.env: text})
    by_flag = load_settings(parse_flags([row.flag, text] if row.kind != "switch" else [f"{row.flag}={text}"], ROWS), {})
    value = getattr(by_env, row.field)
    assert value == getattr(by_flag, row.field)
    assert value != row.default
    assert re.fullmatch(r"[a-z][a-zA-Z]*", row.helm)
    assert row.description.endswith(".")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().lease_name = "other"  # type: ignore[misc]


def test_a_process_outside_a_pod_gets_an_identity_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POD_NAME", raising=False)
    assert Settings().identity != Settings().identity
    monkeypatch.setenv("POD_NAME", "gungnir-7d9f")
    assert Settings().identity == "gungnir-7d9f"


@pytest.mark.parametrize(
    ("flags", "env", "problem"),
    [
        ({"lease-nam": "x"}, {}, "flag --lease-nam is unknown; did you mean --lease-name?"),
        ({"zzz": "x"}, {}, "flag --zzz is unknown; see gungnir run --help for all of them"),
        (
            {},
            {"GUNGNIR_IDENTIT": "x"},
            "environment variable GUNGNIR_IDENTIT is unknown; did you mean GUNGNIR_IDENTITY?",
        ),
    ],
)
def test_an_unknown_setting_is_named_with_what_may_be_meant(
    flags: dict[str, object], env: dict[str, str], problem: str
) -> None:
    assert problems_of(flags, env) == (problem,)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("lease_duration_ms", "5s", "'5s' is not a whole number; for example 15000"),
        ("api_timeout_ms", "0", "'0' is too small; give at least 1"),
        ("max_concurrent_reconciles", "2000", "'2000' is too large; give at most 1000"),
        ("leader_elect", "maybe", "'maybe' is neither true nor false; give one of them"),
        ("log_level", "loud", "'loud' is none of debug, info, warning, error; give one of them"),
        ("namespaces", "a,B_c", "'B_c' is not a Kubernetes name; use lower-case letters, digits and '-', at most 63"),
        ("http_address", "8080", "'8080' is not host:port; for example :8080 or 127.0.0.1:8080"),
        ("valkey_source_address", "lo", "'lo' is no IP address; for example 127.0.0.1"),
        ("otlp_endpoint", "collector:4318", f"'collector:4318' {NO_BASE_URL}"),
        ("otlp_endpoint", "grpc://collector:4317", f"'grpc://collector:4317' {NO_BASE_URL}"),
        ("otlp_endpoint", "http://me:secret@collector", f"'http://me:secret@collector' {NO_BASE_URL}"),
        ("otlp_endpoint", "http://collector?x=1", f"'http://collector?x=1' {NO_BASE_URL}"),
        ("identity", "", "'' is empty; give a value or leave it out"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_the_fix(field: str, value: str, problem: str) -> None:
    row = next(row for row in ROWS if row.field == field)
    expected = (f"{field} ({row.flag}, {row.env}): {problem}",)
    assert problems_of({row.flag: value}) == expected
    assert problems_of({}, {row.env: value}) == expected


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (
            "lease_duration_ms",
            10_000,
            "lease_renew_deadline_ms: 10000 must be below lease_duration_ms (10000), else two",
        ),
        (
            "lease_retry_period_ms",
            9_000,
            "lease_retry_period_ms: 9000 times 1.2 must be below lease_renew_deadline_ms (1",
        ),
        ("resync_interval_ms", 5, "resync_interval_ms: 5 would list all the time; give 0 or at least 10000"),
    ],
)
def test_settings_that_contradict_each_other_are_named_both(field: str, value: int, problem: str) -> None:
    (told,) = problems_of({field: value})
    assert told.startswith(problem)


def test_all_problems_are_told_at_once() -> None:
    assert len(problems_of({"a-b": 1, "log-level": "x", "lease_duration_ms": "y"}, {"GUNGNIR_X": ""})) == 4


def test_variables_of_a_service_called_gungnir_are_passed_over() -> None:
    links = {
        "GUNGNIR_SERVICE_HOST": "10.0.0.1",
        "GUNGNIR_SERVICE_PORT": "8080",
        "GUNGNIR_SERVICE_PORT_HTTP": "8080",
        "GUNGNIR_PORT": "tcp://10.0.0.1:8080",
        "GUNGNIR_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "GUNGNIR_PORT_8080_TCP_PROTO": "tcp",
        "GUNGNIR_PORT_8080_TCP_PORT": "8080",
        "GUNGNIR_METRICS_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    load_settings({}, links)
    assert problems_of({}, {"GUNGNIR_PORT": "8080"})


def test_flags_are_read_in_every_spelling() -> None:
    argv = ["--namespace", "a", "--namespace=b", "--no-leader-elect", "--lease-name=x", "--http-address", ":0"]
    assert parse_flags(argv, ROWS) == {
        "namespaces": "a,b",
        "leader_elect": "false",
        "lease_name": "x",
        "http_address": ":0",
    }
    assert load_settings(parse_flags(argv, ROWS), {}).namespaces == ("a", "b")
    assert parse_flags(["--leader-elect", "--log-level", "info"], ROWS) == {"leader_elect": "true", "log_level": "info"}


def test_wrong_flags_are_named_all_at_once() -> None:
    argv = ["--lease-nam", "x", "stray", "--identity", "--log-level=info", "--log-level=debug", "--context"]
    with pytest.raises(SettingsError) as caught:
        parse_flags(argv, ROWS)
    assert caught.value.problems == (
        "flag --lease-nam is unknown; did you mean --lease-name?",
        "argument 'stray' belongs to no flag; remove it",
        "flag --identity needs a value; give --identity VALUE",
        "flag --log-level is given twice; keep one",
        "flag --context needs a value; give --context VALUE",
    )


def test_help_and_table_show_every_setting() -> None:
    for row in ROWS:
        assert f"[{row.env}]" in help_text(ROWS)
        assert f"| `{row.flag}` | `{row.env}` | `settings.{row.helm}` |" in markdown_table(ROWS)
