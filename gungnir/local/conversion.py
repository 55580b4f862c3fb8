"""Conversion between the form in which an object is stored and the version in which it is asked for.

Only Events have two forms (core ``v1`` and ``events.k8s.io/v1``); they are stored in the core form. Versions of a
custom resource share one form and differ in ``apiVersion`` alone (conversion strategy ``None``).
"""

from typing import Any, Final

from gungnir.local.kinds.catalog import Kind

Obj = dict[str, Any]
_RENAMED: Final = {
    "note": "message",
    "regarding": "involvedObject",
    "reportingController": "reportingComponent",
    "deprecatedCount": "count",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedSource": "source",
}
_BACK: Final = {core: new for new, core in _RENAMED.items()}


def _is_new_event(kind: Kind) -> bool:
    return kind.group == "events.k8s.io"


def to_storage(kind: Kind, obj: Obj) -> Obj:
    """Return ``obj`` of ``kind`` in the form in which it is stored; ``obj`` itself may be reused."""
    if not _is_new_event(kind):
        return obj
    stored = {_RENAMED.get(name, name): value for name, value in obj.items()}
    stored["apiVersion"] = "v1"
    return stored


def from_storage(kind: Kind, obj: Obj) -> Obj:
    """Return a stored object in the form of ``kind``; ``obj`` itself may be reused."""
    if _is_new_event(kind):
        converted = {_BACK.get(name, name): value for name, value in obj.items()}
        converted["apiVersion"] = kind.api_version
        return converted
    if kind.is_custom and obj.get("apiVersion") != kind.api_version:
        return {**obj, "apiVersion": kind.api_version}
    return obj


def needs_conversion(kind: Kind, obj: Obj) -> bool:
    """Tell whether the stored bytes are not the answer as they are."""
    return obj.get("apiVersion") != kind.api_version
