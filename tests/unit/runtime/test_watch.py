from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from gungnir.runtime.backoff import Backoff
from gungnir.runtime.errors import ForbiddenError, KubeError
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import PODS
from gungnir.runtime.watch import EventKind, Hooks, Informer, Restart, Timing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.runtime.conftest import FakeApi

pytestmark = pytest.mark.anyio

QUICK = Backoff(2, 4, lambda: 0.0)


def pod(name: str, version: str, uid: str = "") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ns", "resourceVersion": version, "uid": uid or f"uid-{name}"},
    }


def page(version: str, *pods: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PodList", "metadata": {"resourceVersion": version}, "items": list(pods)}


def bookmark(version: str) -> dict[str, Any]:
    return {"type": "BOOKMARK", "object": {"kind": "Pod", "metadata": {"resourceVersion": version}}}


@dataclass
class Followed:
    """An informer under test and what it told."""

    informer: Informer
    events: list[tuple[str, str, str]] = field(default_factory=list)
    restarts: list[Restart] = field(default_factory=list)
    problems: list[KubeError] = field(default_factory=list)
    resyncs: int = 0
    changed: anyio.Event = field(default_factory=anyio.Event)

    def told(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    async def until(self, *expected: tuple[str, str, str]) -> None:
        with anyio.fail_after(5):
            while self.events[-len(expected) :] != list(expected):
                await self.changed.wait()

    async def until_restarted(self, reason: Restart) -> None:
        with anyio.fail_after(5):
            while reason not in self.restarts:
                await self.changed.wait()


def follow(kube: Kube, timing: Timing = Timing(backoff=QUICK), selector: str = "") -> Followed:  # noqa: B008 - frozen
    followed: Followed

    def on_event(kind: EventKind, obj: dict[str, Any]) -> None:
        followed.events.append((kind.value, obj["metadata"]["name"], obj["metadata"]["resourceVersion"]))
        followed.told()

    def on_restart(reason: Restart) -> None:
        followed.restarts.append(reason)
        followed.told()

    def on_problem(exc: KubeError) -> None:
        followed.problems.append(exc)

    def on_resync() -> None:
        followed.resyncs += 1
        followed.told()

    hooks = Hooks(on_event, on_restart, on_problem, on_resync)
    followed = Followed(Informer(kube, PODS, "ns", hooks=hooks, timing=timing, label_selector=selector))
    return followed


@pytest.fixture
async def group() -> AsyncIterator[anyio.abc.TaskGroup]:
    async with anyio.create_task_group() as tasks:
        yield tasks
        tasks.cancel_scope.cancel()


async def test_lists_then_follows_and_keeps_the_cache(api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup) -> None:
    api.script = [
        api.reply(200, page("10", pod("a", "3"), pod("b", "4"))),
        api.stream(
            {"type": "MODIFIED", "object": pod("a", "11")},
            {"type": "DELETED", "object": pod("b", "12")},
            {"type": "ADDED", "object": pod("c", "13")},
            then="hang",
        ),
    ]
    followed = follow(kube, selector="app=x")
    assert not followed.informer.synced.is_set()
    assert followed.informer.silent_ms() == float("inf")
    await group.start(followed.informer.run)
    assert followed.informer.synced.is_set()
    await followed.until(("ADDED", "c", "13"))
    assert followed.events == [
        ("ADDED", "a", "3"),
        ("ADDED", "b", "4"),
        ("MODIFIED", "a", "11"),
        ("DELETED", "b", "12"),
        ("ADDED", "c", "13"),
    ]
    assert sorted(followed.informer.cache) == [("ns", "a"), ("ns", "c")]
    assert followed.informer.silent_ms() < 5_000
    assert [seen.query["labelSelector"] for seen in api.seen] == ["app=x", "app=x"]


async def test_goes_on_from_the_last_bookmark_when_the_server_ends_the_watch(
    api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup
) -> None:
    api.script = [
        api.reply(200, page("10")),
        api.stream(bookmark("40")),
        api.stream({"type": "ADDED", "object": pod("a", "41")}, then="hang"),
    ]
    followed = follow(kube)
    await group.start(followed.informer.run)
    await followed.until(("ADDED", "a", "41"))
    assert [seen.query.get("resourceVersion") for seen in api.seen] == [None, "10", "40"]
    assert followed.restarts == [Restart.SHORT]


@pytest.mark.parametrize("how", ["event", "answer"])
async def test_after_410_lists_anew_and_tells_the_difference(
    api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup, how: str
) -> None:
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}
    api.script = [
        api.reply(200, page("10", pod("stays", "1"), pod("changes", "2"), pod("goes", "3"), pod("reborn", "4", "u1"))),
        api.stream({"type": "ERROR", "object": gone}) if how == "event" else api.status(410, "Expired"),
        api.reply(
            200, page("90", pod("stays", "1"), pod("changes", "80"), pod("reborn", "81", "u2"), pod("new", "82"))
        ),
        api.stream(then="hang"),
    ]
    followed = follow(kube)
    await group.start(followed.informer.run)
    await followed.until(("ADDED", "new", "82"))
    assert followed.events[4:] == [
        ("DELETED", "goes", "3"),
        ("MODIFIED", "changes", "80"),
        ("DELETED", "reborn", "4"),
        ("ADDED", "reborn", "81"),
        ("ADDED", "new", "82"),
    ]
    assert followed.restarts == [Restart.GONE]


async def test_a_silently_dead_watch_is_noticed_and_replaced(
    api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup
) -> None:
    api.script = [
        api.reply(200, page("10")),
        api.stream(bookmark("20"), then="hang"),
        api.reply(200, page("5", pod("a", "4"))),
        api.stream(then="hang"),
    ]
    followed = follow(kube, Timing(silence_ms=80, backoff=QUICK))
    await group.start(followed.informer.run)
    await followed.until(("ADDED", "a", "4"))
    assert followed.restarts[0] is Restart.SILENT
    assert "resourceVersion" not in api.seen[2].query, "a restored server may not have reached version 20 again"


async def test_by_default_silence_is_noticed_within_60_s() -> None:
    assert Timing().silence_s + 5 <= 60, "with the time for a new list"
    assert Timing().silence_s > Timing().timeout_s, "a quiet but healthy watch is ended by the server first"


async def test_bookmarks_count_as_life(api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup) -> None:
    async def trickle(_seen: Any, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for version in range(20, 30):
            line = b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"%d"}}}\n' % version
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            await writer.drain()
            await anyio.sleep(0.05)
        line = (
            b'{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"ns","resourceVersion":"31","uid":"u"}}}\n'
        )
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await anyio.sleep_forever()

    api.script = [api.reply(200, page("10")), trickle]
    followed = follow(kube, Timing(silence_ms=400, backoff=QUICK))
    await group.start(followed.informer.run)
    await followed.until(("ADDED", "a", "31"))
    assert followed.restarts == []
    assert followed.informer.cache["ns", "a"]["kind"] == "Pod"


