"""Who may be promoted: never a pod whose data is not whole, whatever its offset or its disk says."""

import time
from typing import Any

import pytest

from bench.faults.nemeses.data import cut_off, data_directory, has_ended
from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.resp.commands import ClientType, client_kill, config_set, info, replicaof, replicaof_no_one, role

pytestmark = [pytest.mark.anyio, pytest.mark.live]

SLOW_SYNC = {"enabled": False}
"""In memory, so that a restart needs a full synchronisation."""
BULK_KEYS = 2000
LAST_WRITES_BYTES = 500
RELEASE_MS = 6000
KEY_DELAY = {"rdb-key-save-delay": "1500"}
"""Microseconds for each key of a snapshot: a full synchronisation of ``BULK_KEYS`` takes 3 s."""


async def fill(cluster: Any) -> None:
    """Write ``BULK_KEYS`` keys that are in no ledger."""
    primary = (await cluster.view()).primary
    pairs = [part for number in range(BULK_KEYS) for part in (b"bulk:%d" % number, b"x" * 100)]
    answer, replicas = await cluster.call(primary, (b"MSET", *pairs), (b"WAIT", b"2", b"5000"))
    assert answer == b"OK"
    assert replicas >= 2


async def syncing(cluster: Any, pod: str) -> bool:
    """Whether the pod is in the middle of a full synchronisation or of loading its result."""
    try:
        (text,) = await cluster.call(pod, info("replication", "persistence"))
    except (ConnectError, LostError):
        return False
    return b"master_sync_in_progress:1" in bytes(text) or b"\nloading:1" in bytes(text)


async def others(cluster: Any) -> list[str]:
    primary = (await cluster.view()).primary
    return [pod for pod in sorted(await cluster.pods()) if pod != primary]


