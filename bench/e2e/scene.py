"""What every case works with: the installed operator, fresh clusters under load, and the verdict on their writes."""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from bench.e2e.results import Run
from bench.e2e.stages import stages
from gungnir.demo.check import Report
from gungnir.demo.connection import Connection
from gungnir.demo.managed import ClusterView, ManagedCluster
from gungnir.demo.trial import Trial
from gungnir.demo.waiting import wait_for
from gungnir.demo.writers import Load
from gungnir.errors import BugError
from gungnir.resp.commands import Command
from gungnir.runtime.kube_resources import VALKEYCLUSTERS
from tests.e2e.client import Programs, RemoteApi
from tests.e2e.installed import ACCOUNT, READY_MS, ask_for, leading_pod
from tests.e2e.nodes import Nodes

SPACE: Final = "bench-e2e"
PERIOD_MS: Final = 50
"""Between two samples of the roles."""
LOAD: Final = Load(writers=4, rate_per_s=50, wait_every=5, deadline_ms=1000, retry_ms=50)
"""As the other operators were measured: four connections, 50 writes a second each, every fifth with ``WAIT 1``."""
SOON_MS: Final = 10_000
_SERVED_AGAIN: Final = 100
"""Writes that show that a cluster serves."""

Keep = Callable[[Run], None]


@dataclass
class Scene:
    """The cluster under test.

    Attributes:
        api: Its API server.
        programs: kubectl and helm.
        nodes: The machines.
        keep: Called with each run as it ends.
    """

    api: RemoteApi
    programs: Programs
    nodes: Nodes
    keep: Keep
    _numbers: int = 0

    @contextlib.asynccontextmanager
    async def cluster(self, **spec: Any) -> AsyncIterator[ManagedCluster]:
        """A fresh ValkeyCluster whose pods are ready, asked for while an operator leads; its pods are gone at the end.

        How long it took is kept as a run of the case ``apply``.
        """
        self._numbers += 1
        name = f"vc{self._numbers}"
        await leading_pod(self.api)
        start = time.monotonic()
        cluster = await ask_for(self.api, SPACE, name, spec)
        try:
            await wait_for("the first write", lambda: _accepts(cluster), timeout_ms=READY_MS, poll_ms=50)
            usable_ms = (time.monotonic() - start) * 1000
            await cluster.wait_ready(timeout_ms=READY_MS, poll_ms=50)
            ready_ms = (time.monotonic() - start) * 1000
            figures = {"usable_ms": round(usable_ms, 1), "ready_ms": round(ready_ms, 1)}
            self.keep(Run("apply", "", self._numbers, figures))
            yield cluster
        finally:
            await self.api.delete(VALKEYCLUSTERS, SPACE, name)

            async def ended() -> bool:
                return not await cluster.pods()

            await wait_for("the pods to end", ended, timeout_ms=READY_MS, poll_ms=200)


async def _accepts(cluster: ManagedCluster) -> bool:
    """Whether a client's first write is acknowledged through the Service."""
    with contextlib.closing(
        await Connection.open(*await cluster.client_address(), password=await cluster.password(), deadline_ms=500)
    ) as client:
        first: Command = (b"SET", b"first", b"write")
        return await client.call(first) == b"OK"


class Struck:
    """One fault on a cluster under load, inside ``async with``; afterwards ``run`` says what it cost.

    Args:
        scene: Where.
        cluster: The cluster, ready.
        fault: Name of the case.
        position: Who is hit, in words.
        number: Which time it is.
    """

    def __init__(self, scene: Scene, cluster: ManagedCluster, fault: str, position: str, number: int) -> None:
        self.scene: Final = scene
        self.cluster: Final = cluster
        self.figures: Final[dict[str, float]] = {}
        self.before = ClusterView()
        self.start_ns = 0
        self.ended_ns = 0
        self.settled_ns = 0
        self.trial: Final = Trial(cluster, LOAD, f"{fault}-{position}-{number}".replace(" ", "-"), PERIOD_MS)
        self._named = fault, position, number
        self._doubles_before = 0

    async def strike(self, fault: Callable[[], Awaitable[None]]) -> None:
        """Do the fault to the cluster, which is served; it begins now."""
        await self.trial.more_writes(_SERVED_AGAIN, timeout_ms=SOON_MS)
        self.before = await self.cluster.view()
        self.start_ns = time.monotonic_ns()
        await fault()

    def over(self) -> None:
        """The fault is undone now: samples with two primaries are counted apart from here on."""
        self.ended_ns = time.monotonic_ns()
        self._doubles_before = self.trial.sampler.counts.two_primaries

    async def settle(self) -> None:
        """Wait until all pods are ready and clients are served, then note what it took."""
        from_ns = self.ended_ns or self.start_ns
        await self.trial.ready(timeout_ms=READY_MS)
        self.figures["whole_ms"] = round((time.monotonic_ns() - from_ns) / 1e6, 1)
        await self.trial.more_writes(_SERVED_AGAIN, timeout_ms=SOON_MS)
        self.settled_ns = time.monotonic_ns()

    def outage_ms(self, start_ns: int = 0, end_ns: int = 0) -> float:
        """Longest time without an acknowledged write, from the fault or ``start_ns`` on."""
        span = start_ns or self.start_ns, end_ns or self.settled_ns
        return round(self.trial.ledger.longest_gap_ms(*span), 1)

    def run(self) -> Run:
        """What it cost, after the trial; the stages are those of its longest outage."""
        report, counts = self.trial.report, self.trial.sampler.counts
        if report is None:
            raise BugError("the trial has not ended")
        self.figures.setdefault("outage_ms", self.outage_ms())
        more = losses(report) | {
            "acknowledged": len(report.acknowledged),
            "confirmed": len(report.confirmed),
            "unexpected": len(report.unexpected),
            "doubles": counts.two_primaries,
            "doubles_with_replicas": counts.two_with_replicas,
        }
        self.figures.update(more)
        if self.ended_ns:
            self.figures["doubles_after"] = counts.two_primaries - self._doubles_before
        return Run(*self._named, self.figures, self.stages())

    def stages(self) -> dict[str, float]:
        """What was seen when; nothing if no other pod became primary."""
        _, served_ns = self.trial.ledger.longest_gap(self.start_ns, self.settled_ns)
        seen = [at for at, pods in self.trial.sampler.primaries if at > self.start_ns and set(pods) - {self.primary}]
        if not seen:
            return {}
        return stages(
            self.scene.nodes.writes(),
            account=ACCOUNT,
            cluster=self.cluster.name,
            primary=self.primary,
            fault_s=_wall_s(self.start_ns),
            # A sample that comes after the first write says nothing.
            promoted_s=_wall_s(seen[0]) if seen[0] < served_ns else None,
            served_s=_wall_s(served_ns),
        )

    @property
    def primary(self) -> str:
        """The pod that was primary when the fault was done."""
        return self.before.primary


def losses(report: Report, prefix: str = "") -> dict[str, float]:
    """The lost writes of a verdict, those that ``WAIT`` had confirmed apart."""
    confirmed = len(report.lost_confirmed)
    return {f"{prefix}lost": len(report.lost) - confirmed, f"{prefix}lost_confirmed": confirmed}


def _wall_s(moment_ns: int) -> float:
    """A moment of ``time.monotonic_ns`` in seconds since 1970."""
    return time.time() - (time.monotonic_ns() - moment_ns) / 1e9
