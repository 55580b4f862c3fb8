"""What clients see: where the Services lead, which connections end, what a planned switchover costs, and silence."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gungnir.api import names
from gungnir.demo.connection import Connection
from gungnir.demo.errors import LostError
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.errors import GungnirError
from gungnir.runtime.kube_resources import EVENTS, PODS

pytestmark = [pytest.mark.anyio, pytest.mark.live]
API_DELAY_MS = 400
"""For each write, so that the former primary's next process is there before its Service leads to nobody."""


class Routes:
    """Where a Service led, entered at each change; looked at every few milliseconds."""

    def __init__(self, world: World, service: str) -> None:
        self.world, self.service = world, service
        self.seen: list[tuple[str, ...]] = []

    def look(self) -> None:
        with contextlib.suppress(GungnirError, KeyError):  # there is no such Service yet
            ports = self.world.local.routes("default", self.service)
            now = tuple(sorted(host for endpoints in ports.values() for host, _port in endpoints))
            if not self.seen or self.seen[-1] != now:
                self.seen.append(now)

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator["Routes"]:
        async def watch() -> None:
            while True:
                self.look()
                await asyncio.sleep(0.002)

        task = asyncio.create_task(watch())
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.look()


async def test_the_client_service_leads_to_the_primary_only_from_the_first_second_on(world: World, deploy: Any) -> None:
    """Scenario 30."""
    async with Routes(world, names.client_service("first")).watched() as unused:
        assert unused.seen == []
    cluster = await deploy(wait=False)
    async with Routes(world, names.client_service(cluster.name)).watched() as routes:
        view = await cluster.wait_ready()
    assert routes.seen in ([(), (world.local.pod_address(view.primary),)], [(world.local.pod_address(view.primary),)])


