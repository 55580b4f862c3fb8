"""CustomResourceDefinitions: from a definition to a served resource, and back when it goes.

Source: ``apiextensions-apiserver/pkg/apis/apiextensions/validation`` and its naming and establishing controllers.
"""

from typing import TYPE_CHECKING, Any, Final

from gungnir.local.errors import FORBIDDEN, INVALID, REQUIRED, FieldError
from gungnir.local.kinds.catalog import Kind
from gungnir.local.kinds.custom import CustomVersion
from gungnir.local.kinds.meta import label_problem, subdomain_problem
from gungnir.local.schema import shape
from gungnir.local.schema.rules import RuleError
from gungnir.local.store import Key, Obj, Record

if TYPE_CHECKING:
    from gungnir.local.registry import Registry

TABLE: Final = "customresourcedefinitions.apiextensions.k8s.io"
FINALIZER: Final = "customresourcecleanup.apiextensions.k8s.io"


def default(obj: Obj) -> None:
    """Fill in the names that follow from others, and the conversion strategy."""
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    kind = str(names.get("kind") or "")
    if kind:
        if not names.get("singular"):
            names["singular"] = kind.lower()
        if not names.get("listKind"):
            names["listKind"] = f"{kind}List"
    spec.setdefault("conversion", {"strategy": "None"})


def validate(obj: Obj) -> list[FieldError]:
    """Check a definition, its rules included."""
    spec = obj.get("spec") or {}
    names = spec.get("names") or {}
    group, plural = str(spec.get("group") or ""), str(names.get("plural") or "")
    errors = [FieldError(REQUIRED, f"spec.names.{field}") for field in ("plural", "kind") if not names.get(field)]
    if not group:
        errors.append(FieldError(REQUIRED, "spec.group"))
    elif problem := subdomain_problem(group):
        errors.append(FieldError(INVALID, "spec.group", problem, group))
    if group and plural and obj["metadata"].get("name") != f"{plural}.{group}":
        detail = 'must be spec.names.plural+"."+spec.group'
        errors.append(FieldError(INVALID, "metadata.name", detail, obj["metadata"].get("name")))
    if plural and (problem := label_problem(plural)):
        errors.append(FieldError(INVALID, "spec.names.plural", problem, plural))
    if spec.get("scope") not in {"Namespaced", "Cluster"}:
        errors.append(
            FieldError(
                "Unsupported value", "spec.scope", 'supported values: "Cluster", "Namespaced"', spec.get("scope")
            )
        )
    if (spec.get("conversion") or {}).get("strategy") != "None":
        errors.append(FieldError(FORBIDDEN, "spec.conversion.strategy", "the local cluster converts by None only"))
    return errors + _versions(spec.get("versions") or [])


def _versions(versions: list[Obj]) -> list[FieldError]:
    errors = []
    if sum(bool(v.get("storage")) for v in versions) != 1:
        detail = "must have exactly one version marked as storage version"
        errors.append(FieldError(INVALID, "spec.versions", detail, [v.get("name") for v in versions]))
    for i, version in enumerate(versions):
        at = f"spec.versions[{i}]"
        if not version.get("name"):
            errors.append(FieldError(REQUIRED, f"{at}.name"))
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if not schema:
            errors.append(FieldError(REQUIRED, f"{at}.schema.openAPIV3Schema", "schemas are required"))
            continue
        errors += _schema(version, f"{at}.schema.openAPIV3Schema")
    return errors


def _schema(version: Obj, path: str) -> list[FieldError]:
    schema = version["schema"]["openAPIV3Schema"]
    if schema.get("type") != "object":
        return [FieldError(INVALID, f"{path}.type", "must be object at the root", schema.get("type"))]
    errors = shape.check(schema, path)
    if not errors:
        try:
            CustomVersion(version)
        except RuleError as exc:
            errors.append(FieldError(INVALID, path, str(exc), "rule"))
    return errors


def initial_status(obj: Obj) -> None:
    """Mark a new definition as accepted and established: here both hold at once."""
    stored = [v["name"] for v in (obj.get("spec") or {}).get("versions") or [] if v.get("storage")]
    obj["status"] = {"conditions": [], "acceptedNames": {}, "storedVersions": stored}


def kinds_of(obj: Obj) -> tuple[Kind, ...]:
    """Return the kinds that a definition serves."""
    spec = obj["spec"]
    names = spec["names"]
    return tuple(
        Kind(
            group=spec["group"],
            version=version["name"],
            kind=names["kind"],
            plural=names["plural"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            has_status="status" in (version.get("subresources") or {}),
            has_scale="scale" in (version.get("subresources") or {}),
            has_generation=True,
            singular=names.get("singular", ""),
            custom=CustomVersion(version),
        )
        for version in spec["versions"]
        if version.get("served")
    )


def settle_definition(registry: "Registry", key: Key, record: Record | None) -> None:
    """Serve what a definition says now; delete the objects of one that goes."""
    plural, _, group = key.name.partition(".")
    if record is None:
        registry.catalog.replace_custom(group, plural, ())
        return
    if record.obj["metadata"].get("deletionTimestamp"):
        _clean_up(registry, record, plural, group)
        return
    registry.catalog.replace_custom(group, plural, kinds_of(record.obj))
    _establish(registry, record)


def _establish(registry: "Registry", record: Record) -> None:
    names = record.obj["spec"]["names"]
    status = record.obj.get("status") or {}
    finalizers = record.obj["metadata"].get("finalizers") or []
    if status.get("acceptedNames") == names and FINALIZER in finalizers:
        return
    now = registry.now()
    new = record.copy()
    new["metadata"]["finalizers"] = [*(f for f in finalizers if f != FINALIZER), FINALIZER]
    new["status"] = {
        **status,
        "acceptedNames": names,
        "conditions": [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ],
    }
    registry.store.put(record.key, new)


def _condition(name: str, reason: str, message: str, now: str) -> dict[str, Any]:
    return {"type": name, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}


def _clean_up(registry: "Registry", record: Record, plural: str, group: str) -> None:
    finalizers = record.obj["metadata"].get("finalizers") or []
    if FINALIZER not in finalizers:
        return
    table = f"{plural}.{group}"
    kind = next((k for k in registry.catalog if k.is_custom and k.group == group and k.plural == plural), None)
    if kind is not None and registry.store.scan(table):
        registry.delete_collection(f"{plural}.{group}", None)
    if registry.store.scan(table):
        return
    new = record.copy()
    new["metadata"]["finalizers"] = [f for f in finalizers if f != FINALIZER]
    if not new["metadata"]["finalizers"]:
        del new["metadata"]["finalizers"]
    registry.store.put(record.key, new)
