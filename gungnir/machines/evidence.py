"""Is the primary gone? Evidence by kind, not one counter.

Rules
- *Proof of death* needs no wait: nothing listens at the pod's own address (refused several times in a row), its
  container is terminated, the pod object is gone or is another one, or another process (run id) answers there.
- *Silence* is no proof. It counts after ``down_after_ms``, and only if as many replicas as a failover needs say that
  they do not hear the primary either, and none says that it does: else it may be the operator that is cut off.
- An error reply (LOADING, NOAUTH, MISCONF, BUSY ...) is evidence of its own kind: never death, never success, never
  "offset 0".
- A readiness probe is not evidence of life: an exec probe on a frozen container hangs with it and never fails.
"""

from enum import StrEnum
from typing import NamedTuple

from gungnir.machines.facts import Facts
from gungnir.machines.record import Primary, Record
from gungnir.machines.requests import Answer, AnswerKind
from gungnir.machines.view import Contact, PodView, Server, View

FRESH_IO_S = 2
"""A replica that received anything in the last ``FRESH_IO_S`` - 1 whole seconds still hears its primary.

The primary pings its replicas every second (``repl-ping-replica-period 1``) and ``master_last_io_seconds_ago`` counts
whole seconds, so a healthy link shows 0 or 1 (valkey.conf; replication.c).
"""


RELINK_AFTER_S = 10
"""How many seconds the link of a replica may be down before it is told again whom to follow, with which password.

Longer than a primary takes to see that a connection is gone, and a replica to try again (each second).
"""


class Health(StrEnum):
    """What the evidence about the primary amounts to."""

    HEALTHY = "healthy"
    NONE = "none"
    """There never was a primary: bootstrap."""
    DEAD = "dead"
    LEAVING = "leaving"
    """Alive, and its pod is being deleted or cannot write its disk: hand over while it still answers."""
    SILENT = "silent"
    DOUBTFUL = "doubtful"


class Verdict(NamedTuple):
    """A decision with its operands: stored in ``.status``, logged once, tested by value."""

    health: Health
    evidence: str
    operands: tuple[tuple[str, str], ...] = ()


def primary_health(facts: Facts, record: Record, view: View) -> Verdict:
    """Classify the evidence about the recorded primary."""
    primary = record.primary
    if primary is None:
        return Verdict(Health.NONE, "NoPrimaryYet")
    pod = view.pod(primary.pod)
    if pod is None:
        return _verdict(Health.DEAD, "PodGone", pod=primary.pod)
    if pod.uid != primary.uid:
        return _verdict(Health.DEAD, "PodReplaced", pod=pod.name, recorded=primary.uid, seen=pod.uid)
    return _process_health(facts, primary, pod)


def _process_health(facts: Facts, primary: Primary, pod: PodView) -> Verdict:
    if pod.terminated:
        return _verdict(Health.DEAD, "ContainerTerminated", pod=pod.name)
    if pod.server is not None and pod.server.run_id != primary.run_id:
        return _verdict(Health.DEAD, "ProcessReplaced", pod=pod.name, recorded=primary.run_id, seen=pod.server.run_id)
    if refuses_for_good(facts, pod):
        return _verdict(Health.DEAD, "ConnectionRefused", pod=pod.name, refusals=pod.refusals)
    if silent_for_long(facts, pod):
        return _verdict(
            Health.SILENT, "NoAnswer", pod=pod.name, silent_ms=pod.silent_ms, down_after_ms=facts.down_after_ms
        )
    if pod.contact is Contact.ERROR:
        return _verdict(Health.DOUBTFUL, "ErrorReply", pod=pod.name, error=pod.error)
    if pod.contact is not Contact.UP:
        return _verdict(Health.DOUBTFUL, "NoAnswerYet", pod=pod.name, silent_ms=pod.silent_ms)
    if pod.server is not None and not pod.server.primary:
        return _verdict(Health.DEAD, "NotPrimaryAnyMore", pod=pod.name, follows=pod.server.follows)
    if pod.deleting:
        return _verdict(Health.LEAVING, "PodTerminating", pod=pod.name)
    if pod.server is not None and pod.server.disk_error:
        return _verdict(Health.LEAVING, "DiskFull", pod=pod.name, error=pod.server.disk_error)
    return _verdict(Health.HEALTHY, "Answers", pod=pod.name)


def refuses_for_good(facts: Facts, pod: PodView) -> bool:
    """Tell whether nothing listens at the pod's own address: refused often enough, or once by a pod that is to go."""
    return pod.contact is Contact.REFUSED and (pod.refusals >= facts.refusals_for_death or pod.deleting)


def silent_for_long(facts: Facts, pod: PodView) -> bool:
    """Tell whether nothing was heard of the pod for ``down_after_ms``."""
    return pod.contact in (Contact.SILENT, Contact.REFUSED) and pod.silent_ms >= facts.down_after_ms


def hears_primary(server: Server) -> bool:
    """Tell whether this replica still hears the primary it follows: the second witness against silence."""
    return not server.primary and server.link_up and 0 <= server.last_io_s < FRESH_IO_S


def witnesses(answers: tuple[Answer, ...]) -> tuple[str, ...]:
    """Return the names of the replicas that still hear the primary."""
    return tuple(
        answer.pod
        for answer in answers
        if answer.kind is AnswerKind.DONE and answer.server is not None and hears_primary(answer.server)
    )


def denials(answers: tuple[Answer, ...]) -> tuple[str, ...]:
    """Return the names of the replicas that answered and do not hear the primary."""
    return tuple(
        answer.pod
        for answer in answers
        if answer.kind is AnswerKind.DONE and answer.server is not None and not hears_primary(answer.server)
    )


def attached(record: Record, server: Server, address: str) -> bool:
    """Tell whether this reading shows a whole replica of the recorded primary, of its history, with its link up."""
    primary = record.primary
    return (
        primary is not None
        and not server.primary
        and server.link_up
        and not server.syncing
        and not server.loading
        and server.follows == address
        and server.replid == primary.replid
        and server.fence == record.epoch
        and not server.voting
    )


def _verdict(health: Health, evidence: str, **operands: str | int) -> Verdict:
    return Verdict(health, evidence, tuple((name, str(value)) for name, value in operands.items()))
