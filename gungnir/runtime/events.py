"""Kubernetes Events on the clusters, for ``kubectl describe`` and ``kubectl get events``.

Rules:
- ``record`` never blocks, raises or waits for the API server: it puts into a bounded queue, a background task delivers.
- The same event again within ten minutes raises the ``count`` of the one that is there, as client-go does for core/v1.
- Each object may cause a burst of events, then one every half minute: a flapping cluster cannot flood etcd.
- Events inform people. Nothing reads them to decide.
"""

import contextlib
import hashlib
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal

import anyio
from anyio.abc import TaskStatus

from gungnir.errors import RetryableError
from gungnir.runtime.backoff import Backoff
from gungnir.runtime.errors import AlreadyExistsError, KubeError, NotFoundError
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import EVENTS, Object

COMPONENT: Final = "gungnir"
REPEAT_WINDOW_S: Final = 600
BURST: Final = 25
REFILL_S: Final = 30
MAX_MESSAGE_CHARS: Final = 1024
"""Limit of the API server for ``message`` (k8s.io/kubernetes/pkg/apis/core/validation/events.go)."""
_MAX_REMEMBERED: Final = 4096
_TRIES: Final = 5
_BACKOFF: Final = Backoff(first_ms=200, max_ms=5_000, random=random.random)

EventType = Literal["Normal", "Warning"]


class Reason(StrEnum):
    """Why an event was recorded. Scripts match these: never rename one."""

    CLUSTER_CREATED = "ClusterCreated"
    PAUSED = "Paused"
    RESUMED = "Resumed"
    INVALID_SPEC = "InvalidSpec"
    FORBIDDEN = "Forbidden"
    OBJECT_NOT_OWNED = "ObjectNotOwned"
    ROLLOUT_PENDING = "RolloutPending"
    SCALE_DOWN_REFUSED = "ScaleDownRefused"
    SCALE_DOWN_HANDOVER = "ScaleDownHandover"
    SECRET_CHANGED = "SecretChanged"  # noqa: S105 - the name of an event
    POD_UNUSABLE = "PodUnusable"
    DISK_FULL = "DiskFull"
    OPERATOR_ISOLATED = "OperatorIsolated"
    FAILOVER_COMPLETED = "FailoverCompleted"
    FAILOVER_BLOCKED = "FailoverBlocked"
    SWITCHOVER_COMPLETED = "SwitchoverCompleted"
    SWITCHOVER_ABORTED = "SwitchoverAborted"
    SWITCHOVER_REFUSED = "SwitchoverRefused"
    REPLICA_LOST = "ReplicaLost"
    REPLICA_UNACCOUNTED = "ReplicaUnaccounted"
    REPLICA_RELEASED = "ReplicaReleased"
    DIVERGENT_WRITES = "DivergentWrites"
    DATA_LOSS = "DataLoss"
    ILLEGAL_TRANSITION = "IllegalTransition"
    INVARIANT_VIOLATED = "InvariantViolated"
    STORAGE_RESIZE_FAILED = "StorageResizeFailed"


@dataclass(slots=True)
class _Sent:
    name: str
    first_at: str
    count: int
    last_s: float


@dataclass(frozen=True, slots=True)
class _Entry:
    involved: Object
    event_type: EventType
    reason: str
    message: str
    at: datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (str(self.involved.get("uid", "")), self.event_type, self.reason, self.message)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _ignore(_reason: str) -> None:
    pass


