"""One HTTP request to the API server and every way in which it can fail.

Rules:
- Every failure is one of ``gungnir.runtime.errors``; nothing else leaves this module (cancellation apart).
- Nothing is retried, not even what HTTP allows: a repeated PUT could report a conflict with itself. Who asked decides.
- ``UnreachableError`` is raised only if the request certainly was not sent. The moment a connection is handed to a
  request counts as sent, because from there on bytes may leave.
- A deadline covers everything: new credentials, connecting, sending, reading.
"""

import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final, Literal

import aiohttp
import anyio

from gungnir import __version__
from gungnir.runtime.errors import (
    AlreadyExistsError,
    Call,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    KubeError,
    NotFoundError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
    UnknownOutcomeError,
    UnreachableError,
)
from gungnir.runtime.kube_auth import Auth, open_connector

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
"""Longest line of a stream; etcd's own limit for an object is 1.5 MiB."""
_SHOWN_BYTES: Final = 200
_BY_CODE: Final[Mapping[int, type[KubeError]]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
}

OnCall = Callable[[Call, int, float], None]
"""Told of every finished call: the call, the HTTP code (0: no complete answer) and its duration in seconds."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What to send.

    Attributes:
        call: The same in Kubernetes terms, for errors and metrics.
        method: HTTP method.
        path: URL path, encoded.
        query: Query parameters, not encoded.
        body: JSON tree, or None for no body.
        content_type: Of the body.
        deadline_ms: For the whole exchange, or up to the head of a streamed answer.
    """

    call: Call
    method: str
    path: str
    query: Mapping[str, str]
    body: object
    content_type: str
    deadline_ms: int


class _TransportError(Exception):
    """Carries a transport error past aiohttp's own retry of idempotent requests, which looks for the original types."""


@dataclass(slots=True)
class _Attempt:
    """One request under way: what it waits for, whether a connection was handed to it, and what came back."""

    waits_for: Literal["credentials", "connection", "answer"] = "credentials"
    connected: bool = False
    code: int = 0


class Transport:
    """Sends requests over one pool of keep-alive connections, with current credentials."""

    def __init__(self, auth: Auth, on_call: OnCall | None = None) -> None:
        """Open the pool (no connection yet). Needs a running event loop.

        Raises:
            KubeConfigError: A certificate or key cannot be read.
        """
        self.auth = auth
        self._on_call = on_call
        connector, self._arguments = open_connector(auth)
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_mark_connected)
        trace.on_connection_reuseconn.append(_mark_connected)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None),  # deadlines are ours; aiohttp's default would end every watch
            trace_configs=[trace],
            middlewares=(_never_retry,),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "User-Agent": f"gungnir/{__version__}"},
        )

    async def aclose(self) -> None:
        """Close every connection, also under cancellation."""
        with anyio.CancelScope(shield=True):
            await self.auth.aclose()
            await self._session.close()

    async def exchange(self, request: HttpRequest) -> dict[str, Any]:
        """Send one request and read its whole answer, which has to be a JSON object.

        Raises:
            KubeError: Any subclass.
        """
        attempt, started = _Attempt(), time.perf_counter()
        try:
            with _translated(request, attempt), anyio.fail_after(request.deadline_ms / 1000):
                async with await self._send(request, attempt) as response:
                    raw = await response.read()
                attempt.code = response.status
            if not response.ok or response.status >= 300:  # noqa: PLR2004 - "ok" means below 400
                raise self._refusal(request.call, response, raw)
            return _decode(request.call, raw, response.status)
        finally:
            self._finished(request, attempt, started)

    @contextlib.asynccontextmanager
    async def stream(self, request: HttpRequest) -> AsyncGenerator[AsyncIterator[dict[str, Any]]]:
        """Send one request whose answer is a stream of JSON objects, one a line; give them as they come.

        Raises:
            KubeError: On opening any subclass; from the iterator ``UnknownOutcomeError`` if the connection is lost, or
                ``ServerError`` if it carries something else than JSON objects.
        """
        attempt, started = _Attempt(), time.perf_counter()
        try:
            with _translated(request, attempt), anyio.fail_after(request.deadline_ms / 1000):
                response = await self._send(request, attempt)
                attempt.code = response.status
                raw = b"" if response.status == 200 else await response.read()  # noqa: PLR2004 - HTTP OK
        finally:
            self._finished(request, attempt, started)
        try:
            if response.status != 200:  # noqa: PLR2004 - HTTP OK
                raise self._refusal(request.call, response, raw)
            yield _objects(request, attempt, response)
        finally:
            response.close()  # in mid-answer: the connection cannot go back to the pool

    async def _send(self, request: HttpRequest, attempt: _Attempt) -> aiohttp.ClientResponse:
        try:
            headers = await self.auth.headers()
        except Exception as exc:  # whatever the library meets while it reads a token file
            raise _TransportError(f"credentials ({self.auth.source}): {exc or type(exc).__name__}") from exc
        attempt.waits_for = "connection"
        data: bytes | None = None
        if request.body is not None:
            data = json.dumps(request.body, separators=(",", ":")).encode()
            headers["Content-Type"] = request.content_type
        return await self._session.request(
            request.method,
            self.auth.server + request.path,
            params=request.query,
            data=data,
            headers=headers,
            allow_redirects=False,
            trace_request_ctx=attempt,
            **self._arguments,
        )

    def _refusal(self, call: Call, response: aiohttp.ClientResponse, raw: bytes) -> KubeError:
        error = refusal(call, response.status, raw, response.headers.get("Retry-After", ""))
        if isinstance(error, UnauthorizedError):
            self.auth.rejected()
            if self.auth.refresh_failure:
                renewal = f"credentials ({self.auth.source}) could not be renewed: {self.auth.refresh_failure}"
                return UnauthorizedError(call, f"{error.detail}; {renewal}", code=error.code, reason=error.reason)
        return error

    def _finished(self, request: HttpRequest, attempt: _Attempt, started: float) -> None:
        if self._on_call is not None:
            self._on_call(request.call, attempt.code, time.perf_counter() - started)


