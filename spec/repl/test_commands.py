"""Each command of the stepping by hand: what it does, and that a wrong one says so and changes nothing."""

import importlib
import sys
from io import StringIO
from typing import Final, cast

import pytest

from gungnir.machines.kernel import MACHINES
from spec.models.failover import MODELS, first_of
from spec.repl import ReplError, Session, Walk
from spec.repl.commands import COMMANDS, completions
from spec.repl.copies import aside, mutants
from spec.repl.game import Broken, Game, Move, picked, unique
from spec.repl.moving import settled

OWN = "the mutant's own"
MUTANT = "the worst vote wins"


class Desk:
    """A session, and what it printed since the last command."""

    def __init__(self, model: str = "1", mutant: str = "") -> None:
        """Begin a walk in a model."""
        self.out = StringIO()
        self.session = Session(model, mutant, self.out)

    def __call__(self, line: str) -> str:
        """Carry out a command and return what it printed."""
        self.out.seek(0)
        self.out.truncate()
        self.session(line)
        return self.out.getvalue()

    @property
    def at(self) -> int:
        """After how many steps one stands."""
        return self.session.walk.at


def test_the_first_state_is_the_one_that_the_explorer_starts_from() -> None:
    """It is the same world, reached by the same code."""
    for number, model in enumerate(MODELS, 1):
        assert Session(str(number)).walk.state == first_of(model)


def test_every_model_has_a_name_of_its_own_and_can_be_begun() -> None:
    """By its number and by its name; nothing is broken at the start, and something can happen."""
    desk = Desk()
    names = [model.name for model in desk.session.worlds.models()]
    assert len(set(names)) == len(names)
    for number, name in enumerate(names, 1):
        desk(f"model {number}")
        assert desk.session.model == name
        assert not desk.session.walk.broken
        assert desk.session.walk.game.moves(desk.session.walk.state)
        desk(f"model {name}")
        assert desk.session.model == name
    assert not desk.session.failed


def test_every_mutant_has_a_model_that_finds_it() -> None:
    """It is the first one of its models; begun in it, nothing is broken yet."""
    desk, names = Desk(), list(mutants())
    assert all(desk.session.worlds.models(name)[0].name == OWN for name in names)
    assert len(set(names)) == len(names)
    for name in (names[0], names[-1]):
        desk(f"mutant {name}")
        assert desk.session.mutant == name
        assert not desk.session.walk.broken
    assert not desk.session.failed


def test_a_handover_can_be_asked_for() -> None:
    """A person's request is an action like any other, and the switchover machine answers it."""
    desk = Desk("switchover: a request")
    asked = next(move.text for move in desk.session.walk.game.moves(desk.session.walk.state) if "ask" in move.text)
    desk(f"take {asked}")
    desk("run switchover Read")
    assert not desk.session.failed
    assert "machine switchover" in desk("diagram")
    desk("run end")
    assert not desk.session.walk.breaks()


def test_the_lease_is_stepped_through_as_well() -> None:
    """Two operators, their clocks and the network: taken over after one was cut off, with no two leaders at once."""
    desk = Desk("lease: calm")
    desk("run lease Leading")
    assert not desk.session.failed
    assert "leads for" in desk("state")
    assert "lease is in Leading" in desk("back") + desk("forward")
    assert "machine lease" in desk("diagram")
    assert "leaderElectionSafety" in desk("invariants")
    free = Desk("lease: clocks without bound")
    assert "leaderElectionSafety" not in free("invariants")


def test_a_failover_can_be_stepped_to_its_end() -> None:
    """Crash, run to a phase, take single steps by number and by words, and let the rest happen."""
    desk = Desk()
    assert "c-0: down" in desk("fault c-0 crash")
    assert "failover is in Select" in desk("run Select")
    assert "c-1: holds" in desk("take command detach c-1")
    assert "c-2: holds" in desk("1")
    desk("run end")
    world = desk.session.walk.state
    assert world.api.record.epoch == world.api.service_epoch
    assert world.api.record.epoch > 1
    assert world.api.record.intent is None
    assert not desk.session.walk.breaks()
    assert not desk.session.failed


def test_going_back_and_forward_leads_through_the_same_states() -> None:
    """A step that was gone back over is there until another one is taken."""
    desk = Desk()
    desk("fault c-0 crash")
    desk("run Select")
    end, at = desk.session.walk.state, desk.at
    desk("back 3")
    assert desk.at == at - 3
    desk("forward 3")
    assert desk.session.walk.state == end
    assert "at the start" in desk("goto 0")
    assert desk.session.walk.state == desk.session.walk.first
    desk(f"goto {at}")
    assert desk.session.walk.state == end
    desk("back")
    desk("fault c-1 crash")
    assert len(desk.session.walk.steps) == at


