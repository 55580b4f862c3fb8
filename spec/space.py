"""What a search walks: states, the moves out of each, and what the predicates say, each computed as rarely as possible.

``Sources`` says how a world moves, one source for each thing that may happen. A source's moves are remembered by what
the source read, and the predicates of steps read of its moves (footprint.py); the verdicts on states by what their
predicates read. For every other state that agrees in that, only a few numbers are added up.

An ``Exchange`` is a source in two halves that know little of each other: what a command does depends on where it
arrives, and what its sender makes of the answer depends on the sender. Each half is remembered by itself.
"""

from collections.abc import Callable, Hashable, Iterator
from functools import cache
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from gungnir.machines.kernel import IllegalTransition
from spec.footprint import Ids, Layout, Memory, Reads, mark
from spec.world import Label

StateT = TypeVar("StateT")
NameT = TypeVar("NameT", bound=Hashable)
Always: TypeAlias = Callable[[StateT], str]
OnStep: TypeAlias = Callable[[StateT, Label, StateT], str]
Sometimes: TypeAlias = Callable[[StateT, Label, StateT], bool]
Moves: TypeAlias = Callable[[StateT], Iterator[tuple[Label, StateT]]]
Changes = tuple[tuple[int, int], ...]
Verdict = tuple[str, str]
"""The name of a predicate that does not hold, and what is wrong."""

MASK: Final = 2**64 - 1
NEVER_FAIR: Final = -1


class Source(NamedTuple, Generic[StateT]):
    """One thing that moves. ``element``: of the split field it is given this element alone (-1: everything)."""

    moves: Moves[StateT]
    element: int = -1


class Exchange(NamedTuple, Generic[StateT]):
    """Commands in flight from one element of the split field, and their answers.

    Attributes:
        asked: What is in flight, one hashable value for each command that may arrive next.
        carried: What a command does when it arrives: the label, the answer, and the state, in which the sender has not
            changed.
        received: What the sender makes of the answer. Nothing but the sender may change.
        element: Of the split field, the sender.
    """

    asked: Callable[[StateT], tuple[Any, ...]]
    carried: Callable[[StateT, Any], tuple[Label, Any, StateT]]
    received: Callable[[StateT, Any, Any], StateT]
    element: int

    def moves(self, state: StateT) -> Iterator[tuple[Label, StateT]]:
        """Yield the same moves as one function."""
        for command in self.asked(state):
            label, answer, after = self.carried(state, command)
            yield label, self.received(after, command, answer)


class Sources(NamedTuple, Generic[StateT]):
    """All that moves, in order. Calling it yields every (label, state) that can follow, as a source alone would.

    ``tidied`` is applied to each state that a move leads to, and once more changes nothing. The elements of the field
    ``split`` are components by themselves; with ``alike`` they may be exchanged for each other, each together with what
    ``alike`` says of it: (the field ``beside`` -> one value for each element, and what remains of that field).
    """

    sources: tuple[Source[StateT] | Exchange[StateT], ...]
    tidied: Callable[[StateT], StateT]
    split: str = ""
    beside: str = ""
    alike: Callable[[Any], tuple[tuple[int, ...], int]] | None = None

    def __call__(self, state: StateT) -> Iterator[tuple[Label, StateT]]:
        """Yield every action that can happen next, with the state after it."""
        for source in self.sources:
            for label, after in source.moves(state):
                yield label, self.tidied(after)


class Checks(NamedTuple, Generic[StateT]):
    """What is checked: of states, of steps, and what must be seen at least once; ``fairness`` names a label's class."""

    always: tuple[tuple[str, Always[StateT]], ...] = ()
    on_step: tuple[tuple[str, OnStep[StateT]], ...] = ()
    sometimes: tuple[tuple[str, Sometimes[StateT]], ...] = ()
    marks: tuple[tuple[str, Callable[[StateT], bool]], ...] = ()
    """Predicates of states whose truth is noted for each state (for liveness)."""
    fairness: Callable[[Label], str] | None = None


