"""The part of docs/benchmarks.md about a whole Kubernetes: other operators beside ours, and where the time goes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from bench.e2e.cases import CASES
from bench.e2e.results import Run
from bench.e2e.rivals import ABOUT, COSTS, RIVALS, Rival
from bench.e2e.stages import STAGES
from bench.e2e.targets import judge
from bench.stats import percentile
from bench.tables import row, table

HEAD: Final = """## On a whole Kubernetes, beside other operators

`make bench-e2e`: the cluster of [e2e.md](e2e.md) with three nodes, the chart's defaults, three pods with the defaults
of a ValkeyCluster. Four connections write 50 unique keys a second each through the client Service, every fifth write
with `WAIT 1`; clients wait a second for an answer and connect again after 50 ms. `ROLE` is asked every 50 ms, for a
node that is cut off also there. Each fault is done to a fresh cluster; those of one pod while it is pod 0, 1, 2, and
0 again.
"""
CAPTION: Final = """
**The rows of other operators are facts about other runs on another machine**, of 2026-11-22, under the same load and
the same faults: Kubernetes 1.36.3 with three nodes in network namespaces of two busy cores, Valkey 8.0.1, one to four
runs each. Below a second, differences between them and us say nothing. "All" means every write acknowledged before
the fault, and older data. They are
{about}.

Lost writes and samples stand by run, or as a sum where there are many. An isolated primary calls itself one until the
heal, because nobody reaches it: what counts is for how long it accepts writes.
"""
STAGES_HEAD: Final = """### Where the time goes

Median of the moments in ms after the fault, from the API server's audit log, the samples of the roles and the ledger
of the writes. A write gap ends with the last line.
"""
COSTS_HEAD: Final = """### What the operator itself takes

One cluster under load, nothing happens. The others' figures: as above.
"""


def section(runs: Sequence[Run], conditions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The part of the page; nothing if nothing was measured."""
    if not runs:
        return
    yield HEAD
    yield f"The runs of the operator: {'; '.join(sorted({_under(each) for each in conditions}))}.\n"
    yield table("fault", "operator", "which", *_COLUMNS)
    yield from _faults(runs)
    yield CAPTION.format(about=",\n".join(ABOUT))
    yield table("target", "at most", "measured", "met")
    words = {True: "yes", False: "**no**", None: "open"}
    for verdict in judge(runs):
        most = f"{verdict.target.most:,.0f} {verdict.target.unit}".rstrip()
        yield row(verdict.target.what, most, verdict.measured, words[verdict.met])
    for failed in (run for run in runs if run.error):
        yield f"\n`{failed.fault}` could not be done once: {failed.error}"
    yield f"\n{STAGES_HEAD}"
    yield from _stages(runs)
    yield f"\n{COSTS_HEAD}"
    yield from _costs(runs)
    yield ""


_CONDITIONS: Final = ("date", "commit", "cpus", "machine")
_COLUMNS: Final = (
    "n",
    "outage p50 / max, s",
    "lost, plain",
    "lost, `WAIT 1`",
    "two primaries",
    "both with a replica",
)
_MANY: Final = 5
"""From so many runs on, a sum stands for the list."""


def _under(conditions: Mapping[str, Any]) -> str:
    """Under which conditions a file was made; values of the chart that are not its defaults are told as well."""
    told = [f"{key} {conditions.get(key) or 'not said'}" for key in _CONDITIONS]
    return ", ".join([*told, *filter(None, [conditions.get("values")])])


def _faults(runs: Sequence[Run]) -> Iterator[str]:
    for fault, case in CASES.items():
        ours: dict[str, list[Run]] = {}
        for run in runs:
            if run.fault == fault and "outage_ms" in run.figures:
                ours.setdefault(run.position, []).append(run)
        if not ours:
            continue
        name = f"`{fault}`: {case.what}"
        for position, group in ours.items():
            yield row(name, "**gungnir**", position, *_cells(group))
            name = ""
        for group in ours.values():
            if all("isolated_lost" in run.figures for run in group):
                yield row("", "**gungnir**", "client on the cut node", *_isolated(group))
        for rival in RIVALS:
            if rival.fault == fault:
                yield row("", rival.name, rival.position, *_rival(rival))


def _cells(group: Sequence[Run]) -> Iterator[str]:
    outages = [run.figures["outage_ms"] / 1000 for run in group]
    yield str(len(group))
    yield f"{percentile(outages, 50):.1f} / {max(outages):.1f}"
    yield _each(group, "lost")
    yield _each(group, "lost_confirmed")
    yield _each(group, "isolated_doubles" if "isolated_doubles" in group[0].figures else "doubles")
    yield _each(group, "doubles_with_replicas")


def _isolated(group: Sequence[Run]) -> Iterator[str]:
    last_s = max(run.figures["isolated_last_ms"] for run in group) / 1000
    yield str(len(group))
    yield f"accepted for {last_s:.1f}"
    yield _each(group, "isolated_lost")
    yield _each(group, "isolated_lost_confirmed")
    yield "as above"
    yield ""


def _rival(rival: Rival) -> Iterator[str]:
    yield str(rival.n)
    yield f"{rival.p50_s:.1f} / {rival.max_s:.1f}" if rival.max_s else "none: accepted throughout"
    yield from (rival.lost, rival.confirmed, rival.doubles, rival.with_replicas)


def _each(group: Sequence[Run], figure: str) -> str:
    numbers = [int(run.figures[figure]) for run in group]
    return str(sum(numbers)) if len(numbers) >= _MANY or not any(numbers) else " ".join(map(str, numbers))


def _stages(runs: Iterable[Run]) -> Iterator[str]:
    by_fault: dict[str, list[Run]] = {}
    for run in runs:
        if run.stages:
            by_fault.setdefault(run.fault, []).append(run)
    faults = [fault for fault in CASES if fault in by_fault]
    yield table("what is seen", *(f"`{fault}`" for fault in faults))
    for stage, what in STAGES.items():
        seen = ([run.stages[stage] for run in by_fault[fault] if stage in run.stages] for fault in faults)
        yield row(what, *(f"{percentile(samples, 50):,.0f}" if samples else "-" for samples in seen))


def _costs(runs: Sequence[Run]) -> Iterator[str]:
    calm = [run.figures for run in runs if run.fault == "steady" and "writes" in run.figures]
    ready = [run.figures["ready_ms"] / 1000 for run in runs if "ready_ms" in run.figures]
    if not calm or not ready:
        yield "Not measured."
        return
    for_180_s = 180 / calm[-1]["seconds"]
    ours = (
        f"{calm[-1]['writes'] * for_180_s:.0f}",
        f"{max(figures['other_writes'] for figures in calm):.0f}",
        f"{max(figures['cpu_percent'] for figures in calm):.1f}",
        f"{max(figures['rss_mb'] for figures in calm):.0f}",
        f"p50 {percentile(ready, 50):.1f}, max {max(ready):.1f} (n = {len(ready)})",
    )
    yield table("", "gungnir", "wellcake", "KeiaiLab")
    for (what, *theirs), measured in zip(COSTS, ours, strict=True):
        yield row(what, measured, *theirs)
