"""Watches over HTTP: one JSON document per line, for as long as the client listens."""

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gungnir.local.errors import ApiError, ExpiredError
from gungnir.local.serve import forms
from gungnir.local.serve.content import JSON, dumps, flag, integer, wanted_form
from gungnir.local.serve.list_options import check_fields, check_match
from gungnir.local.serve.routing import Target
from gungnir.local.watches import Watch, WatchEvent

if TYPE_CHECKING:
    from gungnir.local.serve.app import ApiServer

BOOKMARK_INTERVAL_S: Final = 15.0
"""A real server sends a bookmark about once a minute; a shorter interval lets a dead watch be noticed sooner."""
_DEFAULT_TIMEOUT_S: Final = 1800
_SILENCE_CHECK_S: Final = 0.05
_INITIAL_EVENTS_END: Final = "k8s.io/initial-events-end"


class Stream:
    """One open watch, which faults can silence, close or expire."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    def close(self) -> None:
        """End the stream as a server that shuts down does: without an error."""
        self.watch.close()

    def expire(self) -> None:
        """End the stream with 410 Gone."""
        self.watch.fail(ExpiredError("too old resource version: injected by a fault of the local cluster"))


class _Encoder:
    """Turns events into lines, in the form that the client wants."""

    def __init__(self, request: web.Request, target: Target) -> None:
        self._kind = target.kind
        self._form = wanted_form(request.headers.get("Accept", ""))
        self._include = request.query.get("includeObject", "Metadata")
        self._columns = True

    def event(self, event: WatchEvent) -> bytes:
        """Return the line of an event."""
        if self._form == "Table":
            body = dumps(
                forms.table(
                    self._kind,
                    [event.record],
                    self._include,
                    str(event.record.revision),
                    {},
                    columns=self._columns,
                )
            )
            self._columns = False
        elif self._form.startswith("Partial"):
            body = dumps(forms.partial(event.record))
        else:
            body = forms.raw_of(self._kind, event.record)
        return b'{"type":"' + event.type.encode() + b'","object":' + body + b"}\n"

    def bookmark(self, revision: int, *, initial_end: bool) -> bytes:
        """Return the line of a bookmark."""
        metadata: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
        if initial_end:
            metadata["annotations"] = {_INITIAL_EVENTS_END: "true"}
        kind, api_version = self._kind.kind, self._kind.api_version
        if self._form.startswith("Partial"):
            kind, api_version = "PartialObjectMetadata", "meta.k8s.io/v1"
        obj: dict[str, Any] = {"kind": kind, "apiVersion": api_version, "metadata": metadata}
        if self._form == "Table":
            obj = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "rows": []}
        return dumps({"type": "BOOKMARK", "object": obj}) + b"\n"


async def stream_watch(server: "ApiServer", request: web.Request, target: Target) -> web.StreamResponse:
    """Send events until the client, the timeout or the server ends the watch.

    Raises:
        ApiError: The watch cannot begin.
    """
    query = request.query
    check_match(request, watch=True)
    check_fields(target.kind, query.get("fieldSelector", ""))
    initial = flag(request, "sendInitialEvents")
    bookmarks = flag(request, "allowWatchBookmarks")
    watch = server.registry.watch(
        f"{target.kind.plural}.{target.kind.group}" if target.kind.group else target.kind.plural,
        target.namespace or None,
        resource_version=None if initial else query.get("resourceVersion", ""),
        label_selector=query.get("labelSelector", ""),
        field_selector=_field_selector(target, query.get("fieldSelector", "")),
    )
    stream = Stream(watch)
    server.streams.add(stream)
    response = web.StreamResponse(headers={"Content-Type": JSON, "Cache-Control": "no-cache, private"})
    encoder = _Encoder(request, target)
    spread_s = random.randrange(_DEFAULT_TIMEOUT_S)  # noqa: S311  # spreads reconnections
    timeout_s = integer(request, "timeoutSeconds") or _DEFAULT_TIMEOUT_S + spread_s
    try:
        response.enable_chunked_encoding()
        await response.prepare(request)
        await _pump(server, watch, encoder, response, timeout_s, bookmarks=bookmarks, initial=initial)
    except (ConnectionResetError, asyncio.CancelledError):
        if server.stopping:
            raise
    finally:
        server.streams.discard(stream)
        watch.close()
    return response


def _field_selector(target: Target, selector: str) -> str:
    """Return the selector, narrowed to one object for a watch of a single name."""
    if not target.name:
        return selector
    return f"metadata.name={target.name}" + (f",{selector}" if selector else "")


async def _pump(
    server: "ApiServer",
    watch: Watch,
    encoder: _Encoder,
    response: web.StreamResponse,
    timeout_s: float,
    *,
    bookmarks: bool,
    initial: bool,
) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout_s
    announce_initial = initial
    while not watch.closed:
        if server.faults.watches_silent:  # nor does it end: that would be a sign of life
            await asyncio.sleep(_SILENCE_CHECK_S)
            continue
        left_s = end - loop.time()
        if left_s <= 0:
            return
        revision = watch.revision
        events = watch.take()
        lines = [encoder.event(event) for event in events]
        if announce_initial:
            lines.append(encoder.bookmark(revision, initial_end=True))
            announce_initial = False
        if lines:
            await response.write(b"".join(lines))
            continue
        if watch.error is not None:
            await response.write(_error_line(watch.error))
            return
        if not await watch.wait(min(left_s, BOOKMARK_INTERVAL_S)) and bookmarks:
            await response.write(encoder.bookmark(watch.revision, initial_end=False))


def _error_line(error: ApiError) -> bytes:
    return dumps({"type": "ERROR", "object": error.status()}) + b"\n"
