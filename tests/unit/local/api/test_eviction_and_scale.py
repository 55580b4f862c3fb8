from typing import Any

import pytest

from gungnir.local.errors import ApiError, ConflictError, InvalidError, NotFoundError, TooManyRequestsError
from gungnir.local.eviction import evict
from gungnir.local.registry import Registry, WriteOptions
from gungnir.local.scale import read_scale, write_scale

Obj = dict[str, Any]
MERGE = "application/merge-patch+json"


@pytest.fixture
def ready(registry: Registry, pod: Obj) -> Registry:
    """A ready pod ``p`` under a budget ``b`` that allows one disruption."""
    pod["metadata"]["labels"] = {"a": "b"}
    registry.create("pods", pod, namespace="default")
    up = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    registry.patch("pods", "default", "p", up, MERGE, subresource="status")
    budget = {"metadata": {"name": "b"}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
    registry.create("poddisruptionbudgets", budget, namespace="default")
    allow(registry, 1)
    return registry


def allow(registry: Registry, disruptions: int) -> None:
    status = {"disruptionsAllowed": disruptions, "observedGeneration": 1, "desiredHealthy": 2, "currentHealthy": 2}
    registry.patch("poddisruptionbudgets", "default", "b", {"status": status}, MERGE, subresource="status")


def test_an_eviction_takes_one_from_the_budget(ready: Registry) -> None:
    assert evict(ready, "default", "p", {})["status"] == "Success"
    with pytest.raises(NotFoundError):
        ready.get("pods", "default", "p")
    status = ready.get("poddisruptionbudgets", "default", "b")["status"]
    assert status["disruptionsAllowed"] == 0
    assert list(status["disruptedPods"]) == ["p"]


def test_an_empty_budget_refuses_with_its_cause(ready: Registry) -> None:
    allow(ready, 0)
    with pytest.raises(TooManyRequestsError) as caught:
        evict(ready, "default", "p", {})
    assert caught.value.status()["code"] == 429
    assert (caught.value.details or {})["causes"] == [
        {"reason": "DisruptionBudget", "message": "The disruption budget b needs 2 healthy pods and has 2 currently"}
    ]


def test_a_budget_that_its_controller_has_not_seen_refuses(ready: Registry) -> None:
    ready.patch("poddisruptionbudgets", "default", "b", {"spec": {"maxUnavailable": 2}}, MERGE)
    with pytest.raises(TooManyRequestsError, match="would violate the pod's disruption budget"):
        evict(ready, "default", "p", {})


def test_two_budgets_for_one_pod_are_an_error(ready: Registry) -> None:
    budget = {"metadata": {"name": "c"}, "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
    ready.create("poddisruptionbudgets", budget, namespace="default")
    with pytest.raises(ApiError, match="more than one PodDisruptionBudget"):
        evict(ready, "default", "p", {})


def test_a_pending_pod_needs_no_budget(ready: Registry) -> None:
    allow(ready, 0)
    ready.patch("pods", "default", "p", {"status": {"phase": "Pending"}}, MERGE, subresource="status")
    assert evict(ready, "default", "p", {})["status"] == "Success"


def test_a_dry_eviction_changes_nothing(ready: Registry) -> None:
    evict(ready, "default", "p", {}, dry_run=True)
    assert ready.get("pods", "default", "p")
    assert ready.get("poddisruptionbudgets", "default", "b")["status"]["disruptionsAllowed"] == 1


def test_scale_reads_and_writes_the_paths_of_the_definition(boxes: Registry) -> None:
    kind = boxes.catalog.resolve("boxes")
    boxes.patch("boxes", "default", "b", {"status": {"size": 2, "selector": "a=b"}}, MERGE, subresource="status")
    scale = read_scale(boxes, kind, "default", "b")
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, {"replicas": 2, "selector": "a=b"})
    scale["spec"]["replicas"] = 5
    assert write_scale(boxes, kind, "default", "b", scale, WriteOptions())["spec"] == {"replicas": 5}
    assert boxes.get("boxes", "default", "b")["spec"]["size"] == 5
    with pytest.raises(ConflictError):
        write_scale(boxes, kind, "default", "b", scale, WriteOptions())


def test_scale_keeps_to_the_rules_of_the_object(boxes: Registry) -> None:
    kind = boxes.catalog.resolve("boxes")
    with pytest.raises(InvalidError, match="less than or equal to 9"):
        write_scale(boxes, kind, "default", "b", {"spec": {"replicas": 10}}, WriteOptions())
    with pytest.raises(InvalidError, match="greater than or equal to 0"):
        write_scale(boxes, kind, "default", "b", {"spec": {"replicas": -1}}, WriteOptions())
