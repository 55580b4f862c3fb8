"""Each machine that commands pods, alone: what it promises whoever answers, and whatever the answers are.

This is also what the machines rely on from each other (rely and guarantee): what the failover, repair and switchover
machines write is within these promises in every world, and the reconcile machine's world has an adversary that writes
just that (``spec.environment.owned``); what the reconcile machine writes is checked there (``fieldsOfFailover``).
"""

from collections.abc import Callable
from typing import Final

from gungnir.machines.kernel import MACHINES
from gungnir.machines.record import Intent, Kind, Stage
from gungnir.machines.requests import (
    AnswerKind,
    ClearAnnotation,
    ClusterSeen,
    Conflict,
    Pause,
    PodCommand,
    Pods,
    PutRecord,
    PutService,
    PutTemplate,
    Seen,
    ServiceSeen,
    SetAnnotation,
    Stored,
    TemplateSeen,
    Verb,
)
from gungnir.machines.switchover import ANY, request_of
from gungnir.machines.view import Contact
from spec.environment.anybody import Taken
from spec.models.choices import best_vote_wins, evidence_acted_upon, is_vote, release_says_why, routed_in_the_end

WRITES: Final = (PutRecord, PutService, PutTemplate, ClearAnnotation, SetAnnotation)
TELLING: Final = frozenset(Verb) - {Verb.READ}
LONGEST: Final = {"failover": 40, "switchover": 5, "scale-down": 3, "repair": 120}
"""Steps of the longest round: a handover with its pauses, a candidate that refuses, a replica that is waited for."""
ORDER: Final = (Stage.FENCING, Stage.PROMOTING, Stage.RECONFIGURING)
OBJECTS: Final = {
    PutRecord: "cluster",
    ClearAnnotation: "cluster",
    SetAnnotation: "cluster",
    PutService: "service",
    PutTemplate: "template",
}


Promise = Callable[[Taken], str]
"""Returns an empty text, or how a step breaks it."""


# --- whatever the machine -------------------------------------------------------------------------------------------


def reconcile_step_valid(taken: Taken) -> str:
    """A round that is over asks for nothing, and one that is not waits for exactly one reply."""
    over = taken.step.state.phase in MACHINES[taken.start.machine].terminal
    return "" if over == (taken.request is None) else f"{taken.step.state.phase} with {taken.request} outstanding"


def rounds_end(taken: Taken) -> str:
    """A round is over within a bounded number of steps, whatever is answered."""
    return "" if taken.known.steps <= LONGEST[taken.start.machine] else f"{taken.known.steps} steps, and not over"


def stalled_does_nothing(taken: Taken) -> str:
    """Nothing is done on a snapshot that was taken while our own loop slept."""
    slept = isinstance(taken.reply, Seen) and taken.reply.view.stalled
    return f"{taken.request} although the operator slept" if slept and taken.request is not None else ""


def nothing_for_deleted(taken: Taken) -> str:
    """Nothing is done for a cluster that is being deleted."""
    deleted = isinstance(taken.reply, ClusterSeen) and taken.reply.deleting
    return f"{taken.request} for a cluster that is deleted" if deleted and taken.request is not None else ""


def unknown_is_not_success(taken: Taken) -> str:
    """A write that is not known to be stored ends the round, whatever its answer was."""
    if not isinstance(taken.answered, WRITES) or isinstance(taken.reply, (Stored, Conflict)):
        return ""
    return "" if taken.request is None else f"{taken.request} after {taken.reply} to {type(taken.answered).__name__}"


def no_concurrent_updates(taken: Taken) -> str:
    """Every write carries the version that was last read or stored, and after a conflict a round sends no more."""
    if isinstance(taken.reply, Conflict) and taken.request is not None:
        return f"{taken.request} after a conflict"
    kind = OBJECTS.get(type(taken.request), "")
    known = dict(taken.known.versions).get(kind)
    version = getattr(taken.request, "version", None)
    return f"{taken.request} over {known}" if kind and version != known else ""