async def test_a_lost_connection_leads_to_a_new_list(api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup) -> None:
    api.script = [
        api.reply(200, page("10")),
        api.stream({"type": "ADDED", "object": pod("a", "11")}, then="reset"),
        api.reply(200, page("11", pod("a", "11"))),
        api.stream(
            {"type": "ADDED", "object": pod("a", "11")}, {"type": "MODIFIED", "object": pod("a", "12")}, then="hang"
        ),
    ]
    followed = follow(kube)
    await group.start(followed.informer.run)
    await followed.until(("MODIFIED", "a", "12"))
    assert followed.events == [("ADDED", "a", "11"), ("MODIFIED", "a", "12")], "a repeated event is told once"
    assert followed.restarts == [Restart.LOST]


@pytest.mark.parametrize("fault", ["500", "429", "garbage", "reset"])
async def test_faults_of_the_list_are_retried(api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup, fault: str) -> None:
    faults = {
        "500": api.status(500, "InternalError"),
        "429": api.status(429, "TooManyRequests"),
        "garbage": api.reply(200, {"items": [1]}),
        "reset": api.reset,
    }
    api.script = [faults[fault], faults[fault], api.reply(200, page("10", pod("a", "1"))), api.stream(then="hang")]
    followed = follow(kube)
    await group.start(followed.informer.run)
    assert followed.events == [("ADDED", "a", "1")]
    assert len(followed.problems) == 2


async def test_forbidden_is_reported_with_verb_and_resource_and_heals(
    api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup
) -> None:
    api.script = [
        api.reply(200, page("10")),
        api.status(403, "Forbidden", "cannot watch"),
        api.reply(200, page("11", pod("a", "1"))),
        api.stream({"type": "MODIFIED", "object": pod("a", "12")}, then="hang"),
    ]
    followed = follow(kube)
    await group.start(followed.informer.run)
    await followed.until(("MODIFIED", "a", "12"))
    (problem,) = followed.problems
    assert isinstance(problem, ForbiddenError)
    assert str(problem) == "watch pods ns: cannot watch"
    assert followed.informer.problem is None
    assert followed.restarts == [Restart.REFUSED]


async def test_a_resync_finds_what_the_watch_missed(api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup) -> None:
    api.script = [
        api.reply(200, page("10", pod("a", "1"))),
        api.stream(then="hang"),
        api.reply(200, page("20", pod("a", "15"))),
        api.stream(then="hang"),
    ]
    followed = follow(kube, Timing(resync_ms=100, backoff=QUICK))
    await group.start(followed.informer.run)
    await followed.until(("MODIFIED", "a", "15"))
    assert followed.restarts[0] is Restart.RESYNC
    assert followed.resyncs == 2


async def test_a_server_that_comes_back_is_listed_anew(api: FakeApi, kube: Kube, group: anyio.abc.TaskGroup) -> None:
    api.script = [api.reply(200, page("10", pod("a", "1"))), api.stream(then="reset"), api.reply(200, page("2"))]
    followed = follow(kube)
    port = kube._transport.auth.configuration.host
    await group.start(followed.informer.run)
    kube._transport.auth.configuration.host = "http://127.0.0.1:1"
    await followed.until_restarted(Restart.UNREACHABLE)
    kube._transport.auth.configuration.host = port
    await followed.until(("DELETED", "a", "1"))
