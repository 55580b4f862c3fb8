"""What a careless hand might delete is found mechanically, and each of it can be dropped."""

from pathlib import Path

import pytest

from spec.mutants.child import Outcome
from spec.mutants.guards import Guard, guards, line_of
from spec.mutants.needless import NEEDLESS
from spec.mutants.source import StaleMutantError
from spec.mutants.sweep import judged, main, models
from spec.pins import pinned

ROOT = Path(__file__).resolve().parents[1]
FAILOVER = "gungnir.machines.failover"
FEW_STATES = 1_000
FEW_WORDS = 4
USAGE = 2
SWEPT = [FAILOVER, "gungnir.machines.selection", "gungnir.machines.electorate", "gungnir.machines.lease"]


def named(module: str, name: str) -> Guard:
    """Return a guard by its name."""
    return next(guard for guard in guards(module) if guard.name == name)


@pytest.mark.parametrize("module", SWEPT)
def test_each_guard_has_a_name_of_its_own_and_leaves_python_when_dropped(module: str) -> None:
    """Names are what declarations go by, so no two guards of a module share one."""
    found = guards(module)
    assert len({guard.name for guard in found}) == len(found)
    for guard in found:
        compile(guard.edit().new, guard.name, "exec")


def test_a_condition_an_operand_and_a_filter_are_guards() -> None:
    """An operand is dropped by the constant that leaves the decision to the others, a condition by both."""
    names = {guard.name for guard in guards(FAILOVER)}
    assert {"_read: reply.deleting -> False", "_read: reply.deleting -> True"} <= names
    whole = "reading is None or state.tries <= 0"
    assert f"_catch_up: state.tries <= 0 -> False in {whole}" in names
    assert f"_catch_up: state.tries <= 0 -> True in {whole}" not in names
    assert "_begin_as_seen: not state.asked -> True" in names
    assert "_sdown: name in state.expected.told -> True" in names
    assert "_resume: intent.reason == REQUESTED and asked -> True" in names


def test_what_is_dropped_is_that_guard_and_nothing_else() -> None:
    """The place of a guard is in bytes, and its line is that of the file."""
    guard = named(FAILOVER, "_read: reply.deleting -> False")
    edit = guard.edit()
    assert edit.new == edit.old.replace("if reply.deleting:", "if (False):")
    path, _, line = line_of(guard, ROOT).partition(":")
    assert (ROOT / path).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip() == "if reply.deleting:"


def test_a_guard_that_is_missed_is_told_with_a_story_and_one_that_is_not_fails_the_sweep(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ends of the sweep, on the smallest models."""
    small = [name for name in models(FAILOVER) if pinned()[name][0] < FEW_STATES]
    monkeypatch.setattr("spec.mutants.sweep.models", lambda *_: small)
    assert main([FAILOVER, "--only", "_read: reply.deleting -> True", "--jobs", "1"]) == 0
    told = capsys.readouterr().out
    assert "guards: 1 missed, 0 needless, 0 not missed" in told
    assert "ok         gungnir/machines/failover.py:" in told
    assert "(51 lines of a story)" in told
    # Larger models miss it.
    assert main([FAILOVER, "--only", "_sdown: hearing -> True", "--jobs", "1"]) == 1
    assert "NOT MISSED" in capsys.readouterr().out


SMOKE = (
    "_begin_release: electorate.haunts(facts, state.record, state.view) -> False",
    "_resume_promoting: candidate is None -> False in candidate is None or not pods.still_there(state.view, candidate)",
    "_leaving: intent.kind is Kind.SWITCHOVER -> True",
    "_promote: reading is None -> False",
    "_route_write: isinstance(reply, Stored) -> True",
)


@pytest.mark.parametrize("name", SMOKE)
def test_a_guard_of_the_failover_machine_is_missed_within_a_screen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of those that ``make guards`` drops, by the machine alone: the story fits on a screen."""
    monkeypatch.setattr("spec.mutants.sweep.models", lambda *_: ["alone: failover"])
    found = judged(named(FAILOVER, name))
    assert found.good, found.text
    assert found.outcome.story.startswith("at first:")


def test_numbers_that_differ_are_no_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who deletes a guard is to be told what goes wrong, not only that something is different."""
    told = Outcome(("alone: failover: AssertionError: 1 states, 2 transitions; pinned are 3 and 4",))
    monkeypatch.setattr("spec.mutants.sweep.ordered", lambda *_: told)
    found = judged(named(FAILOVER, "_read: reply.deleting -> False"))
    assert not found.good
    assert found.text.endswith("(no lines of a story)")


def test_nothing_to_drop_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is misspelt does not look like a success."""
    assert main([FAILOVER, "--only", "no such guard"]) == USAGE
    assert "no such guard" in capsys.readouterr().err
    with pytest.raises(StaleMutantError):
        guards("gungnir.machines.no_such_module")


def test_what_is_declared_needless_exists_and_says_why() -> None:
    """A declaration that outlives its guard is told."""
    for module, declared in NEEDLESS.items():
        assert set(declared) <= {guard.name for guard in guards(module)}
        assert all(len(reason.split()) >= FEW_WORDS for reason in declared.values())


def test_a_needless_guard_that_is_found_after_all_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small models are asked about what is declared, too."""
    guard = named(FAILOVER, "_read: reply.deleting -> True")
    monkeypatch.setitem(NEEDLESS, FAILOVER, {guard.name: "it is not, as this test shows"})
    monkeypatch.setattr("spec.mutants.sweep.models", lambda *_: ["switchover: a request"])
    found = judged(guard)
    assert not found.good
    assert "declared needless, and found" in found.text
