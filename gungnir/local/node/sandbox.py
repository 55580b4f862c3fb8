"""What all containers of one pod share: address, volumes, variables, logs, and the node's services."""

import asyncio
import itertools
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gungnir.local.events import EventRecorder
from gungnir.local.node.environment import Environment, Paths, expand
from gungnir.local.node.images import Server, command_line, find_program, is_server
from gungnir.local.node.leftovers import Ledger
from gungnir.local.node.probes import Verdict
from gungnir.local.node.volumes import Volumes
from gungnir.local.plane.client import Child, PlaneClient, PlaneError
from gungnir.local.settings import NodeSettings

Obj = Mapping[str, Any]


@dataclass(frozen=True)
class NodeServices:
    """What the node lends to every pod."""

    plane: PlaneClient
    server: Server
    settings: NodeSettings
    events: EventRecorder
    ledger: Ledger
    now: Callable[[], str]


@dataclass(frozen=True)
class Command:
    """A command line and its variables, ready to be started on this machine."""

    argv: list[str]
    env: dict[str, str]
    is_server: bool


class Sandbox:
    """One pod's place on the node."""

    def __init__(self, node: NodeServices, pod: Obj, root: Path, volumes: Volumes, environment: Environment) -> None:
        self.node = node
        self.pod = pod
        self.root = root
        self.volumes = volumes
        self.address = ""
        self._environment = environment
        self._numbers = itertools.count(1)

    @property
    def party(self) -> str:
        """Name of the pod in the local network."""
        return f"{self.pod['metadata']['namespace']}/{self.pod['metadata']['name']}"

    def log_path(self, container: str, attempt: int) -> Path:
        """File with the output of one start of a container."""
        return self.root / "logs" / container / f"{attempt}.log"

    def command(self, container: Obj, argv: list[str] | None = None) -> Command:
        """The container's command line, or ``argv`` in its environment, with paths of this machine.

        Raises:
            ContainerConfigError: A variable refers to something that is missing.
            FileNotFoundError: The program does not exist.
        """
        variables = self._environment.variables(container)
        paths = Paths(self.volumes.mounts(container))
        words = argv if argv is not None else [expand(word, variables) for word in command_line(container)]
        serves = argv is None and is_server(words)
        words = paths.rewrite_all(words)
        words[0] = find_program(words[0], self.node.server)
        base = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.root),
            "HOSTNAME": str(self.pod["metadata"]["name"]),
            "LANG": "C.UTF-8",
        }
        return Command(words, base | {name: paths.rewrite(value) for name, value in variables.items()}, serves)

    async def start(self, command: Command, log_path: Path) -> Child:
        """Start a process of this pod.

        Raises:
            PlaneError: It cannot be started.
        """
        log_path.parent.mkdir(parents=True, exist_ok=True)
        child = await self.node.plane.spawn(command.argv, command.env, str(self.root), str(log_path))
        self.node.ledger.add(child.pid)
        child.exited.add_done_callback(lambda _status: self.node.ledger.remove(child.pid))
        return child

    async def execute(self, container: Obj, argv: list[str], timeout_s: float) -> Verdict:
        """Run a command beside a container and wait for its end, as ``kubectl exec`` would."""
        log_path = self.root / "exec" / f"{next(self._numbers)}.log"
        try:
            child = await self.start(self.command(container, argv), log_path)
        except (PlaneError, FileNotFoundError) as exc:
            return Verdict(ok=False, text=str(exc))
        try:
            async with asyncio.timeout(timeout_s):
                status = await asyncio.shield(child.exited)
        except TimeoutError:
            self.node.plane.send_signal(child.pid, signal.SIGKILL, group=True)
            return Verdict(ok=False, text=f"command timed out after {timeout_s:g} s")
        output = log_path.read_text(errors="replace").strip()
        log_path.unlink(missing_ok=True)
        return Verdict(status == 0, output)
