"""From a method and a path to what is asked: the URL space of the Kubernetes API."""

from dataclasses import dataclass
from typing import Final

from gungnir.local.errors import MethodNotAllowedError, NotFoundError
from gungnir.local.kinds.catalog import Catalog, Kind

_OBJECT_VERBS: Final = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_COLLECTION_VERBS: Final = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_NAMESPACED_PARTS: Final = 3
_OBJECT_PARTS: Final = 2


@dataclass(frozen=True, slots=True)
class Target:
    """What a request asks: a verb on a kind, and where."""

    verb: str
    kind: Kind
    namespace: str
    name: str
    subresource: str


def resolve(catalog: Catalog, method: str, path: str, *, watching: bool) -> Target:
    """Return what ``method path`` asks.

    Raises:
        NotFoundError: Nothing is served there.
        MethodNotAllowedError: The resource does not support the method.
    """
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"]:
        group, version, rest = "", parts[1] if len(parts) > 1 else "", parts[2:]
    else:
        _, group, version, *rest = [*parts, "", ""] if len(parts) < _NAMESPACED_PARTS else parts
    namespace = ""
    if len(rest) >= _NAMESPACED_PARTS and rest[0] == "namespaces" and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    if not rest or len(rest) > 3:  # noqa: PLR2004  # resource/name/subresource
        raise NotFoundError("the server could not find the requested resource")
    kind = catalog.find(group, version, rest[0])
    if kind is None or (namespace and not kind.namespaced):
        raise NotFoundError("the server could not find the requested resource", {"kind": rest[0], "group": group})
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > _OBJECT_PARTS else ""
    verbs = _OBJECT_VERBS if name else _COLLECTION_VERBS
    verb = "create" if subresource and method == "POST" else verbs.get(method, "")
    if not verb:
        raise MethodNotAllowedError("the server does not allow this method on the requested resource")
    if name and kind.namespaced and not namespace:
        raise NotFoundError("the server could not find the requested resource")
    return Target("watch" if watching and method == "GET" else verb, kind, namespace, name, subresource)
