"""What the informers last said about one cluster, as the typed values that machines and status need."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gungnir.api import names
from gungnir.api.instant import from_rfc3339
from gungnir.machines.requests import Version
from gungnir.machines.view import Contact, PodView, View
from gungnir.resources.client_service import primary_of
from gungnir.resources.epoch import epoch_of
from gungnir.resources.labels import Ownership, ownership
from gungnir.runtime.claim_cache import ClaimCache
from gungnir.runtime.followed import Followed
from gungnir.runtime.kube_resources import Object
from gungnir.runtime.valkey.monitor import Monitor

EXIT_UNKNOWN = 255
"""Exit code that a runtime reports for a container whose end nobody saw, for example after a reboot of the node."""


MISLABELLED = "*"
"""The role label of a pod whose labels no Service of ours selects: none that a pod may have, so it is written anew."""

KEPT_ENDS = 64
"""Ends of pods that are remembered. What is forgotten costs an epoch that was not necessary."""

EVERYONE = "*"
"""What a client Service without a pod in its selector leads to: all pods. Never what we want."""


def service_pod(service: Object) -> str | None:
    """Return the pod that the Service leads to, None for nobody, ``EVERYONE`` if its selector names no pod."""
    selector = (service.get("spec") or {}).get("selector") or {}
    return primary_of(service) if names.POD_NAME_LABEL in selector else EVERYONE


def version_of(obj: Mapping[str, Any]) -> Version:
    """Return the resourceVersion of an object."""
    return Version(str(obj["metadata"].get("resourceVersion", "")))


def owned_by(obj: Mapping[str, Any], uid: str) -> bool:
    """Tell whether the controller of this object is the one with this uid."""
    return ownership(obj, uid) is Ownership.OURS


@dataclass
class ClusterCache:
    """Objects of one cluster. What we write ourselves follows our writes, so that it never goes back in time.

    Attributes:
        pods: By name, each as newly as it is known.
        service: The client Service.
        stateful_set: The StatefulSet.
        claims: The volumes' claims.
        ended: Uids of pods that are gone, and whose kubelet reported the end of their process before: see ``View``.
    """

    pods: dict[str, Object] = field(default_factory=dict)
    service: Object | None = None
    stateful_set: Object | None = None
    claims: ClaimCache = field(default_factory=ClaimCache)
    ended: tuple[str, ...] = ()
    _cluster: Followed = field(default_factory=Followed)
    _pods: dict[str, Followed] = field(default_factory=dict)

    @property
    def cluster(self) -> Object | None:
        """The ValkeyCluster, None if there is none."""
        return self._cluster.obj

    def wrote(self, obj: Object, now_s: float) -> None:
        """Our own write of the ValkeyCluster returned this."""
        self._cluster.wrote(obj, now_s)

    def saw(self, obj: Object, now_s: float) -> bool:
        """An event showed this ValkeyCluster. Tell whether it was taken; if not, ``settle`` takes it in a while."""
        return self._cluster.saw(obj, now_s)

    def gone(self) -> None:
        """The ValkeyCluster was deleted."""
        self._cluster.gone()

    def wrote_pod(self, obj: Object, now_s: float) -> None:
        """Our own write of a pod returned this; a pod that was deleted meanwhile stays so."""
        name = obj["metadata"]["name"]
        if name in self._pods:
            self._pods[name].wrote(obj, now_s)
            self._show_pod(name)

    def saw_pod(self, obj: Object, now_s: float) -> bool:
        """An event showed this pod. Tell whether it was taken; if not, ``settle`` takes it in a while."""
        name = obj["metadata"]["name"]
        taken = self._pods.setdefault(name, Followed()).saw(obj, now_s)
        self._show_pod(name)
        return taken

    def pod_gone(self, obj: Object) -> None:
        """A pod was deleted; this is the last that was seen of it."""
        name, uid = obj["metadata"]["name"], obj["metadata"]["uid"]
        self._pods.pop(name, None)
        self.pods.pop(name, None)
        if _has_ended(obj):
            self.ended = (*self.ended, uid)[-KEPT_ENDS:]

    def unless_foreign(self, obj: Object | None) -> Object | None:
        """Return the object, or None if it belongs to another object than the present ValkeyCluster."""
        if obj is None or self.cluster is None:
            return obj
        return None if ownership(obj, self.cluster["metadata"]["uid"]) is Ownership.FOREIGN else obj

    def settle(self, now_s: float) -> bool:
        """Take events that were held for long enough. Tell whether the ValkeyCluster's own was among them."""
        for name, followed in self._pods.items():
            if followed.settle(now_s):
                self._show_pod(name)
        return self._cluster.settle(now_s)

    def _show_pod(self, name: str) -> None:
        obj = self._pods[name].obj
        if obj is not None:
            self.pods[name] = obj


