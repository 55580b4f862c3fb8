"""The verbs of the API on the stored objects: what the HTTP server serves and what in-process controllers call.

Single-threaded and synchronous: a call is atomic, and what it causes (garbage collection, a namespace that empties) has
happened when it returns. Objects that go in are copied, objects that come out are the caller's own.
"""

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from gungnir.local import admission, preconditions
from gungnir.local import patch as patches
from gungnir.local.conversion import from_storage, to_storage
from gungnir.local.deletion import DeleteOptions, Deletions
from gungnir.local.errors import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    already_exists,
    forbidden,
    not_found,
)
from gungnir.local.kinds.catalog import Catalog, Kind
from gungnir.local.kinds.strategies import strategy_of
from gungnir.local.selectors import predicate
from gungnir.local.store import Key, Obj, Record, Store
from gungnir.local.watches import Watch
from gungnir.local.writes import SERVER_FIELDS, AddressRange, combine, deleted_status, desired, parse_revision

__all__ = ["DeleteOptions", "ListResult", "Registry", "Watch", "WriteOptions", "parse_revision"]
_SUFFIX_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_MAX_GENERATED_BASE: Final = 58


@dataclass(frozen=True, slots=True)
class ListResult:
    """A consistent list and the revision it is of."""

    items: list[Obj]
    resource_version: str


@dataclass(slots=True)
class WriteOptions:
    """How a write is to be treated; ``warnings`` comes back filled, ``created`` if an update made the object."""

    dry_run: bool = False
    field_validation: str = "Warn"
    warnings: list[str] = field(default_factory=list)
    created: bool = False


Records = list[Record]
Hook = Callable[[Kind, Obj, Obj | None], None]


