"""A role's rules and the rights of the operator's table, in one form that can be compared."""

from collections.abc import Mapping
from typing import Any

from gungnir.runtime.rights import Right


def granted(role: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """Return the (group, resource path, verb) that a role allows."""
    return {
        (group, path, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for path in rule["resources"]
        for verb in rule["verbs"]
    }


def needed(*rights: Right) -> set[tuple[str, str, str]]:
    """Return the (group, resource path, verb) of these rights."""
    return {(right.resource.group, right.path, right.verb) for right in rights}
