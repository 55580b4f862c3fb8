"""A record is stored by compare-and-swap on what it was decided on, and not on what else the object holds."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster
from gungnir.machines.record import Record
from gungnir.machines.requests import ClusterSeen, Conflict, GetCluster, Outcome, PutRecord, Reply, Stored, Version
from gungnir.machines.summary import Summary
from gungnir.machines.switchover import REJECTED
from gungnir.resources.inputs import BuildInputs
from gungnir.runtime.api_executor import EDITS_BETWEEN, ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache
from gungnir.runtime.context import NotLeadingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gungnir.runtime.kube import Kube
    from tests.unit.runtime.conftest import Answer, FakeApi, Seen

pytestmark = pytest.mark.anyio

PATH = "/apis/valkey.verilean.io/v1/namespaces/ns/valkeyclusters/vc"
SUMMARY = Summary("Running", "all is well", 3, 3, (), ())


def unused(*_args: object) -> NoReturn:
    raise AssertionError("not needed to store a record")


class Server:
    """One ValkeyCluster behind a compare-and-swap; ``edits`` are other people's writes, one before each of ours."""

    def __init__(self, api: FakeApi, edits: list[Callable[[dict[str, Any]], None]]) -> None:
        self.obj: dict[str, Any] = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": "vc", "namespace": "ns", "uid": "cr", "resourceVersion": "1", "generation": 1},
            "spec": {"replicas": 3},
            "status": {"epoch": 4},
        }
        self._api, self._edits = api, edits
        api.route = self._answer

    def _answer(self, seen: Seen) -> Answer:
        if seen.method == "GET":
            return self._api.reply(200, self.obj)
        if self._edits:
            self._edits.pop(0)(self.obj)
            self._bump()
        assert (seen.method, seen.path) == ("PUT", f"{PATH}/status")
        if seen.body["metadata"]["resourceVersion"] != self.obj["metadata"]["resourceVersion"]:
            return self._api.status(409, "Conflict")
        self.obj["status"] = seen.body["status"]
        self._bump()
        return self._api.reply(200, self.obj)

    def _bump(self) -> None:
        self.obj = copy.deepcopy(self.obj)
        self.obj["metadata"]["resourceVersion"] = str(int(self.obj["metadata"]["resourceVersion"]) + 1)


def labelled(obj: dict[str, Any]) -> None:
    obj["metadata"].setdefault("labels", {})["touched"] = obj["metadata"]["resourceVersion"]


def respecified(obj: dict[str, Any]) -> None:
    obj["spec"], obj["metadata"]["generation"] = {"replicas": 5}, 2


def allowed() -> None:
    """We lead, and did not sleep."""


async def put(kube: Kube, record: Record, outcome: Outcome | None = None, check: Callable[[], None] = allowed) -> Reply:
    """Read the cluster, then store a record that was decided on what was read."""
    cluster = ValkeyCluster.model_validate({"metadata": {"name": "vc", "namespace": "ns", "uid": "cr"}})
    inputs = BuildInputs(cluster=cluster, epoch=4, operator_key="key", password=None, primary=None, replicas=3)
    executor = ApiExecutor(kube, cluster, ClusterCache(), lambda: inputs, lambda _: SUMMARY, unused, check)
    seen = await executor.execute(GetCluster())
    assert isinstance(seen, ClusterSeen)
    reply = await executor.execute(PutRecord(seen.version, record, outcome))
    assert reply is not None
    return reply


@pytest.mark.parametrize("edit", [labelled, respecified])
async def test_somebody_who_writes_another_part_of_the_object_does_not_undo_a_decision(
    api: FakeApi, kube: Kube, edit: Callable[[dict[str, Any]], None]
) -> None:
    """Their part stays, and the status tells of the generation that was decided on."""
    server = Server(api, [edit] * 3)
    assert await put(kube, Record(5)) == Stored(Version("5"))
    assert server.obj["status"]["epoch"] == 5
    assert server.obj["status"]["observedGeneration"] == 1
    assert server.obj["metadata"].get("labels", {}) == ({"touched": "3"} if edit is labelled else {})
    assert server.obj["spec"] == {"replicas": 3 if edit is labelled else 5}


@pytest.mark.parametrize(
    "edit",
    [
        lambda obj: obj["status"].update(epoch=5),
        lambda obj: obj["status"].update(switchover={"outcome": "Refused"}),
        lambda obj: obj["status"].update(phase="Running"),
        lambda obj: obj.pop("status"),
        lambda obj: obj["metadata"].update(annotations={names.SWITCHOVER_ANNOTATION: "any"}),
        lambda obj: obj["metadata"].update(annotations={names.ACCEPT_DATA_LOSS_ANNOTATION: "4"}),
        lambda obj: obj["metadata"].update(annotations={names.RECOVER_FROM_ANNOTATION: "vc-1@4"}),
        lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-02T03:04:05Z"),
        lambda obj: obj["metadata"].update(uid="made-anew"),
    ],
    ids=["record", "answer", "summary", "wiped", "request", "consent", "recovery", "deletion", "other object"],
)
async def test_whoever_changes_what_was_decided_on_is_a_conflict(
    api: FakeApi, kube: Kube, edit: Callable[[dict[str, Any]], None]
) -> None:
    server = Server(api, [edit])
    assert await put(kube, Record(5)) == Conflict()
    assert [seen.method for seen in api.seen] == ["GET", "PUT", "GET"]
    assert server.obj.get("status", {}).get("credentials") is None, "nothing of ours was stored"


async def test_the_refusal_of_a_request_is_not_offered_again(api: FakeApi, kube: Kube) -> None:
    """The request may have been taken back and made once more in the same words: that one was not judged."""
    Server(api, [labelled])
    refusal = Outcome("Switchover", REJECTED, "vc-0", "vc-1", 4, "Requested", "not in sync")
    assert await put(kube, Record(4), refusal) == Conflict()
    assert [seen.method for seen in api.seen] == ["GET", "PUT"]


async def test_a_record_is_not_offered_without_end(api: FakeApi, kube: Kube) -> None:
    Server(api, [labelled] * (EDITS_BETWEEN + 1))
    assert await put(kube, Record(5)) == Conflict()
    assert sum(seen.method == "PUT" for seen in api.seen) == EDITS_BETWEEN + 1


async def test_nothing_is_offered_again_by_who_may_not_act_any_more(api: FakeApi, kube: Kube) -> None:
    """The lease may have run out, or this process may have slept, since the first offer."""

    def check() -> None:
        raise NotLeadingError("the lease is not ours")

    Server(api, [labelled])
    with pytest.raises(NotLeadingError):
        await put(kube, Record(5), check=check)
    assert sum(seen.method == "PUT" for seen in api.seen) == 1
