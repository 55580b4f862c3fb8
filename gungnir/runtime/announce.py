"""Telling people: log lines with the operands of each decision, Kubernetes Events, and the figures of the metrics."""

from typing import Final

from structlog.typing import FilteringBoundLogger

from gungnir.machines import failover, repair, repair_table
from gungnir.machines.record import Kind, Record
from gungnir.machines.requests import Verb
from gungnir.machines.scale_down import ROLE_MOVES
from gungnir.machines.selection import divergence, votes_needed
from gungnir.machines.summary import LOSSY, Summary
from gungnir.runtime.context import Context
from gungnir.runtime.events import Reason
from gungnir.runtime.kube_resources import Object
from gungnir.runtime.metrics import ClusterFigures

_BLOCKED: Final = {
    "TooFewWholePods": "too few pods kept their data to be sure of every acknowledged write; it is tried again when "
    "another returns; to go on with what is left, annotate valkey.verilean.io/accept-data-loss={epoch}",
    "WaitingForAReplica": "the recorded primary is back on its volume, and a replica that does not answer, or loads, "
    "may hold acknowledged writes that the volume has not; it is tried again when that one answers or has loaded, and "
    "without it once it has been away for sentinel.failoverTimeoutMs; to go on with what is left, annotate "
    "valkey.verilean.io/accept-data-loss={epoch}",
    "ReplicaForgotItsPosition": "a replica lost its link so that its server forgot where its data ends: it has no "
    "vote, and may hold acknowledged writes that the last primary's volume has not; name the pod to start from: "
    "annotate valkey.verilean.io/recover-from=<pod>@{epoch}",
    "WaitingForAllPods": "no pod kept its data, and not all have answered yet; it is tried again when they do",
    "SeveralPodsHoldData": "several pods hold data, and their volumes do not tell whose is the newest; name the one to "
    "start from: annotate valkey.verilean.io/recover-from=<pod>@{epoch}",
    "LastPrimaryIsEmpty": "the pod that was primary last holds no data, and another one does; name the one to start "
    "from: annotate valkey.verilean.io/recover-from=<pod>@{epoch}",
    "WaitingForTheKubelet": "every pod was restarted, and the kubelet has not yet reported how each ended; it is "
    "tried again when it has",
    "PrimaryMayHaveLostItsTail": "nobody saw how the last primary's process ended, so its node may have lost power and "
    "its last second of writes, which others may still hold; name the pod to start from: annotate "
    "valkey.verilean.io/recover-from=<pod>@{epoch}",
    "PrimaryMayHoldOldData": "the last primary's process ended before anybody saw that its disk held the full copy "
    "that it had taken, so it may have started from older data; name the pod to start from: annotate "
    "valkey.verilean.io/recover-from=<pod>@{epoch}",
    "PrimaryDataMissing": "the last primary came back without its data and others hold some; name the one to start "
    "from: annotate valkey.verilean.io/recover-from=<pod>@{epoch}",
}
_PROBLEMS: Final = {
    "NameTaken": Reason.OBJECT_NOT_OWNED,
    "Forbidden": Reason.FORBIDDEN,
    "Rejected": Reason.INVALID_SPEC,
    "CredentialsUnusable": Reason.SECRET_CHANGED,
    "SecretChanged": Reason.SECRET_CHANGED,
}
_CHANGES: Final = {"RolloutPending": Reason.ROLLOUT_PENDING, "ScaleDownRefused": Reason.SCALE_DOWN_REFUSED}
"""Conditions that wait for a person, and the event that tells of each."""
_STUCK: Final = frozenset({"ResizeRefused", "ResizeFailed"})
QUIET_DETAILS: Final = frozenset({"WaitingForAllPods", "no snapshot", "NoAnswerYet"})


def blocked_text(state: failover.State) -> str:
    """Return ``Reason: sentence`` for the condition Blocked."""
    text = _BLOCKED.get(state.detail, "no pod may be promoted").format(epoch=state.record.epoch)
    refused = dict(state.outcome.operands).get("notCounted", "") if state.outcome else ""
    return f"{state.detail}: {text}" + (f" ({refused})" if refused else "")


def doubt_text(state: failover.State) -> str:
    """Return why a round that ended without action is in doubt about the primary; empty if it is not."""
    if state.detail in ("", "OperatorStalled") or state.outcome is not None:
        return ""
    if state.detail == "ErrorReply":
        return "ErrorReply: " + ", ".join(f"{name}={value}" for name, value in state.verdict.operands)
    return "" if state.detail in QUIET_DETAILS else state.detail