def epoch_monotone(taken: Taken) -> str:
    """A round ends where an object, or a pod, is found to be of a newer epoch; none is written back to an older one."""
    epoch = taken.stored.epoch
    newer = isinstance(taken.reply, (ServiceSeen, TemplateSeen)) and taken.reply.epoch > epoch
    fenced = any(answer.kind is AnswerKind.FENCED for answer in taken.known.answers)
    voting = isinstance(taken.answered, Pods) and any(
        command.verb in (Verb.DETACH, Verb.PROMOTE) for command in taken.answered.commands
    )
    if taken.start.machine == "failover" and taken.request is not None and (newer or (fenced and voting)):
        return f"{taken.request} although something is of a newer epoch than {epoch}"
    wrote = taken.request.epoch if isinstance(taken.request, (PutService, PutTemplate)) else None
    if wrote is None:
        return ""
    known = taken.known.service[1] if taken.known.service else 0
    was = known if isinstance(taken.request, PutService) else taken.known.template or 0
    return "" if wrote == epoch and was <= wrote else f"{taken.request} over epoch {was}, the record is of {epoch}"


def failover_intent_durable(taken: Taken) -> str:
    """A pod is told nothing but what the stored record says: its epoch, and for a promotion its candidate."""
    stored = taken.stored
    intent = stored.intent
    for command in taken.commands:
        held = taken.start.seen.record.primary
        if command.verb is Verb.HOLD_WRITES:
            named = held is not None and (command.pod, command.run_id, command.epoch) == (
                held.pod,
                held.run_id,
                held.epoch,
            )
            if not named or intent is None or intent.kind is not Kind.SWITCHOVER:
                return f"{command} is not for the primary of a handover"
            if command.pause_ms <= taken.start.facts.catch_up_ms:
                return f"{command} ends before the promotion"
        elif command.verb in TELLING and command.epoch != stored.epoch:
            return f"{command}, but epoch {stored.epoch} is stored"
        candidate = None if intent is None or intent.stage is not Stage.PROMOTING else intent.candidate
        if command.verb is Verb.PROMOTE and _elsewhere(taken, command):
            return f"{command}, but that process is known to be gone"
        if command.verb is Verb.PROMOTE and (
            candidate is None or (command.pod, command.uid, command.run_id) != candidate[:3]
        ):
            return f"{command}, but the candidate is {candidate}"
    return ""


def _elsewhere(taken: Taken, command: PodCommand) -> bool:
    """Tell whether a round that resumes has seen that the process that is meant is not there any more."""
    if taken.start.seen.record.intent is None or not isinstance(taken.reply, ClusterSeen):
        return False
    pod = taken.start.seen.view.pod(command.pod)
    if pod is None or pod.uid != command.uid or pod.contact in (Contact.REFUSED, Contact.SILENT):
        return True
    return pod.server is not None and pod.server.run_id != command.run_id


def service_consistency(taken: Taken) -> str:
    """The Service leads to the recorded primary; while a failover has not recorded one, to nobody."""
    if not isinstance(taken.request, PutService):
        return ""
    intent, primary = taken.stored.intent, taken.stored.primary
    before = intent is not None and intent.stage is not Stage.RECONFIGURING
    allowed = None if before or primary is None else primary.pod
    return "" if taken.request.pod == allowed else f"the Service is to lead to {taken.request.pod}, not {allowed}"


def follow_only_told(taken: Taken) -> str:
    """Only pods that stay and may follow are told to, the recorded primary, at its address, and never itself."""
    primary = taken.stored.primary
    for command in taken.commanded(Verb.FOLLOW):
        pod = taken.start.seen.view.pod(command.pod)
        host = None if primary is None else taken.start.seen.view.pod(primary.pod)
        fits = pod is not None and host is not None and command.host == host.address and command.pod != host.name
        stays = pod is not None and not pod.deleting and command.pod in taken.start.facts.pod_names
        fits = fits and host is not None and host.contact not in (Contact.REFUSED, Contact.SILENT)
        if not fits or not stays or command.pod not in taken.stored.told:
            return f"{command.pod} is told to follow {command.host}"
    return ""


