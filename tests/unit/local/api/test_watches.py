import asyncio
from typing import Any

import pytest

from gungnir.local.errors import ExpiredError
from gungnir.local.registry import Registry
from gungnir.local.store import Store
from gungnir.local.watches import Watch

Obj = dict[str, Any]
MERGE = "application/merge-patch+json"


def make(registry: Registry, name: str, label: str = "") -> Obj:
    return registry.create("configmaps", {"metadata": {"name": name, "labels": {"l": label}}}, namespace="default")


def seen(watch: Watch) -> list[tuple[str, str]]:
    return [(event.type, event.object["metadata"]["name"]) for event in watch.take()]


def test_a_watch_without_a_revision_begins_with_what_exists(registry: Registry) -> None:
    make(registry, "a")
    watch = registry.watch("configmaps")
    make(registry, "b")
    assert seen(watch) == [("ADDED", "a"), ("ADDED", "b")]


def test_a_watch_continues_a_list_without_gap_or_repetition(registry: Registry) -> None:
    make(registry, "a")
    listed = registry.list("configmaps")
    make(registry, "b")
    registry.patch("configmaps", "default", "a", {"data": {"x": "y"}}, MERGE)
    watch = registry.watch("configmaps", resource_version=listed.resource_version)
    registry.delete("configmaps", "default", "b")
    assert seen(watch) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_an_object_that_enters_or_leaves_the_selection_is_added_or_deleted(registry: Registry) -> None:
    watch = registry.watch("configmaps", label_selector="l=in")
    make(registry, "a", "out")
    for label in ("in", "in2", "in"):
        registry.patch("configmaps", "default", "a", {"metadata": {"labels": {"l": label}}}, MERGE)
    registry.delete("configmaps", "default", "a")
    assert seen(watch) == [("ADDED", "a"), ("DELETED", "a"), ("ADDED", "a"), ("DELETED", "a")]


def test_a_watch_of_one_namespace_sees_only_it(registry: Registry) -> None:
    registry.create("namespaces", {"metadata": {"name": "other"}})
    watch = registry.watch("configmaps", "other")
    make(registry, "a")
    registry.create("configmaps", {"metadata": {"name": "b"}}, namespace="other")
    assert seen(watch) == [("ADDED", "b")]


def test_the_last_event_of_an_object_carries_the_revision_of_its_removal(registry: Registry) -> None:
    made = make(registry, "a")
    watch = registry.watch("configmaps", resource_version=registry.list("configmaps").resource_version)
    registry.delete("configmaps", "default", "a")
    (event,) = watch.take()
    assert int(event.object["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_a_watch_from_before_the_window_is_gone() -> None:
    registry = Registry(Store(history_events=2))
    registry.create("namespaces", {"metadata": {"name": "default"}})
    for name in "abc":
        make(registry, name)
    watch = registry.watch("configmaps", resource_version="1")
    assert isinstance(watch.error, ExpiredError)
    assert seen(registry.watch("configmaps", resource_version="2")) == [("ADDED", "b"), ("ADDED", "c")]


def test_a_watch_of_a_revision_that_is_not_of_this_server_is_gone(registry: Registry) -> None:
    assert isinstance(registry.watch("configmaps", resource_version="999999").error, ExpiredError)


def test_iteration_waits_for_events_and_ends_with_close(registry: Registry) -> None:
    async def scenario() -> list[str]:
        watch = registry.watch("configmaps")
        found = []

        async def consume() -> None:
            async for event in watch:
                found.append(event.object["metadata"]["name"])
                if len(found) == 2:
                    watch.close()

        consumer = asyncio.create_task(consume())
        await asyncio.sleep(0)
        make(registry, "a")
        await asyncio.sleep(0)
        make(registry, "b")
        await asyncio.wait_for(consumer, 5)
        return found

    assert asyncio.run(scenario()) == ["a", "b"]


def test_iteration_raises_the_error_that_ended_the_watch(registry: Registry) -> None:
    async def scenario() -> None:
        async for _ in registry.watch("configmaps", resource_version="999999"):
            pass

    with pytest.raises(ExpiredError):
        asyncio.run(scenario())


def test_a_closed_watch_costs_nothing_more(registry: Registry) -> None:
    watch = registry.watch("configmaps")
    watch.close()
    watch.close()
    make(registry, "a")
    assert watch.take() == []
