"""A running operator says where the time of a failover goes."""

import pytest

from bench.spans import picture, record

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_failover_under_load_is_exported_step_by_step() -> None:
    """From the first write of the record to the last: all that clients wait for, each pod's command below its step."""
    recording = await record("sigkill")
    labels = [bar.label for bar in recording.bars]
    assert labels[0] == "failover: Done, epoch 2"
    steps = [label.partition(":")[0] for label, bar in zip(labels, recording.bars, strict=True) if bar.depth == 1]
    assert [step for step in steps if step in ("Intend", "Select", "Freeze", "Promote", "Record", "UpdateSvc")] == [
        *("Intend", "Select", "Freeze", "Promote", "Record", "UpdateSvc")
    ]
    commands = [label for label, bar in zip(labels, recording.bars, strict=True) if bar.depth == 2]
    assert sum(label.startswith("detach") and label.endswith("done") for label in commands) == 2
    assert sum(label.startswith("promote") and label.endswith("done") for label in commands) == 1
    promoted = next(bar for bar in recording.bars if bar.label.startswith("promote"))
    assert 0 < promoted.start_ms < promoted.end_ms <= recording.first_ms
    assert "Promote: Pods" in picture(recording)
