"""Kubernetes Events of the local node and controllers, as ``kubectl describe`` and ``kubectl get events`` show them."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from gungnir.local.errors import ApiError, NotFoundError
from gungnir.local.registry import Registry

Obj = dict[str, Any]
_MAX_EVENTS: Final = 1000
"""Events kept; the oldest goes when another comes (a real API server forgets them after an hour)."""

NORMAL: Final = "Normal"
WARNING: Final = "Warning"


class EventRecorder:
    """Writes Events of one component; the same event again only counts up."""

    def __init__(self, registry: Registry, component: str) -> None:
        self._registry = registry
        self._component = component
        self._known: OrderedDict[tuple[str, str, str], tuple[str, str]] = OrderedDict()

    def record(self, about: Mapping[str, Any], kind: str, reason: str, message: str) -> None:
        """Record that something happened to the object ``about``; never fails the caller."""
        metadata = about["metadata"]
        key = (metadata["uid"], reason, message)
        try:
            if key in self._known:
                self._count_up(key)
            else:
                self._create(about, key, kind)
        except ApiError:
            self._known.pop(key, None)  # the namespace is going, or somebody deleted the Event: nothing to tell

    def _create(self, about: Mapping[str, Any], key: tuple[str, str, str], kind: str) -> None:
        metadata, now = about["metadata"], self._registry.now()
        namespace = metadata.get("namespace", "default")
        created = self._registry.create(
            "events",
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"generateName": f"{metadata['name']}.", "namespace": namespace},
                "involvedObject": {
                    "apiVersion": about["apiVersion"],
                    "kind": about["kind"],
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                    "resourceVersion": metadata.get("resourceVersion", ""),
                    **({"namespace": namespace} if "namespace" in metadata else {}),
                },
                "type": kind,
                "reason": key[1],
                "message": key[2],
                "source": {"component": self._component, "host": "local"},
                "reportingComponent": self._component,
                "reportingInstance": "local",
                "firstTimestamp": now,
                "lastTimestamp": now,
                "eventTime": None,
                "count": 1,
            },
        )
        self._known[key] = (namespace, created["metadata"]["name"])
        if len(self._known) > _MAX_EVENTS:
            _key, (old_namespace, name) = self._known.popitem(last=False)
            self._registry.delete("events", old_namespace, name)

    def _count_up(self, key: tuple[str, str, str]) -> None:
        namespace, name = self._known[key]
        try:
            event = self._registry.get("events", namespace, name)
        except NotFoundError:
            del self._known[key]
            return
        event["count"] = event.get("count", 1) + 1
        event["lastTimestamp"] = self._registry.now()
        self._registry.update("events", event)
        self._known.move_to_end(key)
