"""The world of the pods: the operator's own predicates can fail there, and machines take only listed rows."""

import pytest

from gungnir.machines import failover
from gungnir.machines.kernel import MACHINES
from gungnir.machines.requests import PutService
from spec.environment.operators import Taken
from spec.models.failover import Model, explore
from spec.world import Budget


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
