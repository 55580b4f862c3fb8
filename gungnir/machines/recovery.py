"""Whom to start from when no quorum of whole pods voted: a first start, a restart of everyone, or a person's decision.

Rules
- The first start waits for every pod: a volume kept from an earlier life may hold the only data.
- When no pod is whole any more, and all of them answered, nothing better can appear. The recorded primary comes
  first: its history holds every acknowledged write, as far as its disk kept it. Where its node alone may have lost
  power, and another pod's disk is known to be whole or its process has received something, a person decides. If every
  pod is empty there is nothing to lose.
- A primary that took a full copy before it was promoted may start from its former data until its file holds the copy.
  Where nobody recorded that it did (``Primary.written``), its data comes first by no rule: a person decides.
- When some whole pods are left, but too few to be sure of every acknowledged write, the recorded primary may come back
  alone if it is the same pod on the same volume, its append-only file is on, and a running kubelet saw the very
  process that was promoted exit, and start once since (so the kernel still had all that was written). Not while a
  replica that may be whole can answer yet, and was not away for long: a write waits in the process while an fsync
  takes its time (aof.c, flushAppendOnlyFile: up to 2 s), and what ``WAIT`` confirmed meanwhile only replicas hold.
  Anything else only a person may decide: the annotation ``accept-data-loss`` with this epoch, or ``recover-from`` with
  a pod's name and this epoch.
- Nor is any disk taken while a process with data forgot where that ends (``Server.forgot``): it may hold such a write,
  and can tell nobody.
- Among several pods with data and no known history, a size is no evidence. The marks of promotions on the volumes may
  be (kept.py); where they do not tell, a person names the pod.
"""

from typing import NamedTuple

from gungnir.machines.evidence import refuses_for_good
from gungnir.machines.facts import Facts
from gungnir.machines.kept import Kept, last_primary
from gungnir.machines.pods import same_process
from gungnir.machines.record import Candidate, Member, Record
from gungnir.machines.requests import Answer, AnswerKind
from gungnir.machines.selection import Ballot, best, candidate_of
from gungnir.machines.view import Server, View


class Consent(NamedTuple):
    """What a person wrote on the cluster: an accepted epoch, and ``<pod>@<epoch>`` to start from; both may be empty."""

    accept_data_loss: str = ""
    recover_from: str = ""


_TOLD = frozenset({AnswerKind.DONE, AnswerKind.OTHER_PROCESS})
"""Answers that say whether the process that is recorded has a vote."""


class Way(NamedTuple):
    """A candidate outside the quorum rule and why it may be taken; or none, and why not."""

    candidate: Candidate | None
    why: str


class _Pod(NamedTuple):
    name: str
    uid: str
    server: Server


def way_out(
    facts: Facts,
    record: Record,
    ballot: Ballot,
    answers: tuple[Answer, ...],
    uids: tuple[tuple[str, str], ...],
    consent: Consent,
    view: View,
) -> Way:
    """Return whom to promote although no quorum voted, or nobody with the reason. ``record`` has the epoch claimed."""
    pods = _usable(record, answers, uids)
    named = _named(pods, _for_epoch(consent.recover_from, record.epoch))
    if named is not None:
        return Way(_fresh(named), "RecoverFromRequested")
    present = {pod.name for pod in pods}
    everyone = set(facts.pod_names) <= present
    if ballot.votes and not (everyone and not any(pod.server.keys for pod in pods)):
        winner = best(ballot.votes)
        if winner is not None and consent.accept_data_loss == str(record.epoch):
            return Way(candidate_of(winner), "DataLossAccepted")
        restored = _restored_primary(facts, record, pods, view)
        if restored.candidate and any(_may_vote_yet(facts, each, answers, view) for each in record.processes):
            return Way(None, "WaitingForAReplica")
        return _unless_forgotten(restored, pods)
    if not everyone:
        return Way(None, "WaitingForAllPods")
    return _unless_forgotten(_all_present(facts, record, pods, view), pods)


def _unless_forgotten(way: Way, pods: tuple[_Pod, ...]) -> Way:
    """Return the way out, unless a pod has data of which it forgot where it ends: a disk may lack what that one has."""
    forgot = way.candidate is not None and any(pod.server.forgot and pod.server.keys for pod in pods)
    return Way(None, "ReplicaForgotItsPosition") if forgot else way


def _for_epoch(consent: str, epoch: int) -> str:
    """Return the pod of ``<pod>@<epoch>`` if it is for this epoch: a consent never decides a later case unasked."""
    pod, _, given = consent.rpartition("@")
    return pod if given == str(epoch) else ""


