"""What becomes of objects and volumes when a cluster is deleted, and when one of its name is made again."""

import asyncio
from typing import Any

import pytest

from gungnir.api import names
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import PERSISTENTVOLUMECLAIMS, RESOURCES, VALKEYCLUSTERS
from tests.e2e.client import Programs
from tests.e2e.conftest import Deploy
from tests.e2e.installed import READY_MS

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(400)]

LEFT = {"Event", "PersistentVolumeClaim", "Lease"}
"""Kinds that a cluster may leave behind, or never had."""


def selector(cluster: ManagedCluster) -> str:
    """The labels of everything that belongs to a cluster."""
    return ",".join(f"{key}={value}" for key, value in names.selector_labels(cluster.name).items())


async def deleted(cluster: ManagedCluster, programs: Programs) -> None:
    """`kubectl delete --wait`, and wait until nothing of the cluster is left but its volumes' claims."""
    where = ("--namespace", cluster.namespace, "--timeout=60s")
    await asyncio.to_thread(programs.kubectl, "delete", "vc", cluster.name, *where)
    left: list[str] = []

    async def nothing_left() -> bool:
        left.clear()
        for resource in (each for each in RESOURCES.values() if each.kind not in LEFT):
            found = await cluster.api.list(resource, cluster.namespace, selector(cluster))
            left.extend(f"{resource.kind} {obj['metadata']['name']}" for obj in found)
        return not left and await cluster.api.get(VALKEYCLUSTERS, cluster.namespace, cluster.name) is None

    what = f"{cluster.key} and all it owned to be gone"
    await wait_for(what, nothing_left, timeout_ms=READY_MS, poll_ms=500, last=lambda: left)


async def claims(cluster: ManagedCluster) -> list[str]:
    """Names of the volume claims that are left of a cluster."""
    found = await cluster.api.list(PERSISTENTVOLUMECLAIMS, cluster.namespace, selector(cluster))
    return sorted(claim["metadata"]["name"] for claim in found)


@pytest.mark.parametrize("retain", [True, False], ids=["retain", "do-not-retain"])
async def test_a_deleted_cluster_takes_everything_along_but_the_volumes_it_retains(
    deploy: Deploy, programs: Programs, retain: bool
) -> None:
    """`persistence.retain` alone decides; `kubectl delete --wait` does not hang."""
    cluster = await deploy(persistence={"retain": retain})
    assert len(await claims(cluster)) == 3
    await deleted(cluster, programs)

    async def as_asked() -> bool:
        return len(await claims(cluster)) == (3 if retain else 0)

    await wait_for("the claims", as_asked, timeout_ms=READY_MS, poll_ms=500)


async def again(cluster: ManagedCluster, spec: dict[str, Any]) -> None:
    """Make a cluster of the same name."""
    metadata = {"name": cluster.name, "namespace": cluster.namespace}
    body = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata, "spec": spec}
    await cluster.api.apply([body])


async def test_a_cluster_made_anew_on_its_retained_volumes_begins_with_the_last_primary(
    deploy: Deploy, programs: Programs
) -> None:
    """All three volumes hold data, and one is marked as that of the pod that was primary last: not the first pod."""
    cluster = await deploy(persistence={"retain": True})
    before = await cluster.view()
    last = f"{cluster.name}-2"
    if before.primary != last:
        await cluster.switch_over(last)
        before = await cluster.wait_view(
            "the last pod to be primary", lambda seen: seen.primary == last and not seen.failing_over
        )
    answer, copies = await cluster.call(before.primary, (b"SET", b"kept", b"yes"), (b"WAIT", b"2", b"5000"))
    assert (answer, copies) == (b"OK", 2)
    spec = programs.get("vc", cluster.name, "--namespace", cluster.namespace)["spec"]
    await deleted(cluster, programs)
    await again(cluster, spec)
    after = await cluster.wait_ready(timeout_ms=READY_MS)
    assert (after.primary, after.epoch) == (last, 1)
    assert after.status["lastFailover"]["verdict"] == "LastPrimaryKept"
    assert await cluster.read_all("kept") == {"kept": "yes"}
