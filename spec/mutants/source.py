"""Change the source of modules as they are imported."""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from spec.mutants import Edit


class StaleMutantError(Exception):
    """The text that a mutant replaces is not in the source exactly once: rewrite the mutant for the code as it is."""


def changed(edits: Sequence[Edit], module: str, source: str) -> str:
    """Return the source of a module with all edits of it applied.

    Raises:
        StaleMutantError: a text to be replaced does not occur exactly once, or the change changes nothing.
    """
    for edit in edits:
        if edit.module != module:
            continue
        count = source.count(edit.old)
        if count != 1 or edit.old == edit.new:
            raise StaleMutantError(f"{module}: {edit.old!r} occurs {count} times, must occur once and be changed")
        source = source.replace(edit.old, edit.new)
    return source


def source_of(module: str) -> str:
    """Return the source of a module, without importing it.

    Raises:
        StaleMutantError: there is no such module.
    """
    path = Path(__file__).resolve().parents[2].joinpath(*module.split(".")).with_suffix(".py")
    if not path.exists():
        path = path.with_suffix("") / "__init__.py"
    if not path.exists():
        raise StaleMutantError(f"there is no module {module}")
    return path.read_text(encoding="utf-8")


class _Loader(SourceFileLoader):
    """Compiles the changed source; nothing is read from or written to a cache of byte code."""

    def __init__(self, fullname: str, path: str, edits: Sequence[Edit]) -> None:
        super().__init__(fullname, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text(encoding="utf-8")
        return compile(changed(self._edits, fullname, source), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = edits
        self._modules = {edit.module for edit in edits}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._modules:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            raise StaleMutantError(f"there is no module {fullname}")
        loader = _Loader(fullname, found.origin, self._edits)
        locations = found.submodule_search_locations
        return importlib.util.spec_from_file_location(
            fullname, found.origin, loader=loader, submodule_search_locations=locations
        )


def install(edits: Sequence[Edit]) -> None:
    """Apply these edits to every import from now on.

    Raises:
        StaleMutantError: a module to be changed was imported already, so that its users would keep the original.
    """
    early = sorted({edit.module for edit in edits} & set(sys.modules))
    if early:
        raise StaleMutantError(f"imported before it could be changed: {', '.join(early)}")
    sys.meta_path.insert(0, _Finder(edits))
