from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from gungnir.runtime.backoff import Backoff
from gungnir.runtime.events import BURST, MAX_MESSAGE_CHARS, REFILL_S, REPEAT_WINDOW_S, EventRecorder, Reason
from gungnir.runtime.kube import Kube

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.runtime.conftest import FakeApi

pytestmark = pytest.mark.anyio

CLUSTER: dict[str, Any] = {
    "apiVersion": "valkey.verilean.io/v1",
    "kind": "ValkeyCluster",
    "metadata": {"name": "a", "namespace": "ns", "uid": "u1", "resourceVersion": "5"},
    "spec": {},
}


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Setup:
    def __init__(self, kube: Kube, capacity: int = 1_000) -> None:
        self.clock = Clock()
        self.dropped: list[str] = []
        self.recorder = EventRecorder(
            kube,
            "op-1",
            on_dropped=self.dropped.append,
            now=self.clock,
            backoff=Backoff(2, 4, lambda: 0.0),
            capacity=capacity,
        )

    async def flush(self) -> None:
        with anyio.fail_after(5):
            await self.recorder.flush()


@pytest.fixture
async def setup(kube: Kube) -> AsyncIterator[Setup]:
    made = Setup(kube)
    async with anyio.create_task_group() as group:
        await group.start(made.recorder.run)
        yield made
        group.cancel_scope.cancel()


async def test_an_event_is_what_kubectl_shows(api: FakeApi, setup: Setup) -> None:
    api.script = [api.reply(201, {"kind": "Event"})]
    setup.recorder.warning(CLUSTER, Reason.FAILOVER_BLOCKED, "primary a-0 refused connections")
    await setup.flush()
    (seen,) = api.seen
    assert (seen.method, seen.path) == ("POST", "/api/v1/namespaces/ns/events")
    name = seen.body["metadata"].pop("name")
    assert name.startswith("a.")
    assert seen.body == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "ns"},
        "involvedObject": {
            "apiVersion": "valkey.verilean.io/v1",
            "kind": "ValkeyCluster",
            "namespace": "ns",
            "name": "a",
            "uid": "u1",
        },
        "type": "Warning",
        "reason": "FailoverBlocked",
        "message": "primary a-0 refused connections",
        "firstTimestamp": "2026-01-02T03:04:05Z",
        "lastTimestamp": "2026-01-02T03:04:05Z",
        "count": 1,
        "source": {"component": "gungnir"},
        "reportingComponent": "gungnir",
        "reportingInstance": "op-1",
    }


async def test_a_repeated_event_raises_the_count_and_a_late_one_is_told_anew(api: FakeApi, setup: Setup) -> None:
    api.script = [api.reply(200, {"kind": "Event"})]
    for pause_s in (0, 1, 1, REPEAT_WINDOW_S):
        setup.clock.pass_s(pause_s)
        setup.recorder.normal(CLUSTER, Reason.CLUSTER_CREATED, "3 pods are ready")
        await setup.flush()
    assert [seen.method for seen in api.seen] == ["POST", "PATCH", "PATCH", "POST"]
    assert api.seen[1].path.endswith(f"/events/{api.seen[0].body['metadata']['name']}")
    assert api.seen[2].body == {"count": 3, "lastTimestamp": "2026-01-02T03:04:07Z"}
    assert api.seen[3].body["metadata"]["name"] != api.seen[0].body["metadata"]["name"]


async def test_an_event_that_expired_on_the_server_is_told_anew(api: FakeApi, setup: Setup) -> None:
    created = api.reply(201, {"kind": "Event"})
    api.script = [created, api.status(404, "NotFound"), created]
    for _ in range(2):
        setup.recorder.normal(CLUSTER, Reason.PAUSED, "paused")
        setup.clock.pass_s(1)
        await setup.flush()
    assert [seen.method for seen in api.seen] == ["POST", "PATCH", "POST"]


async def test_a_lost_answer_is_tried_again_under_the_same_name(api: FakeApi, setup: Setup) -> None:
    api.script = [api.reset, api.status(503, "ServiceUnavailable"), api.status(409, "AlreadyExists")]
    setup.recorder.normal(CLUSTER, Reason.PAUSED, "paused")
    await setup.flush()
    assert len({seen.body["metadata"]["name"] for seen in api.seen}) == 1
    assert len(api.seen) == 3
    assert setup.dropped == []


@pytest.mark.parametrize(
    ("code", "reason", "tries", "dropped"),
    [
        (403, "Forbidden", 1, "ForbiddenError"),
        (422, "Invalid", 1, "InvalidError"),
        (500, "InternalError", 5, "ServerError"),
    ],
)
async def test_what_cannot_be_delivered_is_dropped_and_counted(
    api: FakeApi, setup: Setup, *, code: int, reason: str, tries: int, dropped: str
) -> None:
    api.script = [api.status(code, reason)]
    setup.recorder.normal(CLUSTER, Reason.PAUSED, "paused")
    await setup.flush()
    assert (len(api.seen), setup.dropped) == (tries, [dropped])


async def test_a_flapping_object_cannot_flood_and_others_are_not_affected(api: FakeApi, setup: Setup) -> None:
    api.script = [api.reply(200, {"kind": "Event"})]
    for number in range(BURST + 5):
        setup.recorder.normal(CLUSTER, Reason.PAUSED, f"{number}")
    other = CLUSTER | {"metadata": CLUSTER["metadata"] | {"uid": "u2", "name": "b"}}
    setup.recorder.normal(other, Reason.PAUSED, "paused")
    await setup.flush()
    assert (len(api.seen), setup.dropped) == (BURST + 1, ["rate"] * 5)
    setup.clock.pass_s(REFILL_S)
    setup.recorder.normal(CLUSTER, Reason.RESUMED, "resumed")
    await setup.flush()
    assert len(api.seen) == BURST + 2


async def test_recording_never_waits_and_drops_the_oldest_when_full(kube: Kube) -> None:
    setup = Setup(kube, capacity=3)
    for number in range(5):
        setup.recorder.normal(CLUSTER, Reason.PAUSED, f"{number}")
    assert setup.dropped == ["full", "full"]
    assert [entry.message for entry in setup.recorder._waiting] == ["2", "3", "4"]


async def test_a_long_message_is_cut_to_what_the_server_accepts(api: FakeApi, setup: Setup) -> None:
    api.script = [api.reply(201, {"kind": "Event"})]
    setup.recorder.normal(
        {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}}, Reason.FORBIDDEN, "x" * 5_000
    )
    await setup.flush()
    assert len(api.seen[0].body["message"]) == MAX_MESSAGE_CHARS
    assert api.seen[0].path == "/api/v1/namespaces/default/events"
