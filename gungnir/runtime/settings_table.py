"""How one setting is called as a flag, an environment variable and a Helm value, and how flags are read."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gungnir.runtime.errors import SettingsError

_FLAGS: Final = {"namespaces": "--namespace"}
"""Flags that are not simply the field's name: a repeatable one is called in the singular."""
_SERVICE_LINK: Final = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting under all its names.

    Attributes:
        field: Attribute of ``Settings``.
        flag: Command-line flag.
        env: Environment variable.
        helm: Key under ``settings`` in the chart's values.
        kind: ``text``, ``whole number``, ``switch`` or ``list``.
        default: Value if not given; empty text for one that is computed.
        choices: Permitted values; empty for any.
        description: One sentence.
    """

    field: str
    flag: str
    env: str
    helm: str
    kind: str
    default: object
    choices: tuple[str, ...]
    description: str

    def default_text(self) -> str:
        """The default as one would write it."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        return "" if self.default == () else str(self.default)


def flag_name(field: str) -> str:
    """``lease_name`` -> ``--lease-name``."""
    return _FLAGS.get(field, "--" + field.replace("_", "-"))


def env_name(field: str) -> str:
    """``lease_name`` -> ``GUNGNIR_LEASE_NAME``."""
    return "GUNGNIR_" + field.upper()


def helm_name(field: str) -> str:
    """``lease_name`` -> ``leaseName``."""
    first, *rest = field.split("_")
    return first + "".join(part.capitalize() for part in rest)


def is_service_link(variable: str, value: str) -> bool:
    """Whether Kubernetes set this variable for a Service.

    Rule: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    """
    return bool(_SERVICE_LINK.search(variable)) or (variable.endswith("_PORT") and "://" in value)


def suggestion(given: str, known: Iterable[str]) -> str:
    """The fix for an unknown name."""
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"did you mean {close[0]}?" if close else "see gungnir run --help for all of them"


def parse_flags(argv: Sequence[str], rows: Sequence[SettingRow]) -> dict[str, object]:
    """Read ``--flag value``, ``--flag=value``, and for switches ``--flag`` and ``--no-flag``.

    Args:
        argv: What follows the command's name.
        rows: The settings.

    Returns:
        Texts by field name, for ``load_settings``.

    Raises:
        SettingsError: With one line for each unknown flag, missing value, repetition or stray argument.
    """
    by_flag = {row.flag: row for row in rows}
    negated = {"--no-" + row.flag.removeprefix("--"): row for row in rows if row.kind == "switch"}
    values: dict[str, object] = {}
    problems: list[str] = []
    rest = list(argv)
    while rest:
        flag, equals, text = rest.pop(0).partition("=")
        if flag in negated and not equals:
            row = negated[flag]
            value: str | None = "false"
        elif flag not in by_flag:
            problems.append(_unknown(flag, by_flag))
            if flag.startswith("-") and not equals and rest and not rest[0].startswith("-"):
                rest.pop(0)  # the value of the unknown flag, not a stray argument
            continue
        else:
            row = by_flag[flag]
            value = text if equals else _next_value(row, rest)
        problems += _put(values, row, value)
    if problems:
        raise SettingsError(tuple(problems))
    return values


def _unknown(flag: str, known: Iterable[str]) -> str:
    if flag.startswith("-"):
        return f"flag {flag} is unknown; {suggestion(flag, known)}"
    return f"argument {flag!r} belongs to no flag; remove it"


def _next_value(row: SettingRow, rest: list[str]) -> str | None:
    if row.kind == "switch":
        return "true"
    return rest.pop(0) if rest and not rest[0].startswith("--") else None


def _put(values: dict[str, object], row: SettingRow, value: str | None) -> list[str]:
    """Set a value; gives the problem, if there is one."""
    if value is None:
        return [f"flag {row.flag} needs a value; give {row.flag} VALUE"]
    if row.kind == "list":
        earlier = values.get(row.field)
        values[row.field] = f"{earlier},{value}" if earlier else value
        return []
    if row.field in values:
        return [f"flag {row.flag} is given twice; keep one"]
    values[row.field] = value
    return []


def help_text(rows: Sequence[SettingRow]) -> str:
    """The flags with their variables and defaults, for ``--help``."""
    width = max(len(row.flag) for row in rows)
    lines = [
        "usage: gungnir run [FLAG ...]",
        "",
        "Run the operator until SIGTERM. Each flag can be given as the environment variable in brackets.",
        "",
    ]
    for row in rows:
        choices = f" One of: {', '.join(row.choices)}." if row.choices else ""
        default = f" Default: {row.default_text()}." if row.default_text() else ""
        lines.append(f"  {row.flag:<{width}}  {row.description}{choices}{default} [{row.env}]")
    return "\n".join(lines) + "\n"


def markdown_table(rows: Sequence[SettingRow]) -> str:
    """The settings as a Markdown table, for the documentation."""
    lines = ["| flag | environment | Helm value | default | meaning |", "|---|---|---|---|---|"]
    for row in rows:
        default = f"`{row.default_text()}`" if row.default_text() else ""
        choices = f" One of {', '.join(f'`{choice}`' for choice in row.choices)}." if row.choices else ""
        lines.append(f"| `{row.flag}` | `{row.env}` | `settings.{row.helm}` | {default} | {row.description}{choices} |")
    return "\n".join(lines) + "\n"
