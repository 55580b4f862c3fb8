"""Wrong versions of the code and of the environment. A check that lets one of them pass has shown nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import NamedTuple

from spec.models.failover import Model


class Mutant(NamedTuple):
    """A change, the model that must find it, and the names of the predicates of which one must fail.

    ``patches`` are (module, attribute, replacement). A mutant of the environment alone has none: its model differs.
    """

    name: str
    model: Model
    killed_by: tuple[str, ...]
    patches: tuple[tuple[ModuleType, str, object], ...] = ()


@contextmanager
def applied(mutant: Mutant) -> Iterator[None]:
    """Replace the functions for as long as the context lasts."""
    before = [(module, name, getattr(module, name)) for module, name, _ in mutant.patches]
    for module, name, replacement in mutant.patches:
        setattr(module, name, replacement)
    try:
        yield
    finally:
        for module, name, original in before:
            setattr(module, name, original)
