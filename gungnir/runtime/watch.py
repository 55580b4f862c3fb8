"""A cache of one resource type that follows the API server: list, then watch, for as long as it takes.

Rules (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes):
- A watch that the server ended in order continues from the last resourceVersion seen, bookmarks included. Versions are
  opaque: only ever sent back.
- Anything else (410, refusal, garbage, lost connection, silence) leads to a new list. What answers next may have been
  restored from a backup, and a watch from a version it has not reached yet is accepted and silent (measured on
  kube-apiserver 1.36).
- The difference between a list and the cache is told as events: who follows them misses nothing that still matters.
- The server ends every watch after ``timeout_s``. Silence for a little longer than that is a dead connection.
- The cache is never better than the last sign of life: ``silent_ms`` says how old that is.
"""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import anyio
from anyio.abc import TaskStatus

from gungnir.runtime.backoff import Backoff
from gungnir.runtime.errors import (
    GoneError,
    KubeError,
    TooManyRequestsError,
    UnknownOutcomeError,
    UnreachableError,
)
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import Object, Resource

Key = tuple[str, str]
"""Namespace and name."""

WATCH_BACKOFF: Final = Backoff(first_ms=200, max_ms=15_000, random=random.random)
SILENCE_MARGIN_MS: Final = 5_000
"""How much longer than the server's own timeout a watch may be silent. 50 s + 5 s stay below a minute."""


class EventKind(StrEnum):
    """What happened to an object, as the cache saw it."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Restart(StrEnum):
    """Why a watch did not simply go on."""

    GONE = "gone"
    LOST = "lost"
    REFUSED = "refused"
    RESYNC = "resync"
    SHORT = "short"
    SILENT = "silent"
    UNREACHABLE = "unreachable"


class _SilentError(Exception):
    """Nothing came for longer than the server lets a watch live."""


def _ignore(*_args: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Hooks:
    """Whom an informer tells. All are called in the event loop; they must neither block nor raise.

    Attributes:
        on_event: Each change, after the cache has it; DELETED carries the last state.
        on_restart: Why a watch was started anew (metrics).
        on_problem: Each failed list or watch (for ``ForbiddenError``: condition and Event).
        on_resync: After each complete list.
    """

    on_event: Callable[[EventKind, Object], None]
    on_restart: Callable[[Restart], None] = _ignore
    on_problem: Callable[[KubeError], None] = _ignore
    on_resync: Callable[[], None] = _ignore


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient an informer is.

    Attributes:
        timeout_s: The server ends a watch after this time.
        silence_ms: A watch is dead after this time without an event; 0 for ``timeout_s`` and a margin.
        resync_ms: A new list at least this often catches what a watch missed; 0 for never.
        backoff: Delays between failed tries.
    """

    timeout_s: int = 50
    silence_ms: int = 0
    resync_ms: int = 600_000
    backoff: Backoff = WATCH_BACKOFF

    @property
    def silence_s(self) -> float:
        """Longest silence, in seconds."""
        return (self.silence_ms or self.timeout_s * 1000 + SILENCE_MARGIN_MS) / 1000

    @property
    def resync_s(self) -> float:
        """Longest time between lists, in seconds."""
        return self.resync_ms / 1000 if self.resync_ms else float("inf")

    @property
    def shortest_watch_s(self) -> float:
        """A watch that the server ends sooner counts as a failure: a confused server is not asked in a tight loop."""
        return min(1.0, self.timeout_s / 2)


DEFAULT_TIMING: Final = Timing()