def _container(pod: Object) -> dict[str, Any]:
    """Return what the kubelet says of the server's container; nothing, if it says nothing."""
    found: list[dict[str, Any]] = (pod.get("status") or {}).get("containerStatuses") or []
    return next((status for status in found if status.get("name") == names.CONTAINER), {})


def _has_ended(pod: Object) -> bool:
    """Tell whether the kubelet reported that the process of a pod ended for good: the pod is to go, or is finished.

    A kubelet says so before it lets the object of a pod go. A forced deletion does not wait for that, and the phase
    alone is no proof: the garbage collector of pods sets it for nodes that it cannot ask
    (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/).
    """
    finished = (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")
    terminated = bool((_container(pod).get("state") or {}).get("terminated"))
    return terminated and (finished or bool(pod["metadata"].get("deletionTimestamp")))


def pod_view(pod: Object, monitor: Monitor | None, outdated: bool) -> PodView:
    """Return one pod as the cache and its monitor show it."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    container = _container(pod)
    state, last = container.get("state") or {}, container.get("lastState") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    gates = {c["type"]: c.get("status") for c in status.get("conditions") or ()}
    # The monitor's word is newer than the kubelet's: a container that was restarted and answers is not terminated.
    answers = monitor is not None and monitor.contact is Contact.UP
    finished = status.get("phase") in ("Failed", "Succeeded")
    return PodView(
        name=metadata["name"],
        uid=metadata["uid"],
        address=status.get("podIP") or "",
        deleting=bool(metadata.get("deletionTimestamp")),
        terminated=not answers and (bool(state.get("terminated")) or finished),
        contact=Contact.UNTRIED if monitor is None else monitor.contact,
        refusals=0 if monitor is None else monitor.refusals,
        silent_ms=0 if monitor is None else monitor.silent_ms,
        error="" if monitor is None else monitor.error,
        server=None if monitor is None else monitor.server,
        role_label=_role_label(metadata),
        synced=gates.get(names.SYNCED_CONDITION) == "True",
        version=metadata.get("resourceVersion", ""),
        outdated=outdated,
        waiting=_waits_for(status, state),
        exit_seen=bool(ended) and ended.get("exitCode") != EXIT_UNKNOWN,
        restarts=int(container.get("restartCount") or 0),
        started_s=_started_s(state),
    )


def _role_label(metadata: Mapping[str, Any]) -> str:
    """Return the pod's role label, or ``MISLABELLED``.

    The client Service selects by these labels: without them it leads to nobody, whoever the primary is.
    """
    labels = metadata.get("labels") or {}
    if not names.pod_selector_labels(metadata["name"]).items() <= labels.items():
        return MISLABELLED
    return str(labels.get(names.ROLE_LABEL, ""))


def _waits_for(status: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """Return the word for what keeps the container from running; empty if it runs.

    A container behind an init container waits with ``PodInitializing``, whatever the init container's trouble is.
    """
    for init in status.get("initContainerStatuses") or ():
        now = init.get("state") or {}
        reason = (now.get("waiting") or now.get("terminated") or {}).get("reason", "")
        if reason not in ("", "Completed", "PodInitializing"):
            return str(reason)
    if state:
        return str((state.get("waiting") or {}).get("reason", ""))
    scheduled: Mapping[str, Any] = next(
        (c for c in status.get("conditions") or () if c.get("type") == "PodScheduled"), {}
    )
    return str(scheduled.get("reason") or "Unscheduled") if scheduled.get("status") == "False" else ""


def _started_s(state: Mapping[str, Any]) -> int:
    """Return when the running process was started, in Unix seconds by the kubelet's clock; 0 if it does not say."""
    try:
        return from_rfc3339((state.get("running") or {}).get("startedAt") or "") // 1000
    except ValueError:
        return 0


def view_of(
    cache: ClusterCache,
    monitors: Mapping[str, Monitor],
    outdated: frozenset[str],
    *,
    stalled: bool,
    away: tuple[tuple[str, int], ...] = (),
) -> View:
    """Return the snapshot of a cluster. ``away``: see ``View``.

    Objects of a former cluster of this name live on until the garbage collector comes: they say nothing of this one.
    """
    service, workload = cache.unless_foreign(cache.service), cache.unless_foreign(cache.stateful_set)
    pods = tuple(
        pod_view(cache.pods[name], monitors.get(name), name in outdated) for name in sorted(cache.pods, key=_by_ordinal)
    )
    return View(
        pods=pods,
        stalled=stalled,
        service_pod=None if service is None else service_pod(service),
        service_epoch=0 if service is None else epoch_of(service) or 0,
        template_epoch=0 if workload is None else epoch_of(workload) or 0,
        template_present=workload is not None,
        service_present=service is not None,
        claims=cache.claims.views(time.monotonic()),
        away=away,
        ended=cache.ended,
    )


def _by_ordinal(name: str) -> tuple[int, str]:
    ordinal = name.rpartition("-")[2]
    return (int(ordinal) if ordinal.isdecimal() else 0, name)
