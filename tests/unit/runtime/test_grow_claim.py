"""What the request to grow a volume sends, and what becomes of each answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from gungnir.api.cluster import ValkeyCluster
from gungnir.machines.requests import Conflict, Forbidden, GrowClaim, Invalid, NotFound, Reply, Stored, Unknown, Version
from gungnir.machines.view import ClaimView, GrowthRefusal
from gungnir.runtime.api_executor import FAILED_AGAIN_S, REFUSED_AGAIN_S, ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache
from gungnir.runtime.facts import volume_bytes_of

if TYPE_CHECKING:
    from gungnir.runtime.kube import Kube
    from tests.unit.runtime.conftest import Answer, FakeApi

pytestmark = pytest.mark.anyio

GI = 2**30
GROW = GrowClaim("data-vc-0", "u1", "7", 2 * GI)


def claim(version: str, storage: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-vc-0", "namespace": "ns", "uid": "u1", "resourceVersion": version},
        "spec": {"resources": {"requests": {"storage": storage}}},
        "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}},
    }


def unused(*_args: object) -> NoReturn:
    raise AssertionError("not needed to grow a claim")


def cluster(**spec: Any) -> ValkeyCluster:
    return ValkeyCluster.model_validate({"metadata": {"name": "vc", "namespace": "ns", "uid": "cr"}, "spec": spec})


async def grow(api: FakeApi, kube: Kube, answer: Answer) -> tuple[Reply | None, ClaimView, ClusterCache]:
    api.script = [answer]
    cache = ClusterCache()
    cache.claims.saw(claim("7", "1Gi"))
    reply = await ApiExecutor(kube, cluster(), cache, unused, unused, unused, unused).execute(GROW)
    (view,) = cache.claims.views(time.monotonic())
    return reply, view, cache


async def test_the_patch_names_the_object_its_version_and_the_size(api: FakeApi, kube: Kube) -> None:
    reply, view, _ = await grow(api, kube, api.reply(200, claim("8", "2Gi")))
    (sent,) = api.seen
    assert (sent.method, sent.path) == ("PATCH", "/api/v1/namespaces/ns/persistentvolumeclaims/data-vc-0")
    assert sent.headers["content-type"] == "application/merge-patch+json"
    assert sent.body == {
        "metadata": {"uid": "u1", "resourceVersion": "7"},
        "spec": {"resources": {"requests": {"storage": "2Gi"}}},
    }
    assert reply == Stored(Version("8"))
    assert (view.requested_bytes, view.version) == (2 * GI, "8")


@pytest.mark.parametrize(
    ("code", "reason", "kind"), [(403, "Forbidden", Forbidden), (422, "Invalid", Invalid)], ids=["forbidden", "invalid"]
)
async def test_a_refusal_is_remembered_with_what_the_api_server_said(
    api: FakeApi, kube: Kube, code: int, reason: str, kind: type
) -> None:
    said = "only dynamically provisioned pvc can be resized"
    reply, view, cache = await grow(api, kube, api.status(code, reason, said))
    assert isinstance(reply, kind)
    assert view.refusal is not None
    assert view.refusal[:1] == (2 * GI,)
    assert said in view.refusal.text
    assert not view.refusal.due
    assert 0 < (cache.claims.retry_ms(time.monotonic()) or 0) <= REFUSED_AGAIN_S * 1000


async def test_an_answer_that_says_nothing_is_tried_again_soon_while_other_work_goes_on(
    api: FakeApi, kube: Kube
) -> None:
    reply, view, cache = await grow(api, kube, api.status(500, "InternalError", "failed calling webhook"))
    assert reply == Unknown()
    assert view.refusal == GrowthRefusal(2 * GI, "Unknown")
    assert 0 < (cache.claims.retry_ms(time.monotonic()) or 0) <= FAILED_AGAIN_S * 1000


@pytest.mark.parametrize(("code", "reason", "expected"), [(409, "Conflict", Conflict()), (404, "NotFound", NotFound())])
async def test_an_outdated_claim_is_not_remembered_as_refused(
    api: FakeApi, kube: Kube, code: int, reason: str, expected: Reply
) -> None:
    reply, view, _ = await grow(api, kube, api.status(code, reason, "x"))
    assert reply == expected
    assert view.refusal is None


@pytest.mark.parametrize(
    ("persistence", "expected"),
    [({}, GI), ({"size": "1.5Gi"}, 3 * GI // 2), ({"size": "1500m"}, 2), ({"enabled": False, "size": "5Gi"}, 0)],
)
def test_the_size_of_volumes_is_a_whole_number_of_bytes(persistence: dict[str, Any], expected: int) -> None:
    assert volume_bytes_of(cluster(persistence=persistence)) == expected
