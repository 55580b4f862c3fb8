"""The operator asks for a handover over what it decided on: nobody's request, this spec, this status, this object."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster
from gungnir.machines.requests import ClusterSeen, Conflict, GetCluster, Reply, SetAnnotation, Stored, Version
from gungnir.runtime.api_executor import ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from gungnir.runtime.kube import Kube
    from tests.unit.runtime.conftest import Answer, FakeApi, Seen

pytestmark = pytest.mark.anyio

ASKED = names.SWITCHOVER_ANNOTATION


def unused(*_args: object) -> NoReturn:
    raise AssertionError("not needed to ask for a handover")


class Server:
    """One ValkeyCluster behind a compare-and-swap; ``edits`` are other people's writes, one before each of ours."""

    def __init__(self, api: FakeApi, edits: list[Callable[[dict[str, Any]], None]]) -> None:
        self.obj: dict[str, Any] = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": "vc", "namespace": "ns", "uid": "cr", "resourceVersion": "1", "generation": 1},
            "spec": {"replicas": 2},
            "status": {"epoch": 4},
        }
        self._api, self._edits = api, edits
        api.route = self._answer

    def _answer(self, seen: Seen) -> Answer:
        if seen.method == "GET":
            return self._api.reply(200, self.obj)
        assert seen.method == "PATCH"
        if self._edits:
            self.obj = copy.deepcopy(self.obj)
            self._edits.pop(0)(self.obj)
            self._bump()
        metadata = seen.body["metadata"]
        if metadata["resourceVersion"] != self.obj["metadata"]["resourceVersion"]:
            return self._api.status(409, "Conflict")
        self.obj = copy.deepcopy(self.obj)
        self.obj["metadata"].setdefault("annotations", {}).update(metadata["annotations"])
        self._bump()
        return self._api.reply(200, self.obj)

    def _bump(self) -> None:
        self.obj["metadata"]["resourceVersion"] = str(int(self.obj["metadata"]["resourceVersion"]) + 1)


def labelled(obj: dict[str, Any]) -> None:
    obj["metadata"].setdefault("labels", {})["touched"] = obj["metadata"]["resourceVersion"]


async def ask(kube: Kube, generation: int = 1) -> Reply:
    """Read the cluster, then ask; the facts that led to it are of the spec of this generation."""
    metadata = {"name": "vc", "namespace": "ns", "uid": "cr", "generation": generation}
    cluster = ValkeyCluster.model_validate({"metadata": metadata})
    executor = ApiExecutor(kube, cluster, ClusterCache(), unused, unused, unused, lambda: None)
    seen = await executor.execute(GetCluster())
    assert isinstance(seen, ClusterSeen)
    reply = await executor.execute(SetAnnotation(seen.version, ASKED, "vc-1@4"))
    assert reply is not None
    return reply


async def test_the_request_is_read_back_with_its_epoch(api: FakeApi, kube: Kube) -> None:
    server = Server(api, [])
    assert await ask(kube) == Stored(Version("2"))
    assert server.obj["metadata"]["annotations"] == {ASKED: "vc-1@4"}
    cluster = ValkeyCluster.model_validate({"metadata": {"name": "vc", "namespace": "ns", "uid": "cr"}})
    again = await ApiExecutor(kube, cluster, ClusterCache(), unused, unused, unused, unused).execute(GetCluster())
    assert isinstance(again, ClusterSeen)
    assert (again.switchover, again.switchover_epoch) == ("vc-1", 4)


async def test_somebody_who_writes_labels_does_not_keep_it_from_asking(api: FakeApi, kube: Kube) -> None:
    server = Server(api, [labelled] * 3)
    assert await ask(kube) == Stored(Version("5"))
    assert server.obj["metadata"]["annotations"] == {ASKED: "vc-1@4"}


@pytest.mark.parametrize(
    "edit",
    [
        lambda obj: obj["metadata"].update(annotations={ASKED: "any"}),
        lambda obj: obj["metadata"].update(generation=2),
        lambda obj: obj["status"].update(epoch=5),
        lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-02T03:04:05Z"),
        lambda obj: obj["metadata"].update(uid="made-anew"),
    ],
    ids=["request", "spec", "record", "deletion", "other object"],
)
async def test_what_the_decision_rests_on_is_as_it_was(
    api: FakeApi, kube: Kube, edit: Callable[[dict[str, Any]], None]
) -> None:
    server = Server(api, [edit])
    assert await ask(kube) == Conflict()
    assert (server.obj["metadata"].get("annotations") or {}).get(ASKED) != "vc-1@4"


async def test_nothing_is_asked_on_the_facts_of_another_spec(api: FakeApi, kube: Kube) -> None:
    """The read shows another generation than the one that the machine had the facts of: it looks again."""
    server = Server(api, [])
    assert await ask(kube, generation=7) == Conflict()
    assert "annotations" not in server.obj["metadata"]