async def test_who_came_to_the_next_process_of_a_former_primary_is_sent_on(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Found by the fault campaign (delete-force, seed 62): a publisher stayed on a replica for ever.

    The Service leads to a pod by its name until it is unrouted, and PUBLISH is no write that a replica refuses.
    """
    cluster = await deploy()
    host, port = await cluster.client_address()
    password = await cluster.password()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        slow = world.local.api_faults.add(delay_ms=API_DELAY_MS, verb="update")
        world.local.restart_delay_ms = 0
        await world.local.kill(before.primary)

        async def come() -> Connection | None:
            connection = await Connection.open(host, port, password=password)
            answer = await connection.call((b"ROLE",))
            if isinstance(answer, tuple) and answer[0] == b"slave":
                return connection
            connection.close()
            return None

        stray = await wait_for("a connection to the next process", come, timeout_ms=5_000, poll_ms=2)
        world.local.api_faults.remove(slow.id)
        await trial.next_primary(before)
        await trial.ready()
        with contextlib.closing(stray), pytest.raises(LostError):
            await stray.call((b"PUBLISH", b"channel", b"message"))


@pytest.mark.parametrize("how", ["kill", "switchover"])
async def test_the_client_service_never_leads_to_two_pods_or_to_a_replica(
    world: World, deploy: Any, under_load: Any, how: str
) -> None:
    """Scenario 31: to the old primary, to nobody, to the new one."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        old = world.local.pod_address(before.primary)
        async with Routes(world, names.client_service(cluster.name)).watched() as routes:
            if how == "kill":
                await world.local.kill(before.primary)
            else:
                await cluster.switch_over()
            after = await trial.next_primary(before)
            await trial.ready()
        assert routes.seen == [(old,), (), (world.local.pod_address(after.primary),)]


async def test_the_read_service_leads_to_replicas_with_a_link_and_never_to_the_primary(
    world: World, deploy: Any, under_load: Any
) -> None:
    """Scenario 33."""
    cluster = await deploy()

    def reads() -> tuple[str, ...]:
        routes = Routes(world, names.read_service(cluster.name))
        routes.look()
        return routes.seen[-1]

    async with under_load(cluster) as trial:
        before = await cluster.view()
        primary = world.local.pod_address(before.primary)
        assert len(reads()) == 2
        assert primary not in reads()
        lonely = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
        address = world.local.pod_address(lonely)
        await world.local.cut(lonely, "all")
        await wait_for("the lonely replica to leave", lambda: address not in reads(), timeout_ms=20_000)
        await world.local.heal()
        await trial.ready()
        await wait_for("it to come back", lambda: len(reads()) == 2, timeout_ms=10_000)
        assert primary not in reads()


@pytest.mark.parametrize("label", ["app.kubernetes.io/name", "app.kubernetes.io/instance", names.POD_NAME_LABEL])
async def test_a_primary_whose_labels_somebody_edited_is_found_by_the_client_service_again(
    world: World, deploy: Any, label: str
) -> None:
    cluster = await deploy()
    before = await cluster.view()
    address = world.local.pod_address(before.primary)
    routes = Routes(world, names.client_service(cluster.name))
    await world.api.patch(PODS, cluster.namespace, before.primary, {"metadata": {"labels": {label: "edited"}}})

    async def restored() -> bool:
        pod = await world.api.get(PODS, cluster.namespace, before.primary) or {"metadata": {"labels": {}}}
        labels: dict[str, str] = pod["metadata"]["labels"]
        return names.pod_selector_labels(before.primary).items() <= labels.items()

    def leads_to_it() -> bool:
        routes.look()
        return routes.seen[-1] == (address,)

    await wait_for("the labels to be written back", restored, timeout_ms=5000)
    await wait_for("the Service to lead to it", leads_to_it, timeout_ms=5000)
    view = await cluster.view()
    assert (view.primary, view.epoch) == (before.primary, before.epoch)


async def subscriber(cluster: ManagedCluster, pod: str, channel: bytes | None) -> Connection:
    await cluster.pods()
    connection = await Connection.open(*cluster.addresses()[pod], password=await cluster.password())
    if channel is not None:
        await connection.call((b"SUBSCRIBE", channel))
    return connection


async def test_clients_of_a_demoted_primary_are_disconnected(deploy: Any, under_load: Any) -> None:
    """Scenario 32: idle and subscribed connections, which would otherwise stay with the wrong pod for ever."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        connections = [await subscriber(cluster, before.primary, channel) for channel in (None, b"news")]
        await cluster.switch_over()
        after = await trial.next_primary(before)
        assert after.primary != before.primary
        for connection in connections:
            with pytest.raises(LostError, match=r"closed|reset|Connection"):
                await connection.reply(deadline_ms=5000)
        await trial.ready()


async def test_a_planned_switchover_loses_nothing_at_all(deploy: Any, under_load: Any) -> None:
    """Scenario 34, and the annotation's promises: done once, taken off, reported."""
    cluster = await deploy()
    async with under_load(cluster) as trial:
        for _ in range(3):
            before = await cluster.view()
            target = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
            start_ns = time.monotonic_ns()
            await cluster.switch_over(target)
            after = await trial.next_primary(before)
            assert after.primary == target
            assert trial.gap_ms(start_ns) < 1000
            view = await trial.ready()
            assert names.SWITCHOVER_ANNOTATION not in view.annotations
    assert not trial.report.lost


async def test_a_switchover_to_a_pod_that_is_not_in_sync_is_refused_and_costs_nothing(
    world: World, deploy: Any, under_load: Any
) -> None:
    cluster = await deploy()
    async with under_load(cluster) as trial:
        before = await cluster.view()
        target = next(pod for pod in sorted(await cluster.pods()) if pod != before.primary)
        await world.local.hang(target)
        await trial.until("the frozen pod to be seen", lambda view: view.ready == 2)
        start_ns = time.monotonic_ns()
        await cluster.switch_over(target)
        view = await trial.until(
            "the request to be answered", lambda view: names.SWITCHOVER_ANNOTATION not in view.annotations
        )
        assert (view.primary, view.epoch) == (before.primary, before.epoch)
        assert view.status["switchover"]["request"] == target
        assert "not in sync" in view.status["switchover"]["message"]

        async def told() -> bool:
            events = await world.api.list(EVENTS, cluster.namespace)
            return any(e["reason"] == "SwitchoverRefused" and f"to {target!r}" in e["message"] for e in events)

        await wait_for("the event that says so", told, timeout_ms=5000)
        assert trial.gap_ms(start_ns) < 500
        await world.local.resume(target)
        await trial.ready()


@pytest.mark.parametrize("quiet_s", [10, pytest.param(600, marks=[pytest.mark.slow, pytest.mark.timeout(800)])])
async def test_in_a_steady_state_nothing_is_written_to_the_api_server(world: World, deploy: Any, quiet_s: int) -> None:
    """Scenario 44, except for the lease, whose renewals are its purpose."""
    cluster = await deploy()
    since_s = time.time() + 2.0
    await wait_for("the last words about the deployment", lambda: time.time() > since_s, timeout_ms=5000)
    end_s = since_s + quiet_s
    await wait_for("the end of the quiet time", lambda: time.time() > end_s, timeout_ms=quiet_s * 1500, poll_ms=100)
    entries = world.local.server.audit.entries(since=since_s, writes_only=True)
    others = [(entry.verb, entry.resource, entry.subresource) for entry in entries if entry.resource != "leases"]
    assert others == []
    assert len(entries) < 6 * quiet_s
    assert (await cluster.view()).phase == "Running"
