"""Every invariant, every item of liveness and every former defect is where the register says, and can fail."""

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from spec.models import progress
from spec.models.catalogue import QUICK, named_predicates
from spec.mutants.catalogue import MUTANTS
from spec.register import DEFECTS, INVARIANTS, LIVENESS

ROOT = Path(__file__).resolve().parents[1]
LAST_INVARIANT, LAST_LIVENESS, LAST_DEFECT = 23, 12, 37
KILLED_HERE = {
    "ownerRefConsistency": "spec/test_reconcile.py",
    "reconcileStepValid": "spec/test_reconcile.py",
    "leaderElectionSafety": "spec/test_lease.py",
    "beliefTruthful": "spec/test_lease.py",
    "renewedInTime": "spec/test_lease.py",
    "partitionSafety": "spec/test_lease.py",
    "noForeignAdoption": "spec/test_reconcile.py",
}
"""Predicates that the wrong versions of these files are found by, beside the catalogue's."""


def _sentence(predicate: Callable[..., object]) -> str:
    """Return what a predicate says of itself; one that a function makes says it there."""
    owner = getattr(predicate, "__globals__", {}).get(predicate.__qualname__.partition(".")[0], predicate)
    return inspect.getdoc(owner) or ""


def test_the_register_is_whole() -> None:
    """Nothing of the programme is left out."""
    assert list(INVARIANTS) == list(range(1, LAST_INVARIANT + 1))
    assert list(LIVENESS) == list(range(1, LAST_LIVENESS + 1))
    assert list(DEFECTS) == list(range(1, LAST_DEFECT + 1))


@pytest.mark.parametrize("name", [name for names in INVARIANTS.values() for name in names])
def test_an_invariant_is_checked_of_some_quick_model_and_finds_something(name: str) -> None:
    """It is evaluated under its name, in a model of every run, and a wrong version of the code fails by it."""
    assert any(name in entry.properties for entry in QUICK)
    found = any(name in mutant.killer.by for mutant in MUTANTS)
    assert found or f'"{name}"' in (ROOT / KILLED_HERE[name]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for names in INVARIANTS.values() for name in names])
def test_an_invariant_says_what_it_means(name: str) -> None:
    """Its first line is a sentence."""
    said = [_sentence(predicate) for known, predicate in named_predicates() if known == name]
    assert said
    assert all(text.splitlines()[0].endswith(".") for text in said)


def test_an_item_of_liveness_is_checked() -> None:
    """It is a property, a predicate, or a file of tests."""
    names = {wanted.name for wanted in progress.PROPERTIES} | {name for name, _ in named_predicates()}
    for item in LIVENESS.values():
        assert all(place in names or (ROOT / place).is_file() for place in item.where)


@pytest.mark.parametrize("number", DEFECTS)
def test_a_former_defect_is_a_mutant_or_is_tested(number: int) -> None:
    """Where it can be said of our code, a wrong version has it; else a sentence says why not, and tests hold it."""
    defect, names = DEFECTS[number], {mutant.name for mutant in MUTANTS}
    assert bool(defect.mutants) != bool(defect.why), "a mutant has it, or a sentence says why none can"
    assert defect.mutants or (defect.tests and defect.why.endswith("."))
    assert names.issuperset(defect.mutants), set(defect.mutants) - names
    assert all((ROOT / path).is_file() for path in defect.tests)
