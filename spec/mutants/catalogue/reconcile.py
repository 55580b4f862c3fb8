"""Wrong versions of the reconcile machine."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_reconcile = Of("gungnir.machines.reconcile")
_budget = Of("gungnir.resources.disruption_budget")
_facts = Of("gungnir.runtime.facts")
_owned = Of("spec.environment.owned")
_stateful_set = Of("gungnir.resources.stateful_set")
_labels = Of("gungnir.resources.labels")
_client = Of("gungnir.resources.client_service")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _reconcile(
        "an object of somebody else is written",
        "An object with another controller is never adopted.",
        "case OwnedSeen(ours=False):",
        "case OwnedSeen(ours=False) if False:",
        explored("reconcile: somebody else's object", "never: left alone"),
        quick=True,
    ),
    _reconcile(
        "an object that is being deleted is written",
        "An object that is being deleted is left to go.",
        "case OwnedSeen(deleting=True):",
        "case OwnedSeen(deleting=True) if False:",
        explored("reconcile: edits and removals", "noIdleWrite"),
    ),
    _reconcile(
        "an object that drifted is left",
        "An object is written on drift of our fields.",
        "case OwnedSeen(drifted=True):",
        "case OwnedSeen(drifted=True) if False:",
        explored("reconcile: all objects", "never: updated"),
    ),
    _reconcile(
        "every object is written every round",
        "An object is written only on drift.",
        "case OwnedSeen(drifted=True):",
        "case OwnedSeen(ours=True):",
        explored("reconcile: all objects", "noIdleWrite"),
    ),
    _reconcile(
        "a conflict goes on with the next object",
        "After a conflict the round sends no further write.",
        ('            return _to(state, "conflict", detail=f"Update {state.kinds[state.position]}: Conflict")'),
        "            return _next(state)",
        explored("reconcile: forbidden", "noConcurrentUpdates"),
        quick=True,
    ),
    _reconcile(
        "an unknown update goes on with the next object",
        "An unknown answer ends the round.",
        (
            'return _refused(state, "Rejected", message)\n'
            "        case _:\n"
            "            return _error(state, reply)\n"
            "\n"
            "\n"
            "def _health"
        ),
        (
            'return _refused(state, "Rejected", message)\n'
            "        case _:\n"
            "            return _next(state)\n"
            "\n"
            "\n"
            "def _health"
        ),
        explored("reconcile: lost answers and ends", "unknownIsNotSuccess"),
    ),
    _reconcile(
        "an unknown creation goes on with the next object",
        "An unknown answer ends the round.",
        (
            'return _refused(state, "Rejected", message)\n'
            "        case _:\n"
            "            return _error(state, reply)\n"
            "\n"
            "\n"
            "def _update"
        ),
        (
            'return _refused(state, "Rejected", message)\n'
            "        case _:\n"
            "            return _next(state)\n"
            "\n"
            "\n"
            "def _update"
        ),
        explored("reconcile: lost answers and ends", "unknownIsNotSuccess"),
    ),
    _reconcile(
        "a refused object ends the round",
        "One refused object does not keep the others from being reconciled.",
        "    return _next(state._replace(problems=(*state.problems,",
        "    return _error(state._replace(problems=(*state.problems,",
        checked("machines/test_reconcile.py"),
    ),
    _reconcile(
        "a deleted cluster is reconciled",
        "Nothing leaves us for a cluster that is being deleted.",
        ("    if isinstance(reply, ClusterSeen) and not reply.deleting:\n        if not"),
        ("    if isinstance(reply, ClusterSeen):\n        if not"),
        checked("machines/test_reconcile.py"),
    ),
    _reconcile(
        "the status of a deleted cluster is written",
        "Nothing leaves us for a cluster that is being deleted.",
        ('    if isinstance(reply, ClusterSeen) and not reply.deleting:\n        return _to(state, "fresh"'),
        ('    if isinstance(reply, ClusterSeen):\n        return _to(state, "fresh"'),
        checked("machines/test_reconcile.py"),
    ),
    _reconcile(
        "a scale-down overlooks another operator's failover",
        "A round ends at an object of a newer epoch than its record's.",
        "case OwnedSeen(epoch=epoch) if epoch > state.epoch:",
        "case OwnedSeen(epoch=epoch) if False:",
        explored("reconcile: scaled down beside a failover", "scaleDownNeverRemovesMaster"),
        quick=True,
    ),
    _reconcile(
        "objects are made of an old record",
        "A round ends where the record is of a newer epoch than the one that objects are made from.",
        "        if reply.record.epoch > state.epoch:\n",
        "        if False:\n",
        checked("machines/test_reconcile.py"),
    ),
    _reconcile(
        "the last object is left out",
        "A round looks at every object.",
        "    if position < len(state.kinds):\n",
        "    if position < len(state.kinds) - 1:\n",
        checked("machines/test_reconcile.py"),
    ),
    _reconcile(
        "an unknown status write is taken as stored",
        "An unknown answer is not success.",
        'return _to(state, "stored") if isinstance(reply, Stored) else _error(state, reply)',
        'return _to(state, "stored")',
        checked("machines/test_reconcile.py"),
    ),
    _budget(
        "a drain takes two pods at a time",
        "The disruption budget lets one pod go at a time.",
        '"maxUnavailable": 1',
        '"maxUnavailable": 2',
        explored("reconcile: all objects", "pdbProtectsMaster"),
    ),
    _budget(
        "the disruption budget counts no pod of ours",
        "The disruption budget selects the pods of the cluster.",
        "names.selector_labels(cluster.name)",
        '{"app": cluster.name}',
        explored("reconcile: all objects", "pdbProtectsMaster"),
    ),
    _facts(
        "a scale-down takes the primary away",
        "So many pods are kept that the primary is among them.",
        "    return max(cluster.spec.replicas, needed)\n",
        "    return cluster.spec.replicas\n",
        explored("reconcile: scaled down beside a failover", "scaleDownNeverRemovesMaster"),
        quick=True,
    ),
    _facts(
        "a scale-down keeps one pod too few",
        "So many pods are kept that the primary is among them.",
        "needed = int(ordinal) + 1 if",
        "needed = int(ordinal) if",
        explored("reconcile: scaled down beside a failover", "scaleDownNeverRemovesMaster"),
    ),
    _owned(
        "a failover promotes without raising the template's epoch",
        "A failover writes the StatefulSet before it promotes: a scale-down that is still under way then conflicts.",
        "            left = left.with_object(kind, failed_over(kind, owned.content), deleting=owned.deleting)\n",
        "            pass\n",
        explored("reconcile: scaled down beside a failover", "scaleDownNeverRemovesMaster"),
        quick=True,
    ),
    _stateful_set(
        "an update sets the template's epoch back",
        "What the failover wrote into the StatefulSet stays.",
        "return with_epoch(desired, *parts) if parts else copy.deepcopy(dict(desired))",
        "return copy.deepcopy(dict(desired))",
        explored("reconcile: beside failovers", "fieldsOfFailover"),
    ),
    _stateful_set(
        "a scale-down deletes volumes",
        "No volume is deleted with a pod that a scale-down takes away.",
        '"whenScaled": "Retain"',
        '"whenScaled": "Delete"',
        explored("reconcile: all objects", "noDeleteOfPVC"),
    ),
    _client(
        "an update leads clients to nobody, or back",
        "Whom the client Service selects is the failover's.",
        "pod = primary_of(live if names.POD_NAME_LABEL in selector else desired)",
        "pod = primary_of(desired)",
        explored("reconcile: beside failovers", "fieldsOfFailover"),
        quick=True,
    ),
    _client(
        "the client Service selects every pod",
        "The client Service selects one pod by its name, from the first second.",
        "names.POD_NAME_LABEL: pod or names.NOBODY}",
        "}",
        explored("reconcile: all objects", "serviceConsistency"),
        quick=True,
    ),
    _labels(
        "owned objects name no owner",
        "What is written has one controller: the ValkeyCluster that it was made for.",
        '"uid": cluster_uid(cluster),',
        '"uid": "",',
        explored("reconcile: all objects", "ownerRefConsistency"),
        quick=True,
    ),
)
