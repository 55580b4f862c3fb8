"""``proofs/CLAIMS.md``: all of it is printed from the tables."""

from collections.abc import Iterator
from typing import Final

from proofs.claims import Claim, Heard
from proofs.claims.places import enclosing, line_of
from proofs.claims.table import CLAIMS, GROUPS, HEARD
from proofs.claims.trusted import section
from proofs.parametric.guards import GUARDS
from proofs.parametric.mutants import BEYOND, IMPLIED
from spec.mutants.catalogue import named

HEAD: Final = """\
# Claims

What Gungnir claims, and what shows it. Each row: the claim; the production function, or the predicate, that it is
about; how it is shown, and to which bound; the tests that run with every change; wrong versions of the code that are
found (of some, the first three); what is assumed, by the names under [What is trusted](#what-is-trusted).

This page is printed by `python -m proofs.claims` (`make docs`); the tables are `proofs/claims/`. A test holds them to
what exists: a claim that is taken away, whose test is renamed or no longer runs, whose predicate or mutant is gone,
fails by its name (`proofs/test_claims.py`). How the checking works: [verification](../docs/verification.md).

A mutant without a prefix is one of `spec/mutants/catalogue` (`make mutants`); `law` and `proof` are those of
`make prove-mutants`, `guard` is the relation without one guard (`python -m proofs.parametric --mutants`), `test` a test
that runs a wrong version itself.
"""
TRUST: Final = """
## What is trusted

Where one of these is wrong, the claims above say nothing.

"""
GUARD: Final = """
## Guards of the relation

Each guard of each action in `proofs/parametric/`: the function that makes it true, the line that a mutant changes, the
mutant, and whether the proof needs it: `needed` is shown from a state that a walk of production's functions reached,
`needed, beyond` from a state within the invariant that no walk was seen to reach, and `implied` means that z3 proves
the step harmless without it. Guards of replication are Valkey's own: no line of ours is there to change.

| action | guard | established by | line that is changed | mutant | the guard is |
|---|---|---|---|---|---|
"""
SEED: Final = """
## What the original claimed

Gungnir was first written in Lean 4. Each of its theorems, axioms, assumptions and plans, in our words, and what takes
its place here. Where nothing does, it says why.
"""
_HEADER: Final = "| claim | it says | predicate | shown | tests | mutants | assumed |\n|---|---|---|---|---|---|---|\n"


def text() -> str:
    """Return the page."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield HEAD
    for heading, claims in GROUPS.items():
        yield f"\n## {heading}\n\n{_HEADER}"
        yield from (_row(claim) for claim in claims)
    yield f"{TRUST}{section()}\n{GUARD}"
    yield from (_guard(action, name) for action, name in GUARDS)
    yield SEED
    for heading, heard in HEARD.items():
        yield (
            f"\n### {heading}\n\n| there | what it said | here | not claimed, or said otherwise |\n|---|---|---|---|\n"
        )
        yield from (_heard(each) for each in heard)
    yield f"\n{len(CLAIMS)} claims.\n"


def _cell(what: str) -> str:
    return what.replace("|", "\\|").replace("``", "`")


def _list(items: tuple[str, ...]) -> str:
    return "<br>".join(_cell(item) for item in items)


def _row(claim: Claim) -> str:
    predicates = _list(tuple(f"`{place}`" for place in claim.predicates))
    mutants = _list(claim.mutants) or f"none: {_cell(claim.unmutated)}"
    cells = (
        claim.name,
        _cell(claim.text),
        predicates,
        _cell(claim.shown),
        _tests(claim),
        mutants,
        ", ".join(claim.assumed),
    )
    return f"| {' | '.join(cells)} |\n"


def _tests(claim: Claim) -> str:
    """Name each test; of one with many parameters, how many of them."""
    by_function: dict[str, list[str]] = {}
    for node in claim.tests:
        function, _, parameter = node.partition("[")
        by_function.setdefault(function, []).append(parameter.removesuffix("]"))
    shown = []
    for function, parameters in by_function.items():
        one = parameters[0] if len(parameters) == 1 else f"{len(parameters)} models"
        shown.append(f"`{function}`" + (f" ({_cell(one)})" if one else ""))
    return "<br>".join(shown)


def _guard(action: str, name: str) -> str:
    origin = GUARDS[action, name]
    line = place = ""
    if origin.mutant:
        edit = named(origin.mutant).edits[0]
        line = f"`{line_of(edit)}`"
        place = "" if enclosing(edit) == origin.function else f"<br>in `{enclosing(edit)}`"
    reason = IMPLIED.get((action, name), "")
    word = f"implied: {reason}" if reason else "needed, beyond" if (action, name) in BEYOND else "needed"
    cells = (action, name, f"`{origin.function}`", _cell(line) + place, origin.mutant or "none: it is Valkey's", word)
    return f"| {' | '.join(cells)} |\n"


def _heard(each: Heard) -> str:
    return f"| {', '.join(each.rows)} | {_cell(each.said)} | {_list(each.claims)} | {_cell(each.but)} |\n"
