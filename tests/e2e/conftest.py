"""The operator, installed with its chart on a real cluster, and a fresh ValkeyCluster under load for each test.

Run by `make e2e`. Against another cluster: GUNGNIR_E2E_KUBECONFIG names it, GUNGNIR_E2E_IMAGE the operator's image as
its nodes pull it, and the tests run where pods and Services are reachable.
"""

import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final, Protocol

import pytest

from gungnir.api import names
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.writers import Load
from gungnir.runtime.kube_resources import PODS, VALKEYCLUSTERS
from tests.e2e.client import CHART, Programs, RemoteApi
from tests.e2e.nodes import Nodes, find_nodes

KUBECONFIG: Final = "GUNGNIR_E2E_KUBECONFIG"
IMAGE: Final = "GUNGNIR_E2E_IMAGE"
HOME: Final = "gungnir-system"
RELEASE: Final = "gungnir-operator"
SPACE: Final = "e2e"
READY_MS: Final = 90_000
"""From the request to pods that are ready: kubelets pull nothing, but start containers one after the other."""
_NUMBERS: Final = itertools.count(1)

LOAD: Final = Load(writers=4, rate_per_s=50, wait_every=5)


class UnderLoad(Protocol):
    """Opens a trial through the client Service and holds its end to the promises."""

    def __call__(self, cluster: ManagedCluster, load: Load = LOAD) -> AbstractAsyncContextManager[Trial]: ...


Deploy = Callable[..., Awaitable[ManagedCluster]]
Report = Callable[[str, float], None]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Of the cluster under test; never one that merely happens to be the current one."""
    named = os.environ.get(KUBECONFIG)
    if not named:
        pytest.skip(f"{KUBECONFIG} names no cluster; `make e2e` makes one")
    return Path(named)


@pytest.fixture(scope="session")
def programs(kubeconfig: Path) -> Iterator[Programs]:
    with tempfile.TemporaryDirectory(prefix="gungnir-e2e-home-") as home:
        yield Programs(kubeconfig, Path(home))


@pytest.fixture(scope="session")
def nodes() -> Nodes:
    return find_nodes()


@pytest.fixture(scope="session")
async def api(anyio_backend: str, kubeconfig: Path) -> AsyncIterator[RemoteApi]:
    del anyio_backend
    async with RemoteApi(kubeconfig) as api:
        yield api


def image_values() -> tuple[str, ...]:
    """The chart's values that name the image under test."""
    image = os.environ.get(IMAGE, "")
    if not image:
        return ()
    repository, _, tag = image.rpartition(":")
    return ("--set", f"image.repository={repository}", "--set", f"image.tag={tag}")


@pytest.fixture(scope="session")
def release(programs: Programs) -> Iterator[str]:
    """The operator, installed with its chart's defaults; both of its pods are ready."""
    programs.helm("install", RELEASE, str(CHART), "--namespace", HOME, "--create-namespace", "--wait", *image_values())
    programs.kubectl("create", "namespace", SPACE)
    yield RELEASE
    programs.kubectl("delete", "namespace", SPACE, "--timeout=120s")
    programs.helm("uninstall", RELEASE, "--namespace", HOME, "--wait")


@pytest.fixture
async def deploy(api: RemoteApi, release: str) -> AsyncIterator[Deploy]:
    """Applies a ValkeyCluster of its own name and waits until it is ready; it is deleted at the end."""
    del release
    created: list[str] = []

    async def apply(*, wait: bool = True, **spec: Any) -> ManagedCluster:
        name = f"vc{next(_NUMBERS)}"
        created.append(name)
        metadata = {"name": name, "namespace": SPACE}
        body = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata, "spec": spec}
        await api.apply([body])
        cluster = ManagedCluster(api, SPACE, name)
        if wait:
            await cluster.wait_ready(timeout_ms=READY_MS)
        return cluster

    yield apply
    for name in created:
        await api.delete(VALKEYCLUSTERS, SPACE, name)


@pytest.fixture
def under_load(programs: Programs) -> UnderLoad:
    @contextlib.asynccontextmanager
    async def opened(cluster: ManagedCluster, load: Load = LOAD) -> AsyncIterator[Trial]:
        trial = Trial(cluster, load)
        try:
            async with trial:
                yield trial
        except Exception as error:
            error.add_note(programs.kubectl("describe", "vc", cluster.name, "--namespace", cluster.namespace))
            error.add_note(programs.kubectl("get", "pods", "--all-namespaces", "--output", "wide"))
            logs = ("--namespace", HOME, "--selector", f"app.kubernetes.io/instance={RELEASE}", "--tail", "60")
            error.add_note(programs.kubectl("logs", "--prefix", *logs))
            raise
        counts, report = trial.sampler.counts, trial.report
        assert report is not None
        assert counts.ticks > 0, "no pod was ever sampled"
        assert counts.two_with_replicas == 0, counts.doubles
        assert not report.unexpected, sorted(report.unexpected)[:5]
        assert not report.lost_confirmed, str(report)

    return opened


@pytest.fixture
def figure(record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> Report:
    """Notes a figure of the test, in milliseconds: printed at once, and kept in a junit report."""
    reporter = request.config.get_terminal_writer()

    def note(what: str, value_ms: float) -> None:
        record_property(what, round(value_ms))
        reporter.line(f"\n  {what}: {value_ms:.0f} ms")

    return note


async def pod_of(cluster: ManagedCluster, name: str) -> dict[str, Any]:
    """A pod that has to be there."""
    found = await cluster.api.get(PODS, cluster.namespace, name)
    assert found is not None, f"pod {name} is not there"
    return found


async def fail_over(trial: Trial, fault: Callable[[], Awaitable[None]]) -> float:
    """Do something to the primary, wait for its successor and for all pods; returns the longest write gap in ms."""
    await trial.more_writes(100)
    before = await trial.cluster.view()
    start_ns = time.monotonic_ns()
    await fault()
    after = await trial.next_primary(before, timeout_ms=READY_MS)
    gap_ms = trial.gap_ms(start_ns)
    assert after.primary != before.primary
    return gap_ms
