"""Steps on the way: z3 proves each from the invariant and the guards, and may then use it for the conjuncts."""

from collections.abc import Callable
from typing import Final, NamedTuple

from proofs.parametric.conjunct import in_base
from proofs.parametric.sorts import EPOCH, POD, WRITE, Logic, Term, before
from proofs.parametric.state import State


class Lemma(NamedTuple):
    """What holds whenever an action's guards do."""

    name: str
    sentence: str
    formula: Callable[..., Term]


def _inherited(logic: Logic, s: State, e: Term, p: Term, *_others: Term) -> Term:
    g = s.vote_history(e, p)
    return logic.rule(
        (WRITE,),
        lambda w: logic.all(s.log(s.parent(g), w), logic.upto(w, s.base(g))),
        lambda w: logic.all(s.log(g, w), logic.upto(w, s.vote_offset(e, p))),
    )


def _since(logic: Logic, s: State, e: Term, p: Term, a: Term) -> Term:
    return logic.all(logic.le(s.vote_history(e, p), a), before(logic, a, e))


def _older_votes(logic: Logic, s: State, e: Term, p: Term, *_others: Term) -> Term:
    g = s.vote_history(e, p)
    return logic.rule(
        (EPOCH, POD, WRITE),
        lambda a, q, w: logic.all(
            before(logic, a, g), logic.no(s.by_primary(a, g)), logic.voter(q, s.blocking(a, g)), s.ack(a, q, w)
        ),
        lambda _a, _q, w: logic.all(s.log(g, w), logic.upto(w, s.vote_offset(e, p))),
    )


def _older_primaries(logic: Logic, s: State, e: Term, p: Term, *_others: Term) -> Term:
    g = s.vote_history(e, p)
    return logic.rule(
        (EPOCH, WRITE),
        lambda a, w: logic.all(before(logic, a, g), s.by_primary(a, g), s.settled(a), s.ack(a, s.candidate(a), w)),
        lambda _a, w: logic.all(s.log(g, w), logic.upto(w, s.vote_offset(e, p))),
    )


_OLDER: Final = (
    Lemma("older votes", "So is what stopped the acks of still older epochs, where votes did.", _older_votes),
    Lemma("older primaries", "And where a primary's own vote did.", _older_primaries),
)
_BASE: Final = Lemma("inherited", "What the parent's history began with is in the candidate's data.", _inherited)
_FLOOR: Final = Lemma(
    "above the floor", "The floor is an older epoch.", lambda lg, s, e, *_others: before(lg, s.floor(), e)
)

LEMMAS: Final[dict[str, tuple[Lemma, ...]]] = {
    "freeze by quorum": (
        _BASE,
        *_OLDER,
        _FLOOR,
        Lemma(
            "level with the floor",
            "A keeper is among the voters, so the candidate is of no history older than the floor.",
            lambda lg, s, e, p, _votes, _electorate: lg.le(s.floor(), s.vote_history(e, p)),
        ),
        Lemma(
            "acks counted",
            "Who acked since the parent began is of the electorate.",
            lambda lg, s, e, p, _votes, electorate: lg.rule(
                (EPOCH, POD, WRITE),
                lambda a, q, w: lg.all(_since(lg, s, e, p, a), s.ack(a, q, w)),
                lambda _a, q, _w: lg.counts(q, electorate),
            ),
        ),
        Lemma(
            "acks voted",
            "What the voters acked since the parent began is in the candidate's data.",
            lambda lg, s, e, p, votes, _electorate: lg.rule(
                (EPOCH, POD, WRITE),
                lambda a, q, w: lg.all(_since(lg, s, e, p, a), s.ack(a, q, w), lg.voter(q, votes)),
                lambda _a, _q, w: lg.all(s.log(s.vote_history(e, p), w), lg.upto(w, s.vote_offset(e, p))),
            ),
        ),
    ),
    "freeze by primary": (
        _BASE,
        *_OLDER,
        Lemma(
            "own acks",
            "What the recorded primary acked in its epoch is in the candidate's data.",
            lambda lg, s, e, p: lg.rule(
                (WRITE,),
                lambda w: s.ack(s.latest(), s.candidate(s.latest()), w),
                lambda w: lg.all(s.log(s.latest(), w), lg.upto(w, s.vote_offset(e, p))),
            ),
        ),
        Lemma(
            "nothing recorded since",
            "No promotion was recorded after it.",
            lambda lg, s, _e, _p: lg.rule((EPOCH,), s.settled, lambda a: lg.le(a, s.latest())),
        ),
    ),
}
"""By the name of the action."""

