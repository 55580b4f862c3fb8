"""Which laws there are: the functions of ``proofs/contracts`` whose docstring says what holds after them."""

import ast
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).with_name("contracts")


class Law(NamedTuple):
    """One law: the module it is in, its name, its first and last line there, and the sentence that it claims."""

    module: str
    name: str
    first: int
    last: int
    claim: str

    @property
    def path(self) -> Path:
        """The file it is in."""
        return FOLDER / f"{self.module}.py"


def laws_of(path: Path) -> tuple[Law, ...]:
    """Return the laws of one file, in order."""
    found = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            text = ast.get_docstring(node) or ""
            if any(line.startswith("post:") for line in text.splitlines()):
                found.append(
                    Law(path.stem, node.name, node.lineno, node.end_lineno or node.lineno, text.split("\n")[0])
                )
    return tuple(found)


def all_laws() -> tuple[Law, ...]:
    """Return all laws."""
    files = sorted(path for path in FOLDER.glob("*.py") if path.stem != "__init__")
    return tuple(law for path in files for law in laws_of(path))
