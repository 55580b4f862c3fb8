"""From pydantic models to the structural schema that an API server takes.

Kubernetes takes a subset of OpenAPI v3: no references, no unions, every object with its fields spelled out.
Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

import inspect
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel

from gungnir.errors import BugError

_KEPT: Final = (
    "type",
    "format",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "required",
)
"""Keywords that mean the same in JSON schema and in a structural schema."""

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]


def structural_schema(model: type[BaseModel], mode: Mode) -> Json:
    """Return the structural schema of a model: ``validation`` for what users write, ``serialization`` for what we do.

    Defaults are for users only. An object's default is written out in full: the API server checks the rules against it
    before it fills in the defaults of the object's fields.

    Raises:
        BugError: if the model uses something that a structural schema cannot express.
    """
    root = model.model_json_schema(by_alias=True, mode=mode)
    return _convert(root, root.get("$defs", {}), model.__name__, mode)


def _convert(node: Mapping[str, Any], definitions: Mapping[str, Json], path: str, mode: Mode) -> Json:
    """Return the structural form of one node: references and optional unions are resolved in place."""
    node = _resolved(node, definitions, path)
    result: Json = {}
    if "description" in node:
        result["description"] = _one_paragraph(node["description"])
    result |= {key: node[key] for key in _KEPT if key in node}
    result |= {key: value for key, value in node.items() if key.startswith("x-kubernetes-")}
    if result.get("type") == "object" and "maxLength" in result:  # the length of a FrozenMap is its number of items
        result["maxProperties"] = result.pop("maxLength")
    if result.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
        result["anyOf"] = node["anyOf"]
    if "const" in node:
        result["enum"] = [node["const"]]
    if "items" in node:
        result["items"] = _convert(node["items"], definitions, f"{path}[]", mode)
    if "properties" in node:
        computed = {name for name, field in node["properties"].items() if field.get("readOnly")}
        result["required"] = [name for name in node.get("required", ()) if name not in computed]
        result["properties"] = {
            name: _convert(field, definitions, f"{path}.{name}", mode) for name, field in node["properties"].items()
        }
    if isinstance(node.get("additionalProperties"), Mapping):
        result["additionalProperties"] = _convert(node["additionalProperties"], definitions, f"{path}.*", mode)
    default = without_empty(node.get("default"))
    if default is not None and mode == "validation":
        result["default"] = default
    return {key: value for key, value in result.items() if value != []}


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Json], path: str) -> Json:
    """Follow references and take the one alternative of ``T | None``; keywords beside them win."""
    merged = dict(node)
    while True:
        if "$ref" in merged:
            target = definitions[merged.pop("$ref").removeprefix("#/$defs/")]
            merged = {**target, **merged}
        elif "anyOf" in merged and not merged.get("x-kubernetes-int-or-string"):
            alternatives = [option for option in merged.pop("anyOf") if option.get("type") != "null"]
            if len(alternatives) != 1:
                raise BugError(f"{path}: a structural schema has no unions; give the field one type")
            merged = {**alternatives[0], **merged}
        else:
            return merged


def without_empty(value: Any) -> Any:
    """Return a default without the parts that say no more than absence does, or None if nothing is left."""
    if isinstance(value, Mapping):
        kept = {key: inner for key, item in value.items() if (inner := without_empty(item)) is not None}
        return kept or None
    return None if value in ("", [], ()) else value


def _one_paragraph(text: str) -> str:
    """Return a docstring as one line, without the markup of code."""
    return " ".join(inspect.cleandoc(text).replace("``", "").split())
