"""People and disks: everything deleted, roles changed by hand, the end of an append-only file lost."""

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from bench.faults.nemeses.base import Expect, Nemesis
from bench.faults.nemeses.process import away_ms
from bench.faults.scene import Scene
from gungnir.demo.waiting import wait_for
from gungnir.errors import UserError
from gungnir.local.cluster import LocalCluster
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


def data_directory(local: LocalCluster, pod: str) -> Path:
    """Where the server of a pod keeps its files.

    Raises:
        UserError: It does not run.
    """
    return Path(f"/proc/{local.container_pid(pod)}/cwd").readlink()


def fill(directory: Path) -> Path:
    """Let the next append-only file be ``/dev/full``: every write to it fails with ENOSPC, also for root.

    It is the next one after a BGREWRITEAOF. Returns the path to take away again.
    """
    # Two of them while a rewrite is under way; the server counts them up.
    numbered = {int(path.name.split(".")[-3]): path for path in (directory / "appendonlydir").glob("*.incr.aof")}
    last = max(numbered)
    following = numbered[last].with_name(numbered[last].name.replace(f".{last}.incr.", f".{last + 1}.incr."))
    following.symlink_to("/dev/full")
    return following


def free(full: Path) -> None:
    """The disk has room again."""
    full.unlink(missing_ok=True)
    full.touch()


async def _disk_full(scene: Scene, victim: str) -> None:
    full = fill(data_directory(scene.local, victim))
    try:
        scene.strike(f"the disk of {victim} is full")
        await scene.contestant.admin(victim, (b"BGREWRITEAOF",))
        await scene.pause(scene.choose_ms("full_ms", 1000, 5000) + away_ms(scene))
    finally:
        free(full)
    scene.mark("the disk has room")
    with contextlib.suppress(UserError):  # a replica that cannot write its file ends by itself (replication.c)
        await scene.local.kill(victim)
    await scene.pause(away_ms(scene))


async def _disk_full_primary(scene: Scene) -> None:
    await _disk_full(scene, scene.primary)


async def _disk_full_replica(scene: Scene) -> None:
    await _disk_full(scene, scene.choose("victim", *scene.replicas))


async def _truncate(scene: Scene, victim: str) -> None:
    directory = data_directory(scene.local, victim)
    scene.local.restart_delay_ms = RESTART_MS
    scene.strike(f"SIGKILL {victim}")
    await scene.local.kill(victim)
    await wait_for(f"{victim} to end", lambda: has_ended(scene.local, victim), timeout_ms=RESTART_MS // 2, poll_ms=5)
    scene.mark(cut_off(directory, scene.choose_number("truncated_bytes", 1, TRUNCATED_AT_MOST)))
    await scene.pause(away_ms(scene))


def has_ended(local: LocalCluster, pod: str) -> bool:
    """Tell whether no process of this pod's container runs now."""
    try:
        local.container_pid(pod)
    except UserError:
        return True
    return False


def cut_off(directory: Path, size: int) -> str:
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
    Nemesis(
        "disk-full",
        "the primary's disk is full for some seconds (ENOSPC for its append-only file)",
        Expect.FAIL_OVER,
        _disk_full_primary,
        pairs=False,
    ),
    Nemesis(
        "disk-full-replica",
        "a replica's disk is full for some seconds",
        Expect.STAY,
        _disk_full_replica,
        pairs=False,
    ),
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
