"""What a write asks of the version it replaces: uid and resourceVersion, each request with its own rule.

Sources: ``registry/generic/registry/store.go`` (Update), ``registry/rest/update.go`` (AllowUnconditionalUpdate),
``storage/errors.go`` and ``registry/rest/delete.go`` of k8s.io/apiserver; the sentences are those of 1.36.
"""

from typing import Any, Final

from gungnir.local.deletion import DeleteOptions
from gungnir.local.errors import (
    INVALID,
    BadRequestError,
    ConflictError,
    FieldError,
    conflict,
    invalid,
    qualified_resource,
)
from gungnir.local.kinds.catalog import Kind
from gungnir.local.store import Record

Obj = dict[str, Any]
MODIFIED: Final = "the object has been modified; please apply your changes to the latest version and try again"
_CREATED_BY_UPDATE: Final = frozenset(
    {
        *("endpoints", "events", "leases.coordination.k8s.io", "services"),
        *(f"{plural}.rbac.authorization.k8s.io" for plural in ("clusterroles", "clusterrolebindings")),
        *(f"{plural}.rbac.authorization.k8s.io" for plural in ("roles", "rolebindings")),
    }
)
_CONDITIONAL: Final = frozenset({"leases.coordination.k8s.io", "poddisruptionbudgets.policy"})
"""Built-in kinds whose PUT has to name the version it replaces; custom resources have to, all of them."""


def creates(kind: Kind, metadata: Obj) -> bool:
    """Tell whether a PUT of an object that does not exist makes it.

    Raises:
        ConflictError: It would, but the body means an incarnation that is gone.
    """
    if kind.table not in _CREATED_BY_UPDATE:
        return False
    if metadata.get("uid"):
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: "
        raise conflict(kind.plural, kind.group, metadata.get("name", ""), why)
    return True


def check_update(kind: Kind, record: Record, metadata: Obj, subresource: str | None) -> None:
    """Check the version and uid that a PUT names, and that it names a version where it must.

    Raises:
        ConflictError: The object is of another uid or version.
        InvalidError: No version is named, and the kind is not overwritten blindly; or the deletion would change.
    """
    uid = metadata.get("uid")
    if uid and uid != record.uid:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {record.uid}"
        raise conflict(kind.plural, kind.group, record.key.name, why)
    if not metadata.get("resourceVersion") and (kind.is_custom or kind.table in _CONDITIONAL):
        error = FieldError(INVALID, "metadata.resourceVersion", "must be specified for an update", 0)
        raise invalid(kind.plural, kind.group, record.key.name, [error])
    _check_version(kind, record, metadata)
    _check_immutable(kind, record, metadata, ("deletionTimestamp",), subresource)


def check_patch(kind: Kind, record: Record, patched: Obj, subresource: str | None) -> None:
    """Check the type, name and version that a patched object still has, then what a patch may not set.

    Raises:
        BadRequestError: The patch names another object.
        ConflictError: The patch names another version.
        InvalidError: The patch would change the type, the uid (which is no precondition here) or the deletion.
    """
    metadata = patched["metadata"]
    if metadata.get("name") != record.key.name:
        raise BadRequestError(
            f"the name of the object ({metadata.get('name')}) does not match the name on the URL ({record.key.name})"
        )
    _check_version(kind, record, metadata)
    _check_immutable(kind, record, metadata, ("uid", "deletionTimestamp"), subresource)


def check_patched_type(kind: Kind, patched: Obj) -> None:
    """Check that a patch left the type as it is.

    Raises:
        InvalidError: It did not.
    """
    for field, wanted in (("apiVersion", kind.api_version), ("kind", kind.kind)):
        found = patched.get(field, wanted)
        if found != wanted:
            raise invalid(kind.kind, kind.group, "", [FieldError(INVALID, field, f"must be {wanted}", found)])


def _check_immutable(
    kind: Kind, record: Record, metadata: Obj, fields: tuple[str, ...], subresource: str | None
) -> None:
    if kind.is_custom and subresource == "status":
        return  # everything but the status is put back
    old = record.obj["metadata"]
    for field in fields:
        value = metadata.get(field)
        if value and value != old.get(field):
            error = FieldError(INVALID, f"metadata.{field}", "field is immutable", value)
            raise invalid(kind.kind, kind.group, record.key.name, [error])


def check_deletion(kind: Kind, record: Record, options: DeleteOptions) -> None:
    """Check the preconditions of a deletion.

    Raises:
        ConflictError: The object is of another uid or version.
    """
    version = str(record.obj["metadata"].get("resourceVersion", ""))
    for wanted, found, label, hint in (
        (options.uid, record.uid, "UID", "deleted and then recreated"),
        (options.resource_version, version, "ResourceVersion", "modified"),
    ):
        if wanted and wanted != found:
            raise ConflictError(
                f'Operation cannot be fulfilled on {qualified_resource(kind.kind, kind.group)} "{record.key.name}": '
                f"the {label} in the precondition ({wanted}) does not match the {label} in record ({found}). "
                f"The object might have been {hint}",
                {"name": record.key.name, "kind": kind.kind} | ({"group": kind.group} if kind.group else {}),
            )


def _check_version(kind: Kind, record: Record, metadata: Obj) -> None:
    version = metadata.get("resourceVersion")
    if version and version != record.obj["metadata"].get("resourceVersion"):
        raise conflict(kind.plural, kind.group, record.key.name, MODIFIED)
