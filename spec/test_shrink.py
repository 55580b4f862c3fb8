"""A scale-down loses no confirmed write, wherever the processes of the pods that it took away live on."""

import pytest

from spec.judging import assert_holds
from spec.models.failover import Model, explore, first_of
from spec.models.shrink import MODELS
from spec.story import told

QUICK = [model for model in MODELS if not model.slow]
SLOW = [model for model in MODELS if model.slow]


def _holds(model: Model) -> None:
    assert_holds(explore(model), model.witnesses, lambda story: told(first_of(model), story))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", QUICK, ids=[model.name for model in QUICK])
def test_a_scale_down_loses_nothing(model: Model) -> None:
    """No state and no step violates a predicate, and the electorate does get smaller."""
    _holds(model)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", SLOW, ids=[model.name for model in SLOW])
def test_a_scale_down_loses_nothing_in_a_large_model(model: Model) -> None:
    """As above, where it takes minutes."""
    _holds(model)
