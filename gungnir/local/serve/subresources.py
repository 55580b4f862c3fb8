"""Subresources: scale, eviction, logs, the finalize call of namespaces."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gungnir.local import eviction
from gungnir.local import patch as patches
from gungnir.local.errors import BadRequestError, MethodNotAllowedError, NotFoundError
from gungnir.local.registry import WriteOptions
from gungnir.local.scale import read_scale, write_scale
from gungnir.local.serve.content import answer, body_of, flag, integer
from gungnir.local.serve.routing import Target

if TYPE_CHECKING:
    from gungnir.local.serve.app import ApiServer

Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What a client wants of a container's log."""

    pod: Obj
    container: str
    follow: bool
    previous: bool
    timestamps: bool
    tail_lines: int | None
    since_seconds: int | None
    limit_bytes: int | None


_INTO_PODS: Final = frozenset({"exec", "attach", "portforward", "proxy", "ephemeralcontainers"})
"""What leads into a pod on a real server. Here a pod is a process, without a file system or a network of its own."""

PodLog = Callable[[LogRequest], AsyncIterator[bytes]]


async def handle(server: "ApiServer", request: web.Request, target: Target) -> web.StreamResponse:
    """Answer a request on a subresource.

    Raises:
        ApiError: It is not served, or the request was refused.
    """
    if target.subresource == "scale" and target.kind.has_scale:
        return await _scale(server, request, target)
    if target.kind.table == "pods" and target.subresource == "eviction":
        return await _evict(server, request, target)
    if target.kind.table == "pods" and target.subresource == "log":
        return await _log(server, request, target)
    if target.kind.table == "pods" and target.subresource in _INTO_PODS:
        raise _no_way_into(server.registry.get("pods", target.namespace, target.name), target.subresource)
    raise NotFoundError("the server could not find the requested resource")


def _no_way_into(pod: Obj, subresource: str) -> MethodNotAllowedError:
    """Build the refusal, which names the ways that there are."""
    name, address = pod["metadata"]["name"], (pod.get("status") or {}).get("podIP")
    ports = [port["containerPort"] for each in pod["spec"]["containers"] for port in each.get("ports") or []]
    where = f"{address}:{ports[0]}" if address and ports else "the pod's address"
    return MethodNotAllowedError(
        f"pods/{subresource} is not served by the local cluster, whose pods are processes of this machine: connect to "
        f"{where} or to a Service's cluster IP directly; 'kubectl logs {name}' shows what the pod prints"
    )


async def _scale(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    registry, kind = server.registry, target.kind
    current = read_scale(registry, kind, target.namespace, target.name)
    if target.verb == "get":
        return answer(current)
    options = WriteOptions(dry_run=request.query.get("dryRun") == "All")
    if target.verb == "patch":
        wanted = patches.apply(current, await body_of(request), request.content_type, is_custom=False)
    elif target.verb == "update":
        wanted = await body_of(request)
    else:
        raise MethodNotAllowedError("the server does not allow this method on the requested resource")
    if not isinstance(wanted, dict):
        raise BadRequestError("the body of the request must be a Scale")
    return answer(write_scale(registry, kind, target.namespace, target.name, wanted, options))


async def _evict(server: "ApiServer", request: web.Request, target: Target) -> web.Response:
    if target.verb != "create":
        raise MethodNotAllowedError("the server does not allow this method on the requested resource")
    body = await body_of(request)
    if not isinstance(body, dict):
        raise BadRequestError("the body of the request must be an Eviction")
    dry_run = request.query.get("dryRun") == "All"
    return answer(eviction.evict(server.registry, target.namespace, target.name, body, dry_run=dry_run), 201)


async def _log(server: "ApiServer", request: web.Request, target: Target) -> web.StreamResponse:
    pod = server.registry.get("pods", target.namespace, target.name)
    containers = [c["name"] for c in pod["spec"].get("containers") or []]
    containers += [c["name"] for c in pod["spec"].get("initContainers") or []]
    container = request.query.get("container", "")
    if not container and len(pod["spec"].get("containers") or []) > 1:
        raise BadRequestError(f"a container name must be specified for pod {target.name}, choose one of: {containers}")
    container = container or containers[0]
    if container not in containers:
        raise BadRequestError(f"container {container} is not valid for pod {target.name}")
    if server.pod_log is None:
        raise BadRequestError(f"pods {target.name!r} has no log: no node agent runs here")
    wanted = LogRequest(
        pod=pod,
        container=container,
        follow=flag(request, "follow"),
        previous=flag(request, "previous"),
        timestamps=flag(request, "timestamps"),
        tail_lines=integer(request, "tailLines"),
        since_seconds=integer(request, "sinceSeconds"),
        limit_bytes=integer(request, "limitBytes"),
    )
    chunks = server.pod_log(wanted)
    head = [chunk async for chunk in _first(chunks)]  # an error comes before the headers, as a Status
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    for chunk in head:
        await response.write(chunk)
    async for chunk in chunks:
        await response.write(chunk)
    return response


async def _first(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        yield chunk
        return
