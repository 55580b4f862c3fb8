"""When two JSON values mean the same to an API server: it rewrites quantities and leaves empty fields out."""

from typing import Any, Final

from gungnir.api.quantity import parse_quantity

_QUANTITIES: Final = frozenset({"limits", "requests", "sizeLimit"})
"""Fields that hold a quantity or a map of quantities: ``1024Mi`` comes back as ``1Gi``."""
_MEANINGFUL_EMPTY: Final = frozenset({"emptyDir", "labelSelector", "namespaceSelector", "preference"})
"""Fields whose empty object says something else than its absence."""


def is_empty(value: Any) -> bool:
    """Return whether the API server stores nothing for this value."""
    return value is None or value in ({}, [], "")


def equivalent(one: Any, other: Any, field: str = "") -> bool:
    """Return whether two values of a field mean the same.

    Args:
        one: A JSON value.
        other: A JSON value.
        field: Name of the field that holds them.
    """
    if is_empty(one) or is_empty(other):
        return (
            is_empty(one) and is_empty(other) and (field not in _MEANINGFUL_EMPTY or (one is None) == (other is None))
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return all(
            equivalent(one.get(key), other.get(key), field if field in _QUANTITIES else key)
            for key in one.keys() | other.keys()
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equivalent, one, other))
    if field in _QUANTITIES:
        return _same_quantity(one, other)
    # True == 1 in Python; never on the wire.
    return type(one) is type(other) and bool(one == other)


def _same_quantity(one: Any, other: Any) -> bool:
    try:
        return parse_quantity(one) == parse_quantity(other)
    except ValueError:
        return bool(one == other)