# --- the failover machine -------------------------------------------------------------------------------------------


def sentinel_forward_progress(taken: Taken) -> str:
    """Within an epoch a failover only goes forward: fencing, promoting, reconfiguring, over; else a new one begins."""
    if taken.start.machine != "failover" or not isinstance(taken.request, PutRecord):
        return ""
    was, now = taken.stored, taken.request.record
    if now.epoch == was.epoch + 1:
        fresh = now.intent is not None and now.intent.stage is Stage.FENCING and now.intent.candidate is None
        return "" if fresh else f"epoch {now.epoch} begins with {now.intent}"
    if now.epoch != was.epoch or was.intent is None:
        return f"epoch {was.epoch} is followed by {now.epoch}, with {now.intent}"
    if now.intent is None:
        ended = was.intent.stage is Stage.RECONFIGURING and now.primary is not None
        return "" if ended else f"a failover ends in stage {was.intent.stage}"
    ahead = ORDER.index(now.intent.stage) == ORDER.index(was.intent.stage) + 1
    return "" if ahead else f"stage {was.intent.stage} is followed by {now.intent.stage}"


def no_double_failover(taken: Taken) -> str:
    """An epoch begins only on evidence.

    That is: a first start of all pods, proof of death, confirmed silence, a request that still stands, a primary that
    leaves with a replica in sync, a replica that is away for long, or a candidate that is lost.
    """
    if taken.start.machine != "failover" or not isinstance(taken.request, PutRecord):
        return ""
    was, intent = taken.stored, taken.request.record.intent
    if taken.request.record.epoch == was.epoch or intent is None:
        return ""
    if taken.known.claims > 1:
        return "a round gives up more than one candidate"
    cause = _cause_again(taken, was.intent) if was.intent is not None else _cause(taken, intent)
    if not cause:
        return f"epoch {taken.request.record.epoch} begins for {intent.reason}: {taken.start.what}"
    if intent.kind is Kind.FAILOVER and intent.target:
        return f"a failover has the target {intent.target}"
    return "" if cause == intent.kind else f"an epoch for {cause} is one for {intent.kind}"


def _cause(taken: Taken, intent: Intent) -> str:
    """Return what kind of epoch there is a reason for, with no failover under way; empty if there is none."""
    facts, record, view = taken.start.facts, taken.start.seen.record, taken.start.seen.view
    cluster, asked = taken.known.cluster, getattr(taken.start.first.state, "asked", "")
    if record.primary is None:
        up = {pod.name for pod in view.pods if pod.contact is Contact.UP}
        return Kind.BOOTSTRAP if up.issuperset(facts.pod_names) else ""
    if cluster is None or (cluster.record.epoch, cluster.record.intent) != (record.epoch, record.intent):
        return ""
    if _dead(taken) or _silent(taken):
        return Kind.FAILOVER
    pod = taken.primary
    well = pod is not None and pod.contact is Contact.UP
    staying = (each for each in view.pods if each.contact is Contact.UP and not each.deleting)
    replicas = [each.name for each in staying if each.server and each.server.link_up]
    if well and asked and cluster.switchover == asked and intent.target == taken.step.state.wanted:
        return Kind.SWITCHOVER
    if well and pod is not None and pod.deleting and replicas and not asked:
        return Kind.SWITCHOVER
    told = cluster.record.told
    away = any(for_ms >= facts.release_after_ms and name in told for name, for_ms in view.away)
    # Whose object is gone, may live on, unless the kubelet reported its end.
    there = {each.uid for each in view.pods}.union(view.ended)
    haunted = any(member.uid not in there for member in record.processes if member.pod in told)
    release = away or haunted
    return Kind.RELEASE if well and release and not asked and intent.target == record.primary.pod else ""


