"""Weaker environments. In each of them a wrong version of the code passes that is found in the environment as it is."""

from typing import Final

from spec.mutants import Edit, Pair

FAULTS: Final = "spec.environment.faults"
OPERATORS: Final = "spec.environment.operators"

PAIRS: Final[tuple[Pair, ...]] = (
    Pair(
        "processes do not end",
        "A process ends; its volume stays.",
        (Edit(FAULTS, "    if budget.crash:\n", "    if False:\n"),),
        "the shorter offset wins",
        "crash",
    ),
    Pair(
        "nodes do not lose power",
        "A node loses power, and the end of its data with it.",
        (Edit(FAULTS, "    if budget.power:\n", "    if False:\n"),),
        "a disk is taken for whole data",
        "crash of pod and power",
    ),
    Pair(
        "all was on disk when the power failed",
        "A power loss may take the end of the data.",
        (Edit(FAULTS, "for kept in range(len(pod.log) + 1):", "for kept in (len(pod.log),):"),),
        "a disk is taken for whole data",
        "crash of pod and power",
    ),
    Pair(
        "pods are not isolated",
        "A pod is cut off from operators and peers, and goes on serving its clients.",
        (Edit(FAULTS, "        if budget.isolate and not", "        if False and not"),),
        "the shorter offset wins",
        "isolated",
    ),
    Pair(
        "operators are not cut off",
        "An operator cannot reach a pod that others reach.",
        (Edit(FAULTS, "        elif budget.cut_operator:", "        elif False:"),),
        "any number of votes is enough",
        "cut operator",
    ),
    Pair(
        "answers of the API server are not lost",
        "A write's answer does not come in time.",
        (Edit(OPERATORS, "    if budget.message and isinstance(request, MUTATING):", "    if False:"),),
        "unknown is taken as frozen",
        "lost answer",
    ),
    Pair(
        "answers of pods are not lost",
        "A command's answer does not come in time.",
        (Edit(OPERATORS, "    if budget.message and isinstance(request, Pods):", "    if False:"),),
        "one vote is enough",
        "lost answer and a write",
    ),
    Pair(
        "late writes never arrive",
        "A write that nobody waits for may still reach the API server.",
        (Edit(OPERATORS, "            if api is not left.api:", "            if False:"),),
        "a conflict is taken as claimed",
        "lost answer",
    ),
    Pair(
        "operators do not restart",
        "An operator process ends in the middle of a round.",
        (Edit(OPERATORS, "    if budget.restart:", "    if False:"),),
        "a conflict is taken as claimed",
        "restarted operator",
    ),
    Pair(
        "nothing is left of an operator that ended",
        "What a dead operator had sent may still arrive.",
        (
            Edit(
                OPERATORS,
                "    world = strayed(world.with_operator(index, fresh), sent)",
                "    world = world.with_operator(index, fresh)",
            ),
        ),
        "a conflict is taken as claimed",
        "restarted operator",
    ),
)
