"""Binds pods to the one node, or says why not."""

from collections.abc import Iterable, Mapping
from typing import Any

from gungnir.local.controllers.base import PODS, Name, is_terminating, name_of, read
from gungnir.local.events import NORMAL, WARNING, EventRecorder
from gungnir.local.node.agent import NODE_NAME
from gungnir.local.registry import Registry
from gungnir.local.store import StoreEvent


class Scheduler:
    """Binds a pod unless its node selector or a scheduling gate forbids it.

    Affinity, tolerations and resources never keep a pod from the local node: it stands for as many machines as needed.
    """

    def __init__(self, registry: Registry, events: EventRecorder, node_labels: Mapping[str, str]) -> None:
        self._registry = registry
        self._events = events
        self._node_labels = node_labels

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """New and changed pods."""
        if event.record.key.table == PODS and event.type != "DELETED" and not event.record.obj["spec"].get("nodeName"):
            yield name_of(event.record)

    def everything(self) -> Iterable[Name]:
        """Every pod."""
        return [name_of(record) for record in self._registry.store.scan(PODS)]

    def settle(self, name: Name) -> float | None:
        """Bind the pod."""
        pod = read(self._registry.store, PODS, name)
        if pod is None or pod["spec"].get("nodeName") or is_terminating(pod):
            return None
        refusal = self._refusal(pod["spec"])
        if refusal:
            reason, message = refusal
            if self._set_scheduled(name, "False", reason, message):
                self._events.record(pod, WARNING, "FailedScheduling", message)
            return None
        bound = self._registry.get(PODS, *name)
        bound["spec"]["nodeName"] = NODE_NAME
        self._registry.update(PODS, bound)
        self._set_scheduled(name, "True", "", "")
        self._events.record(pod, NORMAL, "Scheduled", f"Successfully assigned {name[0]}/{name[1]} to {NODE_NAME}")
        return None

    def _refusal(self, spec: Mapping[str, Any]) -> tuple[str, str] | None:
        gates = [gate["name"] for gate in spec.get("schedulingGates") or []]
        if gates:
            return "SchedulingGated", f"Scheduling is blocked due to non-empty scheduling gates: {', '.join(gates)}"
        wanted = spec.get("nodeSelector") or {}
        if any(self._node_labels.get(key) != value for key, value in wanted.items()):
            return "Unschedulable", "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
        return None

    def _set_scheduled(self, name: Name, status: str, reason: str, message: str) -> bool:
        """Write the PodScheduled condition; whether it changed."""
        pod = self._registry.get(PODS, *name)
        conditions = (pod.setdefault("status", {})).setdefault("conditions", [])
        old = next((entry for entry in conditions if entry["type"] == "PodScheduled"), None)
        if old and (old["status"], old.get("message", "")) == (status, message):
            return False
        entry = {"type": "PodScheduled", "status": status, "lastTransitionTime": self._registry.now()}
        if reason:
            entry |= {"reason": reason, "message": message}
        pod["status"]["conditions"] = [c for c in conditions if c["type"] != "PodScheduled"] + [entry]
        self._registry.update(PODS, pod, subresource="status")
        return True
