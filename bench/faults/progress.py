"""What a campaign shows while it runs, and where its runs are kept."""

import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.faults.nemeses.base import Nemesis
from bench.faults.results import Run, slim, write
from bench.stats import percentile

STORIES: Final = Path("build/faults")
_WIDTH: Final = 150
_ROUND: Final = 25
"""After so many runs of a storm the table is printed."""


class Progress:
    """Prints a line for each run, and writes the file anew after each.

    Args:
        path: The file.
        conditions: What a reader must know to compare.

    Attributes:
        runs: All runs so far.
        errors: Faults that could not be done, in words.
    """

    def __init__(self, path: Path, conditions: dict[str, Any]) -> None:
        self.runs: Final[list[Run]] = []
        self.errors: Final[list[str]] = []
        self._path = path
        self._conditions = conditions
        self._total: int | None = None
        self._started_s = time.monotonic()
        self._console = Console()
        if not self._console.is_terminal:  # a pipe or a file has no width of its own
            self._console = Console(width=_WIDTH)

    def begin(self, total: int | None) -> None:
        """So many faults are to come; None if nobody knows."""
        self._total = total

    def done(self, run: Run, story: list[str]) -> None:
        """A run has ended; ``story`` is what the contestant did, for a run that is kept for a closer look."""
        # A storm has thousands of runs: those in which nothing was wrong are kept without their course.
        self.runs.append(slim(run) if self._total is None and not run.anomalies else run)
        write(self._path, self.runs, self._conditions)
        counts = run.counts
        parts = (
            f"[{len(self.runs)}/{self._total or '?'} {self._passed()}] {run.label:14} {run.nemesis:21}",
            f"seed {run.seed:<6} outage {run.outage_ms:7.0f} ms,",
            f"lost {counts['lost']:4} of {counts['acknowledged']:5},",
            f"with WAIT 1 {counts['lost_confirmed']:4} of {counts['confirmed']:5},",
            f"whole after {run.redundancy_ms:6.0f} ms{', FAILED OVER' if run.failed_over else ''}",
        )
        print(" ".join(parts), flush=True)
        if run.blocked:
            print(f"    waits for a person: {run.blocked[:300]}", flush=True)
        for anomaly in run.anomalies:
            print(f"    {'BROKEN' if run.contestant == 'gungnir' else 'note'}: {anomaly[:600]}", flush=True)
        if story:
            self._keep(run, story)
        if self._total is None and len(self.runs) % _ROUND == 0:
            self.summary()

    def failed(self, contestant: str, nemesis: Nemesis, seed: int, error: str) -> None:
        """A fault could not be done, or not be judged."""
        self.errors.append(f"{contestant}, {nemesis.name}, seed {seed}: {error}")
        print(f"    not done: {self.errors[-1][:1000]}", flush=True)

    def summary(self) -> None:
        """Print one row for each contestant and fault."""
        rows: dict[tuple[str, str], list[Run]] = defaultdict(list)
        for run in self.runs:
            rows[run.label, run.nemesis].append(run)
        table = Table(title=f"{len(self.runs)} faults in {self._passed()}", title_justify="left")
        table.add_column("contestant")
        table.add_column("fault")
        for column in ("n", "outage p50", "max", "lost", "with WAIT 1", "of", "two primaries", "failed over", "broken"):
            table.add_column(column, justify="right")
        for (label, nemesis), runs in rows.items():
            outages = [run.outage_ms for run in runs]
            table.add_row(
                *(label, nemesis, str(len(runs)), f"{percentile(outages, 50):,.0f}", f"{max(outages):,.0f}"),
                *(str(sum(run.counts[key] for run in runs)) for key in ("lost", "lost_confirmed", "confirmed")),
                str(sum(run.two_primaries for run in runs)),
                str(sum(run.failed_over for run in runs)),
                str(sum(bool(run.anomalies) for run in runs)),
            )
        self._console.print(table)
        for error in self.errors:
            print(f"not done: {error}")

    def _keep(self, run: Run, story: list[str]) -> None:
        STORIES.mkdir(parents=True, exist_ok=True)
        path = STORIES / f"{run.contestant}-{run.nemesis}-{run.seed}.txt"
        lines = [*run.anomalies, f"choices {run.choices}", f"roles {run.roles}"]
        lines += [f"{at_ms:9.0f} ms {what}" for at_ms, what in run.marks]
        path.write_text("\n".join([*lines, "", *story]) + "\n")
        print(f"    what it did: {path}", flush=True)

    def _passed(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self._started_s), 60)
        return f"{minutes}:{seconds:02}"
