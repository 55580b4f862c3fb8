"""The HTTP server of the local cluster: plain HTTP on a loopback address, one handler for the whole URL space."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

import yaml
from aiohttp import web

from gungnir.local.errors import ApiError, BadRequestError, NotFoundError
from gungnir.local.registry import Registry
from gungnir.local.serve import discovery, verbs
from gungnir.local.serve.admin import handle_admin
from gungnir.local.serve.audit import Audit, AuditEntry
from gungnir.local.serve.content import answer, body_of, error_answer, flag
from gungnir.local.serve.faults import About, Faults
from gungnir.local.serve.pages import Pages
from gungnir.local.serve.routing import resolve
from gungnir.local.serve.static import static_answer
from gungnir.local.serve.streams import Stream
from gungnir.local.serve.subresources import PodLog

_LOG: Final = logging.getLogger(__name__)
Action = Callable[[], Awaitable[web.StreamResponse]]
_METHOD_VERBS: Final = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_MAX_BODY_BYTES: Final = 3 * 1024 * 1024
"""The limit of a real server (``--max-request-bytes`` of the API server's generic config)."""


class ApiServer:
    """Serves a registry on ``http://host:port``.

    Attributes:
        registry: What is served.
        faults: What goes wrong on purpose; ``set_down`` and the ``*_watches`` methods act at once.
        audit: The last requests.
        pod_log: Set by the node agent: the bytes of a container's log.
        streams: The open watches.
        pages: The lists that somebody is in the middle of reading.
    """

    def __init__(self, registry: Registry, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve ``registry`` at ``host``; port 0 takes a free one when the server starts."""
        self.registry = registry
        self.faults = Faults()
        self.audit = Audit()
        self.pod_log: PodLog | None = None
        self.streams: set[Stream] = set()
        self.pages = Pages()
        self.stopping = False
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._heal: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._up = asyncio.Event()
        self._up.set()

    @property
    def url(self) -> str:
        """Address of the server, once started."""
        return f"http://{self._host}:{self._port}"

    def kubeconfig(self, namespace: str = "default") -> str:
        """Return a kubeconfig file that leads here."""
        name = "gungnir-local"
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": name, "cluster": {"server": self.url}}],
                "users": [{"name": name, "user": {}}],
                "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
                "current-context": name,
            },
            sort_keys=False,
        )

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The address is taken or not of this machine.
        """
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner is not None  # noqa: S101  # start() has run
        self._site = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._site.start()
        server = self._site._server  # noqa: SLF001  # the only way to learn the port that the system chose
        sockets = getattr(server, "sockets", None)
        if sockets:
            self._port = sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every watch and connection and stop listening."""
        self.stopping = True
        if self._heal is not None:
            self._heal.cancel()
        self._up.set()
        self.close_watches()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- faults that act at once -------------------------------------------------------------------------------------

    async def set_down(self, down: str, for_ms: float | None = None) -> None:
        """Refuse or hang every connection, or come back (empty text); by itself after ``for_ms``, if given."""
        if self._heal is not None:
            self._heal.cancel()
            self._heal = None
        before = self.faults.down
        if down == "refuse" and before != "refuse" and self._site is not None and self._runner is not None:
            await self._site.stop()
            self._abort_connections()
        if before == "refuse" and down != "refuse":
            await self._listen()
        self.faults.down = down  # type: ignore[assignment]  # checked by the admin endpoint
        if down:
            self._up.clear()
        else:
            self._up.set()
        if down and for_ms is not None:
            loop = asyncio.get_running_loop()
            self._heal = loop.call_later(for_ms / 1000, self._come_back)

    def _come_back(self) -> None:
        task = asyncio.get_running_loop().create_task(self.set_down(""))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _abort_connections(self) -> None:
        server = self._runner.server if self._runner is not None else None
        for connection in list(server.connections) if server is not None else []:
            transport = connection.transport
            if transport is not None:
                transport.abort()

    def close_watches(self) -> None:
        """End every open watch without an error."""
        for stream in list(self.streams):
            stream.close()

    def expire_watches(self) -> None:
        """End every open watch with 410 Gone and forget the history, so that resuming is refused too."""
        self.registry.store.forget_history()
        self.pages.forget()
        for stream in list(self.streams):
            stream.expire()

    # --- requests ----------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/_gungnir/"):
            return await handle_admin(self, request)
        if self.faults.down == "hang":
            await self._up.wait()
        started, wall = time.perf_counter(), time.time()
        agent = request.headers.get("User-Agent", "")
        about = About(_METHOD_VERBS.get(request.method, "get"), user_agent=agent)
        try:
            about, action = self._route(request, agent)
            if about.verb == "watch":
                self._record(about, 200, wall, started)
            response = await self._act(request, about, action)
        except ApiError as exc:
            response = error_answer(exc)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as exc:  # noqa: BLE001  # a defect here must reach the client as a Status, and the log
            _LOG.exception("%s %s failed", request.method, request.path)
            response = error_answer(ApiError(f"the local API server failed: {type(exc).__name__}: {exc}"))
        if about.verb != "watch":
            self._record(about, response.status, wall, started)
        return response

    def _record(self, about: About, code: int, wall: float, started: float) -> None:
        duration_ms = (time.perf_counter() - started) * 1000
        self.audit.add(
            AuditEntry(
                wall,
                about.verb,
                about.resource,
                about.subresource,
                about.namespace,
                about.name,
                code,
                about.user_agent,
                round(duration_ms, 3),
            )
        )

    def _route(self, request: web.Request, agent: str) -> tuple[About, Action]:
        """Return what a request is about and what answers it."""
        path = request.path
        body = static_answer(self.registry.catalog, path, request)
        if body is not None:
            return About("get", user_agent=agent, name=path), _ready(body)
        if path.startswith("/apis/authorization.k8s.io/v1/") and request.method == "POST":
            resource = path.rpartition("/")[2]
            return About("create", "authorization.k8s.io", resource, user_agent=agent), lambda: _review(request)
        if not path.startswith(("/api/", "/apis/")):
            raise NotFoundError("the server could not find the requested resource")
        target = resolve(self.registry.catalog, request.method, path, watching=flag(request, "watch"))
        if target.verb == "get" and flag(request, "watch"):
            target = replace(target, verb="watch")
        about = About(
            target.verb,
            target.kind.group,
            target.kind.plural,
            target.subresource,
            target.namespace,
            target.name,
            agent,
        )
        return about, lambda: verbs.handle(self, request, target)

    async def _act(self, request: web.Request, about: About, action: Action) -> web.StreamResponse:
        """Answer a request, with the faults that apply to it."""
        if not self.faults.rules:
            return await action()
        found = self.faults.take(about)
        for fault in found:
            await asyncio.sleep(fault.delay_ms / 1000)
            if fault.lose == "request":
                return _lost(request)
            if fault.code:
                error = ApiError(fault.text(about), code=fault.code, reason=fault.reason)
                return error_answer(error, fault.retry_after_s)
        response = await action()
        for fault in found:
            await asyncio.sleep(fault.answer_delay_ms / 1000)
            if fault.lose == "answer":
                return _lost(request)
        return response


def _ready(response: web.Response) -> Action:
    async def give() -> web.StreamResponse:
        return response

    return give


def _lost(request: web.Request) -> web.Response:
    """Break the connection of a request; what is returned never arrives."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _review(request: web.Request) -> web.StreamResponse:
    body = await body_of(request)
    if not isinstance(body, dict):
        raise BadRequestError("the body of the request must be an access review")
    return answer(discovery.access_review(body), 201)
