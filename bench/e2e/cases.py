"""The faults, as shared by the comparison with other operators: each case makes its own clusters and keeps its runs."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.e2e import operators
from bench.e2e.far_roles import FarRoles
from bench.e2e.scene import Scene, Struck, losses
from gungnir.demo.check import check
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.errors import UserError
from gungnir.runtime.kube_resources import PODS
from tests.e2e.far_client import FarClient
from tests.e2e.installed import READY_MS, hand_over, operators_ready, passed, pod_of, primary_beside

FREEZE_S: Final = 60
CUT_S: Final = 90
AGAIN_S: Final = 10
AWAY_S: Final = 45
ORDINALS: Final = {"pod 0, fresh": 0, "pod 1": 1, "pod 2": 2, "pod 0, was a replica": 0}
"""Where the primary is, in this order on one cluster: the last one has served before and has followed since."""

Measure = Callable[[Scene, int], Awaitable[None]]
Hit = Callable[[Scene, ManagedCluster, str], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """One fault, or one other measurement.

    Attributes:
        what: What is done, in words.
        measure: Does it once and keeps what it measured.
        long: Whether it lasts for minutes, so that it is done less often.
    """

    what: str
    measure: Measure
    long: bool = False


async def kill(scene: Scene, cluster: ManagedCluster, pod: str) -> None:
    """End the server's process; the kubelet starts it again at the same address."""
    os.kill(scene.nodes.process(await pod_of(cluster, pod)), signal.SIGKILL)


async def delete(_scene: Scene, cluster: ManagedCluster, pod: str) -> None:
    """``kubectl delete pod``."""
    await cluster.api.delete(PODS, cluster.namespace, pod)


async def force(_scene: Scene, cluster: ManagedCluster, pod: str) -> None:
    """``kubectl delete pod --force``."""
    await cluster.api.delete(PODS, cluster.namespace, pod, grace_s=0)


@contextlib.asynccontextmanager
async def struck(
    scene: Scene, cluster: ManagedCluster, fault: str, position: str, number: int
) -> AsyncIterator[Struck]:
    """A fault on a cluster under load; its run is kept when everything has been read back."""
    blow = Struck(scene, cluster, fault, position, number)
    async with blow.trial:
        yield blow
    scene.keep(blow.run())


def each_ordinal(name: str, hit: Hit, **spec: Any) -> Measure:
    """Lose the primary while it is pod 0, 1, 2 and 0 again, on one cluster."""

    async def measure(scene: Scene, number: int) -> None:
        async with scene.cluster(**spec) as cluster:
            for position, ordinal in ORDINALS.items():
                async with struck(scene, cluster, name, position, number) as blow:
                    await hand_over(blow.trial, f"{cluster.name}-{ordinal}")
                    await blow.strike(lambda blow=blow: hit(scene, cluster, blow.primary))  # type: ignore[misc]  # mypy infers no default
                    await blow.trial.next_primary(blow.before, timeout_ms=READY_MS)
                    await blow.settle()

    return measure


async def freeze(scene: Scene, number: int) -> None:
    """SIGSTOP of the primary's process for a minute, then SIGCONT."""
    async with scene.cluster() as cluster, struck(scene, cluster, "freeze", "", number) as blow:
        process = scene.nodes.process(await pod_of(cluster, (await cluster.view()).primary))

        async def stop() -> None:
            os.kill(process, signal.SIGSTOP)

        try:
            await blow.strike(stop)
            await passed(FREEZE_S)
        finally:
            os.kill(process, signal.SIGCONT)
        blow.over()
        await blow.settle()


def cut(*, leader: bool) -> Measure:
    """Cut the primary's node off for 90 s, a client on it, the operator's leader on it or not; then heal."""
    name = "cut-leader" if leader else "cut"

    async def measure(scene: Scene, number: int) -> None:
        async with scene.cluster() as cluster:
            async with struck(scene, cluster, name, "", number) as blow:
                node = await primary_beside(blow.trial, leader=leader)
                if not node:
                    raise UserError("the scheduler put no pod on such a node; run the case again")
                await _cut_off(scene, blow, node)
                await blow.settle()
            await operators_ready(cluster.api)

    return measure