def test_the_operator_crashes_and_its_successor_resumes() -> None:
    """A fault needs no budget, costs none, and what was sent may still arrive."""
    desk = Desk()
    budget = desk.session.walk.state.budget
    desk("fault c-0 crash")
    desk("run Promote")
    desk("fault operator 0 restart")
    world = desk.session.walk.state
    assert world.operators[0].state is None
    assert world.strays
    assert world.budget == budget
    desk("run end")
    assert desk.session.walk.state.api.record.intent is None
    assert not desk.session.walk.breaks()


class Circle:
    """A game of numbers: from 0 to 1, and then in a circle of three; from 9 on there is an end at 7."""

    WAYS: Final = {0: (1,), 1: (2,), 2: (3,), 3: (1,), 9: (8, 7), 8: (9, 7), 7: ()}

    def __init__(self, first: int) -> None:
        """Begin at a number."""
        self._first = first

    def first(self) -> int:
        """Return the number it begins at."""
        return self._first

    def moves(self, state: int) -> tuple[Move, ...]:
        """Return the ways from a number."""
        return tuple(Move(f"to {after}", "step", None, after) for after in self.WAYS[state])

    def broken(self, _before: object, _label: object, _after: int) -> tuple[Broken, ...]:
        """Return nothing."""
        return ()


@pytest.mark.parametrize(("first", "end", "repeating"), [(0, 1, 3), (9, 7, 0)])
def test_running_to_the_end_stops_where_the_same_steps_repeat(first: int, end: int, repeating: int) -> None:
    """But not before everything was taken that could have been: what is put off may lead out of the circle."""
    walk, steps = settled(Walk.begun(cast("Game", Circle(first))))
    assert (walk.state, steps) == (end, repeating)


def test_cutting_the_primary_off_ends_in_a_failover() -> None:
    """The network is a fault like any other, and the tables show it."""
    desk = Desk()
    desk("fault isolate c-0")
    assert "cannot reach c-0" in desk("state network")
    desk("run failover Select")
    assert not desk.session.failed


def test_a_budget_allows_what_the_model_did_not() -> None:
    """An entry of the budget is set by hand, and that is a step of the walk."""
    desk = Desk()
    assert "c-1: lose" not in desk("actions")
    desk("budget lose=1 crash=0")
    listed = desk("actions")
    assert "c-1: lose" in listed
    assert "c-1: crash" not in listed
    desk("back")
    assert "c-1: lose" not in desk("actions")
    assert "lose" in desk("budget")


def test_hunting_finds_what_the_explorer_finds() -> None:
    """The nearest violation of a mutant is walked to, and the table names the predicate and the step that broke it."""
    desk = Desk(mutant=MUTANT)
    desk("hunt")
    assert "noAckedWriteLost" in {broken.name for broken in desk.session.walk.broken}
    table = " ".join(desk("invariants").split())
    assert "BROKEN" in table
    assert f"broken by step {desk.at}" in table
    assert "noAckedWriteLost" not in desk("invariants epochMonotone statusTruthful")
    broken_by = desk.session.walk.breaks()["noAckedWriteLost"][0]
    desk("1")
    assert desk.session.walk.breaks()["noAckedWriteLost"][0] == broken_by == desk.at - 1
    desk("back 2")
    assert "BROKEN" not in desk("invariants")
    assert "noAckedWriteLost" in desk("walk") or desk.at < len(desk.session.walk.steps)


def test_a_mutant_changes_a_copy_and_nothing_else() -> None:
    """The code as it is does not break what the mutant breaks, before and after the mutant was stepped through."""
    for mutant in ("", MUTANT, ""):
        desk = Desk("crash and lost answer", mutant)
        desk("take client write")
        desk("take c-1 stream")
        desk("take c-0 crash")
        desk("run Record")
        assert bool(desk.session.walk.broken) == bool(mutant)


def test_a_copy_leaves_the_modules_as_they_were() -> None:
    """What is imported while it is made is another module; afterwards the ones that were there are there again."""
    before = {name: sys.modules[name] for name in ("spec.world", "gungnir.machines.failover", "gungnir.errors")}
    with aside():
        copied = importlib.import_module("gungnir.machines.failover")
        assert copied is not before["gungnir.machines.failover"]
        assert importlib.import_module("gungnir.errors") is before["gungnir.errors"]
    assert {name: sys.modules[name] for name in before} == before
    assert importlib.import_module("gungnir.machines").failover is before["gungnir.machines.failover"]


def test_the_diagram_shows_the_phase_and_the_way_to_it() -> None:
    """The phases of the round are marked, and every row of the present one is there with its reason."""
    desk = Desk()
    desk("fault c-0 crash")
    desk("run Promote")
    shown = desk("diagram")
    assert [line.split()[1] for line in shown.splitlines() if line.startswith(" >")] == ["Promote"]
    passed = {line.split()[1] for line in shown.splitlines() if line.startswith(" +")}
    assert {"Read", "Intend", "Select", "Freeze"} <= passed
    flat = " ".join(shown.split())
    for row in MACHINES["failover"].rows:
        if row.source == "Promote":
            assert f"{row.trigger} -> {row.dest}" in flat
            assert row.why in flat
    assert "class Promote here" in desk("diagram mermaid")
    assert "machine repair" in desk("diagram repair")


