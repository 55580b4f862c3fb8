"""The run-time monitor: the step tables as ``transitions`` machines that every live step must be legal in.

The kernel already refuses an unlisted trigger. This second reader of the same table is independent of the compiled one
and of the code that chose the trigger: it replays each step of the running operator by name.
"""

from typing import Any

from transitions import Machine as TransitionsMachine
from transitions import MachineError

from gungnir.machines.kernel import IllegalTransition, Machine


class _Model:
    state: str


class MachineMonitor:
    """Follows rounds of one machine. Cheap: a few microseconds a step."""

    def __init__(self, machine: Machine) -> None:
        """Build the library's machine from the table."""
        self._machine = machine
        self._model: Any = _Model()
        self._transitions = TransitionsMachine(
            model=self._model,
            states=list(machine.phases),
            initial=machine.initial,
            transitions=[
                {"trigger": _method(row.trigger), "source": row.source, "dest": row.dest} for row in machine.rows
            ],
            auto_transitions=False,
        )

    def begin(self) -> None:
        """A new round starts in the initial phase."""
        self._transitions.set_state(self._machine.initial, self._model)

    def follow(self, trigger: str, phase: str) -> None:
        """Take the step.

        Raises:
            IllegalTransition: The table does not lead from where the round stands to ``phase`` by ``trigger``.
        """
        before = self._model.state
        try:
            self._model.trigger(_method(trigger))
        except (MachineError, AttributeError) as exc:
            raise IllegalTransition(self._machine.name, before, trigger) from exc
        if self._model.state != phase:
            raise IllegalTransition(self._machine.name, before, f"{trigger} to {phase}")


def _method(trigger: str) -> str:
    """The library makes each trigger a method of the model: no name may collide with a method of its own."""
    return "on_" + trigger.replace("-", "_")
