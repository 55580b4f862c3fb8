"""What the models observe is what the file says, and what is said to be outside of them is."""

import re

import pytest

from gungnir.machines import failover
from gungnir.machines.requests import Conflict, Seen
from spec.environment.observation import seen
from spec.models.catalogue import MODELS
from spec.models.failover import MODELS as OF_PODS
from spec.models.failover import first_of
from spec.observations import OUTSIDE, reached, unknown
from spec.observing import observed, observing

SMALL = (
    "switchover: two requests",
    "scale-down: too many, and a crash",
    "reconcile: deleted and created again",
    "failover: replication id adopted early",
)


@pytest.mark.timeout(120)
def test_what_small_models_observe_is_in_the_file() -> None:
    """``python -m spec.observing`` was run after the last change."""
    found = observed(MODELS[name] for name in SMALL)
    assert found
    assert not found - reached()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_file_is_what_all_quick_models_observe() -> None:
    """Nothing is missing, and nothing is left of models that changed."""
    assert observed(observing()) == reached()


@pytest.mark.parametrize("pattern", OUTSIDE)
def test_what_is_outside_of_the_models_is_observed_in_none(pattern: str) -> None:
    """A reason that is no longer true is taken off the list."""
    assert not [aspect for aspect in reached() if re.fullmatch(pattern, aspect)]


def test_what_no_model_observes_is_told() -> None:
    """A replica that calls itself primary in the epoch of another one, and a reply that fits no request."""
    setup, world = OF_PODS[0].configured(), first_of(OF_PODS[0])
    state = failover.start().state
    reply = seen(setup, world, 0, world.api.record)
    assert not unknown("failover", state, reply)
    *others, last = reply.view.pods
    assert last.server is not None
    changed = last._replace(server=last.server._replace(primary=True))
    view = reply.view._replace(pods=(*others, changed))
    assert unknown("failover", state, Seen(reply.record, view)) == ("counted, intent none: primary, fence =, acts",)
    assert unknown("failover", state, Conflict())
