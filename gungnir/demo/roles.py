"""Watches who says that it is primary: ``ROLE`` of every pod, 50 times a second or as asked, on connections of its own.

Theory of operation: all pods are asked at the same tick. A pod whose answer is outstanding is not asked again, so a
frozen pod delays nobody. Two pods that both answer "primary" within a tick may still have handed over in between. So
when one pod answers "primary" and another did so less than a period ago, the other is asked once more at once: if it is
primary still, it was so before and after the first one's answer, and there were two.

A primary has a replica if a pod says that it follows it and that the link stands. What a primary itself lists is no
evidence: cut off from its replicas, it lists them until ``repl-timeout`` although they follow another one.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from gungnir.demo.connection import Connection
from gungnir.demo.errors import ConnectError, LostError
from gungnir.errors import RetryableError
from gungnir.resp import ReplyError
from gungnir.resp.commands import role
from gungnir.resp.replies import PrimaryRole, ReplicaRole, RoleReply, parse_role

PERIOD_MS: Final = 20
_DEADLINE_MS: Final = 500
_REFRESH_S: Final = 0.2
_KEPT_DOUBLES: Final = 20  # enough to understand what happened

Addresses = Callable[[], Mapping[str, tuple[str, int]]]
"""Returns host and port of every pod that has an address now."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of one pod; ``error`` if it answered none."""

    pod: str
    asked_ns: int
    answered_ns: int
    role: RoleReply | None
    error: str = ""

    @property
    def primary(self) -> bool:
        """Whether the pod said that it is primary."""
        return isinstance(self.role, PrimaryRole)

    def follows(self, address: tuple[str, int]) -> bool:
        """Whether the pod said that it follows this address and that the link stands."""
        role = self.role
        return isinstance(role, ReplicaRole) and role.connected and (role.host, role.port) == address


@dataclass
class RoleCounts:
    """What was seen so far.

    Attributes:
        samples: Answers.
        ticks: Ticks in which at least one pod answered.
        two_primaries: Samples with two primaries at once.
        two_with_replicas: Those of them in which both had a replica: what must never happen.
        last_double_ns: When the last of them was, by ``time.monotonic_ns``; 0 for never.
        doubles: The first of these samples, in words.
    """

    samples: int = 0
    ticks: int = 0
    two_primaries: int = 0
    two_with_replicas: int = 0
    last_double_ns: int = 0
    doubles: list[str] = field(default_factory=list)


class _Pod:
    """One pod's connection: asks, and remembers the last answer."""

    def __init__(self, name: str, password: str | None) -> None:
        self.name = name
        self.latest: Sample | None = None
        self.asking: asyncio.Task[None] | None = None
        self._password = password
        self._connection: tuple[Connection, tuple[str, int]] | None = None
        self._turn = asyncio.Lock()

    async def ask(self, address: tuple[str, int]) -> Sample:
        """Ask once, after the question that is outstanding; a failure is a sample as well."""
        async with self._turn:
            asked_ns = time.monotonic_ns()
            reply: RoleReply | None = None
            error = ""
            try:
                reply = parse_role(await (await self._connected(address)).call(role(), deadline_ms=_DEADLINE_MS))
            except (ConnectError, LostError, ReplyError) as problem:
                self.close()
                error = str(problem)
            self.latest = Sample(self.name, asked_ns, time.monotonic_ns(), reply, error)
            return self.latest

    def was_primary(self, since_ns: int) -> bool:
        """Whether its last answer is of ``since_ns`` or later, and says primary."""
        return self.latest is not None and self.latest.primary and self.latest.answered_ns >= since_ns

    async def _connected(self, address: tuple[str, int]) -> Connection:
        if self._connection is not None and self._connection[1] != address:
            self.close()
        if self._connection is None:
            opened = await Connection.open(*address, password=self._password, deadline_ms=_DEADLINE_MS)
            self._connection = opened, address
        return self._connection[0]

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            self._connection[0].close()
            self._connection = None


