"""The primary does not answer, or not everybody: silence is no proof of death."""

import time
from typing import Any

import pytest

from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.ledger import Ledger, Outcome
from gungnir.demo.roles import PERIOD_MS
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.demo.writers import Load, Writers
from gungnir.resp.commands import role

pytestmark = [pytest.mark.anyio, pytest.mark.live]

DOWN_AFTER_MS = 1000
WITNESS_MS = 2000
"""A replica that heard the primary so recently is a witness that it lives (whole seconds, from ``INFO``)."""


async def stalled(for_ms: int) -> None:
    """Let a fault last for a given time: here its length is the point."""
    end = time.monotonic() + for_ms / 1000
    await wait_for(f"{for_ms} ms to pass", lambda: time.monotonic() > end, timeout_ms=for_ms + 2000)


async def test_a_frozen_primary_is_replaced_and_is_replica_when_it_wakes(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenarios 14 and 50: its pod stays Ready all the while."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        start_ns = time.monotonic_ns()
        await world.local.hang(before.primary)
        after = await trial.next_primary(before)
        gap_ms = trial.gap_ms(start_ns)
        await world.local.resume(before.primary)
        await trial.ready()
        assert after.primary != before.primary
        assert gap_ms < DOWN_AFTER_MS + WITNESS_MS + 2000


async def test_a_stall_shorter_than_down_after_is_no_reason_to_fail_over(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 26."""
    cluster = await deploy(sentinel={"pingIntervalMs": 250, "downAfterMs": 2500})
    async with under_load(cluster) as trial:
        before = await cluster.view()
        for _ in range(3):
            await world.local.hang(before.primary)
            await stalled(1200)
            await world.local.resume(before.primary)
            await trial.more_writes(50)
        after = await trial.ready()
        assert (after.epoch, after.primary) == (before.epoch, before.primary)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_one_frozen_replica_does_not_hold_up_a_failover(
    world: World, deploy: Any, under_load: Any, *, known: bool
) -> None:
    """Scenario 22: it accepts connections and never answers; with two of four to confirm, three are enough.

    Known: the operator saw it silent before. Unknown: it freezes at the moment at which the primary dies.
    """
    cluster = await deploy(replicas=4, durability={"replicasToAck": 2})
    async with under_load(cluster, Load(wait_replicas=2)) as trial:
        before = await cluster.view()
        frozen = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
        await world.local.hang(frozen)
        if known:
            await trial.until("the frozen pod to be seen", lambda view: view.ready == 3)
        start_ns = time.monotonic_ns()
        await world.local.kill(before.primary)
        after = await trial.next_primary(before)
        gap_ms = trial.gap_ms(start_ns)
        await world.local.resume(frozen)
        assert after.primary not in (frozen, before.primary)
        assert gap_ms < 6000
        await trial.ready()


async def test_a_node_without_power_is_given_up_without_waiting_for_its_pod_to_be_deleted(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 18: nobody reaches the pod any more, and the API server still calls it running."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        start_ns = time.monotonic_ns()
        await world.local.cut(before.primary, "all")
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        assert trial.gap_ms(start_ns) < DOWN_AFTER_MS + 5000
        await world.local.heal()
        await trial.ready()


async def test_an_operator_that_alone_does_not_hear_the_primary_does_nothing(
    world: World, deploy: Any, under_load: Any
) -> None:
    """The second witness: replicas that hear the primary."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await world.local.cut(before.primary, "operator")
        start_ns = time.monotonic_ns()
        await trial.until("the doubt to be shown", lambda view: view.condition("Degraded").get("status") == "True")
        await wait_for(
            "four times downAfterMs",
            lambda: time.monotonic_ns() - start_ns > 4 * DOWN_AFTER_MS * 1_000_000,
            timeout_ms=10_000,
        )
        after = await cluster.view()
        assert (after.epoch, after.primary) == (before.epoch, before.primary)
        assert trial.gap_ms(start_ns) < 500
        await world.local.heal()
        await trial.ready()


async def test_a_replica_without_link_is_repaired_and_the_primary_left_alone(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 29."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        lonely = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
        await world.local.cut(lonely, before.primary)
        await trial.until("the link to be seen down", lambda view: view.ready == 2)
        await trial.more_writes(50)
        await world.local.heal()
        after = await trial.ready()
        assert (after.epoch, after.primary) == (before.epoch, before.primary)


async def isolate(world: World, cluster: Any, pod: str) -> None:
    """Cut a pod off from the operator and from its peers; clients on its side still reach it."""
    await world.local.cut(pod, "operator")
    for peer in await cluster.pods():
        if peer != pod:
            await world.local.cut(pod, peer)


async def test_a_healed_primary_acknowledges_nothing_from_the_first_contact_on(
    world: World, operator: Any, deploy: Any, under_load: Any
) -> None:
    """Scenario 53: its own clients never stop writing to it."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        address = cluster.addresses()[before.primary]
        astray = Ledger("astray")
        await isolate(world, cluster, before.primary)
        async with Writers(astray, lambda: address, await cluster.password(), Load(wait_every=0)):
            after = await trial.next_primary(before)
            assert after.primary != before.primary
            # min-replicas-max-lag (2 s) + 2 s: from then on the isolated side is refused by itself.
            await wait_for(
                "the isolated primary to refuse writes",
                lambda: astray.writes and "NOREPLICAS" in astray.writes[-1].error,
                timeout_ms=10_000,
            )
            healed_ns, healed_ms = time.monotonic_ns(), time.time() * 1000
            await world.local.heal()
            await trial.ready()
            trace = operator.trace.lines(healed_ms, cluster.key)
            contact_ms = next(line.at_ms for line in trace if line.event == "answers" and line.pod == before.primary)
            accepted = [
                write
                for write in astray.writes
                if write.outcome is Outcome.ACKNOWLEDGED and (write.answered_ns or 0) > healed_ns
            ]
            assert not accepted
        contact_ns = healed_ns + int((contact_ms - healed_ms) * 1_000_000)
        assert trial.sampler.counts.last_double_ns < contact_ns + 2 * PERIOD_MS * 1_000_000


async def test_the_new_epoch_is_kept_however_many_writes_the_isolated_primary_took(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 55: the isolated side takes many more writes than the new one before it refuses."""
    cluster = await deploy()
    async with under_load(cluster, Load(writers=1, rate_per_s=20, wait_every=1)) as trial:
        before = await cluster.view()
        address = cluster.addresses()[before.primary]
        astray = Ledger("astray")
        await isolate(world, cluster, before.primary)
        async with Writers(
            astray, lambda: address, await cluster.password(), Load(writers=4, rate_per_s=400, wait_every=0)
        ):
            after = await trial.next_primary(before)
            await trial.more_writes(10)
        assert len(astray.writes) > 200
        await world.local.heal()
        view = await trial.ready()
        assert view.primary == after.primary

        async def gone() -> bool:
            try:
                return not await cluster.read_all("astray:", before.primary)
            except (ConnectError, LostError):
                return False

        await wait_for("the isolated side's writes to be gone from its pod", gone, timeout_ms=10_000)
        (state,) = await cluster.call(before.primary, role())
        assert state[0] == b"slave"
