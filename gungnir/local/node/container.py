"""One container of a pod: start, watch, end, and start again.

Rules:
- A server listens on the pod's address at a hidden port; the plane relays the container's port to it. So an address can
  be cut off, and refuses connections from the moment its process is dead.
- The last options on valkey-server's command line win, which is why port and addresses are appended.
"""

import asyncio
import signal
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from gungnir.local.events import NORMAL, WARNING
from gungnir.local.node.backoff import Backoff
from gungnir.local.node.environment import ContainerConfigError
from gungnir.local.node.halt import Halt
from gungnir.local.node.images import ImageError, check_image, mapped_note
from gungnir.local.node.probes import ProbeLoop, Target
from gungnir.local.node.sandbox import Command, Sandbox
from gungnir.local.node.status import ContainerView
from gungnir.local.plane.client import Child, PlaneError

Obj = Mapping[str, Any]

_HIDDEN_OFFSET: Final = 10_000
_MAX_PORT: Final = 65_535
_DEFAULT_PORT: Final = 6379
_SIGNAL_EXIT: Final = 128
_CONFIG_RETRY_S: Final = 0.5
_KEPT_LOGS: Final = 5
_GRACE_STEP_S: Final = 0.1
"""How soon a grace period that became shorter is noticed."""


def hidden_port(port: int) -> int:
    """Port at which the server behind the container's ``port`` really listens."""
    return port + _HIDDEN_OFFSET if port + _HIDDEN_OFFSET <= _MAX_PORT else port - _HIDDEN_OFFSET


def serving_port(argv: list[str], container: Obj) -> int:
    """The port that a server's command line names, otherwise the container's first port, otherwise Valkey's own."""
    named = [argv[i + 1] for i, word in enumerate(argv[:-1]) if word == "--port" and argv[i + 1].isdigit()]
    if named:
        return int(named[-1])
    ports = container.get("ports") or []
    return int(ports[0]["containerPort"]) if ports else _DEFAULT_PORT


