"""What kube-proxy does on a node: leads a Service's address to its endpoints.

Source: "Virtual IPs and Service Proxies" of the Kubernetes documentation. New connections go to ready endpoints; if
there is none, to those that still serve while they terminate; otherwise they are refused. Established ones stay.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gungnir.local.addresses import Address, AddressPool, Block
from gungnir.local.controllers.base import SERVICES, SLICES, Name, name_of, read
from gungnir.local.controllers.endpoints import SERVICE_LABEL
from gungnir.local.plane.client import PlaneClient
from gungnir.local.registry import Registry
from gungnir.local.store import StoreEvent

Routes = dict[Address, list[Address]]


class ServiceProxy:
    """Allocates the Services' addresses and tells the plane where each port leads."""

    def __init__(self, registry: Registry, plane: PlaneClient, addresses: AddressPool) -> None:
        self._registry = registry
        self._store = registry.store
        self._plane = plane
        self._addresses = addresses
        self._routes: dict[Name, Routes] = {}
        registry.cluster_ip = lambda _namespace, _name: addresses.take()

    def adopt(self, block: Block) -> None:
        """Keep the addresses of stored Services; those of another block are replaced, as nothing can listen there."""
        for record in self._store.scan(SERVICES):
            address = record.obj["spec"].get("clusterIP")
            if address and address != "None" and block.contains(address):
                self._addresses.reserve(address)
        for record in self._store.scan(SERVICES):
            address = record.obj["spec"].get("clusterIP")
            if address and address != "None" and not block.contains(address):
                changed = record.copy()
                changed["spec"]["clusterIP"] = self._addresses.take()
                changed["spec"]["clusterIPs"] = [changed["spec"]["clusterIP"]]
                self._store.put(record.key, changed)

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """Changed Services and the Services of changed slices."""
        record = event.record
        if record.key.table == SERVICES:
            yield name_of(record)
        elif record.key.table == SLICES:
            service = (record.obj["metadata"].get("labels") or {}).get(SERVICE_LABEL)
            if service:
                yield record.key.namespace, service

    def everything(self) -> Iterable[Name]:
        """Every Service."""
        return [name_of(record) for record in self._store.scan(SERVICES)]

    def settle(self, name: Name) -> float | None:
        """Tell the plane what changed in the routes of one Service."""
        service = read(self._store, SERVICES, name)
        old = self._routes.pop(name, {})
        new = self._wanted(service, name) if service is not None else {}
        for address in old.keys() - new.keys():
            self._plane.unroute(address)
        for address, endpoints in new.items():
            if old.get(address) != endpoints:
                self._plane.route(address, endpoints)
        if new:
            self._routes[name] = new
        for host in {host for host, _port in old} - {host for host, _port in new}:
            self._addresses.give_back(host)
        return None

    def routes(self, name: Name) -> Routes:
        """Where each port of a Service leads now."""
        return self._routes.get(name, {})

    def _wanted(self, service: Mapping[str, Any], name: Name) -> Routes:
        address = service["spec"].get("clusterIP")
        if not address or address == "None":
            return {}
        slices = [
            record.obj
            for record in self._store.scan(SLICES, name[0])
            if (record.obj["metadata"].get("labels") or {}).get(SERVICE_LABEL) == name[1]
        ]
        return {
            (address, int(port["port"])): _endpoints(slices, port.get("name", ""))
            for port in service["spec"].get("ports") or []
            if port.get("protocol", "TCP") == "TCP"
        }


def _endpoints(slices: Iterable[Mapping[str, Any]], port_name: str) -> list[Address]:
    ready: list[Address] = []
    serving: list[Address] = []
    for part in slices:
        number = next((p["port"] for p in part.get("ports") or [] if (p.get("name") or "") == port_name), None)
        if number is None:
            continue
        for endpoint in part.get("endpoints") or []:
            conditions = endpoint.get("conditions") or {}
            addresses = [(address, int(number)) for address in endpoint["addresses"]]
            if conditions.get("ready", True):
                ready += addresses
            elif conditions.get("serving") and conditions.get("terminating"):
                serving += addresses
    return sorted(ready or serving)
