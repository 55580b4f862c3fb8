"""A collector of spans: takes them by OTLP over HTTP on loopback, and keeps them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

PATH: Final = "/v1/traces"


@dataclass(frozen=True, slots=True)
class Span:
    """One span as it was received.

    Attributes:
        trace_id: Of its trace.
        span_id: Its own.
        parent_id: Of its parent; empty for a root.
        name: Its name.
        start_ns: Nanoseconds since the Unix epoch.
        end_ns: Nanoseconds since the Unix epoch.
        attributes: As sent.
        failed: Whether its status is an error.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    failed: bool


class Collector:
    """Listens on a port of loopback inside ``async with``.

    Attributes:
        url: The base URL to send to.
        spans: What came so far.
        resources: Attributes of each sender, request by request.
    """

    def __init__(self) -> None:
        self.url = ""
        self.spans: Final[list[Span]] = []
        self.resources: Final[list[Mapping[str, Any]]] = []
        self._came = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post(PATH, self._take)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def more(self) -> None:
        """Wait until something more comes."""
        self._came.clear()
        await self._came.wait()

    async def _take(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for group in sent.resource_spans:
            self.resources.append({each.key: _value(each.value) for each in group.resource.attributes})
            for scope in group.scope_spans:
                self.spans.extend(_span(span) for span in scope.spans)
        self._came.set()
        return web.Response(body=b"", content_type="application/x-protobuf")


def _span(raw: Any) -> Span:
    return Span(
        trace_id=raw.trace_id.hex(),
        span_id=raw.span_id.hex(),
        parent_id=raw.parent_span_id.hex(),
        name=raw.name,
        start_ns=raw.start_time_unix_nano,
        end_ns=raw.end_time_unix_nano,
        attributes={each.key: _value(each.value) for each in raw.attributes},
        failed=raw.status.code == Status.STATUS_CODE_ERROR,
    )


def _value(raw: Any) -> Any:
    kind = raw.WhichOneof("value")
    return None if kind is None else getattr(raw, kind)
