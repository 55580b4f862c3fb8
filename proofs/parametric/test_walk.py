"""The relation is that of production: every explored step of the machines is one of its actions, or none."""

import re

import pytest

from gungnir.machines import electorate, selection
from proofs.parametric.walk import Walk, walk
from spec.models import failover as failovers
from spec.models import release, shrink, switchover
from spec.models.failover import Model

MODELS = {
    model.name: model
    for module in (failovers, release, shrink, switchover)
    for model in module.MODELS
    if isinstance(model, Model)
    and model.scene.__name__ in ("serving", "bereaved", "bereaved_of_two", "grown", "shrunk")
}
"""Models that begin with a cluster that serves, or with pods of one that ended or were added since."""
QUICK = ("lost for good, then another one", "a request")
LONG_S = 600


def _followed(model: Model, max_seconds: float = 1e9) -> Walk:
    found = walk(model, max_seconds=max_seconds)
    assert not found.broken, "\n".join((found.line(), *found.story))
    assert found.edges > found.stutters
    return found


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", QUICK)
def test_every_step_of_a_model_is_of_the_relation(name: str) -> None:
    """Each edge of the graph is a stutter or actions with their guards true; each state is within the invariant."""
    assert _followed(MODELS[name]).complete


@pytest.mark.slow
@pytest.mark.timeout(LONG_S * 2)
@pytest.mark.parametrize("name", sorted(set(MODELS) - set(QUICK)))
def test_every_step_of_a_large_model_is_of_the_relation(name: str) -> None:
    """As above, within a limit of time."""
    _followed(MODELS[name], LONG_S)


def test_a_walk_takes_the_actions_of_an_election_and_of_a_release() -> None:
    """What the theorem assumes of a step is no empty word: guards and invariant hold together on real runs."""
    taken = _followed(MODELS["lost for good, then another one"], 20).taken
    for name in ("claim", "stamp", "detach", "vote", "freeze by quorum", "promote", "settle", "follow", "copy", "load"):
        assert taken[name], name


def _broken_by(monkeypatch: pytest.MonkeyPatch, target: object, name: str, value: object) -> str:
    monkeypatch.setattr(target, name, value)
    return walk(MODELS["lost for good, then another one"], max_seconds=30).broken


def test_a_choice_without_a_quorum_is_not_of_the_relation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version of production that is content with one vote takes a step that the relation forbids."""
    assert "enough" in _broken_by(monkeypatch, selection, "votes_needed", lambda *_: 1)


def test_forgetting_a_pod_that_is_not_left_out_is_not_of_the_relation(monkeypatch: pytest.MonkeyPatch) -> None:
    """A version that leaves nobody out of an epoch, and forgets all the same, is found."""
    original = electorate.forgotten

    def forgotten(record: object) -> object:
        kept = original(record)  # type: ignore[arg-type]
        return kept._replace(members=kept.members[:1])

    broken = _broken_by(monkeypatch, electorate, "forgotten", forgotten)
    assert re.search("level|counted|member", broken)
