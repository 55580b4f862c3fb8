"""Clients that write without pause and enter every write in a ledger.

They behave as a careful client library does: on an error, a broken connection or no answer they reconnect at once, and
never send the same write twice.
"""

import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final

from gungnir.demo.client_tasks import ClientTasks
from gungnir.demo.connection import Connection
from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.ledger import Ledger, Write
from gungnir.resp import ErrorReply
from gungnir.resp.commands import Command, wait

_PAUSES: Final = 6


@dataclass(frozen=True)
class Load:
    """What the writers do together.

    Attributes:
        writers: Number of connections.
        rate_per_s: Writes a second of each.
        wait_every: Every n-th write is followed by ``WAIT``; 0: none is, 1: all are.
        wait_replicas: How many replicas ``WAIT`` asks for.
        wait_timeout_ms: How long ``WAIT`` may take.
        deadline_ms: How long a client waits for a connection or an answer.
        retry_ms: How long it waits before it connects again; a little longer for some, so that not all come at once.
    """

    writers: int = 4
    rate_per_s: float = 100.0
    wait_every: int = 2
    wait_replicas: int = 1
    wait_timeout_ms: int = 200
    deadline_ms: int = 250
    retry_ms: int = 5


class Writers(ClientTasks):
    """Writers of one ledger; they run inside ``async with``.

    Args:
        ledger: Where every write is entered.
        target: Returns host and port to connect to; asked before each connection.
        password: Of the ``default`` user; None without authentication.
        load: What they do.
    """

    def __init__(
        self, ledger: Ledger, target: Callable[[], tuple[str, int]], password: str | None, load: Load | None = None
    ) -> None:
        super().__init__()
        self.ledger: Final = ledger
        self.load: Final = load or Load()
        self._target = target
        self._password = password

    def _clients(self) -> Iterable[Coroutine[Any, Any, None]]:
        return [self._write(number) for number in range(self.load.writers)]

    async def _write(self, number: int) -> None:
        # Not all at the same moment, neither the writes nor the retries.
        pause_ms = self.load.retry_ms + number % _PAUSES
        interval_s = 1 / self.load.rate_per_s
        due_s = time.monotonic() + interval_s * number / self.load.writers
        turn = number
        while not self._stopping.is_set():
            host, port = self._target()
            try:
                connection = await Connection.open(
                    host, port, password=self._password, deadline_ms=self.load.deadline_ms
                )
            except ConnectError:
                await self._pause(pause_ms)
                continue
            identity = self.ledger.connection()
            with contextlib.closing(connection):
                usable = True
                while usable and not self._stopping.is_set():
                    # A writer that was held up does not catch up: that would hide the gap behind a burst.
                    due_s = max(due_s + interval_s, time.monotonic())
                    await self._pause((due_s - time.monotonic()) * 1000)
                    turn += 1
                    usable = await self._one(connection, identity, f"{host}:{port}", turn)
            await self._pause(pause_ms)

    async def _one(self, connection: Connection, identity: int, target: str, turn: int) -> bool:
        load, ledger = self.load, self.ledger
        waits = load.wait_every > 0 and turn % load.wait_every == 0
        write = ledger.invoke(identity, target, wait_asked=load.wait_replicas if waits else 0)
        key = write.key.encode()
        commands: list[Command] = [(b"SET", key, key)]
        if waits:
            commands.append(wait(load.wait_replicas, load.wait_timeout_ms))
        connection.send(commands)
        try:
            accepted = await self._answer(connection, write)
            if waits:
                replicas = await connection.reply(deadline_ms=load.deadline_ms + load.wait_timeout_ms)
                if isinstance(replicas, int):
                    ledger.waited(write, replicas)
        except LostError as error:
            ledger.lose(write, str(error))
            return False
        return accepted

    async def _answer(self, connection: Connection, write: Write) -> bool:
        reply = await connection.reply(deadline_ms=self.load.deadline_ms)
        if isinstance(reply, ErrorReply):
            self.ledger.refuse(write, str(reply))
            return False
        self.ledger.acknowledge(write)
        return True
