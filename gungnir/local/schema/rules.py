"""``x-kubernetes-validations``: CEL rules of a structural schema, transition rules included.

Source: https://kubernetes.io/docs/reference/using-api/cel/ and ``apiextensions/pkg/apiserver/schema/cel``.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import cel

from gungnir.local.errors import DUPLICATE, FORBIDDEN, INVALID, REQUIRED, FieldError
from gungnir.local.schema.functions import library
from gungnir.local.schema.structural import Schema, correlated, is_missing, join

_KEY: Final = "x-kubernetes-validations"
_OLD: Final = re.compile(r"\boldSelf\b")
_PATH: Final = r"\b(?:self|oldSelf)\b((?:\.[A-Za-z_][A-Za-z0-9_]*(?![A-Za-z0-9_]*\s*\())*)"
_USE: Final = re.compile(_PATH)
"""A use of the variable, with the property it reads; without one if it is a method call or the whole value."""
_PRESENCE: Final = re.compile(rf"\bhas\(\s*{_PATH}\s*\)")
"""A use that asks only whether the property is there."""
_TEXT: Final = re.compile(r"\'\'\'.*?\'\'\'|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
_RESERVED: Final = frozenset(
    {
        *("true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"),
        *("import", "let", "loop", "package", "namespace", "return", "var", "void", "while"),
    }
)
_MAX_KNOWN: Final = 32
_MAX_KNOWN_CHARS: Final = 20_000
_REASONS: Final = {
    "FieldValueInvalid": INVALID,
    "FieldValueForbidden": FORBIDDEN,
    "FieldValueRequired": REQUIRED,
    "FieldValueDuplicate": DUPLICATE,
}


Uses = dict[str, "Uses | None"]
"""Properties that a rule reads, by name: of those inside them which, none for a mere ``has``, or None for all of it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule of one node of the schema."""

    source: str
    program: Any
    message: str
    message_program: Any
    kind: str
    field_path: str
    is_transition: bool
    uses: Uses | None
    """The properties of ``self`` and ``oldSelf`` that it reads; None if it may read all of them."""
    passed: dict[str, None] = field(default_factory=dict, compare=False, repr=False)
    """What it was judged true for: CEL has no clock and no randomness, so the same values are true again. Transition
    rules are asked at every write, of a status too, and nearly always about the same values."""

    def remember(self, known: str) -> None:
        """Note values that it was true for; the oldest are forgotten."""
        if len(known) > _MAX_KNOWN_CHARS:
            return
        self.passed[known] = None
        if len(self.passed) > _MAX_KNOWN:
            del self.passed[next(iter(self.passed))]


class RuleError(ValueError):
    """A rule that cannot be compiled; the text says where and why."""


def compile_rules(schema: Schema, path: str = "") -> None:
    """Compile every rule of a schema into the schema itself, so that judging an object compiles nothing.

    Raises:
        RuleError: A rule is no valid CEL.
    """
    found = schema.get(_KEY)
    if found:
        schema["~rules"] = [_compile(rule, path, i) for i, rule in enumerate(found)]
    has_rules = bool(found)
    children = [(join(path, name), inner) for name, inner in (schema.get("properties") or {}).items()]
    children += [(path, inner) for inner in (schema.get("items"), schema.get("additionalProperties")) if inner]
    for at, inner in children:
        if isinstance(inner, dict):
            compile_rules(inner, at)
            has_rules = has_rules or inner["~has_rules"]
    schema["~has_rules"] = has_rules


def _compile(rule: Schema, path: str, index: int) -> Rule:
    source = str(rule.get("rule", ""))
    try:
        program = cel.compile(source)
        expression = rule.get("messageExpression")
        message_program = cel.compile(expression) if expression else None
    except ValueError as exc:
        raise RuleError(f"{path}.{_KEY}[{index}].rule: {source!r} cannot be compiled: {exc}") from exc
    code = _TEXT.sub("''", source)
    return Rule(
        source=source,
        program=program,
        message=str(rule.get("message") or ""),
        message_program=message_program,
        kind=_REASONS.get(str(rule.get("reason") or ""), INVALID),
        field_path=str(rule.get("fieldPath") or ""),
        is_transition=bool(_OLD.search(code)),
        uses=_uses(code) if message_program is None else None,
    )


def _uses(code: str) -> Uses | None:
    """Return what an expression without its texts reads of the variables."""
    uses: Uses = {}
    for path in _PRESENCE.findall(code):
        at: Uses | None = uses
        for name in path.split(".")[1:]:
            at = None if at is None else at.setdefault(name, {})
    for path in _USE.findall(_PRESENCE.sub("", code)):
        *outer, last = path.split(".")[1:] or [""]
        if not last:
            return None
        inside: Uses | None = uses
        for name in outer:
            inside = None if inside is None else inside.setdefault(name, {})
        if inside is not None:
            inside[last] = None
    return uses


def check(schema: Schema, value: Any, old: Any, path: str = "") -> list[FieldError]:
    """Return every rule that ``value`` breaks; ``old`` is its former version, or ``structural``'s mark for none.

    A node that did not change is judged by its transition rules only (ratcheting).
    """
    if not schema.get("~has_rules") or value is None:
        return []
    had, errors = not is_missing(old), []
    unchanged = had and value == old
    for rule in schema.get("~rules") or []:
        if rule.is_transition and not had:
            continue
        if unchanged and not rule.is_transition:
            continue
        error = _judge(rule, schema, value, old if had else None, path)
        if error is not None:
            errors.append(error)
    return errors + _check_inside(schema, value, old, path)


def _check_inside(schema: Schema, value: Any, old: Any, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for i, item in enumerate(value):
            errors += check(schema["items"], item, correlated(schema, old, item), f"{path}[{i}]")
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        additional = schema.get("additionalProperties")
        for name, item in value.items():
            inner = properties.get(name, additional)
            if isinstance(inner, dict):
                before = old[name] if isinstance(old, dict) and name in old else _NONE
                errors += check(inner, item, before, join(path, name))
    return errors


_NONE: Final = correlated({}, None, None)


def _judge(rule: Rule, schema: Schema, value: Any, old: Any, path: str) -> FieldError | None:
    now = to_cel(schema, value, rule.uses)
    before = to_cel(schema, old, rule.uses) if rule.is_transition else None
    known = repr((now, before))
    if known in rule.passed:
        return None
    context = library()
    context.add_variable("self", now)
    if rule.is_transition:
        context.add_variable("oldSelf", before)
    at = path + rule.field_path if path else rule.field_path.removeprefix(".")
    shown = "object" if isinstance(value, dict) else str(schema.get("type", "value"))
    try:
        if rule.program.execute(context) is True:
            rule.remember(known)
            return None
        message = rule.message
        if rule.message_program is not None:
            produced = rule.message_program.execute(context)
            message = produced if isinstance(produced, str) and produced.strip() else message
    except (ValueError, TypeError, RuntimeError, KeyError, IndexError) as exc:
        text = f"no such key: {exc.args[0]}" if isinstance(exc, KeyError) and exc.args else str(exc)
        return FieldError(INVALID, at or "<nil>", f"{text} evaluating rule: {rule.message or rule.source}", shown)
    return FieldError(rule.kind, at or "<nil>", message or f"failed rule: {rule.source}", shown)


def escaped(name: str) -> str:
    """Return a property's name as CEL spells it."""
    if name in _RESERVED:
        return f"__{name}__"
    if "__" in name or not name.isidentifier():
        name = name.replace("__", "__underscores__").replace(".", "__dot__").replace("-", "__dash__")
        name = name.replace("/", "__slash__")
    return name


