"""The primary is lost in the ways in which a container, a pod or a node is; a client writes through kube-proxy."""

import os
import signal

import pytest

from gungnir.runtime.kube_resources import PODS
from tests.e2e.conftest import Deploy, Report, UnderLoad, fail_over
from tests.e2e.installed import READY_MS, pod_of
from tests.e2e.nodes import Nodes

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.mark.parametrize("grace_s", [None, 0], ids=["delete", "force"])
async def test_a_deleted_primary_is_replaced_and_comes_back_as_a_replica(
    deploy: Deploy, under_load: UnderLoad, figure: Report, grace_s: int | None
) -> None:
    """`kubectl delete pod`, also with --force: no confirmed write is lost, and the pod follows when it is back."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        primary = (await cluster.view()).primary

        async def delete() -> None:
            await cluster.api.delete(PODS, cluster.namespace, primary, grace_s=grace_s)

        gap_ms = await fail_over(trial, delete)
        figure("write gap", gap_ms)
        assert gap_ms < 5000
        await trial.ready(timeout_ms=READY_MS)


async def test_a_killed_container_that_is_back_at_once_takes_nothing_away(
    deploy: Deploy, under_load: UnderLoad, nodes: Nodes, figure: Report
) -> None:
    """The kubelet restarts it empty at the same address within seconds; the replicas' data wins."""
    cluster = await deploy(persistence={"enabled": False})
    async with under_load(cluster) as trial:
        pod = await pod_of(cluster, (await cluster.view()).primary)
        process = nodes.process(pod)

        async def kill() -> None:
            os.kill(process, signal.SIGKILL)

        gap_ms = await fail_over(trial, kill)
        figure("write gap", gap_ms)
        assert gap_ms < 5000
        await trial.ready(timeout_ms=READY_MS)
        again = await pod_of(cluster, pod["metadata"]["name"])
        assert again["status"]["podIP"] == pod["status"]["podIP"]
        assert again["status"]["containerStatuses"][0]["restartCount"] == 1


async def test_a_frozen_primary_is_replaced_and_demoted_when_it_wakes(
    deploy: Deploy, under_load: UnderLoad, nodes: Nodes, figure: Report
) -> None:
    """The pod stays Ready for its probes' time: the operator's own evidence decides."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        process = nodes.process(await pod_of(cluster, (await cluster.view()).primary))

        async def freeze() -> None:
            os.kill(process, signal.SIGSTOP)

        gap_ms = await fail_over(trial, freeze)
        figure("write gap, downAfterMs 5000", gap_ms)
        assert gap_ms < 5000 + 5000
        os.kill(process, signal.SIGCONT)
        await trial.ready(timeout_ms=READY_MS)