class Move:
    """One action as it is for all states that agree in what its source, and the predicates of steps, read."""

    __slots__ = ("action", "answer", "bad", "changed", "changes", "delta", "fair", "hits")

    def __init__(self, changes: Changes, action: int, fair: int, delta: int = 0) -> None:
        """Take (component, number) of what it changes, the number of its name, and its fairness class.

        ``delta`` is what it adds to the key.
        """
        self.changes = changes
        self.changed = _components(tuple([component for component, _ in changes]))
        self.action = action
        self.fair = fair
        self.delta = delta
        self.bad: Verdict | None = None
        """What a predicate of steps says of it."""
        self.hits: tuple[str, ...] = ()
        """The witnesses that it is."""
        self.answer = -1
        """Of the first half of an exchange: the number of the answer."""


@cache
def _components(listed: tuple[int, ...]) -> frozenset[int]:
    """Return these components as a set, one and the same for all moves that change them."""
    return frozenset(listed)


class Reply(NamedTuple):
    """What the sender makes of an answer: how it changes, what that adds to the key, and the row that is missing."""

    changes: Changes
    delta: int
    illegal: str


class Leaf(NamedTuple):
    """The moves of one source, the commands that it has in flight, and the row that is missing, if there is one."""

    moves: tuple[Move, ...]
    illegal: str = ""
    asked: tuple[int, ...] = ()


class Names(Generic[NameT]):
    """Numbers for names, or other values, in order of appearance."""

    def __init__(self) -> None:
        """Start empty."""
        self.names: list[NameT] = []
        self._numbers: dict[NameT, int] = {}

    def number(self, name: NameT) -> int:
        """Return the number of this name."""
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found


Expanded: TypeAlias = tuple[Move, int, Ids | None, Changes]
"""A move, the key of the state after it, its components if they are known, else what else changes."""


