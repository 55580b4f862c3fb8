from collections.abc import Callable
from typing import Any

Served = Callable[[Callable[[Any], Any]], None]
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def test_a_watch_streams_changes_as_they_happen(served: Served) -> None:
    async def scenario(client: Any) -> None:
        made = await client.make("a")
        async with client.watch(
            f"{CONFIG_MAPS}?watch=1&resourceVersion={made['metadata']['resourceVersion']}"
        ) as stream:
            await client.make("b")
            event = await client.line(stream)
            assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "b")
            await client.ask("DELETE", f"{CONFIG_MAPS}/a")
            event = await client.line(stream)
            assert (event["type"], event["object"]["metadata"]["name"]) == ("DELETED", "a")

    served(scenario)


def test_a_watch_ends_after_its_timeout(served: Served) -> None:
    async def scenario(client: Any) -> None:
        async with client.watch(f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1") as stream:
            assert await stream.content.read() == b""

    served(scenario)


def test_initial_events_end_with_a_marked_bookmark(served: Served) -> None:
    async def scenario(client: Any) -> None:
        await client.make("a")
        query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
        async with client.watch(f"{CONFIG_MAPS}?{query}") as stream:
            assert (await client.line(stream))["type"] == "ADDED"
            bookmark = await client.line(stream)
            assert bookmark["type"] == "BOOKMARK"
            metadata = bookmark["object"]["metadata"]
            assert metadata["annotations"] == {"k8s.io/initial-events-end": "true"}
            assert metadata["resourceVersion"] == str(client.server.registry.store.revision)

    served(scenario)


def test_a_watch_of_an_old_revision_says_410(served: Served) -> None:
    async def scenario(client: Any) -> None:
        await client.make("a")
        client.server.registry.store.forget_history()
        async with client.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion=1") as stream:
            event = await client.line(stream)
            assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
            assert await stream.content.readline() == b""

    served(scenario)


def test_a_watch_of_one_object_sees_only_it(served: Served) -> None:
    async def scenario(client: Any) -> None:
        async with client.watch(f"{CONFIG_MAPS}?watch=1&fieldSelector=metadata.name=b") as stream:
            await client.make("a")
            await client.make("b")
            assert (await client.line(stream))["object"]["metadata"]["name"] == "b"

    served(scenario)


def test_a_watch_as_tables_names_its_columns_once(served: Served) -> None:
    async def scenario(client: Any) -> None:
        url = f"{client.server.url}{CONFIG_MAPS}?watch=1"
        async with client.session.get(url, headers={"Accept": TABLE}) as stream:
            await client.make("a", x="y")
            first = await client.line(stream)
            assert first["object"]["rows"][0]["cells"][:2] == ["a", "1"]
            assert first["object"]["columnDefinitions"][1]["name"] == "Data"
            await client.make("b")
            assert (await client.line(stream))["object"]["columnDefinitions"] is None

    served(scenario)


def test_a_client_that_goes_away_leaves_no_watch_behind(served: Served) -> None:
    async def scenario(client: Any) -> None:
        async with client.watch(f"{CONFIG_MAPS}?watch=1") as stream:
            await client.make("a")
            await client.line(stream)
            assert len(client.server.streams) == 1
            stream.close()
        for i in range(200):
            if not client.server.streams:
                break
            await client.make(f"b{i}")
        assert not client.server.streams

    served(scenario)
