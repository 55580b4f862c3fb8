"""What people are shown: phase, message, nodes and conditions, computed from the record and the view. Decides nothing.

Rule: a condition's reason is a stable word for programs, its message a sentence that says what to do.
"""

from typing import NamedTuple

from gungnir.machines.evidence import Health, attached, primary_health
from gungnir.machines.facts import Facts
from gungnir.machines.kstatus import standard_signs
from gungnir.machines.record import Kind, Record
from gungnir.machines.repair import shown
from gungnir.machines.scale_down import waits_for
from gungnir.machines.sign import Sign
from gungnir.machines.storage import storage_state
from gungnir.machines.view import Contact, PodView, View

LOSSY = frozenset({"AllPodsRestarted", "AllPodsEmpty", "PrimaryRestored", "DataLossAccepted", "RecoverFromRequested"})
"""Verdicts that promoted without a quorum of whole pods: acknowledged writes may be gone."""


class Node(NamedTuple):
    """One pod as it is shown."""

    pod: str
    role: str
    link: str
    offset: int
    lag: int
    state: str


class Summary(NamedTuple):
    """All that is shown of a cluster."""

    phase: str
    message: str
    ready: int
    pods: int
    nodes: tuple[Node, ...]
    signs: tuple[Sign, ...]


class Notes(NamedTuple):
    """What the driver remembers of its last rounds: not part of any decision.

    ``handing_to``: the pod that a request asks to hand the role to.
    """

    problems: tuple[tuple[str, str, str], ...] = ()
    blocked: str = ""
    doubt: str = ""
    outdated: tuple[str, ...] = ()
    handing_to: str = ""
    invalid: str = ""
    last_verdict: str = ""
    violation: str = ""
    full: tuple[str, ...] = ()


def summarize(facts: Facts, record: Record, view: View, notes: Notes) -> Summary:
    """Return what is shown of this cluster now."""
    notes = notes._replace(full=full_disks(view))
    primary = None if record.primary is None else view.pod(record.primary.pod)
    verdict = primary_health(facts, record, view)
    serving = primary is not None and record.intent is None and verdict.health in (Health.HEALTHY, Health.LEAVING)
    nodes = tuple(_node(record, primary, pod) for pod in view.pods)
    synced = _synced(record, primary, view) if serving else ()
    ready = len(synced) + (1 if serving else 0)
    copies = _copies(primary, len(synced))
    signs = (
        _ready_sign(facts, primary if serving else None, copies, verdict.evidence),
        _progressing(facts, record, view),
        _degraded(facts, serving, ready, notes),
        _blocked(record, notes),
        _at_risk(facts, serving, copies),
        _data_loss(notes),
        _rollout(notes),
        _storage(facts, view),
        _scale_down(facts, record, view, notes),
        Sign("Valid", not notes.invalid, "Invalid" if notes.invalid else "Accepted", notes.invalid),
        _reconciled(notes),
    )
    phase, message = _phase(facts, record, nodes, serving, ready, notes)
    return Summary(phase, message, ready, len(view.pods), nodes, (*signs, *standard_signs(signs)))


def _phase(
    facts: Facts, record: Record, nodes: tuple[Node, ...], serving: bool, ready: int, notes: Notes
) -> tuple[str, str]:
    if notes.invalid:
        return "Invalid", notes.invalid
    if facts.paused:
        return "Paused", "spec.paused is true: nothing is changed and nothing fails over"
    if notes.blocked and record.intent is not None:
        return "Blocked", notes.blocked
    if record.intent is not None:
        planned = record.intent.kind in (Kind.SWITCHOVER, Kind.RELEASE)
        return "SwitchingOver" if planned else ("Creating" if record.primary is None else "FailingOver"), (
            f"{record.intent.kind} of epoch {record.epoch}: {record.intent.reason}"
        )
    if record.primary is None:
        if notes.problems:
            return "Creating", _problem_text(notes)
        waits = [f"{node.pod} ({node.state})" for node in nodes if not node.role]
        return "Creating", "waiting for " + (", ".join(waits) or "the pods")
    if not serving:
        return "Degraded", notes.doubt or f"the primary {record.primary.pod} does not answer as one"
    if notes.full:
        return "Degraded", _disk_text(notes.full)
    if ready < facts.size:
        return "Degraded", f"{ready} of {facts.size} pods are in sync"
    return "Running", f"{record.primary.pod} is primary; all {facts.size} pods are in sync"


def full_disks(view: View) -> tuple[str, ...]:
    """Return the names of the pods that cannot write their append-only file."""
    return tuple(pod.name for pod in view.pods if pod.server is not None and pod.server.disk_error)


def _disk_text(full: tuple[str, ...]) -> str:
    return f"{', '.join(full)}: cannot write the append-only file and takes no writes; free or enlarge the volume"


def _ready_sign(facts: Facts, primary: PodView | None, copies: int, evidence: str) -> Sign:
    if primary is None:
        return Sign("Ready", False, "NoPrimary", f"no primary takes writes ({evidence})")
    if primary.server is not None and primary.server.disk_error:
        return Sign("Ready", False, "DiskFull", _disk_text((primary.name,)))
    if copies < facts.acks:
        text = f"the primary refuses writes: {copies} of the {facts.acks} replicas that must hold a write are in sync"
        return Sign("Ready", False, "TooFewCopies", text)
    return Sign("Ready", True, "PrimaryServing", "the client Service leads to a primary that takes writes")


