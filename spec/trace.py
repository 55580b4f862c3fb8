"""A trace of the running operator, read back: the same requests and replies, as values.

``gungnir run --trace-file`` writes one JSON line for each step of a machine and for each piece of evidence
(``gungnir.runtime.trace``). Rounds of one cluster never overlap, so its lines are in the order of its steps. The last
step of a round that found nothing to do is not written. A process that was killed may have left half a line: the next
one, if there is any, begins to count anew.
"""

import json
import types
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cache
from typing import Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

from gungnir.errors import UserError
from gungnir.machines import facts, record, requests, view
from gungnir.machines.facts import Facts


class TraceError(UserError):
    """A line of a trace cannot be understood. The text names the line, the field and the value."""


class StepLine(NamedTuple):
    """A step: in a round of ``machine``, ``sent`` was answered with ``reply``, and ``trigger`` led to ``phase``.

    ``number`` counts the lines of the file from 1, ``place`` those of the process; ``at_ms`` is the wall clock in Unix
    milliseconds. The first step of a round has the ``facts`` that it is taken with, and ``start``: what its first state
    has of its own.
    """

    number: int
    place: int
    at_ms: float
    cluster: str
    machine: str
    trigger: str
    phase: str
    sent: Any
    reply: Any
    detail: str = ""
    facts: Facts | None = None
    start: tuple[tuple[str, Any], ...] = ()


class EventLine(NamedTuple):
    """What was noticed between steps, by the monitor of a pod or by the lease: ``about`` is the pod or identity."""

    number: int
    place: int
    at_ms: float
    cluster: str
    machine: str
    event: str
    about: str


Line = StepLine | EventLine

_VALUES: Final = {
    value.__name__: value
    for module in (facts, record, requests, view)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, tuple) and hasattr(value, "_fields")
}


def lines(texts: Iterable[str]) -> Iterator[Line]:
    """Yield the lines of a trace.

    Raises:
        TraceError: a line is no JSON, or is none that the operator writes.
    """
    torn: TraceError | None = None
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            data = json.loads(text)
            if torn is not None and data["number"] != 1:
                raise torn
            torn = None
            yield _line(number, data)
        except json.JSONDecodeError as error:
            if torn is not None:
                raise torn from None
            torn = TraceError(f"line {number}: {type(error).__name__}: {error}")
        except (ValueError, KeyError, TypeError) as error:
            raise TraceError(f"line {number}: {type(error).__name__}: {error}") from error


def _line(number: int, data: Any) -> Line:
    if not isinstance(data, dict):
        raise TypeError("not an object")
    cluster = data.get("cluster", "")
    if "event" in data:
        about = str(data.get("pod") or data.get("identity") or "")
        return EventLine(number, data["number"], data["at_ms"], cluster, data["machine"], data["event"], about)
    return StepLine(
        number,
        data["number"],
        data["at_ms"],
        cluster,
        data["machine"],
        data["trigger"],
        data["phase"],
        value(data["sent"]),
        value(data["reply"]),
        data.get("detail", ""),
        value(data["facts"]) if "facts" in data else None,
        tuple((name, value(item)) for name, item in data.get("start", {}).items()),
    )


def value(data: Any, hint: Any = Any) -> Any:
    """Return the value that ``gungnir.runtime.trace.jsonable`` made this JSON of; ``hint`` is the type it had.

    Raises:
        ValueError: a type, a field or a member of an enum that does not exist (any more).
    """
    if isinstance(data, dict):
        return _named(data)
    if isinstance(data, list):
        items = [item for item in get_args(_one(hint, tuple)) if item is not Ellipsis]
        if len(items) > 1 and len(items) == len(data):
            return tuple(value(item, kind) for item, kind in zip(data, items, strict=True))
        return tuple(value(item, items[0] if items else Any) for item in data)
    if isinstance(data, str):
        kind = _one(hint, Enum)
        return kind(data) if isinstance(kind, type) and issubclass(kind, Enum) else data
    return data


def _named(data: dict[str, Any]) -> Any:
    kind = _VALUES.get(data.get("type", ""))
    if kind is None:
        raise ValueError(f"there is no type {data.get('type')!r}")
    fields = {name: item for name, item in data.items() if name != "type"}
    unknown = sorted(set(fields) - set(kind._fields))
    if unknown:
        raise ValueError(f"{kind.__name__} has no field {unknown[0]!r}")
    hints = _hints(kind)
    return kind(**{name: value(item, hints[name]) for name, item in fields.items()})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _one(hint: Any, kind: type) -> Any:
    """Return the alternative of a hint that is of this kind, or the hint itself."""
    if get_origin(hint) in (Union, types.UnionType):
        for alternative in get_args(hint):
            found = get_origin(alternative) or alternative
            if isinstance(found, type) and issubclass(found, kind):
                return alternative
    return hint
