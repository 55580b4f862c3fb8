"""People and disks: everything deleted, roles changed by hand, the end of an append-only file lost."""

import os
import time
from pathlib import Path
from typing import Final

from bench.faults.nemeses.base import Expect, Nemesis
from bench.faults.nemeses.process import away_ms
from bench.faults.scene import Scene
from gungnir.demo.waiting import wait_for
from gungnir.errors import UserError
from gungnir.resp import ErrorReply
from gungnir.resp.commands import replicaof, replicaof_no_one

TRUNCATED_AT_MOST: Final = 20_000
"""Bytes."""
RESTART_MS: Final = 1500


async def _flush(scene: Scene) -> None:
    scene.strike("FLUSHALL by a client")
    connection = await scene.contestant.connect(scene.primary)
    try:
        answer = await connection.call((b"FLUSHALL",))
    finally:
        connection.close()
    if not isinstance(answer, ErrorReply):
        scene.flushed_ns = time.monotonic_ns()
    await scene.pause(2 * scene.down_after_ms)


async def _replica_by_hand(scene: Scene) -> None:
    victim = scene.choose("victim", *scene.replicas)
    other = next(replica for replica in scene.replicas if replica != victim)
    to = scene.choose("to", "no one", "another replica", "nowhere")
    command = {
        "no one": replicaof_no_one(),
        "another replica": replicaof(*scene.contestant.addresses()[other]),
        "nowhere": replicaof("127.0.0.1", 9),
    }[to]
    scene.strike(f"REPLICAOF {to} on {victim}")
    await scene.contestant.admin(victim, command)
    await scene.pause(away_ms(scene))


async def _primary_by_hand(scene: Scene) -> None:
    target = scene.choose("target", *scene.replicas)
    scene.strike(f"REPLICAOF {target} on {scene.primary}")
    await scene.contestant.admin(scene.primary, replicaof(*scene.contestant.addresses()[target]))
    await scene.pause(away_ms(scene))


async def _truncate(scene: Scene, victim: str) -> None:
    directory = Path(f"/proc/{scene.local.container_pid(victim)}/cwd").readlink()  # noqa: ASYNC240 - proc(5) does not block
    scene.local.restart_delay_ms = RESTART_MS
    scene.strike(f"SIGKILL {victim}")
    await scene.local.kill(victim)

    def ended() -> bool:
        try:
            scene.local.container_pid(victim)
        except UserError:
            return True
        return False

    await wait_for(f"{victim} to end", ended, timeout_ms=RESTART_MS // 2, poll_ms=5)
    scene.mark(_cut_off(directory, scene.choose_number("truncated_bytes", 1, TRUNCATED_AT_MOST)))
    await scene.pause(away_ms(scene))


def _cut_off(directory: Path, size: int) -> str:
    """Take the end from the newest append-only file; returns what was done."""
    newest = max(directory.rglob("*.incr.aof"), key=lambda path: path.stat().st_mtime_ns)
    before = newest.stat().st_size
    os.truncate(newest, max(0, before - size))
    return f"{min(before, size)} of {before} bytes of {newest.name} are gone"


async def _truncate_primary(scene: Scene) -> None:
    await _truncate(scene, scene.primary)


async def _truncate_replica(scene: Scene) -> None:
    await _truncate(scene, scene.choose("victim", *scene.replicas))


TABLE: Final = (
    Nemesis("flushall", "a client deletes everything", Expect.STAY, _flush, pairs=False),
    Nemesis(
        "replicaof-replica",
        "a replica is told by hand to follow somebody else, or nobody",
        Expect.STAY,
        _replica_by_hand,
    ),
    Nemesis(
        "replicaof-primary",
        "the primary is told by hand to follow a replica",
        Expect.MAY,
        _primary_by_hand,
        pairs=False,
    ),
    Nemesis(
        "truncate-primary",
        "SIGKILL of the primary, whose append-only file loses its end",
        Expect.MAY,
        _truncate_primary,
        destructive=True,
    ),
    Nemesis(
        "truncate-replica",
        "SIGKILL of a replica, whose append-only file loses its end",
        Expect.STAY,
        _truncate_replica,
        destructive=True,
    ),
)
