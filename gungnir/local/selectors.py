"""Label and field selectors, as apimachinery's ``labels.Parse`` and ``fields.ParseSelector`` read them."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from gungnir.local.errors import BadRequestError

Predicate = Callable[[Mapping[str, Any]], bool]

_KEY: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE: Final = r"[A-Za-z0-9._-]*"
_EXISTS: Final = re.compile(rf"\s*(!?)\s*({_KEY})\s*")
_EQUALS: Final = re.compile(rf"\s*({_KEY})\s*(==|=|!=)\s*({_VALUE})\s*")
_ORDER: Final = re.compile(rf"\s*({_KEY})\s*([<>])\s*(-?\d+)\s*")
_SET: Final = re.compile(rf"\s*({_KEY})\s+(in|notin)\s+\(([^()]*)\)\s*")
_COMMA_OUTSIDE_PARENTHESES: Final = re.compile(r",(?![^(]*\))")
_FIELD: Final = re.compile(r"\s*([A-Za-z0-9_.\-/\[\]]+)\s*(==|=|!=)\s*(.*?)\s*")
_FIELD_SEPARATOR: Final = re.compile(r"(?<!\\),")


def everything(_: Mapping[str, Any]) -> bool:
    """Select every object."""
    return True


def _requirement(text: str) -> Predicate:
    if match := _SET.fullmatch(text):
        key, operator, listed = match.groups()
        values = frozenset(value.strip() for value in listed.split(","))
        if operator == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if match := _EQUALS.fullmatch(text):
        key, operator, value = match.groups()
        if operator == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if match := _ORDER.fullmatch(text):
        key, operator, bound = match.groups()
        return _ordered(key, operator, int(bound))
    if match := _EXISTS.fullmatch(text):
        absent, key = match.groups()
        if absent:
            return lambda labels: key not in labels
        return lambda labels: key in labels
    raise BadRequestError(f"unable to parse requirement {text.strip()!r} of the label selector")


def _ordered(key: str, operator: str, bound: int) -> Predicate:
    def holds(labels: Mapping[str, Any]) -> bool:
        try:
            value = int(labels.get(key, ""))
        except ValueError:  # a label that is no whole number is neither more nor less
            return False
        return value > bound if operator == ">" else value < bound

    return holds


@lru_cache(maxsize=512)
def label_predicate(selector: str) -> Predicate:
    """Return the test of an object's labels that ``selector`` spells.

    Raises:
        BadRequestError: The selector cannot be read.
    """
    if not selector.strip():
        return everything
    parts = [_requirement(part) for part in _COMMA_OUTSIDE_PARENTHESES.split(selector)]
    return lambda obj: all(part(obj["metadata"].get("labels") or {}) for part in parts)


def _lookup(obj: Mapping[str, Any], path: tuple[str, ...]) -> str:
    value: Any = obj
    for name in path:
        if not isinstance(value, Mapping):
            return ""
        value = value.get(name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _field_requirement(text: str) -> Predicate:
    match = _FIELD.fullmatch(text)
    if match is None:
        raise BadRequestError(f"invalid field selector: {text.strip()!r}; can't understand {text.strip()!r}")
    path, operator, value = match.groups()
    names = tuple(path.split("."))
    wanted = value.replace("\\,", ",").replace("\\=", "=").replace("\\\\", "\\")
    if operator == "!=":
        return lambda obj: _lookup(obj, names) != wanted
    return lambda obj: _lookup(obj, names) == wanted


@lru_cache(maxsize=512)
def field_predicate(selector: str) -> Predicate:
    """Return the test of an object's fields that ``selector`` spells; every scalar field can be selected on.

    Raises:
        BadRequestError: The selector cannot be read.
    """
    if not selector.strip():
        return everything
    parts = [_field_requirement(part) for part in _FIELD_SEPARATOR.split(selector) if part.strip()]
    return lambda obj: all(part(obj) for part in parts)


def field_names(selector: str) -> list[str]:
    """Return the fields that a selector asks about; parts that cannot be read are left to ``field_predicate``."""
    matches = [_FIELD.fullmatch(part) for part in _FIELD_SEPARATOR.split(selector) if part.strip()]
    return [match.group(1) for match in matches if match]


def predicate(label_selector: str = "", field_selector: str = "") -> Predicate:
    """Return the conjunction of a label and a field selector."""
    labels, fields = label_predicate(label_selector), field_predicate(field_selector)
    if labels is everything:
        return fields
    if fields is everything:
        return labels
    return lambda obj: labels(obj) and fields(obj)


def matches_label_selector(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Tell whether a ``LabelSelector`` selects ``labels``; a missing one selects none."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for expression in selector.get("matchExpressions") or []:
        value, values = labels.get(expression["key"]), expression.get("values") or []
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[expression["operator"]]
        if not holds:
            return False
    return True


def label_selector_text(selector: Mapping[str, Any] | None) -> str:
    """Return a ``LabelSelector`` in the form that ``label_predicate`` reads and Scale objects carry."""
    if not selector:
        return ""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or []:
        key, listed = expression["key"], ",".join(sorted(expression.get("values") or []))
        parts.append(
            {
                "In": f"{key} in ({listed})",
                "NotIn": f"{key} notin ({listed})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[expression["operator"]]
        )
    return ",".join(parts)
