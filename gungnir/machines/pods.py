"""Which pods of a view a command is for: who is worth asking, who is in sync, who is the very process meant."""

from gungnir.machines.evidence import attached
from gungnir.machines.facts import Facts
from gungnir.machines.record import Candidate, Intent, Record
from gungnir.machines.requests import PodCommand, Verb
from gungnir.machines.view import Contact, PodView, Server, View

SAME_START_S = 3
"""How far the container's start and the server's may lie apart, by the node's clock, to be one start: no node loses
power and is back within that."""


def command(verb: Verb, pod: PodView, epoch: int) -> PodCommand:
    """Return a command for this pod object."""
    return PodCommand(verb, pod.name, pod.uid, epoch)


def worth_asking(pod: PodView) -> bool:
    """A pod that refuses, is terminated or is silent is not waited for; one that was never tried may answer."""
    if not pod.address or pod.terminated:
        return False
    return pod.contact not in (Contact.REFUSED, Contact.SILENT)


def others(facts: Facts, record: Record, view: View) -> tuple[PodView, ...]:
    """Return the pods of this cluster that are worth asking, without the recorded primary."""
    primary = "" if record.primary is None else record.primary.pod
    return tuple(pod for pod in view.pods if pod.name in facts.pod_names and pod.name != primary and worth_asking(pod))


def in_sync(record: Record, view: View) -> tuple[PodView, ...]:
    """Return the replicas that could take over without waiting for anything: attached, staying, with a working disk."""
    primary = None if record.primary is None else view.pod(record.primary.pod)
    if primary is None:
        return ()
    return tuple(
        pod
        for pod in view.pods
        if pod.server is not None
        and pod.contact is Contact.UP
        and not pod.deleting
        and not pod.server.disk_error
        and attached(record, pod.server, primary.address)
    )


def catch_up_target(facts: Facts, record: Record, intent: Intent | None, view: View) -> PodView | None:
    """Return the replica that a planned failover waits for, or None if there is none.

    It is the one asked for; or the most advanced of those that the spec asks for, and else of those that are to go.
    """
    ready = in_sync(record, view)
    if intent is not None and intent.target:
        return next((pod for pod in ready if pod.name == intent.target), None)
    return max(ready, key=lambda pod: (pod.name in facts.staying, pod.server.offset if pod.server else 0), default=None)


def all_up(facts: Facts, view: View) -> bool:
    """Tell whether every pod that the StatefulSet runs answers."""
    up = {pod.name for pod in view.pods if pod.contact is Contact.UP}
    return set(facts.pod_names) <= up


def same_process(pod: PodView, server: Server) -> bool:
    """Tell whether what the kubelet says of this pod's container is about the process that gave this reading.

    The two come from different sources with different delays; what binds them is the start, by the node's own clock.
    """
    if pod.server is None or pod.server.run_id != server.run_id:
        return False
    known = pod.started_s > 0 and server.started_s > 0
    return known and abs(pod.started_s - server.started_s) <= SAME_START_S


def restarts_of(view: View, candidate: Candidate) -> int:
    """Return the restart count that the view saw beside this very process; -1 if it did not see it."""
    pod = view.pod(candidate.pod)
    if pod is None or pod.uid != candidate.uid or pod.server is None or pod.server.run_id != candidate.run_id:
        return -1
    return pod.restarts if same_process(pod, pod.server) else -1


def is_process(pod: PodView, candidate: Candidate) -> bool:
    """Tell whether this pod may still be the process that was frozen as the candidate."""
    if pod.uid != candidate.uid or pod.terminated or pod.contact in (Contact.REFUSED, Contact.SILENT):
        return False
    return pod.server is None or pod.server.run_id == candidate.run_id


def still_there(view: View, candidate: Candidate) -> bool:
    """Tell whether the process that was frozen as the candidate may still be there."""
    pod = view.pod(candidate.pod)
    return pod is not None and is_process(pod, candidate)
