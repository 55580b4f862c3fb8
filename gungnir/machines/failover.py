"""The failover machine: claim an epoch, fence, choose, promote, reconfigure, route. One request per transition.

Rules
- Nothing is told to a pod before the epoch (and, for a promotion, the candidate) is stored in ``.status`` by CAS.
- A candidate is chosen only among pods that stopped following and were read after that, by a quorum of whole pods or
  by the recorded primary's own vote.
- The new history is stored before any pod follows it, so no pod can carry a history that the record does not know.
- An answer that is Unknown never advances a step: the round is abandoned and the next one reads back and resumes.
- Planned and unplanned failovers are one protocol: a planned one holds the writes and waits for its target first. If
  the target is too slow, the vote gives the role back to the old primary, which holds the most.
- Who does not answer when the candidate is chosen is told nothing in the new epoch, until the repair machine admits it.

Theory of operation: a round starts from a snapshot (``Observe``). If the evidence calls for action, the cluster is read
afresh; what its record says decides where the round goes on, so a crash between any two transitions costs nothing.

What this does not decide: who attaches a pod that returns later (repair.py), and what objects exist (reconcile.py).
"""

from typing import NamedTuple

from gungnir.machines import electorate, epochs, pods
from gungnir.machines.evidence import Health, Verdict, denials, primary_health, witnesses
from gungnir.machines.facts import Facts
from gungnir.machines.failover_table import MACHINE, Phase
from gungnir.machines.kernel import Step, answer_to, answers_to, handler_of
from gungnir.machines.record import Candidate, Intent, Kind, Record, Stage, given
from gungnir.machines.recovery import Consent, way_out
from gungnir.machines.requests import (
    AnswerKind,
    ClusterSeen,
    Conflict,
    GetCluster,
    GetService,
    GetTemplate,
    NotFound,
    Observe,
    Outcome,
    Pause,
    PodCommand,
    Pods,
    PutRecord,
    PutService,
    PutTemplate,
    Reply,
    Request,
    Seen,
    ServiceSeen,
    Stored,
    TemplateSeen,
    Verb,
    Version,
    describe,
)
from gungnir.machines.selection import count, elect, votes_needed
from gungnir.machines.switchover import ANY, REQUESTED
from gungnir.machines.view import View

NO_VERSION = Version("")
REPLICA_LOST = "ReplicaLost"
"""The reason of an epoch that is begun only so that a replica that is gone need not count."""
REPLICA_UNACCOUNTED = "ReplicaUnaccounted"
"""As REPLICA_LOST, for a pod that is gone without anybody having reported that its process ended."""
CATCH_UP_STEP_MS = 5
"""How long a planned failover waits between two looks at the target's offset."""
VOTE_MS = 1500
"""How long a vote is waited for. A pod that froze since it was seen last does not answer at all."""
ANSWER_MS = 500
"""How long any other answer is waited for that the failover can do without."""
HOLD_MARGIN_MS = 2000
"""How much longer than the catch-up the primary holds writes: the fencing, the vote and the promotion fit into it."""


class State(NamedTuple):
    """All that one round knows. ``detail`` says in a word why the round ended as it did."""

    phase: Phase = Phase.HEALTH
    verdict: Verdict = Verdict(Health.HEALTHY, "NotObserved")
    view: View = View(())
    expected: Record = Record()
    record: Record = Record()
    version: Version = NO_VERSION
    service: Version = NO_VERSION
    consent: Consent = Consent()
    asked: str = ""
    wanted: str = ""
    commands: tuple[PodCommand, ...] = ()
    goal: int = 0
    tries: int = 0
    refused: bool = False
    detail: str = ""
    outcome: Outcome | None = None


def start(target: str = "", asked: str = "") -> Step[State]:
    """Begin a round. ``asked`` is the accepted switchover request (empty: none) and ``target`` its pod."""
    return Step(State(asked=asked, wanted=target), Observe(), "start")


def step(facts: Facts, state: State, reply: Reply) -> Step[State]:
    """Take one step.

    Raises:
        IllegalTransition: the reply does not belong to the request outstanding in this phase.
    """
    return handler_of(MACHINE, _HANDLERS, state.phase, reply)(facts, state, reply)


def _to(state: State, trigger: str, request: Request | None = None, **changes: object) -> Step[State]:
    phase = Phase(MACHINE.advance(state.phase, trigger))
    return Step(state._replace(phase=phase, **changes), request, trigger)  # type: ignore[arg-type]


