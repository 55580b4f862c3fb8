"""One object that we write and watch at the same time: the newest state of it that is known, whatever comes first.

Rules
- Events come in the order of the writes. The answer to a write of ours comes before or after its event, whichever is
  faster; versions are opaque, so which of the two is newer is known by having seen the version or not.
- After a write of ours, events are older than it until they show its version. A list may have skipped that version:
  what came last is held, and taken when waiting has lasted for ``PATIENCE_MS``. Nothing is ever dropped for good.
"""

from collections import deque
from typing import Any, Final

from gungnir.machines.requests import Version
from gungnir.runtime.kube_resources import Object

PATIENCE_MS: Final = 5000
"""How long an event for our own write is waited for."""
KEPT_VERSIONS: Final = 64
"""Versions of the object that are remembered as seen: many more than writes of ours can be under way."""


class Followed:
    """The newest known state of one object; ``obj`` is None while there is none."""

    def __init__(self, obj: Object | None = None) -> None:
        self.obj = obj
        self._awaited: Version | None = None
        self._awaited_since_s = 0.0
        self._held: Object | None = None
        self._seen: deque[Version] = deque(maxlen=KEPT_VERSIONS)

    def wrote(self, obj: Object, now_s: float) -> None:
        """Remember the object as our own write returned it, unless events have shown it already."""
        if _version(obj) in self._seen:
            self._take(self._held or self.obj)
            return
        self.obj, self._held = obj, None
        self._awaited, self._awaited_since_s = _version(obj), now_s

    def saw(self, obj: Object, now_s: float) -> bool:
        """Take an event's object, unless it is older than our own last write. Tell whether it was taken."""
        self._seen.append(_version(obj))
        same_object = self.obj is not None and _meta(obj, "uid") == _meta(self.obj, "uid")
        if same_object and self._awaited not in (None, _version(obj)) and not self._waited(now_s):
            self._held = obj
            return False
        self._take(obj)
        return True

    def gone(self) -> None:
        """The object was deleted."""
        self._take(None)

    def settle(self, now_s: float) -> bool:
        """Take what was held, if waiting has lasted long enough. Tell whether it was taken."""
        if self._held is None or not self._waited(now_s):
            return False
        self._take(self._held)
        return True

    def _waited(self, now_s: float) -> bool:
        return now_s - self._awaited_since_s >= PATIENCE_MS / 1000

    def _take(self, obj: Object | None) -> None:
        self.obj, self._awaited, self._held = obj, None, None


def _version(obj: Object) -> Version:
    return Version(str(_meta(obj, "resourceVersion") or ""))


def _meta(obj: Object, field: str) -> Any:
    return obj["metadata"].get(field)
