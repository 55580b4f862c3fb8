"""What the verbs of the registry share: which parts of an object a write changes, and the addresses it allocates."""

import string
from typing import TYPE_CHECKING, Final

from gungnir.local.errors import BadRequestError, ForbiddenError, NotFoundError
from gungnir.local.kinds.catalog import Kind
from gungnir.local.store import Obj, Record

if TYPE_CHECKING:
    from gungnir.local.registry import Registry

SERVER_FIELDS: Final = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
)
"""Metadata that the server sets; what a client sends in them is ignored or a precondition."""


class AddressRange:
    """Addresses for Services when no other allocator is set: 10.96.0.0/16, the first that no Service holds."""

    def __init__(self, registry: "Registry") -> None:
        self._registry = registry

    def allocate(self, namespace: str, name: str) -> str:
        """Return a free address."""
        del namespace, name
        taken = {r.obj["spec"].get("clusterIP") for r in self._registry.store.scan("services")}
        for number in range(1, 1 << 16):
            address = f"10.96.{number >> 8}.{number & 255}"
            if address not in taken:
                return address
        raise ForbiddenError("every Service address is taken: delete a Service")


def parse_revision(text: str) -> int:
    """Return the number behind a resourceVersion.

    Raises:
        BadRequestError: It is not one that this server gave out.
    """
    if not text or not set(text) <= set(string.digits):
        raise BadRequestError(f"resourceVersion: Invalid value: {text!r}: use one that the server returned")
    return int(text)


def combine(kind: Kind, new: Obj, record: Record, subresource: str | None) -> Obj:
    """Return the object: what this request may change from ``new``, the rest from the stored version."""
    old = record.copy()
    if subresource == "status":
        if not kind.has_status:
            raise NotFoundError("the server could not find the requested resource")
        if "status" in new:
            old["status"] = new["status"]
        else:
            old.pop("status", None)
        if not kind.is_custom:  # the status strategies of built-in kinds put the spec back, and little else
            kept = (*SERVER_FIELDS, "ownerReferences") if kind.table == "pods" else SERVER_FIELDS
            written = {name: value for name, value in new["metadata"].items() if name not in kept}
            old["metadata"] = written | {name: old["metadata"][name] for name in kept if name in old["metadata"]}
        return old
    if kind.has_status:
        if "status" in old:
            new["status"] = old["status"]
        else:
            new.pop("status", None)
    metadata = new["metadata"]
    for name in SERVER_FIELDS:
        metadata.pop(name, None)
        if name in old["metadata"]:
            metadata[name] = old["metadata"][name]
    if "generateName" in old["metadata"]:
        metadata.setdefault("generateName", old["metadata"]["generateName"])
    return new


def desired(obj: Obj, kind: Kind) -> Obj:
    """Return the part of an object whose change raises its generation."""
    if not kind.is_custom:
        return {k: v for k, v in obj.items() if k not in {"metadata", "status", "apiVersion", "kind"}}
    ignored = {"metadata", "status", "apiVersion"} if kind.has_status else {"metadata", "apiVersion"}
    return {k: v for k, v in obj.items() if k not in ignored}


def deleted_status(kind: Kind, record: Record) -> Obj:
    """Return the ``Status`` that answers a deletion after which the object is gone."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": record.key.name, "group": kind.group, "kind": kind.plural, "uid": record.uid},
    }
