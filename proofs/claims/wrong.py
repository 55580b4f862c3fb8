"""Every wrong version that a claim may name, from all tables of them.

A reference is the name of a mutant of ``spec/mutants/catalogue``, or begins with the table that it is from: ``law``
(``proofs/wrong.py``), ``proof`` (``proofs/unbounded/mutants.py``), ``guard`` (a guard dropped from the relation), or
``test``: the node id of a test that runs a wrong version by itself.
"""

from collections.abc import Iterator
from functools import cache

from proofs.parametric.guards import GUARDS
from proofs.parametric.mutants import IMPLIED
from proofs.unbounded.mutants import MUTANTS as UNBOUNDED
from proofs.wrong import WRONG
from spec.mutants.catalogue import MUTANTS

TEST = "test "


def law(name: str) -> str:
    """Refer to the wrong version of the code that breaks a law."""
    return f"law {name}"


def proof(name: str) -> str:
    """Refer to the version of the code with which the formula of a proof differs."""
    return f"proof {name}"


def guard(action: str, name: str) -> str:
    """Refer to the relation without one guard."""
    return f"guard {action}: {name}"


def test(node: str) -> str:
    """Refer to a test that runs a wrong version by itself."""
    return TEST + node


def _all() -> Iterator[str]:
    yield from (mutant.name for mutant in MUTANTS if not mutant.equivalent)
    yield from (law(name) for wrong in WRONG for name in wrong.laws)
    yield from (proof(mutant.name) for mutant in UNBOUNDED)
    yield from (guard(*key) for key in GUARDS if key not in IMPLIED)


@cache
def known() -> frozenset[str]:
    """Return all references but those to tests."""
    return frozenset(_all())
