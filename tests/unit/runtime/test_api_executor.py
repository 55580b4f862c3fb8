"""What requests about pods send to the API server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import pytest

from gungnir.api.cluster import ValkeyCluster
from gungnir.machines.requests import PatchPod, Stored, Version
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
    executor = ApiExecutor(kube, cluster, ClusterCache(), unused, unused, unused)
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
