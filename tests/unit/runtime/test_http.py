from __future__ import annotations

import math

import aiohttp
import anyio
import pytest

from gungnir.runtime.errors import SettingsError
from gungnir.runtime.http import Checks, serve, split_address

pytestmark = pytest.mark.anyio


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.text()


async def test_probes_and_metrics_are_served_and_stop_with_the_task() -> None:
    checks = Checks()
    age_ms, problem = 0.0, "caches: pods not listed"
    checks.progress("loop", lambda: age_ms, 1_000)
    checks.progress("rounds", lambda: 5.0, 1_000)
    checks.readiness("caches", lambda: problem)
    async with anyio.create_task_group() as group:
        port = await group.start(
            serve, "127.0.0.1:0", checks, lambda: b"gungnir_leader 1\n", "text/plain; version=0.0.4"
        )
        assert await get(port, "/healthz") == (200, "[+] loop\n[+] rounds\n")
        assert await get(port, "/readyz") == (503, "[-] caches: caches: pods not listed\n")
        assert await get(port, "/metrics") == (200, "gungnir_leader 1\n")
        assert (await get(port, "/"))[0] == 404
        age_ms, problem = 1_001.0, ""
        assert await get(port, "/healthz") == (503, "[-] loop: last progress: 1001 ms (limit 1000 ms)\n[+] rounds\n")
        assert await get(port, "/readyz") == (200, "[+] caches\n")
        group.cancel_scope.cancel()
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(port, "/healthz")


async def test_what_never_moved_is_stuck() -> None:
    checks = Checks()
    checks.progress("loop", lambda: math.inf, 1_000)
    assert checks.health() == (False, "[-] loop: last progress: never (limit 1000 ms)\n")
    checks.progress("loop", lambda: float("nan"), 1_000)
    assert checks.health()[0] is False


async def test_an_address_in_use_is_named() -> None:
    async with anyio.create_task_group() as group:
        port = await group.start(serve, "127.0.0.1:0", Checks(), bytes, "text/plain")
        with pytest.raises(SettingsError, match=f"http_address: '127.0.0.1:{port}' cannot be bound: .*give a free"):
            await serve(f"127.0.0.1:{port}", Checks(), bytes, "text/plain")
        group.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("address", "expected"),
    [(":8080", ("", 8080)), ("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:80", ("::1", 80)), ("host:1", ("host", 1))],
)
def test_addresses_are_split(address: str, expected: tuple[str, int]) -> None:
    assert split_address(address) == expected


@pytest.mark.parametrize("address", ["", "8080", "::1:80", "a:b", "a:-1", "a:65536", "a:"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not host:port"):
        split_address(address)
