"""Server-side printing: the columns of ``kubectl get`` for each kind.

The names, priorities and cells follow ``pkg/printers/internalversion/printers.go`` of Kubernetes, and the
``additionalPrinterColumns`` of a custom resource.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from gungnir.local.kinds.catalog import Kind
from gungnir.local.serve import cells
from gungnir.local.serve.cells import age
from gungnir.local.serve.jsonpath import first

Obj = dict[str, Any]
_NAME: Final = {
    "name": "Name",
    "type": "string",
    "format": "name",
    "description": "Name must be unique within a namespace.",
    "priority": 0,
}


@dataclass(frozen=True, slots=True)
class Printer:
    """How one kind is printed."""

    columns: list[Obj]
    cells: Callable[[Obj], list[Any]]


def _column(name: str, kind: str = "string", priority: int = 0, description: str = "") -> Obj:
    return {"name": name, "type": kind, "format": "", "description": description or name, "priority": priority}


def _columns(*names: str) -> list[Obj]:
    """Return columns; a trailing ``+`` marks one that only ``-o wide`` shows."""
    return [_NAME, *(_column(name.rstrip("+"), priority=int(name.endswith("+"))) for name in names)]


_BUILTIN: Final[dict[str, Printer]] = {
    "pods": Printer(
        _columns("Ready", "Status", "Restarts", "Age", "IP+", "Node+", "Nominated Node+", "Readiness Gates+"), cells.pod
    ),
    "services": Printer(_columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector+"), cells.service),
    "endpoints": Printer(_columns("Endpoints", "Age"), cells.endpoints),
    "endpointslices.discovery.k8s.io": Printer(
        _columns("AddressType", "Ports", "Endpoints", "Age"), cells.endpoint_slice
    ),
    "statefulsets.apps": Printer(_columns("Ready", "Age", "Containers+", "Images+"), cells.stateful_set),
    "deployments.apps": Printer(
        _columns("Ready", "Up-to-date", "Available", "Age", "Containers+", "Images+", "Selector+"), cells.deployment
    ),
    "replicasets.apps": Printer(
        _columns("Desired", "Current", "Ready", "Age", "Containers+", "Images+", "Selector+"), cells.replica_set
    ),
    "controllerrevisions.apps": Printer(_columns("Controller", "Revision", "Age"), cells.controller_revision),
    "configmaps": Printer(_columns("Data", "Age"), cells.config_map),
    "secrets": Printer(_columns("Type", "Data", "Age"), cells.secret),
    "serviceaccounts": Printer(_columns("Secrets", "Age"), cells.service_account),
    "namespaces": Printer(_columns("Status", "Age"), cells.namespace),
    "nodes": Printer(
        _columns(
            "Status",
            "Roles",
            "Age",
            "Version",
            "Internal-IP+",
            "External-IP+",
            "OS-Image+",
            "Kernel-Version+",
            "Container-Runtime+",
        ),
        cells.node,
    ),
    "persistentvolumeclaims": Printer(
        _columns(
            "Status",
            "Volume",
            "Capacity",
            "Access Modes",
            "StorageClass",
            "VolumeAttributesClass",
            "Age",
            "VolumeMode+",
        ),
        cells.claim,
    ),
    "persistentvolumes": Printer(
        _columns(
            "Capacity",
            "Access Modes",
            "Reclaim Policy",
            "Status",
            "Claim",
            "StorageClass",
            "VolumeAttributesClass",
            "Reason",
            "Age",
            "VolumeMode+",
        ),
        cells.volume,
    ),
    "poddisruptionbudgets.policy": Printer(
        _columns("Min Available", "Max Unavailable", "Allowed Disruptions", "Age"), cells.disruption_budget
    ),
    "leases.coordination.k8s.io": Printer(_columns("Holder", "Age"), cells.lease),
    "events": Printer(
        [
            _column("Last Seen"),
            _column("Type"),
            _column("Reason"),
            _column("Object"),
            _column("Subobject", priority=1),
            _column("Source", priority=1),
            _column("Message"),
            _column("First Seen", priority=1),
            _column("Count", "integer", 1),
            {**_NAME, "priority": 1},
        ],
        cells.event,
    ),
    "customresourcedefinitions.apiextensions.k8s.io": Printer([_NAME, _column("Created At", "date")], cells.definition),
    "rolebindings.rbac.authorization.k8s.io": Printer(_columns("Role", "Age"), cells.binding),
    "clusterrolebindings.rbac.authorization.k8s.io": Printer(_columns("Role", "Age"), cells.binding),
    "roles.rbac.authorization.k8s.io": Printer([_NAME, _column("Created At", "date")], cells.definition),
    "clusterroles.rbac.authorization.k8s.io": Printer([_NAME, _column("Created At", "date")], cells.definition),
    "storageclasses.storage.k8s.io": Printer(
        _columns("Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"),
        cells.storage_class,
    ),
}
_PLAIN: Final = Printer(_columns("Age"), lambda obj: [obj["metadata"]["name"], age(obj)])


def printer_of(kind: Kind) -> Printer:
    """Return the printer of a kind."""
    if kind.is_custom:
        return _custom(kind, id(kind.custom))
    return _BUILTIN.get(kind.table, _PLAIN)


@lru_cache(maxsize=64)
def _custom(kind: Kind, _identity: int) -> Printer:
    """Return the printer of a custom resource; a changed definition is another identity."""
    declared = kind.custom.columns or [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
    columns = [_NAME] + [
        {
            "name": column["name"],
            "type": column.get("type", "string"),
            "format": column.get("format", ""),
            "description": column.get("description") or f"Custom resource definition column ({column['jsonPath']})",
            "priority": column.get("priority", 0),
        }
        for column in declared
    ]

    def row(obj: Obj) -> list[Any]:
        return [obj["metadata"]["name"], *(_cell(obj, column) for column in declared)]

    return Printer(columns, row)


def _cell(obj: Obj, column: Obj) -> Any:
    value = first(obj, str(column.get("jsonPath", "")))
    if value is None:
        return None
    kind = column.get("type")
    if kind == "date":
        return cells.since(str(value))
    if kind == "integer":
        return value if isinstance(value, int) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    return cells.text(value)
