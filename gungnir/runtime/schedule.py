"""Which key may run now: the work queue's decisions, without clock, tasks or randomness of their own.

Rules:
- A key is worked on by at most one worker. What is asked for meanwhile is remembered once and runs afterwards.
- Several requests for one key become one: the earliest time and the highest priority win.
- Urgent work starts when it is due, whatever else runs. Normal work waits for one of ``limit`` places, first due first.
- A worker that holds its place longer than ``slow_after_ms`` gives it up while it goes on: hung keys, however many,
  delay nobody else.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Priority(IntEnum):
    """How a key is treated when places are taken."""

    NORMAL = 0
    URGENT = 1
    """A suspected failure of a primary, a lost lease: never waits for a place."""


@dataclass(slots=True)
class _Waiting:
    due_ms: int
    priority: Priority
    order: int


@dataclass(slots=True)
class _Running:
    since_ms: int
    priority: Priority


@dataclass(slots=True)
class Schedule(Generic[K]):
    """The keys that wait and those that run.

    Attributes:
        limit: Places for normal work; at least 1.
        slow_after_ms: How long a worker counts against the limit.
    """

    limit: int
    slow_after_ms: int
    _waiting: dict[K, _Waiting] = field(default_factory=dict)
    _running: dict[K, _Running] = field(default_factory=dict)
    _order: int = 0

    def add(self, key: K, due_ms: int, priority: Priority = Priority.NORMAL) -> None:
        """Ask for a run of ``key`` at ``due_ms`` or, if it runs then, right after."""
        self._order += 1
        known = self._waiting.get(key)
        if known is None:
            self._waiting[key] = _Waiting(due_ms, priority, self._order)
        else:
            known.due_ms = min(known.due_ms, due_ms)
            known.priority = max(known.priority, priority)

    def take(self, now_ms: int) -> list[K]:
        """The keys whose workers start now, urgent ones first; they count as running from here on."""
        taken = list(self._startable(now_ms))
        for key in taken:
            self._running[key] = _Running(now_ms, self._waiting.pop(key).priority)
        return taken

    def finish(self, key: K) -> None:
        """The worker of ``key`` ended."""
        del self._running[key]

    def drop(self, key: K) -> None:
        """Forget what waits for ``key``; a running worker is not touched."""
        self._waiting.pop(key, None)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._waiting.clear()

    def wake_ms(self, now_ms: int) -> int | None:
        """When ``take`` may next give something without an ``add`` or ``finish``; None if it cannot."""
        times = [w.due_ms for key, w in self._waiting.items() if w.due_ms > now_ms and key not in self._running]
        if any(w.due_ms <= now_ms and key not in self._running for key, w in self._waiting.items()):
            times += [r.since_ms + self.slow_after_ms for r in self._holders(now_ms)]
        return min(times, default=None)

    def is_waiting(self, key: K) -> bool:
        """Whether a run of ``key`` is asked for that has not started."""
        return key in self._waiting

    @property
    def waiting(self) -> int:
        """Number of keys that wait, due or not."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Number of workers."""
        return len(self._running)

    def _holders(self, now_ms: int) -> list[_Running]:
        return [
            r
            for r in self._running.values()
            if r.priority is Priority.NORMAL and now_ms - r.since_ms < self.slow_after_ms
        ]

    def _startable(self, now_ms: int) -> Iterator[K]:
        due = sorted(
            ((-w.priority, w.due_ms, w.order, key) for key, w in self._waiting.items() if w.due_ms <= now_ms),
            key=lambda entry: entry[:3],
        )
        places = self.limit - len(self._holders(now_ms))
        for negated, _due_ms, _order, key in due:
            if key in self._running:
                continue
            if -negated == Priority.URGENT:
                yield key
            elif places > 0:
                places -= 1
                yield key
