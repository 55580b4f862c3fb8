"""A validation rule as data: said once in CEL for the API server, once in Python for the operator, once in words."""

from collections.abc import Callable
from dataclasses import dataclass

from gungnir.api.objects import ValkeyCluster


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What both kinds of rule have in common."""

    name: str
    """Stable name, for tests and documents."""
    scope: str
    """Path of the object that ``self`` is in CEL; empty for the whole ValkeyCluster."""
    cel: str
    """The rule for the API server."""
    message: str
    """Why, and what to write instead."""
    field: str
    """Path of the field that breaks the rule."""


@dataclass(frozen=True, kw_only=True)
class StateRule(Rule):
    """A rule that every version of an object keeps."""

    holds: Callable[[ValkeyCluster], bool]


@dataclass(frozen=True, kw_only=True)
class ChangeRule(Rule):
    """A rule about an update: ``oldSelf`` in CEL, the first argument in Python."""

    holds: Callable[[ValkeyCluster, ValkeyCluster], bool]