class Space(Generic[StateT]):
    """The states of one search, as tuples of numbers."""

    def __init__(self, sources: Sources[StateT], checks: Checks[StateT], first: StateT) -> None:
        """Make an empty space around a first state, which must be a NamedTuple."""
        if not isinstance(first, tuple):
            raise TypeError(f"a state is a NamedTuple, not {type(first).__name__}")
        self.sources, self.checks = sources, checks
        self.layout = Layout(first, sources.split)
        self.moves: list[Memory[Leaf]] = [Memory() for _ in sources.sources]
        self._carried: dict[tuple[int, int], Memory[Move]] = {}
        self._received: dict[tuple[int, int, int], Memory[Reply]] = {}
        self._commands: Names[Any] = Names()
        self._answers: Names[Any] = Names()
        self.tidied: Memory[Changes] = Memory()
        self.always: list[Memory[str]] = [Memory() for _ in checks.always]
        self._marks: list[Memory[int]] = [Memory() for _ in checks.marks]
        self._alike: dict[Ids, int] = {}
        self.actions: Names[str] = Names()
        self.classes: Names[str] = Names()
        fields: tuple[str, ...] = self.layout.state_type._fields
        swapped = sources.alike is not None and len(self.layout.elements) > 1
        self._beside = self.layout.of_field[fields.index(sources.beside)] if swapped else -1
        self.together: Final = (self._beside, *self.layout.elements) if swapped else ()
        self.single: Final = tuple(c for c in range(len(self.layout.tables)) if c not in self.together)

    # --- states -----------------------------------------------------------------------------------------------------

    def handle(self, state: StateT) -> Ids:
        """Return what stands for a state: the numbers of its components."""
        return self.layout.ids(state)  # type: ignore[arg-type]  # a NamedTuple, as __init__ made sure

    def key(self, ids: Ids) -> int:
        """Return 64 bits that tell this state from others; two states have the same with probability 2**-64."""
        total = sum(self.layout.tables[component].marks[ids[component]] for component in self.single)
        return (total + self._exchangeable(ids)) & MASK if self.together else total & MASK

    def _exchangeable(self, ids: Ids) -> int:
        """Return the part of the key for elements that may be exchanged: a sum does not depend on their order."""
        part = tuple(ids[component] for component in self.together)
        found = self._alike.get(part)
        if found is None:
            found = self._alike[part] = self.exchangeable(part[1:], self.layout.tables[self._beside].values[part[0]])
        return found

    def exchangeable(self, elements: Ids, beside: object) -> int:
        """Return what elements with these numbers, that may be exchanged, add to a key; ``beside`` is of whom."""
        alike: Any = self.sources.alike
        each, rest = alike(beside)
        return sum(mark(b"pair", *pair) for pair in zip(elements, each, strict=True)) + mark(b"rest", rest)

    def _delta(self, ids: Ids, changes: Changes) -> int:
        marks = [table.marks for table in self.layout.tables]
        return sum(marks[c][number] - marks[c][ids[c]] for c, number in changes if c in self.single)

    # --- moves ------------------------------------------------------------------------------------------------------

    def expand(self, ids: Ids, key: int) -> Iterator[Expanded]:
        """Yield every move out of a state.

        Raises:
            IllegalTransition: a machine asked for a row that its table does not have (after the moves before that).
        """
        tidy = self.tidied.top
        first_read = getattr(tidy, "component", -1)
        # A state is tidy, and as long as what decides that at once stays as it is, so is the next one.
        by_sum = not self.together and tidy is not None and (first_read < 0 or tidy.below(ids[first_read]) == ())
        for number, memory in enumerate(self.moves):
            leaf = memory.find(ids)
            if leaf is None:
                leaf = self.learn(number, ids)
            for move in leaf.moves:
                if by_sum and first_read not in move.changed:
                    yield move, (key + move.delta) & MASK, None, ()
                else:
                    after = self.tidy(_changed(ids, move.changes))
                    yield move, self.key(after), after, ()
            for command in leaf.asked:
                move, reply = self.exchanged(number, command, ids)
                if reply.illegal:
                    raise IllegalTransition(*reply.illegal.split("\n"))
                if by_sum and first_read not in move.changed:
                    yield move, (key + move.delta + reply.delta) & MASK, None, reply.changes
                else:
                    after = self.tidy(_changed(_changed(ids, move.changes), reply.changes))
                    yield move, self.key(after), after, ()
            if leaf.illegal:
                raise IllegalTransition(*leaf.illegal.split("\n"))

    @staticmethod
    def child(ids: Ids, move: Move, more: Changes) -> Ids:
        """Return the components of the state after a move."""
        after = _changed(ids, move.changes)
        return _changed(after, more) if more else after

    def tidy(self, ids: Ids) -> Ids:
        """Return the components of the tidied state."""
        changes = self.tidied.find(ids)
        if changes is None:
            watched, reads = self.layout.watched(self.layout.fields(ids))
            tidied: Any = self.sources.tidied(watched)
            changes = self.layout.changes(reads, tidied)
            self.tidied.learn(ids, reads.order, changes)
        return _changed(ids, changes) if changes else ids

    def learn(self, number: int, ids: Ids) -> Leaf:
        """Ask a source for the moves out of a state, and remember them."""
        source, fields = self.sources.sources[number], self.layout.fields(ids)
        watched, reads = self.layout.watched(fields, source.element)
        if isinstance(source, Exchange):
            leaf = Leaf((), "", tuple(self._commands.number(command) for command in source.asked(watched)))
            self.moves[number].learn(ids, reads.order, leaf)
            return leaf
        found: list[tuple[Label, Changes]] = []
        illegal = ""
        try:
            for label, after in source.moves(watched):
                found.append((label, self.layout.changes(reads, after)))  # type: ignore[arg-type]  # a NamedTuple
        except IllegalTransition as error:
            illegal = _told(error)
        leaf = Leaf(tuple(self._move(ids, fields, reads, *each) for each in found), illegal)
        self.moves[number].learn(ids, reads.order, leaf)
        return leaf

    def carried(self, number: int, command: int) -> Memory[Move]:
        """Return what is remembered of a command of this source."""
        found = self._carried.get((number, command))
        if found is None:
            found = self._carried[number, command] = Memory()
        return found

    def received(self, number: int, command: int, answer: int) -> Memory[Reply]:
        """Return what is remembered of what its sender makes of an answer."""
        found = self._received.get((number, command, answer))
        if found is None:
            found = self._received[number, command, answer] = Memory()
        return found

    def exchanged(self, number: int, command: int, ids: Ids) -> tuple[Move, Reply]:
        """Return what a command that is in flight does, and what its sender makes of the answer."""
        carried = self.carried(number, command)
        move = carried.find(ids)
        if move is None:
            move = self._carry(number, command, ids, carried)
        received = self.received(number, command, move.answer)
        reply = received.find(ids)
        if reply is None:
            reply = self._receive(number, command, move.answer, ids, received)
        return move, reply

    def _carry(self, number: int, command: int, ids: Ids, memory: Memory[Move]) -> Move:
        source: Any = self.sources.sources[number]
        fields = self.layout.fields(ids)
        watched, reads = self.layout.watched(fields)
        label, answer, after = source.carried(watched, self._commands.names[command])
        move = self._move(ids, fields, reads, label, self.layout.changes(reads, after))
        if not reads.seen.isdisjoint(self.layout.elements):
            raise ValueError(
                f"{label.name}: what a command does, and what is checked of it, may not depend on its sender"
            )
        move.answer = self._answers.number(answer)
        memory.learn(ids, reads.order, move)
        return move

    def _receive(self, number: int, command: int, answer: int, ids: Ids, memory: Memory[Reply]) -> Reply:
        source: Any = self.sources.sources[number]
        watched, reads = self.layout.watched(self.layout.fields(ids), source.element)
        changes: Changes = ()
        illegal = ""
        try:
            after = source.received(watched, self._commands.names[command], self._answers.names[answer])
            changes = self.layout.changes(reads, after)
        except IllegalTransition as error:
            illegal = _told(error)
        if any(component != self.layout.elements[source.element] for component, _ in changes):
            raise ValueError("an answer changes its receiver alone")
        reply = Reply(changes, self._delta(ids, changes), illegal)
        memory.learn(ids, reads.order, reply)
        return reply

    def _move(self, ids: Ids, fields: tuple[Any, ...], reads: Reads, label: Label, changes: Changes) -> Move:
        """Make a move, and ask the predicates of steps about it: what they read counts as read by the source."""
        fairness = self.checks.fairness
        fair = self.classes.number(fairness(label)) if fairness is not None and label.fair else NEVER_FAIR
        move = Move(changes, self.actions.number(label.name), fair, self._delta(ids, changes))
        before_state, before = self.layout.watched(fields)
        after_ids = _changed(ids, changes)
        after_state, after = self.layout.watched(self.layout.fields_after(fields, after_ids, move.changed))
        for name, predicate in self.checks.on_step:
            text = predicate(before_state, label, after_state)
            if text and move.bad is None:
                move.bad = (name, text)
        move.hits = tuple(name for name, witness in self.checks.sometimes if witness(before_state, label, after_state))
        for component in (*before.order, *(read for read in after.order if read not in move.changed)):
            reads.note(component)
        return move

    # --- predicates -------------------------------------------------------------------------------------------------

    def bad_state(self, ids: Ids) -> Verdict | None:
        """Return what is wrong with a state."""
        for memory, (name, predicate) in zip(self.always, self.checks.always, strict=True):
            text = memory.find(ids)
            if text is None:
                text = self.judge(memory, predicate, ids)
            if text:
                return name, text
        return None

    def mark(self, ids: Ids) -> int:
        """Return which of the marked predicates hold, as a bit mask."""
        mask = 0
        for number, (memory, (_, predicate)) in enumerate(zip(self._marks, self.checks.marks, strict=True)):
            holds = memory.find(ids)
            if holds is None:
                holds = int(self.judge(memory, predicate, ids))
            mask |= holds << number
        return mask

    def judge(self, memory: Memory[Any], predicate: Callable[..., Any], ids: Ids) -> Any:
        """Ask a predicate about a state, and remember the answer."""
        watched, reads = self.layout.watched(self.layout.fields(ids))
        answer = predicate(watched)
        memory.learn(ids, reads.order, answer)
        return answer


def _changed(ids: Ids, changes: Changes) -> Ids:
    changed = list(ids)
    for component, number in changes:
        changed[component] = number
    return tuple(changed)


def _told(error: IllegalTransition) -> str:
    return f"{error.machine}\n{error.phase}\n{error.trigger}"
