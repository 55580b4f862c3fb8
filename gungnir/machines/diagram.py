"""docs/machines.md from the step tables: ``python -m gungnir.machines.diagram`` prints it.

The tables are the truth; the page is regenerated and compared in CI.
"""

import sys

from gungnir.machines import failover_table, lease, reconcile, repair_table, scale_down, switchover
from gungnir.machines.kernel import Machine

PAGES = (
    failover_table.MACHINE,
    repair_table.MACHINE,
    switchover.MACHINE,
    scale_down.MACHINE,
    reconcile.MACHINE,
    lease.MACHINE,
)


def mermaid(machine: Machine) -> str:
    """Return the machine as a Mermaid state diagram, one arrow for each row, in the table's order."""
    lines = ["stateDiagram-v2", f"    [*] --> {machine.initial}"]
    lines += [f"    {row.source} --> {row.dest}: {row.trigger}" for row in machine.rows]
    lines += [f"    {phase} --> [*]" for phase in sorted(machine.terminal)]
    return "\n".join(lines)


def section(machine: Machine) -> str:
    """Return the section of one machine: the diagram, and each row with its reason."""
    rows = "\n".join(f"| {row.source} | {row.trigger} | {row.dest} | {row.why} |" for row in machine.rows)
    head = "| in | on | goes to | because |\n|---|---|---|---|"
    return f"## {machine.name}\n\n```mermaid\n{mermaid(machine)}\n```\n\n{head}\n{rows}\n"


def page() -> str:
    """Return the whole page."""
    intro = (
        "# The machines\n\nGenerated from the step tables in `gungnir/machines` by `make docs`; do not edit.\n"
        "An edge that is not here stops a round of the running operator, loudly.\n"
    )
    return "\n".join((intro, *(section(machine) for machine in PAGES)))


if __name__ == "__main__":
    sys.stdout.write(page())