def _failed(state: State, reply: Reply) -> Step[State]:
    trigger = "conflict" if isinstance(reply, Conflict) else "failed"
    return _to(state, trigger, detail=f"{state.phase}: {describe(reply)}")


# --- evidence -------------------------------------------------------------------------------------------------------


def _health(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Seen):
        return _to(state, "doubtful", detail="no snapshot")
    verdict = primary_health(facts, reply.record, reply.view)
    state = state._replace(view=reply.view, expected=reply.record, verdict=verdict)
    if reply.view.stalled:
        return _to(state, "stalled", detail="OperatorStalled")
    if verdict.health is Health.NONE and reply.record.intent is None and not pods.all_up(facts, reply.view):
        return _to(state, "doubtful", detail="WaitingForAllPods")
    intent = reply.record.intent
    promoted = intent is not None and intent.stage is Stage.RECONFIGURING
    if verdict.health is Health.SILENT and (intent is None or promoted):
        commands = tuple(
            pods.command(Verb.READ, pod, reply.record.epoch) for pod in pods.others(facts, state.expected, state.view)
        )
        return _to(state, "silent", Pods(commands, ANSWER_MS), commands=commands)
    if intent is not None or verdict.health in (Health.NONE, Health.DEAD):
        return _to(state, "act", GetCluster())
    if verdict.health is Health.DOUBTFUL:
        return _to(state, "doubtful", detail=verdict.evidence)
    if state.asked or (verdict.health is Health.LEAVING and pods.in_sync(state.expected, state.view)):
        return _to(state, "act", GetCluster())
    if verdict.health is Health.HEALTHY and electorate.lost(facts, reply.record, reply.view):
        return _to(state, "act", GetCluster())
    return _to(state, "healthy")


