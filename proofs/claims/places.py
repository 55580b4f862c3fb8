"""Where things are: the function that a text stands in, what a law calls, what is importable, what is in the models."""

import ast
import inspect
import json
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from proofs.laws import Law
from spec.models.catalogue import QUICK, Entry, named_predicates
from spec.mutants import Edit
from spec.mutants.source import source_of

ROOT: Final = Path(__file__).resolve().parents[2]
PINS: Final[dict[str, list[int]]] = json.loads((ROOT / "spec" / "pins.json").read_text(encoding="utf-8"))


class Predicate(NamedTuple):
    """A predicate that models evaluate: its name there, the first line of what it says of itself, its place."""

    name: str
    text: str
    place: str


def enclosing(edit: Edit) -> str:
    """Return ``module:name`` of the top-level function, class or value in which an edit begins; else the module."""
    text = source_of(edit.module)
    line = text[: text.index(edit.old)].count("\n") + 1 + (len(edit.old) - len(edit.old.lstrip("\n")))
    for node in ast.parse(text).body:
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                return f"{edit.module}:{node.name}"
            target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
            return f"{edit.module}:{target.id}" if isinstance(target, ast.Name) else edit.module
    return edit.module


def line_of(edit: Edit) -> str:
    """Return the first line of production that an edit changes."""
    return next(line.strip() for line in edit.old.splitlines() if line.strip())


def importable(place: str) -> bool:
    """Tell whether a place is there."""
    module, _, name = place.partition(":")
    try:
        found: object = import_module(module)
        for part in name.split("."):
            found = getattr(found, part) if part else found
    except (ImportError, AttributeError):
        return False
    return True


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def called(law: Law) -> tuple[str, ...]:
    """Return the production functions that a law's file imports and that the law uses, itself or by a helper."""
    body = _tree(law.path).body
    imported = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef)}
    used, left = dict[str, None](), [law.name]
    seen = set(left)
    while left:
        for place, name in _uses(functions[left.pop()], imported):
            used.setdefault(place)
            if name in functions and name not in seen:
                seen.add(name)
                left.append(name)
    return tuple(sorted(place for place in used if place))


def _uses(function: ast.FunctionDef, imported: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield (place or empty, name) of the names that are used in a function."""
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
            yield _production(".".join(imported[node.value.id]), node.attr), ""
        elif isinstance(node, ast.Name):
            module, name = imported.get(node.id, ("", ""))
            yield _production(module, name), node.id


def _production(module: str, name: str) -> str:
    if not module.startswith("gungnir."):
        return ""
    try:
        function = inspect.isfunction(getattr(import_module(module), name, None))
    except ImportError:
        return ""
    return f"{module}:{name}" if function else ""


@cache
def predicates() -> tuple[Predicate, ...]:
    """Return every predicate of every world, one that a function makes by that function, each place once."""
    found = dict[tuple[str, str], str]()
    for name, function in named_predicates():
        owner = function.__qualname__.partition(".")[0]
        module = function.__module__
        text = inspect.getdoc(getattr(import_module(module), owner)) or ""
        found.setdefault((name, f"{module}:{owner}"), text.split("\n")[0])
    return tuple(Predicate(name, text, place) for (name, place), text in found.items())


@cache
def checking(name: str) -> tuple[Entry, ...]:
    """Return the quick models that evaluate the predicate of this name."""
    return tuple(entry for entry in QUICK if name in entry.properties)


def searched(name: str) -> str:
    """Return how far a predicate is searched: models, their states and transitions as they are pinned."""
    entries = checking(name)
    states, steps = (sum(PINS[entry.name][place] for entry in entries) for place in (0, 1))
    plural = "" if len(entries) == 1 else "s"
    return f"exhaustive search: {len(entries)} model{plural}, {states:,} states, {steps:,} transitions, to the end"
