"""The run-time monitor accepts exactly the steps of the table."""

import pytest

from gungnir.machines import diagram
from gungnir.machines.kernel import IllegalTransition, Machine
from gungnir.runtime.machine_monitor import MachineMonitor

ALL = pytest.mark.parametrize("machine", diagram.PAGES, ids=lambda machine: machine.name)


@ALL
def test_every_row_is_followed_from_its_phase(machine: Machine) -> None:
    monitor = MachineMonitor(machine)
    for row in machine.rows:
        monitor._transitions.set_state(row.source, monitor._model)
        monitor.follow(row.trigger, row.dest)
        assert monitor._model.state == row.dest


@ALL
def test_a_trigger_or_a_phase_that_the_table_does_not_have_is_illegal(machine: Machine) -> None:
    monitor = MachineMonitor(machine)
    listed = {(row.source, row.trigger): row.dest for row in machine.rows}
    triggers = {row.trigger for row in machine.rows} | {"unheard-of", "trigger", "state", "__class__"}
    for phase in machine.phases:
        for trigger in triggers:
            dest = listed.get((phase, trigger))
            wrong = next(other for other in machine.phases if other != dest)
            monitor._transitions.set_state(phase, monitor._model)
            with pytest.raises(IllegalTransition, match=machine.name):
                monitor.follow(trigger, wrong)


@ALL
def test_a_new_round_starts_at_the_beginning(machine: Machine) -> None:
    monitor = MachineMonitor(machine)
    row = next(row for row in machine.rows if row.source == machine.initial)
    monitor.follow(row.trigger, row.dest)
    monitor.begin()
    monitor.follow(row.trigger, row.dest)
