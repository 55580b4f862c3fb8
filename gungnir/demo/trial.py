"""A trial: one cluster under load and under observation, and at the end the verdict on every write."""

import contextlib
import time
from collections.abc import Callable
from typing import Final, Self

from gungnir.demo.check import Report
from gungnir.demo.ledger import Ledger, Outcome, Write
from gungnir.demo.managed import READY_MS, ClusterView, ManagedCluster
from gungnir.demo.roles import PERIOD_MS, RoleSampler
from gungnir.demo.waiting import wait_for
from gungnir.demo.writers import Load, Writers
from gungnir.local.heap import settle_heap

FIRST_WRITES: Final = 40


class Trial:
    """Writers and a role sampler around whatever is done inside ``async with``.

    On a clean exit the writers end, everything is read back, and ``report`` is set.

    Args:
        cluster: A cluster that has a primary.
        load: What the writers do.
        prefix: Of the keys; needed for a second trial of the same cluster.
        period_ms: Milliseconds between two samples of the roles.
    """

    def __init__(
        self, cluster: ManagedCluster, load: Load | None = None, prefix: str = "trial", period_ms: int = PERIOD_MS
    ) -> None:
        self.cluster: Final = cluster
        self.ledger: Final = Ledger(prefix)
        self.report: Report | None = None
        self.sampler: RoleSampler
        self.writers: Writers
        self._load = load
        self._period_ms = period_ms
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        settle_heap()  # the cluster is in this process: a pause of the collector would count as one of the data path
        async with contextlib.AsyncExitStack() as stack:
            self.sampler = await stack.enter_async_context(await self.cluster.role_sampler(self._period_ms))
            self.writers = await stack.enter_async_context(await self.cluster.writers(self.ledger, self._load))
            await self.more_writes(FIRST_WRITES)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_exc: object) -> None:
        async with self._stack:
            if kind is None:
                await self.writers.stop()
                self.report = await self.cluster.verdict(self.ledger)

    async def more_writes(self, number: int, *, timeout_ms: int = 10_000) -> None:
        """Wait until so many more writes are acknowledged that were begun from now on.

        Raises:
            NotInTimeError: They were not.
        """
        moment_ns = time.monotonic_ns()

        def enough() -> bool:
            return sum(write.outcome is Outcome.ACKNOWLEDGED for write in self.after(moment_ns)) >= number

        await wait_for(f"{number} more writes", enough, timeout_ms=timeout_ms)

    def after(self, moment_ns: int) -> list[Write]:
        """Writes that were begun at ``moment_ns`` or later."""
        found: list[Write] = []
        for write in reversed(self.ledger.writes):
            if write.invoked_ns < moment_ns:
                break
            found.append(write)
        return found

    async def next_primary(self, before: ClusterView, *, timeout_ms: int = READY_MS) -> ClusterView:
        """Wait until a later epoch than that of ``before`` is done, and then for one more acknowledged write.

        Raises:
            NotInTimeError: It did not come to that; the text shows the status.
        """

        def moved(view: ClusterView) -> bool:
            return view.epoch > before.epoch and bool(view.primary) and not view.failing_over

        # Each look costs the API server about a millisecond, which the failover waits for too.
        view = await self.cluster.wait_view("a new primary", moved, timeout_ms=timeout_ms, poll_ms=50)
        await self.more_writes(1)
        return view

    async def ready(self, *, timeout_ms: int = READY_MS) -> ClusterView:
        """Wait until all pods are ready again.

        Raises:
            NotInTimeError: They were not; the text shows the status.
        """
        return await self.cluster.wait_ready(timeout_ms=timeout_ms)

    def gap_ms(self, start_ns: int) -> float:
        """Longest time without an acknowledged write since ``start_ns``, in milliseconds."""
        return self.ledger.longest_gap_ms(start_ns, time.monotonic_ns())

    async def until(
        self, what: str, probe: Callable[[ClusterView], object], *, timeout_ms: int = READY_MS
    ) -> ClusterView:
        """Wait until ``probe`` of the cluster's view (a function or a coroutine function) is true.

        Raises:
            NotInTimeError: It was not.
        """
        return await self.cluster.wait_view(what, probe, timeout_ms=timeout_ms)
