"""The failover and repair machines keep their promises in every world of these models, and take only listed rows."""

import pytest

from gungnir.machines import failover
from gungnir.machines.kernel import MACHINES
from gungnir.machines.requests import PutService
from spec.environment.operators import Taken
from spec.judging import assert_holds
from spec.models.failover import MODELS, Model, explore, first_of
from spec.story import told
from spec.world import Budget

QUICK = [model for model in MODELS if not model.slow]
SLOW = [model for model in MODELS if model.slow]


def _holds(model: Model) -> None:
    assert_holds(explore(model), model.witnesses, lambda story: told(first_of(model), story))


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


@pytest.mark.timeout(300)
def test_the_operators_own_predicates_see_a_service_that_leads_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stops a live operator is searched for here with the same functions, and they can fail."""

    def to_the_former(state: failover.State) -> PutService:
        previous = "" if state.record.intent is None else state.record.intent.previous
        return PutService(state.service, previous, state.record.epoch)

    monkeypatch.setattr(failover, "_routing", to_the_former)
    result = explore(Model("", Budget(crash=1, write=1)), only=("observed",))
    assert result.violated == "observed", result.line()
    assert "serviceConsistency" in result.text


def test_only_rows_of_the_tables_are_taken() -> None:
    """The kernel refuses others; this holds the explorer's own record of edges against the tables."""
    for name, phase, trigger in Taken.edges:
        assert any((row.source, row.trigger) == (phase, trigger) for row in MACHINES[name].rows)
