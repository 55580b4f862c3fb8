"""Objects, their revisions and the window of history that watches replay.

One writer, no threads: every method runs to completion in the event loop. A revision is one global counter, as in etcd;
clients see it as the opaque ``resourceVersion``.
"""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple, Protocol

Obj = dict[str, Any]
HISTORY_EVENTS: Final = 4096
"""Events kept for watches that start in the past; an older start is answered 410 Gone."""


class Key(NamedTuple):
    """Where an object lives; ``namespace`` is empty for a cluster-scoped object."""

    table: str
    namespace: str
    name: str


class Record:
    """One version of one object. ``obj`` is shared and must not be changed; take ``copy()`` to change it."""

    def __init__(self, key: Key, obj: Obj, revision: int, raw: bytes | None = None) -> None:
        self.key = key
        self.obj = obj
        self.revision = revision
        if raw is not None:
            self.raw = raw

    @cached_property
    def raw(self) -> bytes:
        """The object as compact JSON, encoded once."""
        return json.dumps(self.obj, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def uid(self) -> str:
        """The object's uid."""
        return str(self.obj["metadata"].get("uid", ""))

    def copy(self) -> Obj:
        """Return a deep copy that the caller may change."""
        copied: Obj = json.loads(self.raw)
        return copied


EventType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class StoreEvent:
    """One committed change; ``previous`` is the version before it, None for ADDED."""

    type: EventType
    record: Record
    previous: Record | None


class Backend(Protocol):
    """Where acknowledged writes are kept when the process ends."""

    def load(self) -> tuple[int, list[tuple[Key, int, bytes]]]:
        """Return the last revision and every object."""
        ...

    def write(self, key: Key, revision: int, raw: bytes) -> None:
        """Keep this version; it is durable when this returns."""
        ...

    def delete(self, key: Key, revision: int) -> None:
        """Forget the object; durable when this returns."""
        ...

    def close(self) -> None:
        """Release the files."""
        ...


class Store:
    """All objects, in memory, written through to a backend if there is one."""

    def __init__(self, backend: Backend | None = None, history_events: int = HISTORY_EVENTS) -> None:
        self._backend = backend
        self._tables: dict[str, dict[Key, Record]] = defaultdict(dict)
        self._history: deque[StoreEvent] = deque(maxlen=history_events)
        self._listeners: list[Callable[[StoreEvent], None]] = []
        self.revision = 0
        self._forgotten = 0
        if backend is not None:
            self.revision, rows = backend.load()
            self._forgotten = self.revision
            for key, revision, raw in rows:
                self._tables[key.table][key] = Record(key, json.loads(raw), revision, raw)

    def get(self, key: Key) -> Record | None:
        """Return the current version, or None."""
        return self._tables[key.table].get(key)

    def scan(self, table: str, namespace: str | None = None) -> list[Record]:
        """Return the objects of a table in key order, of one namespace or of all."""
        rows = self._tables[table]
        return [rows[key] for key in sorted(rows) if namespace is None or key.namespace == namespace]

    def everything(self) -> Iterator[Record]:
        """Iterate over every object of every table."""
        for rows in list(self._tables.values()):
            yield from list(rows.values())

    def put(self, key: Key, obj: Obj) -> Record:
        """Commit a new version of an object; its ``resourceVersion`` is set here."""
        revision = self.revision + 1
        obj["metadata"]["resourceVersion"] = str(revision)
        record = Record(key, obj, revision)
        if self._backend is not None:
            self._backend.write(key, revision, record.raw)
        previous = self._tables[key.table].get(key)
        self._tables[key.table][key] = record
        self._commit(StoreEvent("MODIFIED" if previous else "ADDED", record, previous))
        return record

    def remove(self, key: Key) -> Record:
        """Commit the removal of an object; the returned last version carries the revision of the removal.

        Raises:
            KeyError: The object does not exist.
        """
        previous = self._tables[key.table][key]
        revision = self.revision + 1
        if self._backend is not None:
            self._backend.delete(key, revision)
        del self._tables[key.table][key]
        obj = previous.copy()
        obj["metadata"]["resourceVersion"] = str(revision)
        record = Record(key, obj, revision)
        self._commit(StoreEvent("DELETED", record, previous))
        return record

    def _commit(self, event: StoreEvent) -> None:
        self.revision = event.record.revision
        if len(self._history) == self._history.maxlen:
            self._forgotten = self._history[0].record.revision
        self._history.append(event)
        for listener in list(self._listeners):
            listener(event)

    def subscribe(self, listener: Callable[[StoreEvent], None]) -> Callable[[], None]:
        """Call ``listener`` synchronously after every commit; the returned function ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def remembers(self, revision: int) -> bool:
        """Tell whether every event after ``revision`` is still in the window."""
        return self._forgotten <= revision <= self.revision

    def since(self, revision: int, table: str) -> list[StoreEvent]:
        """Return the events of a table after ``revision``; ask ``remembers`` first."""
        return [e for e in self._history if e.record.revision > revision and e.record.key.table == table]

    def forget_history(self) -> None:
        """Empty the window, as a compaction does: a watch of an older revision is answered 410 Gone."""
        self._history.clear()
        self._forgotten = self.revision

    def close(self) -> None:
        """Close the backend."""
        if self._backend is not None:
            self._backend.close()
