"""Clients that run as tasks inside ``async with`` and end at their next safe moment."""

import abc
import asyncio
import contextlib
from collections.abc import Coroutine, Iterable
from typing import Any, Self


class ClientTasks(abc.ABC):
    """Runs each client as a task; a client looks at ``_stopping`` between two things that it does."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @abc.abstractmethod
    def _clients(self) -> Iterable[Coroutine[Any, Any, None]]:
        """One coroutine for each client."""

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(client) for client in self._clients()]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Let every client finish what it is at, then close the connections.

        Raises:
            ExceptionGroup: A client failed by an error of its own.
        """
        self._stopping.set()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        errors = [result for result in results if isinstance(result, Exception)]
        if errors:
            raise ExceptionGroup("a client failed", errors)

    async def _pause(self, pause_ms: float) -> None:
        if pause_ms > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_ms / 1000)
