"""What the informers last said about one cluster, as the typed values that machines and status need."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gungnir.api import names
from gungnir.machines.requests import Version
from gungnir.machines.view import Contact, PodView, View
from gungnir.resources.client_service import primary_of
from gungnir.resources.epoch import epoch_of
from gungnir.runtime.claim_cache import ClaimCache
from gungnir.runtime.kube_resources import Object
from gungnir.runtime.valkey.monitor import Monitor

PATIENCE_MS = 5000
"""How long an event for our own write is waited for."""
KEPT_VERSIONS = 64
"""Versions of the cluster object that are remembered as seen: many more than writes of ours can be under way."""
EXIT_UNKNOWN = 255
"""Exit code that a runtime reports for a container whose end nobody saw, for example after a reboot of the node."""


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
    owners = obj["metadata"].get("ownerReferences") or ()
    return any(owner.get("controller") and owner.get("uid") == uid for owner in owners)


@dataclass
class ClusterCache:
    """Objects of one cluster. The cluster object itself follows our own writes, so that it never goes back in time.

    Rules
    - Events come in the order of the writes. The answer to a write of ours comes before or after its event, whichever
      is faster; versions are opaque, so which of the two is newer is known by having seen the version or not.
    - After a write of ours, events are older than it until they show its version. A list may have skipped that version:
      what came last is held, and taken when waiting has lasted for ``PATIENCE_MS``. Nothing is ever dropped for good.
    """

    cluster: Object | None = None
    pods: dict[str, Object] = field(default_factory=dict)
    service: Object | None = None
    stateful_set: Object | None = None
    claims: ClaimCache = field(default_factory=ClaimCache)
    _awaited: Version | None = None
    _awaited_since: float = 0.0
    _held: Object | None = None
    _seen: deque[Version] = field(default_factory=lambda: deque(maxlen=KEPT_VERSIONS))

    def wrote(self, obj: Object, now_s: float) -> None:
        """Remember the object as our own write returned it, unless events have shown it already."""
        if version_of(obj) in self._seen:
            self._take(self._held or self.cluster)
            return
        self.cluster, self._held = obj, None
        self._awaited, self._awaited_since = version_of(obj), now_s

    def saw(self, obj: Object, now_s: float) -> bool:
        """Take an event's object, unless it is older than our own last write. Tell whether it was taken."""
        self._seen.append(version_of(obj))
        same_object = self.cluster is not None and obj["metadata"].get("uid") == self.cluster["metadata"].get("uid")
        if same_object and self._awaited not in (None, version_of(obj)) and not self._waited(now_s):
            self._held = obj
            return False
        self._take(obj)
        return True

    def settle(self, now_s: float) -> bool:
        """Take what was held, if waiting has lasted long enough. Tell whether it was taken."""
        if self._held is None or not self._waited(now_s):
            return False
        self._take(self._held)
        return True

    def _waited(self, now_s: float) -> bool:
        return now_s - self._awaited_since >= PATIENCE_MS / 1000

    def _take(self, obj: Object | None) -> None:
        self.cluster, self._awaited, self._held = obj, None, None


def pod_view(pod: Object, monitor: Monitor | None, outdated: bool) -> PodView:
    """Return one pod as the cache and its monitor show it."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    container: dict[str, Any] = next(
        (c for c in status.get("containerStatuses") or () if c.get("name") == names.CONTAINER), {}
    )
    state, last = container.get("state") or {}, container.get("lastState") or {}
    ended = state.get("terminated") or last.get("terminated") or {}
    gates = {c["type"]: c.get("status") for c in status.get("conditions") or ()}
    waiting = (state.get("waiting") or {}).get("reason", "")
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
        role_label=(metadata.get("labels") or {}).get(names.ROLE_LABEL, ""),
        synced=gates.get(names.SYNCED_CONDITION) == "True",
        version=metadata.get("resourceVersion", ""),
        outdated=outdated,
        waiting=waiting,
        exit_seen=bool(ended) and ended.get("exitCode") != EXIT_UNKNOWN,
        restarts=int(container.get("restartCount") or 0),
    )


def view_of(cache: ClusterCache, monitors: Mapping[str, Monitor], outdated: frozenset[str], *, stalled: bool) -> View:
    """Return the snapshot of a cluster."""
    service, workload = cache.service, cache.stateful_set
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
        claims=cache.claims.views(time.monotonic()),
    )


def _by_ordinal(name: str) -> tuple[int, str]:
    ordinal = name.rpartition("-")[2]
    return (int(ordinal) if ordinal.isdecimal() else 0, name)
