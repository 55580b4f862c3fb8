"""A pod is hurt at a named step of a failover: the record says how far it is, and the fault comes at once.

The record in ``.status`` is looked at where it is committed, so nothing is polled and no step is missed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from bench.faults.nemeses.base import OPERATED, Act, Expect, Nemesis
from bench.faults.nemeses.process import LONG_STOP_MS, away_ms
from bench.faults.scene import Scene
from gungnir.errors import UserError
from gungnir.local.plane.faults import ALL
from gungnir.local.store import StoreEvent
from gungnir.machines.record import Stage
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

KILL, SWITCH = "SIGKILL of the primary", "planned switchover"
FORMER, CANDIDATE, OTHER = "former primary", "candidate", "another replica"
_REACHED_MS: Final = 15_000
_RESTART_MS: Final = 1000


@contextlib.asynccontextmanager
async def _reaching(scene: Scene, stage: Stage) -> AsyncIterator[asyncio.Future[Mapping[str, Any]]]:
    """Inside, a future of ``status.failover`` as it is when the record first reaches a stage."""
    reached: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()

    def look(event: StoreEvent) -> None:
        failover = (event.record.obj.get("status") or {}).get("failover") or {}
        of_ours = event.record.obj.get("kind") == VALKEYCLUSTERS.kind
        if of_ours and failover.get("phase") == stage.value and not reached.done():
            reached.set_result(failover)

    forget = scene.local.registry.store.subscribe(look)
    try:
        yield reached
    finally:
        forget()


def _victim(scene: Scene, failover: Mapping[str, Any], who: str) -> str:
    """The pod with a part in the failover; while there is no candidate, any replica may become it."""
    candidate = (failover.get("candidate") or {}).get("pod") or scene.replicas[0]
    other = next(pod for pod in scene.replicas if pod != candidate)
    return {FORMER: scene.primary, CANDIDATE: candidate, OTHER: other}[who]


def _at_step(how: str) -> Act:
    async def act(scene: Scene) -> None:
        stage = Stage(scene.choose("stage", *(stage.value for stage in Stage)))
        why = scene.choose("why", KILL, SWITCH)
        who = scene.choose("who", CANDIDATE, OTHER, *((FORMER,) if why == SWITCH else ()))
        lasts_ms = scene.choose_ms("lasts_ms", 200, LONG_STOP_MS // 2)
        scene.local.restart_delay_ms = _RESTART_MS
        async with _reaching(scene, stage) as reached:
            scene.strike(why)
            if why == KILL:
                await scene.local.kill(scene.primary)
            else:
                await scene.contestant.switch_over()
            async with asyncio.timeout(_REACHED_MS / 1000):
                failover = await reached
        victim = _victim(scene, failover, who)
        scene.mark(f"{stage.value}: {how} {victim}, {who}")
        await _hurt(scene, how, victim, lasts_ms)
        await scene.pause(away_ms(scene))

    return act


async def _hurt(scene: Scene, how: str, victim: str, lasts_ms: int) -> None:
    with contextlib.suppress(UserError):  # the former primary may have ended already
        match how:
            case "kill":
                await scene.local.kill(victim)
            case "hang":
                await scene.local.hang(victim)
                await scene.pause(lasts_ms)
                await scene.local.resume(victim)
            case _:
                await scene.local.cut(victim, ALL)
                await scene.pause(lasts_ms)
                await scene.local.heal(victim, ALL)


TABLE: Final = tuple(
    Nemesis(
        f"step-{how}",
        f"a failover or switchover is at a chosen step, and one of its pods {what}",
        Expect.MAY,
        _at_step(how),
        OPERATED,
        pairs=False,
        bound_ms=60_000,
    )
    for how, what in (
        ("kill", "is killed by SIGKILL, back after 1 s"),
        ("hang", "hangs for 0.2-10 s"),
        ("cut", "is cut off from everybody for 0.2-10 s"),
    )
)
