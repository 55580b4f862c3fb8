"""One pod on the node, from its binding to the removal of its object.

Rules:
- The address belongs to the pod object: a container that is started again keeps it, a pod that is created again gets
  another one.
- The node writes the whole status; conditions of others (readiness gates) are kept as they are.
- The object goes only when every process has ended.
"""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from typing import Any, Final

from gungnir.local.errors import ApiError, NotFoundError
from gungnir.local.events import WARNING
from gungnir.local.node.container import Container
from gungnir.local.node.environment import ContainerConfigError
from gungnir.local.node.halt import Halt
from gungnir.local.node.images import mapped_note
from gungnir.local.node.sandbox import Sandbox
from gungnir.local.node.status import ContainerView, PodView, pod_status
from gungnir.local.registry import Registry

Obj = Mapping[str, Any]

_RETRY_S: Final = 0.1


class PodWorker:
    """Runs one pod; the agent creates it when the pod is bound to the node."""

    def __init__(self, registry: Registry, sandbox: Sandbox, release: Callable[["PodWorker"], None]) -> None:
        """``release`` is called once, when nothing of the pod is left on the node."""
        self.pod = sandbox.pod
        self.sandbox = sandbox
        self.halt = Halt()
        self._registry = registry
        self._release = release
        self._object_gone = False
        self._dirty = False
        spec, old = self.pod["spec"], self.pod.get("status") or {}
        self._view = PodView(node_address="127.0.0.1", start_time=old.get("startTime") or sandbox.node.now())
        self._init_containers = self._containers(spec.get("initContainers") or [], [])
        self._main_containers = self._containers(spec["containers"], old.get("containerStatuses") or [])
        self._view.init_containers = [container.view for container in self._init_containers]
        self._view.containers = [container.view for container in self._main_containers]
        notes = {mapped_note(c.spec["image"], sandbox.node.server) for c in self._main_containers} - {""}
        self._view.image_note = "; ".join(sorted(notes))

    @property
    def uid(self) -> str:
        """The pod object's uid."""
        return str(self.pod["metadata"]["uid"])

    @property
    def containers(self) -> list[Container]:
        """The main containers."""
        return self._main_containers

    def stop(self, grace_s: float) -> None:
        """End the pod within ``grace_s`` seconds; again with less to hurry."""
        self.halt.stop(grace_s)

    def object_gone(self) -> None:
        """Nobody waits for this pod any more: its object was removed. Kill what runs."""
        self._object_gone = True
        self.halt.stop(0)

    def rebuild(self) -> None:
        """Lose the disk: kill everything, empty the volumes, start again with the init containers."""
        self.halt.rebuild()

    def refresh(self, resource: str, name: str) -> None:
        """A ConfigMap or Secret has changed: write the files that show it again."""
        try:
            self.sandbox.volumes.refresh(resource, name)
        except (ContainerConfigError, OSError) as exc:
            self.sandbox.node.events.record(self.pod, WARNING, "FailedMount", f"MountVolume.SetUp failed: {exc}")

    def changed(self) -> None:
        """Write the status soon: several changes in one turn of the loop are one write."""
        if not self._dirty:
            self._dirty = True
            asyncio.get_running_loop().call_soon(self._write_status)

    async def run(self) -> None:
        """Run the pod until it has ended for good."""
        try:
            self._view.address = self.sandbox.address
            self.changed()
            while await self._mount():
                await self._run_containers()
                await self.halt.wait()  # a pod that completed stays as it is until it is deleted
                if self.halt.stopping:
                    break
                await asyncio.sleep(self.sandbox.node.settings.restart_delay_ms / 1000)
                self.sandbox.volumes.empty()
                self._view.initialized = False
                self.halt.rebuilt()
            self._write_status()
            self._remove_object()
        finally:
            self._release(self)

    def discard(self) -> None:
        """Delete the pod's directory on the node."""
        shutil.rmtree(self.sandbox.root, ignore_errors=True)

    async def _mount(self) -> bool:
        """Prepare the volumes, retrying while something they need is missing; False if the pod must end instead."""
        told = ""
        while not self.halt.stopping:
            try:
                self.sandbox.volumes.prepare(self.sandbox.address, self._view.node_address)
            except (ContainerConfigError, OSError) as exc:
                if told != str(exc):
                    told = str(exc)
                    self.sandbox.node.events.record(
                        self.pod, WARNING, "FailedMount", f"MountVolume.SetUp failed: {exc}"
                    )
                await asyncio.sleep(_RETRY_S)
            else:
                return True
        return False

    async def _run_containers(self) -> None:
        for container in self._init_containers:
            if not await container.run_to_completion(self.halt):
                return
        self._view.initialized = True
        self.changed()
        async with asyncio.TaskGroup() as group:
            for container in self._main_containers:
                group.create_task(container.run(self.halt))

    def _containers(self, specs: list[Obj], statuses: list[Obj]) -> list[Container]:
        known = {status["name"]: status for status in statuses}
        return [
            Container(spec, self.sandbox, _resumed_view(spec, known.get(spec["name"])), self.changed) for spec in specs
        ]

    def _write_status(self) -> None:
        self._dirty = False
        metadata = self.pod["metadata"]
        try:
            pod = self._registry.get("pods", metadata["namespace"], metadata["name"])
            if pod["metadata"]["uid"] != self.uid:
                return
            status = pod_status(pod, self._view, self._registry.now())
            if status != pod.get("status"):
                pod["status"] = status
                self._registry.update("pods", pod, subresource="status")
        except NotFoundError:
            return
        except ApiError as exc:
            self.sandbox.node.events.record(self.pod, WARNING, "FailedStatus", f"pod status was refused: {exc}")

    def _remove_object(self) -> None:
        metadata = self.pod["metadata"]
        if self._object_gone:
            return
        try:
            pod = self._registry.get("pods", metadata["namespace"], metadata["name"])
            if pod["metadata"]["uid"] == self.uid and pod["metadata"].get("deletionTimestamp"):
                self._registry.delete(
                    "pods", metadata["namespace"], metadata["name"], uid=self.uid, grace_period_seconds=0
                )
        except NotFoundError:
            return


def _resumed_view(spec: Obj, old: Obj | None) -> ContainerView:
    """The view of a container that is about to start; one that ran before the node went down counts as ended."""
    view = ContainerView(spec["name"], spec["image"])
    if old is None or not old.get("containerID"):
        return view
    view.restart_count = int(old.get("restartCount", 0)) + 1
    terminated = (old.get("state") or {}).get("terminated")
    if terminated is None:
        running = (old.get("state") or {}).get("running") or {}
        terminated = {
            "exitCode": 255,
            "reason": "Unknown",  # what a kubelet reports for a container that a reboot ended
            "startedAt": running.get("startedAt"),
            "finishedAt": running.get("startedAt"),
            "containerID": old["containerID"],
        }
    view.last_state = {"terminated": terminated}
    return view
