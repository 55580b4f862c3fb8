"""Every request of the operator, carried out by its own executor on a real API server, one at a time.

What a request needs beforehand is read or made by an administrator, so that the calls that are counted are its own.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster, parse_cluster
from gungnir.machines import requests
from gungnir.machines.lease import LeaseTimes
from gungnir.machines.record import Record
from gungnir.machines.requests import Forbidden, Reply, Request
from gungnir.machines.summary import Summary
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build
from gungnir.runtime.api_executor import ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache, version_of
from gungnir.runtime.errors import Call, KubeError
from gungnir.runtime.events import EventRecorder, Reason
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import (
    PERSISTENTVOLUMECLAIMS,
    PODS,
    VALKEYCLUSTERS,
    Object,
    Resource,
    ref_of,
)
from gungnir.runtime.leadership import Leadership
from gungnir.runtime.rights import CACHED

GI = 2**30
CLASS = "growing"


@dataclass
class Calls:
    """The calls of one exercise."""

    made: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def note(self, call: Call, code: int, _seconds: float) -> None:
        """Fits ``OnCall``."""
        words = f"{call.verb} {call.resource}"
        self.made.add(words)
        if code == 403:
            self.forbidden.add(words)
        self._changed.set()

    async def next(self) -> None:
        """Wait for another call."""
        self._changed = anyio.Event()
        await self._changed.wait()


class Stage:
    """One namespace with a cluster and all that belongs to it, seen by an administrator and by the operator."""

    def __init__(self, admin: Kube, operator: Kube, calls: Calls, namespace: str) -> None:
        self.admin, self.operator, self.calls, self.namespace = admin, operator, calls, namespace
        self.cache = ClusterCache()
        self.cluster: ValkeyCluster
        self.executor: ApiExecutor

    async def prepare(self, *, owned: bool = True) -> None:
        """Make the cluster and what it owns, a pod, and a claim that may grow."""
        made = await self._ensure(
            {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "metadata": {
                    "name": "demo",
                    "namespace": self.namespace,
                    "annotations": {names.SWITCHOVER_ANNOTATION: "any"},
                },
            }
        )
        self.cluster = parse_cluster(made)
        self.executor = ApiExecutor(
            self.operator, self.cluster, self.cache, self.inputs, _summary, lambda _pod: "192.0.2.1", lambda: None
        )
        if owned:
            for kind in OwnedKind:
                await self._ensure(build(kind, self.inputs()))

    def inputs(self) -> BuildInputs:
        """What the owned objects are built of."""
        return BuildInputs(self.cluster, epoch=1, operator_key="5c" * 32, password="open sesame")

    async def _ensure(self, obj: Object) -> Object:
        try:
            return await self.admin.get(ref_of(obj))
        except KubeError:
            return await self.admin.create(obj)

    async def as_admin(self, request: Request) -> Reply:
        """Carry out a request with every right, uncounted."""
        self.executor._kube = self.admin
        try:
            reply = await self.executor.execute(request)
        finally:
            self.executor._kube = self.operator
        assert reply is not None
        return reply

    async def pod(self) -> Object:
        """A pod of the cluster, in the cache."""
        spec = {"containers": [{"name": "valkey", "image": "i"}]}
        metadata = {"name": "demo-0", "namespace": self.namespace, "labels": names.base_labels("demo")}
        await self._ensure({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        pod = await self.admin.get(PODS.ref(self.namespace, "demo-0"))
        self.cache.pods["demo-0"] = pod
        return pod

    async def claim(self) -> Object:
        """A bound claim of a class that lets it grow, in the cache."""
        spec: Object = {"accessModes": ["ReadWriteOnce"], "storageClassName": CLASS, "volumeName": "v"}
        spec["resources"] = {"requests": {"storage": "1Gi"}}
        metadata = {"name": "data-demo-0", "namespace": self.namespace, "labels": names.base_labels("demo")}
        await self._ensure({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
        ref = PERSISTENTVOLUMECLAIMS.ref(self.namespace, "data-demo-0")
        status = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
        claim = await self.admin.patch(ref, status, subresource="status")
        self.cache.claims.saw(claim)
        return claim


def _summary(_record: Record) -> Summary:
    return Summary("Creating", "waiting for the pods", 0, 0, (), ())


def _version(reply: Reply) -> Any:
    version = getattr(reply, "version", None)
    assert version is not None, reply
    return version


async def _to_send(stage: Stage, kind: type[Request], owned: OwnedKind | None) -> Request:  # noqa: C901, PLR0911 - one case for each kind of request
    """Prepare what a request needs and return it."""
    if kind is requests.CreateOwned and owned is not None:
        live = await stage.admin.get(ref_of(build(owned, stage.inputs())))
        await stage.admin.delete(ref_of(live), uid=live["metadata"]["uid"])
        return requests.CreateOwned(owned.value)
    if kind in (requests.PutRecord, requests.PutSummary, requests.ClearAnnotation, requests.SetAnnotation):
        version = _version(await stage.as_admin(requests.GetCluster()))
        if kind is requests.PutRecord:
            return requests.PutRecord(version, Record(epoch=1))
        if kind is requests.ClearAnnotation:
            return requests.ClearAnnotation(version, names.SWITCHOVER_ANNOTATION)
        if kind is requests.SetAnnotation:
            return requests.SetAnnotation(version, names.SWITCHOVER_ANNOTATION, "demo-0@1")
        ref = VALKEYCLUSTERS.ref(stage.namespace, "demo")
        await stage.admin.patch(ref, {"status": {"phase": "Running"}}, subresource="status")
        return requests.PutSummary(_version(await stage.as_admin(requests.GetCluster())))
    if kind is requests.PutService:
        return requests.PutService(_version(await stage.as_admin(requests.GetService())), "demo-0", 2)
    if kind is requests.PutTemplate:
        return requests.PutTemplate(_version(await stage.as_admin(requests.GetTemplate())), 2)
    if kind is requests.PatchPod:
        pod = await stage.pod()
        return requests.PatchPod("demo-0", pod["metadata"]["uid"], version_of(pod), "primary")
    if kind is requests.PatchPodStatus:
        pod = await stage.pod()
        return requests.PatchPodStatus("demo-0", pod["metadata"]["uid"], version_of(pod), synced=True)
    if kind is requests.GrowClaim:
        claim = await stage.claim()
        return requests.GrowClaim("data-demo-0", claim["metadata"]["uid"], version_of(claim), 2 * GI)
    if kind is requests.GetOwned and owned is not None:
        return requests.GetOwned(owned.value)
    if kind is requests.UpdateOwned and owned is not None:
        live = await stage.admin.get(ref_of(build(owned, stage.inputs())))
        labels = {"metadata": {"labels": {"app.kubernetes.io/part-of": "drifted"}}}
        await stage.admin.patch(ref_of(live), labels)
        return requests.UpdateOwned(owned.value, _version(await stage.as_admin(requests.GetOwned(owned.value))))
    without_details: dict[type[Request], Callable[[], Request]] = {
        requests.GetCluster: requests.GetCluster,
        requests.GetService: requests.GetService,
        requests.GetTemplate: requests.GetTemplate,
    }
    return without_details[kind]()


def request_of(kind: type[Request], owned: OwnedKind | None = None) -> Callable[[Stage], Awaitable[None]]:
    """The exercise of one kind of request."""

    async def run(stage: Stage) -> None:
        request = await _to_send(stage, kind, owned)
        reply = await stage.executor.execute(request)
        if isinstance(reply, Forbidden):
            stage.calls.said.append(reply.what)
        else:
            assert type(reply).__name__ in {"Stored", *_SEEN}, reply

    return run


_SEEN = ("ClusterSeen", "ServiceSeen", "TemplateSeen", "OwnedSeen")


def cache_of(resource: Resource) -> Callable[[Stage], Awaitable[None]]:
    """The exercise of one cache: a list, and a watch from there."""
    assert resource in CACHED

    async def run(stage: Stage) -> None:
        version = "0"
        try:
            version = (await stage.operator.list(resource, stage.namespace)).resource_version
        except KubeError as exc:
            stage.calls.said.append(str(exc))
        try:
            watch = stage.operator.watch(resource, stage.namespace, resource_version=version, timeout_s=1)
            async with watch as told:
                async for _ in told:
                    pass
        except KubeError as exc:
            stage.calls.said.append(str(exc))

    return run


async def events(stage: Stage) -> None:
    """The exercise of the events: the same one twice, which is one create and one patch."""
    recorder = EventRecorder(stage.operator, "tests")
    about = {"apiVersion": names.API_VERSION, "kind": names.KIND}
    metadata = {"name": "demo", "namespace": stage.namespace, "uid": stage.cluster.uid}
    for _ in range(2):
        recorder.normal({**about, "metadata": metadata}, Reason.RESUMED, "spec.paused is false again")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run)
        await recorder.flush()
        tasks.cancel_scope.cancel()


async def lease(stage: Stage) -> None:
    """The exercise of the lease: taken, renewed, given back; or one try, where it is forbidden."""
    times = LeaseTimes(1_500, 1_000, 100)
    name = f"lease-{time.monotonic_ns()}"
    leadership = Leadership(stage.operator, stage.namespace, name, "tests", times, lambda _leads: None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(leadership.run)
        with anyio.fail_after(10):
            while "update leases" not in stage.calls.made and not stage.calls.forbidden:
                await stage.calls.next()
            if not stage.calls.forbidden:
                await leadership.drain()
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def stage_of(admin: str, operator: str, namespace: str) -> AsyncIterator[Stage]:
    """A stage from two kubeconfigs."""
    calls = Calls()
    async with (
        await Kube.connect(kubeconfig=admin) as with_every_right,
        await Kube.connect(kubeconfig=operator, on_call=calls.note) as with_few,
    ):
        stage = Stage(with_every_right, with_few, calls, namespace)
        await stage.prepare()
        yield stage
