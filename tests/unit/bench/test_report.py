"""docs/benchmarks.md and its pictures say what the files of results say, and targets are judged by them."""

import dataclasses
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from bench.faults.found import FORMER
from bench.faults.report import SIDE_BY_SIDE, document, grouped, pictures
from bench.faults.results import Run
from bench.faults.targets import FAULTS, targets
from tests.unit.bench.test_campaign import CLEAN


def ran(**changes: Any) -> Run:
    counts = changes.pop("counts", {})
    return dataclasses.replace(CLEAN, counts=CLEAN.counts | counts, **changes)


OURS = [ran(outage_ms=outage) for outage in (100.0, 300.0, 200.0)]
THEIRS = [ran(contestant="sentinel", outage_ms=2000.0, counts={"lost": 9, "lost_confirmed": 4, "confirmed": 50})]
FILES = {SIDE_BY_SIDE: ([*OURS, *THEIRS], {"date": "2026-11-28", "machine": "idle"}), "storm": ([ran(seed=7)], {})}


def test_the_page_has_a_row_for_each_fault_and_contestant_with_its_figures() -> None:
    """Medians, maxima and sums of the runs; losses that `WAIT` had confirmed stand out."""
    lines = document(FILES).splitlines()
    assert "| `sigkill` | gungnir, 1 s | 3 | 3 | 200 | 300 | 500 | 0 | 0 | 0 | 0 |" in lines
    assert "| `sigkill` | sentinel, 1 s | 1 | 1 | 2,000 | 2,000 | 500 | 5 | **4** | 50 | 0 |" in lines
    assert any(line.startswith("| `storm.json` | 1 | not said |") for line in lines)


def test_what_one_run_of_many_lost_is_not_taken_for_all_of_them() -> None:
    """A sum alone would say of a rare loss what a regular one deserves."""
    group = [*THEIRS, dataclasses.replace(THEIRS[0], counts=CLEAN.counts | {"confirmed": 30})]
    lines = document({SIDE_BY_SIDE: (group, {})}).splitlines()
    assert "| `sigkill` | sentinel, 1 s | 2 | 2 | 2,000 | 2,000 | 500 | 5 | **4** in 1 | 80 | 0 |" in lines


def test_a_run_in_which_the_operator_broke_a_promise_is_on_the_page_with_its_seed() -> None:
    """Sentinel's are in its rows of the table."""
    bad = ran(seed=4711, anomalies=["two primaries with replicas"], stall_ms=900.0)
    page = document({"storm": ([bad, *THEIRS], {})})
    assert "`--nemesis sigkill --seed 4711 --down-after-ms 1000`: two primaries with replicas" in page
    assert "held up for 900 ms" in page
    assert "None, in none of the runs above." in document(FILES)


def test_runs_of_another_client_library_are_a_table_of_their_own() -> None:
    """Their outages say what that library does after a fault: they are not among those of valkey-py."""
    files = FILES | {"glide": ([ran(nemesis="sigstop-long", outage_ms=9000.0)], {"client": "glide"})}
    page = document(files)
    ours, _, others = page.partition("## Clients on Valkey GLIDE")
    assert "9,000" not in ours
    assert "| `sigstop-long` | 1 | 1 | 9,000 |" in others
    assert "GLIDE" not in document(FILES)


@pytest.mark.parametrize(("ours_ms", "verdict"), [(390.0, "yes"), (410.0, "**no**")])
def test_a_ratio_is_met_when_the_medians_say_so(ours_ms: float, verdict: str) -> None:
    """One fifth of Sentinel's 2,000 ms is 400 ms."""
    first, second, *_rest = targets([ran(outage_ms=ours_ms), *THEIRS], [])
    assert first.verdict == verdict
    assert second.verdict == "open", "nothing was measured at 5 s"