@pytest.mark.parametrize("line", ["fault c-0 crash", "fault c-0 isolate", "fault c-1 lose"])
def test_every_table_says_what_the_last_step_changed(line: str) -> None:
    """With colours, changed cells are marked; without, nothing but text is printed."""
    plain, colored = Desk(), StringIO()
    bright = Session(out=colored, color=True)
    plain(line)
    bright(line)
    assert "\x1b[" not in plain("state")
    bright("state")
    assert "\x1b[1;33m" in colored.getvalue()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("frobnicate", "there is no command 'frobnicate'"),
        ("m", "may be models or model or mutants or mutant"),
        ("take", "takes the number or words of an action"),
        ("take 99", "there is no action 99"),
        ("99", "there is no action 99"),
        ("take nobody", "no action fits 'nobody'"),
        ("take crash", "fits 3 actions"),
        ("fault", "takes the number or words of a fault"),
        ("fault c-9 crash", "no fault fits"),
        ("budget crash", "budget takes NAME=NUMBER"),
        ("budget meteor=1", "no budget is called 'meteor'"),
        ("budget crash=-1", "budget takes NAME=NUMBER"),
        ("back", "there are not 1 steps"),
        ("back much", "a number of steps, not 'much'"),
        ("forward 2", "there are not 2 steps"),
        ("goto", "goto takes the number of a step"),
        ("goto 7", "the walk has steps 0 to 0"),
        ("run", "run takes a phase"),
        ("run Nowhere", "no phase fits 'Nowhere'"),
        ("run Promote", "no way without faults leads there"),
        ("hunt far", "hunt takes a number of states"),
        ("hunt 50", "no violation in"),
        ("state weather", "there is no table 'weather'"),
        ("invariants hope", "there is no invariant 'hope'"),
        ("diagram", "no round is running"),
        ("diagram toaster", "there is no machine 'toaster'"),
        ("model", "model takes a name or a number"),
        ("model 999", "there is no model 999"),
        ("mutant", "mutant takes a name"),
        ("mutant benign", "no mutant fits 'benign'"),
        ("load", "load takes a file"),
        ("load /nowhere/at.all", "cannot be read"),
        ("save", "save takes a file"),
        ("save /nowhere/at.all", "cannot be written"),
        ("actions now", "actions takes nothing"),
        ("help frobnicate", "there is no command"),
    ],
)
def test_a_wrong_command_says_why_and_changes_nothing(line: str, said: str) -> None:
    """The text names what was wrong and what would do."""
    desk = Desk()
    before = desk.session.walk
    answer = desk(line)
    assert answer.startswith("error: ")
    assert said in answer
    assert desk.session.walk is before
    assert desk.session.failed


def test_help_names_every_command_and_a_comment_does_nothing() -> None:
    """Every command of the table is in the list."""
    desk = Desk()
    listed = desk("help")
    assert all(name in listed for name in COMMANDS)
    assert not desk("# a remark")
    assert "save FILE" in desk("help save")
    assert desk.session.answered("models")
    assert not desk.session.answered("quit")


def test_lines_are_completed_with_what_is_possible_here() -> None:
    """Commands, actions, faults, phases and names: every offer begins with what was typed, and can be carried out."""
    desk = Desk()
    assert completions(desk.session, "mod") == ["models", "model "]
    assert completions(desk.session, "take c-0") == ["take c-0: crash its process ends"]
    assert "fault c-2: isolate clients alone reach it" in completions(desk.session, "fault c-2")
    assert "run repair Attach" in completions(desk.session, "run repair ")
    assert completions(desk.session, "state pods che") == ["state pods checker"]
    assert completions(desk.session, "back ") == []
    for line in completions(desk.session, "take "):
        fresh = Desk()
        fresh(line)
        assert fresh.at == 1


def test_names_are_picked_by_number_whole_or_words() -> None:
    """More than one, or none, is refused."""
    names = ("c-1: boot", "c-1: boot #2", "c-2: boot", "c-12: boot")
    assert picked(names, "3", "action") == "c-2: boot"
    assert picked(names, "C-1: BOOT", "action") == "c-1: boot"
    assert picked(names, "c-2", "action") == "c-2: boot"
    assert picked(names, "c-12 boot", "action") == "c-12: boot"
    with pytest.raises(ReplError, match="fits 4 actions"):
        picked(names, "boot", "action")
    assert unique(["a", "b", "a", "a"]) == ["a", "b", "a #2", "a #3"]
