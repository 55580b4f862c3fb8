"""The failover and repair machines keep their promises in every world of these models, and take only listed rows."""

import pytest

from gungnir.machines.kernel import MACHINES
from spec.environment.operators import Taken
from spec.models.failover import MODELS, Model, explore, first_of
from spec.story import told

QUICK = [model for model in MODELS if not model.slow]
SLOW = [model for model in MODELS if model.slow]


def _holds(model: Model) -> None:
    result = explore(model)
    assert not result.violated, f"{result.line()}\n{told(first_of(model), result.story)}"
    assert result.complete
    missing = set(model.witnesses) - set(result.witnessed)
    assert not missing, f"never seen: {sorted(missing)}"
    if model.pinned:
        assert (result.states, result.transitions) == model.pinned


@pytest.mark.timeout(300)
@pytest.mark.parametrize("model", QUICK, ids=[model.name for model in QUICK])
def test_every_interleaving_holds(model: Model) -> None:
    """No state and no step violates a predicate, and what the model is there for does happen."""
    _holds(model)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", SLOW, ids=[model.name for model in SLOW])
def test_every_interleaving_of_a_large_model_holds(model: Model) -> None:
    """As above, where it takes minutes."""
    _holds(model)


def test_only_rows_of_the_tables_are_taken() -> None:
    """The kernel refuses others; this holds the explorer's own record of edges against the tables."""
    for name, phase, trigger in Taken.edges:
        assert any((row.source, row.trigger) == (phase, trigger) for row in MACHINES[name].rows)
