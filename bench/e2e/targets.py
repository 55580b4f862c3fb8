"""What the project wants of the figures of a whole Kubernetes, and which of it was met."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bench.e2e.results import Run
from bench.stats import percentile

DOWN_AFTER_MS: Final = 5_000
"""The default of ``downAfterMs``."""
LEASE_MS: Final = 15_000 + 2_000
"""The chart's defaults: how long others wait for a silent leader, and how often they look."""
WINDOW_MS: Final = 4_000
"""``min-replicas-max-lag`` and 2 s (docs/failure-modes.md): so long an isolated primary may accept writes."""
FOUND_MS: Final = 2_000


@dataclass(frozen=True)
class Target:
    """One line of the table.

    Attributes:
        name: For the exit message.
        what: In words.
        faults: Of whose runs it speaks; of all of them if there are none.
        figure: Which figure.
        most: The largest value that is enough.
        value: From the figures of each position, the value that is judged.
        unit: Of the value.
    """

    name: str
    what: str
    faults: tuple[str, ...]
    figure: str
    most: float
    value: Callable[[Sequence[Sequence[float]]], float]
    unit: str = "ms"


@dataclass(frozen=True)
class Verdict:
    """What was measured of a target; ``met`` is None where nothing was."""

    target: Target
    measured: str
    met: bool | None


def _worst_p50(positions: Sequence[Sequence[float]]) -> float:
    return max(percentile(samples, 50) for samples in positions)


def _largest(positions: Sequence[Sequence[float]]) -> float:
    return max(max(samples) for samples in positions)


def _sum(positions: Sequence[Sequence[float]]) -> float:
    return sum(sum(samples) for samples in positions)


_SILENT_MS: Final = DOWN_AFTER_MS + FOUND_MS
TARGETS: Final = (
    *(
        Target(f"{fault}-outage", f"`{fault}`: p50, the worst ordinal", (fault,), "outage_ms", FOUND_MS, _worst_p50)
        for fault in ("kill", "kill-empty", "delete", "force")
    ),
    *(
        Target(f"{fault}-outage", f"`{fault}`: downAfterMs and 2 s", (fault,), "outage_ms", _SILENT_MS, _largest)
        for fault in ("freeze", "cut")
    ),
    Target(
        "cut-leader-outage",
        "`cut-leader`: the lease, downAfterMs and 2 s",
        ("cut-leader",),
        "outage_ms",
        LEASE_MS + _SILENT_MS,
        _largest,
    ),
    Target("confirmed", "writes lost that `WAIT 1` had confirmed", (), "lost_confirmed", 0, _sum, ""),
    Target("confirmed-isolated", "the same, of the isolated client", (), "isolated_lost_confirmed", 0, _sum, ""),
    Target("unexpected", "keys that nobody was told of", (), "unexpected", 0, _sum, ""),
    Target("window", "last write that an isolated primary accepts", (), "isolated_last_ms", WINDOW_MS, _largest),
    Target("replicas", "samples with two primaries that have replicas", (), "doubles_with_replicas", 0, _sum, ""),
    Target("woken", "samples with two primaries after a waking", ("freeze",), "doubles_after", 1, _largest, ""),
    Target("healed", "the same after a heal", (), "isolated_doubles_after", 1, _largest, ""),
    Target("steady", "writes but of the lease, steady", ("steady",), "other_writes", 0, _sum, ""),
    Target("usable", "request to the first write", ("apply",), "usable_ms", 10_000, _largest),
    Target("ready", "request to all pods ready", ("apply",), "ready_ms", 10_000, _largest),
    Target("start", "both operators start at once: to ready", ("start",), "started_ms", 2_500, _largest),
    Target("memory", "the operator's memory", ("steady",), "rss_mb", 130, _largest, "MB"),
)


def judge(runs: Iterable[Run]) -> list[Verdict]:
    """Hold the runs against each target."""
    found = list(runs)
    return [_judged(target, found) for target in TARGETS]


def missed(verdicts: Iterable[Verdict]) -> list[str]:
    """Names of the targets that were measured and not met."""
    return [verdict.target.name for verdict in verdicts if verdict.met is False]


def _judged(target: Target, runs: Iterable[Run]) -> Verdict:
    positions: dict[tuple[str, str], list[float]] = {}
    for run in runs:
        if target.figure in run.figures and (not target.faults or run.fault in target.faults):
            positions.setdefault((run.fault, run.position), []).append(run.figures[target.figure])
    if not positions:
        return Verdict(target, "not measured", None)
    value = target.value(list(positions.values()))
    return Verdict(target, f"{value:,.0f} {target.unit}".rstrip(), value <= target.most)
