"""Binds claims to directories of this machine, protects them while a pod uses them, and removes them afterwards."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gungnir.local.controllers.base import CLAIMS, PODS, STORAGE_CLASSES, VOLUMES, Name, is_terminating, name_of, read
from gungnir.local.errors import NotFoundError
from gungnir.local.events import NORMAL, WARNING, EventRecorder
from gungnir.local.node.agent import NODE_NAME, NodeAgent
from gungnir.local.registry import Registry
from gungnir.local.store import StoreEvent

STORAGE_CLASS: Final = "local"
PROTECTION: Final = "kubernetes.io/pvc-protection"
"""Finalizer: a claim that a pod uses is deleted when the pod is gone ("Storage Object in Use Protection")."""


class ClaimController:
    """One directory per claim, as a provisioner of local volumes makes it."""

    def __init__(self, registry: Registry, events: EventRecorder, agent: NodeAgent) -> None:
        self._registry = registry
        self._store = registry.store
        self._events = events
        self._agent = agent

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """Changed claims, and the claims of a pod that is gone."""
        record = event.record
        if record.key.table == CLAIMS:
            if event.type == "DELETED":
                self._discard(record.obj)
            else:
                yield name_of(record)
        elif record.key.table == PODS and event.type == "DELETED":
            for volume in record.obj["spec"].get("volumes") or []:
                if "persistentVolumeClaim" in volume:
                    yield record.key.namespace, volume["persistentVolumeClaim"]["claimName"]

    def everything(self) -> Iterable[Name]:
        """Every claim."""
        return [name_of(record) for record in self._store.scan(CLAIMS)]

    def settle(self, name: Name) -> float | None:
        """Bind, grow or let go of one claim."""
        claim = read(self._store, CLAIMS, name)
        if claim is None:
            return None
        finalizers = claim["metadata"].get("finalizers") or []
        if is_terminating(claim):
            return self._let_go(name, finalizers)
        if PROTECTION not in finalizers:
            changed = self._registry.get(CLAIMS, *name)
            changed["metadata"]["finalizers"] = [*finalizers, PROTECTION]
            self._registry.update(CLAIMS, changed)
        status = claim.get("status") or {}
        wanted = claim["spec"]["resources"]["requests"]["storage"]
        if status.get("phase") != "Bound":
            self._bind(name, wanted)
        elif (status.get("capacity") or {}).get("storage") != wanted:
            self._set_capacity(name, wanted)
        return None

    def _let_go(self, name: Name, finalizers: list[str]) -> float | None:
        if PROTECTION not in finalizers or self._in_use(name):
            return None
        if self._agent.uses_claim(*name):
            return 0.1  # the pod's object is gone already, its processes are not yet
        changed = self._registry.get(CLAIMS, *name)
        changed["metadata"]["finalizers"] = [entry for entry in finalizers if entry != PROTECTION]
        self._registry.update(CLAIMS, changed)
        return None

    def _in_use(self, name: Name) -> bool:
        return any(
            (volume.get("persistentVolumeClaim") or {}).get("claimName") == name[1]
            for record in self._store.scan(PODS, name[0])
            for volume in record.obj["spec"].get("volumes") or []
        )

    def _bind(self, name: Name, storage: str) -> None:
        claim = self._registry.get(CLAIMS, *name)
        wanted_class = claim["spec"].get("storageClassName")
        if wanted_class and read(self._store, STORAGE_CLASSES, ("", wanted_class)) is None:
            message = f'storageclass.storage.k8s.io "{wanted_class}" not found'
            self._events.record(claim, WARNING, "ProvisioningFailed", message)
            return
        volume = f"pvc-{claim['metadata']['uid']}"
        if read(self._store, VOLUMES, ("", volume)) is None:
            self._registry.create(VOLUMES, _volume(volume, claim, storage))
        claim["spec"]["volumeName"] = volume
        claim["spec"].setdefault("storageClassName", STORAGE_CLASS)
        bound = self._registry.update(CLAIMS, claim)
        bound["status"] = {
            "phase": "Bound",
            "accessModes": claim["spec"].get("accessModes") or ["ReadWriteOnce"],
            "capacity": {"storage": storage},
        }
        self._registry.update(CLAIMS, bound, subresource="status")
        self._events.record(claim, NORMAL, "ProvisioningSucceeded", f"Successfully provisioned volume {volume}")

    def _set_capacity(self, name: Name, storage: str) -> None:
        """Grow the volume and say so: a directory is as large as its disk, so there is nothing else to do."""
        claim = self._registry.get(CLAIMS, *name)
        volume = self._registry.get(VOLUMES, None, claim["spec"]["volumeName"])
        volume["spec"]["capacity"] = {"storage": storage}
        self._registry.update(VOLUMES, volume)
        claim["status"]["capacity"] = {"storage": storage}
        self._registry.update(CLAIMS, claim, subresource="status")

    def _discard(self, claim: Mapping[str, Any]) -> None:
        self._agent.remove_claim(claim)
        volume = (claim.get("spec") or {}).get("volumeName")
        if volume:
            try:
                self._registry.delete(VOLUMES, None, volume)
            except NotFoundError:
                return


def _volume(name: str, claim: Mapping[str, Any], storage: str) -> dict[str, Any]:
    metadata = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": storage},
            "accessModes": claim["spec"].get("accessModes") or ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": claim["spec"].get("storageClassName") or STORAGE_CLASS,
            "local": {"path": f"claims/{metadata['namespace']}/{metadata['name']}"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "nodeAffinity": {
                "required": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}
                            ]
                        }
                    ]
                }
            },
        },
    }
