"""Wrong versions of the first half of a failover: evidence, the claim, the Service, the template, the planned part."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_failover = Of("gungnir.machines.failover")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _failover(
        "a stalled operator acts",
        "After our own loop slept, nothing is done before looking again.",
        ('    if reply.view.stalled:\n        return _to(state, "stalled"'),
        ('    if False:\n        return _to(state, "stalled"'),
        explored("alone: failover", "stalledDoesNothing"),
    ),
    _failover(
        "a first start begins without all pods",
        "The first start waits for every pod.",
        "and reply.record.intent is None and not pods.all_up(facts, reply.view)",
        "and False",
        checked("machines/test_failover_requests.py"),
    ),
    _failover(
        "silence is taken for death",
        "Silence counts only if the replicas were asked.",
        (
            "    if verdict.health is Health.SILENT and (intent is None or promoted):",
            "verdict.health in (Health.NONE, Health.DEAD):",
        ),
        ("    if False:", "verdict.health in (Health.NONE, Health.DEAD, Health.SILENT):"),
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "silence is never acted upon",
        "A primary that a quorum does not hear is replaced.",
        "    if verdict.health is Health.SILENT and (intent is None or promoted):",
        "    if False:",
        explored("isolated", "never: failed over", "never: old primary rejoined"),
        quick=True,
    ),
    _failover(
        "doubt is taken for health",
        "Evidence of another kind is told.",
        "    if verdict.health is Health.DOUBTFUL:",
        "    if False:",
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "a leaving primary hands over to nobody",
        "A primary that leaves serves to its end if no replica is in sync.",
        "(verdict.health is Health.LEAVING and pods.in_sync(state.expected, state.view))",
        "verdict.health is Health.LEAVING",
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "a request is overlooked while the primary is healthy",
        "An accepted request begins a planned failover.",
        "    if state.asked or (",
        "    if (",
        explored("switchover: a request", "never: handed over"),
    ),
    _failover(
        "a replica that hears the primary is ignored",
        "Silence counts only if no replica hears the primary.",
        "    if hearing:",
        "    if False:",
        explored("alone: failover", "never: SDown: witnessed"),
    ),
    _failover(
        "one witness too few is enough",
        "Silence counts only if as many replicas deny the primary as a failover needs.",
        "    if len(deaf) < needed:",
        "    if len(deaf) < needed - 1:",
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "one witness too many is asked for",
        "As many replicas as a failover needs are enough.",
        "    if len(deaf) < needed:",
        "    if len(deaf) <= needed:",
        explored("alone: failover", "never: SDown: unheard"),
    ),
    _failover(
        "a cluster that is being deleted fails over",
        "Nothing is done for a cluster that is being deleted.",
        ('    if reply.deleting:\n        return _to(state, "deleting")'),
        ('    if False:\n        return _to(state, "deleting")'),
        explored("alone: failover", "nothingForDeleted"),
    ),
    _failover(
        "evidence against an older record is used",
        "Evidence speaks only about the epoch, primary and intent that it was taken against.",
        "    if not epochs.same_evidence(state.expected, reply.record):",
        "    if False:",
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "a request names the target of an unplanned failover",
        "Only a planned failover has a target.",
        'return _claim(facts, state._replace(asked="", wanted=""), kind, reason, "")',
        "return _claim(facts, state, kind, reason, state.wanted)",
        explored("alone: failover", "answerNeverLost"),
    ),
    _failover(
        "a primary that leaves waits for a request",
        "Evidence that still stands is acted upon.",
        "    if not state.asked:\n        return _claim(",
        "    if False:\n        return _claim(",
        explored("alone: failover", "evidenceActedUpon"),
    ),
    _failover(
        "a process that may live on is told as one that is away",
        "An epoch that leaves a replica out says why.",
        "REPLICA_UNACCOUNTED if electorate.haunts(facts, state.record, state.view) else REPLICA_LOST",
        "REPLICA_LOST",
        explored("alone: failover", "releaseSaysWhy"),
    ),
    _failover(
        "any resumed failover takes the request off",
        "A resumed failover takes off only the request that it was begun for.",
        "case Stage.FENCING if intent.reason == REQUESTED and asked:",
        "case Stage.FENCING if asked:",
        explored("alone: failover", "answerNeverLost"),
    ),
    _failover(
        "a resumed switchover leaves its request",
        "A request is taken off once the intent is stored, also by a successor.",
        "case Stage.FENCING if intent.reason == REQUESTED and asked:",
        "case Stage.FENCING if False:",
        explored("alone: failover", "never: Read: resume-clear"),
    ),
    _failover(
        "a lost candidate is promoted for ever",
        "A candidate that is another process or gone is given up, by the next epoch.",
        "    if candidate is None or not pods.still_there(state.view, candidate):",
        "    if candidate is None or state.view.pod(candidate.pod) is None:",
        explored("candidate gone", "never: candidate lost"),
        quick=True,
    ),
    _failover(
        "a frozen candidate is always given up",
        "A candidate that is still there is promoted, not chosen anew.",
        "    if candidate is None or not pods.still_there(state.view, candidate):",
        "    if True:",
        explored("alone: failover", "noDoubleFailover"),
    ),
    _failover(
        "a primary that dies while others are told stays",
        "A primary that dies during its own failover is replaced by the next epoch.",
        "    if state.verdict.health in (Health.DEAD, Health.SILENT, Health.NONE):",
        "    if False:",
        checked("machines/test_failover_requests.py"),
    ),
    _failover(
        "a silent primary is kept while others are told",
        "A primary that falls silent during its own failover is replaced.",
        "    if state.verdict.health in (Health.DEAD, Health.SILENT, Health.NONE):",
        "    if state.verdict.health in (Health.DEAD, Health.NONE):",
        checked("machines/test_failover_paths.py"),
    ),
    _failover(
        "unknown is taken as claimed",
        "An unknown answer never advances a step.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=reply.version)\n"
            "    if state.asked:"
        ),
        (
            '    if not isinstance(reply, Stored) and type(reply).__name__ != "Unknown":\n'
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=getattr(reply, 'version', NO_VERSION))\n"
            "    if state.asked:"
        ),
        explored("lost answer", "unknownIsNotSuccess"),
        quick=True,
    ),
    _failover(
        "a conflict is taken as claimed",
        "After a conflict the round sends nothing more.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=reply.version)\n"
            "    if state.asked:"
        ),
        (
            "    if not isinstance(reply, (Stored, Conflict)):\n"
            "        return _failed(state, reply)\n"
            "    state = state._replace(version=getattr(reply, 'version', NO_VERSION))\n"
            "    if state.asked:"
        ),
        explored("lost answer", "noConcurrentUpdates"),
        quick=True,
    ),
    _failover(
        "the request is never taken off",
        "An accepted request is taken off once the intent is stored.",
        "    if state.asked:\n",
        "    if False:\n",
        explored("alone: failover", "handedOverAsAsked"),
    ),
    _failover(
        "unknown is taken as cleared",
        "An unknown answer never advances a step.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", GetService(), version=reply.version)'
        ),
        (
            '    if not isinstance(reply, Stored) and type(reply).__name__ != "Unknown":\n'
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", GetService(), version=getattr(reply, "version", '
            "NO_VERSION))"
        ),
        explored("alone: failover", "unknownIsNotSuccess"),
    ),
    _failover(
        "a Service of a newer epoch is taken over",
        "A newer epoch's Service is left alone.",
        ('    if reply.epoch > epoch:\n        return _to(state, "outdated", detail="the Service'),
        ('    if False:\n        return _to(state, "outdated", detail="the Service'),
        explored("alone: failover", "epochMonotone"),
    ),
    _failover(
        "an unrouted Service is left in its old epoch",
        "The Service is marked with the epoch before anybody is told.",
        "    if reply.pod is None and reply.epoch == epoch:",
        "    if reply.pod is None:",
        explored("first start", "serviceConsistency"),
        quick=True,
    ),
    _failover(
        "a Service of this epoch counts as unrouted",
        "The Service leads to nobody before the promotion.",
        "    if reply.pod is None and reply.epoch == epoch:",
        "    if reply.epoch == epoch:",
        explored("alone: failover", "fenceBeforeSelect"),
    ),
    _failover(
        "the Service leads to the old primary during the failover",
        "The Service leads to nobody before the promotion.",
        "PutService(reply.version, None, epoch)",
        "PutService(reply.version, reply.pod, epoch)",
        explored("crash", "serviceConsistency"),
        quick=True,
    ),
    _failover(
        "unknown is taken as unrouted",
        "An unknown answer never advances a step.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", GetTemplate(), service=reply.version)'
        ),
        (
            '    if not isinstance(reply, Stored) and type(reply).__name__ != "Unknown":\n'
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", GetTemplate(), service=getattr(reply, "version", '
            "NO_VERSION))"
        ),
        explored("lost answer", "unknownIsNotSuccess"),
        quick=True,
    ),
    _failover(
        "a conflict is taken as unrouted",
        "After a conflict the round sends nothing more.",
        (
            "    if not isinstance(reply, Stored):\n"
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", GetTemplate(), service=reply.version)'
        ),
        (
            "    if not isinstance(reply, (Stored, Conflict)):\n"
            "        return _failed(state, reply)\n"
            '    return _to(state, "stored", GetTemplate(), service=getattr(reply, "version", '
            "NO_VERSION))"
        ),
        explored("lost answer", "noConcurrentUpdates"),
    ),
    _failover(
        "a template of a newer epoch is set back",
        "The template's epoch never falls.",
        (
            ('reply.epoch > epoch:\n        return _to(state, "outdated", detail="the template'),
            "isinstance(reply, TemplateSeen) and reply.epoch < epoch:",
        ),
        (
            ('False:\n        return _to(state, "outdated", detail="the template'),
            "isinstance(reply, TemplateSeen) and reply.epoch != epoch:",
        ),
        explored("alone: failover", "epochMonotone"),
    ),
    _failover(
        "the template keeps its old epoch",
        "New volumes start in the epoch before anybody is asked to vote.",
        "isinstance(reply, TemplateSeen) and reply.epoch < epoch:",
        "False:",
        explored("crash and lost volume", "fenceBeforeSelect"),
    ),
    _failover(
        "unknown is taken as stamped",
        "An unknown answer never advances a step.",
        ('return _fence(facts, state, "stored") if isinstance(reply, Stored) else _failed(state, reply)'),
        (
            'return _fence(facts, state, "stored") if isinstance(reply, Stored) or '
            'type(reply).__name__ == "Unknown" else _failed(state, reply)'
        ),
        explored("lost answer", "unknownIsNotSuccess"),
    ),
    _failover(
        "a conflict is taken as stamped",
        "After a conflict the round sends nothing more.",
        ('return _fence(facts, state, "stored") if isinstance(reply, Stored) else _failed(state, reply)'),
        ('return _fence(facts, state, "stored") if isinstance(reply, (Stored, Conflict)) else _failed(state, reply)'),
        explored("lost answer", "noConcurrentUpdates"),
    ),
    _failover(
        "an unplanned failover holds the writes",
        "Only a planned failover asks the old primary to hold.",
        "    if intent.kind is Kind.SWITCHOVER and target is not None",
        "    if target is not None",
        explored("alone: failover", "failoverIntentDurable"),
    ),
    _failover(
        "the hold is told under the new epoch",
        "The old primary is still of its own epoch when it is asked to hold.",
        "pods.command(Verb.HOLD_WRITES, holder, primary.epoch)",
        "pods.command(Verb.HOLD_WRITES, holder, state.record.epoch)",
        explored("alone: failover", "failoverIntentDurable"),
        quick=True,
    ),
    _failover(
        "the hold reaches another process",
        "Only the recorded process is asked to hold writes.",
        "            run_id=primary.run_id, pause_ms=",
        "            pause_ms=",
        explored("alone: failover", "failoverIntentDurable"),
    ),
    _failover(
        "the hold ends with the catch-up",
        "Writes are held until the promotion, not only until the target is level.",
        "facts.catch_up_ms + HOLD_MARGIN_MS",
        "facts.catch_up_ms",
        explored("alone: failover", "failoverIntentDurable"),
    ),
    _failover(
        "a target one byte behind is level",
        "The target has all that the primary has.",
        "reading.offset >= state.goal:",
        "reading.offset >= state.goal - 1:",
        explored("alone: failover", "levelBeforeVote"),
    ),
    _failover(
        "a level target is waited for",
        "A target that has all is not waited for.",
        "reading.offset >= state.goal:",
        "reading.offset > state.goal:",
        explored("alone: failover", "levelBeforeVote"),
    ),
    _failover(
        "a slow target is waited for without end",
        "A planned failover waits for a bounded time.",
        "    if reading is None or state.tries <= 0:",
        "    if reading is None:",
        explored("alone: failover", "roundsEnd"),
    ),
)
