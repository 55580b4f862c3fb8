"""The relation is that of production: every explored step of the machines is one of its actions, or none."""

import re

import pytest

from gungnir.machines import electorate, selection
from proofs.parametric.walk import Walk, walk
from spec.models import failover as failovers
from spec.models import release, rewrite, shrink, switchover
from spec.models.failover import Model

FORBIDDEN = {"led_astray": "follow.*not told", "succeeded": "fence"}
"""Scenes that make up what the relation does not have, and what a walk says of it.

``led_astray``: a late order to follow, of an epoch in which production left that pod out, and told it nothing.
``succeeded``: two processes of one pod name.
"""
EVERY = [model for module in (failovers, release, rewrite, shrink, switchover) for model in module.MODELS]
MODELS = {model.name: model for model in EVERY if isinstance(model, Model) and model.scene.__name__ not in FORBIDDEN}
"""All others: a walk begins with a cluster that serves, and goes by the relation to where the model starts."""
QUICK = (
    "lost for good, then another one",
    "a request",
    "primary that came back loses power",
    "primary loses power, all return",
    "primary loses power before a copy is recorded",
    "two pods, both end",
)
SCENES = {model.scene.__name__: model for model in reversed(EVERY) if isinstance(model, Model)}
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


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scene", sorted(SCENES.keys() - FORBIDDEN.keys()))
def test_the_way_to_every_scene_is_of_the_relation(scene: str) -> None:
    """What a scene brought about, the faults that it made by hand included, and the first steps that follow."""
    found = walk(SCENES[scene], max_states=150)
    assert not found.broken, "\n".join((found.line(), *found.story))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scene", FORBIDDEN)
def test_what_production_does_not_send_is_not_of_the_relation(scene: str) -> None:
    """On the way to these scenes stands what the relation forbids, or does not have; the walk says so."""
    found = walk(SCENES[scene], max_states=10)
    assert re.search(f"on the way to the scene: {FORBIDDEN[scene]}", found.broken), found.line()


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
