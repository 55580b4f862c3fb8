"""The kernel every machine is built on: a step table, and the one way to take a step.

Rules
- A machine is data: its rows say which trigger leads from which phase to which. Terminal phases are listed.
- ``step(facts, state, reply)`` is synchronous and total, and issues at most one request per transition.
- Code chooses a *trigger*; the table says where it leads. A trigger that the table does not list in this phase is a
  bug of ours and raises ``IllegalTransition`` with the state unchanged.

One table has four readers: the pure step (compiled to a dict here), the run-time monitor of the driver (through the
``transitions`` library), the REPL, and the generated diagram in docs/machines.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeVar

from gungnir.errors import BugError
from gungnir.machines.requests import Answer, Answers, Request

StateT = TypeVar("StateT")
PhaseT = TypeVar("PhaseT", bound=str)
HandlerT = TypeVar("HandlerT")


class IllegalTransition(BugError):  # noqa: N818 - named after what happened, as the table's readers say it
    """A trigger that the step table does not list for this phase: our bug. Nothing was changed."""

    def __init__(self, machine: str, phase: str, trigger: str) -> None:
        """Name the machine, the phase it was in, and the trigger that has no row there."""
        super().__init__(f"{machine}: no row for trigger {str(trigger)!r} in phase {str(phase)!r}")
        self.machine = machine
        self.phase = phase
        self.trigger = trigger


class Row(NamedTuple):
    """One transition: in ``source``, ``trigger`` leads to ``dest``; ``why`` is the sentence for the diagram."""

    source: str
    trigger: str
    dest: str
    why: str


class Step(NamedTuple, Generic[StateT]):
    """Outcome of one transition: the next state, and the one request it issues, or none when the state is terminal."""

    state: StateT
    request: Request | None
    trigger: str


@dataclass(frozen=True)
class Machine:
    """A step table with its initial phase and its terminal phases.

    Raises:
        ValueError: two rows for one (phase, trigger), or a row that leaves a terminal phase.
    """

    name: str
    initial: str
    terminal: frozenset[str]
    rows: tuple[Row, ...]
    _next: Mapping[tuple[str, str], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        table: dict[tuple[str, str], str] = {}
        for row in self.rows:
            if (row.source, row.trigger) in table:
                raise ValueError(f"{self.name}: two rows for trigger {row.trigger!r} in phase {row.source!r}")
            if row.source in self.terminal:
                raise ValueError(f"{self.name}: a row leaves the terminal phase {row.source!r}")
            table[row.source, row.trigger] = row.dest
        object.__setattr__(self, "_next", table)

    @property
    def phases(self) -> tuple[str, ...]:
        """Every phase that a row names, in the order of the table."""
        seen: dict[str, None] = {self.initial: None}
        for row in self.rows:
            seen.setdefault(row.source)
            seen.setdefault(row.dest)
        return tuple(seen)

    def advance(self, phase: str, trigger: str) -> str:
        """Return the phase that ``trigger`` leads to.

        Raises:
            IllegalTransition: the table has no such row.
        """
        dest = self._next.get((phase, trigger))
        if dest is None:
            raise IllegalTransition(self.name, phase, trigger)
        return dest


def handler_of(machine: Machine, handlers: Mapping[PhaseT, HandlerT], phase: PhaseT, reply: object) -> HandlerT:
    """Return the handler of a phase.

    Raises:
        IllegalTransition: no request is outstanding in this phase (it is terminal), so no reply can belong to it.
    """
    handler = handlers.get(phase)
    if handler is None:
        raise IllegalTransition(machine.name, str(phase), type(reply).__name__)
    return handler


def answers_to(machine: Machine, phase: str, reply: object) -> tuple[Answer, ...]:
    """Return the answers to the commands that this phase sent: one for each, whatever became of it.

    Raises:
        IllegalTransition: no such reply belongs to a ``Pods`` request.
    """
    if not isinstance(reply, Answers):
        raise IllegalTransition(machine.name, str(phase), type(reply).__name__)
    return reply.answers


def answer_to(machine: Machine, phase: str, reply: object) -> Answer:
    """Return the answer to the one command that this phase sent.

    Raises:
        IllegalTransition: no such reply belongs to a ``Pods`` request of one command.
    """
    answers = answers_to(machine, phase, reply)
    if len(answers) != 1:
        raise IllegalTransition(machine.name, str(phase), f"{len(answers)} answers")
    return answers[0]


MACHINES: Final[dict[str, Machine]] = {}
"""Every machine by name, filled as their modules are imported: what the diagram, the monitor and the REPL read."""


def register(machine: Machine) -> Machine:
    """Add a machine to ``MACHINES`` and return it."""
    MACHINES[machine.name] = machine
    return machine