_BEGUN: Final = ("begun", "chosen begun")
NEEDED: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("freeze by quorum", "inherited"): ("same base", "base voted", "vote history"),
    ("freeze by quorum", "older votes"): ("voters' acks", "inherited", "started", "vote history"),
    ("freeze by quorum", "older primaries"): ("primary's acks", "inherited", "started", "vote history"),
    ("freeze by quorum", "above the floor"): ("floor settled", "settled", "started", *_BEGUN),
    ("freeze by quorum", "level with the floor"): (
        "above the floor",
        "keepers' votes",
        "keepers told",
        "told counted",
        "blank no keeper",
    ),
    ("freeze by quorum", "acks counted"): ("ack", "told counted", "blank acked nothing", "level with the floor"),
    ("freeze by quorum", "acks voted"): ("ack in vote", "ack", "vote history"),
    ("freeze by quorum", "bound acks"): ("bound acks", "acks counted", "started", "vote history", *_BEGUN),
    ("freeze by quorum", "voters' acks"): ("voters' acks", "older votes", "acks voted", *_BEGUN),
    ("freeze by quorum", "primary's acks"): ("primary's acks", "older primaries", *_BEGUN),
    ("freeze by primary", "inherited"): ("same base", "base voted", "vote history"),
    ("freeze by primary", "older votes"): ("voters' acks", "inherited", "started", "vote history"),
    ("freeze by primary", "older primaries"): ("primary's acks", "inherited", "started", "vote history"),
    ("freeze by primary", "own acks"): ("ack in vote", "ack", "vote history"),
    ("freeze by primary", "nothing recorded since"): ("settled",),
    ("freeze by primary", "voters' acks"): ("voters' acks", "older votes", *_BEGUN),
    ("freeze by primary", "primary's acks"): (
        "primary's acks",
        "older primaries",
        "own acks",
        "nothing recorded since",
        *_BEGUN,
    ),
    ("stream", "ack in vote"): ("ack in vote", "vote cut", "open"),
    ("loaded", "ack in vote"): ("ack in vote", "vote cut", "open"),
    ("write", "ack in vote"): ("ack in vote", "vote cut", "primary"),
}
"""By action and conjunct or lemma: what of the invariant, and which lemmas, are enough. A hint: it is tried first."""

_STOPPED: Final = ("ack settled", "bound acks", "enough", "voters' acks", "primary's acks")
NEEDED_FOR_SAFETY: Final[dict[str, tuple[str, ...]]] = {
    "one promotion per epoch": ("promoted",),
    "one primary per epoch": ("primary", "promoted"),
    "only the newest collects acks": (
        "primary",
        "promoted",
        "candidate told",
        "enough",
        "bound",
        "voters left",
        "primary left",
    ),
    "every primary holds every acknowledged write": (
        "primary",
        "promoted",
        "ack",
        "ack kept",
        "same base",
        "base held",
        *_STOPPED,
    ),
    "every candidate holds every acknowledged write": _STOPPED,
    "nothing above the record": ("fence begun", "begun"),
}
"""As NEEDED, for what the invariant implies."""

SAFETY_LEMMAS: Final[dict[str, tuple[Lemma, ...]]] = {
    "every primary holds every acknowledged write": (
        Lemma(
            "in the base",
            "What was acknowledged in an older epoch is in the data that the primary's history began with.",
            lambda lg, s, e, w, _acks, p: lg.any(e == s.cut(p), in_base(lg, s, s.cut(p), w)),
        ),
        Lemma(
            "base in the log",
            "So it is in the history, and before the primary's offset.",
            lambda lg, s, e, w, _acks, p: lg.any(
                e == s.cut(p), lg.all(s.log(s.cut(p), w), lg.upto(s.base(s.cut(p)), s.offset(p)))
            ),
        ),
    ),
}
"""By the name of the property."""
