"""The machines that command pods, each alone and answered by anybody: see ``spec.environment.anybody``.

The promises that hold whoever answers are what the machines rely on from each other. They are checked here of the
failover, repair, switchover and scale-down machines, and in ``spec.models.reconcile`` of the reconcile machine.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from gungnir.machines.kernel import MACHINES
from spec.environment.anybody import Alone, Start, Taken, successors
from spec.explorer import OnStepOf, Result, Search, SometimesOf
from spec.models import snapshots
from spec.models.promises import PROMISES, Promise
from spec.world import Label

Row = tuple[str, str]
"""A phase and a trigger."""


class AloneModel(NamedTuple):
    """A machine, the rounds that may begin, and the rows that no snapshot and no reply of these leads to.

    ``every_row``: but for those, each row must be taken.
    """

    name: str
    starts: Callable[[], Iterator[Start]]
    every_row: bool = True
    untaken: frozenset[Row] = frozenset()
    slow: bool = False

    @property
    def witnesses(self) -> tuple[str, ...]:
        """Rows that must be taken: all but those."""
        rows = MACHINES[self.name].rows if self.every_row else ()
        return tuple(
            _told(row.source, row.trigger) for row in rows if (str(row.source), row.trigger) not in self.untaken
        )


def _told(phase: str, trigger: str) -> str:
    return f"{phase}: {trigger}"


def _step(promise: Promise) -> OnStepOf[Alone]:
    def predicate(_before: Alone, label: Label, _after: Alone) -> str:
        return promise(label.what) if isinstance(label.what, Taken) else ""

    return predicate


def _row(phase: str, trigger: str) -> SometimesOf[Alone]:
    def witness(_before: Alone, label: Label, _after: Alone) -> bool:
        taken = label.what
        return isinstance(taken, Taken) and (str(taken.before.state.phase), taken.step.trigger) == (phase, trigger)

    return witness


def explore(model: AloneModel, max_states: int = 5_000_000) -> Result[Alone]:
    """Explore a model to its end."""
    rows = MACHINES[model.name].rows
    search: Search[Alone] = Search(
        partial(successors, tuple(model.starts())),
        (),
        tuple((name, _step(promise)) for name, promise in PROMISES),
        tuple((_told(row.source, row.trigger), _row(str(row.source), row.trigger)) for row in rows),
        max_states,
    )
    return search.run(Alone())


MODELS: Final = (
    AloneModel("failover", snapshots.failover_starts),
    AloneModel("switchover", snapshots.switchover_starts),
    AloneModel("scale-down", snapshots.scale_down_starts),
    AloneModel("repair", snapshots.repair_starts, every_row=False),
)