def _cause_again(taken: Taken, intent: Intent) -> str:
    """Return what kind of epoch there is a reason for while a failover is under way."""
    candidate, view = intent.candidate, taken.start.seen.view
    if intent.stage is Stage.RECONFIGURING:
        nobody = taken.stored.primary is None
        return Kind.FAILOVER if nobody or _dead(taken) or _silent(taken) else ""
    if intent.stage is not Stage.PROMOTING:
        return ""
    if candidate is None:
        return Kind.FAILOVER
    told = isinstance(taken.answered, Pods) and taken.answered.commands[0].verb is Verb.PROMOTE
    if told:
        answers = taken.known.answers
        refused = all(answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS) for answer in answers)
        return Kind.FAILOVER if refused else ""
    pod = view.pod(candidate.pod)
    there = pod is not None and pod.uid == candidate.uid and pod.contact is Contact.UP
    same = there and pod is not None and pod.server is not None and pod.server.run_id == candidate.run_id
    return "" if same else Kind.FAILOVER


def _dead(taken: Taken) -> bool:
    """Tell whether the snapshot proves that the recorded primary's process is gone."""
    recorded, pod = taken.start.seen.record.primary, taken.primary
    if recorded is None:
        return False
    if pod is None or pod.uid != recorded.uid or (pod.server is not None and pod.server.run_id != recorded.run_id):
        return True
    return pod.contact is Contact.REFUSED and pod.refusals >= taken.start.facts.refusals_for_death


def _silent(taken: Taken) -> bool:
    """Tell whether nothing was heard of the primary for long, by us, nor by as many replicas as a failover needs."""
    pod, record, known = taken.primary, taken.start.seen.record, taken.known
    long = pod is not None and pod.contact is Contact.SILENT and pod.silent_ms >= taken.start.facts.down_after_ms
    deaf = [name for name in known.denied if name in record.told]
    return long and not known.heard and len(deaf) >= record.electorate.size - record.electorate.acks


def fence_before_select(taken: Taken) -> str:
    """Votes are asked for once Service and template are of the epoch, and only a pod that has just voted is chosen."""
    known, epoch = taken.known, taken.stored.epoch
    if taken.start.machine == "failover" and taken.commanded(Verb.DETACH):
        if known.service is not None and known.service != (None, epoch):
            return f"votes of epoch {epoch} while the Service is {known.service}"
        if known.template is not None and known.template != epoch:
            return f"votes of epoch {epoch} while the template is of {known.template}"
    record = taken.request.record if isinstance(taken.request, PutRecord) else None
    intent = None if record is None else record.intent
    if intent is None or intent.stage is not Stage.PROMOTING or taken.stored.intent is None:
        return ""
    voted = {answer.pod for answer in known.answers if is_vote(answer, epoch)}
    chosen = "" if intent.candidate is None else intent.candidate.pod
    return "" if chosen in voted else f"{chosen or 'nobody'} is the candidate, but {sorted(voted)} voted"


def status_truthful(taken: Taken) -> str:
    """A primary is recorded only when the very candidate has just read back as primary of the epoch."""
    record = taken.request.record if isinstance(taken.request, PutRecord) else None
    if record is None or record.primary == taken.stored.primary:
        return ""
    intent = taken.stored.intent
    candidate = None if intent is None else intent.candidate
    answer = taken.known.answers[0] if taken.known.answers else None
    server = None if answer is None else answer.server
    if candidate is None or server is None or record.primary is None:
        return f"{record.primary} is recorded on no reading"
    reads = server.primary and server.fence == record.epoch and not server.voting
    same = server.run_id == candidate.run_id == record.primary.run_id and candidate.pod == record.primary.pod
    return "" if reads and same else f"{record.primary} is recorded, which reads {server}"