def test_the_gap_of_a_switchover_is_judged_side_by_side_and_its_losses_everywhere() -> None:
    """Storms run beside other work: their times are told, and decide nothing; a write that one of them lost does."""
    beside, storm = ran(nemesis="switchover", outage_ms=19.0), ran(nemesis="switchover", outage_ms=300.0, seed=9)
    judged = list(targets([beside, *THEIRS], [beside, storm, storm]))[4]
    assert (judged.measured, judged.verdict) == ("p50 19 ms, n = 1; p50 300 ms in all 3; 0 lost", "yes")
    losing = dataclasses.replace(storm, counts=storm.counts | {"lost": 1})
    assert list(targets([beside, *THEIRS], [beside, losing]))[4].verdict == "**no**"
    assert list(targets([], [storm]))[4].measured == "p50 300 ms, n = 1; 0 lost"


def test_what_former_code_lost_is_told_apart() -> None:
    """A loss that was mended since does not make the present code lose; where none is former, nothing is said of it."""
    lost = ran(counts={"lost_confirmed": 1})
    confirmed = [target for target in targets([], [ran()] * FAULTS, [ran(), lost]) if "confirmed" in target.what]
    assert [(each.measured, each.verdict) for each in confirmed] == [
        ("0 in 1,000 faults; before the last one was mended 1 in 2", "yes")
    ]
    (alone,) = (target for target in targets([], [lost]) if "confirmed" in target.what)
    assert alone.measured == "1 in 1 faults"
    page = document({"old": ([lost], {"commit": min(FORMER)}), "new": ([ran()], {"commit": "abc"})})
    assert "0 in 1 faults; before the last one was mended 1 in 1" in page


def verdicts(*ours: Run) -> list[str]:
    return [target.verdict for target in targets([], ours)]


@pytest.mark.parametrize(
    ("run", "position"),
    [
        (ran(nemesis="switchover", outage_ms=25.0), 4),
        (ran(counts={"lost_confirmed": 1}), 5),
        (ran(lost_window_ms=5000.0), 6),
        (ran(two_with_replicas=1), 7),
        (ran(nemesis="sigstop-short", failed_over=True), 8),
    ],
)
def test_each_target_can_be_missed(run: Run, position: int) -> None:
    """By one run among many good ones."""
    good = [ran(), ran(nemesis="switchover", outage_ms=10.0), ran(nemesis="sigstop-short", failed_over=False)]
    fine = verdicts(*good * 400)
    assert fine[4:9] == ["yes"] * 5
    many = [each for each in good * 400 if each.nemesis != run.nemesis or run.nemesis == "sigkill"]
    missed = verdicts(*many, run)
    assert missed[position] == "**no**"


def test_the_pictures_are_well_formed_and_show_each_contestant() -> None:
    """A dot for each run, a lane for each contestant."""
    drawn = pictures(FILES)
    outages, timelines = (ET.fromstring(drawn[name]) for name in ("outages", "timelines"))  # noqa: S314 - our own text
    kind = "{http://www.w3.org/2000/svg}"
    assert len(outages.findall(f"{kind}circle")) == 4
    names = [text.text for text in timelines.findall(f"{kind}text")]
    assert {"gungnir, 1 s", "sentinel, 1 s"} <= set(names)


def test_pictures_of_nothing_are_pictures() -> None:
    """A checkout without results has a page as well."""
    for text in pictures({}).values():
        ET.fromstring(text)  # noqa: S314 - our own text
    assert "not measured" in document({})


def test_confirmed_writes_lost_with_every_process_are_told_apart() -> None:
    """They count in the sum, and the page says what they are."""
    page = document({"storm": ([ran(nemesis="kill-all", counts={"lost": 2, "lost_confirmed": 2})], {})})
    assert "2 of these lost" in page
    assert "lost, 2 were where every process that has a write ends" in page


def test_a_run_that_waits_for_a_person_is_counted() -> None:
    """It is no broken promise, and not a recovery either."""
    page = document({"storm": ([ran(nemesis="pair", blocked="TooFewWholePods", redundancy_ms=-1.0)], {})})
    assert "waited for a person: 1." in page
    assert "| never |" in page


def test_faults_are_in_the_order_of_their_table() -> None:
    """So pages of different runs can be compared line by line."""
    shuffled = [ran(nemesis="pair"), ran(nemesis="isolate"), ran(nemesis="sigkill")]
    assert [nemesis for nemesis, _label in grouped(shuffled)] == ["sigkill", "isolate", "pair"]
