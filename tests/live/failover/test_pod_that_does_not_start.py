"""Scenario 19: the primary's pod is deleted, and what takes its place never gets as far as running a server.

Whatever Kubernetes calls that state, it says nothing about the data: the role goes to a replica, and the pod joins as a
replica once it can start.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.local.node.volumes import claim_directory
from gungnir.runtime.kube_resources import PERSISTENTVOLUMECLAIMS, Object

pytestmark = [pytest.mark.anyio, pytest.mark.live]

HELD = "example.org/held"
SOMEWHERE_ELSE = {"example.org/disk": "none"}
Obstacle = Callable[[World, ManagedCluster, str], AbstractAsyncContextManager[None]]


async def claim_of(cluster: ManagedCluster, pod: str) -> Object:
    found = await cluster.api.get(PERSISTENTVOLUMECLAIMS, cluster.namespace, f"data-{pod}")
    assert found is not None
    return found


@contextlib.asynccontextmanager
async def template(
    world: World, cluster: ManagedCluster, pod: str, wrong: Object, right: Object
) -> AsyncIterator[None]:
    """Pods that are created meanwhile are made from a template with which none can start."""
    await cluster.change(wrong)
    await cluster.wait_view(
        "the rollout to be pending", lambda view: view.condition("RolloutPending")["status"] == "True"
    )
    yield
    await cluster.change(right)
    await cluster.wait_view(
        "the rollout to name the pod", lambda view: pod in view.condition("RolloutPending").get("message", "")
    )
    world.local.delete_pod(pod)


def bad_image(world: World, cluster: ManagedCluster, pod: str) -> AbstractAsyncContextManager[None]:
    right = {"image": "valkey/valkey:9.1"}
    return template(world, cluster, pod, {"image": "registry.invalid/none:1"}, right)


def no_node(world: World, cluster: ManagedCluster, pod: str) -> AbstractAsyncContextManager[None]:
    right = {"nodeSelector": dict.fromkeys(SOMEWHERE_ELSE)}
    return template(world, cluster, pod, {"nodeSelector": SOMEWHERE_ELSE}, right)


@contextlib.asynccontextmanager
async def broken_disk(world: World, cluster: ManagedCluster, pod: str) -> AsyncIterator[None]:
    """The server that runs keeps its open files; nothing can be mounted any more."""
    path = claim_directory(world.local.data_dir, await claim_of(cluster, pod))
    aside = path.with_suffix(".aside")
    path.rename(aside)
    path.touch()
    yield
    path.unlink()
    aside.rename(path)


@contextlib.asynccontextmanager
async def leaving_claim(_world: World, cluster: ManagedCluster, pod: str) -> AsyncIterator[None]:
    """As long as a claim is being deleted, the StatefulSet controller creates no pod that would use it."""
    claim = await claim_of(cluster, pod)
    name, finalizers = claim["metadata"]["name"], claim["metadata"].get("finalizers", [])
    held = {"metadata": {"finalizers": [*finalizers, HELD]}}
    await cluster.api.patch(PERSISTENTVOLUMECLAIMS, cluster.namespace, name, held)
    await cluster.api.delete(PERSISTENTVOLUMECLAIMS, cluster.namespace, name)
    yield
    await cluster.api.patch(PERSISTENTVOLUMECLAIMS, cluster.namespace, name, {"metadata": {"finalizers": None}})


def shown(pod: Object | None) -> str:
    """Why the first container of a pod that has not run yet does not run; as far as there is a pod and containers."""
    if pod is None:
        return "absent"
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        if reason := container["state"].get("waiting", {}).get("reason"):
            return str(reason)
    return str(status.get("phase", "Pending"))


@pytest.mark.parametrize("force", [True, False], ids=["force", "graceful"])
@pytest.mark.parametrize(
    ("obstacle", "states"),
    [
        (bad_image, {"ErrImagePull", "ImagePullBackOff"}),
        (no_node, {"Pending"}),
        (broken_disk, {"ContainerCreating", "PodInitializing"}),  # the latter with init containers
        (leaving_claim, {"absent"}),
    ],
    ids=["image", "node", "disk", "claim"],
)
async def test_a_primary_whose_pod_does_not_start_again_is_replaced(
    world: World, deploy: Any, under_load: Any, obstacle: Obstacle, states: set[str], force: bool
) -> None:
    cluster = await deploy(image="valkey/valkey:9.1")
    async with under_load(cluster) as trial:
        before, seen = await cluster.view(), ""

        async def stuck() -> bool:
            nonlocal seen
            seen = shown((await cluster.pods()).get(before.primary))
            return seen in states

        async with obstacle(world, cluster, before.primary):
            world.local.delete_pod(before.primary, grace_s=0 if force else None)
            after = await trial.next_primary(before)
            assert after.primary != before.primary
            await wait_for(f"{before.primary} to be {states}", stuck, timeout_ms=10_000, last=lambda: seen)
            await trial.more_writes(50)
            assert (await cluster.view()).epoch == after.epoch, "it went on failing over"
        whole = await trial.ready()
        assert (whole.primary, whole.epoch) == (after.primary, after.epoch)
