"""Load the worlds anew, from code that a mutant changed, beside the ones that are loaded already.

The copy is complete: everything that decides, and everything here that looks inside it. Nobody else's modules are
touched, so the code as it is and a wrong version of it can be stepped through side by side.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Final

from spec.mutants.catalogue import MUTANTS, named
from spec.mutants.source import install
from spec.repl.game import ReplError

COPIED: Final = ("gungnir.machines", "gungnir.resources", "spec")
"""Packages that are loaded anew. Errors and the pydantic models are values to both copies, and stay the same."""
KEPT: Final = ("spec.repl",)
"""What steps through a copy and is not part of it, but for ``spec.repl.worlds``."""
COPIES: Final = 4
"""So many copies are kept, of those that were stepped through last."""
WORLDS: Final = "spec.repl.worlds"
GAMELESS: Final = ("alone: ", "reconcile: ")
"""How the names of models begin that no game shows: they are explored only."""


def _within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def _copied(name: str) -> bool:
    return _within(name, (WORLDS,)) or (_within(name, COPIED) and not _within(name, KEPT) and name != "spec")


@contextmanager
def aside() -> Iterator[None]:
    """Forget the modules of a copy for as long as the context lasts: imports in it load them anew."""
    modules = {name: module for name, module in sys.modules.items() if _copied(name)}
    finders = list(sys.meta_path)
    for name in modules:
        del sys.modules[name]
    try:
        yield
    finally:
        sys.meta_path[:] = finders
        for name in [name for name in sys.modules if _copied(name)]:
            del sys.modules[name]
        sys.modules.update(modules)
        for name, module in modules.items():
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:  # an import binds a module in its package too
                setattr(sys.modules[parent], child, module)


@lru_cache(maxsize=COPIES)
def catalogue_of(mutant: str = "") -> ModuleType:
    """Return ``spec.repl.worlds.catalogue``: of the code as it is, or of a copy that this mutant changed.

    Raises:
        ReplError: there is no mutant of this name.
    """
    if not mutant:
        return importlib.import_module(f"{WORLDS}.catalogue")
    if mutant not in mutants():
        raise ReplError(f"there is no mutant {mutant!r}: `mutants` lists what there is")
    with aside():
        install(named(mutant).edits)
        return importlib.import_module(f"{WORLDS}.catalogue")


def mutants() -> dict[str, str]:
    """Return the name of each mutant that a model finds which can be stepped through, and by which predicates."""
    found = (mutant for mutant in MUTANTS if mutant.killer.model and not mutant.killer.model.startswith(GAMELESS))
    return {mutant.name: " or ".join(mutant.killer.by) for mutant in found}
