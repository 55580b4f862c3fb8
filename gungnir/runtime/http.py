"""What the operator serves: ``/healthz`` (the loop makes progress), ``/readyz`` (it can work), ``/metrics``.

``/healthz`` answers for progress, not for the process: each part that has to move reports how long ago it last did. A
blocked event loop does not answer at all, which a probe's timeout catches. A follower of the lease is ready: it could
lead at once. Neither depends on the API server, so that its outage does not restart the operators.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from aiohttp import web
from anyio.abc import TaskStatus

from gungnir.runtime.errors import SettingsError


@dataclass(frozen=True, slots=True)
class _Progress:
    age_ms: Callable[[], float]
    max_age_ms: float


@dataclass(slots=True)
class Checks:
    """What ``/healthz`` and ``/readyz`` ask."""

    _progress: dict[str, _Progress] = field(default_factory=dict)
    _ready: dict[str, Callable[[], str]] = field(default_factory=dict)

    def progress(self, name: str, age_ms: Callable[[], float], max_age_ms: float) -> None:
        """Add a part that must have moved within ``max_age_ms`` for ``/healthz`` to be 200.

        Args:
            name: Shown in the answer.
            age_ms: Milliseconds since the part last moved.
            max_age_ms: Beyond this it counts as stuck.
        """
        self._progress[name] = _Progress(age_ms, max_age_ms)

    def readiness(self, name: str, problem: Callable[[], str]) -> None:
        """Add a condition of ``/readyz``: ``problem`` gives the reason why not, or an empty text."""
        self._ready[name] = problem

    def health(self) -> tuple[bool, str]:
        """Whether everything moves, and a line for each part."""
        problems: dict[str, str] = {}
        for name, part in self._progress.items():
            age_ms = part.age_ms()
            stuck = not age_ms <= part.max_age_ms  # NaN counts as stuck
            shown = f"{age_ms:.0f} ms" if math.isfinite(age_ms) else "never"
            problems[name] = f"last progress: {shown} (limit {part.max_age_ms:.0f} ms)" if stuck else ""
        return _report(problems)

    def readiness_report(self) -> tuple[bool, str]:
        """Whether all conditions hold, and a line for each."""
        return _report({name: problem() for name, problem in self._ready.items()})


def _report(problems: dict[str, str]) -> tuple[bool, str]:
    lines = [f"[-] {name}: {problem}" if problem else f"[+] {name}" for name, problem in problems.items()]
    return not any(problems.values()), "\n".join([*lines, ""])


async def serve(
    address: str,
    checks: Checks,
    metrics: Callable[[], bytes],
    metrics_type: str,
    *,
    task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; ``started`` reports the port.

    Args:
        address: ``host:port``; an empty host is all interfaces, port 0 any free port.
        checks: What the probes ask.
        metrics: Renders ``/metrics``.
        metrics_type: Its content type.
        task_status: For ``TaskGroup.start``.

    Raises:
        SettingsError: The address cannot be bound.
    """
    host, port = split_address(address)

    async def answer(report: tuple[bool, str]) -> web.Response:
        ok, text = report
        return web.Response(text=text, status=200 if ok else 503)

    async def healthz(_request: web.Request) -> web.Response:
        return await answer(checks.health())

    async def readyz(_request: web.Request) -> web.Response:
        return await answer(checks.readiness_report())

    async def scrape(_request: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": metrics_type})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", scrape)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host or None, port).start()
        except OSError as exc:
            raise SettingsError(
                (f"http_address: {address!r} cannot be bound: {exc.strerror or exc}; give a free --http-address",)
            ) from exc
        task_status.started(int(runner.addresses[0][1]))
        await anyio.sleep_forever()
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()


def split_address(address: str) -> tuple[str, int]:
    """Split ``host:port`` (IPv6 in brackets; an empty host is all interfaces).

    Raises:
        ValueError: It is not of this form.
    """
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65_535:  # noqa: PLR2004 - TCP's last port
        raise ValueError("is not host:port; for example :8080 or 127.0.0.1:8080")
    return host, int(port)
