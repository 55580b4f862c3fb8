"""``python -m bench.faults.report [outages|timelines]``: docs/benchmarks.md and its pictures, from the results."""

import itertools
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.e2e import report as whole
from bench.e2e import results as e2e_results
from bench.e2e.results import Run as WholeRun
from bench.faults import svg
from bench.faults.contestants.base import GLIDE, VALKEY_PY
from bench.faults.found import FORMER, FOUND
from bench.faults.nemeses import NEMESES
from bench.faults.results import Run, read
from bench.faults.targets import targets
from bench.faults.where import where_time_goes
from bench.stats import percentile
from bench.tables import row, table

RESULTS: Final = Path(__file__).parents[1] / "results" / "faults"
SIDE_BY_SIDE: Final = "side-by-side"
LINE: Final = "sigkill"
"""The fault whose course is drawn."""

LATE_MS: Final = 200
"""From here on a stall of the measuring program is told with what it may explain."""

HEAD: Final = """# Benchmarks

What clients lose, and for how long they cannot write, under the same faults: the operator, Valkey Sentinel, and
replication that nobody looks after. Made by `make docs` from `bench/results/faults/`, where each run is with its seed.

All three are pods of one local cluster, so every fault is done by the same means. Four clients of valkey-py write 100
unique keys a second each, every second one followed by `WAIT 1`; one more reads. A write is lost if it was acknowledged
and is not there once everything has healed. All servers have `min-replicas-to-write 1` and `min-replicas-max-lag 2`.
Sentinel has three processes, quorum 2, `parallel-syncs 2`, `failover-timeout` 10 s; its clients ask the Sentinels for
the primary. The operator's clients use the Service. Its lease is 3 s instead of 15 s, so that its own faults are over
sooner.
"""
AFTER_FILES: Final = """
Times on a busy machine say little by themselves: compare them within one table, whose contestants took turns. Losses
do not depend on that. A run is repeated by `python -m bench.faults --contestant C --nemesis N --seed S`.
"""
BESIDE: Final = """## Side by side

`make bench-sentinel`. "1 s" and "5 s" are the time of silence after which a primary counts as down. Lost writes and
samples with two primaries are sums over the n runs ("in 1": one run alone lost some); times are in ms. A killed process
needs no silence to be seen by the operator: refused connections are proof.

![Outages](benchmarks/outages.svg)
"""
AFTER_BESIDE: Final = """
An outage is the longest time without any acknowledged write. Where a primary is isolated together with clients, these
go on writing to it for up to 4 s (`min-replicas-max-lag` and 2 s): the outage is short, the price is the plain writes
lost. Two primaries: samples 20 ms apart in which two pods called themselves primary, led to by a Service or not; such a
pair with replicas on both sides would be a broken promise.

![Course of one SIGKILL for each contestant](benchmarks/timelines.svg)
"""

WITH_GLIDE: Final = """## Clients on Valkey GLIDE

The same load from Valkey GLIDE, which keeps its connections by itself, in place of valkey-py, with the operator at 1 s:
`python -m bench.faults --client glide` (after `make .venv/.stamp-glide`). It closes no connection because an answer is
missing: what waits on a frozen primary goes on when that one wakes and is demoted, and not when the new one serves.
"""

Files = Mapping[str, tuple[Sequence[Run], Mapping[str, Any]]]
"""Runs and conditions of each file, by its name."""


def load(directory: Path = RESULTS) -> Files:
    """Read every file of results.

    Raises:
        ValueError: One of them is of another format.
    """
    return {path.stem: read(path) for path in sorted(directory.glob("*.json"))}


