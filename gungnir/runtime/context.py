"""What every cluster's worker shares: the client, the metrics, the trace, the spans, and whether we may act at all."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gungnir.runtime.events import EventRecorder
from gungnir.runtime.kube import Kube
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.spans import OFF, Spans
from gungnir.runtime.trace import Trace

STALL_MS = 2000
"""A loop that slept longer than this observes before it acts (Sentinel's TILT)."""
SETTLE_MS = 1000
"""After a stall, readings must be this much newer than the stall before anything is decided on them."""


class NotLeadingError(Exception):
    """The lease is not ours by our own clock, our loop slept, or we end: the round ends before anything is sent."""


@dataclass
class Heartbeat:
    """When the loop last ran, by the monotonic clock. A process that was stopped finds it old when it wakes."""

    at_s: float = field(default_factory=time.monotonic)
    stalled_until_s: float = 0.0

    def beat(self) -> float:
        """Note that the loop runs; return how long ago it ran before, in seconds. A long gap is a stall."""
        now_s = time.monotonic()
        gap_s, self.at_s = now_s - self.at_s, now_s
        if gap_s * 1000 > STALL_MS:
            self.stalled_until_s = now_s + SETTLE_MS / 1000
        return gap_s

    def age_ms(self) -> float:
        """Return for how long the loop has not run, in milliseconds."""
        return (time.monotonic() - self.at_s) * 1000

    @property
    def stalled(self) -> bool:
        """Whether the loop sleeps or has just slept."""
        now_s = time.monotonic()
        return (now_s - self.at_s) * 1000 > STALL_MS or now_s < self.stalled_until_s


@dataclass
class Context:
    """Shared by all workers of one operator process. Times in milliseconds."""

    kube: Kube
    metrics: Metrics
    events: EventRecorder
    trace: Trace
    heartbeat: Heartbeat
    leads: Callable[[], bool]
    connect_timeout_ms: int = 1000
    command_timeout_ms: int = 1000
    source_address: str = ""
    spans: Spans = OFF
    stopping: bool = False
    """The process is about to end: rounds stop before their next request."""

    def check(self) -> None:
        """The question before every request.

        Raises:
            NotLeadingError: We may not act.
        """
        if self.stopping:
            raise NotLeadingError("the operator is shutting down")
        if self.heartbeat.stalled:
            raise NotLeadingError("the operator's own loop slept")
        if not self.leads():
            raise NotLeadingError("the lease is not ours")
