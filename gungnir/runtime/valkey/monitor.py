"""Watch one pod's server: one persistent connection, one reading each ``ping_interval_ms``, and evidence as it comes.

Rules
- A connection that ends is evidence at once, not at the next tick: a reconnect is tried immediately, and refusals
  are counted in quick succession, so that a dead process is known within about 0.1 s.
- A pod that cannot be reached is tried anew all the time, beside the attempts that have no answer yet: a primary that
  was cut off and failed over keeps that role until it is told.
- Silence is measured from the last answer. A wait never sleeps through the moment at which it is ``down_after_ms``.
- Commands and readings share the connection and take turns, so a reading is never older than the command before it.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from gungnir.machines.evidence import RELINK_AFTER_S
from gungnir.machines.requests import Answer, AnswerKind, PodCommand
from gungnir.machines.view import Contact, Server
from gungnir.runtime.valkey.connection import (
    AGAIN_MS,
    LostError,
    NoConnectionError,
    RefusedConnectionError,
    ValkeyError,
)
from gungnir.runtime.valkey.executor import answer_of, carry_out, reading
from gungnir.runtime.valkey.session import Keys, OutdatedError, ServerRefusedError, Session, Waits

REFUSED_RETRY_MS = 20
"""Pause between two attempts while the first refusals are counted; later ones wait longer."""
QUICK_REFUSALS = 5
UNSETTLED_MS = 60
"""Pause between two readings of a pod that loads, syncs or looks for its primary."""
SLOW_RETRY_MS = 250
SILENT_SHARE = 2_000
"""The end of a silence may be noticed late by one such part of it: at least ``AGAIN_MS``, at most ``SLOW_RETRY_MS``."""
CROSSING_MARGIN_MS = 5
"""How long after the moment at which silence counts a wait ends: a timer that fires a little early would miss it."""
SETTLING_MS = 1500
"""How long after a change the next one is looked for in quick succession."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which server to watch, and how."""

    name: str
    uid: str
    address: str
    port: int
    ping_interval_ms: int
    down_after_ms: int
    connect_timeout_ms: int
    command_timeout_ms: int
    source: str = ""


OnChange = Callable[[str, str], None]
"""Told (pod name, what happened) whenever the evidence changed."""


