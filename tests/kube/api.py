"""A plain HTTP client of an API server: what is sent and what comes back, without a library's opinion in between."""

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

Obj = dict[str, Any]
MERGE: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True)
class Answer:
    """One response."""

    code: int
    body: Any
    headers: dict[str, str]

    @property
    def ok(self) -> bool:
        """Whether the request did what it asked for."""
        return self.code < 400

    @property
    def reason(self) -> str:
        """``reason`` of a refusal; empty for success."""
        return "" if self.ok or not isinstance(self.body, dict) else str(self.body.get("reason", ""))

    @property
    def message(self) -> str:
        """``message`` of a refusal."""
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else str(self.body)

    @property
    def version(self) -> str:
        """``metadata.resourceVersion`` of the object or list."""
        return str(self.body["metadata"]["resourceVersion"])

    @property
    def warnings(self) -> str:
        """The Warning header."""
        return self.headers.get("warning", "")

    def taken(self) -> Obj:
        """The object, which there has to be."""
        assert self.ok, (self.code, self.body)
        assert isinstance(self.body, dict)
        return self.body


@dataclass(frozen=True)
class Api:
    """A server and who asks it."""

    url: str
    token: str = ""
    ca: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def as_token(self, token: str) -> "Api":
        """The same server, asked by somebody else."""
        return replace(self, token=token)

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        **query: object,
    ) -> Answer:
        """Send one request on a connection of its own; a list value repeats its parameter."""
        with contextlib.closing(self._connect()) as connection:
            response = self._send(connection, method, _with_query(path, query), body, content_type, accept)
            raw = response.read()
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            headers[name.lower()] = ", ".join(filter(None, (headers.get(name.lower()), value)))
        text = raw.decode()
        return Answer(response.status, json.loads(text) if text.startswith("{") else text, headers)

    @contextlib.contextmanager
    def watch(self, path: str, *, timeout_s: int = 15, **query: object) -> Iterator[Iterator[Obj]]:
        """Open a watch; gives an iterator of events that ends with the watch.

        Raises:
            RefusedError: It was refused.
        """
        query = {"watch": "true", "timeoutSeconds": timeout_s, **query}
        with contextlib.closing(self._connect()) as connection:
            response = self._send(connection, "GET", _with_query(path, query), None, "", "application/json")
            if response.status != http.client.OK:
                raise RefusedError(Answer(response.status, json.loads(response.read()), {}))
            yield (json.loads(line) for line in response if line.strip())

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port, timeout=_TIMEOUT_S)
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=_TIMEOUT_S, context=context)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        body: object,
        content_type: str,
        accept: str,
    ) -> http.client.HTTPResponse:
        headers = {"Accept": accept, **self.headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        raw = None
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = content_type
        connection.request(method, target, raw, headers)
        return connection.getresponse()


class RefusedError(Exception):
    """A watch that was not opened."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


def _with_query(path: str, query: dict[str, object]) -> str:
    return f"{path}?{urlencode(query, doseq=True)}" if query else path


def until(claim: Callable[[], bool], what: str, *, timeout_s: float = 20.0) -> None:
    """Wait until something holds.

    Raises:
        AssertionError: It did not within the time.
    """
    deadline = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout_s} s"
        time.sleep(0.02)
