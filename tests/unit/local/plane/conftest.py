"""The plane in its own process, with an echo server as its child."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gungnir.local.addresses import claim_block
from gungnir.local.plane.client import Child, PlaneClient

ECHO = """
import select, socket, sys, time
if len(sys.argv) > 3: time.sleep(float(sys.argv[3]))
listener = socket.create_server((sys.argv[1], int(sys.argv[2])))
peers = [listener]
while True:
    for ready in select.select(peers, [], [])[0]:
        if ready is listener:
            peers.append(listener.accept()[0])
            continue
        try:
            data = ready.recv(65536)
        except ConnectionError:
            data = b""
        if data:
            ready.sendall(data)
        else:
            peers.remove(ready)
            ready.close()
"""


class Bench:
    """A running plane and a block of addresses."""

    def __init__(self, plane: PlaneClient, block: int, directory: Path) -> None:
        self.plane = plane
        self.directory = directory
        self._hosts = (f"127.{block}.1.{host}" for host in itertools.count(1))

    def address(self) -> str:
        return next(self._hosts)

    async def spawn(self, *argv: str) -> Child:
        return await self.plane.spawn(argv, {"PATH": "/usr/bin:/bin"}, str(self.directory), str(self.directory / "log"))

    async def echo(self, address: str, *arguments: str, party: str = "default/echo") -> Child:
        child = await self.spawn(sys.executable, "-S", "-c", ECHO, address, "17000", *arguments)
        await self.plane.open(party, (address, 7000), (address, 17000), child.pid)
        return child

    async def listening(self, child: Child) -> None:
        async with asyncio.timeout(10):
            await child.listening.wait()

    async def exited(self, child: Child) -> int:
        async with asyncio.timeout(10):
            return await child.exited


@asynccontextmanager
async def start_bench(directory: Path) -> AsyncIterator[Bench]:
    block = claim_block(preferred=254)
    plane = PlaneClient()
    try:
        await plane.start()
        yield Bench(plane, block.number, directory)
    finally:
        await plane.stop()
        block.release()


@pytest.fixture
def on_plane(tmp_path: Path) -> Callable[[Callable[[Bench], Awaitable[None]]], None]:
    """Run a scenario against a new plane."""

    def run(scenario: Callable[[Bench], Awaitable[None]]) -> None:
        async def main() -> None:
            async with start_bench(tmp_path) as bench:
                await scenario(bench)

        asyncio.run(main())

    return run
