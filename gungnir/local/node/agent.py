"""The node agent: follows the pods that are bound to the node and keeps a worker for each."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from gungnir.local.addresses import AddressPool
from gungnir.local.errors import NotFoundError
from gungnir.local.node.environment import Environment
from gungnir.local.node.pod import PodWorker
from gungnir.local.node.sandbox import NodeServices, Sandbox
from gungnir.local.node.volumes import Volumes, claim_directory
from gungnir.local.registry import Registry
from gungnir.local.store import Key, StoreEvent

Obj = Mapping[str, Any]

NODE_NAME: Final = "local"
NODE_ADDRESS: Final = "127.0.0.1"
_LOG: Final = logging.getLogger(__name__)
_RETRY_S: Final = 1.0
_MOUNTED: Final = frozenset({"configmaps", "secrets", "persistentvolumeclaims"})


class NodeAgent:
    """Runs the pods of the one node."""

    def __init__(self, registry: Registry, services: NodeServices, addresses: AddressPool, data_dir: Path) -> None:
        self._registry = registry
        self._services = services
        self._addresses = addresses
        self._data_dir = data_dir
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._unsubscribe: Callable[[], None] = lambda: None
        self._stopping = False

    def start(self) -> None:
        """Take over the pods that are bound to the node, and follow their changes."""
        bound = self._registry.store.scan("pods")
        stale = {(record.obj.get("status") or {}).get("podIP", "") for record in bound}
        self._addresses.skip(stale)
        self._drop_directories({record.uid for record in bound})
        self._unsubscribe = self._registry.store.subscribe(self._on_event)
        for record in bound:
            self._consider(record.obj)

    async def stop(self, grace_s: float) -> None:
        """End every pod's processes within ``grace_s`` seconds; the objects stay, as when a node is shut down."""
        self._stopping = True
        self._unsubscribe()
        for worker in self._workers.values():
            worker.stop(grace_s)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def worker(self, namespace: str, name: str) -> PodWorker | None:
        """The worker of a pod, None if the pod has none."""
        for worker in self._workers.values():
            metadata = worker.pod["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, name):
                return worker
        return None

    def uses_claim(self, namespace: str, claim: str) -> bool:
        """Whether a pod on the node uses a claim."""
        return any(
            worker.pod["metadata"]["namespace"] == namespace and claim in worker.sandbox.volumes.claims()
            for worker in self._workers.values()
        )

    def remove_claim(self, claim: Obj) -> None:
        """Delete the directory of a claim that is gone."""
        shutil.rmtree(claim_directory(self._data_dir, claim), ignore_errors=True)

    def _on_event(self, event: StoreEvent) -> None:
        try:
            self._follow(event.record.key.table, event.type, event.record.obj)
        except Exception:  # noqa: BLE001 - a defect here must not fail the request that caused the event
            _LOG.exception("the node cannot follow a change of %s", event.record.key)

    def _follow(self, table: str, kind: str, obj: Obj) -> None:
        if table == "pods":
            if kind == "DELETED":
                self._gone(obj)
            else:
                self._consider(obj)
        elif table in _MOUNTED and kind != "DELETED":
            self._refresh(table, obj)

    def _consider(self, pod: Obj) -> None:
        metadata = pod["metadata"]
        if self._stopping or pod["spec"].get("nodeName") != NODE_NAME:
            return
        worker = self._workers.get(metadata["uid"])
        deleted = bool(metadata.get("deletionTimestamp"))
        if worker is None:
            worker = self._adopt(pod)
        elif not deleted:
            worker.changed()  # a readiness gate may have changed
        if deleted:
            worker.stop(float(metadata.get("deletionGracePeriodSeconds") or 0))

    def _adopt(self, pod: Obj) -> PodWorker:
        metadata = pod["metadata"]
        namespace, uid = metadata["namespace"], metadata["uid"]
        root = self._data_dir / "pods" / uid
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        address = self._addresses.take()

        def lookup(resource: str, name: str) -> Obj | None:
            try:
                return self._registry.get(resource, namespace, name)
            except NotFoundError:
                return None

        volumes = Volumes(pod, root, self._data_dir, lookup)
        sandbox = Sandbox(self._services, pod, root, volumes, Environment(pod, lookup, address, NODE_ADDRESS))
        sandbox.address = address
        self._services.plane.name(sandbox.party, address)
        worker = self._workers[uid] = PodWorker(self._registry, sandbox, self._release)
        task = asyncio.get_running_loop().create_task(worker.run(), name=f"pod {sandbox.party}")
        task.add_done_callback(lambda ended: self._ended(worker, ended))
        self._tasks[uid] = task
        return worker

    def _ended(self, worker: PodWorker, task: "asyncio.Task[None]") -> None:
        """A worker that failed is replaced; its pod must not be forgotten."""
        if task.cancelled() or (error := task.exception()) is None or self._stopping:
            return
        _LOG.error("pod %s failed on the node and is started again", worker.sandbox.party, exc_info=error)
        metadata = worker.pod["metadata"]
        record = self._registry.store.get(Key("pods", metadata["namespace"], metadata["name"]))
        if record is not None and record.uid == worker.uid:
            asyncio.get_running_loop().call_later(_RETRY_S, self._consider, record.obj)

    def _gone(self, pod: Obj) -> None:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is not None:
            worker.object_gone()

    def _release(self, worker: PodWorker) -> None:
        """Nothing of the pod runs any more."""
        self._workers.pop(worker.uid, None)
        self._tasks.pop(worker.uid, None)
        self._services.plane.retire(worker.sandbox.address, silent=self._services.settings.silent_after_delete)
        self._addresses.give_back(worker.sandbox.address)
        if not self._stopping:
            worker.discard()

    def _refresh(self, resource: str, obj: Obj) -> None:
        metadata = obj["metadata"]
        for worker in self._workers.values():
            if worker.pod["metadata"]["namespace"] == metadata["namespace"]:
                worker.refresh(resource, metadata["name"])

    def _drop_directories(self, uids: set[str]) -> None:
        """Delete what pods left behind that were removed while the node was down."""
        pods = self._data_dir / "pods"
        for directory in pods.iterdir() if pods.is_dir() else ():
            if directory.name not in uids:
                shutil.rmtree(directory, ignore_errors=True)
