"""The observer that bounds the operator's outages from below does fail over, and hands over without a loss."""

import pytest

from bench import floor

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize("name", floor.NAMES)
async def test_an_observer_alone_moves_the_primary_each_time(name: str) -> None:
    """Twice in a row, so the pod that was lost or replaced has come back and follows."""
    samples, lost = await floor.measure(name, 2)
    assert len(samples) == 2
    assert all(0 < sample_ms < 5000 for sample_ms in samples)
    if name == "switchover":
        assert lost == 0