def _progressing(facts: Facts, record: Record, view: View) -> Sign:
    if record.intent is not None:
        return Sign("Progressing", True, str(record.intent.kind), f"{record.intent.stage} in epoch {record.epoch}")
    missing = set(facts.pod_names) - {pod.name for pod in view.pods}
    if missing:
        return Sign("Progressing", True, "PodsComing", "not there yet: " + ", ".join(sorted(missing)))
    if record.primary is None:
        return Sign("Progressing", True, "FirstStart", "no pod was primary yet")
    return Sign("Progressing", False, "Stable", "nothing is under way")


def _degraded(facts: Facts, serving: bool, ready: int, notes: Notes) -> Sign:
    if notes.violation:
        return Sign("Degraded", True, "InvariantViolated", notes.violation)
    if notes.doubt:
        reason = "OperatorIsolated" if notes.doubt.startswith("OperatorIsolated") else "EvidenceInDoubt"
        return Sign("Degraded", True, reason, notes.doubt)
    if notes.full:
        return Sign("Degraded", True, "DiskFull", _disk_text(notes.full))
    if serving and ready == facts.size:
        return Sign("Degraded", False, "AllInSync", f"all {facts.size} pods are in sync")
    return Sign("Degraded", True, "NotAllInSync", f"{ready} of {facts.size} pods are in sync")


def _blocked(record: Record, notes: Notes) -> Sign:
    if notes.blocked and record.intent is not None:
        return Sign("Blocked", True, notes.blocked.split(":", 1)[0], notes.blocked)
    return Sign("Blocked", False, "NotBlocked", "")


def _at_risk(facts: Facts, serving: bool, copies: int) -> Sign:
    if not serving:
        return Sign("DataAtRisk", False, "NoPrimary", "nobody takes writes; copies are counted once a primary serves")
    if facts.acks and copies < facts.acks:
        return Sign(
            "DataAtRisk", True, "TooFewCopies", f"{copies} replicas in sync, {facts.acks} wanted for each write"
        )
    return Sign("DataAtRisk", False, "EnoughCopies", "")


def _data_loss(notes: Notes) -> Sign:
    if notes.last_verdict in LOSSY:
        text = "the last recovery had no quorum of pods that kept their data: acknowledged writes may be gone"
        return Sign("DataLoss", True, notes.last_verdict, text)
    return Sign("DataLoss", False, "NoneKnown", "")


def _rollout(notes: Notes) -> Sign:
    if notes.outdated:
        names = ", ".join(notes.outdated)
        text = (
            f"{names}: started before the last change, which needs new pods; delete one pod at a time, replicas first, "
            "each only while all others are in sync"
        )
        return Sign("RolloutPending", True, "PodsOutdated", text)
    return Sign("RolloutPending", False, "UpToDate", "")


def _storage(facts: Facts, view: View) -> Sign:
    state = storage_state(facts, view)
    return Sign("StorageResized", state.resized, state.reason, state.message)


def _scale_down(facts: Facts, record: Record, view: View, notes: Notes) -> Sign:
    wait = waits_for(facts, record, view, notes.handing_to)
    if wait is None:
        return Sign("ScaleDownRefused", False, "NotAsked", "")
    return Sign("ScaleDownRefused", True, wait.reason, wait.message)


def _reconciled(notes: Notes) -> Sign:
    if not notes.problems:
        return Sign("Reconciled", True, "AsDesired", "")
    return Sign("Reconciled", False, notes.problems[0][1], _problem_text(notes))


def _problem_text(notes: Notes) -> str:
    return "; ".join(f"{kind}: {message}" for kind, _, message in notes.problems)


def _copies(primary: PodView | None, synced: int) -> int:
    """The primary's own count is what it takes writes by; a replica believes in a dead link for up to repl-timeout."""
    if primary is None or primary.server is None or primary.server.good < 0:
        return synced
    return min(synced, primary.server.good)


def _synced(record: Record, primary: PodView | None, view: View) -> tuple[PodView, ...]:
    if primary is None:
        return ()
    return tuple(pod for pod in view.pods if pod.name != primary.name and shown(record, primary, pod)[1])


def _node(record: Record, primary: PodView | None, pod: PodView) -> Node:
    server = pod.server
    if server is None:
        return Node(pod.name, "", "", 0, 0, pod.waiting or pod.contact.value)
    role = "primary" if server.primary else "replica"
    lag = 0
    if primary is not None and primary.server is not None and not server.primary:
        lag = max(0, primary.server.offset - server.offset)
    link = "" if server.primary else ("up" if server.link_up else "down")
    return Node(pod.name, role, link, server.offset, lag, _state(record, primary, pod))


def _state(record: Record, primary: PodView | None, pod: PodView) -> str:
    server = pod.server
    if pod.contact is not Contact.UP or server is None:
        return pod.error or pod.contact.value
    if primary is not None and pod.name == primary.name:
        return "serving" if server.primary else "not-serving"
    if primary is not None and attached(record, server, primary.address):
        return "attached"
    if server.loading:
        return "loading"
    return "syncing" if server.syncing else "fenced"
