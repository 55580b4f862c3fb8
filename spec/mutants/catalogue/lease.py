"""Wrong versions of the Lease."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_lease = Of("gungnir.machines.lease")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _lease(
        "the lead counts from the answer",
        "Leading is counted from before the request was sent.",
        "deadline_ms=state.sent_ms + times.renew_deadline_ms,",
        "deadline_ms=now_ms + times.renew_deadline_ms,",
        explored("lease: calm", "partitionSafety"),
        quick=True,
    ),
    _lease(
        "an absent Lease is waited for",
        "Whoever finds no Lease creates it.",
        "    if isinstance(reply, NotFound):\n"
        '        return _to(state, "free", CreateLease(), sent_ms=now_ms, transitions=0)\n',
        "",
        checked("machines/test_lease.py"),
    ),
    _lease(
        "the lead lasts as long as the Lease",
        "A lead ends before others may take the Lease.",
        "deadline_ms=state.sent_ms + times.renew_deadline_ms,",
        "deadline_ms=state.sent_ms + times.duration_ms + 1,",
        explored("lease: calm", "partitionSafety"),
    ),
    _lease(
        "the lead has no end",
        "We lead only until the deadline.",
        "and now_ms < state.deadline_ms",
        "",
        explored("lease: calm", "partitionSafety"),
    ),
    _lease(
        "the lead ends one millisecond late",
        "We lead only until the deadline.",
        "and now_ms < state.deadline_ms",
        "and now_ms <= state.deadline_ms",
        explored("lease: calm", "partitionSafety"),
    ),
    _lease(
        "a Lease is taken at its last moment",
        "A Lease is taken only after it was unchanged for more than its duration.",
        "unchanged_ms > reply.duration_ms:",
        "unchanged_ms >= reply.duration_ms:",
        explored("lease: calm", "beliefTruthful"),
    ),
    _lease(
        "a Lease is taken at once",
        "A Lease is taken only after it was unchanged for more than its duration.",
        " or unchanged_ms > reply.duration_ms:",
        " or unchanged_ms >= 0:",
        explored("lease: calm", "beliefTruthful"),
    ),
    _lease(
        "a renewed Lease does not start the count anew",
        "A Lease counts as expired only if it was seen unchanged.",
        "    if stamp != state.stamp:\n",
        "    if not state.stamp:\n",
        checked("machines/test_lease.py"),
    ),
    _lease(
        "an unknown acquisition leads",
        "An unknown answer is not a lead.",
        ("        if isinstance(reply, Stored):\n            return _lead(times, state, reply, now_ms)\n"),
        (
            "        if not isinstance(reply, Conflict):\n"
            "            return _lead(times, state, Stored(state.version), now_ms)\n"
        ),
        explored("lease: calm", "beliefTruthful"),
    ),
    _lease(
        "an unknown renewal is a renewal",
        "An unknown answer is not a renewal.",
        "    wake_ms = min(now_ms + times.retry_ms // 4, state.deadline_ms)\n",
        "    return _lead(times, state, Stored(state.version), now_ms)\n",
        explored("lease: lost answer", "partitionSafety"),
        quick=True,
    ),
    _lease(
        "a lost renewal keeps the lead",
        "A Lease that somebody else took ends the lead at once.",
        "    if isinstance(reply, (Conflict, NotFound, AlreadyExists)):",
        "    if isinstance(reply, (NotFound, AlreadyExists)):",
        checked("machines/test_lease.py"),
    ),
    _lease(
        "a leader that slept renews without reading",
        "A leader past its deadline reads the Lease before it leads again.",
        "        if now_ms >= state.deadline_ms:",
        "        if False:",
        explored("lease: calm", "renewedInTime"),
    ),
    _lease(
        "a takeover is not counted",
        "Each change of the holder is counted.",
        "reply.transitions + (reply.holder != identity)",
        "reply.transitions",
        checked("machines/test_lease.py"),
    ),
)
