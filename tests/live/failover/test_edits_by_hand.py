"""People and other programs write the objects of a cluster at any time, also in the middle of a failover."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from gungnir.api import names
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.runtime.kube_resources import SERVICES, VALKEYCLUSTERS

pytestmark = [pytest.mark.anyio, pytest.mark.live]

EDIT_EVERY_S: Final = 0.003


@contextlib.asynccontextmanager
async def edited(cluster: ManagedCluster) -> AsyncIterator[None]:
    """Somebody labels the ValkeyCluster anew fifty times a second, as a controller in a loop would."""

    async def edit() -> None:
        for number in itertools.count():
            labels = {"metadata": {"labels": {"example.com/number": str(number)}}}
            await cluster.api.patch(VALKEYCLUSTERS, cluster.namespace, cluster.name, labels)
            await asyncio.sleep(EDIT_EVERY_S)

    editing = asyncio.create_task(edit())
    try:
        yield
        assert not editing.done(), "the edits ended before the test did"
    finally:
        editing.cancel()
        await asyncio.gather(editing, return_exceptions=True)


async def test_who_writes_the_cluster_all_the_time_does_not_hold_up_a_failover(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Every write of theirs is a new resourceVersion, and none of them touches what was decided on."""
    cluster = await deploy()
    async with under_load(cluster) as trial, edited(cluster):
        for _ in range(3):
            before = await cluster.view()
            await world.local.kill(before.primary)
            await trial.next_primary(before)
            await trial.ready()
        before = await cluster.view()
        await cluster.switch_over()
        await trial.next_primary(before)
        await trial.ready()
    assert not trial.report.lost_confirmed


async def test_a_client_service_that_is_deleted_is_back_and_leads_to_the_primary(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Also if the primary dies at the same time. Its new address is another one, as on any Kubernetes."""
    cluster = await deploy()
    name = names.client_service(cluster.name)
    before = await cluster.view()
    former = await cluster.api.get(SERVICES, cluster.namespace, name)
    assert former is not None
    await cluster.api.delete(SERVICES, cluster.namespace, name)
    await world.local.kill(before.primary)

    async def leads_to_the_primary() -> bool:
        service, view = await cluster.api.get(SERVICES, cluster.namespace, name), await cluster.view()
        if service is None or service["metadata"]["uid"] == former["metadata"]["uid"] or view.epoch == before.epoch:
            return False
        return bool(view.primary) and service["spec"]["selector"].get(names.POD_NAME_LABEL) == view.primary

    await wait_for("the new Service to lead to the new primary", leads_to_the_primary, timeout_ms=10_000)
    async with under_load(cluster) as trial:
        await trial.ready()


async def test_a_status_that_was_wiped_stops_the_operator_and_not_the_clients_until_it_is_restored(
    world: World, deploy: Any, under_load: Any, edited_by_hand: Any
) -> None:
    """The record is in it. Without one nobody can tell who may be promoted, and the pods are of a later epoch."""
    cluster = await deploy()
    edited_by_hand(cluster)
    async with under_load(cluster) as trial:
        before = await cluster.view()
        wiped = dict.fromkeys(before.status)
        await cluster.api.patch(
            VALKEYCLUSTERS, cluster.namespace, cluster.name, {"status": wiped}, subresource="status"
        )
        await trial.until(
            "the operator to say that it stops",
            lambda view: "epochMonotone" in view.condition("Degraded").get("message", ""),
        )
        await trial.more_writes(20)
        await cluster.api.patch(
            VALKEYCLUSTERS, cluster.namespace, cluster.name, {"status": before.status}, subresource="status"
        )
        restored = await trial.ready()
        assert (restored.primary, restored.epoch) == (before.primary, before.epoch)
        await world.local.kill(before.primary)
        await trial.next_primary(restored)
        await trial.ready()
