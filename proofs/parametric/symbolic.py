"""The language of sorts.py as z3 terms over unbounded sorts, and what is assumed of the orders and the sets."""

from collections.abc import Callable, Sequence
from typing import Final

import z3

from proofs.parametric.sorts import ACKS, ELECTORATE, EPOCH, POD, TRUTH, VOTES, WRITE, Sort, Term
from proofs.parametric.state import SIGNATURE, State, Symbol

OF: Final = {sort: z3.BoolSort() if sort is TRUTH else z3.DeclareSort(sort.value) for sort in Sort}


def constant(sort: Sort, name: str) -> Term:
    """Return a constant: an element of which nothing is known."""
    return z3.Const(name, OF[sort])


class Z3:
    """The logic of z3 terms."""

    def __init__(self) -> None:
        self._depth = 0
        self.first_epoch = constant(EPOCH, "first")
        self.nothing = constant(WRITE, "nothing")
        truth = OF[TRUTH]
        self._le = z3.Function("le", OF[EPOCH], OF[EPOCH], truth)
        self._upto = z3.Function("upto", OF[WRITE], OF[WRITE], truth)
        self._voter = z3.Function("voter", OF[POD], OF[VOTES], truth)
        self._acker = z3.Function("acker", OF[POD], OF[ACKS], truth)
        self._counts = z3.Function("counts", OF[POD], OF[ELECTORATE], truth)
        self._enough = z3.Function("enough", OF[VOTES], OF[ELECTORATE], truth)
        self._meeting = z3.Function("meeting", OF[VOTES], OF[ACKS], OF[POD])
        self._outside = z3.Function("outside", OF[ACKS], OF[ELECTORATE], OF[POD])
        self._another = z3.Function("another", OF[ACKS], OF[POD], OF[POD])

    def all(self, *parts: Term) -> Term:
        """Conjunction."""
        return z3.And(*parts)

    def any(self, *parts: Term) -> Term:
        """Disjunction."""
        return z3.Or(*parts)

    def no(self, part: Term) -> Term:
        """Negation."""
        return z3.Not(part)

    def ite(self, condition: Term, then: Term, otherwise: Term) -> Term:
        """If, then, else."""
        return z3.If(condition, then, otherwise)

    def rule(self, sorts: Sequence[Sort], given: Callable[..., Term], then: Callable[..., Term]) -> Term:
        """Return the universally quantified implication."""
        # The same text gives the same term each time: a conjunct that an action does not touch is seen to be so.
        self._depth += 1
        names = [constant(sort, f"{sort.value.lower()}.{self._depth}.{place}") for place, sort in enumerate(sorts)]
        premise, conclusion = given(*names), then(*names)
        self._depth -= 1
        body = conclusion if premise is True else z3.Implies(premise, conclusion)
        return z3.ForAll(names, body) if names else body

    def le(self, one: Term, other: Term) -> Term:
        """Order of epochs."""
        return self._le(one, other)

    def upto(self, one: Term, other: Term) -> Term:
        """Order of writes."""
        return self._upto(one, other)

    def voter(self, pod: Term, votes: Term) -> Term:
        """Membership in a set of votes."""
        return self._voter(pod, votes)

    def acker(self, pod: Term, acks: Term) -> Term:
        """Membership in a set that WAIT counted."""
        return self._acker(pod, acks)

    def counts(self, pod: Term, electorate: Term) -> Term:
        """Membership in an electorate."""
        return self._counts(pod, electorate)

    def enough(self, votes: Term, electorate: Term) -> Term:
        """Enough votes of an electorate."""
        return self._enough(votes, electorate)

    def meeting(self, votes: Term, acks: Term) -> Term:
        """A pod of both sets, if any."""
        return self._meeting(votes, acks)

    def outside(self, acks: Term, electorate: Term) -> Term:
        """A pod that counted and is not of the electorate, if any."""
        return self._outside(acks, electorate)

    def another(self, acks: Term, pod: Term) -> Term:
        """Another pod of the set."""
        return self._another(acks, pod)

    def overlap(self, votes: Term, acks: Term, electorate: Term) -> Term:
        """Return the fact about three sets: enough votes meet all acks of the electorate (c + acks + 1 > size)."""
        met, out = self.meeting(votes, acks), self.outside(acks, electorate)
        return z3.Implies(
            self.enough(votes, electorate),
            z3.Or(
                z3.And(self.voter(met, votes), self.acker(met, acks)),
                z3.And(self.acker(out, acks), z3.Not(self.counts(out, electorate))),
            ),
        )

    def two(self, acks: Term, pod: Term) -> Term:
        """Return the fact that a set of acks has another pod than this one: acks >= 1."""
        another = self.another(acks, pod)
        return z3.And(self.acker(another, acks), another != pod)

    def assumptions(self) -> list[Term]:
        """Return what is assumed: two total orders with a least element, and three facts about finite sets."""
        votes, acks, electorate = constant(VOTES, "C"), constant(ACKS, "A"), constant(ELECTORATE, "K")
        pod = constant(POD, "p")
        return [
            *_total(self._le, EPOCH),
            *_total(self._upto, WRITE),
            self.rule((EPOCH,), lambda _: True, lambda e: self.le(self.first_epoch, e)),
            self.rule((WRITE,), lambda _: True, lambda w: self.upto(self.nothing, w)),
            z3.ForAll([votes, acks, electorate], self.overlap(votes, acks, electorate)),
            z3.ForAll([acks, pod], self.two(acks, pod)),
        ]


def _total(order: Term, sort: Sort) -> list[Term]:
    a, b, c = (constant(sort, name) for name in "abc")
    return [
        z3.ForAll([a], order(a, a)),
        z3.ForAll([a, b], z3.Implies(z3.And(order(a, b), order(b, a)), a == b)),
        z3.ForAll([a, b, c], z3.Implies(z3.And(order(a, b), order(b, c)), order(a, c))),
        z3.ForAll([a, b], z3.Or(order(a, b), order(b, a))),
    ]


class Terms:
    """A state whose symbols are terms over those of the state before: an effect needs no frame conditions."""

    def __init__(self, symbols: dict[str, Symbol]) -> None:
        self._symbols = symbols

    def __getattr__(self, name: str) -> Symbol:
        """Return a symbol."""
        return self._symbols[name]

    def put(self, name: str, at: tuple[Term, ...], value: Term) -> State:
        """Change one value."""
        was = self._symbols[name]

        def changed(*arguments: Term) -> Term:
            here = z3.And(*(one == other for one, other in zip(arguments, at, strict=True)))
            return z3.If(here, value, was(*arguments)) if at else value

        return Terms({**self._symbols, name: changed})

    def define(self, name: str, value: Symbol) -> State:
        """Give all values by a function."""
        return Terms({**self._symbols, name: value})


def unknown() -> State:
    """Return a state of which nothing is known."""

    def symbol(name: str, sorts: tuple[Sort, ...]) -> Symbol:
        if len(sorts) > 1:
            return z3.Function(name, *(OF[sort] for sort in sorts))  # type: ignore[no-any-return]
        value = constant(sorts[0], name)
        return lambda: value

    return Terms({name: symbol(name, sorts) for name, sorts in SIGNATURE.items()})
