"""A guard that is dropped is missed: the invariant breaks, or z3 proves that the guard was redundant."""

import pytest

from proofs.parametric.checks import Proof
from proofs.parametric.mutants import OPEN, guards, judged
from proofs.parametric.relation import ACTIONS


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_dropped_guard_breaks_the_invariant_or_is_redundant() -> None:
    """For every guard but those that are named as open."""
    verdicts = list(judged(Proof()))
    assert {(each.action, each.guard) for each in verdicts if each.verdict == "open"} <= OPEN
    assert any(each.verdict == "needed" for each in verdicts)


def test_what_is_open_is_a_guard() -> None:
    """The table of open guards names guards that exist."""
    proof = Proof()
    assert {(action.name, guard) for action in ACTIONS for guard in guards(proof, action)} >= OPEN
