"""Protocols that were tried and given up, as changes of the code as it is: what each lacks, and what it then loses.

G promotes whom it likes on its own suspicion, and records nothing. B records its intent and its candidate, and reads
replicas that go on following. C stops a quorum of them first, and its commands carry no epoch that a pod would refuse.
"""

from typing import Final

from spec.mutants import Edit, Mutant, explored

FAILOVER: Final = "gungnir.machines.failover"
SELECTION: Final = "gungnir.machines.selection"

_SUSPICION: Final = (
    Edit(FAILOVER, "    if hearing:\n", "    if False:\n"),
    Edit(FAILOVER, "    if len(deaf) < needed:\n", "    if False:\n"),
)
_AT_ONCE: Final = (
    Edit(
        FAILOVER,
        ("    if verdict.health is Health.SILENT and (intent is None or promoted):\n"),
        (
            "    if verdict.health in (Health.SILENT, Health.DEAD):\n"
            "        others = pods.others(facts, reply.record, reply.view)\n"
            "        told = tuple(pods.command(Verb.PROMOTE, pod, reply.record.epoch) for pod in others[:1])\n"
            '        return _to(state, "suspect", Pods(told), commands=told, record=reply.record)\n'
            "    if False:\n"
        ),
    ),
    Edit(
        FAILOVER,
        "    candidate, reading = state.record.under_way.chosen, answer.reading\n",
        (
            "    if state.record.intent is None:\n"
            '        return _to(state, "failed", detail="promoted at once")\n'
            "    candidate, reading = state.record.under_way.chosen, answer.reading\n"
        ),
    ),
    Edit(
        "gungnir.machines.failover_table",
        '            Row(_P.HEALTH, "act", _P.READ,',
        '            Row(_P.HEALTH, "suspect", _P.PROMOTE, "at once"),\n            Row(_P.HEALTH, "act", _P.READ,',
    ),
)
_FOLLOWING: Final = (
    *_SUSPICION,
    Edit(
        FAILOVER,
        "pods.command(Verb.DETACH, pod, epoch)",
        "pods.command(Verb.READ if state.record.primary else Verb.DETACH, pod, epoch)",
    ),
    Edit(SELECTION, "    if server.fence != record.epoch or not server.voting:", "    if False:"),
    Edit(SELECTION, "    if server.primary or server.link_up:\n        return", "    if False:\n        return"),
)
_NO_FENCE: Final = (
    Edit(
        "spec.environment.commands",
        "    return AnswerKind.FENCED if pod.fence > position(command) else None",
        "    return None",
    ),
    Edit(
        "spec.environment.faults",
        "fenced = setup.fence_survives and max(pod.fence, pod.saved) > position(stray)",
        "fenced = False",
    ),
)

MUTANTS: Final[tuple[Mutant, ...]] = (
    Mutant(
        "variant G: two primaries",
        "A pod is promoted in an epoch that is recorded, once the others were asked.",
        _AT_ONCE,
        explored("G: two primaries", "atMostOneMaster"),
        quick=True,
    ),
    Mutant(
        "variant G: an empty primary",
        "Nobody is promoted whose data was not read.",
        _AT_ONCE,
        explored("G: an empty primary", "noEmptyMasterPromoted"),
    ),
    Mutant(
        "variant G: a confirmed write is gone",
        "Nobody is promoted whose data was not read.",
        _AT_ONCE,
        explored("G: a confirmed write", "noAckedWriteLost"),
    ),
    Mutant(
        "variant B: replicas are read while they follow",
        "Replicas stop following before they are read.",
        _FOLLOWING,
        explored("B: a confirmed write", "noAckedWriteLost"),
        quick=True,
    ),
    Mutant(
        "variant C: commands of a dead leader are carried out",
        "A pod refuses commands of older epochs.",
        _NO_FENCE,
        explored("P3", "noAckedWriteLost"),
    ),
)
NO_DEEPER: Final = {
    "variant G: two primaries": 7,
    "variant G: an empty primary": 8,
    "variant G: a confirmed write is gone": 10,
    "variant B: replicas are read while they follow": 14,
    "variant C: commands of a dead leader are carried out": 42,
}
"""Steps in which the study of the protocol found each."""