def level_before_vote(taken: Taken) -> str:
    """A handover waits, with writes held, until the target has all that the primary has, or time is up: not longer."""
    known = taken.known
    if known.goal < 0 or Verb.DETACH in known.told:
        return ""
    level = 0 <= known.goal <= known.reached
    gave_up = taken.before.state.tries <= 0 or any(answer.server is None for answer in known.answers)
    if isinstance(taken.request, Pause):
        waits = f"it is waited for a target that reached {known.reached} of {known.goal}"
        return waits if level or gave_up else ""
    early = bool(taken.commanded(Verb.DETACH)) and not level and not gave_up
    return f"the vote is begun at {known.reached} of {known.goal}, with time left" if early else ""


def handover_holds_writes(taken: Taken) -> str:
    """A handover that begins while its primary and target answer asks for votes only after the writes were held."""
    intent = taken.stored.intent
    if (
        taken.start.seen.record.intent is not None
        or not taken.commanded(Verb.DETACH)
        or intent is None
        or intent.kind is not Kind.SWITCHOVER
    ):
        return ""
    pod = taken.primary
    target = taken.start.seen.view.pod(intent.target) if intent.target else None
    ready = target is not None and target.server is not None and target.server.link_up and not target.deleting
    able = pod is not None and pod.contact is Contact.UP and ready
    return "" if not able or Verb.HOLD_WRITES in taken.known.told else "votes are asked for while clients write"


def leaving_handed_over(taken: Taken) -> str:
    """A primary that leaves while a replica is in sync is not left to its end: the role is handed over."""
    if taken.start.machine != "failover" or not isinstance(taken.reply, Seen) or taken.reply.view.stalled:
        return ""
    pod, view = taken.primary, taken.reply.view
    leaves = pod is not None and pod.deleting and pod.contact is Contact.UP and taken.stored.intent is None
    ready = any(each.server is not None and each.server.link_up and not each.deleting for each in view.pods)
    return "nothing is done, and the primary leaves" if leaves and ready and taken.request is None else ""


def everyone_asked(taken: Taken) -> str:
    """Whoever answers is asked for its vote, and nobody who is known not to is waited for."""
    if taken.start.machine != "failover":
        return ""
    holding = taken.primary is not None and taken.primary.contact is Contact.UP
    if taken.commanded(Verb.HOLD_WRITES) and not holding:
        return "a primary that does not answer is asked to hold its writes"
    asked = {command.pod for command in taken.commanded(Verb.DETACH)}
    there = {pod.name for pod in taken.start.seen.view.pods if pod.contact in (Contact.UP, Contact.ERROR)}
    return "" if asked in (there, set()) else f"{sorted(asked)} are asked for votes, {sorted(there)} answer"


# --- requests of people ---------------------------------------------------------------------------------------------


def answer_never_lost(taken: Taken) -> str:
    """A request is taken off only once its handover, or its refusal, is stored."""
    if not isinstance(taken.request, ClearAnnotation):
        return ""
    intent, asked = taken.stored.intent, getattr(taken.step.state, "asked", "")
    cluster = taken.known.cluster
    wanted = "" if cluster is None else cluster.switchover
    handover = intent is not None and intent.kind is Kind.SWITCHOVER and intent.reason == "Requested"
    if taken.start.machine == "failover":
        same = handover and intent is not None and wanted in (asked, intent.target or ANY)
        return "" if same and wanted else f"the request for {wanted or 'nothing'} is taken off in {intent}"
    refused = isinstance(taken.answered, PutRecord) and isinstance(taken.reply, Stored)
    return "" if refused else "a request is taken off that was not answered"


def handed_over_as_asked(taken: Taken) -> str:
    """Once a handover that somebody asked for is stored, the request is taken off before anything else is done."""
    if taken.start.machine != "failover" or not isinstance(taken.answered, PutRecord):
        return ""
    intent = taken.stored.intent
    fresh = isinstance(taken.reply, Stored) and intent is not None and intent.stage is Stage.FENCING
    asked = fresh and intent is not None and intent.reason == "Requested" and intent.kind is Kind.SWITCHOVER
    return f"{taken.request} while the request is still there" if asked and not _clears(taken) else ""


