"""The state of the plane and the operations on it."""

import socket
from collections.abc import Callable, Iterable
from typing import Any, Final

from gungnir.local.addresses import Address
from gungnir.local.plane.children import Children
from gungnir.local.plane.doors import PodDoor, ServiceDoor
from gungnir.local.plane.faults import CLIENTS, FaultTable
from gungnir.local.plane.reactor import Reactor

_POLL_S: Final = 0.003
_SLOW_POLL_S: Final = 0.02
_FAST_POLLS: Final = 500
_CONNECT_TIMEOUT_S: Final = 0.05


class Plane:
    """All doors, the names of the parties, the faults and the children."""

    def __init__(self, reactor: Reactor, report: Callable[[dict[str, Any]], None]) -> None:
        """Report events: ``{"event": "listening", "pid"}`` and ``{"event": "exited", "pid", "status"}``."""
        self.reactor = reactor
        self.faults = FaultTable()
        self.children = Children(reactor, self._exited)
        self._report = report
        self._names: dict[str, str] = {}
        self._doors: dict[Address, PodDoor] = {}
        self._doors_of: dict[int, list[PodDoor]] = {}
        self._services: dict[Address, ServiceDoor] = {}
        self._retired: set[Address] = set()

    def party(self, address: str) -> str:
        """Name of the party with this source address; addresses without a name are clients."""
        return self._names.get(address, CLIENTS)

    def pod_door(self, address: Address) -> PodDoor | None:
        """The door at a pod's address and port."""
        return self._doors.get(address)

    def name(self, party: str, address: str) -> None:
        """Call the peers with this source address ``party``."""
        self._names[address] = party

    def open_door(self, party: str, address: Address, target: Address, pid: int) -> None:
        """Relay ``address`` to ``target`` as soon as child ``pid`` listens there, until it ends.

        Raises:
            OSError: The address cannot be listened on.
        """
        door = self._doors.get(address)
        if door is None:
            door = self._doors[address] = PodDoor(self, party, address, target)
        door.check()
        door.target = target
        self._retired.discard(address)
        if self.children.lives(pid):
            self._doors_of.setdefault(pid, []).append(door)
            self._await_listening(door, pid, polls=0)

    def retire(self, address: str, *, silent: bool) -> None:
        """The pod at ``address`` is gone for good; a door that a cut still hides goes with the cut.

        With ``silent`` the address swallows what is sent to it from now on instead of refusing it.
        """
        gone = [key for key in self._doors if key[0] == address]
        if silent:
            for key in gone:
                self._doors[key].bury()
        else:
            self._retired.update(gone)
            self._forget_retired()

    def route(self, address: Address, endpoints: Iterable[Address]) -> None:
        """Lead new connections to a Service's address to one of ``endpoints``; none of them: refuse.

        Raises:
            OSError: The address cannot be listened on.
        """
        service = self._services.get(address)
        if service is None:
            service = self._services[address] = ServiceDoor(self, address)
        service.route(tuple(endpoints))

    def unroute(self, address: Address) -> None:
        """The Service port is gone."""
        service = self._services.pop(address, None)
        if service is not None:
            service.remove()

    def set_faults(self, faults: FaultTable, *, resume: bool) -> None:
        """Replace the faults; connections whose cut is over are dropped, or go on if ``resume``."""
        self.faults = faults
        for door in self._doors.values():
            door.faults_changed(resume=resume)
        self._forget_retired()

    def relays(self) -> dict[str, int]:
        """Number of relayed connections by party."""
        counts: dict[str, int] = {}
        for door in self._doors.values():
            counts[door.party] = counts.get(door.party, 0) + len(door.relays)
        return counts

    def _await_listening(self, door: PodDoor, pid: int, polls: int) -> None:
        if not self.children.lives(pid):
            return
        if _answers(door.target) and door.process_listens():
            self._report({"event": "listening", "pid": pid})
            return
        delay_s = _POLL_S if polls < _FAST_POLLS else _SLOW_POLL_S
        self.reactor.call_later(delay_s, lambda: self._await_listening(door, pid, polls + 1))

    def _exited(self, pid: int, status: int) -> None:
        for door in self._doors_of.pop(pid, ()):
            door.process_died()
        self._report({"event": "exited", "pid": pid, "status": status})

    def _forget_retired(self) -> None:
        for address in tuple(self._retired):
            door = self._doors[address]
            if door.forgettable:
                door.faults_changed(resume=False)
                del self._doors[address]
                self._retired.discard(address)
                self._names.pop(address[0], None)


def _answers(address: Address) -> bool:
    """Whether something listens at ``address``; a loopback connect is answered or refused at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_TIMEOUT_S)
        try:
            probe.connect(address)
        except OSError:
            return False
        return True
