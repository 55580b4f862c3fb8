"""Clients on valkey-py: writers that enter every write in a ledger, readers that look for what was acknowledged.

They take their connections from valkey-py's pools, so that connecting, authentication and the way to the primary (an
address, or the Sentinels) are the library's. ``SET`` and ``WAIT`` go out on one connection, their answers are read one
by one: a client object that reconnects between the two would take the ``WAIT`` of another connection for an answer.
Nothing is retried: a write is sent once, and on any doubt the next one goes out on a new connection.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from valkey.asyncio.connection import Connection, ConnectionPool
from valkey.asyncio.retry import Retry
from valkey.asyncio.sentinel import Sentinel, SentinelConnectionPool
from valkey.backoff import NoBackoff
from valkey.exceptions import ResponseError, ValkeyError

from gungnir.demo.client_tasks import ClientTasks
from gungnir.demo.ledger import Ledger, Outcome
from gungnir.demo.writers import Load

DEADLINE_MS: Final = 250
"""How long a client waits for a connection or an answer."""
_FIRST_PAUSE_MS: Final = 5
_PAUSES: Final = 6
READ_PERIOD_MS: Final = 20
_RECENT: Final = 200
"""How many of the last writes a reader picks from."""

Pools = Callable[[], ConnectionPool]


def _options() -> dict[str, Any]:
    seconds = DEADLINE_MS / 1000
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}


def direct_pool(host: str, port: int, password: str | None) -> ConnectionPool:
    """Connections to one address, whoever is behind it."""
    return ConnectionPool(host=host, port=port, password=password, max_connections=1, **_options())


def sentinel_pool(sentinels: Sequence[tuple[str, int]], group: str) -> ConnectionPool:
    """Connections to the primary of a group that the Sentinels name, asked before each connection."""
    asked = Sentinel(list(sentinels), sentinel_kwargs=_options())
    return SentinelConnectionPool(group, asked, is_master=True, max_connections=1, **_options())


@dataclass(frozen=True, slots=True)
class Read:
    """One answered read of a key that had been acknowledged before."""

    key: str
    invoked_ns: int
    found: bool


class Clients(ClientTasks):
    """Writers and one reader of one ledger; they run inside ``async with``.

    Args:
        ledger: Where every write is entered.
        pools: Makes a pool for each client.
        load: What the writers do.
        seed: Of the reader's choice of keys.
    """

    def __init__(self, ledger: Ledger, pools: Pools, load: Load, seed: int = 0) -> None:
        super().__init__()
        self.ledger: Final = ledger
        self.reads: Final[list[Read]] = []
        self._pools = pools
        self._load = load
        self._random = random.Random(seed)  # noqa: S311 - picks keys, keeps no secret

    def _clients(self) -> Iterable[Coroutine[Any, Any, None]]:
        return [*(self._write(number) for number in range(self._load.writers)), self._read()]

    async def _write(self, number: int) -> None:
        pause_ms = _FIRST_PAUSE_MS + number % _PAUSES  # not all clients come back at the same moment
        interval_s = 1 / self._load.rate_per_s
        due_s = time.monotonic() + interval_s * number / self._load.writers
        turn = number
        async for connection in self._connections(pause_ms):
            identity, usable = self.ledger.connection(), True
            while usable and not self._stopping.is_set():
                # A writer that was held up does not catch up: that would hide the gap behind a burst.
                due_s = max(due_s + interval_s, time.monotonic())
                await self._pause((due_s - time.monotonic()) * 1000)
                turn += 1
                usable = await self._one(connection, identity, turn)

    async def _read(self) -> None:
        async for connection in self._connections(_FIRST_PAUSE_MS):
            with contextlib.suppress(ValkeyError, OSError):
                while not self._stopping.is_set():
                    await self._pause(READ_PERIOD_MS)
                    key, invoked_ns = self._recent_key(), time.monotonic_ns()
                    if key:
                        await connection.send_command("GET", key)
                        self.reads.append(Read(key, invoked_ns, await connection.read_response() is not None))

    def _recent_key(self) -> str:
        """One of the keys that were acknowledged last; empty while there is none."""
        recent = [w.key for w in self.ledger.writes[-_RECENT:] if w.outcome is Outcome.ACKNOWLEDGED]
        return self._random.choice(recent) if recent else ""

    async def _one(self, connection: Connection, identity: int, turn: int) -> bool:
        load, ledger = self._load, self.ledger
        waits = load.wait_every > 0 and turn % load.wait_every == 0
        target = f"{connection.host}:{connection.port}"
        write = ledger.invoke(identity, target, wait_asked=load.wait_replicas if waits else 0)
        commands: list[tuple[Any, ...]] = [("SET", write.key, write.key)]
        if waits:
            commands.append(("WAIT", load.wait_replicas, load.wait_timeout_ms))
        try:
            await connection.send_packed_command(connection.pack_commands(commands))
            await connection.read_response()
            ledger.acknowledge(write)
            if waits:
                ledger.waited(write, int(await connection.read_response()))
        except ResponseError as error:
            # Of the SET, or else of the WAIT: then the write stays acknowledged, and is not confirmed.
            if write.outcome is Outcome.UNKNOWN:
                ledger.refuse(write, str(error))
            return False
        except (ValkeyError, OSError) as error:
            ledger.lose(write, str(error))
            return False
        return True

    def _connections(self, pause_ms: float) -> AsyncIterator[Connection]:
        return connections(self._pools(), self._stopping, lambda: self._pause(pause_ms))


async def connections(
    pool: ConnectionPool, stopping: asyncio.Event, pause: Callable[[], Awaitable[None]]
) -> AsyncIterator[Connection]:
    """Connections of a pool, one after another until ``stopping``: each is closed before the next one is made."""
    while not stopping.is_set():
        try:
            connection = await pool.get_connection("SET")
        except (ValkeyError, OSError):
            await pause()
            continue
        try:
            yield connection
        finally:
            await connection.disconnect(nowait=True)
            await pool.release(connection)
        await pause()
