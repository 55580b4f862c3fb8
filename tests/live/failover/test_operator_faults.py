"""The operator dies, sleeps, is one of two, or loses the API server: the data path does not notice."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from gungnir.demo.errors import NotInTimeError
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.trace import TraceLine
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.machines.failover_table import Phase
from gungnir.runtime.kube_resources import PODS

pytestmark = [pytest.mark.anyio, pytest.mark.live]

LONG: Final = (pytest.mark.slow, pytest.mark.timeout(300))
API_DELAY_MS: Final = 20
WRITES_PER_S: Final = 400
"""What the load of a trial amounts to: four writers, each at most 100 writes/s."""
"""For every request, so that the steps lie far enough apart to be told from each other while they happen."""
PHASES: Final = (
    Phase.READ,
    Phase.INTEND,
    Phase.UNROUTE_READ,
    Phase.UNROUTE_WRITE,
    Phase.STAMP_READ,
    Phase.STAMP_WRITE,
    Phase.SELECT,
    Phase.FREEZE,
    Phase.PROMOTE,
    Phase.RECORD,
    Phase.RECONFIGURE,
    Phase.ROUTE_WRITE,
    Phase.FINISH,
)
STEPS_OF_A_DEPLOYMENT: Final = range(1, 36, 3)


async def at_step(operator: OperatorProcess, cluster: str, since_ms: float, is_it: Callable[[TraceLine], bool]) -> None:
    """Wait until the operator's trace shows a step of a cluster."""

    def seen() -> bool:
        return any(is_it(line) for line in operator.trace.lines(since_ms, cluster))

    await wait_for("the step", seen, timeout_ms=20_000, poll_ms=1)


@pytest.mark.parametrize("phase", PHASES)
async def test_a_failover_that_a_crash_interrupted_is_finished_and_not_begun_again(
    world: World, operator: OperatorProcess, deploy: Any, under_load: Any, phase: Phase
) -> None:
    """Scenario 3, for every request of a failover: the operator is killed while that one is under way."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        slow = world.local.api_faults.add(delay_ms=API_DELAY_MS, verb="update")
        since_ms = time.time() * 1000
        await world.local.kill(before.primary)
        await at_step(operator, cluster.key, since_ms, lambda line: line.machine == "failover" and line.phase == phase)
        operator.sigkill()
        await operator.ended()
        world.local.api_faults.remove(slow.id)
        chosen = ((await cluster.view()).status.get("failover") or {}).get("candidate") or {}
        await operator.start()
        # Not "ready": before the intent is recorded, the status still tells of the peace before the kill.
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        assert chosen.get("pod") in (None, after.primary), "a frozen candidate was replaced by another"
        final = await trial.ready()
        assert (final.epoch, final.primary) == (before.epoch + 1, after.primary)


@pytest.mark.parametrize("step", STEPS_OF_A_DEPLOYMENT)
async def test_a_first_deployment_that_a_crash_interrupted_is_finished(
    world: World, operator: OperatorProcess, deploy: Any, under_load: Any, step: int
) -> None:
    """The operator is killed after its ``step``-th step for a new cluster."""
    slow = world.local.api_faults.add(delay_ms=API_DELAY_MS, verb="update")
    since_ms = time.time() * 1000
    cluster = await deploy(wait=False)

    def reached() -> bool:
        lines = operator.trace.lines(since_ms, cluster.key)
        return sum(line.machine != "monitor" for line in lines) >= step

    await wait_for(f"step {step}", reached, timeout_ms=20_000, poll_ms=1)
    operator.sigkill()
    await operator.ended()
    world.local.api_faults.remove(slow.id)
    await operator.start()
    await cluster.wait_ready()
    async with under_load(cluster) as trial:
        view = await trial.ready()
        assert view.epoch == 1


@pytest.mark.parametrize("phase", [Phase.FREEZE, Phase.PROMOTE, Phase.RECONFIGURE])
async def test_a_leader_that_slept_through_its_lease_changes_nothing(
    world: World, operator: OperatorProcess, deploy: Any, under_load: Any, phase: Phase
) -> None:
    """Scenario 10: frozen in the middle of a failover, which another one then finishes."""
    cluster = await deploy()
    async with world.new_operator("operator-2", operator.options.extra) as second, under_load(cluster) as trial:
        before = await cluster.view()
        slow = world.local.api_faults.add(delay_ms=API_DELAY_MS, verb="update")
        since_ms = time.time() * 1000
        await world.local.kill(before.primary)
        await at_step(operator, cluster.key, since_ms, lambda line: line.machine == "failover" and line.phase == phase)
        operator.sigstop()
        world.local.api_faults.remove(slow.id)
        await second.wait_leader()
        await trial.ready()
        settled = await cluster.view()
        assert settled.epoch >= before.epoch + 1
        woken_ms = time.time() * 1000
        operator.sigcont()

        async def awake_and_follower() -> bool:
            return not await operator.leads() and await second.leads()

        await wait_for("the first operator to see that it leads no more", awake_and_follower, timeout_ms=10_000)
        await trial.more_writes(300)
        after = await trial.ready()
        assert (after.epoch, after.primary) == (settled.epoch, settled.primary)
        assert trial.sampler.primaries[-1][1] == (settled.primary,)
        # What was sent before it slept may have happened; it reads the answer when it wakes, and that is all.
        woken = [line for line in operator.trace.lines(woken_ms, cluster.key) if line.machine == "failover"]
        stored = [line for line in woken[1:] if line.trigger in ("stored", "promoted", "told", "told-direct")]
        assert not stored, stored


@pytest.mark.parametrize(
    ("how", "down_s"),
    [
        ("refuse", 8),
        ("hang", 8),
        pytest.param("refuse", 60, marks=LONG),
        pytest.param("hang", 60, marks=LONG),
    ],
)
async def test_an_absent_api_server_is_no_reason_for_anything(
    world: World, operator: OperatorProcess, deploy: Any, under_load: Any, how: str, down_s: int
) -> None:
    """Scenario 27: longer than the lease, so that leadership is lost meanwhile."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        start_ns = time.monotonic_ns()
        await world.local.server.set_down(how)
        try:
            await trial.more_writes(down_s * WRITES_PER_S, timeout_ms=down_s * 4000)
        finally:
            await world.local.server.set_down("")
        await operator.wait_leader()
        after = await trial.ready()
        assert (after.epoch, after.primary) == (before.epoch, before.primary)
        assert trial.gap_ms(start_ns) < 500


