"""The API server is away, slow, overloaded or lies: clients notice nothing, and nothing fails over because of it."""

from typing import Any

import pytest

from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

pytestmark = [pytest.mark.anyio, pytest.mark.live]
# Those of conftest: test folders are no packages, so it cannot be imported.
Shell = Any
Deploy = Any
UnderLoad = Any


@pytest.mark.parametrize("how", ["refuse", "hang"])
async def test_an_api_server_that_is_down_costs_the_lease_and_no_write(
    shell: Shell, deploy: Deploy, under_load: UnderLoad, how: str
) -> None:
    cluster = await deploy()
    before = await cluster.view()
    async with under_load(cluster) as trial:
        await shell.world.local.server.set_down(how)
        await shell.leads(False)
        await trial.more_writes(100)
        await shell.world.local.server.set_down("")
        await shell.leads()
        await trial.more_writes(100)
        view = await trial.ready()
    assert (view.epoch, view.primary) == (before.epoch, before.primary), "nothing happened to the primary"
    assert shell.logged("follows"), "the loss of the lease is logged"


async def test_a_primary_that_dies_while_the_api_server_is_down_is_replaced_when_it_is_back(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        await shell.world.local.server.set_down("refuse")
        await shell.leads(False)
        await shell.world.local.kill(before.primary)
        await wait_for(
            "the replicas to lose their primary",
            lambda: (sample := trial.sampler.latest(before.primary)) is not None and not sample.primary,
            timeout_ms=10_000,
        )
        await shell.world.local.server.set_down("")
        view = await trial.next_primary(before)
        await trial.ready()
    assert view.epoch == before.epoch + 1


@pytest.mark.parametrize("code", [429, 500, 503])
async def test_a_failover_waits_for_an_api_server_that_answers_errors_and_happens_once(
    shell: Shell, deploy: Deploy, under_load: UnderLoad, code: int
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        with shell.fault(code=code, retry_after_s=1 if code == 429 else 0) as rule:
            await shell.world.local.kill(before.primary)
            await shell.hits(rule, 5)
            assert (await cluster.view()).epoch == before.epoch, "no epoch without a stored intent"
        view = await trial.next_primary(before)
        await trial.ready()
    assert view.epoch == before.epoch + 1
    await shell.metric_above(0, "api_requests_total", code=str(code))


async def test_answers_slower_than_the_deadline_stop_the_operator_and_not_the_clients(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    before = await cluster.view()
    async with under_load(cluster) as trial:
        with shell.fault(delay_ms=5000):
            await shell.leads(False)
            await trial.more_writes(100)
        await shell.leads()
        view = await trial.ready()
    assert view.epoch == before.epoch


async def test_a_failover_through_a_slow_api_server_happens_once(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        with shell.fault(delay_ms=250):
            await shell.world.local.kill(before.primary)
            view = await trial.next_primary(before)
        await trial.ready()
    assert view.epoch == before.epoch + 1


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_connections_that_break_in_mid_request_lead_to_one_failover(
    shell: Shell, deploy: Deploy, under_load: UnderLoad, lost: str
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        writes = {"resource": "valkeyclusters", "verb": "update"}
        with (
            shell.fault(lose=lost, times=4, **writes) as status,
            shell.fault(lose=lost, times=2, resource="services", verb="update") as service,
        ):
            await shell.world.local.kill(before.primary)
            view = await trial.next_primary(before)
            assert (status.hits, service.hits) == (4, 2), "the faults were met"
        await trial.ready()
    assert view.epoch == before.epoch + 1


async def test_watches_that_expire_are_begun_anew_and_miss_nothing(shell: Shell, deploy: Deploy) -> None:
    cluster = await deploy()
    gone = await shell.metric("watch_restarts_total", reason="gone")
    shell.world.local.server.expire_watches()
    await shell.metric_above(gone, "watch_restarts_total", reason="gone")
    other = await deploy()
    assert (await other.view()).ready == 3
    assert (await cluster.view()).epoch == 1


async def test_a_failover_needs_no_watch(shell: Shell, deploy: Deploy, under_load: UnderLoad) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        shell.world.local.api_faults.watches_silent = True
        await shell.world.local.kill(before.primary)
        view = await trial.next_primary(before)
        shell.world.local.api_faults.watches_silent = False
        await trial.ready()
    assert view.epoch == before.epoch + 1


@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_a_watch_that_is_silently_dead_is_noticed_within_a_minute(
    shell: Shell, deploy: Deploy, under_load: UnderLoad
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        silent = await shell.metric("watch_restarts_total", reason="silent")
        shell.world.local.api_faults.watches_silent = True
        late = await deploy(wait=False)
        await shell.metric_above(silent, "watch_restarts_total", reason="silent", timeout_ms=60_000)
        shell.world.local.api_faults.watches_silent = False
        await late.wait_view("the cluster that no watch told of", lambda view: view.epoch == 1, timeout_ms=20_000)
        await trial.more_writes(20)
    assert (await cluster.view()).epoch == 1
    await shell.world.api.delete(VALKEYCLUSTERS, late.namespace, late.name)
