"""A validation rule as data: said once in CEL for the API server, once in Python for the operator, once in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gungnir.api.objects import ValkeyCluster


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What both kinds of rule have in common."""

    name: str
    """Stable name, for tests and documents."""
    scope: str
    """Path of the object that ``self`` is in CEL; empty for the whole ValkeyCluster."""
    message: str
    """Why, and what to write instead."""
    field: str
    """Path of the field that breaks the rule."""


@dataclass(frozen=True, kw_only=True)
class StateRule(Rule):
    """A rule that every version of an object keeps."""

    cel: str
    """The rule for the API server."""
    holds: Callable[[ValkeyCluster], bool]


@dataclass(frozen=True, kw_only=True)
class ChangeRule(Rule):
    """A rule about an update: ``oldSelf`` in CEL, the first argument in Python."""

    cel: str
    """The rule for the API server."""
    holds: Callable[[ValkeyCluster, ValkeyCluster], bool]


@dataclass(frozen=True, kw_only=True)
class EntryRule(Rule):
    """A rule that each entry of a map in the spec keeps."""

    condition: str
    """The rule for the API server, about one ``key`` of the map ``self``."""
    entries: Callable[[ValkeyCluster], Mapping[str, str]]
    """The map that the scope names."""
    allows: Callable[[str, str], bool]
    """Tell whether an entry of this key and value keeps the rule."""

    def holds(self, cluster: ValkeyCluster) -> bool:
        """Tell whether every entry keeps the rule."""
        return not self.offenders(cluster)

    def offenders(self, cluster: ValkeyCluster) -> tuple[str, ...]:
        """Return the keys of the entries that break the rule."""
        return tuple(key for key, value in self.entries(cluster).items() if not self.allows(key, value))

    @property
    def cel(self) -> str:
        """The rule for the API server, about the whole map."""
        return f"self.all(key, {self.condition})"


AnyRule = StateRule | ChangeRule | EntryRule
