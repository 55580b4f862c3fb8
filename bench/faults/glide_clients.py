"""The same clients on Valkey GLIDE: it keeps its connection by itself, so what it does after a fault is the library's.

``SET`` and ``WAIT`` are one batch that is no transaction: they go out on one connection, and a client that reconnected
between the two answers neither. Nothing is sent twice by us; whatever fails as a whole counts as unknown.
"""

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final, NoReturn

from glide import (
    Batch,
    GlideClient,
    GlideClientConfiguration,
    Logger,
    LogLevel,
    NodeAddress,
    RequestError,
    ServerCredentials,
)
from glide import GlideError as GlideFailure

from bench.faults.clients import DEADLINE_MS, READ_PERIOD_MS, Clients, Read
from gungnir.demo.ledger import Ledger
from gungnir.demo.writers import Load
from gungnir.errors import BugError

_PAUSE_MS: Final = 5


class GlideClients(Clients):
    """Writers and one reader of one ledger, as their base, each on a client of its own.

    Args:
        ledger: Where every write is entered.
        address: Where the clients connect, whoever is behind it.
        password: Of the ``default`` user; None without authentication.
        load: What the writers do.
        seed: Of the reader's choice of keys.
    """

    def __init__(self, ledger: Ledger, address: tuple[str, int], password: str | None, load: Load, seed: int) -> None:
        super().__init__(ledger, _no_pool, load, seed)
        Logger.set_logger_config(LogLevel.OFF)  # it would tell of every fault that is done on purpose
        self._configuration = GlideClientConfiguration(
            [NodeAddress(*address)],
            credentials=None if password is None else ServerCredentials(password),
            request_timeout=DEADLINE_MS + load.wait_timeout_ms,
        )

    async def _write(self, number: int) -> None:
        interval_s = 1 / self._load.rate_per_s
        due_s = time.monotonic() + interval_s * number / self._load.writers
        turn = number
        async with self._client() as client:
            identity = self.ledger.connection()
            while client is not None and not self._stopping.is_set():
                due_s = max(due_s + interval_s, time.monotonic())
                await self._pause((due_s - time.monotonic()) * 1000)
                turn += 1
                if not await self._sent(client, identity, turn):
                    identity = self.ledger.connection()
                    await self._pause(_PAUSE_MS)

    async def _read(self) -> None:
        async with self._client() as client:
            while client is not None and not self._stopping.is_set():
                await self._pause(READ_PERIOD_MS)
                key, invoked_ns = self._recent_key(), time.monotonic_ns()
                if key:
                    with contextlib.suppress(GlideFailure):
                        self.reads.append(Read(key, invoked_ns, await client.get(key) is not None))

    async def _sent(self, client: GlideClient, identity: int, turn: int) -> bool:
        load, ledger = self._load, self.ledger
        waits = load.wait_every > 0 and turn % load.wait_every == 0
        write = ledger.invoke(identity, "glide", wait_asked=load.wait_replicas if waits else 0)
        batch = Batch(is_atomic=False).set(write.key, write.key)
        if waits:
            batch = batch.wait(load.wait_replicas, load.wait_timeout_ms)
        try:
            answers = await client.exec(batch, raise_on_error=False)
        except GlideFailure as error:
            ledger.lose(write, str(error))
            return False
        if not answers or isinstance(answers[0], RequestError):
            ledger.refuse(write, str(answers and answers[0]))
            return False
        ledger.acknowledge(write)
        if waits and isinstance(answers[1], int):
            ledger.waited(write, answers[1])
        return True

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[GlideClient | None]:
        """A client, once one can be made; None if all is over before that."""
        client = None
        while client is None and not self._stopping.is_set():
            try:
                client = await GlideClient.create(self._configuration)
            except GlideFailure:
                await self._pause(_PAUSE_MS)
        try:
            yield client
        finally:
            if client is not None:
                await client.close()


def _no_pool() -> NoReturn:
    raise BugError("a client of GLIDE has no pool of connections")
