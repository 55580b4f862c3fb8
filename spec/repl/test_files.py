"""What a walk is saved as leads to the same walk again, and a counterexample of the explorer can be loaded."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from spec.models.failover import MODELS, first_of
from spec.repl import ReplError, Script, Session, code_as_it_is, walked
from spec.repl.script import from_json, from_story, replayed, script_of, to_json
from spec.story import told

ROOT = Path(__file__).parents[2]
ENV = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
MUTANT = "the worst vote wins"


@pytest.fixture
def hunted() -> Session:
    """Return a session that stands at the counterexample of a mutant."""
    session = Session(mutant=MUTANT, out=StringIO())
    session.do("hunt")
    return session


def _fresh() -> Session:
    return Session(out=StringIO())


def _pytest(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    return subprocess.run(command, cwd=ROOT, env=ENV, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own test


@pytest.mark.parametrize("name", ["walk.json", "walk.txt"])
def test_a_saved_walk_is_loaded_as_it_was(hunted: Session, tmp_path: Path, name: str) -> None:
    """Model, mutant, steps, and what they break: another session stands where the first one stood."""
    hunted.do(f"save {tmp_path / name}")
    other = _fresh()
    other.do(f"load {tmp_path / name}")
    assert (other.model, other.mutant) == (hunted.model, hunted.mutant)
    assert [step.line for step in other.walk.taken] == [step.line for step in hunted.walk.taken]
    assert other.walk.breaks().keys() == hunted.walk.breaks().keys() != set()


@pytest.mark.parametrize("name", ["walk.json", "walk.txt"])
def test_injected_faults_and_budgets_are_part_of_what_is_saved(tmp_path: Path, name: str) -> None:
    """They are steps as well, beyond what the model allows."""
    session = _fresh()
    for line in ("fault c-0 isolate", "budget crash=1 write=2", "take c-1 crash", "take failover"):
        session.do(line)
    session.do(f"save {tmp_path / name}")
    other = _fresh()
    other.do(f"load {tmp_path / name}")
    assert other.walk.state == session.walk.state


def test_the_story_that_the_explorer_prints_is_loaded(tmp_path: Path) -> None:
    """As it stands in the output of a failed test, without the model's name: the model is found."""
    session = Session("four pods, one of them left behind", out=StringIO())
    session.do("fault c-1 crash")
    session.do("run end")
    story = tuple((step.label, step.after) for step in session.walk.taken)
    text = "12 states, 30 transitions: VIOLATED nothing\n" + told(session.walk.first, story) + "\nassert not 'x'\n"
    path = tmp_path / "failed.log"
    path.write_text("\n".join(f"E       {line}" for line in text.splitlines()))
    other = _fresh()
    other.do(f"load {path}")
    assert other.model == session.model
    assert other.walk.state == session.walk.state


def test_a_story_that_the_code_contradicts_is_refused(hunted: Session, tmp_path: Path) -> None:
    """By an action that cannot happen, and by one that changes something else; the session stays where it was."""
    hunted.do(f"save {tmp_path / 'walk.txt'}")
    text = (tmp_path / "walk.txt").read_text()
    session = _fresh()
    for wrong, said in (
        (text.replace(f"mutant: {MUTANT}\n", "").replace(f"model: {hunted.model}\n", ""), "cannot happen here"),
        (text.replace("c-0: down; disk holds", "c-0: down; disk lost"), "changes something else"),
        (text.replace("model: ", "model: no such "), "no model fits"),
        ("nothing of the kind", "there is no story in it"),
    ):
        (tmp_path / "wrong.txt").write_text(wrong)
        with pytest.raises(ReplError, match=said):
            session.do(f"load {tmp_path / 'wrong.txt'}")
        assert session.walk.at == 0
        assert not session.mutant


def test_a_saved_test_passes_and_a_tampered_one_fails(hunted: Session, tmp_path: Path) -> None:
    """The test takes the walk again, and holds the code without the mutant against it."""
    path = tmp_path / "test_walk.py"
    hunted.do(f"save {path}")
    passed = _pytest(path)
    assert passed.returncode == 0, passed.stdout
    assert "2 passed" in passed.stdout
    path.write_text(path.read_text().replace("BROKEN: dict[str, int] = {", "BROKEN: dict[str, int] = {'other': 1, "))
    failed = _pytest(path)
    assert failed.returncode == 1, failed.stdout
    assert "1 failed" in failed.stdout


def test_the_code_as_it_is_goes_as_far_as_it_can(hunted: Session) -> None:
    """It leaves the mutant's walk where the mutant decided otherwise, with nothing broken."""
    script = script_of(hunted.walk, hunted.model, hunted.mutant)
    other = code_as_it_is(script)
    assert 0 < other.at < len(script.steps)
    assert not other.breaks()
    assert walked(script).breaks()


def test_a_file_is_not_replaced_unless_told(tmp_path: Path) -> None:
    """A walk that was saved before is kept."""
    session, path = _fresh(), tmp_path / "walk.json"
    session.do(f"save {path}")
    session.do("fault c-0 crash")
    with pytest.raises(ReplError, match="exists"):
        session.do(f"save {path}")
    assert from_json(path.read_text()).steps == ()
    session.do(f"save {path} over")
    assert len(from_json(path.read_text()).steps) == 1


@pytest.mark.parametrize("text", ["{", "[1]", '{"steps": "take 1"}', "{}", "3"])
def test_what_is_no_script_is_refused(text: str) -> None:
    """The text says what a script is."""
    with pytest.raises(ReplError, match=r"not JSON|a script is"):
        from_json(text)


def test_a_step_that_cannot_be_taken_is_named_by_its_number() -> None:
    """So that it can be found in the file."""
    game = Session().walk.game
    with pytest.raises(ReplError, match="step 2: no action fits"):
        replayed(game, ("take c-0: crash its process ends", "take c-9: boot"))
    with pytest.raises(ReplError, match="step 1: a walk consists of"):
        replayed(game, ("save somewhere",))


def test_scripts_and_stories_are_read_as_they_were_written() -> None:
    """JSON gives the same script; a list of steps is one that names no model."""
    script = Script("a model", "", ("take c-0: boot",))
    assert from_json(to_json(script)) == script
    assert from_json('["take 1"]') == Script("", "", ("take 1",))
    story = from_story(told(first_of(MODELS[0]), ()) + "\n  1. c-0: crash\n       c-0: down\n       BROKEN x: y\n")
    assert story.steps == (("c-0: crash", ("c-0: down",)),)
