"""A watch: the changes of one table from a revision on, filtered, in order, each exactly once."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gungnir.local.errors import ApiError, ExpiredError
from gungnir.local.selectors import Predicate
from gungnir.local.store import EventType, Obj, Record, Store, StoreEvent

BACKLOG_EVENTS: Final = 8192
"""A consumer this far behind is cut off with 410 Gone, so that a stuck client costs bounded memory."""


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One event; ``record`` is shared, ``object`` is the caller's own copy."""

    type: EventType
    record: Record

    @property
    def object(self) -> Obj:
        """A copy of the object as of this event."""
        return self.record.copy()


class Watch:
    """Async iterator of ``WatchEvent``; ends on ``close()``, raises the ``ApiError`` with which the server ended it."""

    def __init__(
        self,
        store: Store,
        table: str,
        namespace: str | None,
        selects: Predicate,
        start: int | None,
    ) -> None:
        """Begin at the revision ``start``, or with an ADDED event for every object that exists now (None)."""
        self._table = table
        self._namespace = namespace
        self._selects = selects
        self._store = store
        self._pending: deque[WatchEvent] = deque()
        self._wake = asyncio.Event()
        self._error: ApiError | None = None
        self._closed = False
        self._delivered = store.revision
        if start is None:
            self._pending.extend(
                WatchEvent("ADDED", record) for record in store.scan(table, namespace) if selects(record.obj)
            )
        elif store.remembers(start):
            for event in store.since(start, table):
                self._offer(event)
        else:
            self._error = ExpiredError(
                f"too old resource version: {start} ({store.revision})"
                if start < store.revision
                else f"resource version {start} is not of this server, which is at {store.revision}"
            )
        self._unsubscribe: Callable[[], None] | None = store.subscribe(self._on_event)

    def _on_event(self, event: StoreEvent) -> None:
        if event.record.key.table == self._table:
            self._offer(event)

    def _offer(self, event: StoreEvent) -> None:
        if self._namespace is not None and event.record.key.namespace != self._namespace:
            return
        now = event.type != "DELETED" and self._selects(event.record.obj)
        before = event.previous is not None and self._selects(event.previous.obj)
        if now:
            self._pending.append(WatchEvent("MODIFIED" if before else "ADDED", event.record))
        elif before:
            self._pending.append(WatchEvent("DELETED", _leaving(event)))
        else:
            return
        if len(self._pending) > BACKLOG_EVENTS:
            self._pending.clear()
            self.fail(ExpiredError(f"the watch fell {BACKLOG_EVENTS} events behind"))
        self._wake.set()

    @property
    def revision(self) -> int:
        """The revision up to which nothing more will come: what a bookmark may say once nothing is pending."""
        return self._store.revision

    def pending(self) -> int:
        """Return the number of events ready to be taken."""
        return len(self._pending)

    def take(self) -> list[WatchEvent]:
        """Return and forget every event that is ready, without waiting."""
        events = list(self._pending)
        self._pending.clear()
        return events

    @property
    def error(self) -> ApiError | None:
        """The error that ends this watch once the pending events are taken."""
        return self._error

    @property
    def closed(self) -> bool:
        """True when no further event will come."""
        return self._closed

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until an event, an error or the end is there; False if ``timeout_s`` passed first."""
        while not (self._pending or self._error or self._closed):
            self._wake.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
            except TimeoutError:
                return False
        return True

    def fail(self, error: ApiError) -> None:
        """End this watch with an error after the pending events."""
        self._error = error
        self._wake.set()

    def close(self) -> None:
        """End this watch; safe to call twice."""
        self._closed = True
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._wake.set()

    def __aiter__(self) -> "Watch":
        return self

    async def __anext__(self) -> WatchEvent:
        await self.wait()
        if self._pending and not self._closed:
            return self._pending.popleft()
        if self._error is not None and not self._closed:
            self.close()
            raise self._error
        raise StopAsyncIteration


def _leaving(event: StoreEvent) -> Record:
    """Return what a watcher sees of an object that is gone or left its selection: the old form, the new revision."""
    if event.type == "DELETED" or event.previous is None:
        return event.record
    obj = event.previous.copy()
    obj["metadata"]["resourceVersion"] = str(event.record.revision)
    return Record(event.record.key, obj, event.record.revision)
