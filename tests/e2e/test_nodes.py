"""A node is drained, there are too few nodes, an image cannot be pulled; a client writes meanwhile."""

import asyncio
import time

import pytest

from gungnir.api.spec import DEFAULT_IMAGE
from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import PODS
from tests.e2e.client import Programs
from tests.e2e.conftest import UNNOTICED_MS, Deploy, Report, UnderLoad, fail_over
from tests.e2e.installed import READY_MS, pod_of

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.mark.usefixtures("three_nodes")
async def test_a_drained_node_gives_its_primary_away_and_takes_it_back_as_a_replica(
    deploy: Deploy, under_load: UnderLoad, programs: Programs, figure: Report
) -> None:
    """`kubectl drain` of the primary's node: the role is handed over, and no acknowledged write is lost."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        node = (await pod_of(cluster, before.primary))["spec"]["nodeName"]
        start_ns = time.monotonic_ns()
        options = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=100s")
        try:
            await asyncio.to_thread(programs.kubectl, "drain", node, *options)
            after = await trial.next_primary(before, timeout_ms=READY_MS)
            figure("write gap", trial.gap_ms(start_ns))
            assert after.primary != before.primary
            await trial.more_writes(100)
        finally:
            await asyncio.to_thread(programs.kubectl, "uncordon", node)
        await trial.ready(timeout_ms=READY_MS)
    assert trial.report is not None
    assert not trial.report.lost


async def test_a_pod_that_finds_no_node_does_not_keep_the_others_from_serving(
    deploy: Deploy, under_load: UnderLoad, three_nodes: int, figure: Report
) -> None:
    """One pod more than nodes, each on a node of its own: one stays Pending, and the primary is still replaced."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"alone": "yes"}}}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    cluster = await deploy(replicas=three_nodes, affinity=apart, labels={"alone": "yes"})
    await cluster.change({"replicas": three_nodes + 1})

    async def pending() -> bool:
        pods = (await cluster.pods()).values()
        return sum(pod["status"]["phase"] == "Pending" for pod in pods) == 1 and len(pods) == three_nodes + 1

    await wait_for("a pod that finds no node", pending, timeout_ms=READY_MS, poll_ms=200)
    async with under_load(cluster) as trial:
        primary = (await cluster.view()).primary

        async def delete() -> None:
            await cluster.api.delete(PODS, cluster.namespace, primary)

        gap_ms = await fail_over(trial, delete)
        figure("write gap", gap_ms)
        assert gap_ms < 5000
        await trial.more_writes(100)


async def test_an_image_that_cannot_be_pulled_costs_one_pod_and_no_write(
    deploy: Deploy, under_load: UnderLoad, figure: Report
) -> None:
    """A person rolls a wrong image out to one replica: it stays away, clients notice nothing, and it is mended."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        start_ns = time.monotonic_ns()
        await cluster.change({"image": "valkey/valkey:no-such-tag"})
        await cluster.wait_view(
            "the rollout to be due",
            lambda view: view.condition("RolloutPending").get("status") == "True",
            timeout_ms=READY_MS,
        )
        broken = next(name for name in sorted(await cluster.pods()) if name != before.primary)
        await cluster.api.delete(PODS, cluster.namespace, broken)

        async def waiting() -> bool:
            pod = await cluster.api.get(PODS, cluster.namespace, broken) or {}
            status = pod.get("status") or {}
            statuses = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
            return any("Pull" in ((s.get("state") or {}).get("waiting") or {}).get("reason", "") for s in statuses)

        await wait_for("its image to be refused", waiting, timeout_ms=READY_MS, poll_ms=200)
        await trial.more_writes(100)
        assert (await cluster.view()).primary == before.primary
        await cluster.change({"image": DEFAULT_IMAGE})
        await cluster.api.delete(PODS, cluster.namespace, broken)
        await trial.ready(timeout_ms=READY_MS)
        gap_ms = trial.gap_ms(start_ns)
        figure("longest pause that clients noticed", gap_ms)
        assert gap_ms < UNNOTICED_MS
