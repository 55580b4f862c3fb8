"""A single-threaded epoll loop: one dictionary look-up per ready socket, so that a relayed message costs microseconds.

Rules:
- A handler is called with the epoll mask and must tolerate a call without cause (it sees ``BlockingIOError``).
- ``discard`` closes a socket at the end of the current round, so that a descriptor number is never reused within it.
"""

import heapq
import select
import socket
import time
from collections.abc import Callable
from typing import Final

READ: Final = select.EPOLLIN
WRITE: Final = select.EPOLLOUT
FAILED: Final = select.EPOLLERR
BROKEN: Final = select.EPOLLHUP | FAILED

_BUFFER_BYTES: Final = 256 * 1024

Handler = Callable[[int], None]


class Timer:
    """A call that is due at a monotonic time; ``cancel`` makes it do nothing."""

    __slots__ = ("action", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self.action: Callable[[], None] | None = action

    def __lt__(self, other: "Timer") -> bool:
        return self.due < other.due

    def cancel(self) -> None:
        """Forget the action; the timer stays in the heap until it is due."""
        self.action = None


class Reactor:
    """Dispatches readiness of descriptors and due timers until ``stop``."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._timers: list[Timer] = []
        self._condemned: list[socket.socket] = []
        self._running = False
        self.buffer: Final = memoryview(bytearray(_BUFFER_BYTES))
        """Scratch space for received data, valid until the next read of any handler."""

    def watch(self, fd: int, mask: int, handler: Handler) -> None:
        """Call ``handler`` whenever ``fd`` is ready for ``mask``; replaces an earlier registration of ``fd``."""
        if fd in self._handlers:
            self._epoll.modify(fd, mask)
        else:
            self._epoll.register(fd, mask)
        self._handlers[fd] = handler

    def forget(self, fd: int) -> None:
        """Stop watching ``fd``; a descriptor that is not watched is ignored."""
        if self._handlers.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def discard(self, sock: socket.socket) -> None:
        """Stop watching ``sock`` and close it at the end of this round."""
        self.forget(sock.fileno())
        self._condemned.append(sock)

    def call_later(self, delay_s: float, action: Callable[[], None]) -> Timer:
        """Call ``action`` once, ``delay_s`` seconds from now."""
        timer = Timer(time.monotonic() + delay_s, action)
        heapq.heappush(self._timers, timer)
        return timer

    def stop(self) -> None:
        """Return from ``run`` after the current round."""
        self._running = False

    def run(self) -> None:
        """Dispatch until ``stop`` is called."""
        self._running = True
        poll, handlers = self._epoll.poll, self._handlers
        while self._running:
            for fd, mask in poll(self._wait_s()):
                handler = handlers.get(fd)
                if handler is not None:
                    handler(mask)
            if self._timers:
                self._fire()
            if self._condemned:
                self._bury()
        self._bury()
        self._epoll.close()

    def _wait_s(self) -> float:
        return max(0.0, self._timers[0].due - time.monotonic()) if self._timers else -1.0

    def _fire(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0].due <= now:
            action = heapq.heappop(self._timers).action
            if action is not None:
                action()

    def _bury(self) -> None:
        condemned, self._condemned = self._condemned, []
        for sock in condemned:
            sock.close()
