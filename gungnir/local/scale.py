"""The scale subresource of StatefulSets, Deployments, ReplicaSets and custom resources."""

from typing import TYPE_CHECKING, Any, Final

from gungnir.local.errors import INVALID, FieldError, invalid, not_found
from gungnir.local.kinds.catalog import Kind
from gungnir.local.kinds.custom import ScalePaths
from gungnir.local.selectors import label_selector_text

if TYPE_CHECKING:
    from gungnir.local.registry import Registry, WriteOptions

Obj = dict[str, Any]
_BUILTIN: Final = ScalePaths(("spec", "replicas"), ("status", "replicas"), ())


def _at(obj: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        obj = obj.get(name) if isinstance(obj, dict) else None
    return obj


def _qualified(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def _as_scale(kind: Kind, obj: Obj) -> Obj:
    paths = kind.custom.scale if kind.is_custom else _BUILTIN
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Obj = {"replicas": _at(obj, paths.status_replicas) or 0}
    selector = _at(obj, paths.label_selector) if kind.is_custom else label_selector_text(obj["spec"].get("selector"))
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {"replicas": _at(obj, paths.spec_replicas) or 0},
        "status": status,
    }


def read_scale(registry: "Registry", kind: Kind, namespace: str, name: str) -> Obj:
    """Return the Scale of an object.

    Raises:
        NotFoundError: It does not exist, or has no replicas field.
    """
    obj = registry.get(_qualified(kind), namespace, name)
    if kind.is_custom and _at(obj, kind.custom.scale.spec_replicas) is None:
        raise not_found(kind.plural, kind.group, name)
    return _as_scale(kind, obj)


def write_scale(
    registry: "Registry", kind: Kind, namespace: str, name: str, scale: Obj, options: "WriteOptions"
) -> Obj:
    """Set the replicas of an object and return its new Scale.

    Raises:
        NotFoundError: It does not exist.
        ConflictError: The Scale is of another resourceVersion.
        InvalidError: The number is no replica count, or the object would break a rule.
    """
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        detail = "must be greater than or equal to 0"
        raise invalid("Scale", "autoscaling", name, [FieldError(INVALID, "spec.replicas", detail, replicas)])
    obj = registry.get(_qualified(kind), namespace, name)
    metadata = scale.get("metadata") or {}
    for field in ("uid", "resourceVersion"):
        if metadata.get(field):
            obj["metadata"][field] = metadata[field]
    paths = kind.custom.scale if kind.is_custom else _BUILTIN
    target = obj
    for step in paths.spec_replicas[:-1]:
        target = target.setdefault(step, {})
    target[paths.spec_replicas[-1]] = replicas
    return _as_scale(kind, registry.update(_qualified(kind), obj, options=options))
