"""What a rule of the invariant is, and words that several of them use."""

from collections.abc import Callable
from typing import NamedTuple

from proofs.parametric.sorts import EPOCH, POD, WRITE, Logic, Sort, Term, before
from proofs.parametric.state import State

Part = Callable[..., Term]


class Conjunct(NamedTuple):
    """One rule of the invariant."""

    name: str
    sentence: str
    sorts: tuple[Sort, ...]
    given: Part
    then: Part

    def formula(self, logic: Logic, state: State) -> Term:
        """Return the rule as a formula about a state."""
        return logic.rule(
            self.sorts, lambda *each: self.given(logic, state, *each), lambda *each: self.then(logic, state, *each)
        )


def below(logic: Logic, s: State, a: Term, f: Term) -> Term:
    """Tell whether epoch a is before an epoch f that has a candidate."""
    return logic.all(s.chosen(f), before(logic, a, f))


def by_votes(logic: Logic, s: State, a: Term, f: Term) -> Term:
    """Tell whether a quorum of votes keeps acks of epoch a from being completed once f is frozen."""
    return logic.all(below(logic, s, a, f), logic.no(s.by_primary(a, f)))


def by_primary(logic: Logic, s: State, a: Term, f: Term) -> Term:
    """Tell whether the vote of the recorded primary does: of epoch a, or of one after it with no recorded promotion."""
    return logic.all(below(logic, s, a, f), s.by_primary(a, f))


def in_base(logic: Logic, s: State, f: Term, w: Term) -> Term:
    """Tell whether the data that epoch f began, or begins, with has this write."""
    return logic.all(s.log(s.parent(f), w), logic.upto(w, s.base(f)))


E1, Q1, EQ, EW, QW, EQW, EEQ, EEQW = (
    (EPOCH,),
    (POD,),
    (EPOCH, POD),
    (EPOCH, WRITE),
    (POD, WRITE),
    (EPOCH, POD, WRITE),
    (EPOCH, EPOCH, POD),
    (EPOCH, EPOCH, POD, WRITE),
)


def rule(name: str, sentence: str, sorts: tuple[Sort, ...], given: Part, then: Part) -> Conjunct:
    """Return a rule of the invariant."""
    return Conjunct(name, sentence, sorts, given, then)


def anything(_logic: Logic, _state: State, *_each: Term) -> Term:
    """Give nothing: the rule holds of all elements."""
    return True
