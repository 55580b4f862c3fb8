"""The invariant: the record, the fence and the roles, the votes."""

from typing import Final

from proofs.parametric.action import free
from proofs.parametric.conjunct import (
    E1,
    EQ,
    Q1,
    anything,
    rule,
)
from proofs.parametric.sorts import before

RECORD: Final = (
    rule(
        "begun",
        "No epoch above the stored one was ever stored.",
        E1,
        lambda _lg, s, e: s.begun(e),
        lambda lg, s, e: lg.le(e, s.current()),
    ),
    rule("current begun", "The stored epoch was stored.", (), anything, lambda _lg, s: s.begun(s.current())),
    rule("stamp begun", "The template is of a stored epoch.", (), anything, lambda _lg, s: s.begun(s.stamped())),
    rule(
        "chosen begun",
        "A candidate is frozen for stored epochs only.",
        E1,
        lambda _lg, s, e: s.chosen(e),
        lambda _lg, s, e: s.begun(e),
    ),
    rule(
        "voted begun",
        "A vote is given in stored epochs only.",
        EQ,
        lambda _lg, s, e, q: s.voted(e, q),
        lambda _lg, s, e, q: s.begun(e),
    ),
    rule(
        "blank begun",
        "So is the word of a pod that holds nothing.",
        EQ,
        lambda _lg, s, e, q: s.blank(e, q),
        lambda _lg, s, e, q: s.begun(e),
    ),
    rule(
        "first",
        "The first epoch begins with nothing.",
        (),
        anything,
        lambda lg, s: lg.all(
            s.chosen(lg.first_epoch),
            s.settled(lg.first_epoch),
            s.parent(lg.first_epoch) == lg.first_epoch,
            s.base(lg.first_epoch) == lg.nothing,
        ),
    ),
    rule(
        "settled",
        "A recorded promotion took effect, and none is newer than the latest.",
        E1,
        lambda _lg, s, e: s.settled(e),
        lambda lg, s, e: lg.all(s.started(e), lg.le(e, s.latest())),
    ),
    rule("latest", "The latest recorded promotion is recorded.", (), anything, lambda _lg, s: s.settled(s.latest())),
)

FENCE: Final = (
    rule(
        "cut",
        "A pod carried out no command above its fence.",
        Q1,
        anything,
        lambda lg, s, q: lg.le(s.cut(q), s.fence(q)),
    ),
    rule(
        "free",
        "What ties a pod again that has neither role nor link is at least as new as its fence.",
        Q1,
        free,
        lambda _lg, s, q: s.cut(q) == s.fence(q),
    ),
    rule("fence begun", "A fence is a stored epoch.", Q1, anything, lambda _lg, s, q: s.begun(s.fence(q))),
    rule(
        "fence stamped",
        "No fence is above the template: a new volume starts no lower.",
        Q1,
        anything,
        lambda lg, s, q: lg.le(s.fence(q), s.stamped()),
    ),
    rule(
        "primary",
        "A primary is whole, was promoted in the epoch of its last command, and writes that history.",
        Q1,
        lambda _lg, s, q: s.primary(q),
        lambda lg, s, q: lg.all(s.whole(q), s.history(q) == s.cut(q), s.promoted(s.cut(q), q), lg.no(s.linked(q))),
    ),
    rule(
        "linked",
        "Who is linked was told in the epoch of its last command, and follows the candidate of it.",
        Q1,
        lambda _lg, s, q: s.linked(q),
        lambda lg, s, q: lg.all(
            s.settled(s.cut(q)), s.candidate(s.cut(q)) == s.host(q), s.host(q) != q, s.told(s.cut(q), q)
        ),
    ),
    rule(
        "open",
        "A connection carries the history of the epoch in which the pod was told to follow.",
        Q1,
        lambda _lg, s, q: s.open(q),
        lambda lg, s, q: lg.all(s.linked(q), s.carries(q) == s.cut(q), s.started(s.carries(q))),
    ),
    rule(
        "loading",
        "What is loaded is a copy that came over a connection.",
        Q1,
        lambda _lg, s, q: s.loading(q),
        lambda lg, s, q: lg.all(s.open(q), s.copying(q)),
    ),
    rule(
        "history cut",
        "No pod's history is newer than its last command.",
        Q1,
        anything,
        lambda lg, s, q: lg.le(s.history(q), s.cut(q)),
    ),
    rule(
        "promoted",
        "Only the frozen candidate was promoted.",
        EQ,
        lambda _lg, s, e, q: s.promoted(e, q),
        lambda lg, s, e, q: lg.all(s.chosen(e), s.candidate(e) == q, s.started(e)),
    ),
    rule(
        "started",
        "A history began with the promotion of its candidate.",
        E1,
        lambda _lg, s, e: s.started(e),
        lambda lg, s, e: lg.all(s.chosen(e), s.promoted(e, s.candidate(e))),
    ),
    rule(
        "candidate cut",
        "The candidate of an epoch was cut loose in it.",
        E1,
        lambda _lg, s, e: s.chosen(e),
        lambda lg, s, e: lg.le(e, s.cut(s.candidate(e))),
    ),
    rule(
        "history started",
        "Every pod is of a history that began.",
        Q1,
        anything,
        lambda _lg, s, q: s.started(s.history(q)),
    ),
    rule(
        "no way back",
        "Who was promoted never falls back to an older history.",
        EQ,
        lambda _lg, s, e, q: s.promoted(e, q),
        lambda lg, s, e, q: lg.le(e, s.history(q)),
    ),
)

