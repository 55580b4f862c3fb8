from typing import Any

import pytest

from gungnir.local.schema.shape import check

Obj = dict[str, Any]


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({}, "s.type: Required value: must not be empty"),
        ({"type": "text"}, 's.type: Unsupported value: "text"'),
        ({"type": "array"}, "s.items: Required value"),
        ({"type": "object", "properties": {"a": 1}}, "s.properties[a]: Invalid value: 1: must be a schema"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}},
            "mutual",
        ),
        ({"type": "string", "pattern": "("}, "s.pattern: Invalid value"),
        ({"type": "string", "maxLength": "9"}, "s.maxLength: Invalid value"),
        ({"type": "integer", "minimum": "1"}, "s.minimum: Invalid value"),
        ({"type": "integer", "maximum": 3, "default": 5}, "s.default: Invalid value: 5"),
        ({"type": "string", "enum": "a"}, "s.enum: Invalid value"),
        ({"type": "string", "anyOf": [3]}, "s.anyOf[0]: Invalid value"),
        ({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "bag"}, "x-kubernetes-list-type"),
    ],
)
def test_what_is_not_structural_is_told(schema: Obj, says: str) -> None:
    assert says in "; ".join(str(error) for error in check(schema, "s"))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        {"type": "object", "additionalProperties": True},
        {"type": "array", "items": {"type": "string", "default": "a"}},
        {"type": "object", "not": {"required": ["a"]}},
    ],
)
def test_what_is_structural_passes(schema: Obj) -> None:
    assert check(schema, "s") == []