def same(summary: Summary, shown: Summary | None) -> bool:
    """Tell whether nothing differs that is worth a write of the status; None is what nobody knows."""
    return shown is not None and _shape(summary) == _shape(shown)


def _shape(summary: Summary) -> tuple[object, ...]:
    nodes = tuple((node.pod, node.role, node.link, node.state) for node in summary.nodes)
    return (summary.phase, summary.message, summary.ready, summary.pods, nodes, summary.signs)


class Announcer:
    """Says each thing once, until something else is said."""

    def __init__(self, context: Context, log: FilteringBoundLogger) -> None:
        self._context = context
        self._log = log
        self._last: dict[str, object] = {"paused": False}

    def failed_over(self, obj: Object | None, state: failover.State) -> None:
        """A failover ended."""
        outcome = state.outcome
        if outcome is None:
            return
        self._last.pop("blocked", None)
        self._log.info("failover ended", **outcome._asdict())
        last = ((obj or {}).get("status") or {}).get("lastFailover") or {}
        ours = last.get("epoch") == outcome.epoch and "durationMs" in last
        seconds = last["durationMs"] / 1000 if ours else None
        self._context.metrics.failover(outcome.kind, outcome.result.partition(":")[0], seconds)
        text = (
            f"{outcome.kind} of epoch {outcome.epoch}: {outcome.source or 'nobody'} to {outcome.target}; "
            f"{outcome.reason}, {outcome.verdict}"
        )
        if obj is None:
            return
        planned = outcome.kind == Kind.SWITCHOVER
        reason = Reason.SWITCHOVER_COMPLETED if planned else Reason.FAILOVER_COMPLETED
        if outcome.result.startswith("Aborted"):
            reason, text = Reason.SWITCHOVER_ABORTED, outcome.result
        if outcome.kind == Kind.RELEASE:
            operands = dict(outcome.operands)
            living, absent = operands.get("unaccounted", ""), operands.get("leftOut", "nobody")
            reason = Reason.REPLICA_UNACCOUNTED if living else Reason.REPLICA_LOST
            text = f"left out of epoch {outcome.epoch}, which {outcome.target} serves: {absent}"
            if living:
                text += f"; nobody reported the end of the process of {living}"
        if outcome.kind == Kind.BOOTSTRAP:
            reason = Reason.CLUSTER_CREATED
        self._context.events.normal(obj, reason, text)
        if outcome.verdict in LOSSY:
            self._context.events.warning(obj, Reason.DATA_LOSS, f"acknowledged writes may be gone: {outcome.verdict}")

    def switchover_refused(self, obj: Object | None, asked: str, why: str) -> None:
        """A switchover was asked for that cannot be."""
        self._log.warning("switchover refused", asked=asked, detail=why)
        if obj is not None:
            self._context.events.warning(obj, Reason.SWITCHOVER_REFUSED, f"switchover to {asked!r} refused: {why}")

    def handover_asked(self, obj: Object | None, record: Record, target: str) -> None:
        """The operator asked for a handover itself."""
        primary = "nobody" if record.primary is None else record.primary.pod
        text = f"spec.replicas would remove the primary {primary}: asked for a handover to {target} first"
        self._log.info("handover for a scale-down", source=primary, target=target)
        if obj is not None:
            self._context.events.normal(obj, Reason.SCALE_DOWN_HANDOVER, text)

    def forgotten(self, obj: Object | None, state: repair.State) -> None:
        """The electorate goes on without the pods that were left out."""
        before, now = state.expected, state.wanted
        fewer = state.commands and now.electorate.size < before.electorate.size
        if state.phase is not repair_table.Phase.CHANGED or not before.left_out or not fewer:
            return
        text = (
            f"{', '.join(before.left_out)}: gone; all others hold every confirmed write, and "
            f"{votes_needed(now.electorate)} of {now.electorate.size} are enough for a failover from now on"
        )
        self._log.info("replicas released", pods=list(before.left_out), size=now.electorate.size)
        if obj is not None:
            self._context.events.normal(obj, Reason.REPLICA_RELEASED, text)

    def attached(self, obj: Object | None, record: Record, state: repair.State) -> None:
        """Pods were told to follow: say which of them held writes that the cluster went on without."""
        if state.phase is not repair_table.Phase.CHANGED or obj is None:
            return
        for command in state.commands:
            if command.verb is not Verb.FOLLOW:
                continue
            pod = state.view.pod(command.pod)
            if pod is None or pod.server is None:
                continue
            gone = divergence(record, pod.server)
            if gone:
                text = f"{pod.name} held {gone} bytes of writes after its history was left; they are discarded"
                self._log.warning("divergent writes", pod=pod.name, bytes=gone)
                self._context.events.warning(obj, Reason.DIVERGENT_WRITES, text)

    def blocked(self, obj: Object | None, state: failover.State) -> None:
        """Nobody may be promoted."""
        text = blocked_text(state)
        if self._news("blocked", text):
            self._log.warning("failover blocked", **(state.outcome._asdict() if state.outcome else {}))
            self._context.metrics.failover(str(state.outcome.kind) if state.outcome else "", "Blocked")
            if obj is not None:
                self._context.events.warning(obj, Reason.FAILOVER_BLOCKED, text)

    def doubt(self, obj: Object | None, text: str) -> None:
        """The evidence is in doubt, or no more."""
        if self._news("doubt", text) and text:
            self._log.warning("evidence in doubt", detail=text)
            if obj is not None:
                isolated = text.startswith("OperatorIsolated")
                reason = Reason.OPERATOR_ISOLATED if isolated else Reason.POD_UNUSABLE
                self._context.events.warning(obj, reason, text)

    def disks(self, obj: Object | None, summary: Summary) -> None:
        """Some pods cannot write their append-only file, or all can again."""
        text = next((sign.message for sign in summary.signs if sign.reason == "DiskFull"), "")
        if self._news("disks", text) and text:
            self._log.warning("disk full", detail=text)
            if obj is not None:
                self._context.events.warning(obj, Reason.DISK_FULL, text)

    def invalid(self, obj: Object, text: str) -> None:
        """The spec cannot be honoured."""
        if self._news("invalid", text):
            self._log.warning("invalid spec", detail=text)
            self._context.events.warning(obj, Reason.INVALID_SPEC, text)

    def problems(self, obj: Object | None, problems: tuple[tuple[str, str, str], ...]) -> None:
        """Some objects could not be reconciled."""
        if not self._news("problems", problems):
            return
        for kind, reason, text in problems:
            self._log.warning("object not reconciled", kind=kind, reason=reason, detail=text)
            if obj is not None and reason in _PROBLEMS:
                self._context.events.warning(obj, _PROBLEMS[reason], f"{kind}: {text}")

    def storage(self, obj: Object | None, summary: Summary) -> None:
        """Volumes may not grow, or no longer."""
        refused = [sign.message for sign in summary.signs if sign.type == "StorageResized" and sign.reason in _STUCK]
        if self._news("storage", refused) and refused:
            self._log.warning("volumes do not grow", detail=refused[0])
            if obj is not None:
                self._context.events.warning(obj, Reason.STORAGE_RESIZE_FAILED, refused[0])

    def changes(self, obj: Object | None, summary: Summary) -> None:
        """Say what waits for a person, and whether the cluster is paused."""
        for sign in summary.signs:
            reason = _CHANGES.get(sign.type)
            if reason is None or not self._news(sign.type, sign.message if sign.holds else ""):
                continue
            if sign.holds and obj is not None and sign.reason != ROLE_MOVES:
                self._context.events.warning(obj, reason, sign.message)
        paused = summary.phase == "Paused"
        if self._news("paused", paused) and obj is not None:
            self._context.events.normal(obj, Reason.PAUSED if paused else Reason.RESUMED, summary.message)

    def violations(self, obj: Object | None, found: tuple[tuple[str, str], ...]) -> None:
        """Say which invariants do not hold in the live view."""
        former, now = self._last.get("violations", {}), dict(found)
        self._last["violations"] = now
        for name, text in found:
            if isinstance(former, dict) and former.get(name) == text:
                continue
            self._log.error("invariant violated", invariant=name, seen=text)
            self._context.metrics.invariant_violation(name)
            if obj is not None:
                self._context.events.warning(obj, Reason.INVARIANT_VIOLATED, f"{name}: {text}")

    def figures(self, key: tuple[str, str], record: Record, summary: Summary) -> None:
        """Refresh the metrics of this cluster."""
        lag = {node.pod: node.lag for node in summary.nodes if node.role == "replica"}
        primary = "" if record.primary is None else record.primary.pod
        figures = ClusterFigures(primary, summary.phase, record.epoch, summary.ready, lag)
        self._context.metrics.cluster(*key, figures)

    def _news(self, topic: str, text: object) -> bool:
        if self._last.get(topic) == text:
            return False
        self._last[topic] = text
        return True