async def test_a_replica_in_the_middle_of_a_full_sync_is_not_promoted(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 5: with two of four pods to confirm a write, the two whole replicas are enough to know all writes."""
    cluster = await deploy(replicas=4, durability={"replicasToAck": 2}, persistence=SLOW_SYNC, config=KEY_DELAY)
    await fill(cluster)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        half = (await others(cluster))[0]
        world.local.wipe(half)
        await wait_for(f"{half} to synchronise", lambda: syncing(cluster, half), timeout_ms=20_000)
        await world.local.kill(before.primary)
        after = await trial.next_primary(before)
        assert after.primary not in (half, before.primary)


async def test_nobody_is_promoted_while_no_replica_is_whole_and_the_status_says_why(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 6: the primary's disk has everything; it is back after 4 s."""
    cluster = await deploy(config=KEY_DELAY | {"appendonly": "yes"})
    await fill(cluster)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        replicas = await others(cluster)
        for pod in replicas:
            world.local.wipe(pod)
        await wait_for("a replica to synchronise", lambda: syncing(cluster, replicas[0]), timeout_ms=20_000)
        world.local.restart_delay_ms = 4000
        await world.local.kill(before.primary)
        blocked = await trial.until(
            "the cluster to say that it is blocked", lambda view: view.condition("Blocked").get("status") == "True"
        )
        assert blocked.condition("Blocked")["message"]
        await trial.next_primary(before)
        await trial.ready()
        assert all(set(names) <= {before.primary} for _at, names in trial.sampler.primaries)


async def test_a_disk_that_lacks_the_last_writes_does_not_replace_the_vote_of_a_replica_that_is_away(
    world: World, deploy: Any, under_load: Any
) -> None:
    """A write waits in the process while an fsync takes its time: a killed primary's file may lack confirmed ones."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        away = (await others(cluster))[0]
        await world.local.cut(away, "all")
        await trial.more_writes(100)
        files = data_directory(world.local, before.primary)
        world.local.restart_delay_ms = 1500
        await world.local.kill(before.primary)
        await wait_for("the process to end", lambda: has_ended(world.local, before.primary), timeout_ms=1000, poll_ms=5)
        cut_off(files, LAST_WRITES_BYTES)
        await trial.until(
            "the cluster to say what it waits for",
            lambda view: view.condition("Blocked").get("reason") == "WaitingForAReplica",
        )
        await world.local.heal()
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        await trial.ready()


async def test_a_replica_that_stays_away_is_waited_for_no_longer_than_it_would_be_counted_on(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Then the primary that came back on its volume goes on: without its last writes, if an fsync was under way."""
    cluster = await deploy(sentinel={"pingIntervalMs": 250, "downAfterMs": 1000, "failoverTimeoutMs": RELEASE_MS})
    async with under_load(cluster, lossy=True) as trial:
        before = await cluster.view()
        await world.local.cut((await others(cluster))[0], "all")
        away_ns = time.monotonic_ns()
        await trial.more_writes(100)
        await world.local.kill(before.primary)
        await trial.until(
            "the cluster to say what it waits for",
            lambda view: view.condition("Blocked").get("reason") == "WaitingForAReplica",
        )
        after = await trial.next_primary(before)
        assert time.monotonic_ns() - away_ns > RELEASE_MS * 1_000_000
        assert after.primary == before.primary
        assert after.status["lastFailover"]["verdict"] == "PrimaryRestored"


async def test_all_pods_of_a_cluster_in_memory_restart_together_and_it_says_that_data_is_lost(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 12."""
    cluster = await deploy(persistence={"enabled": False})
    async with under_load(cluster, lossy=True) as trial:
        before = await cluster.view()
        for pod in await cluster.pods():
            await world.local.kill(pod)
        await trial.next_primary(before)
        view = await trial.ready()
        assert view.condition("DataLoss")["status"] == "True"
        epoch = view.epoch
        await trial.more_writes(200)
        assert (await cluster.view()).epoch == epoch, "it went on failing over"


async def test_a_replica_that_lost_its_volume_never_wins_over_one_with_data(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 15: wiped and, while it starts, the primary dies."""
    cluster = await deploy(replicas=4, durability={"replicasToAck": 2})
    async with under_load(cluster) as trial:
        before = await cluster.view()
        empty = (await others(cluster))[0]
        world.local.wipe(empty)
        await world.local.kill(before.primary)
        after = await trial.next_primary(before)
        assert after.primary not in (empty, before.primary)
        await trial.ready()


async def test_an_old_snapshot_on_the_volume_is_not_adopted(world: World, deploy: Any, under_load: Any) -> None:
    """Scenario 48: no persistence but a volume, on which an earlier full synchronisation left its file."""
    cluster = await deploy(config={"save": "", "appendonly": "no"})
    world.local.restart_delay_ms = 0
    async with under_load(cluster) as trial:
        for _ in range(3):
            before = await cluster.view()
            await world.local.kill(before.primary)
            after = await trial.next_primary(before)
            assert after.primary != before.primary
            await trial.ready()
            before = await cluster.view()
            world.local.delete_pod(before.primary, grace_s=0)
            after = await trial.next_primary(before)
            assert after.primary != before.primary
            await trial.ready()


@pytest.mark.parametrize("command", ["other", "nobody", "nowhere"])
async def test_a_replica_that_somebody_pointed_elsewhere_is_brought_back(
    deploy: Any, under_load: Any, as_operator: Any, command: str
) -> None:
    """Scenarios 16 and 11: a person with the operator's password gives REPLICAOF."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        victim, neighbour = await others(cluster)
        host, port = cluster.addresses()[neighbour]
        wrong = {
            "other": replicaof(host, port),
            "nobody": replicaof_no_one(),
            "nowhere": replicaof("127.0.0.1", 9),
        }[command]
        (answer,) = await as_operator(cluster, victim, wrong)
        assert answer == b"OK"

        async def follows_again() -> bool:
            (state,) = await cluster.call(victim, role())
            address = cluster.addresses()[before.primary][0].encode()
            return isinstance(state, tuple) and state[:2] == (b"slave", address) and state[3] == b"connected"

        await wait_for(f"{victim} to follow {before.primary} again", follows_again, timeout_ms=5000)
        after = await trial.ready()
        assert (after.primary, after.epoch) == (before.primary, before.epoch)
        await trial.more_writes(20)


async def test_a_replica_whose_password_was_changed_by_hand_is_given_the_right_one(
    deploy: Any, under_load: Any, as_operator: Any
) -> None:
    """Its link is cut as well, or it would go on with the old one until the next loss of the connection."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        victim, _ = await others(cluster)
        cut = client_kill(client_type=ClientType.MASTER)
        answers = await as_operator(cluster, victim, config_set({"masterauth": "wrong"}), cut)
        assert answers[0] == b"OK"
        await cluster.wait_view("the replica to be cut off", lambda view: view.ready == 2)
        after = await trial.ready()
        assert (after.primary, after.epoch) == (before.primary, before.epoch)


async def test_replicas_keep_their_data_while_the_operator_is_away(
    world: World, operator: Any, deploy: Any, under_load: Any
) -> None:
    """Scenario 49: the primary is back, empty, after 1 s; the operator, after more than that."""
    cluster = await deploy(persistence={"enabled": False})
    world.local.restart_delay_ms = 1000
    async with under_load(cluster) as trial:
        before = await cluster.view()
        replicas = await others(cluster)
        operator.sigkill()
        await operator.ended()
        await world.local.kill(before.primary)

        async def back_and_empty() -> bool:
            (size,) = await cluster.call(before.primary, (b"DBSIZE",))
            return bool(size == 0)

        await wait_for("the primary to be back, empty", back_and_empty, timeout_ms=10_000)
        moment = time.monotonic()

        async def kept() -> bool:
            sizes = [await cluster.call(pod, (b"DBSIZE",)) for pod in replicas]
            assert all(size[0] > 0 for size in sizes), sizes
            return time.monotonic() > moment + 1.5

        await wait_for("1.5 s in which the replicas keep their data", kept, timeout_ms=10_000)
        await operator.start()
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        await trial.ready()
    assert not trial.report.lost
