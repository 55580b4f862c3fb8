"""Faults that need more than a signal or a cut do what they say, and the operator keeps its promises."""

import pytest

from bench.faults.campaign import contest, run_one
from bench.faults.contestants import Settings
from bench.faults.nemeses import NEMESES

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_pod_is_hurt_at_the_step_that_the_seed_chose() -> None:
    """Right after the record says so: between a read of the record and the fault, a failover would be over."""
    async with contest("gungnir", Settings(), as_shipped=False) as contestant:
        run = await run_one(contestant, NEMESES["step-kill"], seed=2)
    assert run.anomalies == []
    assert run.failed_over
    assert run.marks[1][1].startswith(f"{run.choices['stage']}: kill faults-")
    assert run.marks[1][0] - run.marks[0][0] < 5000


async def test_a_clock_that_is_set_makes_silence_neither_longer_nor_shorter() -> None:
    """It is set while the primary's silence is measured, by a minute to a month; the lease shows that it was."""
    async with contest("gungnir", Settings(), as_shipped=False) as contestant:
        run = await run_one(contestant, NEMESES["clock-step-middle"], seed=3)
    assert run.anomalies == []
    assert run.failed_over
    assert abs(int(run.choices["offset_s"])) >= 60
    assert 900 < run.outage_ms < 10_000
    assert run.silence_ms > 900, "the subscriber was on the frozen primary"
