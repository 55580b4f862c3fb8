"""The template's epoch is stored by compare-and-swap on all of the StatefulSet but its status."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster
from gungnir.machines.requests import (
    Conflict,
    GetOwned,
    GetTemplate,
    OwnedSeen,
    PutTemplate,
    Reply,
    Stored,
    TemplateSeen,
    Version,
)
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build
from gungnir.runtime.api_executor import EDITS_BETWEEN, ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache
from gungnir.runtime.context import NotLeadingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gungnir.runtime.kube import Kube
    from tests.unit.runtime.conftest import Answer, FakeApi, Seen

    Edit = Callable[[dict[str, Any]], None]

pytestmark = pytest.mark.anyio

CLUSTER = ValkeyCluster.model_validate({"metadata": {"name": "vc", "namespace": "ns", "uid": "cr"}})
INPUTS = BuildInputs(cluster=CLUSTER, epoch=4, operator_key="ab" * 32, password=None, primary=None, replicas=3)


def unused(*_args: object) -> NoReturn:
    raise AssertionError("not needed to store a template")


def allowed() -> None:
    """We lead, and did not sleep."""


class Server:
    """One StatefulSet behind a compare-and-swap; ``edits`` are other people's writes, one before each of ours."""

    def __init__(self, api: FakeApi, edits: list[Edit]) -> None:
        self.obj: dict[str, Any] = copy.deepcopy(build(OwnedKind.STATEFUL_SET, INPUTS))
        self.obj["metadata"] |= {"uid": "sts", "resourceVersion": "1", "managedFields": [{"time": "1"}]}
        self.obj["status"] = {"readyReplicas": 3}
        self._api, self._edits = api, edits
        api.route = self._answer

    def _answer(self, seen: Seen) -> Answer:
        if seen.method == "PUT" and self._edits:
            self._edits.pop(0)(self.obj)
            self._bump()
        if seen.method == "PUT":
            if seen.body["metadata"]["resourceVersion"] != self.obj["metadata"]["resourceVersion"]:
                return self._api.status(409, "Conflict")
            self.obj = {**copy.deepcopy(seen.body), "status": self.obj["status"]}
            self._bump()
        return self._api.reply(200, self.obj)

    def _bump(self) -> None:
        self.obj = copy.deepcopy(self.obj)
        version = str(int(self.obj["metadata"]["resourceVersion"]) + 1)
        self.obj["metadata"] |= {"resourceVersion": version, "managedFields": [{"time": version}]}


def lost_a_pod(obj: dict[str, Any]) -> None:
    """What the StatefulSet's controller does at the moment in which a pod is lost."""
    obj["status"] = {"readyReplicas": obj["status"]["readyReplicas"] - 1}


async def put(kube: Kube, check: Callable[[], None] = allowed) -> Reply:
    """Read the template, then store the next epoch in it."""
    executor = ApiExecutor(kube, CLUSTER, ClusterCache(), lambda: INPUTS, unused, unused, check)
    seen = await executor.execute(GetTemplate())
    assert isinstance(seen, TemplateSeen)
    assert seen.epoch == 4
    reply = await executor.execute(PutTemplate(seen.version, 5))
    assert reply is not None
    return reply


async def test_a_controller_that_counts_pods_meanwhile_holds_no_failover_up(api: FakeApi, kube: Kube) -> None:
    """Its status stays, and the new epoch is in the template."""
    server = Server(api, [lost_a_pod, lost_a_pod])
    assert await put(kube) == Stored(Version("4"))
    assert server.obj["status"] == {"readyReplicas": 1}
    executor = ApiExecutor(kube, CLUSTER, ClusterCache(), lambda: INPUTS, unused, unused, allowed)
    seen = await executor.execute(GetTemplate())
    assert isinstance(seen, TemplateSeen)
    assert seen.epoch == 5


async def test_whoever_reconciles_sees_that_a_failover_was_there(api: FakeApi, kube: Kube) -> None:
    """Also one whose cache knows of no newer epoch. Users of another epoch than the annotation's say nothing."""
    server = Server(api, [])
    assert await put(kube) == Stored(Version("2"))
    executor = ApiExecutor(kube, CLUSTER, ClusterCache(), lambda: INPUTS, unused, unused, allowed)
    seen = await executor.execute(GetOwned(OwnedKind.STATEFUL_SET))
    assert seen == OwnedSeen(Version("2"), ours=True, deleting=False, drifted=False, epoch=5)
    server.obj["metadata"]["annotations"][names.EPOCH_ANNOTATION] = "99"
    seen = await executor.execute(GetOwned(OwnedKind.STATEFUL_SET))
    assert seen == OwnedSeen(Version("2"), ours=True, deleting=False, drifted=True)


@pytest.mark.parametrize(
    "edit",
    [
        lambda obj: obj["spec"].update(replicas=5),
        lambda obj: obj["spec"]["template"]["metadata"].update(annotations={}),
        lambda obj: obj["metadata"].update(annotations={"touched": "yes"}),
        lambda obj: obj["metadata"].update(deletionTimestamp="2026-01-02T03:04:05Z"),
        lambda obj: obj["metadata"].update(uid="made-anew"),
    ],
    ids=["spec", "epoch", "annotation", "deletion", "other object"],
)
async def test_whoever_changes_more_than_the_status_is_a_conflict(api: FakeApi, kube: Kube, edit: Edit) -> None:
    """Another operator's epoch above all: nothing is stored on top of it."""
    Server(api, [edit])
    assert await put(kube) == Conflict()
    assert [seen.method for seen in api.seen] == ["GET", "PUT", "GET"]


async def test_a_template_is_not_offered_without_end(api: FakeApi, kube: Kube) -> None:
    """The next round takes it up again."""
    Server(api, [lost_a_pod] * (EDITS_BETWEEN + 1))
    assert await put(kube) == Conflict()
    assert sum(seen.method == "PUT" for seen in api.seen) == EDITS_BETWEEN + 1


async def test_nothing_is_offered_again_by_who_may_not_act_any_more(api: FakeApi, kube: Kube) -> None:
    """The lease may have run out, or this process may have slept, since the first offer."""

    def check() -> None:
        raise NotLeadingError("the lease is not ours")

    Server(api, [lost_a_pod])
    with pytest.raises(NotLeadingError):
        await put(kube, check)
    assert sum(seen.method == "PUT" for seen in api.seen) == 1