VOTES: Final = (
    rule(
        "vote cut",
        "Who voted was cut loose in that epoch.",
        EQ,
        lambda _lg, s, e, q: s.voted(e, q),
        lambda lg, s, e, q: lg.le(e, s.cut(q)),
    ),
    rule(
        "vote history",
        "A vote names an older history that began.",
        EQ,
        lambda _lg, s, e, q: s.voted(e, q),
        lambda lg, s, e, q: lg.all(before(lg, s.vote_history(e, q), e), s.started(s.vote_history(e, q))),
    ),
    rule(
        "vote true",
        "Until the epoch is frozen, or the pod moves on or ends, its vote is still true.",
        EQ,
        lambda lg, s, e, q: lg.all(s.voted(e, q), lg.no(s.chosen(e)), s.fence(q) == e, s.same_process(e, q)),
        lambda lg, s, e, q: lg.all(
            s.history(q) == s.vote_history(e, q), s.offset(q) == s.vote_offset(e, q), free(lg, s, q), s.whole(q)
        ),
    ),
    rule(
        "candidate unchanged",
        "Nor does the data of the candidate change until it is promoted.",
        E1,
        lambda lg, s, e: lg.all(
            s.chosen(e), lg.no(s.started(e)), s.fence(s.candidate(e)) == e, s.same_process(e, s.candidate(e))
        ),
        lambda lg, s, e: lg.all(
            s.history(s.candidate(e)) == s.parent(e),
            s.offset(s.candidate(e)) == s.base(e),
            free(lg, s, s.candidate(e)),
            s.whole(s.candidate(e)),
        ),
    ),
    rule(
        "candidate whole",
        "The process of a candidate that was promoted holds data, or loads a copy.",
        E1,
        lambda lg, s, e: lg.all(s.chosen(e), s.same_process(e, s.candidate(e))),
        lambda lg, s, e: lg.any(s.whole(s.candidate(e)), s.loading(s.candidate(e))),
    ),
    rule(
        "parent",
        "A history begins out of an older one.",
        E1,
        lambda lg, s, e: lg.all(s.chosen(e), e != lg.first_epoch),
        lambda lg, s, e: lg.all(before(lg, s.parent(e), e), s.started(s.parent(e))),
    ),
    rule(
        "process voted",
        "Only who voted is the process that voted.",
        EQ,
        lambda _lg, s, e, q: s.same_process(e, q),
        lambda _lg, s, e, q: s.voted(e, q),
    ),
    rule(
        "process whole",
        "The process that voted holds data, or loads a copy.",
        EQ,
        lambda _lg, s, e, q: s.same_process(e, q),
        lambda lg, s, e, q: lg.any(s.whole(q), s.loading(q)),
    ),
    rule(
        "member whole",
        "A process that is recorded as whole is so, unless it loads a copy.",
        Q1,
        lambda lg, s, q: lg.all(s.member(q), lg.no(s.loading(q))),
        lambda _lg, s, q: s.whole(q),
    ),
)
