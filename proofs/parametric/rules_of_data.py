"""The invariant: what pods hold, and what they acknowledged."""

from typing import Final

from proofs.parametric.conjunct import (
    E1,
    EEQ,
    EEQW,
    EQ,
    EQW,
    EW,
    Q1,
    QW,
    anything,
    by_primary,
    by_votes,
    in_base,
    rule,
)
from proofs.parametric.sorts import EPOCH, WRITE, before

DATA: Final = (
    rule("nothing sent", "Nothing is the first of all writes.", (), anything, lambda lg, s: s.sent(lg.nothing)),
    rule(
        "log sent",
        "A history consists of writes that were sent.",
        EW,
        lambda _lg, s, e, w: s.log(e, w),
        lambda _lg, s, e, w: s.sent(w),
    ),
    rule(
        "offset sent",
        "An offset is a write that was sent.",
        Q1,
        anything,
        lambda lg, s, q: lg.all(s.sent(s.offset(q)), s.sent(s.copy_offset(q))),
    ),
    rule(
        "vote sent",
        "So is that of a vote.",
        EQ,
        lambda _lg, s, e, q: s.voted(e, q),
        lambda _lg, s, e, q: s.sent(s.vote_offset(e, q)),
    ),
    rule(
        "base sent",
        "So is where a history begins.",
        E1,
        lambda _lg, s, e: s.chosen(e),
        lambda _lg, s, e: s.sent(s.base(e)),
    ),
    rule(
        "log started",
        "A history has no writes before its promotion.",
        EW,
        lambda _lg, s, e, w: s.log(e, w),
        lambda _lg, s, e, w: s.started(e),
    ),
    rule(
        "same base",
        "Up to where it begins, a history is that which it came from.",
        EW,
        lambda lg, s, e, w: lg.all(s.started(e), lg.upto(w, s.base(e))),
        lambda _lg, s, e, w: s.log(e, w) == s.log(s.parent(e), w),
    ),
    rule(
        "base held",
        "A pod of a history holds all that it began with.",
        Q1,
        anything,
        lambda lg, s, q: lg.upto(s.base(s.history(q)), s.offset(q)),
    ),
    rule(
        "base voted",
        "So does a vote.",
        EQ,
        lambda _lg, s, e, q: s.voted(e, q),
        lambda lg, s, e, q: lg.upto(s.base(s.vote_history(e, q)), s.vote_offset(e, q)),
    ),
    rule(
        "base frozen",
        "So does a frozen candidate.",
        E1,
        lambda _lg, s, e: s.chosen(e),
        lambda lg, s, e: lg.upto(s.base(s.parent(e)), s.base(e)),
    ),
    rule(
        "base copied",
        "So does a copy under way.",
        Q1,
        lambda lg, s, q: lg.all(s.open(q), s.copying(q)),
        lambda lg, s, q: lg.upto(s.base(s.carries(q)), s.copy_offset(q)),
    ),
    rule(
        "own log",
        "Who was promoted holds its whole history, as long as it is whole and of it.",
        EQW,
        lambda lg, s, e, q, w: lg.all(s.promoted(e, q), s.whole(q), s.history(q) == e, s.log(e, w)),
        lambda lg, s, _e, q, w: lg.upto(w, s.offset(q)),
    ),
    rule(
        "prefix",
        "What an attached pod holds is what its link carries, up to its offset.",
        QW,
        lambda lg, s, q, w: lg.all(s.open(q), lg.no(s.copying(q)), s.whole(q), lg.upto(w, s.offset(q))),
        lambda _lg, s, q, w: s.log(s.history(q), w) == s.log(s.carries(q), w),
    ),
)

