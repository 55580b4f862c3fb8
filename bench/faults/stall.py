"""How long this program itself did not run: what a busy machine does to every figure, and to the contestants too."""

import asyncio
import contextlib
import time
from typing import Final, Self

_TICK_S: Final = 0.01


class Stall:
    """Measures while inside ``async with``.

    Attributes:
        longest_ms: Longest time by which the event loop was late, in milliseconds.
    """

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(_TICK_S)
            self.longest_ms = max(self.longest_ms, (time.monotonic() - before - _TICK_S) * 1000)
