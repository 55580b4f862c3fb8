"""A cluster is deleted under load and made anew on the volumes that it kept: it goes on with the newest data.

Whichever pod was primary, and whichever starts first or last, the pod that was primary last is the first primary.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gungnir.api import names
from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.local.node.volumes import claim_directory
from gungnir.runtime.kube_resources import PERSISTENTVOLUMECLAIMS, VALKEYCLUSTERS, Object

pytestmark = [pytest.mark.anyio, pytest.mark.live]

OPEN = {"enabled": False}
"""No password for clients: that of the new cluster would be another one, and the writers go on."""


async def deleted(cluster: ManagedCluster) -> dict[str, Any]:
    """Delete the cluster and wait until its pods are gone; return its spec."""
    obj = await cluster.api.get(VALKEYCLUSTERS, cluster.namespace, cluster.name)
    assert obj is not None
    await cluster.api.delete(VALKEYCLUSTERS, cluster.namespace, cluster.name)

    async def gone() -> bool:
        return not await cluster.pods()

    await wait_for("the cluster's pods to be gone", gone, timeout_ms=30_000)
    spec: dict[str, Any] = obj["spec"]
    return spec


async def made_anew(cluster: ManagedCluster, spec: dict[str, Any]) -> None:
    """Make a cluster of the same name and spec."""
    metadata = {"name": cluster.name, "namespace": cluster.namespace}
    body = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata, "spec": spec}
    await cluster.api.apply([body])


async def volume_of(world: World, cluster: ManagedCluster, pod: str) -> Path:
    """Where the pod's volume is on this machine."""
    claim = await cluster.api.get(PERSISTENTVOLUMECLAIMS, cluster.namespace, f"data-{pod}")
    assert claim is not None
    return claim_directory(world.local.data_dir, claim)


@contextlib.asynccontextmanager
async def starting_last(world: World, cluster: ManagedCluster, pod: str) -> AsyncIterator[None]:
    """This pod cannot start meanwhile: its volume cannot be mounted."""
    path = await volume_of(world, cluster, pod)
    aside = path.with_suffix(".aside")
    path.rename(aside)
    path.touch()
    try:
        yield
    finally:
        path.unlink()
        aside.rename(path)


def serving_pods(pods: Mapping[str, Object]) -> set[str]:
    """Names of the pods whose server runs."""
    return {
        name
        for name, pod in pods.items()
        if any("running" in each["state"] for each in pod.get("status", {}).get("containerStatuses", ()))
    }


async def serving(cluster: ManagedCluster, names_of: set[str]) -> bool:
    """Whether the servers of these pods run."""
    return names_of <= serving_pods(await cluster.pods())


@pytest.mark.parametrize("last", [0, 1, 2])
async def test_a_cluster_made_anew_begins_with_the_pod_that_was_primary_last(
    world: World, deploy: Any, under_load: Any, *, last: int
) -> None:
    """Under load until the end; the pod with the newest data starts after the others, and nobody is promoted before."""
    cluster: ManagedCluster = await deploy(auth=OPEN)
    primary = f"{cluster.name}-{last}"
    async with under_load(cluster) as trial:
        before: ClusterView = await cluster.view()
        if before.primary != primary:
            await cluster.switch_over(primary)
            before = await trial.next_primary(before)
        assert before.primary == primary
        await trial.ready()
        await trial.more_writes(20)
        spec = await deleted(cluster)
        async with starting_last(world, cluster, primary):
            await made_anew(cluster, spec)
            others = {f"{cluster.name}-{ordinal}" for ordinal in range(3)} - {primary}
            await wait_for("the other pods to serve", lambda: serving(cluster, others), timeout_ms=30_000)
            assert serving_pods(await cluster.pods()) == others
            assert not (await cluster.view()).primary
        after = await cluster.wait_ready()
        assert (after.primary, after.epoch) == (primary, 1)
        assert after.status["lastFailover"]["verdict"] == "LastPrimaryKept"
    assert trial.report is not None
    assert not trial.report.lost, "a process that is asked to end writes all to its disk"


async def test_a_last_primary_whose_process_was_killed_is_not_taken_unasked(
    world: World, deploy: Any, operator: OperatorProcess
) -> None:
    """A killed process and a node that lost power leave the same traces, so the end of its data may be gone."""
    cluster: ManagedCluster = await deploy(auth=OPEN)
    primary = (await cluster.view()).primary
    answer, copies = await cluster.call(primary, (b"SET", b"kept", b"yes"), (b"WAIT", b"2", b"5000"))
    assert (answer, copies) == (b"OK", 2)
    await operator.stop()
    world.local.restart_delay_ms = 60_000
    await world.local.kill(primary)
    spec = await deleted(cluster)
    await operator.start()
    await made_anew(cluster, spec)
    view = await cluster.wait_view(
        "the operator to ask a person",
        lambda seen: seen.condition("Blocked").get("reason") == "SeveralPodsHoldData",
        timeout_ms=30_000,
    )
    assert "in cluster" in view.condition("Blocked")["message"]
    chosen = {names.RECOVER_FROM_ANNOTATION: f"{primary}@{view.epoch}"}
    await cluster.api.annotate(VALKEYCLUSTERS, cluster.namespace, cluster.name, **chosen)
    assert (await cluster.wait_ready()).primary == primary
    assert await cluster.read_all("kept") == {"kept": "yes"}
