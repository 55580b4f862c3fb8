"""The base of all API models: frozen, hashable, camelCase on the wire, snake_case in Python.

Machines compare and hash states that contain these models, so everything in them is immutable: lists are tuples, maps
are ``FrozenMap``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import core_schema

V_co = TypeVar("V_co", covariant=True)


class FrozenMap(Mapping[str, V_co]):
    """An immutable, hashable map with text keys, equal to any mapping with the same items.

    Values are frozen too: nested mappings become ``FrozenMap``, nested lists become tuples. ``thaw`` undoes it.
    """

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[str, Any] | None = None) -> None:
        self._items: dict[str, V_co] = {key: freeze(value) for key, value in (items or {}).items()}
        self._hash: int | None = None

    def __getitem__(self, key: str) -> V_co:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._items.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        if isinstance(other, FrozenMap):
            return self._items == other._items
        return self._items == other if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        return f"FrozenMap({self._items!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate like ``dict[str, V]``, then freeze; serialize as a plain dict."""
        value_type = (get_args(source) or (Any,))[0]
        plain = handler.generate_schema(dict[str, value_type])  # type: ignore[valid-type]  # known at run time only
        return core_schema.no_info_before_validator_function(
            thaw,
            core_schema.no_info_after_validator_function(cls, plain),
            serialization=core_schema.plain_serializer_function_ser_schema(thaw, return_schema=plain),
        )


def freeze(value: Any) -> Any:
    """Return the JSON tree as an immutable, hashable value."""
    if isinstance(value, FrozenMap):
        return value
    if isinstance(value, Mapping):
        return FrozenMap(value)
    return tuple(freeze(item) for item in value) if isinstance(value, list | tuple) else value


def thaw(value: Any) -> Any:
    """Return a frozen JSON tree as plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    return [thaw(item) for item in value] if isinstance(value, list | tuple) else value


class ApiModel(BaseModel):
    """Base of spec and status models. Python code constructs by field name; the wire is read and written by alias."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
        validate_by_alias=True,
        validate_by_name=True,
    )

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON object for the API server: camelCase keys, absent values left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def replaced(self, **changes: Any) -> Self:
        """Return a validated copy in which the named fields (snake_case) have new values.

        Raises:
            pydantic.ValidationError: if a field is unknown or its new value is not allowed.
        """
        return self.model_validate({**{name: getattr(self, name) for name in type(self).model_fields}, **changes})
