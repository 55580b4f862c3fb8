"""What is special about a kind: its defaults, its rules and what the server itself fills in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gungnir.local.errors import FieldError

Obj = dict[str, Any]


def _nothing(_: Obj) -> None:
    """Leave the object as it is."""


def _no_errors(_: Obj) -> list[FieldError]:
    return []


def _no_update_errors(_new: Obj, _old: Obj) -> list[FieldError]:
    return []


def _keep(_new: Obj, _old: Obj) -> None:
    """Carry nothing over from the old version."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """The hooks of one kind; each changes or judges the object it is given."""

    default: Callable[[Obj], None] = _nothing
    """Fill in the defaults of the API, on create and on update."""
    initial_status: Callable[[Obj], None] = _nothing
    """Set the status of a new object, after the client's own was dropped."""
    carry_over: Callable[[Obj, Obj], None] = _keep
    """``(new, old)``: keep what the server allocated when an update leaves it out."""
    validate: Callable[[Obj], list[FieldError]] = _no_errors
    validate_update: Callable[[Obj, Obj], list[FieldError]] = _no_update_errors
    """``(new, old)``: what may not change."""


PLAIN = Strategy()
