"""Listening addresses: one door per pod port, one per Service port. Every accepted connection becomes a relay.

Rules:
- A pod's door is open exactly while its process is alive and listens; afterwards a connection is refused, as by a host
  without a listener. While a cut concerns the pod the door stays open even so: whoever is cut off hears nothing, not
  even a refusal, and everybody else is reset.
- A Service's door is open while the Service has an endpoint. It picks one for each new connection and keeps established
  connections when the endpoints change, as kube-proxy does.
"""

import errno
import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from gungnir.local.addresses import Address
from gungnir.local.plane.faults import FaultTable
from gungnir.local.plane.reactor import READ, Reactor
from gungnir.local.plane.relay import Relay, reset_socket

_BACKLOG: Final = 1024
_ACCEPTS_PER_ROUND: Final = 64
_PAUSE_S: Final = 0.05


class Network(Protocol):
    """What a door needs to know about the rest of the local network."""

    reactor: Reactor
    faults: FaultTable

    def party(self, address: str) -> str:
        """Name of the party with this source address."""

    def pod_door(self, address: Address) -> "PodDoor | None":
        """The door at a pod's address and port."""


class Listener:
    """A listening socket that can be opened and closed at one address."""

    def __init__(self, reactor: Reactor, address: Address, on_accept: Callable[[socket.socket, str], None]) -> None:
        self._reactor = reactor
        self._address = address
        self._on_accept = on_accept
        self._socket: socket.socket | None = None

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self._socket is not None

    def open(self) -> None:
        """Start to listen.

        Raises:
            OSError: The address is in use or does not belong to this host.
        """
        if self._socket is not None:
            return
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(self._address)
            sock.listen(_BACKLOG)
        except OSError:
            sock.close()
            raise
        self._socket = sock
        self._reactor.watch(sock.fileno(), READ, self._accept)

    def close(self) -> None:
        """Stop to listen, at once: the kernel refuses the next connection and resets those not yet accepted."""
        if self._socket is not None:
            self._reactor.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None

    def _accept(self, _mask: int) -> None:
        for _ in range(_ACCEPTS_PER_ROUND):
            if self._socket is None:
                return
            try:
                connection, (peer, _port) = self._socket.accept()
            except OSError as exc:  # nobody left in the queue, or the peer went away while it waited there
                if exc.errno in (errno.EMFILE, errno.ENFILE):
                    self._pause(self._socket)
                return
            self._on_accept(connection, peer)

    def _pause(self, sock: socket.socket) -> None:
        """Out of descriptors: leave the queue to the kernel for a moment instead of spinning on it."""
        self._reactor.forget(sock.fileno())

        def resume() -> None:
            if self._socket is sock:
                self._reactor.watch(sock.fileno(), READ, self._accept)

        self._reactor.call_later(_PAUSE_S, resume)


class PodDoor:
    """The address of one port of one pod and all relayed connections to it."""

    def __init__(self, network: Network, party: str, address: Address, target: Address) -> None:
        self.party = party
        self.target = target
        self.relays: set[Relay] = set()
        self._network = network
        self._alive = False
        self._buried = False
        self._listener = Listener(network.reactor, address, self.enter)

    @property
    def listens(self) -> bool:
        """Whether the process behind is alive and listens."""
        return self._alive

    def check(self) -> None:
        """Find out whether the address can be listened on.

        Raises:
            OSError: It cannot, another program has the port.
        """
        if not self._listener.is_open:
            self._listener.open()
            self._listener.close()

    def process_listens(self) -> bool:
        """The process behind answers: open. False if somebody else has the port meanwhile."""
        self._alive = self._open()
        return self._alive

    def process_died(self) -> None:
        """The process behind is gone: close, and reset every connection that can hear of it."""
        self._alive = False
        if not self._network.faults.names(self.party):
            self._listener.close()
        for relay in tuple(self.relays):
            relay.process_died()

    def enter(self, connection: socket.socket, peer: str) -> None:
        """Relay a connection that ``peer`` made to this address."""
        network = self._network
        source = network.party(peer)
        faults = network.faults
        silent = faults.blocked(source, self.party) or faults.blocked(self.party, source)
        silent = silent or self._buried
        if not silent and not self._alive:
            reset_socket(connection)
            connection.close()
            return
        relay = Relay(network.reactor, connection, (source, self.party), on_close=self.relays.discard)
        self.relays.add(relay)
        if silent:
            relay.suffered = True
        else:
            relay.connect(self.target, peer, faults)

    def faults_changed(self, *, resume: bool) -> None:
        """Follow the network's faults; connections whose cut is over are dropped, or go on if ``resume``."""
        faults = self._network.faults
        for relay in tuple(self.relays):
            cut = faults.blocked(relay.source, self.party) or faults.blocked(self.party, relay.source)
            if relay.suffered and not cut and not self._buried:
                relay.heal(resume=resume)
            if not relay.closed:
                relay.apply(faults)
        if self._alive or self._buried or faults.names(self.party):
            self._open()
        else:
            self._listener.close()

    def bury(self) -> None:
        """The pod is gone, and its address does not refuse but swallow what is sent there, as in many networks."""
        self._buried = True
        self._alive = False
        self._open()

    @property
    def forgettable(self) -> bool:
        """Whether a door whose process died can be forgotten: nothing hides that from anybody."""
        return not self._alive and not self._buried and not self._network.faults.names(self.party)

    def _open(self) -> bool:
        try:
            self._listener.open()
        except OSError:  # reported by ``check``; the next change of anything tries again
            return False
        return True


@dataclass
class ServiceDoor:
    """The cluster address of one Service port."""

    network: Network
    address: Address
    endpoints: Sequence[Address] = ()
    _listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the listener, closed until there is an endpoint."""
        self._listener = Listener(self.network.reactor, self.address, self._enter)

    def route(self, endpoints: Sequence[Address]) -> None:
        """Replace the endpoints for new connections."""
        self.endpoints = endpoints
        if endpoints:
            self._listener.open()
        else:
            self._listener.close()

    def remove(self) -> None:
        """The Service is gone; established connections stay, as with kube-proxy."""
        self._listener.close()

    def _enter(self, connection: socket.socket, peer: str) -> None:
        door = self.network.pod_door(random.choice(self.endpoints)) if self.endpoints else None  # noqa: S311 - balances load
        if door is None:
            reset_socket(connection)
            connection.close()
        else:
            door.enter(connection, peer)
