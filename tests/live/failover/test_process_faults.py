"""The primary's process or pod is lost, in every way in which that shows at once."""

import time
from typing import Any

import pytest

from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.demo.writers import Load
from gungnir.resp import ErrorReply
from gungnir.resp.commands import role

pytestmark = [pytest.mark.anyio, pytest.mark.live]


@pytest.mark.parametrize("restart_delay_ms", [0, 1500])
async def test_a_primary_that_comes_back_empty_takes_nobodys_data_away(
    world: World, deploy: Any, under_load: Any, restart_delay_ms: int
) -> None:
    """Scenario 1."""
    world.local.restart_delay_ms = restart_delay_ms
    cluster = await deploy(persistence={"enabled": False})
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await world.local.kill(before.primary)
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        await trial.ready()
    assert not trial.report.lost


async def test_a_pod_that_was_primary_returns_as_replica_and_accepts_no_write(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 2."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await world.local.kill(before.primary)
        after = await trial.next_primary(before)

        async def refused() -> bool:
            try:
                answer, state = await cluster.call(before.primary, (b"SET", b"stray", b"stray"), role())
            except (ConnectError, LostError):
                return False
            assert isinstance(answer, ErrorReply), "the former primary accepted a write"
            return isinstance(state, tuple) and state[0] == b"slave" and state[3] == b"connected"

        await wait_for("the former primary to follow", refused, timeout_ms=10_000)
        await trial.ready()
        primaries = [names for at, names in trial.sampler.primaries if at]
        assert primaries[-1] == (after.primary,)
        assert all(len(names) == 1 for names in primaries)


@pytest.mark.parametrize("grace_s", [None, 0], ids=["delete", "force"])
async def test_a_deleted_primary_is_replaced_at_once(
    world: World, deploy: Any, under_load: Any, grace_s: int | None
) -> None:
    """Scenario 17."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        start_ns = time.monotonic_ns()
        world.local.delete_pod(before.primary, grace_s=grace_s)
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        assert trial.gap_ms(start_ns) < 6000
        await trial.ready()


async def test_replicas_leave_the_address_of_a_deleted_pod_long_before_the_replication_timeout(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 51: ``repl-timeout`` is 10 s; measured from the new primary on."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        world.local.delete_pod(before.primary, grace_s=0)
        after = await trial.next_primary(before)
        follower = next(pod for pod in await cluster.pods() if pod not in (before.primary, after.primary))

        async def attached() -> bool:
            (state,) = await cluster.call(follower, role())
            address = cluster.addresses()[after.primary][0].encode()
            return isinstance(state, tuple) and state[:2] == (b"slave", address) and state[3] == b"connected"

        await wait_for(f"{follower} to follow {after.primary}", attached, timeout_ms=5000)
        await trial.ready()


async def test_two_pods_fail_over_to_the_only_replica(world: World, deploy: Any, under_load: Any) -> None:
    """Scenario 20."""
    cluster = await deploy(replicas=2)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await world.local.kill(before.primary)
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        await trial.ready()


async def test_one_pod_that_never_starts_does_not_stop_a_failover(world: World, deploy: Any, under_load: Any) -> None:
    """Scenario 21: with two of four pods to confirm a write, three are enough to know all of them."""
    cluster = await deploy(replicas=4, durability={"replicasToAck": 2})
    async with under_load(cluster, Load(wait_replicas=2)) as trial:
        before = await cluster.view()
        await cluster.change({"image": "registry.invalid/none:1"})
        await cluster.wait_view(
            "the rollout to be pending", lambda view: view.condition("RolloutPending")["status"] == "True"
        )
        lost = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
        world.local.delete_pod(lost)
        await cluster.wait_view("one pod less", lambda view: view.ready == 3)
        await world.local.kill(before.primary)
        after = await trial.next_primary(before)
        assert after.primary not in (before.primary, lost)


async def test_six_failovers_in_a_row_are_each_as_fast_as_the_first(world: World, deploy: Any, under_load: Any) -> None:
    """Scenarios 24 and 52."""
    cluster = await deploy()
    gaps_ms = []
    primaries = set()
    async with under_load(cluster) as trial:
        for _ in range(6):
            before = await cluster.view()
            start_ns = time.monotonic_ns()
            await world.local.kill(before.primary)
            after = await trial.next_primary(before)
            gaps_ms.append(trial.gap_ms(start_ns))
            primaries.add(after.primary)
            assert after.epoch == before.epoch + 1
            await trial.ready()
    assert max(gaps_ms) < 3000, gaps_ms
    assert len(primaries) >= 2


async def test_a_terminating_primary_with_a_long_grace_gives_its_role_away_at_once(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 25: a replica is frozen, so that the server waits for it with its end (``shutdown-timeout``, 10 s)."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        frozen = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
        await world.local.hang(frozen)
        start_ns = time.monotonic_ns()
        world.local.delete_pod(before.primary, grace_s=300)
        after = await trial.next_primary(before)
        gap_ms = trial.gap_ms(start_ns)
        await world.local.resume(frozen)
        assert after.primary not in (before.primary, frozen)
        assert gap_ms < 6000
        await trial.ready()
