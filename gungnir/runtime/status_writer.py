"""``.status`` as people and kubectl read it: the record, and beside it conditions, nodes and the last failover.

Rule: nothing that only counts (offsets, lag) causes a write. It is refreshed whenever something else is written, so
that a cluster in its steady state writes nothing.
"""

import copy
import time
from typing import Any, NamedTuple

from gungnir.api import names
from gungnir.api.instant import from_rfc3339, to_rfc3339
from gungnir.machines.record import Kind, Record
from gungnir.machines.requests import Outcome
from gungnir.machines.summary import Summary
from gungnir.runtime.kube_resources import Object
from gungnir.runtime.record_codec import wire_of

Status = dict[str, Any]


def now_text() -> str:
    """Return the wall-clock time, for people."""
    return to_rfc3339(time.time_ns() // 1_000_000)


class Extras(NamedTuple):
    """What the status holds beside the record: for people, and to recognise the operator key."""

    address: str | None
    fingerprint: str


def with_record(base: Object, record: Record, summary: Summary, outcome: Outcome | None, extras: Extras) -> Object:
    """Return the cluster object with this record and summary in its status."""
    status: Status = dict(base.get("status") or {})
    running = status.get("failover") or {}
    same = running.get("epoch") == record.epoch
    started_at = (running.get("startedAt") if same else None) or now_text()
    if outcome is not None:
        _add_outcome(status, outcome, started_at)
    status.update(wire_of(record, started_at, extras.address), credentials={"fingerprint": extras.fingerprint})
    return _shown(base, status, summary)


def with_summary(base: Object, summary: Summary) -> Object:
    """Return the cluster object with this summary in its status, or the very same object if nothing of note differs."""
    changed = _shown(base, dict(base.get("status") or {}), summary)
    return base if _notable(changed["status"]) == _notable(base.get("status") or {}) else changed


def _shown(base: Object, status: Status, summary: Summary) -> Object:
    generation = int(base["metadata"].get("generation") or 0)
    name = base["metadata"]["name"]
    status.update(
        observedGeneration=generation,
        phase=summary.phase,
        message=summary.message,
        replicas=summary.pods,
        readyReplicas=summary.ready,
        ready=f"{summary.ready}/{summary.pods}",
        selector=",".join(f"{key}={value}" for key, value in sorted(names.selector_labels(name).items())),
        nodes=[
            {
                "pod": node.pod,
                "role": node.role,
                "link": node.link,
                "offset": node.offset,
                "lagBytes": node.lag,
                "state": node.state,
            }
            for node in summary.nodes
        ],
        conditions=_conditions(status.get("conditions") or [], summary, generation),
    )
    changed = copy.copy(base)
    changed["status"] = _present(status)
    return changed


def _present(value: Any) -> Any:
    """Leave out what is None: the schema knows no nulls."""
    if isinstance(value, dict):
        return {key: _present(item) for key, item in value.items() if item is not None}
    return [_present(item) for item in value] if isinstance(value, list) else value


def _conditions(before: list[dict[str, Any]], summary: Summary, generation: int) -> list[dict[str, Any]]:
    former = {condition.get("type"): condition for condition in before}
    conditions = []
    for sign in summary.signs:
        value = "True" if sign.holds else "False"
        old = former.get(sign.type, {})
        since = old.get("lastTransitionTime") if old.get("status") == value else None
        conditions.append(
            {
                "type": sign.type,
                "status": value,
                "reason": sign.reason,
                "message": sign.message,
                "lastTransitionTime": since or now_text(),
                "observedGeneration": generation,
            }
        )
    return conditions


def _add_outcome(status: Status, outcome: Outcome, started_at: str) -> None:
    finished_at = now_text()
    if outcome.kind == Kind.SWITCHOVER and outcome.reason != "PodTerminating":
        result, _, why = outcome.result.partition(": ")
        words = {"Completed": "Succeeded", "Rejected": "Refused"}
        # Whom it ended with is not whom a person asked for: an aborted one ends with the old primary.
        asked = outcome.target if result == "Rejected" else (status.get("failover") or {}).get("target")
        status["switchover"] = {
            "request": asked or "any",
            "outcome": words.get(result, result),
            "message": why or outcome.verdict,
            "finishedAt": finished_at,
        }
    if outcome.result == "Rejected":
        return
    status["lastFailover"] = {
        "kind": outcome.kind,
        "from": outcome.source or None,
        "to": outcome.target or None,
        "epoch": outcome.epoch,
        "reason": outcome.reason,
        "evidence": outcome.reason,
        "verdict": outcome.verdict,
        "operands": dict(outcome.operands),
        "startedAt": started_at,
        "finishedAt": finished_at,
        "durationMs": from_rfc3339(finished_at) - from_rfc3339(started_at),
    }


def _notable(status: Status) -> Status:
    notable = {key: value for key, value in status.items() if value is not None}
    notable["nodes"] = [
        {key: value for key, value in node.items() if key not in ("offset", "lagBytes")}
        for node in status.get("nodes") or []
    ]
    notable["conditions"] = [
        {key: condition.get(key) for key in ("type", "status", "reason", "message", "observedGeneration")}
        for condition in status.get("conditions") or []
    ]
    return notable
