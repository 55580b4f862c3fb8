"""Deletion and what follows from it: grace periods, finalizers, garbage collection, namespaces, custom resources.

Follows ``registry/generic/registry/store.go`` (BeforeDelete, finalizers), the garbage collector (background,
foreground and orphan propagation by owner uid) and the namespace controller. All of it settles inside the call that
caused it.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gungnir.local.errors import NOT_SUPPORTED, FieldError, forbidden, invalid
from gungnir.local.kinds import definitions
from gungnir.local.kinds.catalog import Kind
from gungnir.local.kinds.definitions import settle_definition
from gungnir.local.store import Key, Obj, Record, StoreEvent

if TYPE_CHECKING:
    from gungnir.local.registry import Registry

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"
DEFAULT_GRACE_S: Final = 30
PROPAGATION: Final = frozenset({"Background", "Foreground", "Orphan"})
PERMANENT_NAMESPACES: Final = frozenset({"default", "kube-system", "kube-public"})


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """The preconditions and the manner of a deletion."""

    uid: str | None = None
    resource_version: str | None = None
    grace_period_seconds: int | None = None
    propagation: str | None = None
    dry_run: bool = False


class Deletions:
    """The deletion rules over one registry, kept up to date by the store's events."""

    def __init__(self, registry: "Registry") -> None:
        self._registry = registry
        self._store = registry.store
        self._by_uid: dict[str, Key] = {}
        self._dependents: dict[str, set[Key]] = defaultdict(set)
        self._dirty: deque[Key] = deque()
        for record in self._store.everything():
            self._index(record)
            self._dirty.append(record.key)
        self._store.subscribe(self._on_event)

    # --- the verb ----------------------------------------------------------------------------------------------------

    def delete(self, kind: Kind, record: Record, options: DeleteOptions) -> Record | None:
        """Delete an object or mark it as being deleted.

        Returns:
            None if the object is gone, else the version that waits for its finalizers or its grace period.

        Raises:
            ForbiddenError: The object may never be deleted.
            InvalidError: The propagation policy is unknown.
        """
        self._check(kind, record, options)
        new = record.copy()
        metadata = new["metadata"]
        finalizers: list[str] = metadata.get("finalizers") or []
        if options.propagation == "Foreground" and FOREGROUND not in finalizers:
            finalizers = [*(f for f in finalizers if f != ORPHAN), FOREGROUND]
        if options.propagation == "Orphan" and ORPHAN not in finalizers:
            finalizers = [*(f for f in finalizers if f != FOREGROUND), ORPHAN]
        if options.propagation == "Background":
            finalizers = [f for f in finalizers if f not in {ORPHAN, FOREGROUND}]
        if finalizers:
            metadata["finalizers"] = finalizers
        else:
            metadata.pop("finalizers", None)
        grace_s = self._grace_s(kind, record.obj, options)
        is_namespace = kind.table == "namespaces"
        if options.dry_run:
            return record if grace_s or finalizers or is_namespace else None
        if not grace_s and not finalizers and not is_namespace:
            self._store.remove(record.key)
            return None
        self._mark(kind, new, grace_s)
        return record if new == record.obj else self._store.put(record.key, new)

    @staticmethod
    def _check(kind: Kind, record: Record, options: DeleteOptions) -> None:
        if options.propagation not in {None, *PROPAGATION}:
            supported = 'supported values: "Foreground", "Background", "Orphan", "nil"'
            error = FieldError(NOT_SUPPORTED, "propagationPolicy", supported, options.propagation)
            raise invalid("DeleteOptions", "meta.k8s.io", "", [error])
        if kind.table == "namespaces" and record.key.name in PERMANENT_NAMESPACES:
            raise forbidden("namespaces", "", record.key.name, "this namespace may not be deleted")

    @staticmethod
    def _grace_s(kind: Kind, obj: Obj, options: DeleteOptions) -> int:
        if kind.table != "pods":
            return 0
        spec, phase = obj.get("spec") or {}, (obj.get("status") or {}).get("phase")
        if not spec.get("nodeName") or phase in {"Succeeded", "Failed"}:
            return 0
        asked = options.grace_period_seconds
        if asked is None:
            asked = obj["metadata"].get("deletionGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))
        return DEFAULT_GRACE_S if asked is None else max(0, int(asked))

    def _mark(self, kind: Kind, new: Obj, grace_s: int) -> None:
        metadata = new["metadata"]
        before = metadata.get("deletionGracePeriodSeconds")
        if not metadata.get("deletionTimestamp") or (before is not None and grace_s < before):
            metadata["deletionTimestamp"] = self._registry.time_after(grace_s)
            metadata["deletionGracePeriodSeconds"] = grace_s
            if kind.has_generation:
                metadata["generation"] = metadata.get("generation", 0) + 1
        if kind.table == "namespaces":
            new.setdefault("status", {})["phase"] = "Terminating"

    @staticmethod
    def is_finished(obj: Obj) -> bool:
        """Tell whether nothing holds an object that is being deleted any more."""
        metadata = obj["metadata"]
        return bool(
            metadata.get("deletionTimestamp")
            and not metadata.get("finalizers")
            and not metadata.get("deletionGracePeriodSeconds")
            and not (obj.get("kind") == "Namespace" and (obj.get("spec") or {}).get("finalizers"))
        )

    # --- what follows ------------------------------------------------------------------------------------------------

    def _on_event(self, event: StoreEvent) -> None:
        if event.previous is not None:
            self._forget(event.previous)
        if event.type == "DELETED":
            self._dirty.extend(self._dependents.pop(event.record.uid, ()))
            self._dirty.extend(self._owners(event.record))
            definition = Key(definitions.TABLE, "", event.record.key.table)
            if self._store.get(definition) is not None:
                self._dirty.append(definition)
            if event.record.key.namespace:
                self._dirty.append(Key("namespaces", "", event.record.key.namespace))
        else:
            self._index(event.record)
        self._dirty.append(event.record.key)

    def _forget(self, record: Record) -> None:
        self._by_uid.pop(record.uid, None)
        for owner in record.obj["metadata"].get("ownerReferences") or []:
            self._dependents[owner["uid"]].discard(record.key)

    def _index(self, record: Record) -> None:
        self._by_uid[record.uid] = record.key
        for owner in record.obj["metadata"].get("ownerReferences") or []:
            self._dependents[owner["uid"]].add(record.key)

    def _owners(self, record: Record) -> list[Key]:
        uids = [owner["uid"] for owner in record.obj["metadata"].get("ownerReferences") or []]
        return [self._by_uid[uid] for uid in uids if uid in self._by_uid]

    def settle(self) -> None:
        """Do what the changes since the last call require, until nothing more follows."""
        while self._dirty:
            key = self._dirty.popleft()
            record = self._store.get(key)
            if key.table == definitions.TABLE:
                settle_definition(self._registry, key, record)
                record = self._store.get(key)
            if record is None:
                continue
            if record.obj["metadata"].get("deletionTimestamp"):
                self._settle_deletion(record)
            elif self._is_garbage(record):
                self._delete(record, "Background")
            else:
                self._drop_dead_owners(record)

    def _is_garbage(self, record: Record) -> bool:
        owners = record.obj["metadata"].get("ownerReferences") or []
        return bool(owners) and all(self._is_gone(owner) for owner in owners)

    def _is_gone(self, owner: Obj) -> bool:
        """Tell whether an owner is known not to exist: one of a kind that nobody serves may exist elsewhere.

        Source: ``attemptToDeleteItem`` of pkg/controller/garbagecollector, which gives up where no resource is known.
        """
        served = self._registry.catalog.of_object(owner["apiVersion"], owner["kind"]) is not None
        return served and owner["uid"] not in self._by_uid

    def _drop_dead_owners(self, record: Record) -> None:
        """Forget the owners that are gone; another one keeps the object."""
        owners = record.obj["metadata"].get("ownerReferences") or []
        alive = [owner for owner in owners if not self._is_gone(owner)]
        if len(alive) < len(owners):
            new = record.copy()
            new["metadata"]["ownerReferences"] = alive
            self._store.put(record.key, new)

    def _delete(self, record: Record, propagation: str | None) -> None:
        kind = self._registry.catalog.of_object(record.obj["apiVersion"], record.obj["kind"])
        current = self._store.get(record.key)
        if kind is None:
            if current is not None:
                self._store.remove(record.key)
        elif current is not None and not current.obj["metadata"].get("deletionTimestamp"):
            self.delete(kind, current, DeleteOptions(propagation=propagation))

    def _settle_deletion(self, record: Record) -> None:
        finalizers = record.obj["metadata"].get("finalizers") or []
        if ORPHAN in finalizers:
            self._orphan(record)
            self._drop_finalizer(record.key, ORPHAN)
        elif FOREGROUND in finalizers:
            waiting = False
            for dependent in self._living_dependents(record):
                blocks = any(
                    o["uid"] == record.uid and o.get("blockOwnerDeletion")
                    for o in dependent.obj["metadata"]["ownerReferences"]
                )
                self._delete(dependent, "Foreground")
                waiting = waiting or (blocks and self._store.get(dependent.key) is not None)
            if not waiting:
                self._drop_finalizer(record.key, FOREGROUND)
        elif record.key.table == "namespaces":
            self._empty_namespace(record)
        elif self.is_finished(record.obj):
            self._store.remove(record.key)

    def _living_dependents(self, record: Record) -> list[Record]:
        found = [self._store.get(key) for key in sorted(self._dependents.get(record.uid, ()))]
        return [dependent for dependent in found if dependent is not None]

    def _orphan(self, record: Record) -> None:
        for dependent in self._living_dependents(record):
            new = dependent.copy()
            metadata = new["metadata"]
            metadata["ownerReferences"] = [o for o in metadata["ownerReferences"] if o["uid"] != record.uid]
            if not metadata["ownerReferences"]:
                del metadata["ownerReferences"]
            self._store.put(dependent.key, new)

    def _drop_finalizer(self, key: Key, finalizer: str) -> None:
        record = self._store.get(key)
        if record is None:
            return
        new = record.copy()
        left = [f for f in new["metadata"].get("finalizers") or [] if f != finalizer]
        new["metadata"]["finalizers"] = left
        if not left:
            del new["metadata"]["finalizers"]
        if self.is_finished(new):
            self._store.remove(key)
        else:
            self._store.put(key, new)

    def _empty_namespace(self, record: Record) -> None:
        name = record.key.name
        for content in list(self._store.everything()):
            if content.key.namespace == name:
                self._delete(content, "Background")
        if any(content.key.namespace == name for content in self._store.everything()):
            return
        if record.obj["metadata"].get("finalizers"):
            return
        if self._store.get(record.key) is not None:
            self._store.remove(record.key)

    # --- custom resources --------------------------------------------------------------------------------------------

    def adopt_stored_definitions(self) -> None:
        """Serve the custom resources whose definitions were loaded, then collect the garbage of before the restart."""
        for record in self._store.scan(definitions.TABLE):
            settle_definition(self._registry, record.key, record)
        self.settle()


def owned_by(obj: dict[str, Any]) -> str:
    """Return the uid of the controller that owns an object, or an empty string."""
    for owner in obj["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return str(owner["uid"])
    return ""
