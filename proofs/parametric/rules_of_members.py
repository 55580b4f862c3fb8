"""The invariant: who counts, who was told, and who need not be asked."""

from typing import Final

from proofs.parametric.conjunct import (
    E1,
    EEQW,
    EQ,
    EQW,
    Q1,
    anything,
    rule,
)
from proofs.parametric.sorts import before

COUNTED: Final = (
    rule("member counted", "A member counts.", Q1, lambda _lg, s, q: s.member(q), lambda _lg, s, q: s.counted(q)),
    rule(
        "candidate told",
        "The candidate is of its own epoch.",
        E1,
        lambda _lg, s, e: s.chosen(e),
        lambda _lg, s, e: s.told(e, s.candidate(e)),
    ),
    rule(
        "told chosen",
        "Nobody is told before a candidate is frozen.",
        EQ,
        lambda _lg, s, e, q: s.told(e, q),
        lambda _lg, s, e, q: s.chosen(e),
    ),
    rule(
        "told counted",
        "Who was told since the floor counts.",
        EQ,
        lambda lg, s, e, q: lg.all(s.told(e, q), lg.le(s.floor(), e)),
        lambda _lg, s, e, q: s.counted(q),
    ),
    rule(
        "floor settled",
        "The floor is an epoch whose promotion is recorded.",
        (),
        anything,
        lambda _lg, s: s.settled(s.floor()),
    ),
    rule(
        "keepers told",
        "The keepers were told in the epoch of the floor, and cut loose in no earlier one.",
        Q1,
        lambda lg, s, q: lg.acker(q, s.keepers()),
        lambda lg, s, q: lg.all(s.told(s.floor(), q), lg.le(s.floor(), s.cut(q))),
    ),
    rule(
        "keepers level",
        "A whole keeper is of no history older than the floor.",
        Q1,
        lambda lg, s, q: lg.all(lg.acker(q, s.keepers()), s.whole(q)),
        lambda lg, s, q: lg.le(s.floor(), s.history(q)),
    ),
    rule(
        "keepers' votes",
        "Nor are its votes.",
        EQ,
        lambda lg, s, f, q: lg.all(s.voted(f, q), before(lg, s.floor(), f), lg.acker(q, s.keepers())),
        lambda lg, s, f, q: lg.le(s.floor(), s.vote_history(f, q)),
    ),
    rule(
        "level",
        "Who was level was told, and cut loose in no earlier epoch.",
        EQ,
        lambda _lg, s, e, q: s.level(e, q),
        lambda lg, s, e, q: lg.all(lg.le(e, s.cut(q)), s.told(e, q)),
    ),
    rule(
        "still level",
        "Who was level is of no older history, as long as it is whole.",
        EQ,
        lambda lg, s, e, q: lg.all(s.level(e, q), s.whole(q)),
        lambda lg, s, e, q: lg.le(e, s.history(q)),
    ),
    rule(
        "fresh acked nothing",
        "A process admitted as new acked nothing since the floor.",
        EQW,
        lambda lg, s, e, q, _w: lg.all(s.fresh(q), lg.le(s.floor(), e)),
        lambda lg, s, e, q, w: lg.no(s.ack(e, q, w)),
    ),
    rule(
        "fresh untied",
        "It is attached to nobody of that time, but for a copy that has not arrived.",
        Q1,
        lambda lg, s, q: lg.all(s.fresh(q), s.open(q), lg.no(s.copying(q))),
        lambda lg, s, q: before(lg, s.cut(q), s.floor()),
    ),
    rule(
        "fresh not level",
        "Nor was it level, or a candidate.",
        EQ,
        lambda lg, s, e, q: lg.all(s.fresh(q), lg.le(s.floor(), e)),
        lambda lg, s, e, q: lg.all(lg.no(s.level(e, q)), lg.no(lg.all(s.chosen(e), s.candidate(e) == q))),
    ),
    rule(
        "fresh no member",
        "It is no member, and no keeper.",
        Q1,
        lambda _lg, s, q: s.fresh(q),
        lambda lg, s, q: lg.all(lg.no(s.member(q)), lg.no(lg.acker(q, s.keepers()))),
    ),
    rule(
        "voter counted",
        "Who voted since the floor counts, and is not new.",
        EQ,
        lambda lg, s, f, q: lg.all(s.voted(f, q), before(lg, s.floor(), f)),
        lambda lg, s, f, q: lg.all(s.counted(q), lg.no(s.fresh(q))),
    ),
    rule(
        "blank cut",
        "Who was read as blank was cut loose in that epoch.",
        EQ,
        lambda _lg, s, e, q: s.blank(e, q),
        lambda lg, s, e, q: lg.le(e, s.cut(q)),
    ),
    rule(
        "blank acked nothing",
        "It acked nothing since the floor.",
        EEQW,
        lambda lg, s, f, a, q, _w: lg.all(s.blank(f, q), lg.le(s.floor(), a), before(lg, a, f)),
        lambda lg, s, f, a, q, w: lg.no(s.ack(a, q, w)),
    ),
    rule(
        "blank no keeper",
        "It is no keeper.",
        EQ,
        lambda lg, s, f, q: lg.all(s.blank(f, q), before(lg, s.floor(), f)),
        lambda lg, s, f, q: lg.no(lg.acker(q, s.keepers())),
    ),
)
