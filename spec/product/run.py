"""One random run of the product: actors take some of their moves, and every predicate is asked after each."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from spec.environment.owned import WRITES
from spec.product import moves, predicates
from spec.product.moves import OBJECTS, Move, Moves
from spec.product.telling import Witness, told
from spec.product.world import SERVICE, WORKLOAD, Plan, Product
from spec.story import abridged

TICK: Final = "tick"
LONGEST: Final = 24
"""Steps of a round over all objects, until the last of them is written."""
OFTEN: Final = 0.6
SELDOM: Final = 0.2


class Run:
    """The state of a run, and what was done so far. ``hits`` and ``shown`` are of all runs that share them."""

    def __init__(self, plan: Plan, first: Product, hits: Counter[str], shown: Counter[str]) -> None:
        """Begin in this state."""
        self.plan = plan
        self.first = self.product = first
        self.taken: list[Move] = []
        self._witness = Witness()
        self._hits, self._shown = hits, shown

    def operator(self, who: int, choice: int, steps: int, *, objects: bool) -> None:
        """An operator takes some steps. Where it begins a round, that is of the reconcile machine or of the others."""
        self._take(lambda: self._rounds(who, objects=objects), choice, steps)

    def begin_write(self, who: int) -> None:
        """An operator reconciles until it has sent a write of an object, or is through."""
        who %= len(self.product.sides)
        for _ in range(LONGEST):
            if isinstance(self.product.sides[who].worker.request, WRITES):
                return
            self.operator(who, 0, 1, objects=True)

    def pods(self, choice: int, steps: int) -> None:
        """Pods, and Kubernetes' own controllers, take some steps."""
        self._take(lambda: moves.of_pods(self.plan, self.product), choice, steps)

    def lease(self, who: int, choice: int, steps: int) -> None:
        """An operator takes some steps of its lease machine."""
        self._take(lambda: self._leases(who, ticks=False), choice, steps)

    def time(self, who: int, steps: int) -> None:
        """The clock of an operator ticks."""
        self._take(lambda: self._leases(who, ticks=True), 0, steps)

    def wrong(self, choice: int, part: str) -> None:
        """Something happens in this part that need not."""
        self._take(lambda: self._faults(lambda move: move.part == part), choice, 1)

    def befall(self, choice: int) -> None:
        """Something befalls the primary."""
        primary = self.product.world.api.record.primary
        if primary is not None:
            self._take(lambda: self._faults(lambda move: move.label.who == primary.pod), choice, 1)

    def drift(self, choice: int) -> None:
        """Somebody sees to it that there is something to write into an object that failovers write, too."""

        def drifts(move: Move) -> bool:
            return move.label.name == "change" or (move.part == OBJECTS and move.label.what in (SERVICE, WORKLOAD))

        self._take(lambda: self._faults(drifts), choice, 1)

    def fail(self, who: int, choice: int, *, lost: bool) -> None:
        """Something befalls an operator: an answer to it is ``lost``, or something else."""
        who %= len(self.product.sides)
        self._take(
            lambda: self._faults(lambda move: move.who == who and (move.label.name == "lost") == lost), choice, 1
        )

    def late(self, choice: int) -> None:
        """Something arrives that nobody waits for any more."""
        self._take(lambda: self._faults(lambda move: move.label.name.startswith("stray")), choice, 1)

    def _faults(self, wanted: Callable[[Move], bool]) -> Moves:
        return (move for move in moves.of_faults(self.plan, self.product) if wanted(move))

    def take_over(self, who: int, steps: int) -> None:
        """All clocks tick, and an operator does what it can to lead, until it does."""
        who %= len(self.product.sides)
        for _ in range(steps):
            holder = self.product.lease.holders[who]
            if holder.leads or holder.cut or holder.draining or self.product.sides[who].stopped:
                return
            self.lease(who, 0, 4)
            for clock in range(len(self.product.sides)):
                self.time(clock, 1)

    def settle(self, who: int, seed: int, steps: int) -> None:
        """An operator and the pods take some steps in turn: to the end of a failover, if nothing is in the way."""
        chance = Random(seed)  # noqa: S311 - drawn by Hypothesis, so that a run can be repeated
        for _ in range(steps):
            rounds = list(self._rounds(who, objects=chance.random() < SELDOM))
            others = list(moves.of_pods(self.plan, self.product))
            found = rounds if not others or (rounds and chance.random() < OFTEN) else others
            if not found:
                return
            self._step(chance.choice(found))

    def _rounds(self, who: int, *, objects: bool) -> Moves:
        who %= len(self.product.sides)
        idle = self.product.sides[who].worker.state is None and self.product.world.operators[who].state is None
        for move in moves.of_operator(self.plan, self.product, who):
            if not idle or move.label.name == "watch" or (move.part == OBJECTS) == objects:
                yield move

    def _leases(self, who: int, *, ticks: bool) -> Moves:
        who %= len(self.product.sides)
        for move in moves.of_lease(self.plan, self.product):
            if move.who == who and (move.label.name == TICK) == ticks:
                yield move

    def _take(self, possible: Callable[[], Moves], choice: int, steps: int) -> None:
        for _ in range(steps):
            found = list(possible())
            if not found:
                return
            self._step(found[choice % len(found)])

    def _step(self, move: Move) -> None:
        """Take one move.

        Raises:
            AssertionError: a predicate does not hold; with the story.
        """
        before, self.product = self.product, move.after
        self.taken.append(move)
        self._hits[move.name] += 1
        self._shown.update(self._witness.of(before, move))
        for name, text in predicates.of_step(self.plan, before, move):
            assert not text, f"{name}: {text}\n{abridged(told(self.first, self.taken))}"
