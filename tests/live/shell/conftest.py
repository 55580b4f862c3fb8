"""The operator as a process in a local cluster whose API server misbehaves on demand, towards the operator alone."""

import contextlib
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import pytest

from gungnir.api import names
from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.trial import Trial
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.local.serve.faults import Fault
from gungnir.runtime.kube_resources import EVENTS, VALKEYCLUSTERS, Object

QUICK: Final = {"pingIntervalMs": 250, "downAfterMs": 1000}
OPTIONS: Final = (
    *("--lease-duration-ms", "3000"),
    *("--lease-renew-deadline-ms", "2000"),
    *("--lease-retry-period-ms", "500"),
    *("--api-timeout-ms", "1000"),
)
"""A short lease and deadline: what takes a minute with the defaults takes seconds here."""
OPERATOR_AGENT: Final = "gungnir/"
_NUMBERS: Final = itertools.count(1)

Deploy = Callable[..., Awaitable[ManagedCluster]]


class Shell:
    """What a person sees of the operator, and what the API server does to it."""

    def __init__(self, world: World, operator: OperatorProcess) -> None:
        self.world: Final = world
        self.operator: Final = operator

    @contextlib.contextmanager
    def fault(self, **properties: Any) -> Iterator[Fault]:
        """Let the API server do something wrong to requests of the operator; see ``Fault``."""
        rule = self.world.local.api_faults.add(user_agent=OPERATOR_AGENT, **properties)
        try:
            yield rule
        finally:
            self.world.local.api_faults.remove(rule.id)

    async def hits(self, rule: Fault, number: int) -> None:
        """Wait until so many requests met the rule."""
        await wait_for(f"{number} requests to meet {rule}", lambda: rule.hits >= number, timeout_ms=20_000)

    async def leads(self, expected: bool = True) -> None:
        """Wait until the operator leads, or until it does not."""

        async def as_expected() -> bool:
            return await self.operator.leads() is expected

        await wait_for(f"leading to be {expected}", as_expected, timeout_ms=20_000)

    async def metric(self, name: str, **labels: str) -> float:
        """Sum of the series of ``gungnir_<name>`` that have these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        series = re.findall(rf"^gungnir_{name}(\{{.*\}})? (\S+)$", await self.operator.metrics(), re.MULTILINE)
        return sum(float(value) for text, value in series if all(label in text for label in wanted))

    async def metric_above(self, floor: float, name: str, *, timeout_ms: int = 20_000, **labels: str) -> None:
        """Wait until the sum is above ``floor``."""

        async def above() -> bool:
            return await self.metric(name, **labels) > floor

        await wait_for(f"{name} {labels} above {floor}", above, timeout_ms=timeout_ms)

    async def event(self, cluster: ManagedCluster, reason: str, *words: str) -> Object:
        """Wait for an Event of the cluster with this reason and these words in its message."""
        seen: list[str] = []

        async def look() -> Object | None:
            events = await self.world.api.list(EVENTS, cluster.namespace)
            mine = [event for event in events if event["involvedObject"].get("name") == cluster.name]
            seen[:] = [f"{event['reason']}: {event['message']}" for event in mine]
            return next(
                (e for e in mine if e["reason"] == reason and all(word in e["message"] for word in words)), None
            )

        return await wait_for(f"Event {reason} {words}", look, timeout_ms=20_000, last=lambda: seen)

    async def condition(
        self, cluster: ManagedCluster, kind: str, status: str, reason: str, *words: str, timeout_ms: int = 20_000
    ) -> ClusterView:
        """Wait for a condition with this status and reason, and these words in its message."""

        def shown(view: ClusterView) -> bool:
            found = view.condition(kind)
            text = str(found.get("message"))
            same = (found.get("status"), found.get("reason")) == (status, reason)
            return same and all(word in text for word in words)

        return await cluster.wait_view(f"{kind}={status} ({reason})", shown, timeout_ms=timeout_ms)

    def logged(self, event: str, *words: str) -> list[dict[str, Any]]:
        """Lines of the operator's log with this event and these words."""
        found = []
        for text in self.operator.log_path.read_text().splitlines():
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                if line.get("event") == event and all(word in text for word in words):
                    found.append(line)
        return found


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def world(anyio_backend: str) -> AsyncIterator[World]:
    del anyio_backend
    async with World() as world:
        world.local.restart_delay_ms = 100
        yield world


@pytest.fixture(scope="module")
async def module_operator(world: World) -> OperatorProcess:
    return await world.start_operator(extra=OPTIONS)


@pytest.fixture
async def shell(world: World, module_operator: OperatorProcess) -> AsyncIterator[Shell]:
    """The operator, leading; what a test does to the API server or to the operator ends with the test."""
    shell = Shell(world, module_operator)
    yield shell
    world.local.api_faults.clear()
    await world.local.server.set_down("")
    world.local.restart_delay_ms = 100
    if not module_operator.running:
        await module_operator.start()
    await module_operator.wait_leader()


@pytest.fixture
async def deploy(world: World, shell: Shell) -> AsyncIterator[Deploy]:
    """Applies a ValkeyCluster of its own name, and waits until it is ready if asked; it is deleted at the end."""
    del shell
    created: list[tuple[str, str]] = []

    async def apply(*, name: str = "", namespace: str = "default", wait: bool = True, **spec: Any) -> ManagedCluster:
        name = name or f"shell{next(_NUMBERS)}"
        created.append((namespace, name))
        manifest = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"sentinel": QUICK, **spec},
        }
        cluster = await world.apply([manifest])
        if wait:
            await cluster.wait_ready()
        return cluster

    yield apply
    await world.local.server.set_down("")
    for namespace, name in created:
        await world.api.delete(VALKEYCLUSTERS, namespace, name)


UnderLoad = Callable[[ManagedCluster], AbstractAsyncContextManager[Trial]]


@pytest.fixture
def under_load(shell: Shell) -> UnderLoad:
    """Opens a trial: it ends with every confirmed write found again, and with never two primaries with replicas."""

    @contextlib.asynccontextmanager
    async def opened(cluster: ManagedCluster) -> AsyncIterator[Trial]:
        trial = Trial(cluster, prefix=f"trial-{time.monotonic_ns()}")
        try:
            async with trial:
                yield trial
        except Exception as error:
            error.add_note(shell.operator.log_tail())
            raise
        assert trial.report is not None
        assert trial.report.ok, str(trial.report)
        assert trial.sampler.counts.two_with_replicas == 0, trial.sampler.counts.doubles

    return opened
