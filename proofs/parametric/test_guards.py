"""Each guard of the relation has an origin that exists, and a mutant where production establishes it."""

from importlib import import_module

import pytest

from proofs.parametric.checks import Proof
from proofs.parametric.guards import GUARDS
from proofs.parametric.relation import ACTIONS
from spec.mutants import catalogue


def test_every_guard_has_an_origin() -> None:
    """The table names all guards of the relation, and no others."""
    proof = Proof()
    guards = {
        (action.name, guard)
        for action in ACTIONS
        for guard in action.guards(proof.logic, proof.state, *proof.arguments(action))
    }
    assert guards == set(GUARDS)


@pytest.mark.parametrize("key", sorted(GUARDS), ids=" - ".join)
def test_the_origin_of_a_guard_exists(key: tuple[str, str]) -> None:
    """The function is there; a guard that production establishes has a mutant, whose name is in the catalogue."""
    origin = GUARDS[key]
    module, _, name = origin.function.partition(":")
    assert callable(getattr(import_module(module), name))
    if origin.mutant or module.startswith("gungnir."):
        assert catalogue.named(origin.mutant)
