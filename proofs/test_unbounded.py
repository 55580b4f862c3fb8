"""What has no bound is proved by z3, and its formulas say what the code does."""

import pytest

from proofs.unbounded import Obligation, Proof, why_open
from proofs.unbounded.catalogue import PROOFS
from proofs.unbounded.mutants import MUTANTS
from spec.mutants import Mutant
from spec.mutants.source import changed, source_of


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_a_claim_without_bound_is_proved(proof: Proof) -> None:
    """Every obligation holds for all numbers, and the formula agrees with the code on a small domain."""
    assert not why_open(proof), proof.claim


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_a_proof_is_of_something(proof: Proof) -> None:
    """No proof is without obligations."""
    assert proof.obligations()


def test_what_is_refuted_is_open() -> None:
    """A false conclusion, or premises that nothing fulfils, leave a proof open, and it says which obligation does."""
    order = next(proof for proof in PROOFS if proof.name == "order")
    held = order.obligations()[1]
    false = Obligation("reversed", held.premises, held.conclusion.arg(0))
    assert why_open(order._replace(obligations=lambda: (false,))).startswith("reversed: sat")
    empty = Obligation("empty", (*held.premises, held.conclusion.arg(0)), held.conclusion)
    assert why_open(order._replace(obligations=lambda: (empty,))) == "empty: no case fulfils its premises"


def test_a_formula_that_differs_from_the_code_is_open() -> None:
    """The comparison with the code is part of the proof."""
    order = next(proof for proof in PROOFS if proof.name == "order")
    assert why_open(order._replace(pin=lambda: "differs")) == "differs"


def test_every_proof_has_its_wrong_version() -> None:
    """One with which its formula differs; ``make prove-mutants`` runs them."""
    assert sorted(mutant.name for mutant in MUTANTS) == sorted(proof.name for proof in PROOFS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_version_applies_to_the_code(mutant: Mutant) -> None:
    """What it replaces is in the source exactly once."""
    for edit in mutant.edits:
        changed(mutant.edits, edit.module, source_of(edit.module))
