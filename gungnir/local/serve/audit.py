"""What was asked of the server: a ring of the last requests, so that a test can count the writes of a quiet minute."""

import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any, Final

AUDIT_ENTRIES: Final = 10_000
WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One answered request. ``time`` is in seconds since 1970, ``duration_ms`` ends with the headers of the answer."""

    time: float
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    user_agent: str
    duration_ms: float


class Audit:
    """The last ``AUDIT_ENTRIES`` requests, oldest first."""

    def __init__(self, entries: int = AUDIT_ENTRIES) -> None:
        self._ring: deque[AuditEntry] = deque(maxlen=entries)

    def add(self, entry: AuditEntry) -> None:
        """Record a request."""
        self._ring.append(entry)

    def entries(self, *, since: float = 0.0, user_agent: str = "", writes_only: bool = False) -> list[AuditEntry]:
        """Return what was asked after a time, by clients whose user agent contains a text.

        Args:
            since: Seconds since 1970.
            user_agent: Part of the user agent; empty for every client.
            writes_only: Leave out what changes nothing.
        """
        return [
            entry
            for entry in self._ring
            if entry.time >= since and user_agent in entry.user_agent and (not writes_only or entry.verb in WRITES)
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._ring.clear()

    def as_json(self, **filters: Any) -> dict[str, Any]:
        """Return the entries as the body of ``/_gungnir/audit``."""
        return {"now": time.time(), "entries": [asdict(entry) for entry in self.entries(**filters)]}
