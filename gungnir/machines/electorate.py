"""Who counts: how the electorate grows before anyone is told to follow, and how it goes on without a pod that is lost.

Rules
- A pod is recorded as whole only when it was read attached to the recorded primary, in its history, with its link up.
- The electorate grows before a new pod may follow, by the pods that are about to be told.
- Only who was told to follow in an epoch can confirm a write of that epoch: a primary accepts the replication user of
  its own epoch alone. Whoever does not answer when a candidate is chosen is therefore left out of the new epoch, and
  is told nothing in it before the record admits it again.
- Who is left out still counts, for what it confirmed in earlier epochs: until everyone who was told was read attached
  at or beyond what the primary held after the promotion. Then it is forgotten: it counts no more, whatever process of
  it lives on somewhere. It returns as a new pod does.
- No such epoch may have begun since a replica was lost. One is begun for it alone, once it has been away for long, all
  others are in sync, and it makes fewer votes necessary.
- That a pod's object is gone does not say that its process is: nobody asks the kubelet before a forced deletion. If
  nobody reported its end, it goes on to count beside the pod that has its name now, and an epoch is begun in which it
  is left out; so it is with pods that a scale-down took away.

What this does not decide: whether enough of those who count have voted (selection.py).
"""

from gungnir.machines.evidence import attached
from gungnir.machines.facts import Facts
from gungnir.machines.record import Admitted, Electorate, Member, Record
from gungnir.machines.requests import Answer, AnswerKind
from gungnir.machines.view import Contact, PodView, View

THERE = frozenset({AnswerKind.DONE, AnswerKind.ERROR, AnswerKind.OTHER_PROCESS})
"""Answers of a pod that is there, whatever it thinks of the command."""


# --- growing --------------------------------------------------------------------------------------------------------


def members(facts: Facts, record: Record, primary: PodView, view: View) -> tuple[Member, ...]:
    """Return the members, with the pods that this view shows whole.

    Pods that are to leave stay members for as long as the electorate counts them: see ``settled``.
    """
    whole = {member.pod: member for member in record.members}
    for pod in view.pods:
        server = pod.server
        if server is None or pod.contact is not Contact.UP or pod.name not in facts.pod_names:
            continue
        if attached(record, server, primary.address):
            whole[pod.name] = Member(pod.name, pod.uid, server.run_id)
    return tuple(sorted(whole.values()))


def admitting(facts: Facts, record: Record, view: View) -> Record:
    """Admit the pods that answer and may be told to follow, and make the electorate large enough for all of them.

    A pod that is only asked for, or does not answer, is not counted: it was told nothing and can hold nothing. One that
    was left out is counted already, with what it held before: it only stops being left out.
    """
    whole = frozenset(member.pod for member in record.members)
    epoch = 0 if record.primary is None else record.primary.epoch
    here = {
        pod.name: Admitted(pod.name, pod.uid, pod.server.run_id, epoch)
        for pod in view.pods
        if pod.contact is Contact.UP and pod.server is not None and not pod.server.loading
        if pod.name in facts.pod_names
    }
    new = (member for name, member in here.items() if name not in record.counted)
    admitted = (*(pod for pod in record.admitted if pod.pod not in whole), *new)
    away = tuple(name for name in record.left_out if name not in here)
    record = record._replace(admitted=tuple(sorted(admitted)), left_out=away)
    return record._replace(electorate=grown(facts, record))


def grown(facts: Facts, record: Record) -> Electorate:
    """A larger size and fewer promised copies are recorded at once, for they only ask for more votes.

    No copies at all ask for one vote: at once if a person chose that (``async``), but for a scale-down to one pod only
    when the others are gone.
    """
    electorate = record.electorate
    acks = min(electorate.acks, facts.acks) if facts.acks or facts.size > 1 else electorate.acks
    return Electorate(max(electorate.size, len(record.counted)), acks)


def may_settle(facts: Facts, record: Record, view: View) -> bool:
    """Tell whether nobody but the pods of the spec can confirm a write in this epoch, or none is promised from now on.

    A pod object that is gone is no proof: its node may be cut off, and its process attached to the primary.
    """
    return not facts.acks or not unaccounted(record, view).difference(facts.pod_names)


def settled(facts: Facts, record: Record) -> Record:
    """Return the record for when every pod of the spec, and no other, was read at what the primary held."""
    staying = tuple(member for member in record.members if member.pod in facts.pod_names)
    size = Electorate(facts.size, facts.acks)
    return record._replace(electorate=size, members=staying, admitted=(), left_out=())


# --- processes that may live on -------------------------------------------------------------------------------------


def unaccounted(record: Record, view: View) -> frozenset[str]:
    """Return the names of those that may follow in this epoch, are gone, and whose processes nobody saw end.

    Of a pod without a uid (nobody looked when it was admitted) that is said only while no pod has its name.
    """
    taken = {pod.name for pod in view.pods}
    return frozenset(
        member.pod
        for member in _gone(record, view)
        if member.pod in record.told and (member.uid or member.pod not in taken)
    )


