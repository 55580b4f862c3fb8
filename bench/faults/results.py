"""The result of one fault, and the files that keep them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

FORMAT: Final = 1
"""Of the files; another number means that old ones cannot be read."""


@dataclass(frozen=True)
class Run:
    """One fault on one contestant.

    Attributes:
        contestant: Its name.
        nemesis: Its name.
        seed: Repeats the run: ``python -m bench.faults --contestant C --nemesis N --seed S``.
        down_after_ms: Setting of the contestant.
        expect: What the nemesis expects, in words.
        choices: What the seed chose.
        counts: Sizes of the sets of the verdict.
        outage_ms: Longest time without an acknowledged write, from the fault until everything was whole again.
        redundancy_ms: From the end of the fault until all pods were whole again; -1 if they were not in time.
        lost_window_ms: From the fault to the acknowledgement of the last plain write that was lost.
        lost_before_ms: From the acknowledgement of the first write that was lost to the fault; -1 if nobody noted it.
        failed_over: Whether another pod was primary afterwards, or the same one in a later generation.
        two_primaries: Samples of ``ROLE``, 20 ms apart, with two primaries.
        two_with_replicas: Those of them in which both had replicas.
        blocked: Why it waits for a person at the end, in words; empty if it does not. Its writes are not judged then.
        stall_ms: Longest time for which this program itself did not run: a busy machine shows here.
        marks: What was done when, in milliseconds since the run was set up.
        roles: Who was primary when, as the samples saw it; same clock.
        writes: Acknowledged writes of each 100 ms, same clock: the time line.
        silence_ms: Longest time for which a subscriber heard nothing, while there was something to hear every 50 ms; -1
            in files of before there was one.
        anomalies: What a contestant that keeps its promises does not do, in words.
    """

    contestant: str
    nemesis: str
    seed: int
    down_after_ms: int
    expect: str
    choices: dict[str, str | int]
    counts: dict[str, int]
    outage_ms: float
    redundancy_ms: float
    lost_window_ms: float
    lost_before_ms: float
    failed_over: bool
    two_primaries: int
    two_with_replicas: int
    blocked: str
    stall_ms: float
    marks: list[tuple[float, str]]
    roles: list[tuple[float, list[str]]]
    writes: list[int]
    anomalies: list[str]
    silence_ms: float = -1.0

    @property
    def label(self) -> str:
        """The contestant with its setting, as tables name it."""
        if self.contestant == "none":
            return self.contestant
        return f"{self.contestant}, {self.down_after_ms / 1000:g} s"


def slim(run: Run) -> Run:
    """The run without its course in time, for files of many runs."""
    return replace(run, roles=[], writes=[])


def write(path: Path, runs: Iterable[Any], conditions: Mapping[str, Any]) -> None:
    """Write a file of runs, which are dataclasses, a line each; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = json.dumps({"format": FORMAT, "conditions": conditions})
    lines = ",\n".join(json.dumps(asdict(run)) for run in runs)
    unfinished = path.with_suffix(".tmp")
    unfinished.write_text(f'{head[:-1]}, "runs": [\n{lines}\n]}}\n')
    unfinished.replace(path)


def read(path: Path) -> tuple[list[Run], dict[str, Any]]:
    """Read a file of runs and the conditions under which they were made.

    Raises:
        ValueError: It is of another format.
    """
    runs, conditions = content(path)
    return [_run(raw) for raw in runs], conditions


def content(path: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Read a file as ``write`` left it: the runs as they stand there, and their conditions.

    Raises:
        ValueError: It is of another format.
    """
    found = json.loads(path.read_text())
    if found.get("format") != FORMAT:
        raise ValueError(f"{path}: format {found.get('format')} is not {FORMAT}: run the campaign again")
    return found["runs"], found["conditions"]


def broken(runs: Iterable[Run]) -> list[Run]:
    """The runs in which a promise of the operator was broken."""
    return [run for run in runs if run.contestant == "gungnir" and run.anomalies]


def _run(raw: dict[str, Any]) -> Run:
    raw["marks"] = [(at_ms, what) for at_ms, what in raw["marks"]]
    raw["roles"] = [(at_ms, pods) for at_ms, pods in raw["roles"]]
    return Run(**raw)
