"""The changes that a failover makes to the durable record, one pure function each, and what it tells people."""

from gungnir.api.names import SWITCHOVER_ANNOTATION
from gungnir.machines.evidence import Verdict
from gungnir.machines.facts import Facts
from gungnir.machines.record import (
    KEPT_HISTORIES,
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
from gungnir.machines.requests import ClearAnnotation, Outcome, Version
from gungnir.machines.selection import Ballot, votes_needed


def same_evidence(expected: Record, fresh: Record) -> bool:
    """Tell whether evidence taken against ``expected`` still speaks about the primary and the failover of ``fresh``."""
    return (expected.epoch, expected.primary, expected.intent) == (fresh.epoch, fresh.primary, fresh.intent)


def claim(record: Record, facts: Facts, kind: Kind, reason: str, target: str) -> Record:
    """Begin the next epoch. The first one fixes who may hold an acknowledged write."""
    previous = "" if record.primary is None else record.primary.pod
    electorate = record.electorate if record.electorate.size else Electorate(facts.size, facts.acks)
    intent = Intent(kind, Stage.FENCING, reason, target, None, previous)
    return record._replace(epoch=record.epoch + 1, intent=intent, electorate=electorate)


def freeze(record: Record, candidate: Candidate, verdict: str) -> Record:
    """Store the candidate of this epoch. It is never changed afterwards: if it is lost, the next epoch begins."""
    intent = record.intent
    if intent is None:
        raise ValueError("freeze: no failover is under way")
    kind = intent.kind
    if candidate.history == 0 and kind is not Kind.BOOTSTRAP:
        kind = Kind.RECOVERY
    return record._replace(
        intent=intent._replace(stage=Stage.PROMOTING, candidate=candidate, kind=kind, verdict=verdict)
    )


def promoted(
    record: Record, facts: Facts, candidate: Candidate, replid: str, restarts: int, *, written: bool = False
) -> Record:
    """Store the new primary and the history it began. ``written``: it said then that its file holds all of its data.

    A candidate of a recorded history continues it; one without begins anew, and nobody else's data counts any more.
    """
    if record.intent is None:
        raise ValueError("promoted: no failover is under way")
    # Offsets of a new lineage are only compared with each other, and a pod just synced may still report 0.
    base = candidate.offset if candidate.history else 0
    history = History(record.epoch, replid, candidate.history, base)
    member = Member(candidate.pod, candidate.uid, candidate.run_id)
    if candidate.history == 0:
        histories: tuple[History, ...] = (history,)
        members: tuple[Member, ...] = (member,)
        electorate = Electorate(facts.size, facts.acks)
        admitted = tuple(Admitted(name, "", "", record.epoch) for name in facts.pod_names if name != candidate.pod)
        left_out: tuple[str, ...] = ()
    else:
        kept = tuple(h for h in record.histories if h.epoch != record.epoch)
        histories = (*kept, history)[-KEPT_HISTORIES:]
        members = (*(m for m in record.members if m.pod != candidate.pod), member)
        electorate, left_out = record.electorate, record.left_out
        admitted = tuple(each for each in record.admitted if each.pod != candidate.pod)
    return record._replace(
        primary=Primary(candidate.pod, candidate.uid, candidate.run_id, replid, record.epoch, restarts, written),
        intent=record.intent._replace(stage=Stage.RECONFIGURING),
        histories=histories,
        members=tuple(sorted(members)),
        electorate=electorate,
        admitted=admitted,
        left_out=left_out,
    )


def renamed(record: Record, replid: str) -> Record:
    """Store the new replication id of the current history.

    A primary without a backlog takes a new id when its first replica attaches, "since there is no valid past history"
    (Valkey, replication.c, syncCommand). It is still the same process, and nobody carries the former id.
    """
    if record.primary is None:
        raise ValueError("renamed: there is no primary")
    histories = tuple(h._replace(replid=replid) if h.epoch == record.primary.epoch else h for h in record.histories)
    return record._replace(primary=record.primary._replace(replid=replid), histories=histories)


def counted(record: Record, restarts: int) -> Record:
    """Store the restart count of the primary's container, where it was not known when the primary was promoted."""
    if record.primary is None:
        raise ValueError("counted: there is no primary")
    return record._replace(primary=record.primary._replace(restarts=restarts))


def on_disk(record: Record) -> Record:
    """Store that the primary's file holds all of its data, where it did not when it was promoted."""
    if record.primary is None:
        raise ValueError("on_disk: there is no primary")
    return record._replace(primary=record.primary._replace(written=True))


def clear_request(version: Version) -> ClearAnnotation:
    """Return the request that takes the switchover annotation off."""
    return ClearAnnotation(version, SWITCHOVER_ANNOTATION)


def outcome(
    record: Record,
    candidate: Candidate | None,
    ballot: Ballot,
    verdict: Verdict,
    why: str,
    living: frozenset[str] = frozenset(),
) -> Outcome:
    """Return what people are told of the choice: every operand of the inequality beside the verdict.

    ``living`` names the pods that are gone and whose processes may live on.
    """
    intent = record.intent
    votes = ", ".join(f"{v.pod}={v.history}:{v.offset}" for v in ballot.votes)
    refusals = "; ".join(f"{pod}: {reason}" for pod, reason in ballot.refusals)
    operands = (
        *verdict.operands,
        ("votes", votes),
        ("notCounted", refusals),
        ("votesCounted", str(len(ballot.votes))),
        ("blank", ", ".join(ballot.blanks)),
        ("votesNeeded", str(votes_needed(record.electorate, len(ballot.blanks)))),
        ("electorate", f"{record.electorate.size} pods, {record.electorate.acks} acks"),
        ("leftOut", ", ".join(record.left_out)),
        ("unaccounted", ", ".join(sorted(living))),
    )
    return Outcome(
        kind=intent.kind.value if intent else "",
        result="Chosen",
        source=intent.previous if intent else "",
        target=candidate.pod if candidate else "",
        epoch=record.epoch,
        reason=intent.reason if intent else "",
        verdict=why,
        operands=tuple((name, value) for name, value in operands if value),
    )


def resumed_outcome(record: Record, verdict: Verdict) -> Outcome:
    """Return the outcome of a failover that another operator process had begun and this one finished."""
    intent, primary = record.intent, record.primary
    return Outcome(
        kind=intent.kind.value if intent else "",
        result="Completed",
        source=intent.previous if intent else "",
        target=primary.pod if primary else "",
        epoch=record.epoch,
        reason=intent.reason if intent else "",
        verdict=intent.verdict if intent else "",
        operands=verdict.operands,
    )


def result_of(record: Record, detail: str) -> str:
    """Return ``Completed``, or ``Aborted`` for a planned failover whose role went back to where it was."""
    intent, primary = record.intent, record.primary
    planned = intent is not None and intent.kind is Kind.SWITCHOVER
    if planned and primary is not None and intent is not None and primary.pod == intent.previous:
        return f"Aborted: {detail or 'the old primary held the most data'}"
    return "Completed"
