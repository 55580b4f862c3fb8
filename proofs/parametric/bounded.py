"""Steps without one guard, in every state of a small cluster that is within the invariant, reached or not.

z3 is asked for a state of three pods, with all their sets, few epochs and few writes, in which the invariant and all
guards but one hold, and after the step the invariant does not. Quantifiers are spelled out, so it decides. A state that
is found shows that the proof needs the guard; that the protocol comes there, only a walk shows (``mutants``).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import product
from typing import Final

import z3

from proofs.parametric.action import Action
from proofs.parametric.concrete import Finite, Size
from proofs.parametric.invariant import INVARIANT
from proofs.parametric.sorts import ACKS, ELECTORATE, EPOCH, POD, TRUTH, VOTES, WRITE, Sort, Term
from proofs.parametric.state import SIGNATURE
from proofs.parametric.symbolic import Z3, constant, unknown

SIZE: Final = Size(pods=3, epochs=4, writes=3, acks=1)
LIMIT: Final = 400_000_000
"""z3's own count of its work for one guard."""


class Bounded(Z3):
    """The logic of z3 terms over sorts that have so many elements: a rule is a conjunction."""

    def __init__(self, size: Size = SIZE) -> None:
        super().__init__()
        self._finite = Finite(size)
        self._constants = {
            sort: tuple(constant(sort, f"{sort.value}:{each}") for each in self._finite.elements(sort))
            for sort in Sort
            if sort is not TRUTH
        }
        self.first_epoch, self.nothing = self._constants[EPOCH][0], self._constants[WRITE][0]

    def elements(self, sort: Sort) -> Sequence[Term]:
        """Return all elements of a sort."""
        return (z3.BoolVal(False), z3.BoolVal(True)) if sort is TRUTH else self._constants[sort]

    def rule(self, sorts: Sequence[Sort], given: Callable[..., Term], then: Callable[..., Term]) -> Term:
        """For all elements, one by one."""
        return z3.And(
            *(z3.Implies(given(*each), then(*each)) for each in product(*(self.elements(sort) for sort in sorts)))
        )

    def assumptions(self) -> list[Term]:
        """Return what the elements are, how they are ordered, and who is in which set."""
        return [
            *(z3.Distinct(*constants) for constants in self._constants.values()),
            *self._table("le", self._le, EPOCH, EPOCH),
            *self._table("upto", self._upto, WRITE, WRITE),
            *self._table("voter", self._voter, POD, VOTES),
            *self._table("acker", self._acker, POD, ACKS),
            *self._table("counts", self._counts, POD, ELECTORATE),
            *self._table("enough", self._enough, VOTES, ELECTORATE),
            *self._closed(),
        ]

    def _table(self, name: str, function: Term, *sorts: Sort) -> Iterator[Term]:
        """Yield a relation's values, as the finite states have them."""
        known = getattr(self._finite, name)
        for each in product(*(range(len(self._constants[sort])) for sort in sorts)):
            values = (self._finite.elements(sort)[place] for sort, place in zip(sorts, each, strict=True))
            holds = function(*(self._constants[sort][place] for sort, place in zip(sorts, each, strict=True)))
            yield holds if known(*values) else z3.Not(holds)

    def _closed(self) -> Iterator[Term]:
        """Yield that each value of the state is one of the elements."""
        state = unknown()
        for name, sorts in SIGNATURE.items():
            if sorts[-1] is not TRUTH:
                for each in product(*(self.elements(sort) for sort in sorts[:-1])):
                    yield self.among(getattr(state, name)(*each), sorts[-1])

    def among(self, term: Term, sort: Sort) -> Term:
        """Tell whether a term is one of the elements of its sort."""
        return z3.Or(*(term == each for each in self.elements(sort)))


class Search:
    """Looks for states of the invariant from which a step without one guard leads out of it."""

    def __init__(self, size: Size = SIZE) -> None:
        self._logic, self._state = Bounded(size), unknown()

    @cached_property
    def _hypotheses(self) -> list[Term]:
        return [*self._logic.assumptions(), *(each.formula(self._logic, self._state) for each in INVARIANT)]

    def broken(self, action: Action, without: str = "") -> str | None:
        """Return which conjunct breaks in some such state, an empty text if none does; None if z3 gave up."""
        logic, state = self._logic, self._state
        arguments = tuple(constant(each.sort, f"{each.name}!") for each in action.parameters)
        guards = action.guards(logic, state, *arguments)
        if without and without not in guards:
            raise ValueError(f"{action.name} has no guard {without!r}")
        after = action.effect(logic, state, *arguments)
        kept = {each.name: each.formula(logic, after) for each in INVARIANT}
        solver = z3.Solver()
        solver.set("rlimit", LIMIT)
        solver.add(*self._hypotheses)
        for term, each in zip(arguments, action.parameters, strict=True):
            if each.sort is not TRUTH:
                solver.add(logic.among(term, each.sort))
        solver.add(*(guard for name, guard in guards.items() if name != without), z3.Not(z3.And(*kept.values())))
        verdict = solver.check()
        if verdict == z3.unknown:
            return None
        if verdict == z3.unsat:
            return ""
        model = solver.model()
        return next(name for name, formula in kept.items() if z3.is_false(model.eval(formula, model_completion=True)))
