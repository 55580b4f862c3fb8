"""One relayed TCP connection: a front socket (the peer's) and a back socket (to the process behind an address).

Rules:
- What one side sends is given to the other at once; a slow side stops the reading of the other, so memory is bounded.
- An end of stream and a reset of one side become the same on the other.
- A cut direction is not read any more and nobody is told: silence, as on a network that loses packets.
"""

import errno
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from gungnir.local.plane.faults import FaultTable
from gungnir.local.plane.reactor import BROKEN, FAILED, READ, WRITE, Reactor, Timer

_MAX_DELAYED_BYTES: Final = 4 * 1024 * 1024
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
_IP_BIND_ADDRESS_NO_PORT: Final = 24  # linux/in.h: the port is chosen at connect(), so that ports are not exhausted


def reset_socket(sock: socket.socket) -> None:
    """Make the coming close send RST instead of FIN."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    except OSError as exc:  # the peer may have gone already: there is nobody left to tell
        if exc.errno not in (errno.EINVAL, errno.ENOTCONN):
            raise


class _Side:
    """One socket of a relay, and what waits to be sent to it."""

    __slots__ = (
        "connected",
        "delay_ms",
        "delayed",
        "delayed_bytes",
        "eof",
        "fd",
        "frozen",
        "other",
        "over",
        "relay",
        "sock",
        "timer",
        "unsent",
    )

    def __init__(self, relay: "Relay", sock: socket.socket, *, connected: bool) -> None:
        self.relay = relay
        self.sock = sock
        self.fd = sock.fileno()
        self.connected = connected
        self.other: _Side = self
        self.unsent = bytearray()
        self.eof = False
        self.over = False  # both directions are shut
        self.frozen = False  # what this side sends is lost
        self.delay_ms = 0
        self.delayed: deque[tuple[float, bytes]] = deque()
        self.delayed_bytes = 0
        self.timer: Timer | None = None

    def ready(self, mask: int) -> None:
        """Handle readiness: the hot path of all data."""
        if not self.connected or mask & WRITE:
            self._writable()
            if self.relay.closed:
                return
        if not mask & ~WRITE:
            return
        if self.eof or self.frozen or not self.connected:
            self._broken(mask)
            return
        buffer = self.relay.buffer
        try:
            size = self.sock.recv_into(buffer)
        except BlockingIOError:
            return
        except OSError:
            self.relay.lost(self)
            return
        if self.delay_ms or self.delayed:
            self._delay(bytes(buffer[:size]))
        elif size:
            self.other.send(buffer[:size])
        else:
            self._ended()

    def _broken(self, mask: int) -> None:
        """Handle what is told of a side that is not read."""
        if not mask & BROKEN:
            return
        if self.eof and not mask & FAILED:
            # Shut in both directions, in order: no reset. What came before may still wait for the other side.
            self.over = True
            self.relay.reactor.forget(self.fd)
        else:
            self.relay.lost(self)

    def send(self, data: bytes | memoryview) -> None:
        """Send to this side now, or keep what it does not take and stop reading the other side."""
        sent = 0
        if self.connected and not self.unsent:
            try:
                sent = self.sock.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.relay.lost(self)
                return
            if sent == len(data):
                return
        self.unsent += data[sent:]
        self.rewatch()
        self.other.rewatch()

    def rewatch(self) -> None:
        """Ask the reactor for exactly the readiness that this side can use now."""
        if self.relay.closed or self.over:
            return
        mask = 0
        backlog = self.other.unsent or not self.other.connected or self.delayed_bytes > _MAX_DELAYED_BYTES
        if self.connected and not self.eof and not self.frozen and not backlog:
            mask |= READ
        if not self.connected or self.unsent:
            mask |= WRITE
        if self.frozen and not mask:
            self.relay.reactor.forget(self.fd)  # a reset that arrives here is lost on the way as well
        else:
            self.relay.reactor.watch(self.fd, mask, self.ready)

    def _writable(self) -> None:
        if not self.connected:
            if self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self.relay.lost(self)
                return
            self.connected = True
        elif self.unsent:
            try:
                del self.unsent[: self.sock.send(self.unsent)]
            except BlockingIOError:
                return
            except OSError:
                self.relay.lost(self)
                return
        if not self.unsent and self.other.eof and not self.other.delayed:
            self._finish_sending()
        if not self.relay.closed:
            self.rewatch()
            self.other.rewatch()

    def _ended(self) -> None:
        self.eof = True
        if not self.other.unsent and self.other.connected:
            self.other._finish_sending()  # noqa: SLF001 - both sides are this class
        self.rewatch()

    def _finish_sending(self) -> None:
        if self.eof:
            self.relay.close()
            return
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.relay.lost(self)

    def _delay(self, data: bytes) -> None:
        self.delayed.append((time.monotonic() + self.delay_ms / 1000, data))
        self.delayed_bytes += len(data)
        if not data:
            self.eof = True
        if self.timer is None:
            self.timer = self.relay.reactor.call_later(self.delay_ms / 1000, self.deliver)
        self.rewatch()

    def deliver(self) -> None:
        """Hand over the delayed data that is due."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        now = time.monotonic()
        while self.delayed and self.delayed[0][0] <= now and not self.relay.closed and not self.frozen:
            data = self.delayed.popleft()[1]
            self.delayed_bytes -= len(data)
            if data:
                self.other.send(data)
            else:
                self._ended()
        if self.relay.closed or self.frozen:
            return
        if self.delayed:
            self.timer = self.relay.reactor.call_later(max(0.0, self.delayed[0][0] - now), self.deliver)
        self.rewatch()