def _clears(taken: Taken) -> bool:
    return isinstance(taken.request, ClearAnnotation)


def accepted_only_if_in_sync(taken: Taken) -> str:
    """A request is accepted only for a pod of the cluster that is attached to a primary in no doubt, and stays."""
    state, view = taken.step.state, taken.start.seen.view
    if taken.start.machine != "switchover" or str(state.phase) != "Accepted":
        return ""
    ready = {
        each.name
        for each in view.pods
        if each.contact is Contact.UP and not each.deleting and each.server is not None and each.server.link_up
    }
    fits = state.asked in ready or (state.asked == ANY and ready)
    fits = fits and (state.asked == ANY or state.asked in taken.start.facts.staying)
    cluster = taken.known.cluster
    void = cluster is None or cluster.switchover_epoch not in (0, cluster.record.epoch)
    return "" if _certain(taken) and fits and not void else f"{state.asked} is accepted"


def _certain(taken: Taken) -> bool:
    """Tell whether the primary is in no doubt, stays where it is, and everyone was looked at."""
    record, pod, view = taken.start.seen.record, taken.primary, taken.start.seen.view
    serves = record.intent is None and pod is not None and pod.contact is Contact.UP and not pod.deleting
    return (
        serves
        and not view.stalled
        and not any(each.contact is Contact.UNTRIED for each in view.pods)
        and not _dead(taken)
    )


def goes_only_if_too_many(taken: Taken) -> str:
    """The operator asks for a handover only of a primary that goes, and only where nobody asks for one.

    The role is asked for one that stays and is in sync, of which none holds more, in the epoch that is stored.
    """
    if not isinstance(taken.request, SetAnnotation):
        return ""
    wanted, epoch = request_of(taken.request.value)
    facts, record, view = taken.start.facts, taken.start.seen.record, taken.start.seen.view
    ready = {
        each.name: each.server.offset
        for each in view.pods
        if each.contact is Contact.UP and not each.deleting and each.name in facts.staying
        if each.server is not None and each.server.link_up and not each.server.disk_error and not each.server.syncing
    }
    goes = record.primary is not None and record.primary.pod not in facts.staying
    cluster = taken.known.cluster
    unasked = cluster is not None and not cluster.switchover and cluster.record == record and record.epoch == epoch
    best = wanted in ready and ready[wanted] == max(ready.values())
    return "" if _certain(taken) and goes and unasked and best else f"{taken.request.value} is asked for"


PROMISES: Final[tuple[tuple[str, Promise], ...]] = (
    ("reconcileStepValid", reconcile_step_valid),
    ("roundsEnd", rounds_end),
    ("stalledDoesNothing", stalled_does_nothing),
    ("nothingForDeleted", nothing_for_deleted),
    ("unknownIsNotSuccess", unknown_is_not_success),
    ("noConcurrentUpdates", no_concurrent_updates),
    ("epochMonotone", epoch_monotone),
    ("failoverIntentDurable", failover_intent_durable),
    ("serviceConsistency", service_consistency),
    ("followOnlyTold", follow_only_told),
    ("sentinelForwardProgress", sentinel_forward_progress),
    ("noDoubleFailover", no_double_failover),
    ("fenceBeforeSelect", fence_before_select),
    ("statusTruthful", status_truthful),
    ("levelBeforeVote", level_before_vote),
    ("handoverHoldsWrites", handover_holds_writes),
    ("leavingHandedOver", leaving_handed_over),
    ("everyoneAsked", everyone_asked),
    ("evidenceActedUpon", evidence_acted_upon),
    ("bestVoteWins", best_vote_wins),
    ("releaseSaysWhy", release_says_why),
    ("routedInTheEnd", routed_in_the_end),
    ("answerNeverLost", answer_never_lost),
    ("handedOverAsAsked", handed_over_as_asked),
    ("acceptedOnlyIfInSync", accepted_only_if_in_sync),
    ("goesOnlyIfTooMany", goes_only_if_too_many),
)
