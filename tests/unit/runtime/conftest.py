"""A scripted API server: real sockets on loopback, every byte and every fault under the test's control."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_auth import load_auth


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


Answer = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]
"""What the server does with one request."""


def reply(code: int, body: object, **headers: str) -> Answer:
    """Answer with a JSON body (or raw bytes)."""

    async def answer(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [
            f"HTTP/1.1 {code} X",
            f"Content-Length: {len(raw)}",
            *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items()),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + raw)
        await writer.drain()

    return answer


def status(code: int, reason: str, message: str = "", **details: object) -> Answer:
    """Answer with a Kubernetes Status object."""
    return reply(
        code,
        {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message, "details": details},
    )


def stream(*events: object, then: str = "end") -> Answer:
    """Answer a watch: events one a line, then ``end``, ``hang`` (silence) or ``reset``."""

    async def answer(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in events:
            line = event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n"
            writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        await writer.drain()
        if then == "hang":
            await asyncio.Event().wait()
        if then == "reset":
            writer.transport.abort()
            return
        writer.write(b"0\r\n\r\n")

    return answer


async def hang(_seen: Seen, _writer: asyncio.StreamWriter) -> None:
    """Read the request and never answer."""
    await asyncio.Event().wait()


async def reset(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Read the request, then reset the connection."""
    writer.transport.abort()


def kubeconfig_text(url: str, **user: object) -> str:
    """A kubeconfig with one cluster, one user, one context."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": user or {"token": "t0ken"}}],
        }
    )


@dataclass
class FakeApi:
    """Answers requests in the order of ``script``; the last entry repeats."""

    script: list[Answer] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    route: Callable[[Seen], Answer | None] = lambda _seen: None
    reply = staticmethod(reply)
    status = staticmethod(status)
    stream = staticmethod(stream)
    hang = staticmethod(hang)
    reset = staticmethod(reset)
    kubeconfig = staticmethod(kubeconfig_text)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _version = head[0].split(" ")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                parts = urlsplit(target)
                seen = Seen(method, parts.path, dict(parse_qsl(parts.query)), headers, json.loads(raw) if raw else None)
                self.seen.append(seen)
                answer = self.route(seen) or (self.script.pop(0) if len(self.script) > 1 else self.script[0])
                await answer(seen, writer)
        writer.close()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await fake.serve(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def kube(api: FakeApi, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kube]:
    path = tmp_path_factory.mktemp("kube") / "config"
    path.write_text(kubeconfig_text(api.url))
    async with Kube(await load_auth(str(path)), deadline_ms=2_000) as client:
        yield client
