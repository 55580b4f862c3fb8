"""How everything that is shown looks."""

from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

CHANGED: Final = "bold yellow"
"""What the last step changed."""
HERE: Final = "bold reverse"
"""Where a machine stands."""
BAD: Final = "bold red"
GOOD: Final = "green"


def grid(title: str, *columns: str) -> Table:
    """Return an empty table."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def cells(now: tuple[str, ...], before: tuple[str, ...] | None) -> list[Text]:
    """Return a row; cells that differ from the row before are marked."""
    if before is None or len(before) != len(now):
        return [Text(cell) for cell in now]
    return [Text(cell, style="" if cell == was else CHANGED) for cell, was in zip(now, before, strict=True)]
