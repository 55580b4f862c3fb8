"""The parent's end of the plane: starts the process and speaks its control channel."""

import asyncio
import contextlib
import itertools
import json
import signal
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from gungnir.errors import GungnirError
from gungnir.local.addresses import Address
from gungnir.local.plane.faults import FaultTable

_STOP_TIMEOUT_S: Final = 3.0


class PlaneError(GungnirError):
    """The plane refused an operation or has ended."""


class Child:
    """A process that the plane started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.listening = asyncio.Event()
        """Set once it listens at the target of a door that was opened for it."""
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """Its exit status, negative for a signal."""


class PlaneClient:
    """The plane as its parent sees it: doors of pods and Services, faults, and the pods' processes."""

    def __init__(self) -> None:
        self.on_lost: Callable[[], None] = lambda: None
        """Called if the process ends although nobody stopped it; its children have ended with it."""
        self._stopping = False
        self._children: dict[int, Child] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def start(self) -> None:
        """Start the process.

        Raises:
            OSError: It cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            # -P and no site hooks of the working directory: the child must start fast and load only this package.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "gungnir.local.plane",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._reading = asyncio.create_task(self._read(reader))

    @property
    def pid(self) -> int:
        """Process id of the plane, 0 before the start."""
        return self._process.pid if self._process else 0

    async def stop(self) -> None:
        """End the process; it kills the children that are left."""
        self._stopping = True
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        if self._process is not None:
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_TIMEOUT_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reading is not None:
            await self._reading

    def send(self, op: str, **fields: Any) -> "asyncio.Future[dict[str, Any]]":
        """Send one request now, in order with all others; await the result only if its effect must be certain.

        The result raises `PlaneError` if the plane refused the request or ended. An error that nobody awaits
        is reported through the event loop's exception handler.
        """
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if self._writer is None or self._writer.is_closing():
            future.set_exception(PlaneError(f"plane: not running, cannot {op}"))
            return future
        number = next(self._ids)
        self._waiting[number] = future
        self._writer.write(json.dumps({"id": number, "op": op, **fields}).encode() + b"\n")
        return future

    def name(self, party: str, address: str) -> "asyncio.Future[dict[str, Any]]":
        """Call the peers with this source address ``party`` when faults are applied."""
        return self.send("name", party=party, address=address)

    def open(self, party: str, address: Address, target: Address, pid: int) -> "asyncio.Future[dict[str, Any]]":
        """Relay ``address`` to ``target`` while child ``pid`` lives and listens."""
        return self.send("open", party=party, address=address, target=target, pid=pid)

    def retire(self, address: str, *, silent: bool = False) -> "asyncio.Future[dict[str, Any]]":
        """A pod's address is gone for good; with ``silent`` it swallows what is sent to it instead of refusing it."""
        return self.send("retire", address=address, silent=silent)

    def route(self, address: Address, endpoints: Iterable[Address]) -> "asyncio.Future[dict[str, Any]]":
        """Lead new connections to a Service's address to one of ``endpoints``."""
        return self.send("route", address=address, endpoints=list(endpoints))

    def unroute(self, address: Address) -> "asyncio.Future[dict[str, Any]]":
        """A Service's address is gone."""
        return self.send("unroute", address=address)

    def set_faults(self, faults: FaultTable, *, resume: bool = False) -> "asyncio.Future[dict[str, Any]]":
        """Replace the faults of the network."""
        delays_ms = [(a, b, delay_ms) for (a, b), delay_ms in faults.delays_ms]
        return self.send("faults", cuts=sorted(faults.cuts), delays_ms=delays_ms, resume=resume)

    async def spawn(self, argv: Sequence[str], env: Mapping[str, str], cwd: str, log_path: str) -> Child:
        """Start a process whose output is appended to ``log_path``.

        Raises:
            PlaneError: The program cannot be started; the text says why.
        """
        answer = await self.send("spawn", argv=list(argv), env=dict(env), cwd=cwd, log_path=log_path)
        child: Child = answer["child"]
        return child

    def send_signal(self, pid: int, number: int, *, group: bool = False) -> "asyncio.Future[dict[str, Any]]":
        """Send a signal to a child or to its whole process group; an ended child is left alone."""
        return self.send("signal", pid=pid, number=number, group=group)

    async def relays(self) -> dict[str, int]:
        """Number of relayed connections by party."""
        counts: dict[str, int] = (await self.send("relays"))["relays"]
        return counts

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                self._handle(json.loads(line))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(PlaneError("plane: the process has ended"))
                future.exception()  # seen: whoever still waits gets it, nobody else needs to hear of it
        self._waiting.clear()
        for child in self._children.values():
            child.exited.set_result(-signal.SIGKILL)  # the kernel kills them with the plane
        self._children.clear()
        if not self._stopping:
            self.on_lost()

    def _handle(self, message: dict[str, Any]) -> None:
        match message.get("event"):
            case "listening":
                if child := self._children.get(message["pid"]):
                    child.listening.set()
            case "exited":
                if child := self._children.pop(message["pid"], None):
                    child.exited.set_result(message["status"])
            case _:
                if "pid" in message:  # known here and now, before a report about this child can be read
                    message["child"] = self._children[message["pid"]] = Child(message["pid"])
                self._settle(self._waiting.pop(message["id"]), message)

    @staticmethod
    def _settle(future: "asyncio.Future[dict[str, Any]]", message: dict[str, Any]) -> None:
        if future.done():
            return
        if message["error"] is None:
            future.set_result(message)
        else:
            future.set_exception(PlaneError(f"plane: {message['error']}"))
