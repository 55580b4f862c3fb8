"""What does not depend on stored objects: health, version, discovery, OpenAPI."""

from typing import Any, Final

from aiohttp import web

from gungnir.local.kinds.catalog import Catalog
from gungnir.local.serve import discovery, openapi
from gungnir.local.serve.content import answer

_HEALTH: Final = frozenset({"/healthz", "/livez", "/readyz"})
_AGGREGATED_TYPE: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_GROUP_VERSION_PARTS: Final = 3


def static_answer(catalog: Catalog, path: str, request: web.Request) -> web.Response | None:
    """Return the answer to a request that no stored object decides, or None."""
    if request.method != "GET":
        return None
    path = path.rstrip("/") or "/"
    if path in _HEALTH or path.startswith(("/livez/", "/readyz/")):
        return web.Response(text="ok")
    if path == "/version":
        return answer(discovery.version())
    if path.startswith("/openapi/"):
        return _openapi(catalog, path, request)
    if path in {"/api", "/apis"} and discovery.wants_aggregated(request.headers.get("Accept", "")):
        response = answer(discovery.aggregated(catalog, core=path == "/api"))
        response.headers["Content-Type"] = _AGGREGATED_TYPE
        return response
    body = _discovery(catalog, path)
    return answer(body) if body is not None else None


def _discovery(catalog: Catalog, path: str) -> dict[str, Any] | None:
    parts = [part for part in path.split("/") if part]
    match parts:
        case []:
            return {"paths": ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]}
        case ["api"]:
            return discovery.api_versions()
        case ["apis"]:
            return discovery.group_list(catalog)
        case ["api", version]:
            return discovery.resource_list(catalog, "", version)
        case ["apis", group]:
            return discovery.one_group(catalog, group)
        case ["apis", group, version]:
            return discovery.resource_list(catalog, group, version)
        case _:
            return None


def _openapi(catalog: Catalog, path: str, request: web.Request) -> web.Response | None:
    if path == "/openapi/v2":
        accept = request.headers.get("Accept", "*/*")
        if "json" not in accept and "*/*" not in accept:
            return web.Response(body=openapi.V2_OF_NOTHING, content_type=openapi.V2_PROTOBUF)
        return answer(openapi.v2(catalog))
    if path == "/openapi/v3":
        return answer(openapi.v3_index(catalog))
    body = openapi.v3(catalog, path.removeprefix("/openapi/v3/"))
    return answer(body) if body is not None else None
