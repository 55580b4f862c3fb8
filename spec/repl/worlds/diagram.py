"""The place in a machine's diagram, read from its step table."""

from collections.abc import Mapping
from itertools import pairwise

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gungnir.machines.diagram import mermaid
from gungnir.machines.kernel import MACHINES, Machine
from spec.repl.game import ReplError
from spec.repl.worlds.style import CHANGED, HERE, grid

PASSED = "dim"


def machine_of(name: str) -> Machine:
    """Return a machine by its name.

    Raises:
        ReplError: there is none of this name.
    """
    if name not in MACHINES:
        raise ReplError(f"there is no machine {name!r}: there are {', '.join(sorted(MACHINES))}")
    return MACHINES[name]


def table(name: str, trail: tuple[str, ...]) -> Table:
    """Return every phase with the rows that leave it; ``>`` marks the last phase of the trail, ``+`` the others.

    The rows of the phase it stands in are shown with their reasons.
    """
    machine = machine_of(name)
    here = trail[-1] if trail else ""
    steps = set(pairwise(trail))
    shown = grid(f"machine {name}", "", "phase", "on -> goes to")
    sources = dict.fromkeys((machine.initial, *(row.source for row in machine.rows)))
    for phase in (*sources, *(phase for phase in machine.phases if phase not in sources)):
        mark = ">" if phase == here else "+" if phase in trail else ""
        style = HERE if phase == here else ""
        leads = Text()
        rows = [row for row in machine.rows if row.source == phase]
        for row in rows:
            separator = "\n" if phase == here and leads else ", " if leads else ""
            why = f"  ({row.why})" if phase == here else ""
            taken = (row.source, row.dest) in steps
            leads.append(separator).append(f"{row.trigger} -> {row.dest}", style=CHANGED if taken else "").append(why)
        shown.add_row(mark, Text(str(phase), style=style), leads if rows else Text("the round is over", style=PASSED))
    return shown


def marked(name: str, phase: str) -> str:
    """Return the machine as docs/machines.md draws it, with this phase marked.

    Raises:
        ReplError: there is no such machine.
    """
    drawn = mermaid(machine_of(name))
    return f"{drawn}\n    classDef here stroke-width:4px\n    class {phase} here" if phase else drawn


class Drawn:
    """What every game shows of the machines: their tables do not depend on the world that they are in."""

    def diagram(self, machine: str, trail: tuple[str, ...]) -> RenderableType:
        """Return a machine's table with the phases of this round marked."""
        return table(machine, trail)

    def mermaid(self, machine: str, phase: str) -> str:
        """Return a machine as a Mermaid diagram with one phase marked."""
        return marked(machine, phase)

    def machines(self) -> Mapping[str, tuple[str, ...]]:
        """Return the phases of each machine by its name."""
        return {name: machine.phases for name, machine in MACHINES.items()}