def grouped(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    """Runs by fault, in the order of the table of nemeses, and by contestant with its setting."""
    found: dict[tuple[str, str], list[Run]] = defaultdict(list)
    order = list(NEMESES)
    for run in sorted(runs, key=lambda run: (order.index(run.nemesis), run.contestant, run.down_after_ms)):
        found[run.nemesis, run.label].append(run)
    return found


def document(files: Files, e2e: tuple[Sequence[WholeRun], Sequence[Mapping[str, Any]]] = ((), ())) -> str:
    """The whole page; ``e2e`` is what ``bench.e2e.results.load`` returns."""
    beside = files.get(SIDE_BY_SIDE, ((), {}))[0]
    ours, others = _ours(files, VALKEY_PY), _ours(files, GLIDE)
    former, current = (
        _ours({name: file for name, file in files.items() if (file[1].get("commit") in FORMER) is old}, VALKEY_PY)
        for old in (True, False)
    )
    parts = (
        *(_head(files), _beside(beside), _targets(beside, current, former), where_time_goes()),
        *(_alone(ours), _glide(others), _broken([*ours, *others]), whole.section(*e2e)),
    )
    return "\n".join(itertools.chain.from_iterable(parts)) + "\n"


def _ours(files: Files, client: str) -> list[Run]:
    """All runs of the operator with clients of one library; older files, which do not say, are of valkey-py."""
    return [
        run
        for runs, under in files.values()
        for run in runs
        if run.contestant == "gungnir" and under.get("client", VALKEY_PY) == client
    ]


def _head(files: Files) -> Iterator[str]:
    yield HEAD
    yield table("file", "runs", "date", "commit", "Valkey", "CPUs", "machine", "operator")
    for name, (runs, under) in files.items():
        cells = (under.get(key) or "not said" for key in ("date", "commit", "valkey", "cpus", "machine", "operator"))
        yield row(f"`{name}.json`", len(runs), *cells)
    yield AFTER_FILES


def _outages(group: Sequence[Run]) -> tuple[str, ...]:
    """The cells that every table has in common: n, failovers, outages, recovery, losses."""
    outages = [run.outage_ms for run in group]
    whole = [run.redundancy_ms for run in group if run.redundancy_ms >= 0]
    confirmed = _sum(group, "lost_confirmed")
    losing = sum(run.counts["lost_confirmed"] > 0 for run in group)
    where = f" in {losing}" if losing < len(group) else ""
    return (
        *(str(len(group)), str(sum(run.failed_over for run in group))),
        *(f"{percentile(outages, 50):,.0f}", f"{max(outages):,.0f}"),
        *(f"{percentile(whole, 50):,.0f}" if whole else "never", f"{_sum(group, 'lost') - confirmed:,}"),
        *(f"**{confirmed:,}**{where}" if confirmed else "0", f"{_sum(group, 'confirmed'):,}"),
    )


COLUMNS: Final = ("n", "failed over", "outage p50", "max", "whole again p50", "lost, plain", "lost, `WAIT 1`", "of")


def _beside(runs: Sequence[Run]) -> Iterator[str]:
    yield BESIDE
    yield table("fault", "contestant", *COLUMNS, "two primaries")
    for (nemesis, label), group in grouped(runs).items():
        yield row(f"`{nemesis}`", label, *_outages(group), sum(run.two_primaries for run in group))
    yield AFTER_BESIDE


def _targets(beside: Sequence[Run], ours: Sequence[Run], former: Sequence[Run]) -> Iterator[str]:
    yield "## Targets\n"
    yield table("target", "measured", "met")
    for target in targets(beside, ours, former):
        yield row(target.what, target.measured, target.verdict)
    yield ""


def _alone(ours: Sequence[Run]) -> Iterator[str]:
    yield (
        f"## The operator under every fault\n\nAll files together: {len(ours):,} faults, "
        f"{_sum(ours, 'acknowledged'):,} acknowledged writes,\n{_sum(ours, 'confirmed'):,} of them confirmed by "
        f"`WAIT 1`, {_sum(ours, 'lost_confirmed'):,} of these lost. No loss in n faults means: fewer than\n3/n of such "
        "faults lose anything, at 95 %. Times in ms.\n"
    )
    everywhere = _sum((run for run in ours if NEMESES[run.nemesis].all_copies), "lost_confirmed")
    if everywhere:
        yield f"Of the confirmed writes that were lost, {everywhere} were where every process that has a write ends.\n"
    blocked = sum(bool(run.blocked) for run in ours)
    if blocked:
        yield f"Faults (each of them two at once) after which it was blocked and waited for a person: {blocked}.\n"
    silences = [run.silence_ms for run in ours if run.silence_ms >= 0]
    if silences:
        yield (
            f"A subscriber that is sent a message every 50 ms heard nothing for {percentile(silences, 50):,.0f} ms\n"
            f"(p50), {max(silences):,.0f} ms at most, in {len(silences)} faults.\n"
        )
    yield table("fault", "what is done", "expected", *COLUMNS)
    by_name: dict[str, list[Run]] = {}
    for (nemesis, _label), group in grouped(ours).items():
        by_name.setdefault(nemesis, []).extend(group)
    for name, group in by_name.items():
        yield row(f"`{name}`", NEMESES[name].what, NEMESES[name].expect.value, *_outages(group))
    yield ""


def _glide(runs: Sequence[Run]) -> Iterator[str]:
    if not runs:
        return
    yield WITH_GLIDE
    yield table("fault", *COLUMNS)
    for (nemesis, _label), group in grouped(runs).items():
        yield row(f"`{nemesis}`", *_outages(group))
    yield ""


def _broken(ours: Sequence[Run]) -> Iterator[str]:
    yield "## Promises that were broken\n"
    bad = [run for run in ours if run.anomalies]
    if not bad:
        yield "None, in none of the runs above."
    for run in bad:
        where = f"`--nemesis {run.nemesis} --seed {run.seed} --down-after-ms {run.down_after_ms}`"
        late = (
            f" (the measuring program was itself held up for {run.stall_ms:,.0f} ms)" if run.stall_ms > LATE_MS else ""
        )
        yield f"- {where}: {'; '.join(text[:160] for text in run.anomalies)}{late}{_became(run)}"


def _became(run: Run) -> str:
    """What was changed since, if somebody found out why."""
    same = (row for row in FOUND if (row.nemesis, row.seed, row.down_after_ms) == _repeat(run))
    return "".join(f". Found: {row.what}. Since then {row.became}" for row in same)


def _repeat(run: Run) -> tuple[str, int, int]:
    return run.nemesis, run.seed, run.down_after_ms


def _sum(runs: Iterable[Run], key: str) -> int:
    return sum(run.counts[key] for run in runs)


def pictures(files: Files) -> dict[str, str]:
    """The pictures by name."""
    beside = files.get(SIDE_BY_SIDE, ((), {}))[0]
    groups = {f"{nemesis}: {label}": runs for (nemesis, label), runs in grouped(beside).items()}
    drawn: dict[str, Run] = {}
    for (nemesis, label), runs in grouped(beside).items():
        if nemesis == LINE:
            ordered = sorted(runs, key=lambda run: run.outage_ms)
            drawn[label] = ordered[(len(ordered) - 1) // 2]
    return {"outages": svg.outages(groups), "timelines": svg.timelines(drawn)}


def main(arguments: Sequence[str]) -> None:
    """Print the page, or a picture."""
    files = load()
    print(pictures(files)[arguments[0]] if arguments else document(files, e2e_results.load()), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
