"""Wrong versions of who votes, how many must, and who wins."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_selection = Of("gungnir.machines.selection")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _selection(
        "P2: the replication id is taken for the history before the data has reached it",
        "A pod is of a history only once its data has reached the history's base.",
        "while history is not None and offset < history.base:",
        "while False:",
        explored("id adopted early", "noAckedWriteLost"),
        quick=True,
    ),
    _selection(
        "data at the base of a history is of its parent",
        "A pod whose data reaches the base is of the history.",
        "while history is not None and offset < history.base:",
        "while history is not None and offset <= history.base:",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "data below the base of a history is foreign",
        "Data below the base belongs to the parent history.",
        "        history = record.of_epoch(history.parent)\n",
        "        history = None\n",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "P2: the larger offset wins, whatever its history",
        "History comes before offset.",
        ("        vote.history,\n        vote.offset,\n        vote.pod == target"),
        ("        vote.offset,\n        vote.history,\n        vote.pod == target"),
        explored("deposed", "noAckedWriteLost"),
        quick=True,
    ),
    _selection(
        "the older history wins",
        "The newest history wins.",
        ("        vote.history,\n        vote.offset,\n        vote.pod == target"),
        ("        -vote.history,\n        vote.offset,\n        vote.pod == target"),
        explored("deposed", "noAckedWriteLost"),
    ),
    _selection(
        "the shorter offset wins",
        "Of one history, the larger offset wins.",
        ("        vote.offset,\n        vote.pod == target"),
        ("        -vote.offset,\n        vote.pod == target"),
        explored("crash", "noAckedWriteLost"),
        quick=True,
    ),
    _selection(
        "the priority comes before the offset",
        "Priority only breaks ties of data.",
        (
            "        vote.offset,\n"
            "        vote.pod == target,\n"
            "        vote.pod != leaving,\n"
            "        vote.priority != 0,\n"
            "        -vote.priority,\n"
        ),
        (
            "        -vote.priority,\n"
            "        vote.offset,\n"
            "        vote.pod == target,\n"
            "        vote.pod != leaving,\n"
            "        vote.priority != 0,\n"
        ),
        checked("machines/test_selection.py"),
    ),
    _selection(
        "the target wins whatever its offset",
        "A person's target only breaks ties of data.",
        ("        vote.offset,\n        vote.pod == target,\n"),
        ("        vote.pod == target,\n        vote.offset,\n"),
        checked("machines/test_selection.py"),
    ),
    _selection(
        "the leaving pod wins a tie",
        "Of equals, the role moves away from the pod that leaves.",
        "        vote.pod != leaving,\n",
        "        vote.pod == leaving,\n",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "priority 0 wins",
        "Priority 0 is the last resort.",
        "        vote.priority != 0,\n",
        "",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "the higher priority number wins",
        "The lower non-zero priority wins.",
        "        -vote.priority,\n",
        "        vote.priority,\n",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "the worst vote wins",
        "The best vote wins.",
        "winner is None or better(vote, winner, target, leaving):",
        "winner is None or better(winner, vote, target, leaving):",
        explored("crash", "noAckedWriteLost"),
        quick=True,
    ),
    _selection(
        "one vote is enough",
        "As many pods vote as meet every set that holds an acknowledged write.",
        "return max(1, electorate.size - blanks - electorate.acks) if electorate.acks else 1",
        "return 1",
        explored("lost answer and a write", "noAckedWriteLost"),
    ),
    _selection(
        "one vote fewer is enough",
        "As many pods vote as meet every set that holds an acknowledged write.",
        "electorate.size - blanks - electorate.acks)",
        "electorate.size - blanks - electorate.acks - 1)",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "one vote more is needed",
        "No more votes are needed than meet every set that holds an acknowledged write.",
        "electorate.size - blanks - electorate.acks)",
        "electorate.size - blanks - electorate.acks + 1)",
        explored("crash", "never: old primary rejoined"),
        quick=True,
    ),
    _selection(
        "pods that never held anything must vote",
        "Pods that never held anything need not be asked.",
        "electorate.size - blanks - electorate.acks)",
        "electorate.size - electorate.acks)",
        checked("machines/test_admission.py"),
    ),
    _selection(
        "any number of votes is enough",
        "Nobody is elected by fewer votes than needed.",
        "    if len(ballot.votes) >= votes_needed(record.electorate, len(ballot.blanks)):",
        "    if ballot.votes:",
        explored("lost answer and a write", "fenceBeforeSelect"),
        quick=True,
    ),
    _selection(
        "a pod that was not fenced votes",
        "Only a pod that is fenced in this epoch votes.",
        "    if server.fence != record.epoch or not server.voting:",
        "    if False:",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "a pod of another epoch votes",
        "Only a pod that is fenced in this epoch votes.",
        "    if server.fence != record.epoch or not server.voting:",
        "    if not server.voting:",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "a pod that acts in this epoch votes",
        "Only a pod in the voting position votes.",
        "    if server.fence != record.epoch or not server.voting:",
        "    if server.fence != record.epoch:",
        checked("machines/test_selection.py"),
    ),
    _selection(
        "a pod that still follows votes",
        "Only a pod that stopped following votes.",
        ("    if server.primary or server.link_up:\n        return"),
        ("    if server.primary:\n        return"),
        checked("machines/test_selection.py"),
    ),
    _selection(
        "a pod that is loading votes",
        "A half-loaded pod has no vote.",
        ("    if server.loading or server.syncing:\n        return"),
        ("    if False:\n        return"),
        checked("machines/test_selection.py"),
    ),
    _selection(
        "P4: a pod that was not whole since it started votes",
        "Only a pod that was seen whole in this very process votes.",
        "    if not (record.is_member(answer.pod, uid, server.run_id) or _followed(record, answer.pod, uid, server)):",
        "    if False:",
        explored("P4", "noAckedWriteLost"),
        quick=True,
    ),
    _selection(
        "a pod that followed since it was admitted has no vote before it is recorded",
        "The answer to DETACH may show that the process that was admitted is whole.",
        " or _followed(record, answer.pod, uid, server)):",
        "):",
        explored("back", "noAckedWriteLost"),
    ),
    _selection(
        "a pod with data of before its admission votes",
        "What a pod held when it was admitted is no proof that it is whole.",
        "0 < admission.epoch <= history.epoch",
        "0 < admission.epoch",
        checked("machines/test_admission.py"),
    ),
    _selection(
        "a pod that was admitted under an unknown epoch votes",
        "Whether a pod followed since it was admitted is known by the epoch of its admission.",
        "0 < admission.epoch <= history.epoch",
        "admission.epoch <= history.epoch",
        checked("machines/test_admission.py"),
    ),
    _selection(
        "a pod that forgot where its data ends votes",
        "A pod that holds another position than it says, or nothing any more, does not vote.",
        "    if server.forgot:",
        "    if False:",
        explored("forgetful", "noAckedWriteLost"),
        quick=True,
    ),
    _selection(
        "a pod that forgot what it received is blank",
        "A pod that received something, and does not know any more what, is not blank.",
        " or server.forgot",
        "",
        checked("machines/test_admission.py"),
    ),
    _selection(
        "a pod of an unknown history votes",
        "Data of a history that the record does not know has no vote.",
        ('    if history_of(record, server.replid, server.offset) is None:\n        return "its'),
        ('    if False:\n        return "its'),
        checked("machines/test_selection.py"),
    ),
    _selection(
        "a pod that holds data is blank",
        "Only a pod that received nothing since it was admitted is blank.",
        "    return server.offset <= 1 or (history is not None and history.epoch < admission.epoch)",
        "    return True",
        checked("machines/test_admission.py"),
    ),
    _selection(
        "a pod that was never admitted is blank",
        "Only a pod that was admitted before it was told to follow can be blank.",
        (
            "    if admission is None or server.forgot or _followed(record, answer.pod, uid, server):\n"
            "        return False\n"
        ),
        "    if admission is None:\n        return server.offset <= 1\n",
        checked("machines/test_admission.py"),
    ),
    _selection(
        "a pod that votes is blank too",
        "Who has a vote is not taken off those who need not be asked.",
        "    if admission is None or server.forgot or _followed(record, answer.pod, uid, server):\n",
        "    if admission is None or server.forgot:\n",
        explored("shrink: one of two is replaced by force", "fenceBeforeSelect"),
    ),
    _selection(
        "a pod that is back counts as if it held something new",
        "A pod that was forgotten and admitted again confirmed nothing before it received something.",
        "    return server.offset <= 1 or (history is not None and history.epoch < admission.epoch)",
        "    return server.offset <= 1",
        explored("back", "noAckedWriteLost"),
    ),
)
