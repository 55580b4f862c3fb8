"""What the demo shows: on a terminal with colours and a spinner, elsewhere as plain lines; and as a picture."""

import contextlib
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from gungnir.demo.figures import FaultFigures, Figures
from gungnir.demo.timeline import Entry, Kind

_PICTURE_WIDTH: Final = 116
_STYLES: Final = {
    Kind.FAULT: "bold red",
    Kind.EVIDENCE: "yellow",
    Kind.STEP: "cyan",
    Kind.CLIENT: "bold green",
    Kind.STATE: "dim",
}


class Screen:
    """Where the demo prints.

    Args:
        color: Whether colours may be used.
        picture: Whether ``save_picture`` will be called.
    """

    def __init__(self, *, color: bool = True, picture: bool = False) -> None:
        # A pipe or a file has no width of its own.
        width = None if sys.stdout.isatty() else _PICTURE_WIDTH
        self._console = Console(no_color=not color, highlight=False, width=width)
        self._recorder: Console | None = None
        if picture:
            self._recorder = Console(
                record=True, file=io.StringIO(), width=_PICTURE_WIDTH, force_terminal=True, highlight=False
            )

    def show(self, *what: RenderableType) -> None:
        """Print, on the screen and into the picture."""
        for console in (self._console, self._recorder):
            if console is not None:
                console.print(*what)

    def title(self, text: str) -> None:
        """Begin a section."""
        self.show("")
        self.show(Rule(Text(text, "bold"), align="left", style="dim"))

    @contextlib.contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Show that something is under way: a spinner on a terminal, nothing elsewhere."""
        if self._console.is_terminal:
            with self._console.status(text):
                yield
        else:
            yield

    def done(self, text: str, took_ms: float | None = None) -> None:
        """Print one thing that is done, with how long it took."""
        line = Text.assemble(("+ ", "green"), text)
        if took_ms is not None:
            line.append(f"  {took_ms:,.0f} ms", "dim")
        self.show(line)

    def timeline(self, entries: Sequence[Entry]) -> None:
        """Print what happened, in order."""
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for entry in sorted(entries, key=lambda entry: entry.offset_ms):
            style = _STYLES[entry.kind]
            table.add_row(
                Text(f"{entry.offset_ms:+,.0f} ms", "bold" if entry.kind in (Kind.FAULT, Kind.CLIENT) else ""),
                Text(entry.kind.value, style),
                Text(entry.what, style),
                entry.detail,
            )
        self.show(table)

    def summary(self, figures: Figures) -> None:
        """Print the table of all faults and the verdict."""
        table = Table(title="What the faults did to clients", title_justify="left", header_style="bold")
        table.add_column("fault", no_wrap=True)
        for name in ("write gap", "acknowledged", "with WAIT 1", "lost", "lost with WAIT 1", "two primaries seen"):
            table.add_column(name, justify="right")
        for fault in figures.faults:
            table.add_row(fault.name, *_cells(fault))
        operator = figures.operator
        self.show("")
        self.show(table)
        if any(fault.two_primaries_samples for fault in figures.faults):
            self.show(
                "two primaries seen: so many looks, 20 ms apart, found a primary that woke up and was not demoted yet; "
                "nobody follows it, and no Service leads to it"
            )
        self.show(
            f"apply to all ready {figures.apply_to_ready_ms:,.0f} ms; operator: leader after "
            f"{operator.start_to_leader_ms:,.0f} ms, {operator.rss_mb:,.0f} MB, "
            f"{operator.idle_cpu_percent:.1f} % of a core when idle"
        )
        self.show(
            Text(
                "OK: no write that WAIT 1 confirmed was lost, and never were there two primaries with replicas.",
                "green",
            )
            if figures.ok
            else Text("FAILED: a promise was broken; the table says which.", "bold red")
        )

    def problem(self, text: str) -> None:
        """Print what went wrong."""
        self._console.print(Text(text, "red"))

    def save_picture(self, path: Path) -> None:
        """Write everything shown so far as an SVG.

        Raises:
            OSError: The file cannot be written.
        """
        if self._recorder is not None:
            self._recorder.save_svg(str(path), title="gungnir demo")


def _cells(fault: FaultFigures) -> list[Text]:
    def bad(number: int, *, promised: bool) -> Text:
        return Text(f"{number:,}", "bold red" if number and promised else "")

    return [
        Text(f"{fault.write_gap_ms:,.0f} ms"),
        Text(f"{fault.acked:,}"),
        Text(f"{fault.acked_wait1:,}"),
        bad(fault.lost, promised=False),
        bad(fault.lost_wait1, promised=True),
        bad(fault.two_primaries_samples, promised=False),
    ]
