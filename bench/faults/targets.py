"""What the project wants of its figures, each with what was measured and whether that is enough."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.faults.nemeses import NEMESES, window_ms
from bench.faults.nemeses.base import WINDOW_MS, Expect
from bench.faults.results import Run
from bench.stats import percentile

FAULTS: Final = 1000
SWITCHOVER_MS: Final = 20
RATIOS: Final = (
    ("sigkill", 1000, 1 / 5, "SIGKILL: outage at most 1/5 of Sentinel's at 1 s"),
    ("sigkill", 5000, 1 / 12, "SIGKILL: outage at most 1/12 of Sentinel's at 5 s"),
    ("sigstop-long", 1000, 0.8, "SIGSTOP: outage at most 0.8 of Sentinel's at 1 s"),
    ("sigstop-long", 5000, 0.8, "SIGSTOP: outage at most 0.8 of Sentinel's at 5 s"),
)
"""Fault, setting in milliseconds, largest ratio of the medians, in words."""


@dataclass(frozen=True)
class Target:
    """One line of the table."""

    what: str
    measured: str
    verdict: str


def targets(beside: Sequence[Run], ours: Sequence[Run], former: Sequence[Run] = ()) -> Iterator[Target]:
    """Judge each target.

    Args:
        beside: Runs of all contestants, which took turns.
        ours: All runs of the operator, but for ``former``.
        former: Those of code in which a loss of confirmed writes was found and mended since. They count for everything
            but the losses of confirmed writes, which are told apart.
    """
    current, ours = ours, [*former, *ours]
    for nemesis, down_after_ms, largest, what in RATIOS:
        yield _ratio(nemesis, down_after_ms, largest, what, beside)
    yield _switchover(beside, ours)
    lost, covered = _lost_confirmed(current)
    before = "; before the last one was mended {} in {:,}".format(*_lost_confirmed(former)) if former else ""
    yield _of(
        f"writes confirmed by `WAIT 1` lost: 0 in {FAULTS:,} faults or more (without those that end every process)",
        f"{lost} in {covered:,} faults{before}",
        not lost and covered >= FAULTS,
    )
    windows = [run.lost_window_ms for run in ours if window_ms(NEMESES[run.nemesis], run.choices) == WINDOW_MS]
    yield _of(
        f"plain writes are lost no later than {WINDOW_MS:,} ms after the fault, where its table says no more",
        f"at most {max(windows):,.0f} ms" if windows else "",
        bool(windows) and max(windows) <= WINDOW_MS,
    )
    doubles = sum(run.two_with_replicas for run in ours)
    yield _of("samples with two primaries that have replicas: 0", str(doubles), not doubles)
    calm = [run for run in ours if NEMESES[run.nemesis].expect is Expect.STAY]
    wrong = sum(run.failed_over for run in calm)
    yield _of("failovers where there must be none: 0", f"{wrong} in {len(calm)} faults", bool(calm) and not wrong)
    whole = [run.redundancy_ms for run in ours if run.redundancy_ms >= 0]
    yield Target(
        "time from the end of the fault to full redundancy, reported",
        f"p50 {percentile(whole, 50):,.0f} ms, max {max(whole):,.0f} ms" if whole else "not measured",
        "no bound",
    )


def _switchover(beside: Iterable[Run], ours: Iterable[Run]) -> Target:
    """Judge the gap by the runs side by side, as other times are; of all runs it is told, and their losses count."""
    every = [run for run in ours if run.nemesis == "switchover"]
    judged = [run for run in beside if (run.contestant, run.nemesis) == ("gungnir", "switchover")] or every
    gap_ms, lost = _p50(judged), sum(run.counts["lost"] for run in every)
    all_of_them = "" if judged == every else f"; p50 {_p50(every):,.0f} ms in all {len(every)}"
    return _of(
        f"planned switchover: gap p50 at most {SWITCHOVER_MS} ms, nothing lost",
        f"p50 {gap_ms:,.0f} ms, n = {len(judged)}{all_of_them}; {lost} lost" if judged else "",
        gap_ms <= SWITCHOVER_MS and not lost,
    )


def _p50(runs: Sequence[Run]) -> float:
    return percentile([run.outage_ms for run in runs], 50) if runs else 0.0


def _lost_confirmed(runs: Iterable[Run]) -> tuple[int, int]:
    """Return how many confirmed writes were lost, and in how many faults that leave a process with the data."""
    covered = [run for run in runs if not NEMESES[run.nemesis].all_copies]
    return sum(run.counts["lost_confirmed"] for run in covered), len(covered)


def _ratio(nemesis: str, down_after_ms: int, largest: float, what: str, runs: Iterable[Run]) -> Target:
    medians = {}
    for name in ("gungnir", "sentinel"):
        found = [
            r.outage_ms for r in runs if (r.contestant, r.nemesis, r.down_after_ms) == (name, nemesis, down_after_ms)
        ]
        if not found:
            return _of(what, "", False)
        medians[name] = percentile(found, 50)
    ratio = medians["gungnir"] / medians["sentinel"]
    measured = f"{medians['gungnir']:,.0f} / {medians['sentinel']:,.0f} ms = {ratio:.2f}"
    return _of(what, measured, ratio <= largest)


def _of(what: str, measured: str, met: bool) -> Target:
    if not measured:
        return Target(what, "not measured", "open")
    return Target(what, measured, "yes" if met else "**no**")
