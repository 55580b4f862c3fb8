"""Status of PodDisruptionBudgets, which the eviction subresource decides by.

Source: "Specifying a Disruption Budget for your Application" of the Kubernetes documentation.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gungnir.local.controllers.base import (
    BUDGETS,
    PODS,
    STATEFUL_SETS,
    Name,
    controller_uid,
    is_over,
    is_ready,
    is_terminating,
    name_of,
    read,
)
from gungnir.local.registry import Registry
from gungnir.local.selectors import matches_label_selector
from gungnir.local.store import StoreEvent


class BudgetController:
    """Counts the pods of each budget."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    def keys(self, event: StoreEvent) -> Iterable[Name]:
        """Changed budgets, and every budget of the namespace of a changed pod or StatefulSet."""
        record = event.record
        if record.key.table == BUDGETS:
            if event.type != "DELETED":
                yield name_of(record)
        elif record.key.table in (PODS, STATEFUL_SETS):
            yield from (name_of(budget) for budget in self._store.scan(BUDGETS, record.key.namespace))

    def everything(self) -> Iterable[Name]:
        """Every budget."""
        return [name_of(record) for record in self._store.scan(BUDGETS)]

    def settle(self, name: Name) -> float | None:
        """Count."""
        budget = read(self._store, BUDGETS, name)
        if budget is None:
            return None
        spec = budget["spec"]
        selector = spec.get("selector")
        pods = [
            record.obj
            for record in self._store.scan(PODS, name[0])
            if selector is not None
            and matches_label_selector(selector, record.obj["metadata"].get("labels") or {})
            and not is_over(record.obj)
        ]
        healthy = sum(is_ready(pod) and not is_terminating(pod) for pod in pods)
        expected = self._expected(pods)
        if spec.get("maxUnavailable") is not None:
            desired = expected - _scaled(spec["maxUnavailable"], expected)
        else:
            expected = expected if isinstance(spec.get("minAvailable"), str) else len(pods)
            desired = _scaled(spec.get("minAvailable", 1), expected)
        desired = max(0, desired)
        allowed = max(0, healthy - desired) if expected else 0
        self._write(name, {"healthy": healthy, "expected": expected, "desired": desired, "allowed": allowed})
        return None

    def _expected(self, pods: Sequence[Mapping[str, Any]]) -> int:
        """What the controllers of the pods want, pods without a controller count one each."""
        owners = {controller_uid(pod): pod["metadata"]["namespace"] for pod in pods}
        total = sum(not controller_uid(pod) for pod in pods)
        for uid, namespace in owners.items():
            for record in self._store.scan(STATEFUL_SETS, namespace):
                if uid and record.uid == uid:
                    total += int(record.obj["spec"].get("replicas", 1))
        return total

    def _write(self, name: Name, counts: Mapping[str, int]) -> None:
        budget = self._registry.get(BUDGETS, *name)
        old = budget.get("status") or {}
        allowed = counts["allowed"] > 0
        status = "True" if allowed else "False"
        before: Mapping[str, Any] = next(iter(old.get("conditions") or []), {})
        since = before.get("lastTransitionTime") if before.get("status") == status else self._registry.now()
        budget["status"] = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "currentHealthy": counts["healthy"],
            "desiredHealthy": counts["desired"],
            "expectedPods": counts["expected"],
            "disruptionsAllowed": counts["allowed"],
            "conditions": [
                {
                    "type": "DisruptionAllowed",
                    "status": status,
                    "reason": "SufficientPods" if allowed else "InsufficientPods",
                    "message": "",
                    "lastTransitionTime": since,
                    "observedGeneration": budget["metadata"].get("generation", 1),
                }
            ],
        }
        if budget["status"] != old:
            self._registry.update(BUDGETS, budget, subresource="status")


def _scaled(value: int | str, total: int) -> int:
    """A number, or a percentage of ``total`` rounded up."""
    if isinstance(value, str) and value.endswith("%"):
        return math.ceil(int(value[:-1]) * total / 100)
    return int(value)
