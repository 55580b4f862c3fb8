"""The StatefulSet controller: Parallel and OrderedReady, OnDelete and RollingUpdate.

Rules (source: "StatefulSets" of the Kubernetes documentation, and ``stateful_set_control.go``):
- OrderedReady creates in ascending order, each pod only when all before it are Ready, and removes in descending order,
  one at a time. Parallel waits for nobody.
- A pod that ended for good is replaced. A pod that is being deleted is replaced when its object is gone.
- OnDelete never deletes a pod because its template changed. RollingUpdate does, from the highest ordinal down to the
  partition, each only when all others are Ready.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from gungnir.local.controllers.base import (
    CLAIMS,
    PODS,
    REVISIONS,
    STATEFUL_SETS,
    Name,
    Obj,
    controller_uid,
    is_over,
    is_ready,
    is_terminating,
    name_of,
    owner_reference,
    read,
)
from gungnir.local.controllers.stateful_pods import (
    build_claims,
    build_pod,
    build_revision,
    claim_names,
    ordinal_of,
    pod_name,
    retention,
    revision_of,
    template_hash,
)
from gungnir.local.errors import ApiError
from gungnir.local.events import NORMAL, WARNING, EventRecorder
from gungnir.local.registry import Registry
from gungnir.local.selectors import matches_label_selector
from gungnir.local.store import StoreEvent

_DEFAULT_HISTORY: Final = 10

Pods = dict[int, Mapping[str, Any]]


class StatefulSetController:
    """Makes the pods and claims of every StatefulSet be what it says."""

    def __init__(self, registry: Registry, events: EventRecorder) -> None:
        self._registry = registry
        self._store = registry.store
        self._events = events

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """Changed sets, and the set that owns a changed pod."""
        record = event.record
        if record.key.table == STATEFUL_SETS:
            if event.type != "DELETED":
                yield name_of(record)
        elif record.key.table == PODS:
            for owner in record.obj["metadata"].get("ownerReferences") or []:
                if owner.get("controller") and owner["kind"] == "StatefulSet":
                    yield record.key.namespace, owner["name"]
        elif record.key.table == CLAIMS and event.type == "DELETED":
            yield from (name_of(found) for found in self._store.scan(STATEFUL_SETS, record.key.namespace))

    def everything(self) -> Iterable[Name]:
        """Every StatefulSet."""
        return [name_of(record) for record in self._store.scan(STATEFUL_SETS)]

    def settle(self, name: Name) -> float | None:
        """Do the next steps of one set and write its status."""
        found = read(self._store, STATEFUL_SETS, name)
        if found is None or is_terminating(found):
            return None
        revision = self._revision(found)
        try:
            self._control(found, revision)
        finally:
            again_s = self._write_status(name, revision)
        return again_s

    # --- pods --------------------------------------------------------------------------------------------------------

    def _pods(self, owner: Mapping[str, Any]) -> Pods:
        uid, namespace = owner["metadata"]["uid"], owner["metadata"]["namespace"]
        pods: Pods = {}
        for record in self._store.scan(PODS, namespace):
            ordinal = ordinal_of(owner, record.obj)
            if ordinal is not None and controller_uid(record.obj) == uid:
                pods[ordinal] = record.obj
            elif ordinal is not None and self._may_adopt(owner, record.obj):
                pod = record.copy()
                pod["metadata"].setdefault("ownerReferences", []).append(owner_reference(owner))
                pods[ordinal] = self._registry.update(PODS, pod)
        return pods

    @staticmethod
    def _may_adopt(owner: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
        labels = pod["metadata"].get("labels") or {}
        return (
            not controller_uid(pod)
            and not is_terminating(pod)
            and matches_label_selector(owner["spec"]["selector"], labels)
        )

    def _control(self, owner: Mapping[str, Any], revision: str) -> None:
        spec = owner["spec"]
        ordered = spec.get("podManagementPolicy", "OrderedReady") != "Parallel"
        first = int((spec.get("ordinals") or {}).get("start", 0))
        wanted = range(first, first + int(spec.get("replicas", 1)))
        pods = self._pods(owner)
        for ordinal in wanted:
            pod = pods.get(ordinal)
            if pod is None:
                self._create(owner, ordinal, revision)
            elif is_over(pod) and not is_terminating(pod):
                self._delete(owner, pod)
            if ordered and (pod is None or is_terminating(pod) or not is_ready(pod)):
                return
        condemned = sorted((ordinal for ordinal in pods if ordinal not in wanted), reverse=True)
        for ordinal in condemned:
            if not is_terminating(pods[ordinal]):
                self._condemn(owner, pods[ordinal])
            if ordered:
                return
        self._roll(owner, pods, wanted, revision)

    def _roll(self, owner: Mapping[str, Any], pods: Pods, wanted: range, revision: str) -> None:
        strategy = owner["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
        for ordinal in reversed(wanted):
            if ordinal < partition or ordinal not in pods:
                return
            pod = pods[ordinal]
            if revision_of(pod) != revision and not is_terminating(pod):
                self._delete(owner, pod)
                return
            if is_terminating(pod) or not is_ready(pod):
                return

    def _create(self, owner: Mapping[str, Any], ordinal: int, revision: str) -> None:
        name = pod_name(owner, ordinal)
        namespace = owner["metadata"]["namespace"]
        try:
            for claim in build_claims(owner, ordinal):
                existing = read(self._store, CLAIMS, (namespace, claim["metadata"]["name"]))
                if existing is None:
                    self._registry.create(CLAIMS, claim)
                    text = f"create Claim {claim['metadata']['name']} Pod {name} in StatefulSet success"
                    self._events.record(owner, NORMAL, "SuccessfulCreate", text)
                elif is_terminating(existing):
                    return  # its removal brings this set here again
                else:
                    self._disown(existing)
            template, made_from = self._template(owner, ordinal, revision)
            self._registry.create(PODS, build_pod(owner, template, ordinal, made_from))
        except ApiError as exc:
            text = f"create Pod {name} in StatefulSet {owner['metadata']['name']} failed error: {exc}"
            self._events.record(owner, WARNING, "FailedCreate", text)
            raise
        text = f"create Pod {name} in StatefulSet {owner['metadata']['name']} successful"
        self._events.record(owner, NORMAL, "SuccessfulCreate", text)

    def _template(self, owner: Mapping[str, Any], ordinal: int, revision: str) -> tuple[Mapping[str, Any], str]:
        """Template and revision for a new pod: below the partition of a rolling update the current ones."""
        strategy = owner["spec"].get("updateStrategy") or {}
        partition = int((strategy.get("rollingUpdate") or {}).get("partition", 0))
        current = (owner.get("status") or {}).get("currentRevision", revision)
        if strategy.get("type") == "RollingUpdate" and ordinal < partition and current != revision:
            record = read(self._store, REVISIONS, (owner["metadata"]["namespace"], current))
            if record is not None:
                return record["data"]["spec"]["template"], current
        return owner["spec"]["template"], revision

    def _delete(self, owner: Mapping[str, Any], pod: Mapping[str, Any]) -> None:
        metadata = pod["metadata"]
        self._registry.delete(PODS, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        text = f"delete Pod {metadata['name']} in StatefulSet {owner['metadata']['name']} successful"
        self._events.record(owner, NORMAL, "SuccessfulDelete", text)

    def _condemn(self, owner: Mapping[str, Any], pod: Mapping[str, Any]) -> None:
        """Remove a pod that is above the wanted number; its claims go with it if the retention policy says so."""
        metadata = pod["metadata"]
        if retention(owner, "whenScaled") == "Delete":
            for claim_name in claim_names(owner, metadata["name"]).values():
                claim = read(self._store, CLAIMS, (metadata["namespace"], claim_name))
                if claim is not None:
                    changed = self._registry.get(CLAIMS, metadata["namespace"], claim_name)
                    changed["metadata"]["ownerReferences"] = [owner_reference(pod, controller=False)]
                    self._registry.update(CLAIMS, changed)
        self._delete(owner, pod)

    def _disown(self, claim: Mapping[str, Any]) -> None:
        """A pod that was removed is wanted again: its claims do not go with the old pod any more."""
        owners = claim["metadata"].get("ownerReferences") or []
        kept = [owner for owner in owners if owner["kind"] != "Pod"]
        if kept != owners:
            changed = self._registry.get(CLAIMS, claim["metadata"]["namespace"], claim["metadata"]["name"])
            changed["metadata"]["ownerReferences"] = kept
            self._registry.update(CLAIMS, changed)

    # --- revisions and status ----------------------------------------------------------------------------------------

    def _revision(self, owner: Mapping[str, Any]) -> str:
        """Record the present template, unless it is recorded; return the name of its revision."""
        metadata = owner["metadata"]
        name = f"{metadata['name']}-{template_hash(owner['spec']['template'])}"
        self._adopt_revision((metadata["namespace"], name), owner)
        known = [r.obj for r in self._store.scan(REVISIONS, metadata["namespace"]) if _owns(owner, r.obj)]
        newest = max((int(revision.get("revision", 0)) for revision in known), default=0)
        mine = next((revision for revision in known if revision["metadata"]["name"] == name), None)
        if mine is None:
            self._registry.create(REVISIONS, build_revision(owner, name, newest + 1))
            self._forget_old(owner, known)
        elif int(mine.get("revision", 0)) != newest:
            again = self._registry.get(REVISIONS, metadata["namespace"], name)
            again["revision"] = newest + 1  # the set went back to an earlier template
            self._registry.update(REVISIONS, again)
        return name

    def _adopt_revision(self, name: Name, owner: Mapping[str, Any]) -> None:
        """Take over the revision that a set deleted with ``--cascade=orphan`` left behind."""
        found = read(self._store, REVISIONS, name)
        if found is not None and not controller_uid(found):
            revision = self._registry.get(REVISIONS, *name)
            revision["metadata"].setdefault("ownerReferences", []).append(owner_reference(owner))
            self._registry.update(REVISIONS, revision)

    def _forget_old(self, owner: Mapping[str, Any], known: list[Obj]) -> None:
        limit = int(owner["spec"].get("revisionHistoryLimit", _DEFAULT_HISTORY))
        used = {revision_of(pod) for pod in self._pods(owner).values()}
        used.add((owner.get("status") or {}).get("currentRevision", ""))
        unused = [revision for revision in known if revision["metadata"]["name"] not in used]
        unused.sort(key=lambda revision: int(revision.get("revision", 0)))
        for revision in unused[: max(0, len(unused) - limit)]:
            self._registry.delete(REVISIONS, revision["metadata"]["namespace"], revision["metadata"]["name"])

    def _write_status(self, name: Name, revision: str) -> float | None:
        """Write the status if it changed; return when a pod becomes available (``minReadySeconds``)."""
        owner = self._registry.get(STATEFUL_SETS, *name)
        spec, old = owner["spec"], owner.get("status") or {}
        pods = list(self._pods(owner).values())
        living = [pod for pod in pods if not is_terminating(pod)]
        ready = [pod for pod in pods if is_ready(pod)]
        wait_s = [self._seconds_to_available(pod, int(spec.get("minReadySeconds", 0))) for pod in ready]
        current = old.get("currentRevision") or revision
        rolling = (spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
        updated = sum(revision_of(pod) == revision for pod in living)
        if rolling and updated == len(pods) == int(spec.get("replicas", 1)) == len(ready):
            current = revision
        owner["status"] = {
            "observedGeneration": owner["metadata"].get("generation", 1),
            "replicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": sum(seconds <= 0 for seconds in wait_s),
            "currentReplicas": sum(revision_of(pod) == current for pod in living),
            "updatedReplicas": updated,
            "currentRevision": current,
            "updateRevision": revision,
            "collisionCount": 0,
        }
        if owner["status"] != old:
            self._registry.update(STATEFUL_SETS, owner, subresource="status")
        return min((seconds for seconds in wait_s if seconds > 0), default=None)

    def _seconds_to_available(self, pod: Mapping[str, Any], min_ready_s: int) -> float:
        if not min_ready_s:
            return 0
        condition = next(c for c in pod["status"]["conditions"] if c["type"] == "Ready")
        since = datetime.fromisoformat(condition["lastTransitionTime"])
        return min_ready_s - (datetime.fromisoformat(self._registry.now()) - since).total_seconds()


def _owns(owner: Mapping[str, Any], obj: Mapping[str, Any]) -> bool:
    return controller_uid(obj) == str(owner["metadata"]["uid"])
