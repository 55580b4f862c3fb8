"""Quorums of any size, epochs of any number, and the Lease under clocks that drift."""

from itertools import product

import z3

from gungnir.machines.epochs import claim, promoted
from gungnir.machines.lease import LeaseSeen, LeaseTimes, Phase, PutLease, State, leads, step
from gungnir.machines.record import Candidate, Electorate, Kind
from gungnir.machines.requests import Stored, Version
from gungnir.machines.selection import votes_needed
from proofs.shapes import FACTS, record, under_way
from proofs.unbounded import Obligation, Proof

_V1 = Version("1")
_SMALL = range(-1, 6)


def needed(size: z3.ArithRef, acks: z3.ArithRef, blanks: z3.ArithRef) -> z3.ArithRef:
    """Transcribe ``votes_needed``."""
    left = size - blanks - acks
    return z3.If(acks != 0, z3.If(left > 1, left, 1), z3.IntVal(1))


def _quorum() -> tuple[Obligation, ...]:
    size, acks, blanks, votes, holders, both = z3.Ints("size acks blanks votes holders both")
    # Of `size - blanks` pods, `votes` voted and `holders` hold the write: by counting, at least the excess did both.
    counted = (acks >= 1, blanks >= 0, holders == acks + 1, holders <= size - blanks, votes <= size - blanks)
    overlap = (votes >= needed(size, acks, blanks), both >= 0, both >= votes + holders - (size - blanks))
    return (Obligation("a voter holds the write", (*counted, *overlap), both >= 1),)


def _pin_quorum() -> str:
    size, acks, blanks = z3.Ints("size acks blanks")
    formula = needed(size, acks, blanks)
    for values in product(range(8), repeat=3):
        pairs = [(name, z3.IntVal(value)) for name, value in zip((size, acks, blanks), values, strict=True)]
        said = z3.simplify(z3.substitute(formula, *pairs)).as_long()
        if said != votes_needed(Electorate(values[0], values[1]), values[2]):
            return f"votes_needed differs at size, acks, blanks = {values}"
    return ""


def _epochs() -> tuple[Obligation, ...]:
    # `epoch(n)` is the record's epoch after n claims. By induction over the number of claims between two of them.
    first, later = z3.Ints("first later")
    epoch = z3.Function("epoch", z3.IntSort(), z3.IntSort())
    step = epoch(later + 1) == epoch(later) + 1
    return (
        Obligation("the next claim", (step, first == later), epoch(first) < epoch(later + 1)),
        Obligation(
            "every later one", (step, first < later, epoch(first) < epoch(later)), epoch(first) < epoch(later + 1)
        ),
    )


def _pin_epochs() -> str:
    for epoch, kind in product(range(40), Kind):
        if claim(record(epoch), FACTS, kind, "PodGone", "").epoch != epoch + 1:
            return f"claim differs at epoch {epoch}, {kind}"
        after = promoted(under_way(epoch, 3, 1), FACTS, Candidate("c-1", "u", "r", 4, 9), "n", 0)
        if after.epoch != epoch or after.primary is None or after.primary.epoch != epoch:
            return f"promoted differs at epoch {epoch}"
    return ""


def _lease() -> tuple[Obligation, ...]:
    # Real times: the holder sent at `sent`, the taker first saw that Lease at `seen` and takes it at `now`. Clocks run
    # at rates between 1 - drift and 1 + drift of real time, so over a span each measures it within that.
    sent, seen, now, ours, theirs, drift = z3.Reals("sent seen now ours theirs drift")
    deadline, duration = z3.Reals("deadline duration")
    spans = (
        sent <= seen,
        seen <= now,
        drift >= 0,
        drift < 1,
        ours >= (now - sent) * (1 - drift),
        theirs <= (now - seen) * (1 + drift),
    )
    times = (deadline > 0, deadline * (1 + drift) <= duration * (1 - drift))
    taken = theirs > duration
    return (Obligation("the holder leads no more", (*spans, *times, taken), z3.Not(ours < deadline)),)


def _pin_lease() -> str:
    for sent, now, later, deadline in product(_SMALL, repeat=4):
        before = State(Phase.RENEWING, _V1, sent_ms=sent)
        after = step(LeaseTimes(renew_deadline_ms=deadline), "me", before, Stored(_V1), now).state
        if leads(after, later) != (later - sent < deadline):
            return f"leads differs at sent, now, later, deadline = {(sent, now, later, deadline)}"
    for seen, now, duration in product(_SMALL, repeat=3):
        before = State(stamp="other/s/1", stamp_seen_ms=seen)
        done = step(LeaseTimes(), "me", before, LeaseSeen(_V1, "other", "s", duration, 0), now)
        if isinstance(done.request, PutLease) != (now - seen > duration):
            return f"taking differs at seen, now, duration = {(seen, now, duration)}"
    return ""


PROOFS = (
    Proof(
        "quorum", "Enough votes and the holders of a write meet, in an electorate of any size.", _quorum, _pin_quorum
    ),
    Proof("epochs", "Every claim begins a higher epoch, after any number of claims.", _epochs, _pin_epochs),
    Proof("lease", "Two never lead at once, for all times and every drift that the times allow.", _lease, _pin_lease),
)
