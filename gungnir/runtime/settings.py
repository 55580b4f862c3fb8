"""All settings of the operator: one frozen model, from which flags, environment variables and Helm values are named.

Precedence: flag, then environment, then default. Anything unknown or wrong is an error that names the setting, the
value and the fix; all of them at once.
"""

import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from gungnir.runtime.errors import SettingsError
from gungnir.runtime.http import split_address
from gungnir.runtime.settings_table import SettingRow, env_name, flag_name, helm_name, is_service_link, suggestion

_NAME: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_BASE_URL: Final = r"^https?://([-.\w]+|\[[:.0-9a-fA-F]+\])(:[0-9]{1,5})?(/[^\s?#@]*)?$"
_MIN_RESYNC_MS: Final = 10_000
_JITTER: Final = 1.2
"""client-go's JitterFactor: a renewal may start this much later than its period."""


def _identity() -> str:
    # Two processes must never share an identity: each would take the other's lease for its own. A pod's name is unique,
    # and the kubelet starts its next container only after the last has ended; a host may run many processes.
    return os.environ.get("POD_NAME") or f"{socket.gethostname()}_{secrets.token_hex(4)}"


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Milliseconds = Annotated[int, Field(ge=1)]
Namespaces = Annotated[tuple[Annotated[str, Field(pattern=_NAME)], ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """What ``gungnir run`` can be told. Times are in milliseconds, as the names say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespaces: Namespaces = Field((), description="Namespaces to watch (repeatable; empty: all).")
    kubeconfig: str = Field("", description="Kubeconfig file (empty: $KUBECONFIG, in-cluster, ~/.kube/config).")
    context: str = Field("", description="Context in the kubeconfig (empty: its current context).")
    identity: str = Field(
        default_factory=_identity,
        min_length=1,
        description="Name of this process in the lease, unique (default: $POD_NAME, else host and a random part).",
    )
    leader_elect: bool = Field(default=True, description="Act only while holding the lease.")
    lease_name: str = Field("gungnir-operator", pattern=_NAME, description="Name of the Lease.")
    lease_namespace: str = Field(
        "", pattern=f"^$|{_NAME}", description="Namespace of the Lease (empty: own namespace, else the first watched)."
    )
    lease_duration_ms: Milliseconds = Field(15_000, description="How long others wait for a silent leader.")
    lease_renew_deadline_ms: Milliseconds = Field(10_000, description="How long a leader acts without a renewal.")
    lease_retry_period_ms: Milliseconds = Field(2_000, description="Time between renewals or attempts.")
    resync_interval_ms: int = Field(600_000, ge=0, description="Time between complete lists (0: never).")
    max_concurrent_reconciles: int = Field(
        16, ge=1, le=1_000, description="Normal rounds at once; failovers never wait."
    )
    api_timeout_ms: Milliseconds = Field(5_000, description="Deadline of one call to the API server.")
    valkey_connect_timeout_ms: Milliseconds = Field(1_000, description="Deadline of a connection to a pod.")
    valkey_command_timeout_ms: Milliseconds = Field(2_000, description="Deadline of one command to a pod.")
    valkey_source_address: str = Field("", description="Local address of connections to pods (empty: any).")
    http_address: str = Field(":8080", description="host:port of /healthz, /readyz and /metrics (port 0: any).")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level logged.")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto: text on a terminal, else JSON.")
    trace_file: str = Field("", description="JSON lines of every machine step, for replay (empty: none).")
    otlp_endpoint: str = Field(
        "",
        description="Base URL of an OpenTelemetry collector for spans, OTLP over HTTP (empty: none are made).",
        json_schema_extra={"pattern": f"^$|{_BASE_URL}"},
    )
    shutdown_grace_ms: int = Field(10_000, ge=0, description="How long SIGTERM waits for rounds under way.")

    @field_validator("http_address")
    @classmethod
    def _http_address_is_an_address(cls, value: str) -> str:
        split_address(value)
        return value

    @field_validator("valkey_source_address")
    @classmethod
    def _source_address_is_an_address(cls, value: str) -> str:
        try:
            return str(ipaddress.ip_address(value)) if value else ""
        except ValueError as exc:
            raise ValueError("is no IP address; for example 127.0.0.1") from exc

    @field_validator("otlp_endpoint")
    @classmethod
    def _otlp_endpoint_is_a_base_url(cls, value: str) -> str:
        # No credentials in it, as settings are shown; they go into OTEL_EXPORTER_OTLP_HEADERS.
        if value and not re.fullmatch(_BASE_URL, value):
            raise ValueError("is no base URL without user and query; for example http://collector:4318")
        return value

    @model_validator(mode="after")
    def _times_are_consistent(self) -> Self:
        if self.lease_renew_deadline_ms >= self.lease_duration_ms:
            raise ValueError(
                f"lease_renew_deadline_ms: {self.lease_renew_deadline_ms} must be below lease_duration_ms "
                f"({self.lease_duration_ms}), else two leaders can act at once; lower it or raise the duration"
            )
        if self.lease_retry_period_ms * _JITTER >= self.lease_renew_deadline_ms:
            raise ValueError(
                f"lease_retry_period_ms: {self.lease_retry_period_ms} times {_JITTER} must be below "
                f"lease_renew_deadline_ms ({self.lease_renew_deadline_ms}), else one lost renewal ends the leadership; "
                "lower it"
            )
        if 0 < self.resync_interval_ms < _MIN_RESYNC_MS:
            raise ValueError(
                f"resync_interval_ms: {self.resync_interval_ms} would list all the time; "
                f"give 0 or at least {_MIN_RESYNC_MS}"
            )
        return self


def settings_table() -> tuple[SettingRow, ...]:
    """One row per setting, in the model's order: the source of flags, variables, Helm values and docs."""
    rows = []
    for name, info in Settings.model_fields.items():
        annotation = info.annotation
        kind = "switch" if annotation is bool else "whole number" if annotation is int else "text"
        choices = (
            tuple(getattr(annotation, "__args__", ())) if getattr(annotation, "__origin__", None) is Literal else ()
        )
        default = info.default if info.default_factory is None else ""
        rows.append(
            SettingRow(
                field=name,
                flag=flag_name(name),
                env=env_name(name),
                helm=helm_name(name),
                kind="list" if name == "namespaces" else kind,
                default=default,
                choices=choices,
                description=info.description or "",
            )
        )
    return tuple(rows)


def load_settings(flags: Mapping[str, object], env: Mapping[str, str]) -> Settings:
    """Combine flags and environment into settings.

    Args:
        flags: By field name or flag name; a value of None counts as not given. ``parse_flags`` makes one from ``argv``.
        env: Environment; only ``GUNGNIR_*`` is looked at. Kubernetes' own ``GUNGNIR_SERVICE_HOST`` and the like, which
            a Service named gungnir causes, are passed over.

    Raises:
        SettingsError: With one line for each unknown or wrong setting.
    """
    rows = {row.field: row for row in settings_table()}
    by_env = {row.env: row for row in rows.values()}
    by_flag = {row.flag: row for row in rows.values()}
    values: dict[str, object] = {}
    problems: list[str] = []
    for variable, text in env.items():
        if not variable.startswith("GUNGNIR_") or is_service_link(variable, text):
            continue
        if variable in by_env:
            values[by_env[variable].field] = text
        else:
            problems.append(f"environment variable {variable} is unknown; {suggestion(variable, by_env)}")
    for given, value in flags.items():
        name = given.lstrip("-")
        row = rows.get(name.replace("-", "_")) or by_flag.get(f"--{name}")
        if row is None:
            problems.append(f"flag --{name} is unknown; {suggestion(f'--{name}', by_flag)}")
        elif value is not None:
            values[row.field] = value
    try:
        settings = Settings.model_validate(values)
    except ValidationError as exc:
        problems += [_sentence(error, rows) for error in exc.errors()]
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def _sentence(error: Any, rows: Mapping[str, SettingRow]) -> str:
    """One validation error as a sentence with the setting, the value and the fix."""
    context: Mapping[str, Any] = error.get("ctx") or {}
    row = rows.get(str(error["loc"][0])) if error["loc"] else None
    if row is None:  # a rule over several settings, whose text already names them
        return str(context.get("error", error["msg"]))
    match error["type"]:
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            fix = f"is not a whole number; for example {row.default}"
        case "greater_than_equal":
            fix = f"is too small; give at least {context['ge']}"
        case "less_than_equal":
            fix = f"is too large; give at most {context['le']}"
        case "bool_parsing" | "bool_type":
            fix = "is neither true nor false; give one of them"
        case "literal_error":
            fix = f"is none of {', '.join(row.choices)}; give one of them"
        case "string_pattern_mismatch":
            fix = "is not a Kubernetes name; use lower-case letters, digits and '-', at most 63"
        case "string_too_short":
            fix = "is empty; give a value or leave it out"
        case _:
            fix = str(context.get("error", error["msg"]))
    return f"{row.field} ({row.flag}, {row.env}): {error['input']!r} {fix}"
