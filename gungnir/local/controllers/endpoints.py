"""Endpoints and EndpointSlices of the Services that have a selector.

Source: the Kubernetes documentation of Services and EndpointSlices. A pod is an endpoint from the moment it has an
address until its object is gone; ``publishNotReadyAddresses`` makes all of them ready, terminating ones as well.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gungnir.local.controllers.base import (
    ENDPOINTS,
    PODS,
    SERVICES,
    SLICES,
    Name,
    Obj,
    is_over,
    is_ready,
    is_terminating,
    name_of,
    owner_reference,
    read,
)
from gungnir.local.errors import NotFoundError
from gungnir.local.registry import Registry
from gungnir.local.store import StoreEvent

SERVICE_LABEL: Final = "kubernetes.io/service-name"
MANAGED_BY_LABEL: Final = "endpointslice.kubernetes.io/managed-by"
MANAGER: Final = "endpointslice-controller.k8s.io"

Ports = tuple[tuple[str, str, int], ...]
"""(name, protocol, port) of each Service port on a pod."""


class EndpointsController:
    """Keeps one Endpoints object and one slice per set of target ports for each Service."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """Changed Services, and those that select a changed pod now or did before."""
        record = event.record
        if record.key.table == SERVICES:
            yield name_of(record)
        elif record.key.table == PODS:
            versions = [record.obj] + ([event.previous.obj] if event.previous else [])
            for service in self._store.scan(SERVICES, record.key.namespace):
                if any(_selects(service.obj, version) for version in versions):
                    yield name_of(service)

    def everything(self) -> Iterable[Name]:
        """Every Service."""
        return [name_of(record) for record in self._store.scan(SERVICES)]

    def settle(self, name: Name) -> float | None:
        """Make the Endpoints and slices of one Service true."""
        service = read(self._store, SERVICES, name)
        if service is None:
            self._delete(ENDPOINTS, name)
            return None
        spec = service["spec"]
        if not spec.get("selector") or spec.get("type") == "ExternalName" or is_terminating(service):
            return None
        groups: dict[Ports, list[Obj]] = {}
        for record in self._store.scan(PODS, name[0]):
            pod = record.obj
            if _selects(service, pod) and (pod.get("status") or {}).get("podIP") and not is_over(pod):
                groups.setdefault(_target_ports(spec, pod), []).append(_endpoint(service, pod))
        if not groups:
            groups[_target_ports(spec, {"spec": {"containers": []}})] = []
        self._write_slices(service, groups)
        self._write_endpoints(service, groups)
        return None

    def _write_slices(self, service: Mapping[str, Any], groups: Mapping[Ports, list[Obj]]) -> None:
        metadata = service["metadata"]
        namespace = metadata["namespace"]
        existing = [
            record.key.name
            for record in self._store.scan(SLICES, namespace)
            if (record.obj["metadata"].get("labels") or {}).get(SERVICE_LABEL) == metadata["name"]
            and (record.obj["metadata"].get("labels") or {}).get(MANAGED_BY_LABEL) == MANAGER
        ]
        wanted = []
        for number, (ports, endpoints) in enumerate(sorted(groups.items())):
            name = f"{metadata['name']}-{metadata['uid'][:5]}" + (f"-{number}" if number else "")
            wanted.append(name)
            content = {
                "addressType": "IPv4",
                "ports": [{"name": n, "protocol": protocol, "port": port} for n, protocol, port in ports],
                "endpoints": endpoints,
            }
            labels = {**(metadata.get("labels") or {}), SERVICE_LABEL: metadata["name"], MANAGED_BY_LABEL: MANAGER}
            if spec_is_headless(service):
                labels["service.kubernetes.io/headless"] = ""
            self._write(SLICES, "discovery.k8s.io/v1", "EndpointSlice", (namespace, name), service, labels, content)
        for stale in set(existing) - set(wanted):
            self._delete(SLICES, (namespace, stale))

    def _write_endpoints(self, service: Mapping[str, Any], groups: Mapping[Ports, list[Obj]]) -> None:
        metadata = service["metadata"]
        subsets = []
        for ports, endpoints in sorted(groups.items()):
            living = [e for e in endpoints if not e["conditions"]["terminating"] or e["conditions"]["ready"]]
            ready = [_legacy(e) for e in living if e["conditions"]["ready"]]
            others = [_legacy(e) for e in living if not e["conditions"]["ready"]]
            if living:
                subset: Obj = {"ports": [{"name": n, "port": p, "protocol": pr} for n, pr, p in ports]}
                subset |= ({"addresses": ready} if ready else {}) | ({"notReadyAddresses": others} if others else {})
                subsets.append(subset)
        name = (metadata["namespace"], metadata["name"])
        self._write(ENDPOINTS, "v1", "Endpoints", name, None, metadata.get("labels") or {}, {"subsets": subsets})

    def _write(
        self,
        table: str,
        api_version: str,
        kind: str,
        name: Name,
        owner: Mapping[str, Any] | None,
        labels: Mapping[str, str],
        content: Obj,
    ) -> None:
        current = read(self._store, table, name)
        metadata: Obj = {"namespace": name[0], "name": name[1], "labels": dict(labels)}
        if owner is not None:
            metadata["ownerReferences"] = [owner_reference(owner)]
        if current is None:
            self._registry.create(table, {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content})
        elif any((current.get(key) or None) != (value or None) for key, value in content.items()):
            changed = self._registry.get(table, *name)
            changed.update(content)
            changed["metadata"]["labels"] = dict(labels)
            self._registry.update(table, changed)

    def _delete(self, table: str, name: Name) -> None:
        try:
            self._registry.delete(table, *name)
        except NotFoundError:
            return


def spec_is_headless(service: Mapping[str, Any]) -> bool:
    """Whether the Service has no address of its own."""
    return bool(service["spec"].get("clusterIP") == "None")


def _selects(service: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    selector = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def _target_ports(spec: Mapping[str, Any], pod: Mapping[str, Any]) -> Ports:
    named = {
        port["name"]: int(port["containerPort"])
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or []
        if port.get("name")
    }
    ports = []
    for port in spec.get("ports") or []:
        target = port.get("targetPort", port["port"])
        number = named.get(target) if isinstance(target, str) and not target.isdigit() else int(target)
        if number is not None:
            ports.append((port.get("name", ""), port.get("protocol", "TCP"), number))
    return tuple(ports)


def _endpoint(service: Mapping[str, Any], pod: Mapping[str, Any]) -> Obj:
    metadata, terminating, serving = pod["metadata"], is_terminating(pod), is_ready(pod)
    published = bool(service["spec"].get("publishNotReadyAddresses"))
    endpoint: Obj = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {
            "ready": published or (serving and not terminating),
            "serving": published or serving,
            "terminating": terminating,
        },
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = spec["hostname"]
    return endpoint


def _legacy(endpoint: Obj) -> Obj:
    address: Obj = {
        "ip": endpoint["addresses"][0],
        "nodeName": endpoint["nodeName"],
        "targetRef": endpoint["targetRef"],
    }
    if "hostname" in endpoint:
        address["hostname"] = endpoint["hostname"]
    return address
