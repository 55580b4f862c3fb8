"""The chart is upgraded, rolled back, uninstalled and installed again; a client writes meanwhile."""

import asyncio
import os

import pytest

from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import PODS
from tests.e2e.client import CHART, Programs
from tests.e2e.conftest import Deploy, Report, UnderLoad, fail_over, unnoticed
from tests.e2e.installed import HOME, READY_MS, RELEASE, image_values, install, operators_ready

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(400)]

NEXT_IMAGE = "GUNGNIR_E2E_NEXT_IMAGE"
"""The operator's image with a changed pod template, as tests/e2e/next.Dockerfile makes it."""


async def rollout_is(cluster: ManagedCluster, status: str) -> None:
    """Wait until the condition RolloutPending has this status."""
    await cluster.wait_view(
        f"RolloutPending={status}",
        lambda view: view.condition("RolloutPending").get("status") == status,
        timeout_ms=READY_MS,
    )


async def test_an_upgrade_to_an_operator_that_wants_other_pods_restarts_none_of_them(
    deploy: Deploy, under_load: UnderLoad, programs: Programs, figure: Report
) -> None:
    """Its pods are outdated, it says so and waits for a person; after the rollback they are as wanted again."""
    later = os.environ.get(NEXT_IMAGE)
    if not later:
        pytest.skip(f"{NEXT_IMAGE} names no image with a changed pod template; `make e2e` makes one")
    cluster = await deploy()
    where = ("--namespace", HOME, "--wait")
    async with under_load(cluster) as trial, unnoticed(trial, figure):
        await asyncio.to_thread(programs.helm, "upgrade", RELEASE, str(CHART), *where, *image_values(later))
        await operators_ready(cluster.api)
        await rollout_is(cluster, "True")
        await asyncio.to_thread(programs.helm, "rollback", RELEASE, *where)
        await operators_ready(cluster.api)
        await rollout_is(cluster, "False")


async def test_an_uninstalled_operator_leaves_every_valkey_and_its_data(
    deploy: Deploy, under_load: UnderLoad, programs: Programs, figure: Report
) -> None:
    """Clients notice nothing; the next operator finds the record, and fails over as ever."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        async with unnoticed(trial, figure):
            await asyncio.to_thread(programs.helm, "uninstall", RELEASE, "--namespace", HOME, "--wait")
            try:

                async def gone() -> bool:
                    return not await cluster.api.list(PODS, HOME, f"app.kubernetes.io/instance={RELEASE}")

                await wait_for("the operator's pods to be gone", gone, timeout_ms=READY_MS, poll_ms=200)
                await trial.more_writes(400)
            finally:
                await asyncio.to_thread(install, programs)
            await operators_ready(cluster.api)
            await trial.ready(timeout_ms=READY_MS)
        primary = (await cluster.view()).primary

        async def delete() -> None:
            await cluster.api.delete(PODS, cluster.namespace, primary)

        figure("write gap of a failover by the new operator", await fail_over(trial, delete))
        await trial.ready(timeout_ms=READY_MS)
