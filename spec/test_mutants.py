"""The checks can fail: each wrong version of the code is found, and what the environment can do is needed for that."""

import sys
from pathlib import Path

import pytest

from spec.mutants import Edit, Mutant, checked
from spec.mutants.__main__ import summary
from spec.mutants.catalogue import MUTANTS, PAIRS, variant_of
from spec.mutants.catalogue.variants import NO_DEEPER
from spec.mutants.models import MODELS
from spec.mutants.runner import GOOD, End, baseline, judged, run, run_all
from spec.mutants.source import StaleMutantError, changed, install, source_of
from spec.mutants.table import BEGIN, END, table

JOBS = 2
QUICK = [mutant for mutant in MUTANTS if mutant.quick]
PAGE = Path(__file__).parents[1] / "docs" / "verification.md"


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_a_mutant_applies_and_compiles(mutant: Mutant) -> None:
    """What it replaces is in the source exactly once, and what comes of it is Python."""
    assert mutant.rule.endswith(".")
    for module in {edit.module for edit in mutant.edits}:
        compile(changed(mutant.edits, module, source_of(module)), module, "exec")


def test_a_pair_applies_too() -> None:
    """Both changes of a pair fit together."""
    for pair in PAIRS:
        edits = (*variant_of(pair).edits, *pair.edits)
        for module in {edit.module for edit in edits}:
            compile(changed(edits, module, source_of(module)), module, "exec")


def test_names_are_names() -> None:
    """Names are unique, and every killer exists."""
    names = [mutant.name for mutant in MUTANTS]
    features = [pair.name for pair in PAIRS]
    assert len(set(names)) == len(names)
    assert len(set(features)) == len(features)
    assert {mutant.killer.model for mutant in MUTANTS} | {pair.model for pair in PAIRS} <= {"", *MODELS}
    files = {mutant.killer.tests for mutant in MUTANTS if mutant.killer.tests}
    assert all((PAGE.parents[1] / file.split()[0]).is_file() for file in files)


def test_text_that_is_not_there_once_is_refused() -> None:
    """A mutant that no longer applies fails, instead of running the code as it is."""
    for old in ("Rules\n", "no such text", "record"):
        with pytest.raises(StaleMutantError, match="must occur once"):
            changed([Edit("m", old, old if old == "Rules\n" else "")], "m", "Rules\nrecord record")


def test_a_module_that_was_imported_already_is_not_changed_behind_its_users() -> None:
    """Whoever imported it would go on with the original."""
    assert "gungnir.machines.kernel" in sys.modules
    with pytest.raises(StaleMutantError, match="imported before"):
        install([Edit("gungnir.machines.kernel", "", "")])


def test_a_change_of_nothing_survives() -> None:
    """The judge tells a mutant that nobody finds, and one that breaks only the run itself."""
    harmless = Edit("gungnir.machines.lease", "Acquiring, Leading, Draining,", "Acquiring, Leading,")
    broken = Edit("gungnir.machines.lease", "class Phase(StrEnum):", "class Phase(NoSuchName):")
    killer = checked("machines/test_lease.py")
    assert judged(Mutant("harmless", "None.", (harmless,), killer)).end is End.SURVIVED
    assert judged(Mutant("broken", "None.", (broken,), killer)).end is End.SURVIVED
    assert judged(Mutant("harmless", "None.", (harmless,), killer, equivalent="a comment")).end is End.EQUIVALENT
    real = next(mutant for mutant in MUTANTS if mutant.killer == killer)
    assert judged(real._replace(equivalent="it is not")).end is End.NOT_EQUIVALENT


def test_a_killer_that_finds_something_in_the_unchanged_source_is_told() -> None:
    """No verdict of it would mean anything."""
    report = baseline(checked("machines/no_such_file.py"))
    assert report.end is End.UNCLEAN
    assert summary([report]).splitlines()[-1] == "mutants: 0 killed, 0 equivalent, 0 survived"
    assert "no mutant was run" in summary([report])


@pytest.mark.timeout(600)
def test_the_smoke_subset_is_killed() -> None:
    """Each of these wrong versions is found, and nothing is found in the unchanged source."""
    reports = run_all(QUICK, (), JOBS)
    assert len(reports) > len(QUICK)
    assert all(report.end in GOOD for report in reports), summary(reports)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_every_mutant_is_killed_and_every_feature_is_needed() -> None:
    """As above, for the whole catalogue."""
    reports = run_all(MUTANTS, [(pair, variant_of(pair)) for pair in PAIRS], JOBS)
    assert all(report.end in GOOD for report in reports), summary(reports)


RULES = [mutant for mutant in MUTANTS if mutant.name.startswith(("P1", "P2", "P3", "P4"))]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", RULES, ids=[mutant.name for mutant in RULES])
def test_dropping_a_rule_loses_an_acknowledged_write(mutant: Mutant) -> None:
    """Each of the four rules is needed: without it the story ends in a primary that lacks a confirmed write."""
    outcome = run(mutant.edits, mutant.killer)
    assert outcome.verdicts == ("noAckedWriteLost",), outcome
    assert "without acknowledged writes" in outcome.story.splitlines()[0]


VARIED = [mutant for mutant in MUTANTS if mutant.name in NO_DEEPER]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", VARIED, ids=[mutant.name for mutant in VARIED])
def test_a_variant_that_was_given_up_is_found_as_soon_as_in_the_study(mutant: Mutant) -> None:
    """The protocols that the study refuted are refuted here in no more steps, from a cluster that serves or later."""
    outcome = run(mutant.edits, mutant.killer)
    assert outcome.verdicts == mutant.killer.by, outcome
    assert outcome.steps <= NO_DEEPER[mutant.name]


def test_every_variant_of_the_study_is_there() -> None:
    """G has three counterexamples there, B and C one each."""
    assert [mutant.name for mutant in VARIED] == list(NO_DEEPER)


def test_the_page_is_what_the_catalogue_says() -> None:
    """``python -m spec.mutants --table`` prints what docs/verification.md holds."""
    text = PAGE.read_text(encoding="utf-8")
    assert table() == text[text.index(BEGIN) : text.index(END)] + END + "\n"
