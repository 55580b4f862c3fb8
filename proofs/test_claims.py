"""Every claim is alive: what it names exists and runs; and what is missing is told by the claim's name."""

from collections.abc import Callable

import pytest

from proofs.claims import Claim, Heard, living, page, promises, trusted
from proofs.claims.places import ROOT
from proofs.claims.table import CLAIMS, HEARD, NAMES, SEED_NAMES, SEED_ROWS

README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST = CLAIMS[0]
HEARD_ALL = tuple(each for group in HEARD.values() for each in group)
WANTED = (*SEED_ROWS, *SEED_NAMES)


@pytest.fixture(scope="module")
def nodes() -> frozenset[str]:
    """Return what pytest collects from the files of all claims, as it is run with every change."""
    return living.collected(living.files(CLAIMS))


@pytest.mark.timeout(240)
def test_every_claim_has_a_living_check(nodes: frozenset[str]) -> None:
    """Its tests are collected, its predicates importable, its mutants in their tables; no claim is gone or unlisted."""
    assert list(living.of_claims(CLAIMS, NAMES, nodes)) == []


def test_everything_that_the_original_claimed_is_answered() -> None:
    """By claims that are there, or by the reason why nothing is claimed."""
    assert list(living.of_heard(HEARD_ALL, CLAIMS, WANTED)) == []


def test_readme_promises_what_is_claimed_and_quotes_what_is_trusted() -> None:
    """Row by row, and word for word, in at most 20 lines."""
    assert list(living.of_readme(README, promises.CLAIMS)) == []


def test_the_page_is_what_the_tables_say() -> None:
    """``make docs`` writes it; of a page that was edited by hand, the lines that differ name their claims."""
    there = (ROOT / "proofs" / "CLAIMS.md").read_text(encoding="utf-8")
    lines, wanted = there.splitlines(), page.text().splitlines()
    assert [line for line in lines if line not in wanted] == []
    assert [line for line in wanted if line not in lines] == []
    assert there == page.text()


def test_everything_that_is_trusted_is_assumed_by_some_claim() -> None:
    """What no claim rests on need not be trusted."""
    assert {key for claim in CLAIMS for key in claim.assumed} == set(trusted.TRUSTED)


# --- the check can fail ---------------------------------------------------------------------------------------------


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("doctored", "problem"),
    [
        (lambda claim: claim._replace(tests=("spec/test_models.py::test_renamed",)), "its test is not collected"),
        (lambda claim: claim._replace(tests=(*claim.tests, "spec/gone.py::test_x")), "its test is not collected"),
        (lambda claim: claim._replace(tests=(f"{promises.EVERY}[no such model]",)), "its test is not collected"),
        (lambda claim: claim._replace(predicates=("spec.invariants:renamed",)), "its predicate cannot be imported"),
        (lambda claim: claim._replace(predicates=("spec.renamed:holds",)), "its predicate cannot be imported"),
        (lambda claim: claim._replace(mutants=("no such mutant",)), "its mutant is in no table"),
        (lambda claim: claim._replace(mutants=("test spec/test_x.py::test_x",)), "its test is not collected"),
        (lambda claim: claim._replace(mutants=()), "it has neither a mutant nor a reason"),
        (lambda claim: claim._replace(unmutated="none is needed"), "it has neither a mutant nor a reason"),
        (lambda claim: claim._replace(assumed=("luck",)), "what it assumes is not among what is trusted"),
        (lambda claim: claim._replace(tests=()), "a part of its row is empty"),
        (lambda claim: claim._replace(name="another name"), "was removed from the table"),
    ],
    ids=[
        *("test-renamed", "file-gone", "parameter-gone", "predicate-renamed", "module-gone", "mutant-gone"),
        *("killing-test-gone", "no-mutant", "needless-reason", "unknown-assumption", "no-test", "claim-renamed"),
    ],
)
def test_a_claim_that_lost_what_shows_it_is_named(
    nodes: frozenset[str], doctored: Callable[[Claim], Claim], problem: str
) -> None:
    """On a copy of the table in which one claim is spoilt, every message is about that claim, by its name."""
    found = list(living.of_claims((doctored(FIRST), *CLAIMS[1:]), NAMES, nodes))
    assert any(repr(FIRST.name) in line and problem in line for line in found), found
    assert all(repr(FIRST.name) in line or "'another name' is not in names.txt" in line for line in found), found


@pytest.mark.timeout(240)
def test_a_claim_that_is_removed_is_named(nodes: frozenset[str]) -> None:
    """Whichever it is."""
    for place, claim in enumerate(CLAIMS):
        left = (*CLAIMS[:place], *CLAIMS[place + 1 :])
        assert next(living.of_claims(left, NAMES, nodes)).startswith(f"claim {claim.name!r} was removed")


@pytest.mark.timeout(120)
def test_a_test_that_runs_only_when_asked_is_no_living_check() -> None:
    """A slow test, and one that needs a whole Kubernetes, are not collected for every change."""
    found = living.collected(("spec/test_mutants.py", "tests/e2e/test_scale.py"))
    assert "spec/test_mutants.py::test_the_smoke_subset_is_killed" in found
    assert "spec/test_mutants.py::test_every_mutant_is_killed_and_every_feature_is_needed" not in found
    assert not any(node.startswith("tests/e2e/") for node in found)


@pytest.mark.parametrize(
    ("heard", "problem"),
    [
        (HEARD_ALL[1:], "row 1 of the original has no answer"),
        ((*HEARD_ALL, Heard(("1",), "Once more.", (FIRST.name,))), "row 1 of the original is answered twice"),
        ((HEARD_ALL[0]._replace(claims=("no such claim",)), *HEARD_ALL[1:]), "'no such claim'"),
        ((HEARD_ALL[0]._replace(claims=(), but=""), *HEARD_ALL[1:]), "leads to no claim, and does not say why"),
    ],
    ids=["left-out", "twice", "leads-nowhere", "no-reason"],
)
def test_a_row_of_the_original_without_an_answer_is_named(heard: tuple[Heard, ...], problem: str) -> None:
    """Nothing that it claimed is dropped in silence."""
    assert any(problem in line for line in living.of_heard(heard, CLAIMS, WANTED))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (README.replace(FIRST.text, "At most two pods"), f"claim {FIRST.name!r} is not what README promises"),
        (README.replace("- **clocks**", "- **clock**"), "README does not quote 'What is trusted'"),
    ],
    ids=["promise-changed", "quote-changed"],
)
def test_a_readme_that_says_something_else_is_told(text: str, problem: str) -> None:
    """A promise that is changed there names its claim; so is a quotation that is not word for word."""
    assert any(problem in line for line in living.of_readme(text, promises.CLAIMS))
