"""Somebody sets the operator's wall clock, forwards and back. Decisions use the monotonic one."""

import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.faults.contestants.operated import LEASE
from bench.faults.nemeses.base import OPERATED, Expect, Nemesis
from bench.faults.nemeses.process import away_ms
from bench.faults.scene import Scene
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import OPERATOR_NAMESPACE
from gungnir.runtime.kube_resources import LEASES

SHIM: Final = Path(__file__).parents[1] / "clock"
"""Holds the module that moves the clock of an interpreter that starts with this folder on its path."""
SECOND: Final = "operator-clock"
_DAY_S: Final = 86_400
_TOLD_MS: Final = 10_000
_CLOSE_S: Final = 30
"""The lease says when it was renewed to about a second; a step is far larger than this, or smaller than can be told."""


@contextlib.asynccontextmanager
async def _moved_clock(scene: Scene) -> AsyncIterator[Callable[[float], None]]:
    """Inside, an operator leads whose wall clock can be set: to so many seconds ahead of the true one."""
    world = scene.contestant.world
    path = world.directory / "clock"
    path.write_bytes(struct.pack("d", 0.0))
    second = world.new_operator(SECOND, LEASE, {"BENCH_CLOCK": str(path), "PYTHONPATH": str(SHIM)})
    await scene.operator.stop()
    await second.start()
    await second.wait_leader()

    def step(offset_s: float) -> None:
        with path.open("r+b") as file:
            file.write(struct.pack("d", offset_s))
        scene.mark(f"the operator's clock is off by {offset_s:.0f} s")

    yield step
    step(0.0)


async def _is_told(scene: Scene, offset_s: float) -> None:
    """Wait until the lease was renewed by the clock as it was set: else this fault does nothing, and proves nothing.

    Raises:
        NotInTimeError: It was not.
    """

    async def told() -> bool:
        lease = await scene.contestant.world.api.get(LEASES, OPERATOR_NAMESPACE, "gungnir-operator")
        renewed = datetime.fromisoformat(str((lease or {}).get("spec", {}).get("renewTime")))
        return abs((renewed - datetime.now(tz=UTC)).total_seconds() - offset_s) < _CLOSE_S

    await wait_for("a renewal by the clock that was set", told, timeout_ms=_TOLD_MS, poll_ms=50)


def _offset_s(scene: Scene) -> int:
    size = scene.choose_number("offset_s", 2 * _CLOSE_S, 30 * _DAY_S)
    return size if scene.choose("direction", "ahead", "behind") == "ahead" else -size


async def _calm(scene: Scene) -> None:
    async with _moved_clock(scene) as step:
        scene.strike("the operator's clock is set")
        offset_s = _offset_s(scene)
        step(offset_s)
        await _is_told(scene, offset_s)
        await scene.pause(scene.choose_ms("lasts_ms", 500, 5000))
    await scene.pause(2 * scene.down_after_ms)


async def _in_a_failover(scene: Scene) -> None:
    async with _moved_clock(scene) as step:
        offset_s = _offset_s(scene)
        scene.local.restart_delay_ms = away_ms(scene)
        scene.strike(f"SIGSTOP {scene.primary}")
        await scene.local.hang(scene.primary)
        # Silence is being measured: a clock that is set must make it neither longer nor shorter.
        await scene.pause(scene.choose_ms("after_ms", 1, scene.down_after_ms))
        step(offset_s)
        await _is_told(scene, offset_s)
        await scene.pause(2 * scene.down_after_ms)
        await scene.local.resume(scene.primary)
    await scene.pause(away_ms(scene))


TABLE: Final = (
    Nemesis(
        "clock-step",
        "the operator's wall clock is set, by a minute to a month, ahead or back",
        Expect.STAY,
        _calm,
        OPERATED,
        pairs=False,
    ),
    Nemesis(
        "clock-step-middle",
        "SIGSTOP of the primary; the operator's wall clock is set while its silence is measured",
        Expect.FAIL_OVER,
        _in_a_failover,
        OPERATED,
        pairs=False,
    ),
)
