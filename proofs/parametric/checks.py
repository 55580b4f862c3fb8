"""The proof obligations, and the portfolio of z3 configurations that discharges them."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import z3

from proofs.parametric.action import Action
from proofs.parametric.initial import initial
from proofs.parametric.invariant import INVARIANT
from proofs.parametric.lemmas import LEMMAS, NEEDED, NEEDED_FOR_SAFETY, SAFETY_LEMMAS
from proofs.parametric.relation import ACTIONS
from proofs.parametric.safety import SAFETY
from proofs.parametric.sorts import ACKS, EPOCH, POD, WRITE, Sort, Term, always
from proofs.parametric.state import State
from proofs.parametric.symbolic import Z3, constant, unknown

_BY_MODELS: Final[dict[str, bool]] = {"smt.ematching": False}
_BY_MATCHING: Final[dict[str, bool]] = {"smt.mbqi": False, "auto_config": False}
FEW: Final = ((_BY_MATCHING, 100_000), (_BY_MODELS, 300_000), (_BY_MATCHING, 1_000_000))
PORTFOLIO: Final[tuple[tuple[dict[str, bool], int], ...]] = (
    (_BY_MATCHING, 200_000),
    (_BY_MODELS, 800_000),
    (_BY_MATCHING, 1_500_000),
    (_BY_MODELS, 8_000_000),
    (_BY_MATCHING, 10_000_000),
    ({}, 20_000_000),
)
"""z3 options and a limit, tried in this order: no single one decides all obligations soon.

