"""The lease machine: one believer at most while clocks drift within bounds, and the models can fail."""

from typing import Any

import pytest

from gungnir.machines import lease
from gungnir.machines.requests import Conflict, Stored, Version
from spec.environment import lease as environment
from spec.environment.lease import Clocks, LeaseBudget, canonical, first_world, moved, successors
from spec.judging import assert_holds, rewritten
from spec.models import catalogue
from spec.models.lease import MODELS, SMALL, TIGHT, LeaseModel, explore, somebody_leads
from spec.reach import always_a_way
from spec.story import told_of

CALM = next(model for model in MODELS if model.name == "calm")
LATER_TICKS = 1_000_000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["calm", "container restarts", "pod is replaced"])
def test_there_is_always_a_way_to_a_leader(name: str) -> None:
    """However an operator ended, the Lease does not stay with it."""
    model = next(model for model in MODELS if model.name == name)._replace(clocks=Clocks(SMALL))
    found = always_a_way(
        lambda world: successors(model.clocks, world), first_world(model.budget), somebody_leads, 200_000
    )
    assert found.holds, told_of(first_world(model.budget), found.story)


def test_a_way_that_is_blocked_is_found() -> None:
    """A Lease whose holder never comes back, among followers that never take it over, is a dead end."""
    forever = Clocks(SMALL._replace(duration_ms=50))

    def few_ticks(world: environment.LeaseWorld) -> Any:
        return ((label, after) for label, after in successors(forever, world) if label.name != "tick")

    found = always_a_way(few_ticks, first_world(LeaseBudget(replace=1), operators=1), somebody_leads)
    assert found.story
    assert found.story[-1][0].name in ("wake", "reply", "replace")


# --- the models can fail --------------------------------------------------------------------------------------------


WRONG = [
    ("a Lease counts as expired one tick early", CALM, "_looked", "> reply.duration_ms", ">= reply.duration_ms"),
    ("a Lease is compared by its holder alone", CALM, "_looked", "/{reply.stamp}/{reply.version}", ""),
    ("the lead counts from the reply", CALM, "_lead", "state.sent_ms + times.renew_deadline_ms", "now_ms + 3"),
    ("the lead is one tick too long", CALM, "leads", "now_ms < state.deadline_ms", "now_ms <= state.deadline_ms"),
    ("the lead never ends", CALM, "leads", "and now_ms < state.deadline_ms", ""),
    ("an expired lead is renewed", CALM, "tick", "now_ms >= state.deadline_ms", "now_ms > state.deadline_ms + 9"),
    (
        "a failed renewal prolongs the lead",
        next(model for model in MODELS if model.name == "lost answer"),
        "_renewed",
        "wake_ms=wake_ms",
        "wake_ms=wake_ms, deadline_ms=now_ms + times.renew_deadline_ms",
    ),
    (
        "a lost acquisition counts as won",
        next(model for model in MODELS if model.name == "lost answer"),
        "step",
        "if isinstance(reply, Stored):",
        "if isinstance(reply, Stored) or (reply := Stored(state.version)):",
    ),
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("model", "name", "before", "after"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_a_wrong_version_of_the_machine_is_found(
    monkeypatch: pytest.MonkeyPatch, model: LeaseModel, name: str, before: str, after: str
) -> None:
    """Each comparison of the machine is needed as it is."""
    monkeypatch.setattr(lease, name, rewritten(lease, name, before, after))
    result = explore(model)
    assert result.violated in {"leaderElectionSafety", "beliefTruthful", "partitionSafety", "renewedInTime"}
    assert result.story


@pytest.mark.timeout(300)
def test_a_lead_one_tick_longer_than_the_drift_allows_is_found() -> None:
    """The models' times are the tightest: the formula in ``spec.models.lease`` is no stronger than needed."""
    longer = TIGHT._replace(renew_deadline_ms=TIGHT.renew_deadline_ms + 1)
    assert explore(CALM._replace(clocks=Clocks(longer))).violated in {"leaderElectionSafety", "beliefTruthful"}


@pytest.mark.timeout(300)
def test_without_compare_and_swap_two_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """An API server that takes any write lets two believe: the conflict in the environment is not idle."""
    carried_out = environment.carried_out

    def careless(clocks: Clocks, world: Any, identity: str, request: Any) -> Any:
        after, reply = carried_out(clocks, world, identity, request)
        if isinstance(reply, Conflict):
            current = Version(world.lease.version)
            return carried_out(clocks, world, identity, request._replace(version=current))
        return after, reply

    monkeypatch.setattr(environment, "carried_out", careless)
    assert explore(CALM).violated in {"leaderElectionSafety", "beliefTruthful"}


# --- the model's own reductions -------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_the_machine_cannot_tell_when_its_clock_began(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times relative to now, without what the phase does not use, say all: each step is the same at any other time."""
    step, tick, seen = lease.step, lease.tick, set[Any]()

    def agreed(here: lease.Step, there: lease.Step) -> lease.Step:
        assert (here.request, here.trigger) == (there.request, there.trigger)
        assert canonical(here.state) == canonical(moved(there.state, -LATER_TICKS))
        return here

    def stepped(times: Any, identity: str, state: lease.State, reply: Any, now_ms: int) -> lease.Step:
        seen.add((state.phase, type(reply)))
        later = moved(state, LATER_TICKS)._replace(transitions=7)
        there = step(times, identity, later, reply, now_ms + LATER_TICKS)
        here = step(times, identity, state._replace(transitions=7), reply, now_ms)
        return agreed(here, there)

    def ticked(times: Any, state: lease.State, now_ms: int, *, draining: bool = False) -> lease.Step:
        there = tick(times, moved(state, LATER_TICKS), now_ms + LATER_TICKS, draining=draining)
        return agreed(tick(times, state, now_ms, draining=draining), there)

    monkeypatch.setattr(lease, "step", stepped)
    monkeypatch.setattr(lease, "tick", ticked)
    assert_holds(catalogue.MODELS["lease: lost answer"])
    assert (lease.Phase.RENEWING, Stored) in seen