def refusal(call: Call, code: int, raw: bytes, retry_after: str = "") -> KubeError:
    """The error for an answer that is not a success.

    A 404 counts as "no such object" only if the API server says so in a Status object: a proxy, or an API server that
    does not serve the type (yet), also answers 404, and to take that for an absent object would be a wrong observation.
    Reasons: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go (StatusReason).

    Args:
        call: The call that was refused.
        code: HTTP status.
        raw: Body of the answer.
        retry_after: Value of the header ``Retry-After``, in seconds; a date or nothing counts as 0.
    """
    status = _status(raw)
    reason = str(status.get("reason") or "")
    detail = str(status.get("message") or "") or raw[:_SHOWN_BYTES].decode(errors="replace").strip() or f"HTTP {code}"
    if code == 429:  # noqa: PLR2004 - HTTP Too Many Requests
        asked = retry_after or str((status.get("details") or {}).get("retryAfterSeconds") or "")
        wait_ms = int(asked) * 1000 if asked.isascii() and asked.isdigit() else 0
        return TooManyRequestsError(call, detail, code=code, reason=reason, retry_after_ms=wait_ms)
    if code == 404 and not status:  # noqa: PLR2004 - HTTP Not Found
        return ServerError(call, f"not served here (HTTP 404: {detail}); is the CRD installed?", code=code)
    if reason == "AlreadyExists":
        return AlreadyExistsError(call, detail, code=code, reason=reason)
    client_error = 400 <= code < 500  # noqa: PLR2004 - HTTP classes
    kind = _BY_CODE.get(code, InvalidError if client_error else ServerError)
    return kind(call, detail if client_error else f"HTTP {code}: {detail}", code=code, reason=reason)


@contextlib.contextmanager
def _translated(request: HttpRequest, attempt: _Attempt) -> Generator[None]:
    try:
        yield
    except (_TransportError, aiohttp.ClientError, OSError, ValueError) as exc:
        kind = UnknownOutcomeError if attempt.connected else UnreachableError
        cause = exc.__cause__ if isinstance(exc, _TransportError) and exc.__cause__ and not str(exc) else exc
        timed_out = isinstance(exc, TimeoutError)
        detail = (
            f"no {attempt.waits_for} within {request.deadline_ms} ms"
            if timed_out
            else f"{cause or type(cause).__name__}"
        )
        raise kind(request.call, detail, code=attempt.code) from cause


def _status(raw: bytes) -> dict[str, Any]:
    """The Kubernetes Status object of an error answer; empty if the body is something else."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) and value.get("kind") == "Status" else {}


def _decode(call: Call, raw: bytes, code: int) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise UnknownOutcomeError(call, f"the answer is not JSON: {raw[:_SHOWN_BYTES]!r}", code=code) from exc
    if not isinstance(value, dict):
        raise UnknownOutcomeError(call, f"the answer is not a JSON object: {raw[:_SHOWN_BYTES]!r}", code=code)
    return value


async def _objects(
    request: HttpRequest, attempt: _Attempt, response: aiohttp.ClientResponse
) -> AsyncIterator[dict[str, Any]]:
    buffer = bytearray()
    with _translated(request, attempt):
        async for chunk in response.content.iter_any():
            searched = len(buffer)
            buffer += chunk
            if b"\n" in chunk:
                *lines, rest = bytes(buffer).split(b"\n")
                buffer = bytearray(rest)
                for line in lines:
                    if line.strip():
                        yield _event(request.call, line)
            elif searched > MAX_LINE_BYTES:
                raise ServerError(request.call, f"a line longer than {MAX_LINE_BYTES} bytes")
    if buffer.strip():
        raise UnknownOutcomeError(request.call, "the stream ended in the middle of an object")


def _event(call: Call, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ServerError(call, f"the stream carries something else than JSON: {line[:_SHOWN_BYTES]!r}") from exc
    if not isinstance(value, dict):
        raise ServerError(call, f"the stream carries something else than objects: {line[:_SHOWN_BYTES]!r}")
    return value


async def _mark_connected(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
    context.trace_request_ctx.connected = True
    context.trace_request_ctx.waits_for = "answer"


async def _never_retry(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except (aiohttp.ClientError, OSError) as exc:
        raise _TransportError from exc
