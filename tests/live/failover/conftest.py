"""A local cluster with the real operator for each module, and a fresh ValkeyCluster for each test.

Every test runs under load with role samples, and ends with the two verdicts that no fault may break: nothing that
``WAIT`` confirmed is lost, and never were there two primaries with replicas.
"""

import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

import pytest

from gungnir.api import names
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.timeline import Entry, entries
from gungnir.demo.trial import Trial
from gungnir.demo.world import World
from gungnir.demo.writers import Load
from gungnir.resp.commands import Command
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

QUICK: Final = {"pingIntervalMs": 250, "downAfterMs": 1000}
SHORT_LEASE: Final = (
    *("--lease-duration-ms", "3000"),
    *("--lease-renew-deadline-ms", "2000"),
    *("--lease-retry-period-ms", "500"),
)
_NUMBERS: Final = itertools.count(1)


def _story(steps: list[Entry]) -> list[str]:
    """The trace for the text of a failure. What an earlier step said is left out, but for the last steps."""
    seen: set[tuple[str, str]] = set()
    kept = []
    for number, step in enumerate(steps):
        if (step.what, step.detail) not in seen or number >= len(steps) - 10:
            kept.append(f"{step.offset_ms:9.0f} ms {step.what}: {step.detail}")
        seen.add((step.what, step.detail))
    return kept[-100:]


class UnderLoad(Protocol):
    """Opens a trial and holds its end to the promises."""

    def __call__(
        self, cluster: ManagedCluster, load: Load | None = None, *, lossy: bool = False, prefix: str = "trial"
    ) -> AbstractAsyncContextManager[Trial]: ...


Deploy = Callable[..., Awaitable[ManagedCluster]]
AsOperator = Callable[..., Awaitable[list[Any]]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def world(anyio_backend: str) -> AsyncIterator[World]:
    del anyio_backend
    async with World() as world:
        yield world


@pytest.fixture(scope="module")
async def module_operator(world: World) -> OperatorProcess:
    return await world.start_operator(extra=SHORT_LEASE)


@pytest.fixture
async def operator(world: World, module_operator: OperatorProcess) -> AsyncIterator[OperatorProcess]:
    """The operator, leading; whatever a test does to it, the next one finds it running again."""
    yield module_operator
    module_operator.sigcont()
    if not module_operator.running:
        await module_operator.start()
    await module_operator.wait_leader()
    await world.local.heal()
    world.local.restart_delay_ms = 500


@pytest.fixture
async def deploy(world: World, operator: OperatorProcess) -> AsyncIterator[Deploy]:
    """Applies a ValkeyCluster of its own name and waits until it is ready; it is deleted at the end."""
    del operator
    created: list[str] = []

    async def apply(*, wait: bool = True, **spec: Any) -> ManagedCluster:
        name = f"vc{next(_NUMBERS)}"
        created.append(name)
        manifest = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"sentinel": QUICK, **spec},
        }
        cluster = await world.apply([manifest])
        if wait:
            await cluster.wait_ready()
        return cluster

    yield apply
    for name in created:
        await world.api.delete(VALKEYCLUSTERS, "default", name)


@pytest.fixture
def under_load(operator: OperatorProcess) -> UnderLoad:
    @contextlib.asynccontextmanager
    async def opened(
        cluster: ManagedCluster, load: Load | None = None, *, lossy: bool = False, prefix: str = "trial"
    ) -> AsyncIterator[Trial]:
        trial = Trial(cluster, load, prefix)
        try:
            async with trial:
                yield trial
        except Exception as error:
            error.add_note("\n".join(_story(entries(operator.trace.lines(cluster=cluster.key), time.time() * 1000))))
            error.add_note(operator.log_tail())
            raise
        counts, report = trial.sampler.counts, trial.report
        assert report is not None
        assert counts.ticks > 0, "no pod was ever sampled"
        assert counts.two_with_replicas == 0, counts.doubles
        assert not report.unexpected, sorted(report.unexpected)[:5]
        assert lossy or not report.lost_confirmed, str(report)

    return opened


@pytest.fixture
def as_operator() -> AsOperator:
    """Sends commands to a pod as the operator of the present epoch: what a person with the Secret could do."""

    async def send(cluster: ManagedCluster, pod: str, *commands: Command) -> list[Any]:
        return await cluster.call_as_operator(pod, *commands)

    return send
