"""A publisher and a subscriber on valkey-py: how long does a subscriber hear nothing, and does it hear again?

Messages are not kept by anybody: those of an outage are gone, for every contestant. What is promised is that who
subscribes through the client address hears what is published there, as soon as writes are accepted again.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from itertools import pairwise
from typing import Any, Final

from valkey.asyncio.connection import Connection
from valkey.exceptions import ValkeyError

from bench.faults.clients import Pools, connections
from gungnir.demo.client_tasks import ClientTasks

PERIOD_MS: Final = 50
SILENCE_MS: Final = 1000
"""A subscriber that hears nothing for so long connects anew."""
_PAUSE_MS: Final = 10


class PubSub(ClientTasks):
    """Both of them, inside ``async with``.

    Args:
        channel: What they speak on.
        pools: Makes a pool for each.

    Attributes:
        heard: For each message when it was sent and when it was heard, by ``time.monotonic_ns``.
    """

    def __init__(self, channel: str, pools: Pools) -> None:
        super().__init__()
        self.heard: Final[list[tuple[int, int]]] = []
        self._channel = channel
        self._pools = pools

    def hears_since(self, moment_ns: int) -> bool:
        """Whether a message was heard that was sent after this moment."""
        return any(sent_ns > moment_ns for sent_ns, _heard_ns in reversed(self.heard))

    def longest_silence_ms(self, start_ns: int, end_ns: int) -> float:
        """Longest time without a message within the interval, in milliseconds; its ends count as messages."""
        moments = [heard_ns for _sent_ns, heard_ns in self.heard if start_ns < heard_ns < end_ns]
        return max(after - before for before, after in pairwise([start_ns, *moments, end_ns])) / 1e6

    def _clients(self) -> Iterable[Coroutine[Any, Any, None]]:
        return [self._publish(), self._listen()]

    async def _publish(self) -> None:
        async for connection in self._connections():
            with contextlib.suppress(ValkeyError, OSError):
                while not self._stopping.is_set():
                    await self._pause(PERIOD_MS)
                    await connection.send_command("PUBLISH", self._channel, str(time.monotonic_ns()))
                    await connection.read_response()

    async def _listen(self) -> None:
        async for connection in self._connections():
            with contextlib.suppress(ValkeyError, OSError):
                await connection.send_command("SUBSCRIBE", self._channel)
                await connection.read_response()
                while not self._stopping.is_set():
                    message = await connection.read_response(timeout=SILENCE_MS / 1000)
                    if message is None:  # nothing came in time
                        break
                    self.heard.append((int(message[2]), time.monotonic_ns()))

    def _connections(self) -> AsyncIterator[Connection]:
        return connections(self._pools(), self._stopping, lambda: self._pause(_PAUSE_MS))