class Monitor:
    """Watches one pod for the life of its pod object and address.

    Attributes:
        server: The last reading; it stays when the pod falls silent.
        heard: Whether it ever answered, be it with an error.
    """

    def __init__(
        self, target: Target, keys: Callable[[], Keys | None], epoch: Callable[[], int], on_change: OnChange
    ) -> None:
        """Describe what to watch; nothing is sent before ``run``.

        Args:
            target: The server.
            keys: The current keys, or None while the Secret is not known.
            epoch: The recorded epoch, near which the pod's fence is looked for.
            on_change: Told of every change of evidence. Must not block.
        """
        self.target = target
        self.server: Server | None = None
        self.heard = False
        self.contact = Contact.UNTRIED
        self.error = ""
        self.refusals = 0
        self._keys = keys
        self._epoch = epoch
        self._on_change = on_change
        self._session: Session | None = None
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._soon: asyncio.TimerHandle | None = None
        self._crossed = False
        self._at_once = False
        self._answered_ms = self._now_ms()
        self._changed_ms = self._answered_ms

    @staticmethod
    def _now_ms() -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    @property
    def silent_ms(self) -> int:
        """Milliseconds since the last answer, or since watching began."""
        return self._now_ms() - self._answered_ms

    def forgive(self) -> None:
        """Count silence from now: our own loop slept, so the silence may have been ours."""
        self._answered_ms = self._now_ms()
        self.refusals = 0

    def poke(self) -> None:
        """Read at the next opportunity instead of at the next tick."""
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                await self._look()
                pause_ms = self._pause_ms()
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_ms / 1000):
                        await self._wake.wait()
                self._note_crossing()
        finally:
            if self._soon is not None:
                self._soon.cancel()
            self.close()

    def close(self) -> None:
        """Drop the connection."""
        if self._session is not None:
            self._session.close()
            self._session = None

    async def execute(self, command: PodCommand, acks: int, deadline_ms: int = 0) -> Answer:
        """Carry out a command on this pod, on a connection whose process is known; never raises."""
        if command.uid != self.target.uid:
            return Answer(command.pod, AnswerKind.OTHER_PROCESS, None, f"pod {self.target.uid} is there now")
        try:
            # A command takes up to three exchanges; all of them together get half as long again as one.
            deadline_ms = deadline_ms or self.target.command_timeout_ms * 3 // 2
            async with asyncio.timeout(deadline_ms / 1000), self._turn:
                session = await self._connected(self.target.command_timeout_ms)
                server = await carry_out(session, command, acks=acks, port=self.target.port)
        except ValkeyError as exc:
            self._failed(exc)
            return answer_of(command.pod, exc)
        except TimeoutError:
            self.close()
            return Answer(command.pod, AnswerKind.UNKNOWN, None, "no answer in time")
        if self._answered(server):
            self._look_soon()
        return Answer(command.pod, AnswerKind.DONE, server)

    def _look_soon(self) -> None:
        """Look again before the next tick, but not at once: the command's own reading is new, and others may follow."""
        if self._soon is None or self._soon.when() <= asyncio.get_running_loop().time():
            self._soon = asyncio.get_running_loop().call_later(UNSETTLED_MS / 1000, self._wake.set)

    async def _look(self) -> None:
        try:
            async with self._turn:
                session = await self._connected(self._within(self.target.command_timeout_ms))
                view = await session.read()
                server = reading(view, session.position, session.min_acks)
        except ValkeyError as exc:
            self._failed(exc)
        else:
            self._answered(server)

    async def _connected(self, timeout_ms: int) -> Session:
        """Return the session with the pod, a new one if there is none; each of its exchanges gets ``timeout_ms``."""
        if self._session is not None and not self._session.connection.closed:
            self._session.timeout_ms = timeout_ms
            return self._session
        keys = self._keys()
        if keys is None:
            raise NoConnectionError("the operator key is not known yet")
        target = self.target
        waits = Waits(self._within(target.connect_timeout_ms), timeout_ms, self._again_ms())
        self._session = await Session.opened(
            target.address, target.port, keys, self._epoch(), waits, target.source, self._lost
        )
        return self._session

    def _within(self, timeout_ms: int) -> int:
        """Shorten a timeout so that it does not overlook the moment at which silence counts."""
        left_ms = self._left_ms()
        return max(50, min(timeout_ms, left_ms)) if left_ms > 0 else timeout_ms

    def _again_ms(self) -> int:
        """Pause between two attempts to reach a silent pod: each costs time, and late haste gains little."""
        return min(max(AGAIN_MS, self.silent_ms // SILENT_SHARE), SLOW_RETRY_MS)

    def _left_ms(self) -> int:
        """Milliseconds until silence has certainly lasted long enough to count."""
        return self.target.down_after_ms + CROSSING_MARGIN_MS - self.silent_ms

    def _note_crossing(self) -> None:
        """Tell that silence counts now, before the next try: that one may take its whole timeout."""
        if self.contact is Contact.SILENT and not self._crossed and self.silent_ms >= self.target.down_after_ms:
            self._crossed = True
            self._on_change(self.target.name, "silent")

    def _lost(self) -> None:
        """The connection ended under us: look again at once."""
        self._on_change(self.target.name, "connection-lost")
        self._wake.set()

    def _answered(self, server: Server) -> bool:
        """Take a reading; tell whether anything that matters at once is different."""
        before, had = self.server, self.contact
        self._crossed, self.heard = False, True
        self._answered_ms = self._now_ms()
        self.server, self.contact, self.error, self.refusals = server, Contact.UP, "", 0
        if had is not Contact.UP:
            self._on_change(self.target.name, "answers")
        if before is not None and _shape(before) == _shape(server):
            return False
        self._on_change(
            self.target.name, "changed" if before is None or before.run_id == server.run_id else "process-replaced"
        )
        self._changed_ms = self._answered_ms
        return True

    def _failed(self, error: ValkeyError) -> None:
        had = (self.contact, self.refusals, self.error)
        if isinstance(error, RefusedConnectionError):
            self.contact, self.refusals, self.error = Contact.REFUSED, self.refusals + 1, ""
            event = "refused"
        elif isinstance(error, (ServerRefusedError, OutdatedError)):
            # It answered: alive, whatever it thinks of us.
            self._answered_ms, self.heard = self._now_ms(), True
            code = error.code if isinstance(error, ServerRefusedError) else "OUTDATED"
            self.contact, self.refusals, self.error = Contact.ERROR, 0, code
            event = "error-reply"
            self.close()
        else:
            # Lost in the middle of an exchange: its process may have died, and a refusal would prove it.
            self._at_once = isinstance(error, LostError) and self.contact is Contact.UP
            self.contact, self.refusals, self.error = Contact.SILENT, 0, str(error)
            event = "silent"
            self.close()
        crossed = self.silent_ms >= self.target.down_after_ms
        news = crossed is not self._crossed or had[0] is not self.contact or had[2] != self.error
        self._crossed = crossed
        if news and self.contact is Contact.ERROR:
            self._changed_ms = self._now_ms()
        if news or 0 < self.refusals <= QUICK_REFUSALS:
            self._on_change(self.target.name, event)

    def _pause_ms(self) -> int:
        target = self.target
        if self.contact is Contact.REFUSED:
            return REFUSED_RETRY_MS if self.refusals < QUICK_REFUSALS else SLOW_RETRY_MS
        if self.contact in (Contact.ERROR, Contact.UNTRIED):
            # One error for long, such as a password that is not known there, is not asked about in a tight loop.
            fresh = self._now_ms() - self._changed_ms < SETTLING_MS
            return UNSETTLED_MS if fresh else max(SLOW_RETRY_MS, target.ping_interval_ms)
        if self.contact is Contact.SILENT:
            if self._at_once:
                return 0
            left_ms, again_ms = self._left_ms(), self._again_ms()
            return min(again_ms, left_ms) if left_ms > 0 else again_ms
        steady = self._now_ms() - self._changed_ms > SETTLING_MS
        settled = steady and self.server is not None and (self.server.primary or self.server.link_up)
        return target.ping_interval_ms if settled else UNSETTLED_MS


def _shape(server: Server) -> tuple[object, ...]:
    """What matters at once, without the counters that move all the time."""
    return (
        server.run_id,
        server.primary,
        server.replid,
        server.fence,
        server.voting,
        server.disk_error,
        server.good,
        server.follows,
        server.link_up,
        server.link_down_s // RELINK_AFTER_S,
        server.syncing,
        server.loading,
        server.min_acks,
        # Of a replica nobody wants to know; every rewrite of a file, for whatever reason, would be news.
        server.primary and server.written,
    )