class Relay:
    """A connection from ``source`` (a party) to ``destination`` (a party) through one address of the destination."""

    def __init__(
        self,
        reactor: Reactor,
        front: socket.socket,
        route: tuple[str, str],
        *,
        on_close: Callable[["Relay"], None],
    ) -> None:
        """Take over the accepted socket ``front`` of the ``route`` (source, destination); reads nothing yet."""
        self.reactor = reactor
        self.buffer = reactor.buffer
        self.source, self.destination = route
        self.closed = False
        self.suffered = False  # a cut has concerned this connection since the last heal
        self._on_close = on_close
        front.setblocking(False)
        front.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._front = _Side(self, front, connected=True)
        self._back: _Side | None = None

    def connect(self, target: tuple[str, int], source_address: str, faults: FaultTable) -> None:
        """Connect to ``target`` from ``source_address``, so that the process behind sees who is calling."""
        back_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        back_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = self._back = _Side(self, back_socket, connected=False)
        back.other, self._front.other = self._front, back
        try:
            back_socket.setsockopt(socket.IPPROTO_IP, _IP_BIND_ADDRESS_NO_PORT, 1)
            back_socket.bind((source_address, 0))
            code = back_socket.connect_ex(target)
        except OSError:
            self.close(reset=True)
            return
        if code not in (0, errno.EINPROGRESS):
            self.close(reset=True)
            return
        back.connected = code == 0
        self.apply(faults)

    def apply(self, faults: FaultTable) -> None:
        """Follow a change of the faults: freeze, thaw or delay each direction."""
        forward = faults.blocked(self.source, self.destination)
        backward = faults.blocked(self.destination, self.source)
        self.suffered = self.suffered or forward or backward
        self._front.frozen = forward
        self._front.delay_ms = faults.delay_ms(self.source, self.destination)
        if self._back is not None:
            self._back.frozen = backward
            self._back.delay_ms = faults.delay_ms(self.destination, self.source)
            self._back.deliver()
            self._back.rewatch()
            self._front.deliver()
            self._front.rewatch()

    def heal(self, *, resume: bool) -> None:
        """A cut that concerned this connection is over: drop it, or let it go on as TCP's retransmission would."""
        if not resume or self._back is None:
            self.close(reset=True)
        self.suffered = False

    def process_died(self) -> None:
        """Reset the connection because the process behind it died, unless the news cannot reach the peer."""
        if self._back is None:
            return  # the connection was never more than a silence
        if self._back.frozen:
            self.reactor.discard(self._back.sock)
            self.reactor.forget(self._front.fd)
            self._back = None
        else:
            self.close(reset=True)

    def lost(self, side: _Side) -> None:
        """One side was reset: reset the other, unless a cut keeps the news from it."""
        if side.frozen:
            self.reactor.forget(side.fd)
        else:
            self.close(reset=True)

    def close(self, *, reset: bool = False) -> None:
        """Close both sides, with RST if ``reset``."""
        if self.closed:
            return
        self.closed = True
        for side in (self._front, self._back):
            if side is not None:
                if reset:
                    reset_socket(side.sock)
                self.reactor.discard(side.sock)
        self._on_close(self)
