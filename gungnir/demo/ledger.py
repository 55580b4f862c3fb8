"""The ledger: every write that a client tried, with all that the client knows about it.

Rules:
- A key is written once. Whether a write survived is then the question whether its key is there.
- ``acknowledged`` means that the client read ``+OK``. ``refused`` means that it read an error: the write must not be
  there. ``unknown`` means that no answer came: it may or may not be there.
- ``wait_replicas`` is what ``WAIT`` answered on the same connection after the write; None if it was not asked or not
  answered.

Times are nanoseconds of ``time.monotonic_ns``.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final


class Outcome(StrEnum):
    """What the client knows about its write."""

    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclass(slots=True)
class Write:
    """One write of a unique key; its value is the key itself."""

    key: str
    connection: int
    """Number of the connection, unique in the ledger."""
    target: str
    """Where the connection led: ``address:port``."""
    invoked_ns: int
    outcome: Outcome = Outcome.UNKNOWN
    answered_ns: int | None = None
    wait_asked: int = 0
    """How many replicas ``WAIT`` was asked for; 0: not asked."""
    wait_replicas: int | None = None
    error: str = ""

    @property
    def confirmed(self) -> bool:
        """Whether it was acknowledged and ``WAIT`` answered at least one replica, and no fewer than asked."""
        enough = self.wait_replicas is not None and self.wait_replicas >= max(1, self.wait_asked)
        return self.outcome is Outcome.ACKNOWLEDGED and enough


class Ledger:
    """All writes in the order of their invocation.

    Args:
        prefix: What every key begins with; two ledgers of one cluster need different ones.
        clock_ns: Monotonic clock.
    """

    def __init__(self, prefix: str = "ledger", clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.prefix: Final = prefix
        self.writes: list[Write] = []
        self._clock_ns = clock_ns
        self._connections = 0

    def connection(self) -> int:
        """Return a new connection's number."""
        self._connections += 1
        return self._connections

    def invoke(self, connection: int, target: str, *, wait_asked: int = 0) -> Write:
        """Enter a write that is about to be sent."""
        key = f"{self.prefix}:{len(self.writes):08d}"
        write = Write(key, connection, target, self._clock_ns(), wait_asked=wait_asked)
        self.writes.append(write)
        return write

    def acknowledge(self, write: Write) -> None:
        """The server answered ``+OK``."""
        write.outcome, write.answered_ns = Outcome.ACKNOWLEDGED, self._clock_ns()

    def refuse(self, write: Write, error: str) -> None:
        """The server answered an error."""
        write.outcome, write.answered_ns, write.error = Outcome.REFUSED, self._clock_ns(), error

    def lose(self, write: Write, error: str) -> None:
        """No answer will come. What was acknowledged before stays so: only the answer to ``WAIT`` is missing."""
        write.error = error

    def waited(self, write: Write, replicas: int) -> None:
        """``WAIT`` answered."""
        write.wait_replicas = replicas

    def since(self, start_ns: int, end_ns: int | None = None) -> Iterator[Write]:
        """Writes that were invoked in the half-open interval."""
        return (w for w in self.writes if w.invoked_ns >= start_ns and (end_ns is None or w.invoked_ns < end_ns))

    def first_acknowledged_after(self, moment_ns: int) -> Write | None:
        """The write acknowledged first of those invoked at ``moment_ns`` or later: from then on writing works."""
        return min(_acknowledged(self.since(moment_ns)), key=_answered_ns, default=None)

    def longest_gap_ms(self, start_ns: int, end_ns: int) -> float:
        """Longest time without an acknowledgement within the interval, in milliseconds; its ends count as such."""
        before_ns, after_ns = self.longest_gap(start_ns, end_ns)
        return (after_ns - before_ns) / 1e6

    def longest_gap(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Begin and end of that gap."""
        moments = sorted(_answered_ns(w) for w in _acknowledged(self.writes) if start_ns < _answered_ns(w) < end_ns)
        return max(pairwise([start_ns, *moments, end_ns]), key=lambda edge: edge[1] - edge[0])


def _acknowledged(writes: Iterable[Write]) -> Iterator[Write]:
    return (write for write in writes if write.outcome is Outcome.ACKNOWLEDGED)


def _answered_ns(write: Write) -> int:
    return write.answered_ns or 0
