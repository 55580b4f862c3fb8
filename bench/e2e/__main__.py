"""``python -m bench.e2e``: the faults of the comparison on a whole Kubernetes; judge the figures, write every run.

Run by `make bench-e2e`, which makes the cluster. The exit status is 1 if a target was missed or a case could not be
done; what it was is printed last.
"""

import asyncio
import os
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bench.e2e.cases import CASES
from bench.e2e.results import FIGURES, RESULTS, Run, keep
from bench.e2e.scene import SPACE, Scene
from bench.e2e.targets import judge, missed
from bench.stats import conditions
from gungnir.demo.errors import NotInTimeError
from gungnir.errors import RetryableError, UserError
from tests.e2e.client import Programs, RemoteApi
from tests.e2e.installed import IMAGE, KUBECONFIG, VALUES, install, uninstall
from tests.e2e.nodes import FOLDER, OwnNodes

_SHOWN: Final = 120


def main(
    *,
    runs: Annotated[int, typer.Option(min=1, help="How often each short case is done.")] = 3,
    long_runs: Annotated[int, typer.Option(min=1, help="How often each case is done that lasts for minutes.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(CASES)}; repeatable.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order of the cases, which take turns; 0: as listed.")] = 0,
    machine: Annotated[str, typer.Option(help="What to remember of the machine: idle, busy with others.")] = "",
    commit: Annotated[str, typer.Option(help="What to remember of the code.")] = "",
    out: Annotated[Path, typer.Option(help="Directory of the results.")] = RESULTS,
) -> None:
    """Do faults to the operator on three nodes, under load, and judge what became of every write."""
    chosen = only or list(CASES)
    if unknown := [name for name in chosen if name not in CASES]:
        raise typer.BadParameter(f"{unknown[0]!r} is unknown; use {', '.join(CASES)}")
    kubeconfig, folder = os.environ.get(KUBECONFIG), os.environ.get(FOLDER)
    if not kubeconfig or not folder:
        raise typer.BadParameter(f"{KUBECONFIG} and {FOLDER} name no cluster; `make bench-e2e` makes one")
    times = {name: long_runs if CASES[name].long else runs for name in chosen}
    plan = [(name, n) for n in range(1, max(runs, long_runs) + 1) for name in chosen if n <= times[name]]
    if seed:
        random.Random(seed).shuffle(plan)  # noqa: S311 - an order that can be repeated
    under = conditions(machine=machine, commit=commit, nodes=3, seed=seed, values=os.environ.get(VALUES, ""))
    progress = Progress(out, under)
    asyncio.run(_measure(plan, progress, Path(kubeconfig), OwnNodes(Path(folder))))
    raise typer.Exit(progress.end())


class Progress:
    """Prints each run as it ends, and keeps it.

    Args:
        out: Directory of the files.
        conditions: What a reader must know to compare.
    """

    def __init__(self, out: Path, conditions: Mapping[str, Any]) -> None:
        self.runs: Final[list[Run]] = []
        self._out = out
        self._conditions = conditions
        self._started_s = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line with the time that has passed."""
        minutes, seconds = divmod(int(time.monotonic() - self._started_s), 60)
        print(f"[{minutes:2}:{seconds:02}] {text}", flush=True)

    def keep(self, run: Run) -> None:
        """A run has ended."""
        if unnamed := set(run.figures) - set(FIGURES):
            raise UserError(f"figures without a name in FIGURES: {sorted(unnamed)}")
        self.runs.append(run)
        keep(self._out, self.runs, self._conditions)
        figures = ", ".join(f"{name} {value:,g}" for name, value in run.figures.items())
        self.say(f"{run.fault:10} {run.position:22} {run.error[:_SHOWN] or figures}")

    def end(self) -> int:
        """Print the verdicts; returns the exit status."""
        verdicts = judge(self.runs)
        for verdict in verdicts:
            word = {True: "met", False: "MISSED", None: "-"}[verdict.met]
            most = f"<= {verdict.target.most:,.0f}"
            print(f"{word:7} {verdict.target.name:20} {verdict.target.what:52} {most:>9}: {verdict.measured}")
        failed = [f"{run.fault} could not be done: {run.error}" for run in self.runs if run.error]
        problems = [*failed, *(f"target missed: {name}" for name in missed(verdicts))]
        for problem in problems:
            print(problem)
        return int(bool(problems))


async def _measure(plan: Sequence[tuple[str, int]], progress: Progress, kubeconfig: Path, nodes: OwnNodes) -> None:
    with tempfile.TemporaryDirectory(prefix="gungnir-bench-") as home:
        programs = Programs(kubeconfig, Path(home))
        async with RemoteApi(kubeconfig) as api:
            scene = Scene(api, programs, nodes, progress.keep)
            progress.say(f"installing {os.environ.get(IMAGE, 'the default image')}")
            install(programs)
            programs.kubectl("create", "namespace", SPACE)
            try:
                for place, (name, number) in enumerate(plan, 1):
                    progress.say(f"{place}/{len(plan)} {name}, time {number}: {CASES[name].what}")
                    try:
                        await CASES[name].measure(scene, number)
                    except (AssertionError, NotInTimeError, RetryableError, UserError) as error:
                        progress.keep(Run(name, "", number, error=f"{type(error).__name__}: {error}"))
            finally:
                programs.kubectl("delete", "namespace", SPACE, "--timeout=120s")
                uninstall(programs)


if __name__ == "__main__":
    typer.run(main)