class Registry:
    """Every verb with the semantics of the API: defaults, validation, revisions, preconditions, finalizers.

    Attributes:
        mutators: Called with ``(kind, new, old)`` after defaulting and before validation of every create and update;
            they may change ``new`` (the Service address allocator is one). ``old`` is None on create.
        cluster_ip: Returns the address of a Service that asks for one; replaced by the part that owns addresses.
    """

    def __init__(self, store: Store | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.store = store or Store()
        self.catalog = Catalog()
        self.mutators: list[Hook] = []
        self.cluster_ip: Callable[[str, str], str] = AddressRange(self).allocate
        self._clock = clock
        self._deletions = Deletions(self)
        self._depth = 0
        self._deletions.adopt_stored_definitions()

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, resource: str, namespace: str | None, name: str) -> Obj:
        """Return one object.

        Raises:
            NotFoundError: It does not exist.
        """
        kind = self.catalog.resolve(resource)
        return from_storage(kind, self.record(kind, namespace, name).copy())

    def record(self, kind: Kind, namespace: str | None, name: str) -> Record:
        """Return the stored version of one object, shared and not to be changed.

        Raises:
            NotFoundError: It does not exist.
        """
        record = self.store.get(self.key(kind, namespace, name))
        if record is None:
            raise not_found(kind.plural, kind.group, name)
        return record

    @staticmethod
    def key(kind: Kind, namespace: str | None, name: str) -> Key:
        """Return where an object of ``kind`` is stored."""
        return Key(kind.table, (namespace or "") if kind.namespaced else "", name)

    def list(
        self, resource: str, namespace: str | None = None, *, label_selector: str = "", field_selector: str = ""
    ) -> ListResult:
        """Return the objects of one namespace, or of all (None), that both selectors select.

        Raises:
            BadRequestError: A selector cannot be read.
        """
        kind = self.catalog.resolve(resource)
        records = self.records(kind, namespace, label_selector=label_selector, field_selector=field_selector)
        return ListResult([from_storage(kind, r.copy()) for r in records], str(self.store.revision))

    def records(
        self, kind: Kind, namespace: str | None, *, label_selector: str = "", field_selector: str = ""
    ) -> Records:
        """Return the stored versions that ``list`` returns, shared and not to be changed."""
        selects = predicate(label_selector, field_selector)
        return [r for r in self.store.scan(kind.table, namespace or None) if selects(r.obj)]

    def watch(
        self,
        resource: str,
        namespace: str | None = None,
        *,
        resource_version: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Watch:
        """Watch from a revision on; without one (or ``0``) every object that exists comes first, as ADDED.

        Raises:
            BadRequestError: A selector or the revision cannot be read.
        """
        kind = self.catalog.resolve(resource)
        selects = predicate(label_selector, field_selector)
        start = None if resource_version in {None, "", "0"} else parse_revision(str(resource_version))
        return Watch(self.store, kind.table, namespace or None, selects, start)

    # --- writing -----------------------------------------------------------------------------------------------------

    def create(
        self,
        resource: str,
        obj: Obj,
        *,
        namespace: str | None = None,
        dry_run: bool = False,
        options: WriteOptions | None = None,
    ) -> Obj:
        """Create an object and return it as stored.

        Raises:
            AlreadyExistsError: The name is taken.
            NotFoundError: The namespace does not exist.
            ForbiddenError: The namespace is being deleted.
            BadRequestError: The body cannot be read, or names another kind or namespace.
            InvalidError: The object breaks a rule.
        """
        opts = options or WriteOptions(dry_run=dry_run)
        kind = self.catalog.resolve(resource)
        new = to_storage(kind, admission.check_type(kind, Record(Key("", "", ""), obj, 0).copy()))
        metadata = new["metadata"]
        self._place(kind, new, namespace)
        if metadata.get("resourceVersion") and not opts.dry_run:
            # a real server answers 500 without a reason here (storage.ErrResourceVersionSetOnCreate)
            raise ApiError("resourceVersion should not be set on objects to be created", reason="")
        for name in SERVER_FIELDS:
            metadata.pop(name, None)
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = self._generated_name(kind, new)
        opts.warnings += admission.decode(kind, new, opts.field_validation)
        strategy = strategy_of(kind)
        if kind.has_status:
            new.pop("status", None)
            strategy.initial_status(new)
        admission.default(kind, new)
        self._mutate(kind, new, None)
        admission.validate(kind, new, None)
        key = self.key(kind, metadata.get("namespace"), metadata["name"])
        taken = self.store.get(key)
        if taken is not None:
            deleting = "deletionTimestamp" in taken.obj["metadata"]
            raise already_exists(kind.plural, kind.group, metadata["name"], deleting=deleting)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = self.now()
        if kind.has_generation:
            metadata["generation"] = 1
        if opts.dry_run:
            return from_storage(kind, new)
        with self._verb():
            record = self.store.put(key, new)
        return from_storage(kind, record.copy())

    def update(
        self,
        resource: str,
        obj: Obj,
        *,
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
        options: WriteOptions | None = None,
    ) -> Obj:
        """Replace an object, or only its ``status`` (``subresource="status"``), and return it as stored.

        A ``resourceVersion`` or ``uid`` in the metadata is a precondition. A write that changes nothing keeps the
        resourceVersion.

        Raises:
            NotFoundError: It does not exist.
            ConflictError: A precondition does not hold.
            BadRequestError: The body cannot be read.
            InvalidError: The object breaks a rule, or changes what is immutable.
        """
        opts = options or WriteOptions(dry_run=dry_run)
        kind = self.catalog.resolve(resource)
        new = to_storage(kind, admission.check_type(kind, Record(Key("", "", ""), obj, 0).copy()))
        self._place(kind, new, namespace, check_exists=False)
        metadata = new["metadata"]
        if name and not metadata.get("name"):
            metadata["name"] = name
        if name and metadata["name"] != name:
            raise BadRequestError(
                f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            )
        place = metadata.get("namespace"), metadata.get("name", "")
        missing = subresource is None and self.store.get(self.key(kind, *place)) is None
        if missing and preconditions.creates(kind, metadata):
            metadata.pop("resourceVersion", None)
            opts.created = True
            return self.create(resource, from_storage(kind, new), namespace=place[0], options=opts)
        record = self.record(kind, *place)
        preconditions.check_update(kind, record, metadata, subresource)
        return from_storage(kind, self._replace(kind, record, new, subresource, opts))

    def patch(
        self,
        resource: str,
        namespace: str | None,
        name: str,
        patch: Any,
        content_type: str,
        *,
        subresource: str | None = None,
        dry_run: bool = False,
        options: WriteOptions | None = None,
    ) -> Obj:
        """Change an object by a JSON, merge or strategic merge patch and return it as stored.

        Raises:
            NotFoundError: It does not exist.
            ConflictError: The patch names a resourceVersion that is not the current one.
            UnsupportedMediaTypeError: The media type is not served, server-side apply among them.
            BadRequestError: The patch cannot be read.
            InvalidError: The patch does not apply, or its result breaks a rule.
        """
        opts = options or WriteOptions(dry_run=dry_run)
        kind = self.catalog.resolve(resource)
        patches.check_media_type(content_type, is_custom=kind.is_custom)
        record = self.record(kind, namespace, name)
        current = from_storage(kind, record.copy())
        changed = patches.apply(current, patch, content_type, is_custom=kind.is_custom)
        preconditions.check_patched_type(kind, changed)
        new = to_storage(kind, admission.check_type(kind, changed))
        preconditions.check_patch(kind, record, new, subresource)
        return from_storage(kind, self._replace(kind, record, new, subresource, opts))

    def delete(
        self,
        resource: str,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        grace_period_seconds: int | None = None,
        propagation: str | None = None,
        dry_run: bool = False,
    ) -> Obj:
        """Delete an object, or begin to: finalizers, a pod's grace period and foreground deletion make it wait.

        Returns:
            The object if it still exists with a ``deletionTimestamp``, else a ``Status`` with its name and uid.

        Raises:
            NotFoundError: It does not exist.
            ConflictError: ``uid`` or ``resource_version`` is not the current one.
        """
        kind = self.catalog.resolve(resource)
        record = self.record(kind, namespace, name)
        options = DeleteOptions(uid, resource_version, grace_period_seconds, propagation, dry_run)
        preconditions.check_deletion(kind, record, options)
        with self._verb():
            waiting = self._deletions.delete(kind, record, options)
            if waiting is None:
                return deleted_status(kind, record)
        current = self.store.get(record.key)
        return from_storage(kind, (current or waiting).copy())

    def delete_collection(
        self,
        resource: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
        options: DeleteOptions | None = None,
    ) -> ListResult:
        """Delete every selected object and return them as they were."""
        kind = self.catalog.resolve(resource)
        records = self.records(kind, namespace, label_selector=label_selector, field_selector=field_selector)
        with self._verb():
            for record in records:
                current = self.store.get(record.key)
                if current is not None:
                    self._deletions.delete(kind, current, options or DeleteOptions())
        return ListResult([from_storage(kind, r.copy()) for r in records], str(self.store.revision))

    # --- what the verbs share ----------------------------------------------------------------------------------------

    def now(self) -> str:
        """Return the current time in the form of the API: RFC 3339, UTC, whole seconds."""
        return datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def time_after(self, seconds: int) -> str:
        """Return the time ``seconds`` from now in the form of the API."""
        return datetime.fromtimestamp(self._clock() + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _place(self, kind: Kind, new: Obj, namespace: str | None, *, check_exists: bool = True) -> None:
        """Settle the namespace of an object that is written."""
        metadata = new["metadata"]
        if not kind.namespaced:
            metadata.pop("namespace", None)
            return
        if namespace and not metadata.get("namespace"):
            metadata["namespace"] = namespace
        if namespace and metadata["namespace"] != namespace:
            raise BadRequestError(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        placed = metadata.get("namespace")
        if not placed:
            raise BadRequestError(f"metadata.namespace: an object of kind {kind.kind} needs a namespace")
        if not check_exists:
            return
        home = self.store.get(Key("namespaces", "", placed))
        if home is None:
            raise not_found("namespaces", "", placed)
        if home.obj["metadata"].get("deletionTimestamp"):
            error = forbidden(
                kind.plural,
                kind.group,
                metadata.get("name", ""),
                f"unable to create new content in namespace {placed} because it is being terminated",
            )
            raise ForbiddenError(
                error.message,
                {
                    **(error.details or {}),
                    "causes": [
                        {
                            "reason": "NamespaceTerminating",
                            "message": f"namespace {placed} is being terminated",
                            "field": "metadata.namespace",
                        }
                    ],
                },
            )

    def _generated_name(self, kind: Kind, new: Obj) -> str:
        base = new["metadata"]["generateName"][:_MAX_GENERATED_BASE]
        while True:
            name = base + "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(5))
            if self.store.get(self.key(kind, new["metadata"].get("namespace"), name)) is None:
                return str(name)

    def _mutate(self, kind: Kind, new: Obj, old: Obj | None) -> None:
        if kind.table == "services":
            self._allocate_cluster_ip(new)
        for mutator in self.mutators:
            mutator(kind, new, old)

    def _allocate_cluster_ip(self, service: Obj) -> None:
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            metadata = service["metadata"]
            spec["clusterIP"] = self.cluster_ip(metadata.get("namespace", ""), metadata.get("name", ""))
        spec.setdefault("clusterIPs", [spec["clusterIP"]])

    def _replace(self, kind: Kind, record: Record, new: Obj, subresource: str | None, opts: WriteOptions) -> Obj:
        old = record.obj
        opts.warnings += admission.decode(kind, new, opts.field_validation)
        new = combine(kind, new, record, subresource)
        if subresource is None:
            strategy_of(kind).carry_over(new, old)
            admission.default(kind, new)
            self._mutate(kind, new, old)
        elif kind.is_custom:
            admission.default(kind, new)
        admission.validate(kind, new, old)
        metadata = new["metadata"]
        metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        if kind.has_generation and desired(new, kind) != desired(old, kind):
            metadata["generation"] = old["metadata"].get("generation", 0) + 1
        if opts.dry_run:
            return new
        if new == old:
            return record.copy()
        with self._verb():
            if self._deletions.is_finished(new):
                return self.store.remove(record.key).copy()
            record = self.store.put(record.key, new)
        return record.copy()

    def _verb(self) -> "_Verb":
        return _Verb(self)

    def enter(self) -> None:
        """Begin a write; what it causes is done when the outermost write ends."""
        self._depth += 1

    def leave(self) -> None:
        """End a write."""
        self._depth -= 1
        if self._depth == 0:
            self._deletions.settle()


class _Verb:
    """Brackets a write, so that its consequences are settled once, at the outermost end."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __enter__(self) -> None:
        self._registry.enter()

    def __exit__(self, *_: object) -> None:
        self._registry.leave()
