"""What requests about pods send to the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from gungnir.api.cluster import ValkeyCluster
from gungnir.machines.requests import GetCluster, PatchPod, PutSummary, Stored, Version
from gungnir.machines.summary import Summary
from gungnir.runtime.api_executor import ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache

if TYPE_CHECKING:
    from gungnir.runtime.kube import Kube
    from tests.unit.runtime.conftest import FakeApi

pytestmark = pytest.mark.anyio


def unused(*_args: object) -> NoReturn:
    raise AssertionError("not needed to label a pod")


@pytest.mark.parametrize(("role", "label"), [("primary", "primary"), ("", None)])
async def test_a_pods_role_is_written_with_the_labels_by_which_services_find_it(
    api: FakeApi, kube: Kube, role: str, label: str | None
) -> None:
    api.script = [api.reply(200, {"metadata": {"name": "vc-0", "resourceVersion": "8"}})]
    cluster = ValkeyCluster.model_validate({"metadata": {"name": "vc", "namespace": "ns", "uid": "cr"}})
    executor = ApiExecutor(kube, cluster, ClusterCache(), unused, unused, unused, unused)
    assert await executor.execute(PatchPod("vc-0", "u1", "7", role)) == Stored(Version("8"))
    (sent,) = api.seen
    assert (sent.method, sent.path) == ("PATCH", "/api/v1/namespaces/ns/pods/vc-0")
    assert sent.body == {
        "metadata": {
            "uid": "u1",
            "resourceVersion": "7",
            "labels": {
                "app.kubernetes.io/name": "valkey",
                "app.kubernetes.io/instance": "vc",
                "app.kubernetes.io/managed-by": "gungnir-operator",
                "statefulset.kubernetes.io/pod-name": "vc-0",
                "valkey.verilean.io/role": label,
            },
        }
    }


HEALTHY = Summary("Ready", "", 3, 3, (), ())
IN_DOUBT = HEALTHY._replace(phase="Degraded", ready=0)
READ: dict[str, Any] = {
    "apiVersion": "valkey.verilean.io/v1",
    "kind": "ValkeyCluster",
    "metadata": {"name": "vc", "namespace": "ns", "uid": "cr", "resourceVersion": "7"},
    "status": {},
}


def showing(kube: Kube, *summaries: Summary) -> ApiExecutor:
    """An executor whose writes find these summaries, one after another."""
    cluster = ValkeyCluster.model_validate({"metadata": {"name": "vc", "namespace": "ns", "uid": "cr"}})
    found = iter(summaries)
    return ApiExecutor(kube, cluster, ClusterCache(), unused, lambda _record: next(found), unused, unused)


async def test_what_is_shown_is_what_was_written_and_not_what_led_to_the_write(api: FakeApi, kube: Kube) -> None:
    """The evidence may change between the two, and change back before anybody looks again."""
    written = {**READ, "metadata": {**READ["metadata"], "resourceVersion": "8"}}
    api.script = [api.reply(200, READ), api.reply(200, written)]
    executor = showing(kube, IN_DOUBT)
    assert executor.shown is None
    await executor.execute(GetCluster())
    assert isinstance(await executor.execute(PutSummary(Version("7"))), Stored)
    assert executor.shown == IN_DOUBT


async def test_what_is_shown_is_not_known_after_a_write_that_failed(api: FakeApi, kube: Kube) -> None:
    """It may have happened."""
    api.script = [api.reply(200, READ), api.reply(200, READ), api.reply(500, {}), api.reply(500, {})]
    executor = showing(kube, HEALTHY, IN_DOUBT)
    await executor.execute(GetCluster())
    await executor.execute(PutSummary(Version("7")))
    assert executor.shown == HEALTHY
    assert not isinstance(await executor.execute(PutSummary(Version("7"))), Stored)
    assert executor.shown is None