ACKED: Final = (
    rule(
        "ack",
        "An ack is of a written write, by a pod that was told, and cut loose in no earlier epoch.",
        EQW,
        lambda _lg, s, e, q, w: s.ack(e, q, w),
        lambda lg, s, e, q, w: lg.all(s.log(e, w), lg.le(e, s.cut(q)), s.told(e, q)),
    ),
    rule(
        "ack settled",
        "But for the primary, nobody acks before the promotion is recorded.",
        EQW,
        lambda lg, s, e, q, w: lg.all(s.ack(e, q, w), q != s.candidate(e)),
        lambda _lg, s, e, q, w: s.settled(e),
    ),
    rule(
        "ack kept",
        "A whole pod still holds what it acked, or is of a later history.",
        EQW,
        lambda lg, s, e, q, w: lg.all(s.ack(e, q, w), s.whole(q)),
        lambda lg, s, e, q, w: lg.all(lg.le(e, s.history(q)), lg.any(s.history(q) != e, lg.upto(w, s.offset(q)))),
    ),
    rule(
        "ack in vote",
        "So do its votes in later epochs: it is cut loose, then it votes.",
        EEQW,
        lambda lg, s, e, f, q, w: lg.all(s.voted(f, q), s.ack(e, q, w), before(lg, e, f)),
        lambda lg, s, e, f, q, w: lg.all(
            lg.le(e, s.vote_history(f, q)), lg.any(s.vote_history(f, q) != e, lg.upto(w, s.vote_offset(f, q)))
        ),
    ),
    rule(
        "ack in copy",
        "A copy under way covers what the pod acked in its epoch.",
        QW,
        lambda lg, s, q, w: lg.all(s.open(q), s.copying(q), s.ack(s.carries(q), q, w)),
        lambda lg, s, q, w: lg.upto(w, s.copy_offset(q)),
    ),
    rule(
        "bound acks",
        "Who acked in an older epoch was of the electorate of the votes that stop it.",
        EEQW,
        lambda lg, s, a, f, q, w: lg.all(by_votes(lg, s, a, f), s.ack(a, q, w)),
        lambda lg, s, a, f, q, _w: lg.counts(q, s.bound(a, f)),
    ),
    rule(
        "bound",
        "So was who still could ack in it.",
        EEQ,
        lambda lg, s, a, f, q: lg.all(by_votes(lg, s, a, f), s.told(a, q), lg.le(s.cut(q), a)),
        lambda lg, s, a, f, q: lg.counts(q, s.bound(a, f)),
    ),
    rule(
        "enough",
        "Those votes were enough.",
        (EPOCH, EPOCH),
        by_votes,
        lambda lg, s, a, f: lg.enough(s.blocking(a, f), s.bound(a, f)),
    ),
    rule(
        "voters left",
        "Those votes are of pods that ack in the older epoch no more.",
        EEQ,
        lambda lg, s, a, f, q: lg.all(by_votes(lg, s, a, f), lg.voter(q, s.blocking(a, f))),
        lambda lg, s, a, f, q: before(lg, a, s.cut(q)),
    ),
    rule(
        "voters' acks",
        "What they acked in it is in the data that the newer epoch began with.",
        EEQW,
        lambda lg, s, a, f, q, w: lg.all(by_votes(lg, s, a, f), lg.voter(q, s.blocking(a, f)), s.ack(a, q, w)),
        lambda lg, s, a, f, q, w: in_base(lg, s, f, w),
    ),
    rule(
        "primary left",
        "Where the primary alone voted, it acks in its epoch no more.",
        (EPOCH, EPOCH),
        lambda lg, s, a, f: lg.all(by_primary(lg, s, a, f), s.settled(a)),
        lambda lg, s, a, f: before(lg, a, s.cut(s.candidate(a))),
    ),
    rule(
        "primary's acks",
        "And what it acked in it is in the data that the newer epoch began with.",
        (EPOCH, EPOCH, WRITE),
        lambda lg, s, a, f, w: lg.all(by_primary(lg, s, a, f), s.settled(a), s.ack(a, s.candidate(a), w)),
        lambda lg, s, a, f, w: in_base(lg, s, f, w),
    ),
)
