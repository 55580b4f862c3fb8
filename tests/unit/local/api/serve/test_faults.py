import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

Served = Callable[[Callable[[Any], Any]], None]
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
FAULTS = "/_gungnir/faults"


def test_an_error_is_answered_so_many_times(served: Served) -> None:
    async def scenario(client: Any) -> None:
        await client.ask(
            "POST", FAULTS, {"verb": "list", "resource": "configmaps", "code": 429, "retry_after_s": 2, "times": 2}
        )
        for _ in range(2):
            status, body = await client.ask("GET", CONFIG_MAPS)
            assert (status, body["reason"], client.headers["Retry-After"]) == (429, "TooManyRequests", "2")
        assert (await client.ask("GET", CONFIG_MAPS))[0] == 200
        assert (await client.ask("GET", FAULTS))[1]["rules"][0]["hits"] == 2

    served(scenario)


def test_forbidden_is_worded_as_rbac_words_it(served: Served) -> None:
    async def scenario(client: Any) -> None:
        client.server.faults.add(verb="create", resource="configmaps", code=403)
        status, body = await client.ask("POST", CONFIG_MAPS, {"metadata": {"name": "c"}})
        assert status == 403
        assert 'cannot create resource "configmaps" in API group "" in the namespace "default"' in body["message"]
        assert (await client.ask("GET", CONFIG_MAPS))[0] == 200

    served(scenario)


def test_a_subresource_can_be_singled_out(served: Served) -> None:
    async def scenario(client: Any) -> None:
        path = "/apis/test.example/v1/namespaces/default/boxes/b"
        client.server.faults.add(resource="boxes", subresource="status", code=500)
        merge = "application/merge-patch+json"
        assert (await client.ask("PATCH", f"{path}/status", {"status": {}}, Content_Type=merge))[0] == 500
        assert (await client.ask("PATCH", path, {"spec": {"size": 2}}, Content_Type=merge))[0] == 200
        client.server.faults.clear()
        client.server.faults.add(resource="boxes", subresource="-", code=503)
        assert (await client.ask("PATCH", f"{path}/status", {"status": {}}, Content_Type=merge))[0] == 200
        assert (await client.ask("PATCH", path, {"spec": {"size": 2}}, Content_Type=merge))[0] == 503

    served(scenario)


def test_a_delay_holds_only_the_requests_it_is_about(served: Served) -> None:
    async def scenario(client: Any) -> None:
        await client.make("slow")
        client.server.faults.add(verb="get", name="slow", delay_ms=30_000, times=1)
        held = asyncio.create_task(client.ask("GET", f"{CONFIG_MAPS}/slow"))
        async with asyncio.timeout(5):
            while not client.server.faults.rules[0].hits:
                assert (await client.ask("GET", CONFIG_MAPS))[0] == 200
        assert not held.done()
        held.cancel()
        assert (await client.ask("GET", f"{CONFIG_MAPS}/slow"))[0] == 200
        client.server.faults.add(verb="get", delay_ms=1, answer_delay_ms=1)
        assert (await client.ask("GET", f"{CONFIG_MAPS}/slow"))[0] == 200

    served(scenario)


@pytest.mark.parametrize(("lose", "exists"), [("request", 404), ("answer", 200)])
def test_a_lost_request_did_nothing_and_a_lost_answer_did(served: Served, lose: str, exists: int) -> None:
    async def scenario(client: Any) -> None:
        client.server.faults.add(verb="create", lose=lose, times=1)
        with pytest.raises(aiohttp.ClientError):
            await client.make("c")
        assert (await client.ask("GET", f"{CONFIG_MAPS}/c"))[0] == exists

    served(scenario)


def test_a_server_that_is_down_refuses_and_comes_back_by_itself(served: Served) -> None:
    async def scenario(client: Any) -> None:
        assert (await client.ask("POST", FAULTS, {"down": "refuse", "for_ms": 200}))[0] in {200, 500}

    async def tolerant(client: Any) -> None:
        try:
            await scenario(client)
        except aiohttp.ClientError:
            assert client.server.faults.down == "refuse"
        with pytest.raises(aiohttp.ClientError):
            await client.ask("GET", CONFIG_MAPS)
        for _ in range(500):
            if not client.server.faults.down:
                break
            await asyncio.sleep(0.01)
        assert (await client.ask("GET", CONFIG_MAPS))[0] == 200

    served(tolerant)


def test_a_server_that_hangs_answers_once_it_is_healed(served: Served) -> None:
    async def scenario(client: Any) -> None:
        await client.ask("POST", FAULTS, {"down": "hang"})
        asked = asyncio.create_task(client.ask("GET", CONFIG_MAPS))
        done, _ = await asyncio.wait([asked], timeout=0.2)
        assert not done
        await client.ask("DELETE", FAULTS)
        assert (await asyncio.wait_for(asked, 5))[0] == 200

    served(scenario)


def test_a_silent_watch_sends_no_byte_until_it_may(served: Served) -> None:
    async def scenario(client: Any) -> None:
        async with client.watch(f"{CONFIG_MAPS}?watch=1") as stream:
            await client.make("a")
            await client.line(stream)
            await client.ask("POST", FAULTS, {"watches": "silent"})
            await client.make("b")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asyncio.shield(reading := asyncio.ensure_future(stream.content.readline())), 0.2)
            await client.ask("POST", FAULTS, {"watches": "live"})
            assert b'"name":"b"' in await asyncio.wait_for(reading, 5)

    served(scenario)


def test_watches_can_be_closed_and_expired(served: Served) -> None:
    async def scenario(client: Any) -> None:
        async with client.watch(f"{CONFIG_MAPS}?watch=1") as stream:
            await client.ask("POST", FAULTS, {"watches": "close"})
            assert await asyncio.wait_for(stream.content.read(), 5) == b""
        await client.make("a")
        async with client.watch(f"{CONFIG_MAPS}?watch=1") as stream:
            await client.line(stream)
            await client.ask("POST", FAULTS, {"watches": "expire"})
            assert (await client.line(stream))["object"]["code"] == 410
        async with client.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion=1") as stream:
            assert (await client.line(stream))["object"]["code"] == 410

    served(scenario)


def test_a_fault_that_cannot_be_is_refused(served: Served) -> None:
    async def scenario(client: Any) -> None:
        bodies: list[Any] = [{"verbs": "get"}, {"down": "sideways"}, {"watches": "odd"}, []]
        for body in bodies:
            assert (await client.ask("POST", FAULTS, body))[0] == 400
        assert (await client.ask("PUT", FAULTS))[0] == 405
        assert (await client.ask("GET", "/_gungnir/other"))[0] == 404

    served(scenario)


def test_the_audit_trail_counts_the_writes_of_one_client(served: Served) -> None:
    async def scenario(client: Any) -> None:
        await client.make("a")
        _, before = await client.ask("GET", "/_gungnir/audit")
        await client.ask("GET", CONFIG_MAPS, User_Agent="operator/1")
        await client.ask("POST", CONFIG_MAPS, {"metadata": {"name": "b"}}, User_Agent="operator/1")
        _, trail = await client.ask("GET", f"/_gungnir/audit?since={before['now']}&userAgent=operator&writes")
        assert [(e["verb"], e["resource"], e["code"]) for e in trail["entries"]] == [("create", "configmaps", 201)]
        assert client.server.audit.entries(since=before["now"], user_agent="operator")[0].verb == "list"

    served(scenario)
