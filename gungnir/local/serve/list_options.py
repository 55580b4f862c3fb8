"""The options of lists and watches that the API server checks before it looks at anything.

Sources: ``apimachinery/pkg/apis/internalversion/validation`` and the field label conversions of each built-in type.
"""

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from gungnir.local.errors import FORBIDDEN, NOT_SUPPORTED, BadRequestError, FieldError, invalid
from gungnir.local.kinds.catalog import Kind
from gungnir.local.selectors import field_names
from gungnir.local.serve.content import flag

_ALWAYS: Final = ("metadata.name", "metadata.namespace")
_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "pods": (
        *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork"),
        *("status.phase", "status.podIP", "status.nominatedNodeName"),
    ),
    "events": (
        *("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid"),
        *("involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath"),
        *("reason", "reportingComponent", "source", "type"),
    ),
    "namespaces": ("status.phase", "name"),
    "nodes": ("spec.unschedulable",),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
    "replicasets.apps": ("status.replicas",),
}
"""Fields that each type can be selected by, beside name and namespace."""


def check_fields(kind: Kind, selector: str) -> None:
    """Refuse a field selector by a field that a real server does not index.

    Raises:
        BadRequestError: The type cannot be selected by that field.
    """
    served = (*_ALWAYS, *_FIELDS.get(kind.table, ()))
    for name in field_names(selector):
        if name in served or (kind.group == "events.k8s.io" and name.startswith("regarding.")):
            continue
        if kind.is_custom or kind.table in _FIELDS:
            raise BadRequestError(f"field label not supported: {name}")
        raise BadRequestError(
            f'"{name}" is not a known field selector: only ' + ", ".join(f'"{field}"' for field in _ALWAYS)
        )


def check_match(request: web.Request, *, watch: bool) -> None:
    """Check ``resourceVersionMatch`` against what it goes with.

    Raises:
        InvalidError: It is missing, unknown or out of place.
    """
    match = request.query.get("resourceVersionMatch", "")
    initial = flag(request, "sendInitialEvents")
    if initial and not watch:
        raise _refused("sendInitialEvents", "sendInitialEvents is forbidden for list")
    if initial:
        if match != "NotOlderThan":
            raise _refused(
                "resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            )
        return
    if not match:
        return
    if watch:
        raise _refused(
            "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        )
    if not request.query.get("resourceVersion"):
        raise _refused("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match not in ("Exact", "NotOlderThan"):
        problem = 'supported values: "Exact", "NotOlderThan"'
        raise invalid(
            "ListOptions", "meta.k8s.io", "", [FieldError(NOT_SUPPORTED, "resourceVersionMatch", problem, match)]
        )


def _refused(field: str, why: str) -> Exception:
    return invalid("ListOptions", "meta.k8s.io", "", [FieldError(FORBIDDEN, field, why)])
