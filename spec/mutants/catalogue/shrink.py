"""Wrong ways to go on with fewer pods, or on the word of the primary alone, one rule each."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_electorate = Of("gungnir.machines.electorate")
_selection = Of("gungnir.machines.selection")
_repair = Of("gungnir.machines.repair")

LOST: Final = "noAckedWriteLost"
COUNTED: Final = "followersCounted"

MUTANTS: Final[tuple[Mutant, ...]] = (
    _repair(
        "a pod object that is gone is taken for a process that is gone",
        "The electorate shrinks only by pods that were left out of this epoch.",
        "told and electorate.may_settle(facts, record, view) and",
        "told and",
        explored("shrink: to two, then the primary", LOST, COUNTED),
        quick=True,
    ),
    _electorate(
        "the electorate never settles where a copy is promised to a single pod no more",
        "Where no copy is promised from now on, nobody need be left out first.",
        "return not facts.acks or not unaccounted(record, view).difference(facts.pod_names)",
        "return not unaccounted(record, view).difference(facts.pod_names)",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "no epoch is begun while a pod that was taken away serves",
        "What a scale-down took away is to go, whether it serves or not.",
        "return tuple(sorted(gone)) if haunting or serving < len(rest) else ()",
        "return tuple(sorted(gone)) if serving < len(rest) else ()",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "an epoch is begun for each pod that a scale-down takes away",
        "One epoch is begun, when the last of them is gone.",
        "return frozenset() if leaving & staying else unaccounted(record, view)",
        "return unaccounted(record, view)",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "where nobody can be spared, whoever leaves is not left out",
        "Who is to leave is left out of an epoch, however few pods stay.",
        "return tuple(sorted(away if spared else away.difference(facts.pod_names)))",
        "return tuple(sorted(away)) if spared else ()",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "where nobody can be spared, a pod that stays is left out",
        "Of those that stay, nobody is left out where nobody can be spared.",
        "return tuple(sorted(away if spared else away.difference(facts.pod_names)))",
        "return tuple(sorted(away))",
        checked("machines/test_electorate.py"),
    ),
    _repair(
        "a pod stands for the former one of its name, whose process may live on",
        "A process that may live on counts beside the pod that has its name now.",
        "    record = electorate.parted(record, view)\n",
        "",
        explored("shrink: one of two is replaced by force", LOST),
    ),
    _electorate(
        "the former pod of a name takes part in a new epoch",
        "A process that may live on is left out of each new epoch.",
        "    frozen = parted(frozen, view)\n",
        "",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "a process that was seen to end is taken for one that lives on",
        "An end that the kubelet reported is a proof.",
        "{pod.uid for pod in view.pods}.union(view.ended)",
        "{pod.uid for pod in view.pods}",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "a pod that is gone is taken for a process that ended",
        "Only an end that the kubelet reported is a proof.",
        "        if member.pod in record.told and (member.uid or member.pod not in taken)",
        "        if False",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "a pod that was left out stays so for its successor",
        "Who is left out is the former process, and not the pod that has its name now.",
        "left_out=tuple(sorted(names.get(name, name) for name in record.left_out)),",
        "left_out=record.left_out,",
        checked("machines/test_electorate.py"),
    ),
    _selection(
        "the primary's word is one of many",
        "The vote of the recorded primary's own process is enough.",
        "    if primary_voted(record, ballot, winner):\n",
        "    if False:\n",
        explored("release: five pods, two lost for good at once"),
        quick=True,
    ),
    _selection(
        "any vote is enough",
        "No other vote than that of the recorded primary is enough by itself.",
        "    if primary_voted(record, ballot, winner):\n",
        "    if True:\n",
        explored("release: the only one with a write, and the primary is lost", LOST),
    ),
    _selection(
        "the word of a process that took the primary's place is enough",
        "The vote must be that of the very process that is recorded as primary.",
        "if vote.run_id == primary.run_id and",
        "if",
        explored("release: the only one with a write, and the primary is lost", LOST),
    ),
    _selection(
        "the word of a primary that went back to an older history is enough",
        "The primary's vote must be of the history that its own promotion began.",
        "if vote.run_id == primary.run_id and vote.history == primary.epoch)",
        "if vote.run_id == primary.run_id)",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "the word of a primary that holds less than a replica is enough",
        "A primary that holds less than a replica of it was made to follow somebody.",
        "return any((vote.history, vote.offset) == (winner.history, winner.offset) for vote in own)",
        "return any(own)",
        checked("machines/test_selection.py"),
    ),
)
