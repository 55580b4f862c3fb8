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

from gungnir.demo.ledger import Outcome
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.waiting import wait_for
from gungnir.demo.writers import Load
from gungnir.runtime.kube_resources import VALKEYCLUSTERS
from tests.e2e.client import Programs, RemoteApi
from tests.e2e.installed import HOME, KUBECONFIG, LOAD, READY_MS, RELEASE, ask_for, install, uninstall
from tests.e2e.nodes import Nodes, find_nodes

SPACE: Final = "e2e"
UNNOTICED_MS: Final = 2_000
"""A pause that one machine with all nodes on it may make by itself. What an operator does shows otherwise, too."""
_NUMBERS: Final = itertools.count(1)


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
def three_nodes(programs: Programs) -> int:
    """How many nodes there are; skips where the loss of one would take a majority of the pods along."""
    found = len(programs.get("nodes")["items"])
    if found < 3:
        pytest.skip("needs three nodes: with fewer, too few pods run to vote")
    return found


@pytest.fixture(scope="session")
async def api(anyio_backend: str, kubeconfig: Path) -> AsyncIterator[RemoteApi]:
    del anyio_backend
    async with RemoteApi(kubeconfig) as api:
        yield api


@pytest.fixture(scope="session")
def release(programs: Programs) -> Iterator[str]:
    """The operator, installed; both of its pods are ready."""
    install(programs)
    programs.kubectl("create", "namespace", SPACE)
    yield RELEASE
    programs.kubectl("delete", "namespace", SPACE, "--timeout=120s")
    uninstall(programs)


@pytest.fixture
async def deploy(api: RemoteApi, release: str) -> AsyncIterator[Deploy]:
    """Applies a ValkeyCluster of its own name and waits until it is ready; it is deleted at the end."""
    del release
    created: list[str] = []

    async def apply(*, wait: bool = True, **spec: Any) -> ManagedCluster:
        name = f"vc{next(_NUMBERS)}"
        created.append(name)
        cluster = await ask_for(api, SPACE, name, spec)
        if wait:
            await cluster.wait_ready(timeout_ms=READY_MS)
        return cluster

    yield apply
    for name in created:
        await api.delete(VALKEYCLUSTERS, SPACE, name)

    async def ended() -> bool:
        return not [pod for name in created for pod in await ManagedCluster(api, SPACE, name).pods()]

    # What still runs of one test would slow the next one down.
    await wait_for("the pods of the test to end", ended, timeout_ms=READY_MS, poll_ms=200)


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


_FIGURES: Final = pytest.StashKey[list[str]]()


@pytest.fixture
def figure(record_property: Callable[[str, object], None], request: pytest.FixtureRequest) -> Report:
    """Notes a figure of the test, in milliseconds: in the summary at the end, and in a junit report."""

    def note(what: str, value_ms: float) -> None:
        record_property(what, round(value_ms))
        request.config.stash.setdefault(_FIGURES, []).append(f"{request.node.name}: {what}: {value_ms:.0f}")

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what the tests measured, in milliseconds."""
    if figures := config.stash.get(_FIGURES, []):
        terminalreporter.section("measured, in ms")
        for line in figures:
            terminalreporter.write_line(line)


async def identities(cluster: ManagedCluster) -> dict[str, tuple[str, int]]:
    """The uid and the restarts of every pod: what a pod that was touched does not keep."""
    return {
        name: (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        for name, pod in (await cluster.pods()).items()
    }


@contextlib.asynccontextmanager
async def unnoticed(trial: Trial, figure: Report) -> AsyncIterator[None]:
    """Whatever is done inside, no client notices it, no pod is touched, and the role stays where it is."""
    cluster = trial.cluster
    before, pods = await cluster.view(), await identities(cluster)
    start_ns = time.monotonic_ns()
    yield
    await trial.more_writes(100)
    gap_ms = trial.gap_ms(start_ns)
    figure("longest pause that clients noticed", gap_ms)
    assert [w.error for w in trial.after(start_ns) if w.outcome is Outcome.REFUSED] == []
    assert gap_ms < UNNOTICED_MS
    after = await cluster.view()
    assert (after.primary, after.epoch) == (before.primary, before.epoch)
    assert await identities(cluster) == pods


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
