"""Wrong versions of the second half of a failover: the vote, the candidate, the promotion, the others, the Service."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_failover = Of("gungnir.machines.failover")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _failover(
        "a vote at a newer epoch is overlooked",
        "A pod at a newer epoch means that this epoch is over.",
        "    if any(answer.kind is AnswerKind.FENCED for answer in answers):",
        "    if False:",
        explored("alone: failover", "epochMonotone"),
    ),
    _failover(
        "the vote is not asked for",
        "The pods stop following before they are read.",
        "pods.command(Verb.DETACH, pod, epoch)",
        "pods.command(Verb.READ, pod, epoch)",
        explored("crash", "raised ValueError"),
        quick=True,
    ),
    _failover(
        "the candidate is not stored",
        "The candidate is stored before it is told.",
        'return _to(state, "chosen", PutRecord(state.version, frozen), record=frozen',
        'return _to(state, "chosen", PutRecord(state.version, record), record=frozen',
        explored("crash", "failoverIntentDurable"),
        quick=True,
    ),
    _failover(
        "the target that was waited for is forgotten",
        "Of equals, the one that was waited for gets the role.",
        "state.wanted or intent.target",
        "intent.target",
        explored("alone: failover", "bestVoteWins"),
    ),
    _failover(
        "an unplanned failover moves the role away",
        "Of equals, only a handover prefers any other than the former primary.",
        'return intent.previous if intent.kind is Kind.SWITCHOVER else ""',
        "return intent.previous",
        explored("alone: failover", "bestVoteWins"),
    ),
    _failover(
        "who does not answer may follow",
        "Whoever does not answer the vote is told nothing in the new epoch.",
        "electorate.shut_out(facts, epochs.freeze(record, candidate, why), answers, state.view)",
        "epochs.freeze(record, candidate, why)",
        checked("machines/test_electorate.py"),
    ),
    _failover(
        "unknown is taken as frozen",
        "An unknown answer never advances a step.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", _promotion(state.record, state.record.under_way.chosen), '
            "version=reply.version)"
        ),
        (
            '    if not isinstance(reply, Stored) and type(reply).__name__ != "Unknown":\n'
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", _promotion(state.record, state.record.under_way.chosen), '
            'version=getattr(reply, "version", NO_VERSION))'
        ),
        explored("lost answer", "unknownIsNotSuccess"),
        quick=True,
    ),
    _failover(
        "a conflict is taken as frozen",
        "After a conflict the round sends nothing more.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", _promotion(state.record, state.record.under_way.chosen), '
            "version=reply.version)"
        ),
        (
            "    if not isinstance(reply, (Stored, Conflict)):\n"
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", _promotion(state.record, state.record.under_way.chosen), '
            'version=getattr(reply, "version", NO_VERSION))'
        ),
        explored("lost answer", "noConcurrentUpdates"),
    ),
    _failover(
        "the version from before the freeze is used",
        "Every write carries the version that was read last.",
        "_promotion(state.record, state.record.under_way.chosen), version=reply.version)",
        "_promotion(state.record, state.record.under_way.chosen))",
        explored("alone: failover", "noConcurrentUpdates"),
    ),
    _failover(
        "P4: a promotion reaches another process than the one that voted",
        "A promotion is bound to the process whose data was compared.",
        "candidate.uid, record.epoch, candidate.run_id)",
        "candidate.uid, record.epoch)",
        explored("crash, power and a write", "noAckedWriteLost"),
    ),
    _failover(
        "an unknown promotion is taken as refused",
        "A candidate is given up only if it certainly was not promoted.",
        "answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS)",
        "answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS, AnswerKind.UNKNOWN)",
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "a candidate that refuses is asked for ever",
        "A candidate that certainly was not promoted is given up.",
        "answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS)",
        "False",
        explored("alone: failover", "never: Promote: refused"),
    ),
    _failover(
        "candidates are given up without end",
        "A round gives up one candidate.",
        "    if answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS) and not state.refused:",
        "    if answer.kind in (AnswerKind.ERROR, AnswerKind.OTHER_PROCESS):",
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "a promotion is not read back",
        "A promotion counts only if the pod reads back as primary of this epoch.",
        "    as_told = reading.primary and reading.fence == state.record.epoch and not reading.voting",
        "    as_told = True",
        explored("alone: failover", "statusTruthful"),
    ),
    _failover(
        "the process that reads back may be another one",
        "A promotion counts only for the process that was frozen.",
        "not as_told or reading.run_id != candidate.run_id:",
        "not as_told:",
        explored("alone: failover", "statusTruthful"),
    ),
    _failover(
        "unknown is taken as recorded",
        "An unknown answer never advances a step.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=reply.version)\n"
            "    commands = "
        ),
        (
            '    if not isinstance(reply, Stored) and type(reply).__name__ != "Unknown":\n'
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=getattr(reply, 'version', NO_VERSION))\n"
            "    commands = "
        ),
        explored("lost answer", "unknownIsNotSuccess"),
    ),
    _failover(
        "a conflict is taken as recorded",
        "After a conflict the round sends nothing more.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=reply.version)\n"
            "    commands = "
        ),
        (
            "    if not isinstance(reply, (Stored, Conflict)):\n"
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=getattr(reply, 'version', NO_VERSION))\n"
            "    commands = "
        ),
        explored("lost answer", "noConcurrentUpdates"),
        quick=True,
    ),
    _failover(
        "the new primary is told to follow itself",
        "The others follow the primary.",
        "        if pod.name != host.name\n",
        "        if True\n",
        explored("crash", "raised ValueError"),
        quick=True,
    ),
    _failover(
        "pods that were not admitted are told to follow",
        "Only pods that the electorate counts may follow.",
        "        and pod.name in state.record.told\n",
        "",
        explored("alone: failover", "followOnlyTold"),
    ),
    _failover(
        "pods beyond the size are told to follow",
        "A pod that is to go is not attached.",
        ("        and pod.name in facts.pod_names\n        and pod.name in state.record.told\n"),
        "        and pod.name in state.record.told\n",
        explored("alone: failover", "followOnlyTold"),
    ),
    _failover(
        "pods that leave are told to follow",
        "A pod that is being deleted is not attached.",
        "        and not pod.deleting\n",
        "",
        explored("alone: failover", "followOnlyTold"),
    ),
    _failover(
        "the former primary is routed",
        "The Service leads to the recorded primary.",
        "return PutService(state.service, state.record.acting.pod, state.record.epoch)",
        (
            "return PutService(state.service, None if state.record.intent is None else "
            "state.record.intent.previous, state.record.epoch)"
        ),
        explored("crash", "serviceConsistency"),
        quick=True,
    ),
    _failover(
        "the Service is routed in the epoch before",
        "The Service carries the epoch in which it was written.",
        "state.record.acting.pod, state.record.epoch)",
        "state.record.acting.pod, state.record.epoch - 1)",
        explored("crash", "epochMonotone"),
    ),
    _failover(
        "a routed Service of a newer epoch is taken over",
        "A newer epoch's Service is left alone.",
        "    if reply.epoch > state.record.epoch:",
        "    if False:",
        explored("alone: failover", "epochMonotone"),
    ),
    _failover(
        "a Service that leads to the primary by an old epoch is left",
        "The Service carries the epoch in which it was written.",
        "    if reply.pod == state.record.acting.pod and reply.epoch == state.record.epoch:",
        "    if reply.pod == state.record.acting.pod:",
        explored("alone: failover", "routedInTheEnd"),
    ),
    _failover(
        "a Service of this epoch is left, wherever it leads",
        "The Service leads to the recorded primary before a failover is over.",
        "    if reply.pod == state.record.acting.pod and reply.epoch == state.record.epoch:",
        "    if reply.epoch == state.record.epoch:",
        explored("alone: failover", "routedInTheEnd"),
    ),
    _failover(
        "unknown is taken as routed",
        "An unknown answer never advances a step.",
        'return _finish_with(state, "stored") if isinstance(reply, Stored) else',
        ('return _finish_with(state, "stored") if isinstance(reply, Stored) or type(reply).__name__ == "Unknown" else'),
        explored("lost answer", "unknownIsNotSuccess"),
    ),
    _failover(
        "a conflict is taken as routed",
        "After a conflict the round sends nothing more.",
        'return _finish_with(state, "stored") if isinstance(reply, Stored) else',
        'return _finish_with(state, "stored") if isinstance(reply, (Stored, Conflict)) else',
        explored("lost answer", "noConcurrentUpdates"),
    ),
    _failover(
        "a failover never ends",
        "A failover that routed the Service is over.",
        "    record = state.record._replace(intent=None)\n",
        "    record = state.record\n",
        explored("crash", "raised ValueError"),
        quick=True,
    ),
    _failover(
        "a failover is over before anybody follows",
        "A failover goes through its stages one by one, and ends in the last.",
        'return _to(state, "promoted", PutRecord(state.version, record), record=record)',
        'return _to(state, "promoted", PutRecord(state.version, record._replace(intent=None)), record=record)',
        explored("alone: failover", "sentinelForwardProgress"),
        quick=True,
    ),
)