def _all_present(facts: Facts, record: Record, pods: tuple[_Pod, ...], view: View) -> Way:
    holders = tuple(pod for pod in pods if pod.server.keys)
    if not holders:
        order = {name: ordinal for ordinal, name in enumerate(facts.pod_names)}
        first = min(pods, key=lambda pod: order.get(pod.name, facts.size))
        return Way(_fresh(first), "FirstStart" if record.primary is None else "AllPodsEmpty")
    if record.primary is None:
        return _of_kept_volumes(pods, holders)
    recorded = _named(holders, record.primary.pod)
    if recorded is not None and facts.persistent:
        if not record.primary.written:
            return Way(None, "PrimaryMayHoldOldData")
        if not all(_reported(view, pod) for pod in holders):
            return Way(None, "WaitingForTheKubelet")
        others = tuple(pod for pod in pods if pod != recorded)
        if not _primary_kept_all(record, recorded, view) and any(_may_have_more(view, pod) for pod in others):
            return Way(None, "PrimaryMayHaveLostItsTail")
        return Way(_fresh(recorded), "AllPodsRestarted")
    return Way(None, "PrimaryDataMissing")


def _of_kept_volumes(pods: tuple[_Pod, ...], holders: tuple[_Pod, ...]) -> Way:
    """Choose among volumes with data when nobody was recorded as primary."""
    name = last_primary(tuple(Kept(pod.name, pod.server) for pod in pods))
    marked = _named(holders, name)
    if marked is not None:
        return Way(_fresh(marked), "LastPrimaryKept")
    if name:
        return Way(None, "LastPrimaryIsEmpty")
    return Way(_fresh(holders[0]), "OnePodHoldsData") if len(holders) == 1 else Way(None, "SeveralPodsHoldData")


def _reported(view: View, pod: _Pod) -> bool:
    """Tell whether the kubelet's word on this pod is about the process that answers; it may be a moment late."""
    seen = view.pod(pod.name)
    return seen is not None and same_process(seen, pod.server)


def _may_have_more(view: View, pod: _Pod) -> bool:
    """Tell whether this pod may hold a write that a disk lost which it was confirmed on too.

    Its files are whole with all that they ever held. Or this very process received something: it was told to follow,
    and what it confirmed before anybody recorded it as whole is in its memory. One that never followed says 1. How much
    it holds is no reason to take it: the record need not know the history that it was told, and others may hold more.
    """
    return pod.server.offset > 1 or (pod.server.keys > 0 and _end_seen(view, pod))


def _end_seen(view: View, pod: _Pod) -> bool:
    """Tell whether a running kubelet saw how this pod's last process ended: its files hold all that was written."""
    seen = view.pod(pod.name)
    return seen is not None and seen.uid == pod.uid and seen.exit_seen


def _primary_kept_all(record: Record, pod: _Pod, view: View) -> bool:
    """Tell whether the recorded primary's files hold all that it wrote to them: the end of that very process was seen.

    Of all processes that ran on this volume, the recorded one must be the last but this, and the kubelet's word must be
    about the process that answers: the two come with different delays.
    """
    primary, seen = record.primary, view.pod(pod.name)
    if primary is None or seen is None or not pod.uid == primary.uid == seen.uid:
        return False
    its_end_seen = seen.exit_seen and primary.restarts >= 0 and seen.restarts == primary.restarts + 1
    return its_end_seen and same_process(seen, pod.server)


def _restored_primary(facts: Facts, record: Record, pods: tuple[_Pod, ...], view: View) -> Way:
    """Return the recorded primary, if it came back alone with all that it held; else nobody."""
    if record.primary is None or not facts.persistent:
        return Way(None, "TooFewWholePods")
    pod = _named(pods, record.primary.pod)
    if pod is None or not pod.server.keys or not _primary_kept_all(record, pod, view):
        return Way(None, "TooFewWholePods")
    return Way(_fresh(pod), "PrimaryRestored") if record.primary.written else Way(None, "PrimaryMayHoldOldData")


def _may_vote_yet(facts: Facts, member: Member, answers: tuple[Answer, ...], view: View) -> bool:
    """Tell whether a process that may be whole lives on, said nothing of its data yet, and was not away for long.

    One that loads a copy refuses everything until it is done, and then has a vote.
    """
    pod = view.pod(member.pod)
    if pod is None or pod.uid != member.uid or pod.terminated or refuses_for_good(facts, pod):
        return False
    if pod.server is not None and pod.server.run_id != member.run_id:
        return False
    told = any(answer.pod == member.pod and answer.kind in _TOLD for answer in answers)
    return not told and dict(view.away).get(member.pod, 0) < facts.release_after_ms


def _usable(record: Record, answers: tuple[Answer, ...], uids: tuple[tuple[str, str], ...]) -> tuple[_Pod, ...]:
    pods: list[_Pod] = []
    for answer, (_, uid) in zip(answers, uids, strict=True):
        server = answer.server
        if answer.kind is not AnswerKind.DONE or server is None:
            continue
        voting = server.fence == record.epoch and server.voting
        if voting and not (server.loading or server.syncing or server.primary or server.link_up):
            pods.append(_Pod(answer.pod, uid, server))
    return tuple(pods)


def _named(pods: tuple[_Pod, ...], name: str) -> _Pod | None:
    for pod in pods:
        if pod.name == name:
            return pod
    return None


def _fresh(pod: _Pod) -> Candidate:
    return Candidate(pod.name, pod.uid, pod.server.run_id, 0, pod.server.offset)
