"""One TCP connection to a Valkey server: pipelined commands out, values in, deadlines on everything.

An asyncio Protocol feeds the sans-I/O reader: a stream and a task for each of thousands of pods costs about three times
the CPU and the memory. Whether a command may have been carried out is part of each error.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gungnir.errors import RemoteError
from gungnir.resp.errors import ProtocolError
from gungnir.resp.reader import NeedMoreData, Reader
from gungnir.resp.values import Push, Value
from gungnir.resp.writer import encode_command

AGAIN_MS: Final = 50
"""Pause before another attempt to connect is begun beside those that have no answer yet."""


class ValkeyError(RemoteError):
    """A server did not do as it was asked, for a reason below the level of an error reply."""


class RefusedConnectionError(ValkeyError):
    """Nothing listens at the address, or the connection was reset while it was opened. Nothing was sent."""


class NoConnectionError(ValkeyError):
    """No connection within the deadline. Nothing was sent."""


class LostError(ValkeyError):
    """The connection ended before the answer came: what was sent may or may not have been carried out."""


class NoAnswerError(ValkeyError):
    """No answer within the deadline: what was sent may or may not have been carried out."""


class GarbageError(ValkeyError):
    """The peer does not speak the protocol."""


@dataclass(slots=True)
class _Batch:
    wanted: int
    future: asyncio.Future[list[Value]]
    values: list[Value] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """A connection to one server. Not usable any more once ``closed``.

    Attributes:
        closed: Set when the connection ended, for whatever reason.
    """

    def __init__(self, on_lost: Callable[[], None] | None = None) -> None:
        """Describe it; ``opened`` connects."""
        self.closed = False
        self._reader = Reader()
        self._batches: deque[_Batch] = deque()
        self._transport: asyncio.Transport | None = None
        self._on_lost = on_lost

    @classmethod
    async def opened(
        cls,
        address: str,
        port: int,
        timeout_ms: int,
        source: str = "",
        on_lost: Callable[[], None] | None = None,
        again_ms: int = AGAIN_MS,
    ) -> "Connection":
        """Connect: begin another attempt every ``again_ms`` beside those under way, and take the first that succeeds.

        The kernel sends a lost SYN again after 1 s (RFC 6298, section 2), so that one attempt alone would overlook for
        so long that the peer can be reached again.

        Raises:
            RefusedConnectionError: Refused or reset.
            NoConnectionError: Not reachable, or no answer in time.
        """
        attempts: list[asyncio.Task[Connection]] = []
        won: asyncio.Task[Connection] | None = None
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                while won is None:
                    attempts.append(asyncio.create_task(cls._attempt(address, port, source, on_lost)))
                    done, _ = await asyncio.wait(attempts, timeout=again_ms / 1000, return_when=asyncio.FIRST_COMPLETED)
                    won = min(done, key=lambda attempt: attempt.exception() is not None, default=None)
            return won.result()
        except (ConnectionRefusedError, ConnectionResetError, ConnectionAbortedError) as exc:
            raise RefusedConnectionError(f"{address}:{port} refused the connection") from exc
        except (TimeoutError, OSError) as exc:
            raise NoConnectionError(f"no connection to {address}:{port}: {exc}") from exc
        finally:
            others = [attempt for attempt in attempts if attempt is not won]
            for attempt in others:
                attempt.cancel()
            for outcome in await asyncio.gather(*others, return_exceptions=True):
                if isinstance(outcome, Connection):
                    outcome.close()

    @classmethod
    async def _attempt(cls, address: str, port: int, source: str, on_lost: Callable[[], None] | None) -> "Connection":
        """Connect once, for as long as the kernel tries."""
        local = (source, 0) if source else None
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: cls(on_lost), address, port, local_addr=local
        )
        return connection

    async def call(self, commands: Sequence[tuple[bytes, ...]], timeout_ms: int) -> list[Value]:
        """Send the commands at once and return their answers in order. Error replies are values.

        Raises:
            LostError: The connection ended first.
            NoAnswerError: The deadline passed first. The connection is closed: later answers could not be told apart.
            GarbageError: The peer sent something that is not the protocol.
        """
        if self.closed or self._transport is None:
            raise LostError("the connection is closed")
        batch = _Batch(len(commands), asyncio.get_running_loop().create_future())
        self._batches.append(batch)
        self._transport.write(b"".join(encode_command(*command) for command in commands))
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                return await batch.future
        except TimeoutError as exc:
            self.close()
            raise NoAnswerError(f"no answer within {timeout_ms} ms") from exc
        except asyncio.CancelledError:
            self.close()
            raise

    def close(self) -> None:
        """End the connection at once; outstanding calls fail."""
        if self._transport is not None and not self.closed:
            self._transport.abort()
        self._end(LostError("the connection was closed"), told=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - create_connection promises it
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Give values to the calls that wait for them, in order."""
        self._reader.feed(data)
        try:
            while self._batches or self._reader.buffered_bytes:
                value = self._reader.next()
                if isinstance(value, NeedMoreData):
                    return
                if not isinstance(value, Push):
                    self._give(value)
        except ProtocolError as exc:
            self._fail(GarbageError(f"not the Valkey protocol: {exc}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what is outstanding and tell the owner."""
        self._end(LostError(f"the connection was lost: {exc or 'closed by the server'}"), told=True)

    def _give(self, value: Value) -> None:
        if not self._batches:
            self._fail(GarbageError("an answer that nobody asked for"))
            return
        batch = self._batches[0]
        batch.values.append(value)
        if len(batch.values) == batch.wanted:
            self._batches.popleft()
            if not batch.future.done():
                batch.future.set_result(batch.values)

    def _fail(self, error: ValkeyError) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._end(error, told=True)

    def _end(self, error: ValkeyError, *, told: bool) -> None:
        if self.closed:
            return
        self.closed = True
        for batch in self._batches:
            if not batch.future.done():
                batch.future.set_exception(error)
        self._batches.clear()
        if told and self._on_lost is not None:
            self._on_lost()