def _gone(record: Record, view: View) -> tuple[Member, ...]:
    """Return those recorded whose object is gone, but for those whose process was seen to end."""
    present = {pod.uid for pod in view.pods}.union(view.ended)
    return tuple(member for member in record.processes if member.uid not in present)


def parted(record: Record, view: View) -> Record:
    """Return the record in which nobody stands for a former pod of the same name whose process may live on.

    The former one goes on to count, under a name that no pod can have: its name and its uid. So the one that is here is
    a new pod, and the former is left out and forgotten as one that a scale-down took away.
    """
    taken = {pod.name for pod in view.pods}
    gone = (member for member in _gone(record, view) if member.uid and member.pod in taken)
    names = {member.pod: f"{member.pod}~{member.uid}" for member in gone}
    if not names:
        return record
    return record._replace(
        members=tuple(sorted(each._replace(pod=names.get(each.pod, each.pod)) for each in record.members)),
        admitted=tuple(sorted(each._replace(pod=names.get(each.pod, each.pod)) for each in record.admitted)),
        left_out=tuple(sorted(names.get(name, name) for name in record.left_out)),
    )


# --- going on without a pod -----------------------------------------------------------------------------------------


def left_out(facts: Facts, record: Record, answers: tuple[Answer, ...]) -> tuple[str, ...]:
    """Return who may not follow in the epoch that ``answers`` to DETACH are of: who counts and is not there.

    None of those that are to stay, where nobody can be spared anyway: admitting the pod again would only take time.
    """
    if not record.electorate.acks:
        return ()
    away = record.counted - {answer.pod for answer in answers if answer.kind in THERE}
    spared = facts.size > _needed(facts, record)
    return tuple(sorted(away if spared else away.difference(facts.pod_names)))


def shut_out(facts: Facts, frozen: Record, answers: tuple[Answer, ...], view: View) -> Record:
    """Return the record with the candidate, and with those who may not follow in its epoch."""
    frozen = parted(frozen, view)
    return frozen._replace(left_out=left_out(facts, frozen, answers))


def may_forget(facts: Facts, record: Record, primary: PodView, view: View) -> bool:
    """Tell whether those left out may be forgotten once the others are level: enough of them are attached."""
    enough = record.electorate.size - len(record.left_out) >= _needed(facts, record)
    return bool(record.left_out) and enough and _all_attached(record, record.told, primary, view)


def forgotten(record: Record) -> Record:
    """Return the record without those left out, for when everyone told was read at what the primary held.

    ``size`` falls by those alone: whoever else it counts is counted for a reason.
    """
    told, electorate = record.told, record.electorate
    return record._replace(
        members=tuple(member for member in record.members if member.pod in told),
        admitted=tuple(member for member in record.admitted if member.pod in told),
        left_out=(),
        electorate=electorate._replace(size=electorate.size - len(record.left_out)),
    )


def lost(facts: Facts, record: Record, view: View) -> tuple[str, ...]:
    """Return the replicas for whose loss an epoch is worth its write gap, once all others are in sync.

    Who was away for long, but nobody while more replicas answer the primary than answer here: then the one that is away
    from us serves. And who is gone and may live on (``unaccounted``), whether it serves or not.
    """
    primary = None if record.primary is None else view.pod(record.primary.pod)
    away, haunting = _away_for_long(facts, record, view), haunts(facts, record, view)
    gone = away | haunting
    rest = record.told - gone
    if primary is None or primary.server is None or primary.name in gone or not record.electorate.acks:
        return ()
    if len(rest) < _needed(facts, record) or not _all_attached(record, rest, primary, view):
        return ()
    serving = primary.server.good if primary.server.good >= 0 else primary.server.linked
    return tuple(sorted(gone)) if haunting or serving < len(rest) else ()


def haunts(facts: Facts, record: Record, view: View) -> frozenset[str]:
    """Return the pods whose processes may live on. None while a scale-down goes on: one epoch is enough for all."""
    staying = {pod.name for pod in view.pods} - _away_for_long(facts, record, view)
    leaving = record.told.difference(facts.pod_names)
    return frozenset() if leaving & staying else unaccounted(record, view)


def _away_for_long(facts: Facts, record: Record, view: View) -> frozenset[str]:
    away = dict(view.away)
    return frozenset(name for name in record.told if away.get(name, 0) >= facts.release_after_ms)


def due_ms(facts: Facts, record: Record, view: View) -> int | None:
    """Return in how many milliseconds the next replica will have been away for long; None if none will."""
    away = dict(view.away)
    left = [facts.release_after_ms - away[name] for name in record.told if name in away]
    return min((ms for ms in left if ms > 0), default=None)


def _needed(facts: Facts, record: Record) -> int:
    """How many pods it takes to confirm a write, by the spec and by what was promised."""
    return max(facts.acks, record.electorate.acks) + 1


def _all_attached(record: Record, names: frozenset[str], primary: PodView, view: View) -> bool:
    seen = {pod.name: pod for pod in view.pods if pod.contact is Contact.UP}
    return all(
        name == primary.name or (name in seen and _is_attached(record, seen[name], primary.address)) for name in names
    )


def _is_attached(record: Record, pod: PodView, address: str) -> bool:
    return pod.server is not None and attached(record, pod.server, address)
