"""Walk a world that is given as one function: every move and every predicate is computed anew for each state."""

from array import array
from collections.abc import Iterator
from hashlib import blake2b
from typing import Generic, Protocol, TypeVar

from spec.space import NEVER_FAIR, Changes, Checks, Move, Moves, Names, Verdict
from spec.world import Interner, Number


class Keyed(Protocol):
    """A state of some world: an immutable value that says which of its parts make it what it is."""

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this state from every other one; ``number`` gives one to a component."""
        ...


StateT = TypeVar("StateT", bound=Keyed)


class PlainSpace(Generic[StateT]):
    """As ``spec.space.Space``, with the states themselves instead of numbers."""

    def __init__(self, successors: Moves[StateT], checks: Checks[StateT]) -> None:
        """Make a space; states must be able to say their parts."""
        self._successors, self._checks = successors, checks
        # Only the first time counts.
        self._wanted = checks.sometimes
        self._tables: dict[str, Interner[object]] = {}
        self.actions: Names[str] = Names()
        self.classes: Names[str] = Names()

    def handle(self, state: StateT) -> StateT:
        """Return what stands for a state: itself."""
        return state

    def key(self, state: StateT) -> int:
        """Return 64 bits that tell this state from others."""
        parts = state.parts(self._number)
        return int.from_bytes(blake2b(array("i", parts).tobytes(), digest_size=8).digest(), "little")

    def expand(self, state: StateT, _key: int) -> Iterator[tuple[Move, int, StateT, Changes]]:
        """Yield every move out of a state."""
        fairness = self._checks.fairness
        for label, after in self._successors(state):
            fair = self.classes.number(fairness(label)) if fairness is not None and label.fair else NEVER_FAIR
            move = Move((), self.actions.number(label.name), fair)
            for name, predicate in self._checks.on_step:
                text = predicate(state, label, after)
                if text and move.bad is None:
                    move.bad = (name, text)
            if self._wanted:
                move.hits = tuple(name for name, witness in self._wanted if witness(state, label, after))
            if move.hits:
                self._wanted = tuple(wanted for wanted in self._wanted if wanted[0] not in move.hits)
            yield move, self.key(after), after, ()

    def child(self, _state: StateT, _move: Move, _more: Changes) -> StateT:
        """Not needed: ``expand`` yields every state after a move.

        Raises:
            ValueError: always.
        """
        raise ValueError("a plain space has made every state already")

    def bad_state(self, state: StateT) -> Verdict | None:
        """Return what is wrong with a state."""
        for name, predicate in self._checks.always:
            text = predicate(state)
            if text:
                return name, text
        return None

    def mark(self, state: StateT) -> int:
        """Return which of the marked predicates hold, as a bit mask."""
        return sum(predicate(state) << number for number, (_, predicate) in enumerate(self._checks.marks))

    def _number(self, table: str, value: object) -> int:
        interner = self._tables.get(table)
        if interner is None:
            interner = self._tables[table] = Interner()
        return interner.ref(value).number
