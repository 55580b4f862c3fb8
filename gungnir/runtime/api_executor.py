"""Requests to the API server, one call each, for one cluster: what the machines name by intent, here becomes objects.

Every mutating call carries the resourceVersion of the object that the decision was made on, so a call that is late or
repeated changes nothing.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster
from gungnir.api.quantity import quantity_text
from gungnir.api.status import ValkeyClusterStatus
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    ClearAnnotation,
    ClusterSeen,
    Conflict,
    CreateOwned,
    Forbidden,
    GetCluster,
    GetOwned,
    GetService,
    GetTemplate,
    GrowClaim,
    Invalid,
    NotFound,
    Outcome,
    OwnedSeen,
    PatchPod,
    PatchPodStatus,
    PutRecord,
    PutService,
    PutSummary,
    PutTemplate,
    Reply,
    Request,
    ServiceSeen,
    SetAnnotation,
    Stored,
    TemplateSeen,
    UpdateOwned,
    describe,
)
from gungnir.machines.summary import Summary
from gungnir.machines.switchover import REJECTED, request_of
from gungnir.resources.client_service import with_primary
from gungnir.resources.credentials import acl_lines
from gungnir.resources.drift import merge_owned, owned_drift
from gungnir.resources.epoch import epoch_of
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build, name_of
from gungnir.resources.stateful_set import epoch_parts, with_epoch
from gungnir.runtime.cluster_cache import ClusterCache, owned_by, service_pod, version_of
from gungnir.runtime.credentials import fingerprint
from gungnir.runtime.errors import Call, ConflictError, KubeError, NotFoundError
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import (
    PERSISTENTVOLUMECLAIMS,
    PODS,
    RESOURCES,
    SERVICES,
    STATEFULSETS,
    VALKEYCLUSTERS,
    Object,
    resource_of,
)
from gungnir.runtime.record_codec import record_of
from gungnir.runtime.replies import reply_of
from gungnir.runtime.status_writer import Extras, with_record, with_summary

KEPT_OBJECTS = 12
"""Objects that were read and may still be written back, by version."""
EDITS_BETWEEN = 8
"""How often a record or a template is offered again because somebody wrote another part of the object meanwhile."""
ASKED = (names.SWITCHOVER_ANNOTATION, names.ACCEPT_DATA_LOSS_ANNOTATION, names.RECOVER_FROM_ANNOTATION)
"""Annotations by which people ask for something."""
BOOKKEEPING = ("resourceVersion", "managedFields")
"""What of an object's metadata changes with every write, whatever it was for."""
REFUSED_AGAIN_S = 300
"""When to ask again for what was refused: nobody tells us that a StorageClass or a permission was changed."""
FAILED_AGAIN_S = 10
"""When to ask again for what the API server did not answer properly; other work goes on meanwhile."""


Ground = Callable[[Object], tuple[object, ...]]
"""What of an object a decision rests on."""