class Informer:
    """Follows one resource type in one namespace or in all.

    Attributes:
        cache: The objects by (namespace, name). Read it, do not change it or the objects.
        synced: Set when the first list is in the cache.
        problem: Why the last try failed; None while the watch works.
    """

    def __init__(
        self,
        kube: Kube,
        resource: Resource,
        namespace: str = "",
        *,
        hooks: Hooks,
        label_selector: str = "",
        timing: Timing = DEFAULT_TIMING,
    ) -> None:
        """Describe what to follow; nothing is asked before ``run``.

        Args:
            kube: The client.
            resource: Type to follow.
            namespace: Empty for all.
            hooks: Whom to tell.
            label_selector: Kubernetes label selector.
            timing: How patient to be.
        """
        self.cache: dict[Key, Object] = {}
        self.synced = anyio.Event()
        self.problem: KubeError | None = None
        self.resource = resource
        self.namespace = namespace
        self._kube = kube
        self._hooks = hooks
        self._selector = label_selector
        self._timing = timing
        self._version = ""
        self._listed_at = 0.0
        self._life_at = float("-inf")
        self._failures = 0

    def silent_ms(self) -> float:
        """Milliseconds since the API server last told us anything about this type; infinite before the first list."""
        return (anyio.current_time() - self._life_at) * 1000

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """List and watch until cancelled; ``started`` is reported with the first complete list."""
        started = False
        while True:
            try:
                if not self._version:
                    await self._list()
                    if not started:
                        started = True
                        task_status.started()
                await self._watch()
            except _SilentError:
                self._version = ""
                self._hooks.on_restart(Restart.SILENT)
            except KubeError as exc:
                await self._failed(exc)

    async def _list(self) -> None:
        page = await self._kube.list(self.resource, self.namespace, label_selector=self._selector)
        current = {_key(obj): obj for obj in page.items}
        for key in [key for key in self.cache if key not in current]:
            self._forget(key)
        for obj in current.values():
            self._store(obj)
        self._version = page.resource_version
        self._listed_at = self._life_at = anyio.current_time()
        self.synced.set()
        self._hooks.on_resync()

    async def _watch(self) -> None:
        """Follow one watch to its end.

        Raises:
            _SilentError: Nothing came for too long.
            KubeError: The watch could not be opened, or broke.
        """
        opened_at = anyio.current_time()
        async with self._kube.watch(
            self.resource,
            self.namespace,
            resource_version=self._version,
            label_selector=self._selector,
            timeout_s=self._timing.timeout_s,
        ) as events:
            self._life_at = anyio.current_time()
            self.problem = None
            while (event := await self._next(events)) is not None:
                self._apply(event)
        lived_s = anyio.current_time() - opened_at
        if anyio.current_time() - self._listed_at >= self._timing.resync_s:
            self._version = ""
            self._hooks.on_restart(Restart.RESYNC)
        elif lived_s < self._timing.shortest_watch_s:
            self._hooks.on_restart(Restart.SHORT)
            await self._pause(0)
        else:
            self._failures = 0

    async def _next(self, events: AsyncIterator[Object]) -> Object | None:
        until_resync_s = self._listed_at + self._timing.resync_s - anyio.current_time()
        if until_resync_s <= 0:
            return None
        with anyio.move_on_after(min(self._timing.silence_s, until_resync_s)):
            return await anext(events, None)
        if self._timing.silence_s < until_resync_s:
            raise _SilentError
        self._listed_at = float("-inf")
        return None

    def _apply(self, event: Object) -> None:
        obj: Object = event.get("object") or {}
        version = str((obj.get("metadata") or {}).get("resourceVersion", ""))
        match event.get("type"):
            case "ADDED" | "MODIFIED":
                self._store({"apiVersion": self.resource.group_version, "kind": self.resource.kind} | obj)
            case "DELETED":
                self._forget(_key(obj), obj)
            case _:  # BOOKMARK, or a type of a later Kubernetes: a sign of life and a version
                pass
        self._version = version or self._version
        self._life_at = anyio.current_time()
        self._failures = 0

    def _store(self, obj: Object) -> None:
        # half of an object's bytes; a PUT without it leaves the server's record as it is
        (obj.get("metadata") or {}).pop("managedFields", None)
        key = _key(obj)
        known = self.cache.get(key)
        if known is not None and _meta(known, "uid") != _meta(obj, "uid"):
            self._forget(key)  # deleted and made anew while nobody watched
            known = None
        if known is not None and _meta(known, "resourceVersion") == _meta(obj, "resourceVersion"):
            return
        self.cache[key] = obj
        self._hooks.on_event(EventKind.ADDED if known is None else EventKind.MODIFIED, obj)

    def _forget(self, key: Key, last: Object | None = None) -> None:
        known = self.cache.pop(key, None)
        if known is not None:
            self._hooks.on_event(EventKind.DELETED, last or known)

    async def _failed(self, exc: KubeError) -> None:
        self.problem = exc
        wait_ms = 0
        match exc:
            case GoneError():
                reason = Restart.GONE
            case UnreachableError():
                reason = Restart.UNREACHABLE
            case UnknownOutcomeError():
                reason = Restart.LOST
            case _:
                reason = Restart.REFUSED
                wait_ms = exc.retry_after_ms if isinstance(exc, TooManyRequestsError) else 0
        self._version = ""
        self._hooks.on_restart(reason)
        self._hooks.on_problem(exc)
        await self._pause(wait_ms)

    async def _pause(self, at_least_ms: int) -> None:
        self._failures += 1
        await anyio.sleep(max(at_least_ms, self._timing.backoff.delay_ms(self._failures)) / 1000)


def _meta(obj: Object, field: str) -> Any:
    return (obj.get("metadata") or {}).get(field)


def _key(obj: Object) -> Key:
    return (_meta(obj, "namespace") or "", _meta(obj, "name") or "")
