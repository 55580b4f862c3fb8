"""What the failover machine promises about whom it chooses, what it says of it, and where it leads clients in the end.

As in ``spec.models.promises``, where these are listed: of the machine alone, whoever answers.
"""

from gungnir.machines.record import Intent, Kind, Stage
from gungnir.machines.requests import Answer, AnswerKind, ClusterSeen, GetCluster, Pods, PutRecord, Seen, Verb
from gungnir.machines.view import Server
from spec.environment.anybody import Taken


def is_vote(answer: Answer, epoch: int) -> bool:
    """Tell whether this answer to DETACH is one of a pod that stopped, loaded its data, and votes in this epoch."""
    server = answer.server
    if answer.kind is not AnswerKind.DONE or server is None or server.loading:
        return False
    return server.voting and server.fence == epoch and not server.primary


def _begun(taken: Taken) -> Intent | None:
    """Return the failover that a new epoch is begun with by this step."""
    request = taken.request
    if not isinstance(request, PutRecord) or request.record.epoch == taken.stored.epoch:
        return None
    return request.record.intent


def best_vote_wins(taken: Taken) -> str:
    """Of those that a quorum is made of, the one that holds the most is chosen, whatever anybody wishes.

    Of equals: who was asked for or waited for; then, where the role is handed over, any other than who leaves; then the
    one of the lower priority.
    """
    request, was = taken.request, taken.stored.intent
    intent = request.record.intent if isinstance(request, PutRecord) else None
    if was is None or intent is None or intent.candidate is None or was.stage is not Stage.FENCING:
        return ""
    votes = {each.pod: each.server for each in taken.known.answers if is_vote(each, taken.stored.epoch) and each.server}
    chosen, own = intent.candidate.pod, votes.get(intent.candidate.pod)
    if own is None or intent.verdict != "Quorum":
        return ""
    planned = was.kind is Kind.SWITCHOVER
    wished = taken.known.waited if planned and taken.known.waited else was.target

    def rank(pod: str, server: Server) -> tuple[int, bool, bool, int]:
        leaves = planned and pod == was.previous
        return server.offset, pod == wished, not leaves, 0 if planned else -server.priority

    better = sorted(pod for pod, server in votes.items() if rank(pod, server) > rank(chosen, own))
    return f"{chosen} is chosen, and {', '.join(better)} is better" if better else ""


def evidence_acted_upon(taken: Taken) -> str:
    """A failover that is recorded is gone on with, whatever is seen; only once it promoted somebody is silence checked.

    And what called for action is acted upon if the record, read afresh, is still the same, and so is the request.
    """
    start, reply = taken.start, taken.reply
    if start.machine != "failover":
        return ""
    intent = reply.record.intent if isinstance(reply, Seen) and not reply.view.stalled else None
    if intent is not None:
        checks = intent.stage is Stage.RECONFIGURING and isinstance(taken.request, Pods)
        going_on = checks or isinstance(taken.request, GetCluster)
        return "" if going_on else f"a failover in stage {intent.stage} is left: {taken.step.state.detail}"
    if not isinstance(reply, ClusterSeen) or taken.request is not None:
        return ""
    asked = start.first.state.asked
    stands = reply.record == start.seen.record and asked in ("", reply.switchover)
    return f"nothing is done: {taken.step.state.detail}" if stands and not reply.deleting else ""


def release_says_why(taken: Taken) -> str:
    """An epoch that leaves a replica out says whether its process may live on, unseen, or was only away for long."""
    intent = _begun(taken)
    if intent is None or intent.kind is not Kind.RELEASE:
        return ""
    record, view = taken.start.seen.record, taken.start.seen.view
    accounted = {pod.uid for pod in view.pods}.union(view.ended)
    haunted = any(each.uid not in accounted for each in record.processes if each.pod in record.told)
    reason = "ReplicaUnaccounted" if haunted else "ReplicaLost"
    return "" if intent.reason == reason else f"the reason is {intent.reason}, not {reason}"


def routed_in_the_end(taken: Taken) -> str:
    """A failover is over only once the Service, if there is one, leads to the recorded primary in its epoch."""
    request, stored = taken.request, taken.stored
    ended = isinstance(request, PutRecord) and request.record.intent is None and stored.intent is not None
    if taken.start.machine != "failover" or not ended or stored.primary is None:
        return ""
    # What it tells people is the choice that this round made, with its votes, if it made one.
    told = request.outcome if isinstance(request, PutRecord) else None
    if Verb.DETACH in taken.known.told and (told is None or "votesNeeded" not in dict(told.operands)):
        return f"it is over, and nothing is told of the votes: {told}"
    service = taken.known.service
    fits = service is None or service == (stored.primary.pod, stored.epoch)
    return "" if fits else f"it is over, and the Service is {service}"
