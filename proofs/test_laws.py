"""The laws are confirmed, each can fail, and nothing but a confirmation counts."""

from pathlib import Path

import pytest

from proofs.confirm import CONFIRMED, UnusableError, Verdict, confirm, findings
from proofs.laws import FOLDER, Law, all_laws, laws_of
from proofs.wrong import WRONG, Wrong, held, unshown
from spec.mutants import Edit

FILES = sorted({law.path for law in all_laws()})
LAWS = (Law("m", "first", 1, 5, "One."), Law("m", "second", 7, 12, "Two."))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_law_is_confirmed_over_all_paths(path: Path) -> None:
    """For all integers and truth values, CrossHair finds no way in which a law does not hold, and looked at all."""
    assert [str(finding) for finding in confirm(path) if finding.verdict is not Verdict.CONFIRMED] == []


def test_every_file_of_contracts_has_laws() -> None:
    """A file whose laws CrossHair does not see would count for nothing."""
    assert {path.stem for path in FOLDER.glob("*.py")} - {path.stem for path in FILES} == {"__init__"}
    assert all(laws_of(path) for path in FILES)


def test_for_every_law_there_is_a_wrong_version_of_the_code() -> None:
    """And none of them is for a law that is not there."""
    assert unshown() == ()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("wrong", [w for w in WRONG if w.file == "fence"], ids=lambda wrong: wrong.laws[0])
def test_a_wrong_version_is_refuted(wrong: Wrong) -> None:
    """As an example; ``make prove-mutants`` tries all."""
    assert held(wrong) == ()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.laws[0])
def test_each_wrong_version_is_refuted(wrong: Wrong) -> None:
    """For each law CrossHair finds arguments for which it does not hold of some wrong version of the code."""
    assert held(wrong) == ()


@pytest.mark.parametrize(
    ("output", "first"),
    [
        (f"/x/m.py:3: info: {CONFIRMED}", Verdict.CONFIRMED),
        ("/x/m.py:3: info: Not confirmed.", Verdict.OPEN),
        ("/x/m.py:3: info: Confirmed over some paths.", Verdict.OPEN),
        ("/x/m.py:3: error: false when calling first(1)", Verdict.REFUTED),
        (f"/x/m.py:3: error: false when calling first(1)\n/x/m.py:3: info: {CONFIRMED}", Verdict.REFUTED),
        (f"/x/m.py:3: info: {CONFIRMED}\n/x/m.py:3: error: false when calling first(1)", Verdict.REFUTED),
        ("WARNING: Targets found, but contain no checkable functions.", Verdict.OPEN),
        ("", Verdict.OPEN),
    ],
    ids=["confirmed", "not", "other-words", "refuted", "refuted-first", "refuted-later", "no-functions", "nothing"],
)
def test_nothing_but_a_confirmation_counts(output: str, first: Verdict) -> None:
    """CrossHair ends with 0 for all but a refutation."""
    assert [finding.verdict for finding in findings(LAWS, output)] == [first, Verdict.OPEN]


@pytest.mark.timeout(60)
def test_a_run_that_breaks_off_is_no_verdict() -> None:
    """An edit that is not in the source any more, or a file that is not there, is an error of its own."""
    with pytest.raises(UnusableError, match="must occur once"):
        confirm(FOLDER / "fence.py", (Edit("gungnir.resources.fence", "no such text", "x"),))
