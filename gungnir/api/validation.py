"""Checks of a whole cluster, and of an update, against the rules that are data."""

from collections.abc import Mapping
from typing import Any

from gungnir.api.change_rules import CHANGE_RULES
from gungnir.api.entry_rules import ENTRY_RULES
from gungnir.api.errors import Problem
from gungnir.api.objects import ValkeyCluster
from gungnir.api.problems import shown
from gungnir.api.rule import Rule
from gungnir.api.state_rules import STATE_RULES


def check(cluster: ValkeyCluster) -> tuple[Problem, ...]:
    """Return what is wrong with the cluster by the rules beyond types and bounds; nothing if all hold."""
    broken = (_problem(rule, cluster) for rule in STATE_RULES if not rule.holds(cluster))
    entries = (
        Problem(f"{rule.field}.{key}", shown(rule.entries(cluster)[key]), rule.message)
        for rule in ENTRY_RULES
        for key in rule.offenders(cluster)
    )
    return (*broken, *entries)


def check_change(old: ValkeyCluster, new: ValkeyCluster) -> tuple[Problem, ...]:
    """Return what is wrong with replacing ``old`` by ``new``; nothing if the change is allowed."""
    return tuple(_problem(rule, new) for rule in CHANGE_RULES if not rule.holds(old, new))


def _problem(rule: Rule, cluster: ValkeyCluster) -> Problem:
    value: Any = cluster.to_wire()
    for part in rule.field.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return Problem(rule.field, "" if value is None else shown(value), rule.message)
