"""Long random runs of the same steps with five pods: what a search of all interleavings of them could not finish.

A rule is one action of the world, chosen by its place among those that are possible; every predicate is asked after
every step. Hits of each action are counted over all runs: a rule that never ran would check nothing.
"""

import os
from collections import Counter
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gungnir.machines import epochs
from spec import invariants
from spec.environment import successors
from spec.models.failover import Model, first_of
from spec.models.scenes import serving
from spec.world import Budget, Label, World

MODEL: Final = Model("five pods", Budget(), serving, pods=5, acks=2)
SETUP: Final = MODEL.configured()
BUDGET: Final = Budget(
    crash=3, lose=1, replace=1, cut_operator=2, cut_peers=1, message=3, restart=2, write=4, isolate=1
)
EXPECTED: Final = frozenset(
    {"failover", "repair", "api", "command", "watch", "boot", "attach", "stream", "crash", "write", "lost", "restart"}
)
HITS: Final[Counter[str]] = Counter()

settings.register_profile("nightly", max_examples=2000, stateful_step_count=400, derandomize=False, deadline=None)
_NIGHTLY: Final = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
_FEW: Final = settings(
    max_examples=60,
    stateful_step_count=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class FivePods(RuleBasedStateMachine):
    """One run of the world: what goes well is more likely than what goes wrong, so that runs get somewhere."""

    def __init__(self) -> None:
        """Start with a cluster that serves."""
        super().__init__()
        self.world: World = first_of(MODEL)
        self.before: World = self.world
        self.label: Label | None = None

    @initialize(budget=st.tuples(*(st.integers(0, most) for most in BUDGET)))
    def with_faults(self, budget: tuple[int, ...]) -> None:
        """Give the run its budget: of each kind of fault none, or as many as there may be, or any number in between."""
        self.world = self.world._replace(budget=Budget(*budget))

    @rule(choice=st.integers(0, 63))
    def go_on(self, choice: int) -> None:
        """Take one of the actions that must happen sooner or later."""
        self._take([move for move in successors(SETUP, self.world) if move[0].fair], choice)

    @precondition(lambda self: any(self.world.budget))
    @rule(choice=st.integers(0, 63))
    def go_wrong(self, choice: int) -> None:
        """Take one of the actions that need not happen."""
        self._take([move for move in successors(SETUP, self.world) if not move[0].fair], choice)

    def _take(self, moves: list[tuple[Label, World]], choice: int) -> None:
        if moves:
            self.before = self.world
            self.label, self.world = moves[choice % len(moves)]
            HITS[self.label.name] += 1

    @invariant()
    def every_predicate_holds(self) -> None:
        """Ask all predicates of states, and of the step that led here."""
        for name, predicate in invariants.always(SETUP):
            text = predicate(self.world)
            assert not text, f"{name}: {text}"
        for name, on_step in invariants.ON_STEP if self.label is not None else ():
            text = on_step(self.before, self.label, self.world)  # type: ignore[arg-type]  # there is a label
            assert not text, f"{name}: {text}"


@pytest.mark.timeout(7200 if _NIGHTLY else 300)
def test_long_runs_of_five_pods_keep_every_promise() -> None:
    """No step of any run breaks a predicate, and every kind of action was taken."""
    HITS.clear()
    chosen: Any = settings.get_profile("nightly") if _NIGHTLY else _FEW
    run_state_machine_as_test(FivePods, settings=chosen)
    missing = EXPECTED - set(HITS)
    assert not missing, f"never taken: {sorted(missing)}"


def test_random_runs_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that skips an epoch is found by them, too."""
    claim = epochs.claim
    monkeypatch.setattr(epochs, "claim", lambda *given: claim(*given)._replace(epoch=given[0].epoch + 2))
    once = settings(_FEW, phases=[Phase.generate])
    with pytest.raises(AssertionError, match="noDoubleFailover"):
        run_state_machine_as_test(FivePods, settings=once)