class Container:
    """Runs one container; ``on_change`` is called whenever its view changed."""

    def __init__(self, spec: Obj, sandbox: Sandbox, view: ContainerView, on_change: Callable[[], None]) -> None:
        self.spec = spec
        self.view = view
        self.child: Child | None = None
        self._sandbox = sandbox
        self._node = sandbox.node
        self._on_change = on_change
        self._backoff = Backoff(sandbox.node.settings)
        self._attempts = view.restart_count
        self._started_at = ""
        self._started_s = 0.0
        self._port = 0
        self._unhealthy = asyncio.Event()

    async def run_to_completion(self, halt: Halt) -> bool:
        """Run an init container until it succeeds; False if it was halted or may not be started again."""
        while not halt.given:
            status = await self._run_once(halt)
            if status == 0:
                return True
            if self._sandbox.pod["spec"].get("restartPolicy") == "Never" and status is not None:
                return False
            await self._pause(halt, status)
        return False

    async def run(self, halt: Halt) -> None:
        """Run a main container, started again as the pod's restart policy says, until it is halted."""
        policy = self._sandbox.pod["spec"].get("restartPolicy", "Always")
        while not halt.given:
            status = await self._run_once(halt)
            if status is not None and (policy == "Never" or (policy == "OnFailure" and status == 0)):
                return
            if not halt.stopping:
                await self._pause(halt, status)

    async def _run_once(self, halt: Halt) -> int | None:
        """Start the container and wait for its end; None if it could not be started."""
        try:
            check_image(self.spec["image"])
            command = self._prepare()
            child = await self._sandbox.start(command, self._log_path())
        except ImageError as exc:
            self._cannot_start(exc.reason, str(exc))
            return None
        except ContainerConfigError as exc:
            self._cannot_start("CreateContainerConfigError", str(exc))
            return None
        except (PlaneError, OSError) as exc:
            self._cannot_start("RunContainerError", str(exc))
            return None
        self._started(child)
        probing = asyncio.create_task(self._probe(child))
        try:
            await self._until_end(child, halt)
            status = await child.exited
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)
        self._ended(status)
        return status

    def _prepare(self) -> Command:
        command = self._sandbox.command(self.spec)
        self._port = 0
        if command.is_server:
            self._port = serving_port(command.argv, self.spec)
            address = self._sandbox.address
            command.argv.extend(
                ["--port", str(hidden_port(self._port)), "--bind", address, "--bind-source-addr", address]
            )
        return command

    def _started(self, child: Child) -> None:
        self.child = child
        self._unhealthy.clear()
        image = self.spec["image"]
        note = mapped_note(image, self._node.server)
        pulled = f'Container image "{image}" already present on machine'
        self._event(NORMAL, "Pulled", f"{pulled}: {note}" if note else pulled)
        self._event(NORMAL, "Created", f"Created container: {self.spec['name']}")
        self._event(NORMAL, "Started", f"Started container {self.spec['name']}")
        if self._port:
            address = self._sandbox.address
            target = (address, hidden_port(self._port))
            opening = self._node.plane.open(self._sandbox.party, (address, self._port), target, child.pid)
            opening.add_done_callback(self._door_opened)
        self._started_at = self._node.now()
        self._started_s = asyncio.get_running_loop().time()
        view = self.view
        if "terminated" in view.state:
            view.last_state = view.state
        view.restart_count = self._attempts
        view.image_id = self._node.server.image_id
        view.container_id = f"local://{uuid.uuid4().hex}"
        view.state = {"running": {"startedAt": self._started_at}}
        view.ready = view.started = False
        self._attempts += 1
        self._on_change()

    def _door_opened(self, opening: "asyncio.Future[Any]") -> None:
        if not opening.cancelled() and (error := opening.exception()) is not None:
            text = f"port {self._port} cannot be listened on: {error}; is it taken on all addresses by another program?"
            self._event(WARNING, "FailedListen", text)

    def _ended(self, status: int) -> None:
        self.child = None
        code = _SIGNAL_EXIT - status if status < 0 else status
        terminated: dict[str, Any] = {
            "exitCode": code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": self._started_at,
            "finishedAt": self._node.now(),
            "containerID": self.view.container_id,
        }
        if status < 0:
            terminated["signal"] = -status
        self.view.state = {"terminated": terminated}
        self.view.ready = self.view.started = False
        self._on_change()

    async def _until_end(self, child: Child, halt: Halt) -> None:
        """Wait until the process ends by itself or is made to end."""
        orders: list[asyncio.Future[Any]] = [
            asyncio.create_task(halt.event.wait()),
            asyncio.create_task(self._unhealthy.wait()),
        ]
        try:
            await asyncio.wait([child.exited, *orders], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for order in orders:
                order.cancel()
        if child.exited.done():
            return
        if halt.rebuilding:
            self._node.plane.send_signal(child.pid, signal.SIGKILL, group=True)
        elif halt.stopping:
            self._event(NORMAL, "Killing", f"Stopping container {self.spec['name']}")
            await self._terminate(child, halt)
        else:
            grace_s = float(self._sandbox.pod["spec"].get("terminationGracePeriodSeconds", 30))
            limit = Halt()
            limit.stop(grace_s)
            await self._terminate(child, limit)

    async def _terminate(self, child: Child, halt: Halt) -> None:
        """SIGTERM, the grace period (which may become shorter meanwhile), SIGKILL."""
        ending = asyncio.create_task(self._ask_to_end(child, halt))
        try:
            while not child.exited.done() and halt.remaining_s > 0:
                await asyncio.wait({child.exited}, timeout=min(halt.remaining_s, _GRACE_STEP_S))
        finally:
            ending.cancel()
        if not child.exited.done():
            self._node.plane.send_signal(child.pid, signal.SIGKILL, group=True)

    async def _ask_to_end(self, child: Child, halt: Halt) -> None:
        hook = ((self.spec.get("lifecycle") or {}).get("preStop") or {}).get("exec")
        if hook and halt.remaining_s > 0:
            verdict = await self._sandbox.execute(self.spec, list(hook.get("command") or []), halt.remaining_s)
            if not verdict.ok:
                self._event(WARNING, "FailedPreStopHook", f"PreStopHook failed: {verdict.text}")
        self._node.plane.send_signal(child.pid, signal.SIGTERM)

    async def _pause(self, halt: Halt, status: int | None) -> None:
        """Wait before the next start, and say so."""
        if status is None:
            await halt.wait(_CONFIG_RETRY_S)
            return
        ran_ms = (asyncio.get_running_loop().time() - self._started_s) * 1000
        delay_ms = self._backoff.next_delay_ms(ran_ms)
        if self._backoff.restarts > 1 and delay_ms:
            name, pod = self.spec["name"], self._sandbox.pod["metadata"]
            where = f"{pod['name']}_{pod['namespace']}({pod['uid']})"
            text = f"back-off {delay_ms / 1000:g}s restarting failed container={name} pod={where}"
            self._wait_because("CrashLoopBackOff", text)
            self._event(WARNING, "BackOff", f"Back-off restarting failed container {name} in pod {pod['name']}")
        if delay_ms:
            await halt.wait(delay_ms / 1000)

    def _cannot_start(self, reason: str, message: str) -> None:
        if (self.view.state.get("waiting") or {}).get("message") != message:
            self._event(WARNING, "Failed", f"Error: {message}")
        self._wait_because(reason, message)

    def _wait_because(self, reason: str, message: str) -> None:
        if "terminated" in self.view.state:
            self.view.last_state = self.view.state
        self.view.state = {"waiting": {"reason": reason, "message": message}}
        self._on_change()

    async def _probe(self, child: Child) -> None:
        target = Target(
            self._sandbox.address,
            self._port_of,
            lambda argv, timeout_s: self._sandbox.execute(self.spec, argv, timeout_s),
        )
        probes = ProbeLoop(self.spec, target, self._node.settings)
        probes.on_started = self._set_started
        probes.on_ready = self._set_ready
        probes.on_failure = lambda kind, text: self._event(WARNING, "Unhealthy", f"{kind} probe failed: {text}")
        probes.on_unhealthy = self._give_up
        await probes.run(child.listening)

    def _port_of(self, port: int | str) -> int:
        named = {entry.get("name"): int(entry["containerPort"]) for entry in self.spec.get("ports") or []}
        number = int(port) if str(port).isdigit() else named.get(str(port), 0)
        return hidden_port(number) if number and number == self._port else number

    def _set_started(self) -> None:
        self.view.started = True
        self._on_change()

    def _set_ready(self, ready: bool) -> None:
        self.view.ready = ready
        self._on_change()

    def _give_up(self, why: str) -> None:
        self._event(NORMAL, "Killing", f"Container {self.spec['name']} {why}, will be restarted")
        self._unhealthy.set()

    def _log_path(self) -> Path:
        self._sandbox.log_path(self.spec["name"], self._attempts - _KEPT_LOGS).unlink(missing_ok=True)
        return self._sandbox.log_path(self.spec["name"], self._attempts)

    def _event(self, kind: str, reason: str, message: str) -> None:
        self._node.events.record(self._sandbox.pod, kind, reason, message)