def _sdown(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    """Ask the replicas: silence counts only if a quorum of them answers and none of those hears the primary."""
    answers = answers_to(MACHINE, state.phase, reply)
    # Who may not follow hears nobody, wherever the primary is.
    hearing, deaf = witnesses(answers), [name for name in denials(answers) if name in state.expected.told]
    if hearing:
        return _to(state, "witnessed", detail=f"OperatorIsolated: {', '.join(hearing)} still hear the primary")
    needed = votes_needed(state.expected.electorate)
    if len(deaf) < needed:
        text = f"TooFewWitnesses: the primary is silent, and {len(deaf)} of the {needed} replicas needed answer"
        return _to(state, "unasked", detail=text)
    return _to(state, "unheard", GetCluster())


# --- the record -----------------------------------------------------------------------------------------------------


def _read(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, ClusterSeen):
        return _to(state, "failed", detail=f"GetCluster: {describe(reply)}")
    if reply.deleting:
        return _to(state, "deleting")
    if not epochs.same_evidence(state.expected, reply.record):
        return _to(state, "changed", detail="the record moved on")
    state = state._replace(
        record=reply.record,
        version=reply.version,
        consent=Consent(reply.accept_data_loss, reply.recover_from),
    )
    intent = reply.record.intent
    if intent is None:
        return _begin_as_seen(facts, state, reply.switchover)
    return _resume(facts, state, intent, asked=reply.switchover == (intent.target or ANY))


def _resume(facts: Facts, state: State, intent: Intent, *, asked: bool) -> Step[State]:
    """Go on where the record says. ``asked``: the request that this handover answers is still to be taken off."""
    match intent.stage:
        case Stage.FENCING if intent.reason == REQUESTED and asked:
            return _to(state, "resume-clear", epochs.clear_request(state.version))
        case Stage.FENCING:
            return _to(state, "resume-fencing", GetService())
        case Stage.PROMOTING:
            return _resume_promoting(facts, state, intent)
        case Stage.RECONFIGURING:
            return _resume_reconfiguring(facts, state, intent)


def _begin_as_seen(facts: Facts, state: State, requested: str) -> Step[State]:
    """Begin the kind of epoch that the evidence calls for. ``requested`` is the request as just read."""
    match state.verdict.health:
        case Health.NONE:
            return _begin(facts, state, Kind.BOOTSTRAP, state.verdict.evidence)
        case Health.HEALTHY if not state.asked:
            return _begin_release(facts, state)
        case Health.HEALTHY | Health.LEAVING:
            return _begin_handover(facts, state, requested)
        case _:
            return _begin(facts, state, Kind.FAILOVER, state.verdict.evidence)


def _begin_release(facts: Facts, state: State) -> Step[State]:
    if not electorate.lost(facts, state.record, state.view):
        return _to(state, "changed", detail="the record moved on")
    reason = REPLICA_UNACCOUNTED if electorate.haunts(facts, state.record, state.view) else REPLICA_LOST
    return _claim(facts, state, Kind.RELEASE, reason, state.record.acting.pod)


def _begin_handover(facts: Facts, state: State, requested: str) -> Step[State]:
    """Hand over because somebody asked for it, or because the primary leaves."""
    if not state.asked:
        return _claim(facts, state, Kind.SWITCHOVER, state.verdict.evidence, "")
    if requested != state.asked:
        return _to(state, "changed", detail="the request changed, or was taken back")
    return _claim(facts, state, Kind.SWITCHOVER, REQUESTED, state.wanted)


def _begin(facts: Facts, state: State, kind: Kind, reason: str) -> Step[State]:
    """Begin an epoch that answers no request: one that still stands is for the switchover machine to look at."""
    return _claim(facts, state._replace(asked="", wanted=""), kind, reason, "")


def _claim(facts: Facts, state: State, kind: Kind, reason: str, target: str) -> Step[State]:
    record = epochs.claim(state.record, facts, kind, reason, target)
    return _to(state, "begin", PutRecord(state.version, record), record=record)


def _resume_promoting(facts: Facts, state: State, intent: Intent) -> Step[State]:
    candidate = intent.candidate
    if candidate is None or not pods.still_there(state.view, candidate):
        return _begin(facts, state, Kind.FAILOVER, "CandidateLost")
    return _to(state, "resume-promoting", _promotion(state.record, candidate))


def _resume_reconfiguring(facts: Facts, state: State, intent: Intent) -> Step[State]:
    if state.verdict.health in (Health.DEAD, Health.SILENT, Health.NONE):
        return _begin(facts, state, Kind.FAILOVER, f"{state.verdict.evidence} during {intent.kind}")
    commands = _follow_commands(state, facts)
    if not commands:
        return _to(state, "resume-routing", GetService())
    return _to(state, "resume-reconfiguring", Pods(commands, ANSWER_MS), commands=commands)


def _intend(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _failed(state, reply)
    state = state._replace(version=reply.version)
    if state.asked:
        return _to(state, "stored-request", epochs.clear_request(reply.version))
    return _to(state, "stored", GetService())


def _clear(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _failed(state, reply)
    return _to(state, "stored", GetService(), version=reply.version)


# --- the Service and the template -----------------------------------------------------------------------------------


def _unroute_read(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    epoch = state.record.epoch
    if isinstance(reply, NotFound):
        return _to(state, "absent", GetTemplate())
    if not isinstance(reply, ServiceSeen):
        return _to(state, "failed", detail=f"GetService: {describe(reply)}")
    if reply.epoch > epoch:
        return _to(state, "outdated", detail="the Service is of a newer epoch")
    if reply.pod is None and reply.epoch == epoch:
        return _to(state, "unrouted", GetTemplate(), service=reply.version)
    return _to(state, "routed", PutService(reply.version, None, epoch))


def _unroute_write(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _failed(state, reply)
    return _to(state, "stored", GetTemplate(), service=reply.version)


def _stamp_read(facts: Facts, state: State, reply: Reply) -> Step[State]:
    epoch = state.record.epoch
    if isinstance(reply, TemplateSeen) and reply.epoch > epoch:
        return _to(state, "outdated", detail="the template is of a newer epoch")
    if isinstance(reply, TemplateSeen) and reply.epoch < epoch:
        return _to(state, "stale", PutTemplate(reply.version, epoch))
    if isinstance(reply, (TemplateSeen, NotFound)):
        return _fence(facts, state, "current")
    return _to(state, "failed", detail=f"GetTemplate: {describe(reply)}")


def _stamp_write(facts: Facts, state: State, reply: Reply) -> Step[State]:
    return _fence(facts, state, "stored") if isinstance(reply, Stored) else _failed(state, reply)


def _fence(facts: Facts, state: State, trigger: str) -> Step[State]:
    """Go on to the fencing, or first hold the writes if this is planned and a replica is in sync to take over."""
    # Then the primary answers: it did when this round began, and in an epoch of another round nobody is in sync yet.
    intent = state.record.under_way
    target = pods.catch_up_target(facts, state.expected, intent, state.view)
    if intent.kind is Kind.SWITCHOVER and target is not None:
        primary = state.record.acting
        holder = given(state.view.pod(primary.pod), "the pod of the primary that a replica is in sync with")
        hold = pods.command(Verb.HOLD_WRITES, holder, primary.epoch)._replace(
            run_id=primary.run_id, pause_ms=facts.catch_up_ms + HOLD_MARGIN_MS
        )
        return _to(state, f"{trigger}-planned", Pods((hold,), ANSWER_MS), commands=(hold,), wanted=target.name)
    return _ask_for_votes(state, trigger)


# --- the planned part -----------------------------------------------------------------------------------------------


def _hold(facts: Facts, state: State, reply: Reply) -> Step[State]:
    reading = answer_to(MACHINE, state.phase, reply).reading
    if reading is None:
        return _ask_for_votes(state, "not-held")
    state = state._replace(goal=reading.offset, tries=facts.catch_up_ms // CATCH_UP_STEP_MS)
    return _look(state, "held")


def _look(state: State, trigger: str) -> Step[State]:
    target = given(state.view.pod(state.wanted), "the target that was chosen from this view")
    commands = (pods.command(Verb.READ, target, state.expected.epoch),)
    return _to(state, trigger, Pods(commands, ANSWER_MS), commands=commands)


def _catch_up(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    reading = answer_to(MACHINE, state.phase, reply).reading
    if reading is not None and reading.offset >= state.goal:
        return _ask_for_votes(state, "level")
    if reading is None or state.tries <= 0:
        return _ask_for_votes(state._replace(detail="TargetTooSlow"), "too-slow")
    return _to(state, "behind", Pause(CATCH_UP_STEP_MS), tries=state.tries - 1)


def _catch_up_wait(_facts: Facts, state: State, _reply: Reply) -> Step[State]:
    return _look(state, "elapsed")


# --- fencing and choice ---------------------------------------------------------------------------------------------


def _ask_for_votes(state: State, trigger: str) -> Step[State]:
    epoch = state.record.epoch
    commands = tuple(pods.command(Verb.DETACH, pod, epoch) for pod in state.view.pods if pods.worth_asking(pod))
    return _to(state, trigger, Pods(commands, VOTE_MS), commands=commands)


def _select(facts: Facts, state: State, reply: Reply) -> Step[State]:
    answers = answers_to(MACHINE, state.phase, reply)
    if any(answer.kind is AnswerKind.FENCED for answer in answers):
        return _to(state, "outdated", detail="a pod is at a newer epoch")
    record, intent = state.record, state.record.under_way
    uids = tuple((command.pod, command.uid) for command in state.commands)[: len(answers)]
    ballot = count(record, answers, uids)
    candidate, why = elect(record, ballot, state.wanted or intent.target, _leaving(intent))
    if candidate is None:
        candidate, why = way_out(facts, record, ballot, answers, uids, state.consent, state.view)
    if candidate is None:
        outcome = epochs.outcome(record, candidate, ballot, state.verdict, why)
        return _to(state, "nobody", detail=why, outcome=outcome._replace(result="Blocked"))
    frozen = electorate.shut_out(facts, epochs.freeze(record, candidate, why), answers, state.view)
    living = electorate.unaccounted(electorate.parted(record, state.view), state.view)
    outcome = epochs.outcome(frozen, candidate, ballot, state.verdict, why, living)
    return _to(state, "chosen", PutRecord(state.version, frozen), record=frozen, outcome=outcome)


def _leaving(intent: Intent) -> str:
    """Return the primary that a planned failover moves the role away from: of equals, any other is better."""
    return intent.previous if intent.kind is Kind.SWITCHOVER else ""


def _freeze(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _failed(state, reply)
    return _to(state, "stored", _promotion(state.record, state.record.under_way.chosen), version=reply.version)


# --- promotion ------------------------------------------------------------------------------------------------------


def _promotion(record: Record, candidate: Candidate) -> Pods:
    return Pods((PodCommand(Verb.PROMOTE, candidate.pod, candidate.uid, record.epoch, candidate.run_id),))


def _promote(facts: Facts, state: State, reply: Reply) -> Step[State]:
    answer = answer_to(MACHINE, state.phase, reply)
    if answer.kind is AnswerKind.FENCED:
        return _to(state, "outdated", detail="the candidate is at a newer epoch")
    if answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS) and not state.refused:
        # It certainly was not carried out: give the candidate up, once a round.
        record = epochs.claim(state.record, facts, Kind.FAILOVER, "CandidateRefused", "")
        state = state._replace(refused=True, asked="", wanted="", service=NO_VERSION, detail=answer.error)
        return _to(state, "refused", PutRecord(state.version, record), record=record)
    candidate, reading = state.record.under_way.chosen, answer.reading
    if reading is None:
        return _to(state, "failed", detail=f"Promote: {answer.kind}")
    as_told = reading.primary and reading.fence == state.record.epoch and not reading.voting
    if not as_told or reading.run_id != candidate.run_id:
        return _to(state, "failed", detail="the candidate does not read back as primary")
    restarts = pods.restarts_of(state.view, candidate)
    record = epochs.promoted(state.record, facts, candidate, reading.replid, restarts, written=reading.written)
    return _to(state, "promoted", PutRecord(state.version, record), record=record)


def _record(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Stored):
        return _failed(state, reply)
    state = state._replace(version=reply.version)
    commands = _follow_commands(state, facts)
    if commands:
        return _to(state, "stored", Pods(commands, ANSWER_MS), commands=commands)
    if state.service == NO_VERSION:
        return _to(state, "stored-alone", GetService())
    return _to(state, "stored-alone-direct", _routing(state))


def _follow_commands(state: State, facts: Facts) -> tuple[PodCommand, ...]:
    # Who was promoted answered in this round, and where a round resumes, a primary without a pod is replaced.
    host = given(state.view.pod(state.record.acting.pod), "the pod of the recorded primary")
    return tuple(
        pods.command(Verb.FOLLOW, pod, state.record.epoch)._replace(host=host.address)
        for pod in state.view.pods
        if pod.name != host.name
        and pod.name in facts.pod_names
        and pod.name in state.record.told
        and pods.worth_asking(pod)
        and not pod.deleting
    )


def _reconfigure(_facts: Facts, state: State, _reply: Reply) -> Step[State]:
    """Whoever did not answer is attached by the repair machine later; the primary does not wait for it."""
    if state.service == NO_VERSION:
        return _to(state, "told", GetService())
    return _to(state, "told-direct", _routing(state))


def _routing(state: State) -> PutService:
    return PutService(state.service, state.record.acting.pod, state.record.epoch)


def _route_read(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if isinstance(reply, NotFound):
        return _finish_with(state, "absent")
    if not isinstance(reply, ServiceSeen):
        return _to(state, "failed", detail=f"GetService: {describe(reply)}")
    if reply.epoch > state.record.epoch:
        return _to(state, "outdated", detail="the Service is of a newer epoch")
    if reply.pod == state.record.acting.pod and reply.epoch == state.record.epoch:
        return _finish_with(state, "routed")
    state = state._replace(service=reply.version)
    return _to(state, "unrouted", _routing(state))


def _route_write(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    return _finish_with(state, "stored") if isinstance(reply, Stored) else _failed(state, reply)


def _finish_with(state: State, trigger: str) -> Step[State]:
    outcome = state.outcome or epochs.resumed_outcome(state.record, state.verdict)
    outcome = outcome._replace(result=epochs.result_of(state.record, state.detail))
    record = state.record._replace(intent=None)
    return _to(state, trigger, PutRecord(state.version, record, outcome), record=record, outcome=outcome)


def _finish(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    return _to(state, "stored") if isinstance(reply, Stored) else _failed(state, reply)


_HANDLERS = {
    Phase.HEALTH: _health,
    Phase.SDOWN: _sdown,
    Phase.READ: _read,
    Phase.INTEND: _intend,
    Phase.CLEAR: _clear,
    Phase.UNROUTE_READ: _unroute_read,
    Phase.UNROUTE_WRITE: _unroute_write,
    Phase.STAMP_READ: _stamp_read,
    Phase.STAMP_WRITE: _stamp_write,
    Phase.HOLD: _hold,
    Phase.CATCH_UP: _catch_up,
    Phase.CATCH_UP_WAIT: _catch_up_wait,
    Phase.SELECT: _select,
    Phase.FREEZE: _freeze,
    Phase.PROMOTE: _promote,
    Phase.RECORD: _record,
    Phase.RECONFIGURE: _reconfigure,
    Phase.ROUTE_READ: _route_read,
    Phase.ROUTE_WRITE: _route_write,
    Phase.FINISH: _finish,
}
