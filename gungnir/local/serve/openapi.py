"""OpenAPI documents: what ``kubectl explain`` shows and what tells kubectl that the server validates fields."""

import hashlib
from functools import lru_cache
from typing import Any, Final

from gungnir.local.kinds.catalog import Catalog, Kind
from gungnir.local.schema.builtin import components_of
from gungnir.local.serve.content import dumps
from gungnir.local.serve.discovery import groups

Obj = dict[str, Any]
_INFO: Final = {"title": "Kubernetes (gungnir local)", "version": "v1.33.1"}
_GVK: Final = "x-kubernetes-group-version-kind"
V2_PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
V2_OF_NOTHING: Final = b"\x0a\x032.0"
"""An ``openapi.v2.Document`` (https://github.com/google/gnostic-models) without any type: its one field is ``swagger``.

kubectl asks for it when version 3 has nothing of a type, and tells people to install the CRD only if it gets one.
The media type is what a kube-apiserver answers with: the one that is asked for has an ``@``, which Go does not read.
"""
_DROPPED: Final = frozenset({"x-kubernetes-validations"})


def _path_of(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def v3_index(catalog: Catalog) -> Obj:
    """Return the body of ``/openapi/v3``: one document per group and version."""
    paths: Obj = {}
    for group, versions in groups(catalog).items():
        for version in versions:
            path = _path_of(group, version)
            document = v3(catalog, path)
            if document is not None:
                digest = hashlib.sha256(dumps(document)).hexdigest()[:32].upper()
                paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def v3(catalog: Catalog, path: str) -> Obj | None:
    """Return the OpenAPI v3 document of ``api/v1`` or ``apis/GROUP/VERSION``, or None."""
    kinds = [kind for kind in catalog if _path_of(kind.group, kind.version) == path]
    if not kinds:
        return None
    return _document(tuple(kinds), tuple(id(kind.custom) for kind in kinds))


@lru_cache(maxsize=64)
def _document(kinds: tuple[Kind, ...], _identities: tuple[int, ...]) -> Obj:
    schemas: Obj = {}
    paths: Obj = {}
    for kind in kinds:
        name = _add_schema(kind, schemas)
        paths.update(_paths(kind, name))
    return {"openapi": "3.0.0", "info": _INFO, "paths": paths, "components": {"schemas": schemas}}


def _add_schema(kind: Kind, schemas: Obj) -> str:
    """Add a kind's schema and all that it refers to, and return its name."""
    identity = [{"group": kind.group, "version": kind.version, "kind": kind.kind}]
    if not kind.is_custom:
        name, parts = components_of(kind)
        schemas.update(parts)
        description = f"{kind.kind} of the Kubernetes API, version {kind.api_version}."
        schemas[name] = {"description": description, **parts[name], _GVK: identity}
        return name
    name = ".".join([*reversed(kind.group.split(".")), kind.version, kind.kind])
    meta, parts = components_of(None)
    schemas.update(parts)
    schema = _without_rules(kind.custom.source)
    properties = {**_type_properties(), **schema.get("properties", {})}
    properties["metadata"] = {
        "description": "Standard object's metadata.",
        "allOf": [{"$ref": f"#/components/schemas/{meta}"}],
    }
    schemas[name] = {**schema, "properties": properties, _GVK: identity}
    return name


def _type_properties() -> Obj:
    return {
        "apiVersion": {"type": "string", "description": "APIVersion defines the versioned schema of this object."},
        "kind": {"type": "string", "description": "Kind is the REST resource that this object represents."},
    }


def _without_rules(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _without_rules(value) for name, value in schema.items() if name not in _DROPPED}
    return [_without_rules(item) for item in schema] if isinstance(schema, list) else schema


def _paths(kind: Kind, schema: str) -> Obj:
    """Return the paths of a kind: enough to tell which requests take ``fieldValidation`` and ``dryRun``."""
    root = f"/{_path_of(kind.group, kind.version)}/"
    collection = f"{root}{'namespaces/{namespace}/' if kind.namespaced else ''}{kind.plural}"
    identity = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    reference = {"$ref": f"#/components/schemas/{schema}"}
    ok = {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}}

    def operation(action: str, *, writes: bool) -> Obj:
        names = ("dryRun", "fieldManager", "fieldValidation") if writes else ("pretty",)
        return {
            "tags": [kind.plural],
            "responses": ok,
            "x-kubernetes-action": action,
            _GVK: identity,
            "parameters": [
                {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}} for name in names
            ],
        }

    return {
        collection: {"get": operation("list", writes=False), "post": operation("post", writes=True)},
        f"{collection}/{{name}}": {
            "get": operation("get", writes=False),
            "put": operation("put", writes=True),
            "patch": operation("patch", writes=True),
            "delete": operation("delete", writes=True),
        },
    }


def v2(catalog: Catalog) -> Obj:
    """Return the OpenAPI v2 document of everything."""
    definitions: Obj = {}
    paths: Obj = {}
    for kind in catalog:
        name = _add_schema(kind, definitions)
        paths.update(_paths(kind, name))
    moved = _moved({"paths": paths, "definitions": definitions})
    return {"swagger": "2.0", "info": _INFO, **moved}


def _moved(value: Any) -> Any:
    """Rewrite references and drop the keywords that OpenAPI v2 does not have."""
    if isinstance(value, dict):
        found = {}
        for name, item in value.items():
            if name == "$ref" and isinstance(item, str):
                found[name] = item.replace("#/components/schemas/", "#/definitions/")
            elif name == "content":
                continue
            elif name not in {"nullable", "oneOf", "anyOf", "not"}:
                found[name] = _moved(item)
        return found
    return [_moved(item) for item in value] if isinstance(value, list) else value
