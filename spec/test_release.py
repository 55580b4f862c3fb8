"""A replica that is lost is released, and no confirmed write with it."""

import pytest

from spec.judging import assert_holds
from spec.models.failover import Model, explore, first_of
from spec.models.release import MODELS
from spec.story import told

QUICK = [model for model in MODELS if not model.slow]
SLOW = [model for model in MODELS if model.slow]


def _holds(model: Model) -> None:
    assert_holds(explore(model), model.witnesses, lambda story: told(first_of(model), story))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", QUICK, ids=[model.name for model in QUICK])
def test_a_release_loses_nothing(model: Model) -> None:
    """No state and no step violates a predicate, and the release does happen."""
    _holds(model)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", SLOW, ids=[model.name for model in SLOW])
def test_a_release_loses_nothing_in_a_large_model(model: Model) -> None:
    """As above, where it takes minutes."""
    _holds(model)