The limit is z3's own count of its work (``rlimit``, about a million a second), not a time: the verdict is the same on
a busy machine.
"""


_FROZEN: Final = ("candidate", "parent", "base")


class Obligation(NamedTuple):
    """What is to be proved: under these hypotheses, the goal. ``few`` of them may be enough, and are tried first."""

    name: str
    hypotheses: tuple[Term, ...]
    goal: Term
    few: tuple[Term, ...] = ()


class Proof:
    """The symbolic state, its invariant, and what follows for each action."""

    def __init__(self) -> None:
        self.logic = Z3()
        self.state = unknown()
        self.assumptions = self.logic.assumptions()
        self.absurd = z3.BoolVal(False)
        self.invariant = tuple(each.formula(self.logic, self.state) for each in INVARIANT)

    def arguments(self, action: Action) -> tuple[Term, ...]:
        """Return constants for the parameters of an action."""
        return tuple(constant(each.sort, f"{each.name}!") for each in action.parameters)

    def step(self, action: Action, without: str = "") -> tuple[tuple[Term, ...], State]:
        """Return the hypotheses of a step, without one guard if so asked, and the state after it."""
        arguments = self.arguments(action)
        guards = action.guards(self.logic, self.state, *arguments)
        if without and without not in guards:
            raise ValueError(f"{action.name} has no guard {without!r}")
        kept = tuple(guard for name, guard in guards.items() if name != without)
        hints = self._hints(action, arguments)
        return (*self.invariant, *kept, *hints), action.effect(self.logic, self.state, *arguments)

    def _hints(self, action: Action, arguments: tuple[Term, ...]) -> tuple[Term, ...]:
        """Return instances of what is assumed: z3 need not look for them."""
        if action.name != "freeze by quorum":
            return ()
        _, _, votes, electorate = arguments
        return (self.logic.overlap(votes, self.state.keepers(), electorate),)

    def steps(self, action: Action, without: str = "") -> Iterator[Obligation]:
        """Yield what shows that a step keeps the invariant."""
        hypotheses, after = self.step(action, without)
        own = hypotheses[len(self.invariant) :]
        known = {conjunct.name: formula for conjunct, formula in zip(INVARIANT, self.invariant, strict=True)}

        def obligation(name: str, goal: Term, title: str) -> Obligation:
            few = NEEDED.get((action.name, name), (name,))
            return Obligation(
                f"{action.name}: {title}", hypotheses, goal, (*own, *(known[each] for each in few if each in known))
            )

        for lemma in LEMMAS.get(action.name, ()):
            goal = lemma.formula(self.logic, self.state, *self.arguments(action))
            yield obligation(lemma.name, goal, f"lemma {lemma.name}")
            known[lemma.name] = goal
            hypotheses = (*hypotheses, goal)
        for conjunct in INVARIANT:
            yield obligation(conjunct.name, conjunct.formula(self.logic, after), conjunct.name)

    def beginning(self) -> Iterator[Obligation]:
        """Yield what shows that the invariant holds when a lineage begins."""
        hypotheses = tuple(initial(self.logic, self.state))
        for conjunct, formula in zip(INVARIANT, self.invariant, strict=True):
            yield Obligation(f"initially: {conjunct.name}", hypotheses, formula)

    def consequences(self) -> Iterator[Obligation]:
        """Yield what shows that the invariant implies safety, of arbitrary elements."""
        known = {conjunct.name: formula for conjunct, formula in zip(INVARIANT, self.invariant, strict=True)}
        for conjunct in SAFETY:
            elements = tuple(constant(sort, f"{sort.value}!{place}") for place, sort in enumerate(conjunct.sorts))
            given = conjunct.given(self.logic, self.state, *elements)
            goal = conjunct.then(self.logic, self.state, *elements)
            own = (given, *self._overlaps(conjunct.sorts, elements))
            few = (*own, *(known[name] for name in NEEDED_FOR_SAFETY[conjunct.name]))
            for lemma in SAFETY_LEMMAS.get(conjunct.name, ()):
                step = lemma.formula(self.logic, self.state, *elements)
                yield Obligation(f"safety: lemma {lemma.name}", (*self.invariant, *own), step, few)
                own, few = (*own, step), (*few, step)
            yield Obligation(f"safety: {conjunct.name}", (*self.invariant, *own), goal, few)

    def _overlaps(self, sorts: tuple[Sort, ...], elements: tuple[Term, ...]) -> tuple[Term, ...]:
        """Return the instances of what is assumed that speak of these elements."""
        state, logic = self.state, self.logic
        by_sort = list(zip(sorts, elements, strict=True))
        epochs = [each for sort, each in by_sort if sort is EPOCH]
        epochs += [state.cut(each) for sort, each in by_sort if sort is POD]
        some = [each for sort, each in by_sort if sort is ACKS]
        overlaps = [
            logic.overlap(state.blocking(a, f), acks, state.bound(a, f))
            for acks in some
            for a in epochs
            for f in epochs
        ]
        return (*overlaps, *(logic.two(acks, state.candidate(a)) for acks in some for a in epochs))

    def monotony(self) -> Iterator[Obligation]:
        """Yield what shows that no action takes back an epoch, a frozen candidate or an ack."""
        logic, now = self.logic, self.state
        for action in ACTIONS:
            hypotheses, after = self.step(action)
            goals = {
                "the record's epoch never falls": logic.le(now.current(), after.current()),
                "a fence never falls": logic.rule(
                    (POD,), always, lambda q, then=after: logic.le(now.fence(q), then.fence(q))
                ),
                "a frozen candidate never changes": logic.rule(
                    (EPOCH,),
                    now.chosen,
                    lambda e, then=after: logic.all(
                        then.chosen(e), *(getattr(then, n)(e) == getattr(now, n)(e) for n in _FROZEN)
                    ),
                ),
                "an ack is never taken back": logic.rule((EPOCH, POD, WRITE), now.ack, after.ack),
                "who was told stays told": logic.rule((EPOCH, POD), now.told, after.told),
            }
            for name, goal in goals.items():
                yield Obligation(f"{action.name}: {name}", hypotheses, goal)

    def decide(self, obligation: Obligation, *, patient: bool = True) -> str:
        """Return ``proved``, ``refuted``, or ``unknown``; not ``patient``: give up soon."""
        if any(obligation.goal.eq(hypothesis) for hypothesis in obligation.hypotheses if z3.is_expr(hypothesis)):
            return "proved"  # The action does not touch what this conjunct speaks of.
        for options, limit in FEW if obligation.few else ():
            if self._verdict(obligation.few, obligation.goal, options, limit) == z3.unsat:
                return "proved"
        for options, limit in PORTFOLIO if patient else PORTFOLIO[:2]:
            verdict = self._verdict(obligation.hypotheses, obligation.goal, options, limit)
            if verdict != z3.unknown:
                return "proved" if verdict == z3.unsat else "refuted"
        return "unknown"

    def _verdict(self, hypotheses: tuple[Term, ...], goal: Term, options: dict[str, bool], limit: int) -> Term:
        solver = z3.Solver()
        solver.set("rlimit", limit)
        for name, value in options.items():
            solver.set(name, value)
        solver.add(*self.assumptions, *hypotheses, z3.Not(goal))
        return solver.check()
