"""The section of docs/verification.md that names what the mutants cover, made from the catalogue."""

from spec.mutants import Mutant
from spec.mutants.catalogue import MUTANTS, PAIRS

BEGIN = "<!-- what follows is printed by: python -m spec.mutants --table -->"
END = "<!-- end of what is printed -->"


def table() -> str:
    """Return both tables, between the lines that mark them in the page."""
    return "\n".join((BEGIN, "", *_code(), "", *_environment(), "", END, ""))


def _code() -> list[str]:
    modules: dict[str, list[Mutant]] = {}
    for mutant in MUTANTS:
        modules.setdefault(mutant.edits[0].module, []).append(mutant)
    rows = [_row(module, found) for module, found in sorted(modules.items())]
    return [
        "| module | mutants | found by exploring | found by tests | equivalent |",
        "|---|---|---|---|---|",
        *rows,
        _row("all", MUTANTS, quote=""),
    ]


def _row(name: str, mutants: "list[Mutant] | tuple[Mutant, ...]", quote: str = "`") -> str:
    real = [mutant for mutant in mutants if not mutant.equivalent]
    explored = sum(1 for mutant in real if mutant.killer.model)
    cells = (f"{quote}{name}{quote}", len(mutants), explored, len(real) - explored, len(mutants) - len(real))
    return f"| {' | '.join(map(str, cells))} |"


def _environment() -> list[str]:
    rows = [f"| {pair.name} | {pair.feature} | {pair.variant} |" for pair in PAIRS]
    return ["| without it | what the environment can do | the wrong version that then passes |", "|---|---|---|", *rows]
