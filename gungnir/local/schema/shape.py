"""Is a schema structural? Judged when a CustomResourceDefinition is written, so that judging objects cannot fail.

Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

import re
from typing import Any, Final

from gungnir.local.errors import INVALID, NOT_SUPPORTED, REQUIRED, FieldError
from gungnir.local.schema.structural import Schema, validate

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_NUMBERS: Final = ("minimum", "maximum", "multipleOf")
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_JUNCTORS: Final = ("allOf", "anyOf", "oneOf")
_LISTS: Final = (*_JUNCTORS, "enum", "required", "x-kubernetes-list-map-keys", "x-kubernetes-validations")
_LIST_TYPES: Final = ("atomic", "map", "set")


def check(schema: Any, path: str) -> list[FieldError]:
    """Return what keeps a schema, or a schema inside it, from being structural."""
    if not isinstance(schema, dict):
        return [FieldError(INVALID, path, "must be a schema (a JSON object)", schema)]
    errors = _type(schema, path) + _values(schema, path)
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, inner in properties.items():
            errors += check(inner, f"{path}.properties[{name}]")
    elif properties is not None:
        errors.append(FieldError(INVALID, f"{path}.properties", "must be a map of schemas", properties))
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        errors += check(additional, f"{path}.additionalProperties")
        if properties:
            detail = "additionalProperties and properties are mutual exclusive"
            errors.append(FieldError("Forbidden", f"{path}.additionalProperties", detail))
    elif additional is not None and not isinstance(additional, bool):
        errors.append(FieldError(INVALID, f"{path}.additionalProperties", "must be a schema or a boolean", additional))
    if schema.get("items") is not None:
        errors += check(schema["items"], f"{path}.items")
    elif schema.get("type") == "array":
        errors.append(FieldError(REQUIRED, f"{path}.items", "must be specified"))
    return errors + _logic(schema, path) + ([] if errors else _default(schema, path))


def _type(schema: Schema, path: str) -> list[FieldError]:
    found = schema.get("type")
    free = schema.get("x-kubernetes-int-or-string") or schema.get("x-kubernetes-preserve-unknown-fields")
    if not found:
        return [] if free else [FieldError(REQUIRED, f"{path}.type", "must not be empty for specified object fields")]
    if found in _TYPES:
        return []
    listed = ", ".join(f'"{name}"' for name in _TYPES)
    return [FieldError(NOT_SUPPORTED, f"{path}.type", f"supported values: {listed}", found)]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _values(schema: Schema, path: str) -> list[FieldError]:
    errors = [
        FieldError(INVALID, f"{path}.{name}", "must be a number", schema[name])
        for name in _NUMBERS
        if schema.get(name) is not None and not _is_number(schema[name])
    ]
    errors += [
        FieldError(INVALID, f"{path}.{name}", "must be an integer", schema[name])
        for name in _COUNTS
        if schema.get(name) is not None and (not isinstance(schema[name], int) or isinstance(schema[name], bool))
    ]
    errors += [
        FieldError(INVALID, f"{path}.{name}", "must be a list", schema[name])
        for name in _LISTS
        if schema.get(name) is not None and not isinstance(schema[name], list)
    ]
    if schema.get("x-kubernetes-list-type") not in (None, *_LIST_TYPES):
        detail = 'supported values: "atomic", "map", "set"'
        errors.append(
            FieldError(NOT_SUPPORTED, f"{path}.x-kubernetes-list-type", detail, schema["x-kubernetes-list-type"])
        )
    pattern = schema.get("pattern")
    if pattern is not None:
        try:
            re.compile(pattern)
        except (re.error, TypeError) as exc:
            errors.append(FieldError(INVALID, f"{path}.pattern", f"must be a valid regular expression: {exc}", pattern))
    return errors


def _logic(schema: Schema, path: str) -> list[FieldError]:
    """Check the schemas of logical junctors, which restrict values and need no type of their own."""
    errors: list[FieldError] = []
    inner = [(f"{path}.{name}[{i}]", item) for name in _JUNCTORS for i, item in _indexed(schema, name)]
    if schema.get("not") is not None:
        inner.append((f"{path}.not", schema["not"]))
    for at, item in inner:
        if not isinstance(item, dict):
            errors.append(FieldError(INVALID, at, "must be a schema (a JSON object)", item))
        else:
            errors += _restriction(item, at)
    return errors


def _restriction(schema: Schema, path: str) -> list[FieldError]:
    return check({"x-kubernetes-preserve-unknown-fields": True, **schema}, path)


def _indexed(schema: Schema, name: str) -> list[tuple[int, Any]]:
    value = schema.get(name)
    return list(enumerate(value)) if isinstance(value, list) else []


def _default(schema: Schema, path: str) -> list[FieldError]:
    """Check that a default keeps to its own schema."""
    if schema.get("default") is None:
        return []
    return [
        FieldError(INVALID, f"{path}.default", error.detail or error.kind, schema["default"])
        for error in validate(schema, schema["default"], "default")
    ]
