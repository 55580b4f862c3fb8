"""The demo itself: four faults, one after the other, on one cluster under load."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gungnir.demo.check import check
from gungnir.demo.errors import NotInTimeError
from gungnir.demo.figures import FaultFigures, Figures, OperatorFigures
from gungnir.demo.ledger import Ledger
from gungnir.demo.managed import ClusterView
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.roles import RoleSampler
from gungnir.demo.screen import Screen
from gungnir.demo.timeline import Entry, Kind, entries
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.runtime.kube_resources import Object

SETTLED_S: Final = 3.0
"""When the cluster has come to rest: for 1.5 s after its last change the pods are still read in quick succession."""
IDLE_S: Final = 5.0
"""How long the operator is watched doing nothing."""
WARM_UP_MS: Final = 700
"""Load before each fault, so that its window begins in a steady state."""
RESTART_DELAY_MS: Final = 300
_RESUME_AFTER_MS: Final = 1500


@dataclass
class Window:
    """The time of one fault, on both clocks."""

    name: str
    start_ns: int
    start_ms: float
    before: ClusterView
    doubles_before: int
    end_ns: int = 0
    doubles: int = 0
    notes: list[Entry] = field(default_factory=list)


class Scenario:
    """One run.

    Args:
        world: Where it runs.
        screen: Where it is shown.
        manifest: The ValkeyCluster and what it needs.
    """

    def __init__(self, world: World, screen: Screen, manifest: Sequence[Object]) -> None:
        self._world = world
        self._screen = screen
        self._manifest = manifest
        self._ledger = Ledger("demo")
        self._windows: list[Window] = []

    async def run(self) -> Figures:
        """Run everything and return the figures.

        Raises:
            NotInTimeError: Something that must happen did not; the text says what was seen last.
            ProcessError: The operator ended by itself.
        """
        screen, world = self._screen, self._world
        screen.title("Start")
        with screen.working("starting the operator"):
            operator = self._operator = world.new_operator()
            await operator.start()
            start_to_leader_ms = await operator.wait_leader()
        screen.done(f"operator runs (process {operator.pid}) and leads", start_to_leader_ms)
        with screen.working("applying the ValkeyCluster"):
            started = time.perf_counter()
            self._cluster = await world.apply(self._manifest)
            view = await self._cluster.wait_ready()
            apply_to_ready_ms = (time.perf_counter() - started) * 1000
        screen.done(f"{self._cluster.key}: {view.ready} pods are ready, {view.primary} is primary", apply_to_ready_ms)
        counts = await self._faults()
        report = await self._cluster.verdict(self._ledger)
        with screen.working(f"watching the operator do nothing for {IDLE_S:.0f} s"):
            footprint = await _footprint(operator, start_to_leader_ms)
        faults = tuple(self._figures(window, report.present) for window in self._windows)
        ok = report.ok and counts.counts.two_with_replicas == 0
        return Figures(round(apply_to_ready_ms, 1), footprint, faults, ok)

    async def _faults(self) -> RoleSampler:
        cluster, screen = self._cluster, self._screen
        async with await cluster.role_sampler() as sampler, await cluster.writers(self._ledger) as writers:
            self._sampler = sampler
            load = writers.load
            host, port = await cluster.client_address()
            screen.done(
                f"{load.writers} writers x {load.rate_per_s:.0f}/s through {host}:{port}, half of them with WAIT 1"
            )
            first = (await cluster.view()).primary
            await self._fault("sigkill-primary", f"SIGKILL of the primary {first}", first, self._kill)
            second = (await cluster.view()).primary
            await self._fault("sigstop-primary", f"SIGSTOP of the new primary {second}", second, self._stop)
            third = await self._third(first, second)
            role = "the primary" if (await cluster.view()).primary == third else "a replica"
            title = f"{third}, {role}, dies and is back empty {RESTART_DELAY_MS} ms later"
            await self._fault("empty-restart", title, third, self._wipe)
            await self._fault("switchover", "Planned switchover", "any", self._switch_over)
        return sampler

    async def _third(self, first: str, second: str) -> str:
        others = sorted((await self._cluster.pods()).keys() - {first, second})
        return others[0] if others else first

    # --- the four faults: each returns when the cluster has begun to recover ------------------------------------------

    async def _kill(self, window: Window, pod: str) -> None:
        self._note(window, Kind.FAULT, "SIGKILL", f"{pod}, process {self._world.local.container_pid(pod)}")
        await self._world.local.kill(pod)
        await self._new_primary(window)

    async def _stop(self, window: Window, pod: str) -> None:
        self._note(window, Kind.FAULT, "SIGSTOP", f"{pod}, process {self._world.local.container_pid(pod)}")
        await self._world.local.hang(pod)
        try:
            await self._new_primary(window)
            await asyncio.sleep(_RESUME_AFTER_MS / 1000)
        finally:
            await self._world.local.resume(pod)
            self._note(window, Kind.FAULT, "SIGCONT", f"{pod} wakes up and still believes that it is primary")

    async def _wipe(self, window: Window, pod: str) -> None:
        local = self._world.local
        before = await self._restarts(pod)
        local.restart_delay_ms = RESTART_DELAY_MS
        self._note(window, Kind.FAULT, "wipe", f"{pod}: killed, its disk emptied")
        local.wipe(pod)
        if window.before.primary == pod:
            await self._new_primary(window)

        async def restarted() -> bool:
            return await self._restarts(pod) != before

        await wait_for(f"{pod} to start again", restarted, timeout_ms=10_000)

    async def _switch_over(self, window: Window, _pod: str) -> None:
        self._note(window, Kind.FAULT, "annotation", "valkey.verilean.io/switchover=any")
        await self._cluster.switch_over("any")
        await self._new_primary(window)

    # --- what is common -----------------------------------------------------------------------------------------------

    async def _fault(self, name: str, title: str, pod: str, act: Callable[[Window, str], Awaitable[None]]) -> None:
        self._screen.title(title)
        await asyncio.sleep(WARM_UP_MS / 1000)
        window = Window(
            name, time.monotonic_ns(), time.time() * 1000, await self._cluster.view(),
            self._sampler.counts.two_primaries,
        )  # fmt: skip
        with self._screen.working(title):
            await act(window, pod)
            view = await self._cluster.wait_ready()
        self._note(
            window, Kind.STATE, "recovered", f"{view.ready} pods ready, primary {view.primary}, epoch {view.epoch}"
        )
        window.end_ns = time.monotonic_ns()
        window.doubles = self._sampler.counts.two_primaries - window.doubles_before
        self._windows.append(window)
        steps = entries(self._operator.trace.lines(window.start_ms, self._cluster.key), window.start_ms)
        self._screen.timeline([*window.notes, *steps])
        gap_ms = self._ledger.longest_gap_ms(window.start_ns, window.end_ns)
        self._screen.done(f"longest time without an acknowledged write: {gap_ms:,.0f} ms")

    async def _new_primary(self, window: Window) -> None:
        """Wait until a write that was begun after the fault is acknowledged under a later epoch."""

        def moved(view: ClusterView) -> bool:
            return view.epoch > window.before.epoch and bool(view.primary) and not view.failing_over

        view = await self._cluster.wait_view("a new primary", moved)
        promoted_ns = time.monotonic_ns()
        first = await wait_for(
            "a write to be acknowledged", lambda: self._ledger.first_acknowledged_after(promoted_ns), timeout_ms=10_000
        )
        _begin_ns, end_ns = self._ledger.longest_gap(window.start_ns, first.answered_ns or promoted_ns)
        since_ms = (end_ns - window.start_ns) / 1e6
        window.notes.append(
            Entry(since_ms, Kind.CLIENT, "write accepted", f"by {view.primary} through the client Service")
        )

    def _note(self, window: Window, kind: Kind, what: str, detail: str) -> None:
        window.notes.append(Entry(time.time() * 1000 - window.start_ms, kind, what, detail))

    async def _restarts(self, pod: str) -> tuple[str, int]:
        found = (await self._cluster.pods()).get(pod)
        if found is None:
            raise NotInTimeError(f"pod {pod} is gone: nothing in the demo deletes pods")
        statuses = (found.get("status") or {}).get("containerStatuses") or [{}]
        return found["metadata"]["uid"], int(statuses[0].get("restartCount") or 0)

    def _figures(self, window: Window, present: frozenset[str]) -> FaultFigures:
        writes = self._ledger.since(window.start_ns, window.end_ns)
        report = check(writes, {key: key for key in present}, complete=False)
        gap_ms = self._ledger.longest_gap_ms(window.start_ns, window.end_ns)
        return FaultFigures.of(window.name, gap_ms, report, window.doubles)


async def _footprint(operator: OperatorProcess, start_to_leader_ms: float) -> OperatorFigures:
    await asyncio.sleep(SETTLED_S)
    before_s, started = operator.cpu_seconds(), time.perf_counter()
    await asyncio.sleep(IDLE_S)
    used_s, passed_s = operator.cpu_seconds() - before_s, time.perf_counter() - started
    return OperatorFigures(
        start_to_leader_ms=round(start_to_leader_ms, 1),
        rss_mb=round(operator.rss_mb(), 1),
        idle_cpu_percent=round(100 * used_s / passed_s, 2),
    )
