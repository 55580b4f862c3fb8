"""The work queue: one worker per key, each key in its own task, so that a hung cluster delays nobody else.

The decisions are in ``schedule.py``; here are the tasks, the timer and the backoff.
"""

import random
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

import anyio
from anyio.abc import TaskGroup, TaskStatus

from gungnir.runtime.backoff import Backoff
from gungnir.runtime.schedule import Priority, Schedule

K = TypeVar("K", bound=Hashable)

DEFAULT_BACKOFF: Final = Backoff(first_ms=200, max_ms=30_000, random=random.random)


def _loop_ms() -> int:
    return int(anyio.current_time() * 1000)


class WorkQueue(Generic[K]):
    """Runs ``work(key)`` for the keys asked for.

    A worker that raises is a bug in the caller's code: ``on_failure`` is told, the key is retried with backoff, and the
    other keys go on.
    """

    def __init__(
        self,
        work: Callable[[K], Awaitable[None]],
        *,
        on_failure: Callable[[K, Exception], None],
        limit: int = 16,
        slow_after_ms: int = 10_000,
        backoff: Backoff = DEFAULT_BACKOFF,
        clock_ms: Callable[[], int] = _loop_ms,
    ) -> None:
        """Describe the queue; nothing runs before ``run``.

        Args:
            work: Does one round for one key. It is never called twice at once for the same key.
            on_failure: Told of an exception that left ``work``.
            limit: How many normal rounds run at once; urgent ones are not counted.
            slow_after_ms: A round that lasts longer no longer counts against the limit.
            backoff: Delays of ``retry``.
            clock_ms: Monotonic milliseconds.
        """
        self._work = work
        self._on_failure = on_failure
        self._backoff = backoff
        self._clock_ms = clock_ms
        self._schedule: Schedule[K] = Schedule(limit, slow_after_ms)
        self._failures: dict[K, int] = {}
        self._changed = anyio.Event()
        self._draining = False

    @property
    def depth(self) -> int:
        """Number of keys that wait for a run, due or not."""
        return self._schedule.waiting

    @property
    def running(self) -> int:
        """Number of rounds under way."""
        return self._schedule.running

    def add(self, key: K, priority: Priority = Priority.NORMAL) -> None:
        """Ask for a round now; if one runs, for another right after it."""
        self.add_after(key, 0, priority)

    def add_after(self, key: K, delay_ms: int, priority: Priority = Priority.NORMAL) -> None:
        """Ask for a round in ``delay_ms``; an earlier one that is already asked for serves as well."""
        self._schedule.add(key, self._clock_ms() + delay_ms, priority)
        self._changed.set()

    def retry(self, key: K, at_least_ms: int = 0) -> int:
        """Ask for a round after this key's backoff, which doubles with each call until ``forget``.

        Args:
            key: The key whose round failed.
            at_least_ms: Lower bound, such as a server's Retry-After.

        Returns:
            The delay in milliseconds.
        """
        self._failures[key] = self._failures.get(key, 0) + 1
        delay_ms = max(at_least_ms, self._backoff.delay_ms(self._failures[key]))
        self.add_after(key, delay_ms)
        return delay_ms

    def forget(self, key: K) -> None:
        """The key's round succeeded: its next failure starts the backoff from the beginning."""
        self._failures.pop(key, None)

    def drop(self, key: K) -> None:
        """The key is gone: forget what waits for it, and its failures."""
        self._schedule.drop(key)
        self._failures.pop(key, None)

    def is_waiting(self, key: K) -> bool:
        """Whether another round is asked for; a long round may ask in order to end early."""
        return self._schedule.is_waiting(key)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled; cancellation cancels every round under way and forgets those that wait."""
        self._draining = False
        try:
            async with anyio.create_task_group() as rounds:
                task_status.started()
                while True:
                    await self._turn(rounds)
        finally:
            self._schedule.clear()
            self._failures.clear()

    async def drain(self) -> None:
        """Start no more rounds, forget those that wait, and return when those under way have ended."""
        self._draining = True
        self._schedule.clear()
        while self._schedule.running:
            await self._changed.wait()

    async def _turn(self, rounds: TaskGroup) -> None:
        self._changed = anyio.Event()
        now_ms = self._clock_ms()
        wake_ms = None
        if not self._draining:
            for key in self._schedule.take(now_ms):
                rounds.start_soon(self._round, key)
            wake_ms = self._schedule.wake_ms(now_ms)
        with anyio.move_on_after(None if wake_ms is None else max(0, wake_ms - now_ms) / 1000):
            await self._changed.wait()

    async def _round(self, key: K) -> None:
        try:
            await self._work(key)
        except Exception as exc:  # noqa: BLE001 - one key's bug must not end the others' work; on_failure shows it
            self._on_failure(key, exc)
            self.retry(key)
        finally:
            self._schedule.finish(key)
            self._changed.set()
