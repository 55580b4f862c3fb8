"""Drive one round of one machine: one request out, one reply in, until the machine is done.

The driver is the seam between deciding and doing. Before each request it asks whether we may act at all; after each
step it holds the step against the table a second time, and writes it to the trace.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

from gungnir.errors import BugError
from gungnir.machines import failover_table, reconcile, repair_table, scale_down, switchover
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import MACHINES, IllegalTransition, Step
from gungnir.machines.requests import Reply, Request
from gungnir.runtime.context import Context, NotLeadingError
from gungnir.runtime.machine_monitor import MachineMonitor
from gungnir.runtime.trace import jsonable

MAX_STEPS: Final = 600
"""More steps than the longest round of any machine takes: a catch-up of the longest allowed time included."""
TABLES: Final = (
    failover_table.MACHINE,
    repair_table.MACHINE,
    switchover.MACHINE,
    scale_down.MACHINE,
    reconcile.MACHINE,
)

StateT = TypeVar("StateT", bound="HasPhase")
Execute = Callable[[Request], Awaitable[Reply]]


class HasPhase(Protocol):
    """The part of a machine's state that every machine has."""

    @property
    def phase(self) -> str:
        """Name of the phase."""
        ...

    @property
    def detail(self) -> str:
        """Why the round ended as it did."""
        ...


class InterruptedRoundError(Exception):
    """Something more urgent waits: the round ends between two requests; the machine's next round starts anew."""


class Driver:
    """Runs rounds for one cluster, one at a time."""

    def __init__(self, context: Context, cluster: str, execute: Execute) -> None:
        """Bind the driver to a cluster (``namespace/name``) and to what carries its requests out."""
        self._context = context
        self._cluster = cluster
        self._execute = execute
        self._monitors = {machine.name: MachineMonitor(machine) for machine in TABLES}

    async def run(
        self,
        machine: str,
        first: Step[StateT],
        step: Callable[[Facts, StateT, Reply], Step[StateT]],
        facts: Facts,
        *,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> StateT:
        """Run a round to its terminal state and return that.

        Raises:
            NotLeadingError: We may not act (any more). Nothing was sent after that was known.
            InterruptedRoundError: ``interrupted`` says that something more urgent waits.
            IllegalTransition: A step that the table does not list.
        """
        started_s, outcome = time.monotonic(), "error"
        monitor = self._monitors[machine]
        monitor.begin()
        current, begun = first, _beginning(first, facts)
        with self._context.spans.begin(machine, self._cluster) as recording:
            try:
                for _ in range(MAX_STEPS):
                    if current.request is None:
                        outcome = str(current.state.phase)
                        return current.state
                    self._context.check()
                    if interrupted():
                        outcome = "interrupted"
                        raise InterruptedRoundError(machine)
                    recording.asks(current)
                    reply = await self._execute(current.request)
                    asked, current = current, step(facts, current.state, reply)
                    monitor.follow(current.trigger, str(current.state.phase))
                    recording.took(current, reply)
                    self._note(machine, asked.request, reply, current, begun)
                    begun = {}
                raise BugError(f"{machine}: more than {MAX_STEPS} steps in one round")
            except NotLeadingError:
                outcome = "not-leading"
                raise
            except IllegalTransition:
                self._context.metrics.illegal_transition(machine)
                raise
            finally:
                recording.ends(outcome)
                self._context.metrics.round(machine, outcome, time.monotonic() - started_s)

    def _note(
        self, machine: str, request: Request | None, reply: Reply, taken: Step[Any], begun: dict[str, Any]
    ) -> None:
        if not self._context.trace.enabled or (taken.request is None and taken.trigger in _QUIET):
            return
        self._context.trace.line(
            cluster=self._cluster,
            machine=machine,
            trigger=taken.trigger,
            phase=str(taken.state.phase),
            request=type(request).__name__,
            detail=taken.state.detail,
            sent=jsonable(request),
            reply=jsonable(reply),
            **begun,
        )


def _beginning(first: Step[Any], facts: Facts) -> dict[str, Any]:
    """Return what a round begins with, for its first line: the facts, and what its state has of its own."""
    defaults = first.state._field_defaults
    own = {name: jsonable(value) for name, value in first.state._asdict().items() if value != defaults.get(name)}
    return {"facts": jsonable(facts), "start": own}


_QUIET: Final = frozenset({"healthy", "nothing", "wait"})
"""Rounds that only looked: not worth a line."""

__all__ = ["MACHINES", "Driver", "InterruptedRoundError"]