async def _cut_off(scene: Scene, blow: Struck, node: str) -> None:
    cluster = blow.cluster
    await cluster.pods()
    pod = cluster.addresses()[(await cluster.view()).primary]
    roles = FarRoles(scene.nodes, node, cluster, pod)
    client = FarClient(scene.nodes, node, cluster, await cluster.client_address(), f"far-{blow.trial.ledger.prefix}")
    cut_ns = 0

    async def served() -> int:
        return len(await cluster.read_all(client.prefix + ":"))

    async def off() -> None:
        nonlocal cut_ns
        await asyncio.to_thread(scene.nodes.cut, node)
        cut_ns = time.monotonic_ns()

    async with roles, client:
        await wait_for("the client on the node to write", served, timeout_ms=20_000, poll_ms=200)
        try:
            await blow.strike(off)
            await passed(CUT_S)
            known = await served()
        finally:
            healed_ns = time.monotonic_ns()
            await asyncio.to_thread(scene.nodes.heal, node)
        blow.over()

        async def served_again() -> bool:
            return await served() > known

        await wait_for("the client on the node to be served again", served_again, timeout_ms=READY_MS, poll_ms=200)
        await blow.trial.ready(timeout_ms=READY_MS)
        end_ns = time.monotonic_ns()
    verdict = check(client.writes, await cluster.read_all(client.prefix + ":"))
    isolated = client.acknowledged(cut_ns, healed_ns)
    again_ns = client.acknowledged(healed_ns, end_ns)
    doubles = _doubles(blow, roles.printed, cut_ns)
    after = [sample for sample in doubles if sample["at_ns"] > healed_ns]
    blow.figures.update(
        {
            "isolated_acknowledged": len(isolated),
            "isolated_last_ms": round((max([cut_ns, *isolated]) - cut_ns) / 1e6, 1),
            "isolated_doubles": len(doubles),
            "isolated_doubles_after": len(after),
            "isolated_again_ms": round((again_ns[0] - healed_ns) / 1e6, 1),
            **losses(verdict, "isolated_"),
        }
    )


def _doubles(blow: Struck, samples: list[dict[str, Any]], cut_ns: int) -> list[dict[str, Any]]:
    """The samples in which the isolated pod said that it is primary when another pod had last said so elsewhere."""
    changes = blow.trial.sampler.primaries
    found = []
    for sample in samples:
        elsewhere = [pods for at_ns, pods in changes if cut_ns < at_ns <= sample["at_ns"]]
        if elsewhere and set(elsewhere[-1]) - {blow.primary}:
            found.append(sample)
    return found


async def twice(scene: Scene, number: int) -> None:
    """Kill the primary, and ten seconds later the next one."""
    async with scene.cluster() as cluster:
        async with struck(scene, cluster, "twice", "first", number) as blow:
            await blow.strike(lambda: kill(scene, cluster, blow.primary))
            await blow.trial.next_primary(blow.before, timeout_ms=READY_MS)
            due_s = blow.start_ns / 1e9 + AGAIN_S - 1
            await passed(due_s - time.monotonic())
            blow.settled_ns = time.monotonic_ns()
        async with struck(scene, cluster, "twice", "second", number) as blow:
            await blow.strike(lambda: kill(scene, cluster, blow.primary))
            await blow.trial.next_primary(blow.before, timeout_ms=READY_MS)
            await blow.settle()


async def away(scene: Scene, number: int) -> None:
    """Kill the primary while no operator runs; it is back 45 s later."""
    async with scene.cluster() as cluster, struck(scene, cluster, "away", "", number) as blow:
        await operators.scale(scene.programs, 0)
        try:
            await blow.strike(lambda: kill(scene, cluster, blow.primary))
            await passed(AWAY_S)
        finally:
            await operators.scale(scene.programs, operators.REPLICAS)
        blow.over()
        await operators_ready(cluster.api)
        await blow.settle()


CASES: Final[Mapping[str, Case]] = {
    "start": Case("both operators start at once", operators.start),
    "kill": Case("SIGKILL of the primary's process, which is back at once", each_ordinal("kill", kill)),
    "kill-empty": Case(
        "the same without persistence: it comes back empty",
        each_ordinal("kill-empty", kill, persistence={"enabled": False}),
    ),
    "delete": Case("kubectl delete pod", each_ordinal("delete", delete)),
    "force": Case("kubectl delete pod --force", each_ordinal("force", force)),
    "freeze": Case(f"SIGSTOP of the primary's process for {FREEZE_S} s", freeze, long=True),
    "cut": Case(f"the primary's node cut off for {CUT_S} s, the leader elsewhere", cut(leader=False), long=True),
    "cut-leader": Case(f"the primary's node cut off for {CUT_S} s, the leader on it", cut(leader=True), long=True),
    "twice": Case(f"SIGKILL of the primary, {AGAIN_S} s later of the next one", twice),
    "away": Case(f"no operator for {AWAY_S} s, SIGKILL of the primary meanwhile", away, long=True),
    "steady": Case("nothing, under load", operators.steady, long=True),
}
"""What ``--only`` names, in the order in which it is done."""
