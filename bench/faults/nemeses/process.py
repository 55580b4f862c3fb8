"""Processes of Valkey end, hang, and come back: with their disk, without it, one of them or all."""

import asyncio
from typing import Final

from bench.faults.nemeses.base import OPERATED, Expect, Nemesis
from bench.faults.scene import Scene

AWAY_FACTOR: Final = 3
"""A process that "stays away" does so for this many times ``down_after_ms``, and ``AWAY_MS`` more."""
AWAY_MS: Final = 3000
LONG_STOP_MS: Final = 20_000


def away_ms(scene: Scene) -> int:
    """How long a process stays away, so that everybody notices."""
    return AWAY_FACTOR * scene.down_after_ms + AWAY_MS


async def _kill(scene: Scene) -> None:
    scene.local.restart_delay_ms = away_ms(scene)
    scene.strike(f"SIGKILL {scene.primary}")
    await scene.local.kill(scene.primary)
    await scene.pause(away_ms(scene))


async def _restart(scene: Scene) -> None:
    scene.local.restart_delay_ms = scene.choose_ms("restart_after_ms", 200, 2000)
    scene.strike(f"SIGKILL {scene.primary}")
    await scene.local.kill(scene.primary)
    await scene.pause(away_ms(scene))


async def _empty(scene: Scene) -> None:
    scene.local.restart_delay_ms = scene.choose_ms("restart_after_ms", 200, 2000)
    scene.strike(f"SIGKILL {scene.primary}, disk lost")
    scene.local.wipe(scene.primary)
    await scene.pause(away_ms(scene))


async def _wipe_replica(scene: Scene) -> None:
    victim = scene.choose("victim", *scene.replicas)
    scene.strike(f"SIGKILL {victim}, disk lost")
    scene.local.wipe(victim)
    await scene.pause(2 * scene.down_after_ms)


async def _stop(scene: Scene, duration_ms: int) -> None:
    scene.strike(f"SIGSTOP {scene.primary}")
    await scene.local.hang(scene.primary)
    await scene.pause(duration_ms)
    await scene.local.resume(scene.primary)
    scene.mark(f"SIGCONT {scene.primary}")


async def _long_stop(scene: Scene) -> None:
    await _stop(scene, scene.choose_ms("stopped_ms", 2 * scene.down_after_ms + 1500, LONG_STOP_MS))
    await scene.pause(1000)


async def _short_stop(scene: Scene) -> None:
    await _stop(scene, scene.choose_ms("stopped_ms", 50, scene.down_after_ms // 2))
    await scene.pause(scene.down_after_ms)


async def _all(scene: Scene) -> None:
    scene.local.restart_delay_ms = scene.choose_ms("restart_after_ms", 200, 2000)
    scene.strike("SIGKILL every pod")
    await asyncio.gather(*(scene.local.kill(pod) for pod in scene.contestant.addresses()))
    await scene.pause(away_ms(scene))


async def _twice(scene: Scene) -> None:
    """The second one dies while, or soon after, it takes over."""
    scene.local.restart_delay_ms = 1000
    scene.strike(f"SIGKILL {scene.primary}")
    await scene.local.kill(scene.primary)
    await scene.pause(scene.choose_ms("then_after_ms", 50, 4000))
    following = await scene.contestant.primary()
    if following and following != scene.primary:
        scene.mark(f"SIGKILL {following}")
        await scene.local.kill(following)
    await scene.pause(away_ms(scene))


async def _switch(scene: Scene) -> None:
    scene.strike("planned switchover")
    await scene.contestant.switch_over()
    await scene.pause(2000)


async def _delete(scene: Scene) -> None:
    scene.strike(f"delete {scene.primary}")
    scene.local.delete_pod(scene.primary)
    await scene.pause(away_ms(scene))


async def _force_delete(scene: Scene) -> None:
    scene.strike(f"delete {scene.primary} by force")
    scene.local.delete_pod(scene.primary, grace_s=0)
    await scene.pause(away_ms(scene))


async def _delete_replica(scene: Scene) -> None:
    victim = scene.choose("victim", *scene.replicas)
    grace_s = {"yes": 0, "no": None}[scene.choose("by_force", "yes", "no")]
    scene.strike(f"delete {victim}")
    scene.local.delete_pod(victim, grace_s=grace_s)
    await scene.pause(away_ms(scene))


TABLE: Final = (
    Nemesis("sigkill", "SIGKILL of the primary, which stays away", Expect.FAIL_OVER, _kill),
    Nemesis("sigkill-restart", "SIGKILL of the primary, back with its disk after 0.2-2 s", Expect.MAY, _restart),
    Nemesis(
        "sigkill-empty",
        "SIGKILL of the primary, back with an empty disk after 0.2-2 s",
        Expect.FAIL_OVER,
        _empty,
        destructive=True,
    ),
    Nemesis("sigkill-twice", "SIGKILL of the primary, 0.05-4 s later of the next one", Expect.MAY, _twice, pairs=False),
    Nemesis("sigstop-long", "SIGSTOP of the primary for more than twice down-after", Expect.FAIL_OVER, _long_stop),
    Nemesis("sigstop-short", "SIGSTOP of the primary for up to half of down-after", Expect.STAY, _short_stop),
    Nemesis(
        "delete",
        "the pod of the primary is deleted",
        Expect.FAIL_OVER,
        _delete,
        OPERATED,
        pairs=False,
        lossless=True,
    ),
    Nemesis(
        "delete-force",
        "the pod of the primary is deleted by force",
        Expect.FAIL_OVER,
        _force_delete,
        OPERATED,
        pairs=False,
    ),
    Nemesis(
        "delete-replica",
        "the pod of a replica is deleted, by force or not",
        Expect.MAY,
        _delete_replica,
        OPERATED,
        pairs=False,
    ),
    Nemesis("wipe-replica", "a replica is killed and loses its disk", Expect.STAY, _wipe_replica, destructive=True),
    Nemesis(
        "kill-all", "SIGKILL of all pods at once, back after 0.2-2 s", Expect.MAY, _all, pairs=False, all_copies=True
    ),
    Nemesis(
        "switchover",
        "a planned switchover (Sentinel: FAILOVER ... COORDINATED)",
        Expect.FAIL_OVER,
        _switch,
        offered=frozenset({"gungnir", "sentinel"}),
        pairs=False,
        lossless=True,
    ),
)
