"""Who counts: how the electorate grows before anyone is told to follow.

Rules
- A pod is recorded as whole only when it was read attached to the recorded primary, in its history, with its link up.
- The electorate grows before a new pod may follow, by the pods that are about to be told.

What this does not decide: whether enough of those who count have voted (selection.py).
"""

from gungnir.machines.evidence import attached
from gungnir.machines.facts import Facts
from gungnir.machines.record import Electorate, Member, Record
from gungnir.machines.view import Contact, PodView, View


def members(facts: Facts, record: Record, primary: PodView, view: View) -> tuple[Member, ...]:
    """Return the members, with the pods that this view shows whole, and without those that left for good."""
    whole = {member.pod: member for member in record.members if view.pod(member.pod) or member.pod in facts.pod_names}
    for pod in view.pods:
        server = pod.server
        if server is None or pod.contact is not Contact.UP or pod.name not in facts.pod_names:
            continue
        if attached(record, server, primary.address):
            whole[pod.name] = Member(pod.name, pod.uid, server.run_id)
    return tuple(sorted(whole.values()))


def admitting(facts: Facts, record: Record, view: View) -> Record:
    """Admit the pods that answer and may be told to follow, and make the electorate large enough for all of them.

    A pod that is only asked for, or does not answer, is not counted: it was told nothing and can hold nothing.
    """
    whole = frozenset(member.pod for member in record.members)
    new = tuple(
        Member(pod.name, pod.uid, pod.server.run_id)
        for pod in view.pods
        if pod.contact is Contact.UP and pod.server is not None and not pod.server.loading
        if pod.name in facts.pod_names and pod.name not in record.told
    )
    admitted = (*(pod for pod in record.admitted if pod.pod not in whole), *new)
    record = record._replace(admitted=tuple(sorted(admitted)))
    return record._replace(electorate=grown(facts, record))


def grown(facts: Facts, record: Record) -> Electorate:
    """A larger size and fewer promised copies are recorded at once, for they only ask for more votes.

    No copies at all ask for one vote: at once if a person chose that (``async``), but for a scale-down to one pod only
    when the others are gone.
    """
    electorate = record.electorate
    acks = min(electorate.acks, facts.acks) if facts.acks or facts.size > 1 else electorate.acks
    return Electorate(max(electorate.size, len(record.told)), acks)
