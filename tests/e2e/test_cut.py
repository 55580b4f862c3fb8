"""A node that is cut off, and a node whose kubelet has ended; clients write through kube-proxy meanwhile."""

import asyncio
import time

import pytest

from gungnir.demo.check import check
from gungnir.demo.trial import Trial
from gungnir.demo.waiting import wait_for
from tests.e2e.conftest import Deploy, Report, UnderLoad, fail_over, unnoticed
from tests.e2e.far_client import FarClient
from tests.e2e.installed import READY_MS, pod_of, primary_beside
from tests.e2e.nodes import Nodes

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(400)]

NODE_DOWN_MS = 60_000
"""A node shows NotReady 40 s after its last word by default; a failover must not wait for that."""
LEASE_MS = 15_000
WINDOW_MS = 4_000
"""``min-replicas-max-lag`` + 2 s: so long an isolated primary may accept writes (docs/failure-modes.md)."""


@pytest.mark.usefixtures("three_nodes")
@pytest.mark.parametrize("leader", [False, True], ids=["without-the-leader", "with-the-leader"])
async def test_a_node_that_is_cut_off_does_not_hold_up_the_failover(
    deploy: Deploy, under_load: UnderLoad, nodes: Nodes, figure: Report, leader: bool
) -> None:
    """The others go on, also where the operator's lease has to run out first; clients of the cut node are refused.

    That client finds its cut-off primary through its own kube-proxy, which learns of nothing. No write that it was
    confirmed is lost; after the heal it is served by the new primary, and the old one follows.
    """
    cluster = await deploy()
    async with under_load(cluster) as trial:
        node = await primary_beside(trial, leader=leader)
        if not node:
            pytest.skip("needs a pod on such a node: the scheduler put none there")
        far = FarClient(nodes, node, cluster, await cluster.client_address())
        async with far:

            async def served() -> int:
                return len(await cluster.read_all(far.prefix + ":"))

            await wait_for("the client on the node to write", served, timeout_ms=20_000, poll_ms=200)
            cut_ns = healed_ns = 0

            async def cut() -> None:
                nonlocal cut_ns
                await asyncio.to_thread(nodes.cut, node)
                cut_ns = time.monotonic_ns()

            try:
                gap_ms = await fail_over(trial, cut)
                figure("write gap, downAfterMs 5000", gap_ms)
                await trial.more_writes(500)
                known = await served()
            finally:
                healed_ns = time.monotonic_ns()
                await asyncio.to_thread(nodes.heal, node)

            async def served_again() -> bool:
                return await served() > known

            await wait_for("the client on the node to be served again", served_again, timeout_ms=60_000, poll_ms=200)
            await trial.ready(timeout_ms=READY_MS)
        verdict = check(far.writes, await cluster.read_all(far.prefix + ":"))
        isolated = far.acknowledged(cut_ns, healed_ns)
        figure(
            "last write that the isolated primary accepted, after the cut", (max([cut_ns, *isolated]) - cut_ns) / 1e6
        )
        figure("plain writes of the isolated side that are lost (a number)", len(verdict.lost))
        again_ns = far.acknowledged(healed_ns, time.monotonic_ns())[0]
        figure("its client served again, after the heal", (again_ns - healed_ns) / 1e6)
    assert gap_ms < 5000 + 5000 + leader * LEASE_MS
    assert not verdict.lost_confirmed
    assert not verdict.unexpected
    assert isolated == [] or isolated[-1] - cut_ns < WINDOW_MS * 1_000_000


async def test_a_stopped_kubelet_stops_no_client(
    deploy: Deploy, under_load: UnderLoad, nodes: Nodes, figure: Report
) -> None:
    """Its node goes NotReady, its containers run on: the primary keeps its role, and new clients reach it, too."""
    cluster = await deploy()
    primary = (await cluster.view()).primary
    node = str((await pod_of(cluster, primary))["spec"]["nodeName"])
    async with under_load(cluster) as trial, unnoticed(trial, figure):
        try:
            await asyncio.to_thread(nodes.stop_kubelet, node)

            async def unready() -> bool:
                conditions = (await pod_of(cluster, primary))["status"].get("conditions") or []
                return any(c["type"] == "Ready" and c["status"] == "False" for c in conditions)

            await wait_for("the node's pods to be marked", unready, timeout_ms=NODE_DOWN_MS + 30_000, poll_ms=500)
            async with Trial(cluster, prefix="new connections") as second:
                await second.more_writes(50)
        finally:
            await asyncio.to_thread(nodes.start_kubelet, node)
        await trial.ready(timeout_ms=READY_MS)
