"""Weaker environments. In each of them a wrong version of the code passes that is found in the environment as it is."""

from typing import Final

from spec.mutants import Edit, Pair

OBSERVATION: Final = "spec.environment.observation"
REPLICATION: Final = "spec.environment.replication"
SERVER: Final = "spec.environment.server"
FAULTS: Final = "spec.environment.faults"
OPERATORS: Final = "spec.environment.operators"
LEASE: Final = "spec.environment.lease"
OWNED: Final = "spec.environment.owned"

PEOPLE: Final = "spec.environment.people"

PAIRS: Final[tuple[Pair, ...]] = (
    Pair(
        "nobody makes a cluster anew",
        "A person deletes the cluster and makes one of its name, on the volumes that it kept.",
        (Edit(PEOPLE, "    if world.budget.recreate:\n", "    if False:\n"),),
        "an older promotion is taken where the newest one is not among the volumes",
        "kept: the volume of the last primary is lost",
    ),
    Pair(
        "a full copy is on the disk at once",
        "A full copy is on the disk only once a new append-only file is written.",
        (Edit("spec.environment.server", "return pod if setup.rewrites else rewritten(pod)", "return rewritten(pod)"),),
        "a primary whose file may be of before its last copy comes first when all are back",
        "rewrite: two pods, both end",
    ),
    Pair(
        "servers do not forget",
        "A replica's link ends, and with it what it knows of the position of its data.",
        (Edit(FAULTS, "        if budget.forget and", "        if False and"),),
        "a pod that forgot where its data ends votes",
        "forgetful",
    ),
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
        (Edit(FAULTS, "for kept in range(pod.synced, len(pod.log) + 1):", "for kept in (len(pod.log),):"),),
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
    Pair(
        "volumes are not lost",
        "A pod is replaced by one with an empty volume.",
        (Edit(FAULTS, "    if budget.lose:\n", "    if False:\n"),),
        "a new volume starts without a fence",
        "crash and lost volume",
    ),
    Pair(
        "late commands never arrive",
        "A command that nobody waits for may still reach its pod.",
        (
            Edit(
                OPERATORS,
                ('        if answer.kind is AnswerKind.DONE:\n            yield Label("stray"'),
                ('        if False:\n            yield Label("stray"'),
            ),
        ),
        "pods take commands of older epochs",
        "late order",
    ),
    Pair(
        "replicas never continue where they were",
        "A replica that attaches continues where its data ends, if the ids allow it.",
        (Edit(SERVER, ("    if not host.backlog:\n        return False\n"), "    return False\n"),),
        "P2: the replication id is taken for the history before the data has reached it",
        "id adopted early",
    ),
    Pair(
        "clients do not write",
        "A client writes while all of this goes on.",
        (Edit(REPLICATION, "    if not world.budget.write:\n", "    if True:\n"),),
        "the shorter offset wins",
        "crash",
    ),
    Pair(
        "the stream is empty at once",
        "A write reaches replicas one after another, later.",
        (
            Edit(
                REPLICATION,
                "    ghost = ghost._replace(writes=ghost.writes + 1, holders=(*ghost.holders, 0))\n",
                (
                    "    near = [q for q, other in enumerate(pods) if other.follows == index and "
                    "other.link is Link.UP]\n"
                    "    for q in near:\n"
                    "        pods = put(pods, q, pods[q]._replace(log=(*pods[q].log, ghost.writes), "
                    "offset=pods[q].offset + 1))\n"
                    "    held = 1 << index | sum(1 << q for q in near) if near else 0\n"
                    "    acked = ghost.acked | ({ghost.writes} if near else frozenset())\n"
                    "    ghost = ghost._replace(writes=ghost.writes + 1, holders=(*ghost.holders, held), "
                    "acked=acked)\n"
                ),
            ),
        ),
        "the shorter offset wins",
        "crash",
    ),
    Pair(
        "pods that were cut off do not come back",
        "An operator reaches a pod again.",
        (Edit(FAULTS, "        if mask & bit:", "        if False:"),),
        "P2: the larger offset wins, whatever its history",
        "deposed",
    ),
    Pair(
        "processes do not start again",
        "A process that ended starts again.",
        (Edit(REPLICATION, "    if not setup.gone & 1 << index or not pod.run:", "    if not pod.run:"),),
        "a disk is taken for whole data",
        "crash of pod and power",
    ),
    Pair(
        "nothing is ever confirmed",
        "Clients wait for confirmations, and rely on them.",
        (Edit(REPLICATION, "if mask.bit_count() > setup.facts.acks)", "if mask.bit_count() > len(world.pods))"),),
        "the shorter offset wins",
        "crash",
    ),
    Pair(
        "nobody notices that a replica is away",
        "An operator learns that a replica has been away for long.",
        (Edit(OBSERVATION, "_away(setup, world, operator) if setup.releases else ()", "()"),),
        "a replica is left out in the middle of an epoch",
        "release: attached, and out of the operators' sight",
    ),
    Pair(
        "promoted pods keep their history",
        "A promoted pod begins a history under an id of its own.",
        (
            Edit(
                SERVER,
                ('            replid=f"{index}.{pod.run}.{pod.ids + 1}",\n            replid2'),
                ("            replid=pod.replid,\n            replid2"),
            ),
        ),
        "a history begins at 0",
        "id adopted early",
    ),
    Pair(
        "nothing is streamed",
        "A replica receives what its primary wrote, write by write.",
        (Edit(REPLICATION, "            case Link.UP if near:\n", "            case Link.UP if False:\n"),),
        "the shorter offset wins",
        "crash",
    ),
    Pair(
        "a process ends with the object of its pod",
        "A process may live on when the object of its pod is gone.",
        (Edit(OBSERVATION, "                if not setup.departed & 1 << index", "                if True"),),
        "a pod object that is gone is taken for a process that is gone",
        "shrink: to two, then the primary",
    ),
    Pair(
        "people ask for nothing",
        "A person asks for the role to be handed over.",
        (Edit("spec.environment.people", "    if not world.budget.ask:", "    if True:"),),
        "a handover is asked for over a request of a person",
        "scale-down: too many, and a request",
    ),
    Pair(
        "answers about the Lease are not lost",
        "An answer about the Lease does not come in time.",
        (Edit(LEASE, "    if budget.message and (", "    if False and ("),),
        "an unknown renewal is a renewal",
        "lease: lost answer",
    ),
    Pair(
        "clocks stand still",
        "An operator's clock goes on, whatever the operator does.",
        (Edit(LEASE, "    if abs(ahead) <= max(0, clocks.drift_ticks):", "    if False:"),),
        "the lead has no end",
        "lease: calm",
    ),
    Pair(
        "answers about owned objects are not lost",
        "An answer about an owned object does not come in time.",
        (Edit(OWNED, "    if world.budget.message:\n", "    if False:\n"),),
        "an unknown update goes on with the next object",
        "reconcile: lost answers and ends",
    ),
    Pair(
        "nobody asks for another number of pods",
        "A person changes the spec.",
        (Edit(OWNED, "    if budget.respec:\n", "    if False:\n"),),
        "a scale-down takes the primary away",
        "reconcile: scaled down beside a failover",
    ),
    Pair(
        "nobody else becomes primary meanwhile",
        "A failover promotes another pod while objects are reconciled.",
        (Edit(OWNED, "if budget.promote else None", "if False else None"),),
        "a failover promotes without raising the template's epoch",
        "reconcile: scaled down beside a failover",
    ),
    Pair(
        "failovers write no owned objects",
        "A failover writes the Service and the template while objects are reconciled.",
        (Edit(OWNED, "        if budget.failover and present is not None:", "        if False:"),),
        "an update sets the template's epoch back",
        "reconcile: beside failovers",
    ),
    Pair(
        "objects are gone as soon as they are deleted",
        "An object that is deleted may stay for a while.",
        (Edit(OWNED, '            yield from _interference(left, "remove slowly", kind)\n', ""),),
        "an object that is being deleted is written",
        "reconcile: edits and removals",
    ),
)
