"""What the invariant implies: the promises of the protocol."""

from typing import Final

from proofs.parametric.conjunct import (
    Q1,
    anything,
    below,
    in_base,
    rule,
)
from proofs.parametric.sorts import ACKS, EPOCH, POD, WRITE, Logic, Term, before
from proofs.parametric.state import State


def _confirmed(logic: Logic, s: State, e: Term, w: Term, acks: Term) -> Term:
    """Tell whether WAIT may have returned, or may return, in this epoch for this write with these pods."""
    return logic.all(
        logic.acker(s.candidate(e), acks), logic.rule((POD,), lambda q: logic.acker(q, acks), lambda q: s.ack(e, q, w))
    )


def _held(logic: Logic, s: State, p: Term, w: Term) -> Term:
    return logic.all(s.whole(p), s.log(s.history(p), w), logic.upto(w, s.offset(p)))


def _can_ack(logic: Logic, s: State, q: Term, e: Term) -> Term:
    """Tell whether a pod can still confirm writes of an epoch: it was told in it, and not cut loose later."""
    return logic.all(s.told(e, q), logic.le(s.cut(q), e))


SAFETY: Final = (
    rule(
        "one promotion per epoch",
        "At most one pod is promoted in an epoch.",
        (EPOCH, POD, POD),
        lambda lg, s, e, p, q: lg.all(s.promoted(e, p), s.promoted(e, q)),
        lambda _lg, _s, _e, p, q: p == q,
    ),
    rule(
        "one primary per epoch",
        "At most one pod serves in an epoch.",
        (POD, POD),
        lambda lg, s, p, q: lg.all(s.primary(p), s.primary(q), s.cut(p) == s.cut(q)),
        lambda _lg, _s, p, q: p == q,
    ),
    rule(
        "only the newest collects acks",
        "While a newer primary serves, of each acks + 1 pods with the older one, one can confirm nothing to it.",
        (POD, POD, ACKS),
        lambda lg, s, p, q, acks: lg.all(s.primary(p), s.primary(q), before(lg, s.cut(p), s.cut(q)), lg.acker(p, acks)),
        lambda lg, s, p, q, acks: lg.no(
            lg.rule(
                (POD,),
                lambda x: lg.acker(x, acks),
                lambda x: lg.any(x == p, lg.all(_can_ack(lg, s, x, s.cut(p)), s.settled(s.cut(p)))),
            )
        ),
    ),
    rule(
        "every primary holds every acknowledged write",
        "A primary holds each write that was acknowledged in its epoch, or in an older one.",
        (EPOCH, WRITE, ACKS, POD),
        lambda lg, s, e, w, acks, p: lg.all(s.primary(p), lg.le(e, s.cut(p)), _confirmed(lg, s, e, w, acks)),
        lambda lg, s, e, w, acks, p: _held(lg, s, p, w),
    ),
    rule(
        "every candidate holds every acknowledged write",
        "So does a frozen candidate, for older epochs.",
        (EPOCH, EPOCH, WRITE, ACKS),
        lambda lg, s, e, f, w, acks: lg.all(below(lg, s, e, f), _confirmed(lg, s, e, w, acks)),
        lambda lg, s, e, f, w, acks: in_base(lg, s, f, w),
    ),
    rule(
        "nothing above the record",
        "No fence is above the stored epoch.",
        Q1,
        anything,
        lambda lg, s, q: lg.le(s.fence(q), s.current()),
    ),
)
