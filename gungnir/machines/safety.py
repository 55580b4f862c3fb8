"""Predicates over an observed view: what must hold of anything that we see, whatever happened before.

The driver evaluates them on every live view, where a violation sets a condition and counts a metric, and one that
nothing of ours can mend (``STOPPING``) stops acting on that cluster. The model checker evaluates the same functions on
every model state. Each returns an empty text if it holds, or what was seen.

A snapshot is not atomic: pods are read at different moments. Each predicate is therefore about one reading against the
durable record, or about facts that cannot change back and forth between two readings.
"""

from collections.abc import Callable
from typing import Final

from gungnir.machines.record import Record
from gungnir.machines.view import Contact, View

Predicate = Callable[[Record, View], str]


def epoch_monotone(record: Record, view: View) -> str:
    """No pod, Service or template is at a newer epoch than the record: else somebody newer than us leads."""
    for pod in view.pods:
        if pod.server is not None and pod.server.fence > record.epoch:
            return f"{pod.name} is fenced at epoch {pod.server.fence}, the record is at {record.epoch}"
    if max(view.service_epoch, view.template_epoch) > record.epoch:
        return f"an object was written in epoch {max(view.service_epoch, view.template_epoch)} of {record.epoch}"
    return ""


def at_most_one_master(record: Record, view: View) -> str:
    """At most one pod of the current epoch is a primary with attached replicas."""
    serving = [
        pod.name
        for pod in view.pods
        if pod.contact is Contact.UP
        and pod.server is not None
        and pod.server.primary
        and pod.server.fence == record.epoch
        and pod.server.linked > 0
    ]
    return "" if len(serving) <= 1 else "primaries with replicas: " + ", ".join(serving)


def service_consistency(record: Record, view: View) -> str:
    """The client Service of this epoch leads to the recorded primary, the frozen candidate, or nobody."""
    if view.service_pod is None or view.service_epoch != record.epoch:
        return ""
    allowed = set()
    if record.primary is not None:
        allowed.add(record.primary.pod)
    if record.intent is not None and record.intent.candidate is not None:
        allowed.add(record.intent.candidate.pod)
    return "" if view.service_pod in allowed else f"the Service leads to {view.service_pod}"


def candidate_frozen(record: Record, _view: View) -> str:
    """A promoted primary of the current epoch is the candidate that was frozen for it."""
    intent, primary = record.intent, record.primary
    if intent is None or intent.candidate is None or primary is None or primary.epoch != record.epoch:
        return ""
    same = (primary.pod, primary.uid, primary.run_id) == intent.candidate[:3]
    return "" if same else f"{primary.pod} was recorded, {intent.candidate.pod} was frozen"


def electorate_sound(record: Record, _view: View) -> str:
    """Fewer copies are promised than there are pods, and the recorded histories are in order of their epochs."""
    if record.electorate.size and record.electorate.acks >= record.electorate.size:
        return f"{record.electorate.acks} acks of {record.electorate.size} pods"
    epochs = [history.epoch for history in record.histories]
    return "" if epochs == sorted(set(epochs)) else f"histories out of order: {epochs}"


PREDICATES: Final[tuple[tuple[str, Predicate], ...]] = (
    ("epochMonotone", epoch_monotone),
    ("atMostOneMaster", at_most_one_master),
    ("serviceConsistency", service_consistency),
    ("candidateFrozen", candidate_frozen),
    ("electorateSound", electorate_sound),
)


STOPPING: Final = frozenset({"epochMonotone", "candidateFrozen", "electorateSound"})
"""Violations that nothing of ours can mend: nothing is done for the cluster. The others are what repair is for."""


def violations(record: Record, view: View) -> tuple[tuple[str, str], ...]:
    """Return (name, what was seen) of each predicate that does not hold."""
    found = ((name, predicate(record, view)) for name, predicate in PREDICATES)
    return tuple((name, text) for name, text in found if text)
