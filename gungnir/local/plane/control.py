"""The control channel of the plane: JSON lines over a socket pair.

A request is ``{"id": n, "op": name, ...}``; its answer is ``{"id": n, "error": null | text, ...}``. A message without
an id is an event that nobody asked for. The end of the channel is the end of the parent.
"""

import json
import socket
from typing import Any, Final

from gungnir.local.plane.faults import FaultTable
from gungnir.local.plane.plane import Plane
from gungnir.local.plane.reactor import READ, Reactor

_CHUNK_BYTES: Final = 65536


class ControlChannel:
    """Reads requests, applies them to the plane in order and answers each."""

    def __init__(self, reactor: Reactor, sock: socket.socket) -> None:
        """Take over the child's end of the socket pair."""
        self.plane = Plane(reactor, self._send)
        self._reactor = reactor
        self._socket = sock
        self._received = bytearray()
        sock.setblocking(True)  # a reader that does not follow is our parent: waiting for it is right
        reactor.watch(sock.fileno(), READ, self._readable)

    def _readable(self, _mask: int) -> None:
        try:
            data = self._socket.recv(_CHUNK_BYTES)
        except OSError:
            data = b""
        if not data:
            self._reactor.forget(self._socket.fileno())
            self._reactor.stop()
            return
        self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = rest
        for line in lines:
            self._answer(json.loads(line))

    def _answer(self, request: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"id": request["id"], "error": None}
        try:
            answer.update(self._apply(request) or {})
        except (OSError, ValueError) as exc:  # ValueError: a null byte in an argument of spawn
            answer["error"] = f"{request['op']}: {exc}"
        self._send(answer)

    def _apply(self, request: dict[str, Any]) -> dict[str, Any] | None:
        plane = self.plane
        match request["op"]:
            case "name":
                plane.name(request["party"], request["address"])
            case "open":
                address, target = tuple(request["address"]), tuple(request["target"])
                plane.open_door(request["party"], address, target, request["pid"])
            case "retire":
                plane.retire(request["address"], silent=request["silent"])
            case "route":
                plane.route(tuple(request["address"]), [tuple(endpoint) for endpoint in request["endpoints"]])
            case "unroute":
                plane.unroute(tuple(request["address"]))
            case "faults":
                cuts = [(a, b) for a, b in request["cuts"]]
                delays_ms = [((a, b), delay_ms) for a, b, delay_ms in request["delays_ms"]]
                plane.set_faults(FaultTable.build(cuts, delays_ms), resume=request["resume"])
            case "spawn":
                pid = plane.children.spawn(request["argv"], request["env"], request["cwd"], request["log_path"])
                return {"pid": pid}
            case "signal":
                plane.children.send_signal(request["pid"], request["number"], group=request["group"])
            case "relays":
                return {"relays": plane.relays()}
            case unknown:
                return {"error": f"unknown operation {unknown!r}"}
        return None

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:  # the parent is gone: the end of the channel is read next
            return
