"""Structural schemas of CustomResourceDefinitions: pruning, defaulting, validation.

The wording of the errors is that of ``kube-openapi/pkg/validation`` as apiextensions reports it.
"""

import re
from copy import deepcopy
from functools import lru_cache
from typing import Any, Final

from gungnir.local.errors import INVALID, NOT_SUPPORTED, REQUIRED, TOO_LONG, TOO_MANY, FieldError

Schema = dict[str, Any]
TYPE_ERROR: Final = "FieldValueTypeInvalid"
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_ROOT_FIELDS: Final = frozenset({"apiVersion", "kind", "metadata"})
_MISSING: Final = object()


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def join(path: str, name: str) -> str:
    """Return the path of a property."""
    return f"{path}.{name}" if path else name


def prune(schema: Schema, value: Any, path: str = "", *, root: bool = False) -> list[str]:
    """Remove the fields that the schema does not name and return their paths."""
    unknown: list[str] = []
    if isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, dict):
            for i, item in enumerate(value):
                unknown += prune(items, item, f"{path}[{i}]")
        return unknown
    if not isinstance(value, dict):
        return unknown
    properties: Schema = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    keep = bool(schema.get(_PRESERVE)) or additional is True
    kept = _ROOT_FIELDS if root or schema.get("x-kubernetes-embedded-resource") else frozenset()
    for name in list(value):
        if name in kept:
            continue
        inner = properties.get(name, additional if isinstance(additional, dict) else None)
        if inner is not None:
            if isinstance(value[name], (dict, list)):
                unknown += prune(inner, value[name], join(path, name))
        elif not keep:
            del value[name]
            unknown.append(join(path, name))
    return unknown


def mark_defaults(schema: Schema) -> bool:
    """Note in each node of a schema whether there is a default below it; a status rarely has any."""
    nodes = [*(schema.get("properties") or {}).values(), schema.get("items"), schema.get("additionalProperties")]
    below = [mark_defaults(node) or "default" in node for node in nodes if isinstance(node, dict)]
    schema["~has_defaults"] = any(below)
    return any(below)


def apply_defaults(schema: Schema, value: Any) -> None:
    """Fill in the schema's defaults, and drop a null where the schema has a default and no ``nullable``."""
    if not schema.get("~has_defaults", True):
        return
    if isinstance(value, dict):
        _default_fields(schema, value)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for item in value:
            apply_defaults(schema["items"], item)


def _default_fields(schema: Schema, value: Schema) -> None:
    for name, inner in (schema.get("properties") or {}).items():
        if "default" in inner and _is_absent(value, name, inner):
            value[name] = deepcopy(inner["default"])
        if name in value:
            apply_defaults(inner, value[name])
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        named = schema.get("properties") or {}
        for name in value.keys() - named.keys():
            apply_defaults(additional, value[name])


def _is_absent(value: Schema, name: str, schema: Schema) -> bool:
    return name not in value or (value[name] is None and not schema.get("nullable"))


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _has_type(value: Any, wanted: str) -> bool:
    found = _type_of(value)
    return found == wanted or (wanted == "number" and found == "integer")


def validate(schema: Schema, value: Any, path: str = "", old: Any = _MISSING) -> list[FieldError]:
    """Return every rule of the schema that ``value`` breaks.

    A value that equals its former version is not judged again (ratcheting), so that a schema that became stricter does
    not block changes elsewhere in the object.
    """
    if old is not _MISSING and value == old:
        return []
    if value is None and schema.get("nullable"):
        return []
    if schema.get("x-kubernetes-int-or-string"):
        if _type_of(value) not in {"integer", "string"}:
            return [_wrong_type(path, "integer,string", value)]
    elif (wanted := schema.get("type")) and not _has_type(value, wanted):
        return [_wrong_type(path, wanted, value)]
    errors = _scalar(schema, value, path)
    if isinstance(value, dict):
        errors += _object(schema, value, path, old)
    elif isinstance(value, list):
        errors += _array(schema, value, path, old)
    return errors + _logic(schema, value, path)


def _wrong_type(path: str, wanted: str, value: Any) -> FieldError:
    found = _type_of(value)
    return FieldError(INVALID, path, f'{path} in body must be of type {wanted}: "{found}"', found, cause=TYPE_ERROR)


