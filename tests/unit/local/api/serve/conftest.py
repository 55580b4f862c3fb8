"""A served registry and a client of it, driven inside one event loop per test."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from gungnir.local.registry import Registry
from gungnir.local.serve.app import ApiServer

Obj = dict[str, Any]
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class Client:
    """Requests to one server; answers are status and decoded body."""

    def __init__(self, server: ApiServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.headers: Any = {}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send a request with a JSON body; header names are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = json.dumps(body) if body is not None else None
        sent.setdefault("Content-Type", "application/json")
        async with self.session.request(method, self.server.url + path, data=data, headers=sent) as answer:
            text = await answer.text()
            self.headers = answer.headers
            return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    def watch(self, path: str) -> Any:
        """Open a watch; use with ``async with`` and ``line``."""
        return self.session.get(self.server.url + path)

    @staticmethod
    async def line(answer: aiohttp.ClientResponse) -> Obj:
        """Return the next event of a watch."""
        event: Obj = json.loads(await asyncio.wait_for(answer.content.readline(), 5))
        return event

    async def make(self, name: str, **data: str) -> Obj:
        """Create a ConfigMap."""
        status, made = await self.ask("POST", CONFIG_MAPS, {"metadata": {"name": name}, "data": data})
        assert status == 201, made
        assert isinstance(made, dict)
        return made


Scenario = Callable[[Client], Awaitable[None]]


@pytest.fixture
def served(boxes: Registry) -> Callable[[Scenario], None]:
    """Run a scenario against a server of the registry with the custom resource."""

    def run(scenario: Scenario) -> None:
        async def main() -> None:
            server = ApiServer(boxes)
            await server.start()
            try:
                async with aiohttp.ClientSession() as session:
                    await scenario(Client(server, session))
            finally:
                await server.stop()

        asyncio.run(main())

    return run
