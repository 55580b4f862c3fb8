"""Every action of every world. One that no quick model takes is dead: nothing is shown of what it is there for.

An exception says why; one that is taken all the same is stale. ``spec/test_models.py`` refuses both.
"""

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from spec.explorer import Result

_PODS: Final = frozenset(
    {
        *("api", "command", "elapsed", "failover", "lost", "nobody", "repair", "restart", "stray", "stray raise"),
        *("switchover", "scale-down", "watch", "glimpse"),
        *("attach", "boot", "link timeout", "load", "loaded", "report", "rewrite", "stream", "write"),
        *("crash", "crash-short", "cut", "forget", "heal", "isolate", "lose", "power", "replace"),
        *("ask", "withdraw", "recreate"),
    }
)
WORLDS: Final[Mapping[str, frozenset[str]]] = {
    "failover": _PODS,
    "lease": frozenset(
        {
            *("api", "cut", "delete", "drain", "heal", "lost", "replace", "reply", "restart", "start", "stray", "tick"),
            *("unreachable", "wake"),
        }
    ),
    "reconcile": frozenset(
        {
            *("api", "forbidden", "lost", "reconcile", "restart", "stray", "watch"),
            *("change", "collect", "create", "delete", "delete in foreground", "edit", "failover", "foreign", "gone"),
            *("promote", "remove", "remove slowly"),
        }
    ),
    "alone": frozenset({"begins", "reply"}),
}
"""The actions of each world. The others, those of ``SAME_WORLD``, are of that of the failover models."""
SAME_WORLD: Final = {
    "switchover": "failover",
    "scale-down": "failover",
    "release": "failover",
    "shrink": "failover",
    "kept": "failover",
    "rewrite": "failover",
}
UNTAKEN: Final[Mapping[tuple[str, str], str]] = {}
"""(world, action) that no quick model takes, and why."""
SOURCES: Final = Path(__file__).with_name("environment")


def world_of(model: str) -> str:
    """Return the world of a model, given its name in the catalogue."""
    prefix = model.partition(":")[0]
    return SAME_WORLD.get(prefix, prefix)


def complaints(explored: Mapping[str, Result[Any]]) -> list[str]:
    """Return which actions no explored model took although nothing excuses that, and which excuses are stale."""
    taken = {(world_of(model), action) for model, result in explored.items() for action in _taken(result)}
    known = {(world, action) for world, actions in WORLDS.items() for action in actions}
    return [
        *(f"{world}: {action} is taken and not listed" for world, action in sorted(taken - known)),
        *(f"{world}: {action} is never taken" for world, action in sorted(known - taken - UNTAKEN.keys())),
        *(f"{world}: {action} is taken, and excused" for world, action in sorted(taken & UNTAKEN.keys())),
    ]


def _taken(result: Result[Any]) -> Iterable[str]:
    return (action for action, count in result.actions.items() if count)


def named_in_the_source() -> frozenset[str]:
    """Return the names of actions that the worlds' sources make labels of, where they are written out."""
    found: set[str] = set()
    for path in SOURCES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Label":
                name = node.args[0]
                options = (name.body, name.orelse) if isinstance(name, ast.IfExp) else (name,)
                found.update(str(option.value) for option in options if isinstance(option, ast.Constant))
    return frozenset(found)
