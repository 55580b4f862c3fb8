"""Startup, readiness and liveness probes of one container.

Differences from a kubelet, for the sake of people who watch: until the first success a probe is tried every 50 ms and
as soon as the server listens; periods and initial delays of startup and readiness probes are cut to
``probe_period_cap_ms``. Probes go from the node to the process itself, so a cut between pods does not disturb them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gungnir.local.settings import NodeSettings

_FIRST_TRIES_S: Final = 0.05
_HTTP_OK: Final = range(200, 400)

Probe = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What one attempt of a probe showed."""

    ok: bool
    text: str = ""


@dataclass(frozen=True)
class Target:
    """How to reach the container from the node."""

    address: str
    port_of: Callable[[int | str], int]
    """From the port in the probe (number or name) to the port the process really listens on."""
    execute: Callable[[list[str], float], Awaitable[Verdict]]
    """Run a command in the container's environment, bounded by a number of seconds."""


async def attempt(probe: Probe, target: Target) -> Verdict:
    """Try a probe once, bounded by its timeout."""
    timeout_s = float(probe.get("timeoutSeconds") or 1)
    try:
        if "exec" in probe:
            return await target.execute(list(probe["exec"].get("command") or []), timeout_s)
        async with asyncio.timeout(timeout_s):
            if "tcpSocket" in probe:
                return await _tcp(target, probe["tcpSocket"])
            if "httpGet" in probe:
                return await _http(target, probe["httpGet"])
    except TimeoutError:
        return Verdict(ok=False, text=f"probe timed out after {timeout_s:g} s")
    except OSError as exc:
        return Verdict(ok=False, text=f"dial tcp {target.address}: {exc.strerror or exc}")
    return Verdict(ok=False, text="the local node knows exec, tcpSocket and httpGet probes only")


async def _tcp(target: Target, action: Probe) -> Verdict:
    _reader, writer = await asyncio.open_connection(
        action.get("host") or target.address, target.port_of(action["port"])
    )
    writer.transport.abort()
    return Verdict(ok=True)


async def _http(target: Target, action: Probe) -> Verdict:
    host = action.get("host") or target.address
    reader, writer = await asyncio.open_connection(host, target.port_of(action["port"]))
    try:
        path = action.get("path") or "/"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        status_line = (await reader.readline()).split(b" ")
    finally:
        writer.transport.abort()
    code = int(status_line[1]) if len(status_line) > 1 and status_line[1].isdigit() else 0
    return Verdict(code in _HTTP_OK, f"HTTP probe failed with statuscode: {code}")


class ProbeLoop:
    """Runs the probes of one container from its start to its end."""

    def __init__(self, container: Mapping[str, Any], target: Target, settings: NodeSettings) -> None:
        self._container = container
        self._target = target
        self._settings = settings
        self.on_started: Callable[[], None] = lambda: None
        self.on_ready: Callable[[bool], None] = lambda _ready: None
        self.on_failure: Callable[[str, str], None] = lambda _kind, _text: None
        """``(kind, text)`` for every failure after the first success, as an Unhealthy event shows it."""
        self.on_unhealthy: Callable[[str], None] = lambda _text: None
        """The container must be killed."""

    async def run(self, listening: asyncio.Event) -> None:
        """Probe until cancelled; ``listening`` cuts the wait for the first success short."""
        startup = self._container.get("startupProbe")
        if startup and not await self._pass_startup(startup, listening):
            return
        self.on_started()
        async with asyncio.TaskGroup() as group:
            readiness, liveness = self._container.get("readinessProbe"), self._container.get("livenessProbe")
            if readiness:
                group.create_task(self._watch_readiness(readiness, listening))
            else:
                self.on_ready(True)
            if liveness:
                group.create_task(self._watch_liveness(liveness))

    def _period_s(self, probe: Probe) -> float:
        return min(float(probe.get("periodSeconds") or 10), self._settings.probe_period_cap_ms / 1000)

    async def _delay(self, probe: Probe) -> None:
        delay_s = float(probe.get("initialDelaySeconds") or 0)
        await asyncio.sleep(min(delay_s, self._settings.probe_period_cap_ms / 1000))

    async def _pass_startup(self, probe: Probe, listening: asyncio.Event) -> bool:
        await self._delay(probe)
        budget_s = float(probe.get("periodSeconds") or 10) * int(probe.get("failureThreshold") or 3)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + budget_s
        while True:
            verdict = await attempt(probe, self._target)
            if verdict.ok:
                return True
            if loop.time() >= deadline:
                self.on_failure("Startup", verdict.text)
                self.on_unhealthy("failed startup probe")
                return False
            await _sleep_or(listening, _FIRST_TRIES_S)

    async def _watch_readiness(self, probe: Probe, listening: asyncio.Event) -> None:
        await self._delay(probe)
        ready, failures, successes = False, 0, 0
        needed, allowed = int(probe.get("successThreshold") or 1), int(probe.get("failureThreshold") or 3)
        seen = False
        while True:
            verdict = await attempt(probe, self._target)
            if verdict.ok:
                seen, failures, successes = True, 0, successes + 1
                if not ready and successes >= needed:
                    ready = True
                    self.on_ready(True)
            else:
                successes, failures = 0, failures + 1
                if seen:
                    self.on_failure("Readiness", verdict.text)
                if ready and failures >= allowed:
                    ready = False
                    self.on_ready(False)
            if seen:
                await asyncio.sleep(self._period_s(probe))
            else:
                await _sleep_or(listening, _FIRST_TRIES_S)

    async def _watch_liveness(self, probe: Probe) -> None:
        await self._delay(probe)
        failures = 0
        while True:
            verdict = await attempt(probe, self._target)
            failures = 0 if verdict.ok else failures + 1
            if failures:
                self.on_failure("Liveness", verdict.text)
            if failures >= int(probe.get("failureThreshold") or 3):
                self.on_unhealthy("failed liveness probe")
                return
            # the period itself is honoured: a shorter one would make the pod's patience shorter
            await asyncio.sleep(float(probe.get("periodSeconds") or 10))


async def _sleep_or(event: asyncio.Event, seconds: float) -> None:
    """Sleep, or return as soon as ``event`` becomes set."""
    if event.is_set():
        await asyncio.sleep(seconds)
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