class ApiExecutor:
    """Carries out API requests for one cluster.

    Attributes:
        shown: What the status says to people, by the last write of it, whichever machine asked for that; None while
            nobody knows. It is made when the write is sent, so it may differ from what led to the request.
    """

    def __init__(
        self,
        kube: Kube,
        cluster: ValkeyCluster,
        cache: ClusterCache,
        inputs: Callable[[], BuildInputs],
        summary: Callable[[Record], Summary],
        address_of: Callable[[str], str | None],
        check: Callable[[], None],
    ) -> None:
        """Bind the executor to one incarnation (uid) of a cluster. ``check`` raises if we may not act (any more)."""
        self.cluster = cluster
        self._kube = kube
        self._cache = cache
        self._inputs = inputs
        self._summary = summary
        self._address_of = address_of
        self._check = check
        self.shown: Summary | None = None
        self._read: OrderedDict[tuple[str, str], Object] = OrderedDict()

    async def execute(self, request: Request) -> Reply | None:
        """Carry out one request and return its reply; None if it is not one for the API server."""
        try:
            return await self._execute(request)
        except KubeError as exc:
            return reply_of(exc)

    async def _execute(self, request: Request) -> Reply | None:  # noqa: C901, PLR0911, PLR0912 - one case for each kind of request
        match request:
            case GetCluster():
                return await self._get_cluster()
            case PutRecord(version, record, outcome):
                base = self._known("cluster", version)
                primary = record.primary
                address = None if primary is None else self._address_of(primary.pod)
                extras = Extras(address, fingerprint(self._inputs().operator_key))
                summary = self._summary(record)
                decided = with_record(base, record, summary, outcome, extras)
                return await self._put_record(base, decided, summary, outcome)
            case PutSummary(version):
                base = self._known("cluster", version)
                summary = self._summary(self._record(base))
                changed = with_summary(base, summary)
                if changed is not base:
                    return await self._put_status(changed, summary)
                self.shown = summary
                return Stored(version)
            case ClearAnnotation(version, name):
                return await self._annotate(version, name, None)
            case SetAnnotation():
                return await self._ask(request)
            case GetService():
                service = await self._get_ours(SERVICES.plural, names.client_service(self.cluster.name))
                return ServiceSeen(version_of(service), service_pod(service), epoch_of(service) or 0)
            case PutService(version, pod, epoch):
                return await self._replace(with_primary(self._known(SERVICES.plural, version), pod, epoch))
            case GetTemplate():
                workload = await self._get_ours(STATEFULSETS.plural, names.stateful_set(self.cluster.name))
                parts = epoch_parts(workload)
                return TemplateSeen(version_of(workload), -1 if parts is None else parts[0])
            case PutTemplate(version, epoch):
                users = acl_lines(epoch, self._inputs().operator_key, self.cluster.uid)
                workload = self._known(STATEFULSETS.plural, version)
                # Its controller writes the status at the very moment a pod is lost.
                return await self._put_against(_asked, workload, with_epoch(workload, epoch, users), self._replace)
            case PatchPod(pod, uid, version, role):
                labels = {**names.pod_selector_labels(pod), names.ROLE_LABEL: role or None}
                return await self._patch_pod(pod, uid, version, {"labels": labels})
            case PatchPodStatus():
                return await self._patch_pod_status(request)
            case GrowClaim():
                return await self._grow_claim(request)
            case GetOwned(kind):
                return await self._get_owned(OwnedKind(kind))
            case CreateOwned(kind):
                return Stored(version_of(await self._kube.create(build(OwnedKind(kind), self._inputs()))))
            case UpdateOwned(kind, version):
                desired = build(OwnedKind(kind), self._inputs())
                live = self._known(resource_of(desired).plural, version)
                return await self._replace(merge_owned(desired, live))
            case _:
                return None

    # --- the cluster itself -----------------------------------------------------------------------------------------

    async def _get_cluster(self) -> Reply:
        ref = VALKEYCLUSTERS.ref(self.cluster.namespace, self.cluster.name)
        obj = self._keep("cluster", await self._kube.get(ref))
        metadata = obj["metadata"]
        if metadata.get("uid") != self.cluster.uid:
            return NotFound()
        annotations = metadata.get("annotations") or {}
        wanted, epoch = request_of(annotations.get(names.SWITCHOVER_ANNOTATION, ""))
        return ClusterSeen(
            version=version_of(obj),
            record=self._record(obj),
            switchover=wanted,
            switchover_epoch=epoch,
            accept_data_loss=annotations.get(names.ACCEPT_DATA_LOSS_ANNOTATION, ""),
            recover_from=annotations.get(names.RECOVER_FROM_ANNOTATION, ""),
            deleting=bool(metadata.get("deletionTimestamp")),
        )

    async def _put_record(self, base: Object, decided: Object, summary: Summary, outcome: Outcome | None) -> Stored:
        """Store a record by compare-and-swap on what it was decided on: the status and our annotations.

        Everything else of the object belongs to others, who may write it at any rate: they do not undo the decision.
        A refusal answers one request, and the next one may have the same words: it stays with its version.
        """
        if outcome is not None and outcome.result == REJECTED:
            return await self._put_status(decided, summary)
        return await self._put_against(_ground, base, decided, lambda obj: self._put_status(obj, summary))

    async def _put_against(
        self, ground: Ground, base: Object, decided: Object, put: Callable[[Object], Awaitable[Stored]]
    ) -> Stored:
        """Write what was decided on ``base``, again after each conflict that left the ``ground`` of it as it was."""
        for _ in range(EDITS_BETWEEN):
            try:
                return await put(decided)
            except ConflictError:
                ref = resource_of(base).ref(self.cluster.namespace, base["metadata"]["name"])
                fresh = await self._kube.get(ref)
                if ground(fresh) != ground(base):
                    raise
                offered = {name: fresh["metadata"][name] for name in BOOKKEEPING if name in fresh["metadata"]}
                decided = {**decided, "metadata": {**decided["metadata"], **offered}}
                self._check()
        return await put(decided)

    async def _put_status(self, obj: Object, summary: Summary) -> Stored:
        self.shown = None  # a write without an answer may have happened
        stored = self._keep("cluster", await self._kube.replace_status(obj))
        self._cache.wrote(stored, time.monotonic())
        self.shown = summary
        return Stored(version_of(stored))

    async def _ask(self, request: SetAnnotation) -> Reply:
        """Set a request annotation by compare-and-swap on what it was decided on: the spec, too, and no other request.

        Labels and the like belong to others, who may write them at any rate.
        """
        base = self._known("cluster", request.version)
        if base["metadata"].get("generation", 0) != self.cluster.metadata.generation:
            return Conflict()  # The machine had the facts of another spec.
        return await self._put_against(
            _ground_of_spec, base, base, lambda obj: self._annotate(version_of(obj), request.name, request.value)
        )

    async def _annotate(self, version: str, name: str, value: str | None) -> Stored:
        ref = VALKEYCLUSTERS.ref(self.cluster.namespace, self.cluster.name)
        body: dict[str, Any] = {"metadata": {"resourceVersion": version, "annotations": {name: value}}}
        stored = self._keep("cluster", await self._kube.patch(ref, body))
        self._cache.wrote(stored, time.monotonic())
        return Stored(version_of(stored))

    @staticmethod
    def _record(obj: Object) -> Record:
        return record_of(ValkeyClusterStatus.model_validate(obj.get("status") or {}))

    # --- owned objects and pods -------------------------------------------------------------------------------------

    async def _get_owned(self, kind: OwnedKind) -> Reply:
        desired = build(kind, self._inputs())
        live = await self._get(resource_of(desired).plural, name_of(kind, self.cluster.name))
        ours = owned_by(live, self.cluster.uid)
        parts = epoch_parts(live) if kind is OwnedKind.STATEFUL_SET else None
        return OwnedSeen(
            version=version_of(live),
            ours=ours,
            deleting=bool(live["metadata"].get("deletionTimestamp")),
            drifted=ours and bool(owned_drift(desired, live)),
            epoch=0 if parts is None else parts[0],
        )

    async def _patch_pod(self, pod: str, uid: str, version: str, metadata: dict[str, Any]) -> Stored:
        body: dict[str, Any] = {"metadata": {"uid": uid, "resourceVersion": version, **metadata}}
        return await self._patched_pod(pod, body)

    async def _patched_pod(self, pod: str, body: dict[str, Any], subresource: str = "") -> Stored:
        stored = await self._kube.patch(PODS.ref(self.cluster.namespace, pod), body, subresource=subresource)
        self._cache.wrote_pod(stored, time.monotonic())
        return Stored(version_of(stored))

    async def _patch_pod_status(self, request: PatchPodStatus) -> Reply:
        """A merge patch replaces the whole list of conditions, so it is sent only for the version it was made from."""
        cached = self._cache.pods.get(request.pod)
        if cached is None or version_of(cached) != request.version:
            return NotFound()
        conditions = (cached.get("status") or {}).get("conditions") or []
        kept = [condition for condition in conditions if condition.get("type") != names.SYNCED_CONDITION]
        gate = {"type": names.SYNCED_CONDITION, "status": "True" if request.synced else "False"}
        gate |= {"reason": "InSync" if request.synced else "NotInSync", "lastTransitionTime": _seconds_text()}
        body: dict[str, Any] = {
            "metadata": {"uid": request.uid, "resourceVersion": request.version},
            "status": {"conditions": [*kept, gate]},
        }
        return await self._patched_pod(request.pod, body, "status")

    async def _grow_claim(self, request: GrowClaim) -> Reply:
        claims = self._cache.claims
        before = claims.objects.get(request.claim)
        body: dict[str, Any] = {
            "metadata": {"uid": request.uid, "resourceVersion": request.version},
            "spec": {"resources": {"requests": {"storage": quantity_text(request.size)}}},
        }
        try:
            stored = await self._kube.patch(PERSISTENTVOLUMECLAIMS.ref(self.cluster.namespace, request.claim), body)
        except (ConflictError, NotFoundError):
            raise  # the informer is about to show why
        except KubeError as exc:
            reply = reply_of(exc)
            again_s = REFUSED_AGAIN_S if isinstance(reply, (Forbidden, Invalid)) else FAILED_AGAIN_S
            claims.refused(request, describe(reply), time.monotonic() + again_s)
            return reply
        claims.grew(stored, before)
        return Stored(version_of(stored))

    # --- reading and writing back -----------------------------------------------------------------------------------

    async def _get(self, plural: str, name: str) -> Object:
        return self._keep(plural, await self._kube.get(RESOURCES[plural].ref(self.cluster.namespace, name)))

    async def _get_ours(self, plural: str, name: str) -> Object:
        """Read an object of ours; one of the same name that belongs to somebody else is none for us."""
        obj = await self._get(plural, name)
        if not owned_by(obj, self.cluster.uid):
            raise NotFoundError(Call("get", plural, self.cluster.namespace, name), "it belongs to somebody else")
        return obj

    async def _replace(self, obj: Object) -> Stored:
        service, workload = self._cache.service, self._cache.stateful_set
        stored = await self._kube.replace(obj)
        self._keep(resource_of(obj).plural, stored)
        is_service = obj["kind"] == "Service" and obj["metadata"]["name"] == names.client_service(self.cluster.name)
        if is_service and self._cache.service is service:  # an event that came meanwhile is newer, or of this write
            self._cache.service = stored
        if obj["kind"] == "StatefulSet" and self._cache.stateful_set is workload:
            self._cache.stateful_set = stored
        return Stored(version_of(stored))

    def _keep(self, kind: str, obj: Object) -> Object:
        key = (kind, version_of(obj))
        self._read[key] = obj
        self._read.move_to_end(key)
        while len(self._read) > KEPT_OBJECTS:
            self._read.popitem(last=False)
        return obj

    def _known(self, kind: str, version: str) -> Object:
        return self._read[kind, version]


def _ground(obj: Object) -> tuple[object, ...]:
    """Return what a decision about a ValkeyCluster rests on: what ``GetCluster`` shows, and all of the status."""
    metadata = obj["metadata"]
    annotations = metadata.get("annotations") or {}
    ours = [annotations.get(name) for name in ASKED]
    return metadata.get("uid"), bool(metadata.get("deletionTimestamp")), ours, obj.get("status") or {}


def _ground_of_spec(obj: Object) -> tuple[object, ...]:
    """Return what a decision about a ValkeyCluster rests on that takes its spec into account."""
    return obj["metadata"].get("generation"), *_ground(obj)


def _asked(obj: Object) -> tuple[object, ...]:
    """Return all of an object but its status, and what the API server notes of each write."""
    metadata = {name: value for name, value in obj["metadata"].items() if name not in BOOKKEEPING}
    return metadata, obj.get("spec")


def _seconds_text() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
