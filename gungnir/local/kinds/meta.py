"""Validation of object metadata: names, labels, annotations, owners and finalizers.

The rules and sentences are those of apimachinery's ``util/validation`` and ``api/validation/objectmeta.go``.
"""

import re
from typing import Any, Final

from gungnir.local.errors import FORBIDDEN, INVALID, REQUIRED, TOO_LONG, FieldError
from gungnir.local.kinds.catalog import Kind

_LABEL_1123: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_PATH_SEGMENT_FORBIDDEN: Final = re.compile(r"[/%]")
_LABEL_LENGTH: Final = 63
_STANDARD_FINALIZERS: Final = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_STRICT_FINALIZERS: Final = frozenset(
    {
        *("configmaps", "endpoints", "events", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods"),
        *("secrets", "serviceaccounts", "services", "statefulsets.apps", "deployments.apps", "replicasets.apps"),
    }
)
"""Kinds that ``ValidateObjectMeta`` of k8s.io/kubernetes/pkg/apis/core judges, stricter than apimachinery's own."""
_SUBDOMAIN_LENGTH: Final = 253
_ANNOTATIONS_BYTES: Final = 256 * 1024

_SUBDOMAIN_TEXT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_1035_TEXT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_TEXT: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_TEXT: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def subdomain_problem(name: str) -> str:
    """Return what is wrong with ``name`` as a DNS subdomain, or an empty string."""
    if len(name) > _SUBDOMAIN_LENGTH:
        return f"must be no more than {_SUBDOMAIN_LENGTH} characters"
    return "" if _SUBDOMAIN.fullmatch(name) else _SUBDOMAIN_TEXT


def label_problem(name: str, *, alphabetic_start: bool = False) -> str:
    """Return what is wrong with ``name`` as a DNS label (RFC 1123, or RFC 1035), or an empty string."""
    if len(name) > _LABEL_LENGTH:
        return f"must be no more than {_LABEL_LENGTH} characters"
    if alphabetic_start:
        return "" if _LABEL_1035.fullmatch(name) else _LABEL_1035_TEXT
    return "" if _LABEL_1123.fullmatch(name) else _LABEL_TEXT


def qualified_name_problem(name: str) -> str:
    """Return what is wrong with ``name`` as a label or annotation key, or an empty string."""
    prefix, slash, rest = name.rpartition("/")
    if slash and (problem := subdomain_problem(prefix)):
        return f"prefix part {problem}"
    if not rest:
        return "name part must be non-empty"
    if len(rest) > _LABEL_LENGTH:
        return f"name part must be no more than {_LABEL_LENGTH} characters"
    return "" if _QUALIFIED.fullmatch(rest) else _QUALIFIED_TEXT


def label_value_problem(value: str) -> str:
    """Return what is wrong with ``value`` as a label's value, or an empty string."""
    if len(value) > _LABEL_LENGTH:
        return f"must be no more than {_LABEL_LENGTH} characters"
    return "" if _LABEL_VALUE.fullmatch(value) else _VALUE_TEXT


def name_problem(kind: Kind, name: str) -> str:
    """Return what is wrong with ``name`` as the name of an object of ``kind``, or an empty string."""
    if kind.group == "rbac.authorization.k8s.io":
        if name in {".", ".."}:
            return f"may not be '{name}'"
        match = _PATH_SEGMENT_FORBIDDEN.search(name)
        return f"may not contain '{match.group()}'" if match else ""
    if kind.plural == "services":
        return label_problem(name, alphabetic_start=True)
    if kind.plural in {"namespaces", "statefulsets"} and not kind.is_custom:
        return label_problem(name)
    return subdomain_problem(name)


def validate_labels(labels: Any, path: str) -> list[FieldError]:
    """Check the keys and values of a label map."""
    errors = []
    for key, value in (labels or {}).items():
        if problem := qualified_name_problem(key):
            errors.append(FieldError(INVALID, path, problem, key))
        if not isinstance(value, str):
            errors.append(FieldError(INVALID, f"{path}.{key}", "must be a string", value))
        elif problem := label_value_problem(value):
            errors.append(FieldError(INVALID, path, problem, value))
    return errors


def validate_metadata(kind: Kind, metadata: dict[str, Any]) -> list[FieldError]:
    """Check the metadata of an object that is created or changed."""
    errors: list[FieldError] = []
    name = metadata.get("name", "")
    if not name:
        errors.append(FieldError(REQUIRED, "metadata.name", "name or generateName is required"))
    elif problem := name_problem(kind, name):
        errors.append(FieldError(INVALID, "metadata.name", problem, name))
    errors += validate_labels(metadata.get("labels"), "metadata.labels")
    size = 0
    for key, value in (metadata.get("annotations") or {}).items():
        size += len(key) + len(str(value))
        if problem := qualified_name_problem(key.lower()):
            errors.append(FieldError(INVALID, "metadata.annotations", problem, key))
        if not isinstance(value, str):
            errors.append(FieldError(INVALID, f"metadata.annotations.{key}", "must be a string", value))
    if size > _ANNOTATIONS_BYTES:
        errors.append(FieldError(TOO_LONG, "metadata.annotations", f"may not be more than {_ANNOTATIONS_BYTES} bytes"))
    errors += _validate_owners(metadata.get("ownerReferences") or [])
    for i, finalizer in enumerate(metadata.get("finalizers") or []):
        at = f"metadata.finalizers[{i}]"
        if problem := qualified_name_problem(finalizer):
            errors.append(FieldError(INVALID, at, problem, finalizer))
        elif kind.table in _STRICT_FINALIZERS and "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            problem = "name is neither a standard finalizer name nor is it fully qualified"
            errors.append(FieldError(INVALID, at, problem, finalizer))
    return errors


def _validate_owners(owners: list[Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    controllers = []
    at = "metadata.ownerReferences"  # a real server names no index here
    for owner in owners:
        errors += [
            FieldError(INVALID, f"{at}.{field}", "must not be empty", owner.get(field, ""))
            for field in ("apiVersion", "kind", "name", "uid")
            if not owner.get(field)
        ]
        if owner.get("controller"):
            controllers.append(f"{owner.get('kind')}/{owner.get('name')}")
    if len(controllers) > 1:
        who = " and ".join(controllers)
        errors.append(
            FieldError(
                INVALID,
                "metadata.ownerReferences",
                f'Only one reference can have Controller set to true. Found "true" in references for {who}',
                owners,
            )
        )
    return errors


def validate_metadata_update(new: dict[str, Any], old: dict[str, Any]) -> list[FieldError]:
    """Check what may not change from one version of the metadata to the next."""
    errors = [
        FieldError(INVALID, f"metadata.{field}", "field is immutable", new.get(field, ""))
        for field in ("name", "namespace")
        if new.get(field, "") != old.get(field, "")
    ]
    if old.get("deletionTimestamp"):
        added = [f for f in new.get("finalizers") or [] if f not in (old.get("finalizers") or [])]
        if added:
            errors.append(
                FieldError(
                    FORBIDDEN,
                    "metadata.finalizers",
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                    f"[]string{{{', '.join(repr(f) for f in added)}}}".replace("'", '"'),
                )
            )
    return errors
