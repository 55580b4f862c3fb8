"""The operator dies, sleeps, is one of two, or has no API server: alone, and while a primary dies."""

from typing import Final

from bench.faults.contestants.operated import LEASE
from bench.faults.nemeses.base import OPERATED, Act, Expect, Nemesis
from bench.faults.nemeses.process import away_ms
from bench.faults.scene import Scene

_MIDDLE_MS: Final = (1, 150)
"""When a failover after a SIGKILL is under way, in milliseconds after it."""


async def _kill_primary(scene: Scene) -> None:
    scene.local.restart_delay_ms = away_ms(scene)
    scene.strike(f"SIGKILL {scene.primary}")
    await scene.local.kill(scene.primary)


async def _killed(scene: Scene) -> None:
    scene.strike("SIGKILL of the operator")
    scene.operator.sigkill()
    await scene.operator.ended()
    await scene.pause(scene.choose_ms("away_ms", 500, 5000))


async def _stopped(scene: Scene) -> None:
    scene.strike("SIGSTOP of the operator")
    scene.operator.sigstop()
    await scene.pause(scene.choose_ms("stopped_ms", 500, 10_000))
    scene.operator.sigcont()
    await scene.pause(2 * scene.down_after_ms)


async def _killed_in_the_middle(scene: Scene) -> None:
    await _kill_primary(scene)
    await scene.pause(scene.choose_ms("after_ms", *_MIDDLE_MS))
    scene.mark("SIGKILL of the operator")
    scene.operator.sigkill()
    await scene.operator.ended()
    await scene.operator.start()
    await scene.pause(away_ms(scene))


async def _stopped_in_the_middle(scene: Scene) -> None:
    await _kill_primary(scene)
    await scene.pause(scene.choose_ms("after_ms", *_MIDDLE_MS))
    scene.mark("SIGSTOP of the operator")
    scene.operator.sigstop()
    await scene.pause(scene.choose_ms("stopped_ms", 300, 6000))
    scene.operator.sigcont()
    await scene.pause(away_ms(scene))


async def _two(scene: Scene) -> None:
    """The leader sleeps past its lease in the middle of a failover, which the other one finishes; then it wakes."""
    second = scene.contestant.world.new_operator("operator-2", LEASE)
    await second.start()
    await _kill_primary(scene)
    await scene.pause(scene.choose_ms("after_ms", *_MIDDLE_MS))
    scene.mark("SIGSTOP of the leader")
    scene.operator.sigstop()
    await second.wait_leader()
    await scene.pause(scene.choose_ms("then_ms", 1, 2000))
    scene.mark("SIGCONT of the former leader")
    scene.operator.sigcont()
    await scene.pause(away_ms(scene))


def _without_api(how: str) -> Act:
    async def act(scene: Scene) -> None:
        scene.local.restart_delay_ms = away_ms(scene) + 4000
        scene.mark(f"the API server: {how}")
        await scene.local.server.set_down(how)
        await scene.pause(scene.choose_ms("before_ms", 100, 3000))
        await _kill_primary(scene)
        await scene.pause(scene.choose_ms("down_ms", 500, 3000))
        await scene.local.server.set_down("")
        scene.mark("the API server is back")
        await scene.pause(away_ms(scene))

    return act


TABLE: Final = (
    Nemesis("operator-kill", "SIGKILL of the operator, back after 0.5-5 s", Expect.STAY, _killed, OPERATED),
    Nemesis("operator-stop", "SIGSTOP of the operator for 0.5-10 s", Expect.STAY, _stopped, OPERATED),
    Nemesis(
        "operator-kill-middle",
        "SIGKILL of the primary and, 1-150 ms later, of the operator, which starts again",
        Expect.FAIL_OVER,
        _killed_in_the_middle,
        OPERATED,
    ),
    Nemesis(
        "operator-stop-middle",
        "SIGKILL of the primary, 1-150 ms later SIGSTOP of the operator for 0.3-6 s",
        Expect.FAIL_OVER,
        _stopped_in_the_middle,
        OPERATED,
    ),
    Nemesis(
        "two-operators",
        "two operators; the leader sleeps past its lease in the middle of a failover, and wakes",
        Expect.FAIL_OVER,
        _two,
        OPERATED,
        pairs=False,
    ),
    Nemesis(
        "api-refuses",
        "the API server refuses connections, then SIGKILL of the primary",
        Expect.FAIL_OVER,
        _without_api("refuse"),
        OPERATED,
        pairs=False,
    ),
    Nemesis(
        "api-hangs",
        "the API server hangs, then SIGKILL of the primary",
        Expect.FAIL_OVER,
        _without_api("hang"),
        OPERATED,
        pairs=False,
    ),
)
