"""The durable record to and from ``.status``: the only place where the two shapes meet."""

from typing import Any

from gungnir.api.status import ValkeyClusterStatus
from gungnir.machines.record import (
    Admitted,
    Candidate,
    Electorate,
    History,
    Intent,
    Kind,
    Member,
    Primary,
    Record,
    Stage,
)


def record_of(status: ValkeyClusterStatus) -> Record:
    """Return the record that a status holds.

    Raises:
        ValueError: ``failover.phase`` is no stage of this release: a newer operator wrote it.
    """
    primary, failover, electorate = status.primary, status.failover, status.electorate
    intent: Intent | None = None
    if failover is not None:
        chosen = failover.candidate
        candidate: Candidate | None = None
        if chosen is not None:
            candidate = Candidate(chosen.pod, chosen.uid, chosen.run_id, chosen.history_epoch, chosen.offset)
        intent = Intent(
            Kind(failover.kind.value),
            Stage(failover.phase),
            failover.reason,
            failover.target or "",
            candidate,
            failover.previous or "",
            failover.evidence or "",
        )
    return Record(
        epoch=status.epoch,
        primary=None
        if primary is None
        else Primary(
            primary.pod,
            primary.uid,
            primary.run_id,
            primary.replid,
            primary.epoch,
            primary.restarts,
            primary.written,
        ),
        intent=intent,
        histories=tuple(History(h.epoch, h.replid, h.parent, h.base_offset) for h in status.histories),
        members=tuple(sorted(Member(m.pod, m.uid, m.run_id) for m in status.members)),
        admitted=tuple(sorted(Admitted(m.pod, m.uid, m.run_id, m.epoch) for m in status.admitted)),
        electorate=Electorate(electorate.size, electorate.acks) if electorate else Electorate(0, 0),
        left_out=tuple(sorted(status.left_out)),
    )


def wire_of(record: Record, started_at: str | None, address: str | None) -> dict[str, Any]:
    """Return the fields of ``.status`` that hold the record. ``started_at`` and ``address`` are for people."""
    primary, intent = record.primary, record.intent
    wire: dict[str, Any] = {
        "epoch": record.epoch,
        "histories": [
            {"epoch": h.epoch, "replid": h.replid, "parent": h.parent, "baseOffset": h.base} for h in record.histories
        ],
        "leftOut": list(record.left_out),
        "admitted": [{"pod": m.pod, "uid": m.uid, "runId": m.run_id, "epoch": m.epoch} for m in record.admitted],
        "members": [{"pod": m.pod, "uid": m.uid, "runId": m.run_id, "epoch": record.epoch} for m in record.members],
        "electorate": {"size": record.electorate.size, "acks": record.electorate.acks},
        "primary": None,
        "failover": None,
        "masterPod": None,
        "currentMaster": None,
    }
    if primary is not None:
        wire["primary"] = primary._asdict() | {"runId": primary.run_id, "ip": address}
        del wire["primary"]["run_id"]
        wire["masterPod"] = wire["currentMaster"] = primary.pod
    if intent is not None:
        wire["failover"] = {
            "kind": intent.kind.value,
            "phase": intent.stage.value,
            "reason": intent.reason,
            "epoch": record.epoch,
            "target": intent.target or None,
            "previous": intent.previous or None,
            "startedAt": started_at,
            "evidence": intent.verdict or None,
            "candidate": _candidate(intent.candidate),
        }
    return wire


def _candidate(candidate: Candidate | None) -> dict[str, Any] | None:
    if candidate is None:
        return None
    return {
        "pod": candidate.pod,
        "uid": candidate.uid,
        "runId": candidate.run_id,
        "historyEpoch": candidate.history,
        "offset": candidate.offset,
    }