class RoleSampler:
    """Samples while inside ``async with``.

    Args:
        addresses: Where the pods are; asked at every tick.
        password: Of the ``default`` user; None without authentication.
        refresh: Called every 200 ms, to learn of pods that came or moved; its failures are of no consequence.
        period_ms: Milliseconds from tick to tick.
    """

    def __init__(
        self,
        addresses: Addresses,
        password: str | None,
        refresh: Callable[[], Awaitable[object]] | None = None,
        period_ms: int = PERIOD_MS,
    ) -> None:
        self.counts: Final = RoleCounts()
        self.primaries: Final[list[tuple[int, tuple[str, ...]]]] = []
        """Who was primary, as (``time.monotonic_ns``, pods), entered at each change."""
        self._addresses = addresses
        self._password = password
        self._pods: dict[str, _Pod] = {}
        self._counted_ns = 0
        self._period_ns = period_ms * 1_000_000
        self._refresh = refresh
        self._refreshing: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        self._refreshing = asyncio.create_task(self._keep_fresh())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in (self._task, self._refreshing, *(pod.asking for pod in self._pods.values())):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        for pod in self._pods.values():
            pod.close()

    def latest(self, pod: str) -> Sample | None:
        """The last answer of a pod."""
        return self._pods[pod].latest if pod in self._pods else None

    async def _run(self) -> None:
        due = time.monotonic()
        while True:
            tick_ns = time.monotonic_ns()
            for name, address in self._addresses().items():
                pod = self._pods.setdefault(name, _Pod(name, self._password))
                if pod.asking is None or pod.asking.done():
                    pod.asking = asyncio.create_task(self._sample(pod, address))
            due = max(due + self._period_ns / 1e9, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            self._note(tick_ns)

    async def _keep_fresh(self) -> None:
        while self._refresh is not None:
            with contextlib.suppress(RetryableError):
                await self._refresh()
            await asyncio.sleep(_REFRESH_S)

    async def _sample(self, pod: _Pod, address: tuple[str, int]) -> None:
        sample = await pod.ask(address)
        self.counts.samples += sample.role is not None
        if sample.primary:
            since_ns = sample.answered_ns - self._period_ns
            rivals = [other for other in self._pods.values() if other is not pod and other.was_primary(since_ns)]
            for rival in rivals:
                await self._confirm(sample, rival)

    async def _confirm(self, sample: Sample, rival: _Pod) -> None:
        address = self._addresses().get(rival.name)
        again = await rival.ask(address) if address is not None else None
        # One count for the two pods of a pair, which both come here.
        if again is None or not again.primary or sample.asked_ns - self._counted_ns < self._period_ns // 2:
            return
        self._counted_ns = sample.asked_ns
        counts = self.counts
        followers = {each.pod: self._followers(each.pod) for each in (sample, again)}
        counts.two_primaries += 1
        counts.two_with_replicas += all(followers.values())
        counts.last_double_ns = sample.answered_ns
        if len(counts.doubles) < _KEPT_DOUBLES:
            pair = " and ".join(f"{pod} followed by {', '.join(by) or 'nobody'}" for pod, by in followers.items())
            counts.doubles.append(f"{pair} at {sample.answered_ns} ns")

    def _followers(self, primary: str) -> list[str]:
        address = self._addresses().get(primary)
        since_ns = time.monotonic_ns() - 2 * self._period_ns
        latest = [pod.latest for pod in self._pods.values() if pod.latest and pod.latest.answered_ns >= since_ns]
        return [sample.pod for sample in latest if address is not None and sample.follows(address)]

    def _note(self, tick_ns: int) -> None:
        answered = [pod.latest for pod in self._pods.values() if pod.latest and pod.latest.answered_ns >= tick_ns]
        self.counts.ticks += any(sample.role is not None for sample in answered)
        names = tuple(sorted(sample.pod for sample in answered if sample.primary))
        if names and (not self.primaries or self.primaries[-1][1] != names):
            self.primaries.append((tick_ns, names))
