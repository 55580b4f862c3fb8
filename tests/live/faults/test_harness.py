"""The campaign on real servers: the same fault, done to a contestant that survives it and to one that does not."""

import pytest

from bench.faults.campaign import contest, run_one
from bench.faults.contestants import Settings
from bench.faults.nemeses import NEMESES

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_primary_that_comes_back_empty_costs_the_operator_no_confirmed_write() -> None:
    """It promotes a replica with data."""
    async with contest("gungnir", Settings(), as_shipped=False) as contestant:
        run = await run_one(contestant, NEMESES["sigkill-empty"], seed=1)
    assert run.anomalies == []
    assert run.failed_over
    assert run.counts["confirmed"] > 100
    assert run.counts["present"] > 100
    assert len(run.roles) >= 2
    assert sum(run.writes) == run.counts["acknowledged"]


async def test_the_same_fault_shows_the_loss_where_nobody_fails_over() -> None:
    """So the campaign can fail: everything that was written before the fault is gone, with ``WAIT`` or without."""
    async with contest("none", Settings(), as_shipped=False) as contestant:
        run = await run_one(contestant, NEMESES["sigkill-empty"], seed=1)
    assert run.counts["lost_confirmed"] > 10
    assert any("confirmed are lost" in text for text in run.anomalies)
    assert not run.failed_over