class EventRecorder:
    """Delivers events in the background, in order; ``run`` has to run for that."""

    def __init__(
        self,
        kube: Kube,
        identity: str,
        *,
        on_dropped: Callable[[str], None] = _ignore,
        now: Callable[[], datetime] = _utc_now,
        backoff: Backoff = _BACKOFF,
        capacity: int = 1_000,
    ) -> None:
        """Describe the recorder.

        Args:
            kube: The client.
            identity: Of this process, shown as ``reportingInstance``.
            on_dropped: Told why an event was not delivered: ``full``, ``rate`` or the error's class.
            now: Wall clock, UTC.
            backoff: Delays between tries of one event.
            capacity: Events that may wait; the oldest is dropped beyond.
        """
        self._kube = kube
        self._identity = identity
        self._on_dropped = on_dropped
        self._now = now
        self._backoff = backoff
        self._waiting: deque[_Entry] = deque()
        self._capacity = capacity
        self._arrived = anyio.Event()
        self._delivered = anyio.Event()
        self._busy = False
        self._sent: OrderedDict[tuple[str, str, str, str], _Sent] = OrderedDict()
        self._tokens: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def normal(self, obj: Mapping[str, Any], reason: Reason, message: str) -> None:
        """Record something that went as it should."""
        self.record(obj, "Normal", reason, message)

    def warning(self, obj: Mapping[str, Any], reason: Reason, message: str) -> None:
        """Record something that a person may have to look at."""
        self.record(obj, "Warning", reason, message)

    def record(self, obj: Mapping[str, Any], event_type: EventType, reason: Reason, message: str) -> None:
        """Record an event about ``obj``: a manifest with kind, apiVersion, and name, namespace, uid in its metadata."""
        metadata = obj.get("metadata") or {}
        involved = {"apiVersion": obj.get("apiVersion", ""), "kind": obj.get("kind", "")}
        involved |= {key: metadata[key] for key in ("namespace", "name", "uid") if metadata.get(key)}
        if len(message) > MAX_MESSAGE_CHARS:
            message = message[: MAX_MESSAGE_CHARS - 3] + "..."
        if len(self._waiting) >= self._capacity:
            self._waiting.popleft()
            self._on_dropped("full")
        self._waiting.append(_Entry(involved, event_type, reason.value, message, self._now()))
        self._arrived.set()

    async def flush(self) -> None:
        """Return when everything recorded so far was delivered or dropped. For shutdown; bound it with a deadline."""
        while self._waiting or self._busy:
            await self._delivered.wait()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Deliver until cancelled."""
        task_status.started()
        while True:
            if not self._waiting:
                self._arrived = anyio.Event()
                await self._arrived.wait()
            entry = self._waiting.popleft()
            self._busy = True
            try:
                await self._deliver(entry)
            finally:
                self._busy = False
                self._delivered.set()
                self._delivered = anyio.Event()

    async def _deliver(self, entry: _Entry) -> None:
        if not self._allowed(entry):
            self._on_dropped("rate")
            return
        for attempt in range(1, _TRIES + 1):
            try:
                await self._send(entry)
            except RetryableError as exc:
                if attempt == _TRIES:
                    self._on_dropped(type(exc).__name__)
                    return
                await anyio.sleep(self._backoff.delay_ms(attempt) / 1000)
            except KubeError as exc:
                self._on_dropped(type(exc).__name__)
                return
            else:
                return

    def _allowed(self, entry: _Entry) -> bool:
        who, now_s = str(entry.involved.get("uid", "")), entry.at.timestamp()
        tokens, since_s = self._tokens.pop(who, (float(BURST), now_s))
        tokens = min(float(BURST), tokens + max(0.0, now_s - since_s) / REFILL_S)
        self._tokens[who] = (tokens - 1 if tokens >= 1 else tokens, now_s)
        while len(self._tokens) > _MAX_REMEMBERED:
            self._tokens.popitem(last=False)
        return tokens >= 1

    async def _send(self, entry: _Entry) -> None:
        sent = self._sent.get(entry.key)
        if sent is not None and entry.at.timestamp() - sent.last_s < REPEAT_WINDOW_S:
            ref = EVENTS.ref(_namespace(entry), sent.name)
            try:
                await self._kube.patch(ref, {"count": sent.count + 1, "lastTimestamp": _stamp(entry.at)})
            except NotFoundError:  # expired on the server (one hour by default): tell it anew
                self._sent.pop(entry.key, None)
            else:
                sent.count += 1
                sent.last_s = entry.at.timestamp()
                return
        event = self._event(entry)
        # AlreadyExists: a try whose answer was lost did arrive, as the name is made from what the event says
        with contextlib.suppress(AlreadyExistsError):
            await self._kube.create(event)
        self._sent[entry.key] = _Sent(event["metadata"]["name"], event["firstTimestamp"], 1, entry.at.timestamp())
        while len(self._sent) > _MAX_REMEMBERED:
            self._sent.popitem(last=False)

    def _event(self, entry: _Entry) -> Object:
        at = _stamp(entry.at)
        mark = hashlib.sha256("\0".join((*entry.key, entry.at.isoformat(), self._identity)).encode()).hexdigest()[:16]
        return {
            "apiVersion": EVENTS.group_version,
            "kind": EVENTS.kind,
            "metadata": {"name": f"{entry.involved.get('name', 'unknown')}.{mark}", "namespace": _namespace(entry)},
            "involvedObject": entry.involved,
            "type": entry.event_type,
            "reason": entry.reason,
            "message": entry.message,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "count": 1,
            "source": {"component": COMPONENT},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._identity,
        }


def _namespace(entry: _Entry) -> str:
    return str(entry.involved.get("namespace") or "default")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
