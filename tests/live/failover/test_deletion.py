"""A cluster is deleted while no operator runs: nothing hangs, and the volumes stay exactly as ``retain`` says."""

from typing import Any

import pytest

from gungnir.api import names
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import PERSISTENTVOLUMECLAIMS, RESOURCES, VALKEYCLUSTERS

pytestmark = [pytest.mark.anyio, pytest.mark.live]

OTHERS = {"Event", "PersistentVolumeClaim", "Lease", "ValkeyCluster"}
"""Kinds of which a cluster owns no object that would have to go with it."""


async def left_of(cluster: ManagedCluster) -> list[str]:
    """What the cluster owned and is still there, but for its volumes' claims."""
    selector = ",".join(f"{key}={value}" for key, value in names.selector_labels(cluster.name).items())
    found = []
    for resource in (each for each in RESOURCES.values() if each.kind not in OTHERS):
        objects = await cluster.api.list(resource, cluster.namespace, selector)
        found += [f"{resource.kind} {obj['metadata']['name']}" for obj in objects]
    return found


async def claims_of(cluster: ManagedCluster) -> list[str]:
    selector = ",".join(f"{key}={value}" for key, value in names.selector_labels(cluster.name).items())
    found = await cluster.api.list(PERSISTENTVOLUMECLAIMS, cluster.namespace, selector)
    return sorted(claim["metadata"]["name"] for claim in found)


@pytest.mark.parametrize("retain", [True, False], ids=["retain", "do-not-retain"])
async def test_a_deletion_needs_no_operator(deploy: Any, operator: OperatorProcess, *, retain: bool) -> None:
    """There is no finalizer that only an operator could take off."""
    cluster = await deploy(persistence={"retain": retain})
    assert await left_of(cluster), "nothing is found by these labels"
    obj = await cluster.api.get(VALKEYCLUSTERS, cluster.namespace, cluster.name)
    assert not obj["metadata"].get("finalizers")
    volumes = await claims_of(cluster)
    assert len(volumes) == 3
    await operator.stop()
    await cluster.api.delete(VALKEYCLUSTERS, cluster.namespace, cluster.name)

    async def gone() -> bool:
        there = await cluster.api.get(VALKEYCLUSTERS, cluster.namespace, cluster.name)
        expected = volumes if retain else []
        return there is None and not await left_of(cluster) and await claims_of(cluster) == expected

    await wait_for("all but what is retained to be gone", gone, timeout_ms=30_000)