def to_cel(schema: Schema, value: Any, uses: Uses | None = None) -> Any:
    """Return a value as CEL sees it under its schema: numbers as doubles, times as timestamps, names escaped.

    Args:
        schema: Of the value.
        value: Of JSON.
        uses: What of an object is wanted; None: all of it. Judging a rule by little more than it reads is what keeps a
            write of a large status cheap.
    """
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        additional = schema.get("additionalProperties")
        inner = additional if isinstance(additional, dict) else {}
        return {
            key if name in properties else name: to_cel(
                properties.get(name, inner), item, None if uses is None else uses[key]
            )
            for name, item in value.items()
            if (key := escaped(name)) and (uses is None or key in uses)
        }
    if isinstance(value, list):
        return [to_cel(schema.get("items") or {}, item) for item in value]
    if schema.get("type") == "number" and isinstance(value, int):
        return float(value)
    if isinstance(value, str) and "format" in schema:
        return _formatted(value, str(schema["format"]))
    return value


def _formatted(value: str, form: str) -> Any:
    try:
        if form in {"date-time", "date"}:
            return datetime.fromisoformat(value)
        if form == "duration":
            return _duration(value)
    except ValueError:
        return value
    return value


_DURATION: Final = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def _duration(text: str) -> timedelta:
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.lstrip("+-"):
        raise ValueError(text)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return timedelta(seconds=-seconds if text.startswith("-") else seconds)
