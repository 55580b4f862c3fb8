"""A guard that is dropped is missed: the invariant breaks, or z3 proves that the guard was redundant."""

import pytest

from proofs.parametric.bounded import Search
from proofs.parametric.checks import Proof
from proofs.parametric.mutants import BEYOND, IMPLIED, Verdict, differences, guards, implied, judged
from proofs.parametric.relation import ACTIONS

BY_NAME = {action.name: action for action in ACTIONS}


@pytest.fixture(scope="module")
def search() -> Search:
    """Return the states of a small cluster within the invariant."""
    return Search()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_dropped_guard_breaks_the_invariant_or_is_redundant() -> None:
    """Each guard is what the tables say, and none is open."""
    verdicts = list(judged(Proof()))
    assert differences(verdicts) == ()
    assert any(each.verdict == "needed" for each in verdicts)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("key", sorted(BEYOND), ids=" - ".join)
def test_the_proof_needs_a_guard_that_no_walk_needs(search: Search, key: tuple[str, str]) -> None:
    """From some state of a small cluster that is within the invariant, the step without it leads out."""
    action, guard = key
    assert search.broken(BY_NAME[action], guard)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ["promote", "freeze by quorum", "stream"])
def test_with_all_its_guards_a_step_stays_within_the_invariant(search: Search, name: str) -> None:
    """What the search finds is the missing guard's doing; ``test_proof`` shows the same for any number."""
    assert search.broken(BY_NAME[name]) == ""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("key", sorted(IMPLIED), ids=" - ".join)
def test_a_guard_that_is_called_redundant_is_proved_so(key: tuple[str, str]) -> None:
    """Without it the step keeps the invariant, for any number of pods, epochs and writes."""
    action, guard = key
    assert implied(Proof(), BY_NAME[action], guard)


def test_the_tables_name_guards_that_exist() -> None:
    """Each at most once."""
    proof = Proof()
    known = {(action.name, guard) for action in ACTIONS for guard in guards(proof, action)}
    assert known >= BEYOND | IMPLIED.keys()
    assert not BEYOND & IMPLIED.keys()


def test_a_guard_that_is_open_or_misplaced_is_told() -> None:
    """Whatever a guard's verdict becomes, it is not passed over."""
    for verdict in (Verdict("claim", "CAS", "open"), Verdict("claim", "CAS", "needed beyond", "begun")):
        assert differences([verdict]) == (f"claim: CAS is {verdict.verdict}, and is listed as needed",)
    assert differences([Verdict("vote", "loaded", "needed", "loading")])
    assert differences([Verdict("claim", "CAS", "needed", "begun")]) == ()


def test_a_guard_that_does_not_exist_is_refused(search: Search) -> None:
    """A table that is out of date does not count as a search."""
    with pytest.raises(ValueError, match="no guard"):
        search.broken(BY_NAME["claim"], "no such guard")
