"""From pydantic's errors to sentences for the owner of the object."""

import difflib
import json
from collections.abc import Iterable
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gungnir.api.errors import Problem

_SHOWN: Final = 80
"""Characters of an offending value that are shown."""

_SENTENCES: Final = {
    "missing": "is required; add it",
    "greater_than_equal": "must be at least {ge}; raise it",
    "less_than_equal": "must be at most {le}; lower it",
    "string_too_short": "must have at least {min_length} character(s); write a value or leave the field out",
    "string_too_long": "must have at most {max_length} characters; shorten it",
    "too_short": "must have at least {min_length} item(s); add one or leave the field out",
    "too_long": "must have at most {max_length} items; remove some",
    "string_pattern_mismatch": "must match {pattern}; correct it",
    "literal_error": "must be {expected}; write one of these",
    "enum": "must be {expected}; write one of these",
    "int_type": "must be a whole number; write it without quotes and fraction",
    "int_from_float": "must be a whole number; write it without fraction",
    "string_type": "must be text; put it in quotes",
    "bool_type": "must be true or false; write it without quotes",
    "dict_type": "must be a map of keys to values",
    "model_type": "must be a map of fields to values",
    "tuple_type": "must be a list",
    "value_error": "{error}",
}


def from_validation_error(error: ValidationError, model: type[BaseModel]) -> tuple[Problem, ...]:
    """Return one problem per offending field of ``model``, in the order of the fields.

    A list or map of which an entry is wrong is not reported itself: pydantic drops the entry and finds it too short.
    """
    problems: dict[str, Problem] = {}
    for details in error.errors(include_url=False):
        problem = _problem(details, model)
        problems.setdefault(problem.path, problem)
    return tuple(problem for path, problem in problems.items() if not _has_inner(path, problems))


def _has_inner(path: str, paths: Iterable[str]) -> bool:
    return any(other.startswith((f"{path}.", f"{path}[")) for other in paths)


def _problem(details: ErrorDetails, model: type[BaseModel]) -> Problem:
    kind, context = details["type"], details.get("ctx", {})
    location = details["loc"]
    path = dotted(location)
    if kind == "extra_forbidden":
        return Problem(path, shown(details["input"]), _unknown_field(str(location[-1]), model, location[:-1]))
    value = "" if kind == "missing" else shown(details["input"])
    sentence = _SENTENCES.get(kind)
    message = sentence.format(**context) if sentence else f"{details['msg']}; correct it"
    return Problem(path, value, message)


def _unknown_field(name: str, model: type[BaseModel], parents: Iterable[int | str]) -> str:
    known = _fields(model, parents)
    close = difflib.get_close_matches(name, known, n=1)
    return f"is not a known field; did you mean {close[0]}?" if close else "is not a known field; remove it"


def _fields(model: type[BaseModel], parents: Iterable[int | str]) -> list[str]:
    """Return the wire names of the fields of the model found under ``parents``."""
    current: Any = model
    for part in parents:
        if isinstance(part, int):
            continue
        field = next((f for f in current.model_fields.values() if f.alias == part), None)
        inner = _model_in(field.annotation) if field else None
        if inner is None:
            return []
        current = inner
    return [field.alias or name for name, field in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation is, or holds in an optional or a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _model_in(arg))), None)


def dotted(location: Iterable[int | str]) -> str:
    """Return a field path as Kubernetes writes it, as in ``spec.tolerations[0].effect``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def shown(value: Any) -> str:
    """Return a value as JSON on one line, shortened."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