@pytest.mark.parametrize("down_s", [10, pytest.param(60, marks=LONG)])
async def test_clients_do_not_notice_that_the_operator_is_gone(
    operator: OperatorProcess, deploy: Any, under_load: Any, down_s: int
) -> None:
    """The data path does not lead through the operator."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        start_ns = time.monotonic_ns()
        operator.sigkill()
        await operator.ended()
        await trial.more_writes(down_s * WRITES_PER_S, timeout_ms=down_s * 4000)
        assert trial.gap_ms(start_ns) < 500
        await operator.start()
        await operator.wait_leader()
        after = await trial.ready()
        assert (after.epoch, after.primary) == (before.epoch, before.primary)


class Kinds:
    """Ten ways to lose or to move a primary."""

    def __init__(self, world: World, operator: OperatorProcess, cluster: ManagedCluster) -> None:
        self.local, self.operator, self.cluster = world.local, operator, cluster
        self.all: dict[str, Callable[[str], Awaitable[None]]] = {
            "SIGKILL": self.local.kill,
            "switchover": self.switch_over,
            "delete": self.delete,
            "SIGSTOP": self.local.hang,
            "wipe": self.wipe,
            "force delete": self.force_delete,
            "isolation": self.isolate,
            "power off": self.power_off,
            "restart at once": self.restart_at_once,
            "together with the operator": self.with_the_operator,
        }

    async def switch_over(self, _pod: str) -> None:
        await self.cluster.switch_over("any")

    async def delete(self, pod: str) -> None:
        await self.cluster.api.delete(PODS, self.cluster.namespace, pod)

    async def force_delete(self, pod: str) -> None:
        await self.cluster.api.delete(PODS, self.cluster.namespace, pod, grace_s=0)

    async def wipe(self, pod: str) -> None:
        self.local.wipe(pod)

    async def isolate(self, pod: str) -> None:
        for other in (*(await self.cluster.pods()), "operator"):
            if other != pod:
                await self.local.cut(pod, other)

    async def power_off(self, pod: str) -> None:
        await self.local.cut(pod, "all")

    async def restart_at_once(self, pod: str) -> None:
        self.local.restart_delay_ms = 0
        await self.local.kill(pod)

    async def with_the_operator(self, pod: str) -> None:
        self.operator.sigkill()
        await self.operator.ended()
        await self.local.kill(pod)
        await self.operator.start()


@pytest.mark.timeout(180)
async def test_ten_failovers_in_a_row_each_of_another_kind(
    world: World, operator: OperatorProcess, deploy: Any, under_load: Any
) -> None:
    """The primary may end anywhere; pod 0 is nothing special."""
    cluster = await deploy()
    kinds = Kinds(world, operator, cluster).all
    assert len(kinds) == 10
    async with under_load(cluster) as trial:
        for name, act in kinds.items():
            before = await cluster.view()
            await act(before.primary)
            try:
                after = await trial.next_primary(before)
                if name == "SIGSTOP":
                    await world.local.resume(before.primary)
                await world.local.heal()
                await trial.ready()
            except NotInTimeError as error:
                error.add_note(f"kind: {name}")
                raise
            assert after.primary != before.primary, name
            assert after.epoch == before.epoch + 1, name
