"""The operator itself is lost, doubled, or cut off from the API server; a client writes meanwhile."""

import asyncio
import os
import signal
import time
from datetime import UTC, datetime

import pytest

from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import LEASES, PODS
from tests.e2e.conftest import Deploy, Report, UnderLoad, unnoticed
from tests.e2e.installed import (
    ACCOUNT,
    HOME,
    QUIET_S,
    READY_MS,
    RELEASE,
    leading_pod,
    operators_ready,
    passed,
    pod_of,
    settled,
)
from tests.e2e.nodes import Nodes

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(600)]

LEASE_MS = 15_000
STAGES = ("Fencing", "Promoting", "Reconfiguring", "Done")


@pytest.mark.parametrize("stage", STAGES[:3])
async def test_a_leader_that_is_killed_in_the_middle_of_a_failover_does_not_stop_it(
    deploy: Deploy, under_load: UnderLoad, nodes: Nodes, figure: Report, stage: str
) -> None:
    """SIGKILL gives no lease back: the next process, here or there, finds the record and ends what was begun."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        await trial.more_writes(100)
        before = await cluster.view()
        primary = nodes.process(await pod_of(cluster, before.primary))
        leader = nodes.process(await leading_pod(cluster.api))
        start_ns = time.monotonic_ns()
        os.kill(primary, signal.SIGKILL)
        found = "None"
        while found not in STAGES[STAGES.index(stage) :]:
            view = await cluster.view()
            found = "Done" if view.epoch > before.epoch else "None"
            found = str((view.status.get("failover") or {}).get("phase") or found)
        os.kill(leader, signal.SIGKILL)
        await trial.next_primary(before, timeout_ms=READY_MS)
        gap_ms = trial.gap_ms(start_ns)
        figure(f"write gap, killed when the record said {found}", gap_ms)
        assert gap_ms < LEASE_MS + 10_000
        await trial.ready(timeout_ms=READY_MS)
    await operators_ready(cluster.api)


async def test_a_deleted_leader_gives_its_lease_to_the_other_at_once(deploy: Deploy, figure: Report) -> None:
    """SIGTERM: no waiting for the lease to run out."""
    cluster = await deploy()
    await operators_ready(cluster.api)
    first = (await leading_pod(cluster.api))["metadata"]["name"]
    start = time.monotonic()
    await cluster.api.delete(PODS, HOME, first)

    async def another() -> bool:
        lease = await cluster.api.get(LEASES, HOME, RELEASE) or {}
        return lease.get("spec", {}).get("holderIdentity") not in {None, "", first}

    await wait_for("the other one to lead", another, timeout_ms=30_000, poll_ms=50)
    took_ms = (time.monotonic() - start) * 1000
    figure("deleted to led by the other", took_ms)
    assert took_ms < LEASE_MS
    await operators_ready(cluster.api)


async def test_an_api_server_that_is_away_for_a_minute_is_noticed_by_no_client(
    deploy: Deploy, under_load: UnderLoad, nodes: Nodes, figure: Report
) -> None:
    """No client loses a write, nothing fails over or restarts, and an operator leads again afterwards."""
    cluster = await deploy()
    async with under_load(cluster) as trial, unnoticed(trial, figure):
        await asyncio.to_thread(nodes.stop_api)
        try:
            await passed(60)
        finally:
            await asyncio.to_thread(nodes.start_api)
        await trial.ready(timeout_ms=READY_MS)
        await leading_pod(cluster.api)
    await operators_ready(cluster.api)


@pytest.mark.timeout(400 + QUIET_S)
async def test_a_steady_cluster_causes_no_write_but_the_lease(
    deploy: Deploy, under_load: UnderLoad, nodes: Nodes, figure: Report
) -> None:
    """By the API server's own audit log, over three minutes (GUNGNIR_E2E_QUIET_S seconds) in which clients write."""
    cluster = await deploy()
    await operators_ready(cluster.api)
    async with under_load(cluster):
        await settled(nodes)
        start = datetime.now(UTC)
        await passed(QUIET_S)
    ours = [w for w in nodes.writes() if w.user == ACCOUNT and datetime.fromisoformat(w.at) >= start]
    figure(f"renewals of the lease in {QUIET_S:.0f} s (a number)", len(ours))
    assert [w for w in ours if w.resource != "leases"] == []
    assert len(ours) > QUIET_S / 4, "the audit log does not show the renewals of the lease"
