"""Each finding of a campaign again, with its seed: the fault that broke a promise breaks none any more."""

import pytest

from bench.faults.campaign import contest, run_one
from bench.faults.contestants import Settings
from bench.faults.found import FOUND, Found
from bench.faults.nemeses import NEMESES

pytestmark = [pytest.mark.anyio, pytest.mark.live, pytest.mark.timeout(200)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, id=f"{row.nemesis}-{row.seed}", marks=pytest.mark.slow if row.nemesis == "pair" else ())
        for row in FOUND
    ],
)
async def test_a_finding_does_not_come_back(row: Found) -> None:
    """A seed repeats the choices of a run and not its timing: what was rare may need more than one run to be seen."""
    async with contest("gungnir", Settings(row.down_after_ms), as_shipped=False) as contestant:
        run = await run_one(contestant, NEMESES[row.nemesis], row.seed)
    assert run.anomalies == []
    assert run.counts["confirmed"] > 100