def _scalar(schema: Schema, value: Any, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    allowed = schema.get("enum")
    if allowed is not None and value not in allowed:
        listed = ", ".join(f'"{item}"' for item in allowed)
        errors.append(FieldError(NOT_SUPPORTED, path, f"supported values: {listed}", value))
    if isinstance(value, str):
        errors += _string(schema, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        errors += _number(schema, value, path)
    return errors


def _string(schema: Schema, value: str, path: str) -> list[FieldError]:
    errors = []
    if (pattern := schema.get("pattern")) is not None and not _pattern(pattern).search(value):
        errors.append(FieldError(INVALID, path, f"{path} in body should match '{pattern}'", value))
    if len(value) < schema.get("minLength", 0):
        detail = f"{path} in body should be at least {schema['minLength']} chars long"
        errors.append(FieldError(INVALID, path, detail, value))
    if (longest := schema.get("maxLength")) is not None and len(value) > longest:
        errors.append(FieldError(TOO_LONG, path, f"may not be more than {longest} bytes", value))
    return errors


def _number(schema: Schema, value: float, path: str) -> list[FieldError]:
    errors = []
    least, most, step = schema.get("minimum"), schema.get("maximum"), schema.get("multipleOf")
    if least is not None and (value < least or (schema.get("exclusiveMinimum") and value == least)):
        words = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
        errors.append(FieldError(INVALID, path, f"{path} in body should be {words} {least}", value))
    if most is not None and (value > most or (schema.get("exclusiveMaximum") and value == most)):
        words = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
        errors.append(FieldError(INVALID, path, f"{path} in body should be {words} {most}", value))
    if step and value % step:
        errors.append(FieldError(INVALID, path, f"{path} in body should be a multiple of {step}", value))
    return errors


def _object(schema: Schema, value: Schema, path: str, old: Any) -> list[FieldError]:
    before = old if isinstance(old, dict) else {}
    errors = [FieldError(REQUIRED, join(path, name)) for name in schema.get("required") or [] if name not in value]
    properties: Schema = schema.get("properties") or {}
    additional = schema.get("additionalProperties")
    for name, item in value.items():
        if name in properties:
            errors += validate(properties[name], item, join(path, name), before.get(name, _MISSING))
        elif isinstance(additional, dict):
            errors += validate(additional, item, join(path, name), before.get(name, _MISSING))
    if len(value) < schema.get("minProperties", 0):
        detail = f"{path} in body should have at least {schema['minProperties']} properties"
        errors.append(FieldError(INVALID, path, detail, value))
    if (most := schema.get("maxProperties")) is not None and len(value) > most:
        errors.append(FieldError(TOO_MANY, path, f"{len(value)}: must have at most {most} items"))
    return errors


def _array(schema: Schema, value: list[Any], path: str, old: Any) -> list[FieldError]:
    errors: list[FieldError] = []
    if len(value) < schema.get("minItems", 0):
        errors.append(
            FieldError(INVALID, path, f"{path} in body should have at least {schema['minItems']} items", value)
        )
    if (most := schema.get("maxItems")) is not None and len(value) > most:
        errors.append(FieldError(TOO_MANY, path, f"{len(value)}: must have at most {most} items"))
    items = schema.get("items")
    if isinstance(items, dict):
        for i, item in enumerate(value):
            errors += validate(items, item, f"{path}[{i}]", correlated(schema, old, item))
    return errors + _unique(schema, value, path)


def _unique(schema: Schema, value: list[Any], path: str) -> list[FieldError]:
    list_type, seen, errors = schema.get("x-kubernetes-list-type"), [], []
    if list_type not in {"set", "map"} and not schema.get("uniqueItems"):
        return []
    keys = schema.get("x-kubernetes-list-map-keys") or []
    for i, item in enumerate(value):
        identity = {key: item.get(key) for key in keys} if list_type == "map" and isinstance(item, dict) else item
        if identity in seen:
            errors.append(FieldError("Duplicate value", f"{path}[{i}]", "", identity))
        seen.append(identity)
    return errors


def correlated(schema: Schema, old: Any, item: Any) -> Any:
    """Return the former version of a list's element: only lists of type ``map`` have one, found by their keys."""
    if schema.get("x-kubernetes-list-type") != "map" or not isinstance(old, list) or not isinstance(item, dict):
        return _MISSING
    keys = schema.get("x-kubernetes-list-map-keys") or []
    for candidate in old:
        if isinstance(candidate, dict) and all(candidate.get(key) == item.get(key) for key in keys):
            return candidate
    return _MISSING


def is_missing(old: Any) -> bool:
    """Tell whether ``correlated`` found nothing."""
    return old is _MISSING


def _logic(schema: Schema, value: Any, path: str) -> list[FieldError]:
    errors: list[FieldError] = []
    for inner in schema.get("allOf") or []:
        errors += validate(inner, value, path)
    choices = schema.get("anyOf")
    if choices and not schema.get("x-kubernetes-int-or-string") and all(validate(c, value, path) for c in choices):
        errors.append(FieldError(INVALID, path, f"{path} in body must validate at least one schema (anyOf)", value))
    choices = schema.get("oneOf")
    if choices and sum(not validate(c, value, path) for c in choices) != 1:
        errors.append(FieldError(INVALID, path, f"{path} in body must validate one and only one schema (oneOf)", value))
    if (denied := schema.get("not")) and not validate(denied, value, path):
        errors.append(FieldError(INVALID, path, f"{path} in body must not validate the schema (not)", value))
    return errors
