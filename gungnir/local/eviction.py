"""Evictions: deletions that a PodDisruptionBudget may forbid.

Source: ``pkg/registry/core/pod/storage/eviction.go``. The budget's status, which its controller keeps, decides; each
granted eviction takes one from ``disruptionsAllowed`` at once.
"""

from typing import TYPE_CHECKING, Any, Final

from gungnir.local.errors import ApiError, BadRequestError, TooManyRequestsError
from gungnir.local.selectors import matches_label_selector

if TYPE_CHECKING:
    from gungnir.local.registry import Registry

Obj = dict[str, Any]
_FREE_PHASES: Final = frozenset({"Pending", "Succeeded", "Failed"})


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(c["type"] == "Ready" and c.get("status") == "True" for c in conditions)


def _budgets(registry: "Registry", pod: Obj) -> list[Obj]:
    labels = pod["metadata"].get("labels") or {}
    found = registry.list("poddisruptionbudgets", pod["metadata"]["namespace"]).items
    return [b for b in found if matches_label_selector((b.get("spec") or {}).get("selector"), labels)]


def evict(registry: "Registry", namespace: str, name: str, body: Obj, *, dry_run: bool = False) -> Obj:
    """Evict a pod and return the ``Status`` of success.

    Raises:
        NotFoundError: The pod does not exist.
        TooManyRequestsError: A budget forbids it now.
        ApiError: More than one budget selects the pod (500, as a real server answers).
        BadRequestError: The eviction names another pod.
    """
    if (body.get("metadata") or {}).get("name", name) != name:
        raise BadRequestError("name in URL does not match name in Eviction object")
    pod = registry.get("pods", namespace, name)
    leaving = pod["metadata"].get("deletionTimestamp") or (pod.get("status") or {}).get("phase") in _FREE_PHASES
    budgets = [] if leaving else _budgets(registry, pod)
    if len(budgets) > 1:
        raise ApiError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            code=500,
        )
    if budgets and not _spares_unready(budgets[0], pod):
        _take(registry, budgets[0], name, dry_run=dry_run)
    options = body.get("deleteOptions") or {}
    registry.delete(
        "pods",
        namespace,
        name,
        uid=(options.get("preconditions") or {}).get("uid") or pod["metadata"]["uid"],
        grace_period_seconds=options.get("gracePeriodSeconds"),
        propagation=options.get("propagationPolicy"),
        dry_run=dry_run,
    )
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _spares_unready(budget: Obj, pod: Obj) -> bool:
    """Tell whether an unready pod may go without asking: as many healthy pods as wanted are there without it."""
    status = budget.get("status") or {}
    if _is_ready(pod):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    return bool(status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0)


def _take(registry: "Registry", budget: Obj, pod: str, *, dry_run: bool) -> None:
    status, metadata = budget.get("status") or {}, budget["metadata"]
    if status.get("observedGeneration", 0) < metadata.get("generation", 0):
        raise TooManyRequestsError(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            _details(
                metadata["name"], f"The disruption budget {metadata['name']} is still being processed by the server."
            ),
        )
    if status.get("disruptionsAllowed", 0) <= 0:
        raise TooManyRequestsError(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            _details(
                metadata["name"],
                f"The disruption budget {metadata['name']} needs {status.get('desiredHealthy', 0)} healthy pods and "
                f"has {status.get('currentHealthy', 0)} currently",
            ),
        )
    if dry_run:
        return
    status["disruptionsAllowed"] -= 1
    status.setdefault("disruptedPods", {})[pod] = registry.now()
    registry.update("poddisruptionbudgets", budget, subresource="status")


def _details(budget: str, message: str) -> Obj:
    return {"name": budget, "causes": [{"reason": "DisruptionBudget", "message": message}]}
