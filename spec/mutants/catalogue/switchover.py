"""Wrong versions of the answer to a request by a person."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_switchover = Of("gungnir.machines.switchover")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _switchover(
        "the role is handed to a pod that is not in sync",
        "The target is attached to the primary.",
        'return "" if wanted in ready else f"{wanted} is not',
        'return "" if True else f"{wanted} is not',
        explored("alone: switchover", "acceptedOnlyIfInSync"),
    ),
    _switchover(
        "the role is handed to a stranger",
        "The target is a pod of the cluster.",
        "    if wanted not in facts.pod_names:",
        "    if False:",
        checked("machines/test_switchover.py"),
    ),
    _switchover(
        "the role is handed to a pod that leaves",
        "The target is not leaving.",
        "        and not pod.deleting\n",
        "",
        explored("alone: switchover", "acceptedOnlyIfInSync"),
    ),
    _switchover(
        "the role is handed to anybody though nobody is in sync",
        "The target is attached to the primary.",
        'return "" if ready else "no replica is in sync"',
        'return ""',
        explored("alone: switchover", "acceptedOnlyIfInSync"),
    ),
    _switchover(
        "a request is answered while a failover is under way",
        "A request waits while a failover is under way.",
        "or reply.record.intent is not None or reply.view.stalled:",
        "or reply.view.stalled:",
        checked("machines/test_switchover.py"),
    ),
    _switchover(
        "a request is answered while the primary is in doubt",
        "A request waits while the primary is in doubt.",
        "health is not Health.HEALTHY:",
        "health is None:",
        explored("alone: switchover", "acceptedOnlyIfInSync"),
    ),
    _switchover(
        "a fresh operator refuses",
        "A pod that was not looked at yet is not out of sync.",
        "pod.address and pod.contact is Contact.UNTRIED for",
        "False for",
        explored("alone: switchover", "acceptedOnlyIfInSync"),
    ),
    _switchover(
        "a request is taken off before it is answered",
        "A refusal is stored before the request is taken off.",
        ('    if not isinstance(reply, Stored):\n        return _to(state, "failed", detail=f"PutRecord'),
        ('    if False:\n        return _to(state, "failed", detail=f"PutRecord'),
        checked("machines/test_switchover.py"),
        quick=True,
    ),
    _switchover(
        "a record that moved on is judged",
        "A request is judged by the record that was seen.",
        "or reply.record != state.expected:",
        "or False:",
        checked("machines/test_switchover.py"),
    ),
    _switchover(
        "a deleted cluster's request is answered",
        "Nothing is done for a cluster that is being deleted.",
        "    if not wanted or reply.deleting:",
        "    if not wanted:",
        explored("alone: switchover", "nothingForDeleted"),
    ),
)
