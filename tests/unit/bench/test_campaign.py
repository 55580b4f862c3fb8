"""The parts of the fault campaign that need no servers: choices, the table of nemeses, plans, verdicts, files."""

import dataclasses
import json
import random
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest
import typer

from bench.faults.__main__ import main
from bench.faults.anomalies import anomalies
from bench.faults.campaign import offered
from bench.faults.contestants import CONTESTANTS, Contestant, Settings
from bench.faults.nemeses import NEMESES
from bench.faults.nemeses.base import WINDOW_MS, Expect
from bench.faults.nemeses.network import FLAPS_MS
from bench.faults.nemeses.pairs import partners
from bench.faults.results import Run, broken, read, write
from bench.faults.scene import Scene
from bench.faults.suite import STINT, Storm, Suite

CLEAN = Run(
    contestant="gungnir",
    nemesis="sigkill",
    seed=1,
    down_after_ms=1000,
    expect=Expect.FAIL_OVER.value,
    choices={"restart_after_ms": 300},
    counts=dict.fromkeys(
        ("acknowledged", "confirmed", "present", "lost", "lost_confirmed", "stale", "refused", "unknown", "recovered",
         "unexpected"), 0,
    ),
    outage_ms=100.0,
    redundancy_ms=500.0,
    lost_window_ms=0.0,
    lost_before_ms=0.0,
    failed_over=True,
    two_primaries=0,
    two_with_replicas=0,
    blocked="",
    stall_ms=5.0,
    marks=[(10.0, "SIGKILL")],
    roles=[(1.0, ["a"])],
    writes=[1, 2],
    anomalies=[],
)  # fmt: skip


def with_counts(**counts: int) -> Run:
    return dataclasses.replace(CLEAN, counts=CLEAN.counts | counts)


def found(run: Run, nemesis: str = "sigkill") -> str:
    return "; ".join(anomalies(run, NEMESES[nemesis]))


def test_a_clean_run_breaks_no_promise() -> None:
    """Nor do plain writes that died with their primary."""
    assert found(CLEAN) == ""
    assert found(with_counts(lost=3, acknowledged=10, present=7, stale=1, recovered=2, refused=4)) == ""


def test_what_is_on_no_disk_may_be_lost_where_every_process_ends() -> None:
    """And only there, whether `WAIT` had confirmed it or not."""
    run = dataclasses.replace(with_counts(lost=2, lost_confirmed=1), lost_before_ms=300)
    assert found(run, "kill-all") == ""
    assert "WAIT 1 had confirmed" in found(run, "sigkill")


@pytest.mark.parametrize(
    ("run", "nemesis", "said"),
    [
        (with_counts(lost_confirmed=1), "sigkill", "WAIT 1 had confirmed are lost"),
        (with_counts(unexpected=2), "sigkill", "2 keys are there"),
        (dataclasses.replace(CLEAN, two_with_replicas=1), "sigkill", "two primaries with replicas"),
        (CLEAN, "sigstop-short", "failed over though it must not"),
        (dataclasses.replace(CLEAN, failed_over=False), "sigkill", "did not fail over"),
        (dataclasses.replace(CLEAN, lost_window_ms=WINDOW_MS + 500), "isolate", "4500 ms after the fault"),
        (dataclasses.replace(with_counts(lost=1), lost_before_ms=2500), "kill-all", "2500 ms before the fault"),
        (with_counts(lost=1), "switchover", "lost in a planned change"),
    ],
)
def test_each_broken_promise_is_said(run: Run, nemesis: str, said: str) -> None:
    """One is planted in each run, and the words name it."""
    assert said in found(run, nemesis)


def test_a_pair_has_the_windows_of_both_its_faults() -> None:
    """One that is unheard by its replicas goes on for longer, and the second fault begins later than the first."""
    pair: dict[str, str | int] = {"first": "unheard-then-kill", "second": "operator-kill", "second_after_ms": 342}
    late: dict[str, str | int] = {"first": "operator-kill", "second": "isolate", "second_after_ms": 1500}
    run = dataclasses.replace(CLEAN, nemesis="pair", choices=pair, lost_window_ms=8567)
    assert found(run, "pair") == ""
    assert "8567 ms after the fault" in found(dataclasses.replace(run, choices=late), "pair")
    assert found(dataclasses.replace(run, choices=late, lost_window_ms=WINDOW_MS + 1400), "pair") == ""
    assert "after the fault" in found(dataclasses.replace(run, choices=late, lost_window_ms=WINDOW_MS + 1700), "pair")


def test_the_window_of_links_that_come_and_go_begins_whenever_they_go() -> None:
    """The other fault of the pair has cut off the operator: the last links that go are what parts the primary."""
    pair: dict[str, str | int] = {"first": "cut-watchers", "second": "flap-replicas", "second_after_ms": 20}
    run = dataclasses.replace(CLEAN, nemesis="pair", choices=pair, lost_window_ms=FLAPS_MS + WINDOW_MS)
    assert found(run, "pair") == ""
    assert "after the fault" in found(dataclasses.replace(run, lost_window_ms=FLAPS_MS + WINDOW_MS + 200), "pair")
    assert "after the fault" in found(dataclasses.replace(run, choices={**pair, "second": "cut-replica"}), "pair")


def test_only_the_operators_broken_promises_fail_a_campaign() -> None:
    """Sentinel promises nothing of the kind: what it does is noted, and is the point of the comparison."""
    rival = dataclasses.replace(CLEAN, contestant="sentinel", anomalies=["lost"])
    ours = dataclasses.replace(CLEAN, anomalies=["lost"])
    assert broken([CLEAN, rival, ours]) == [ours]


def test_runs_are_read_as_they_were_written(tmp_path: Path) -> None:
    """And a file of another format is refused instead of misread."""
    path = tmp_path / "runs.json"
    write(path, [CLEAN, CLEAN], {"machine": "busy"})
    assert read(path) == ([CLEAN, CLEAN], {"machine": "busy"})
    path.write_text(json.dumps({"format": 0, "runs": []}))
    with pytest.raises(ValueError, match="format 0"):
        read(path)


def scene(seed: int) -> Scene:
    return Scene(cast("Contestant", None), "pod-0", random.Random(seed))  # noqa: S311 - repeatable, no secret


def test_a_seed_repeats_every_choice_and_parts_do_not_disturb_each_other() -> None:
    """What one part chooses depends on the seed, not on what the other one has chosen meanwhile."""

    def chosen(first: str) -> dict[str, Any]:
        whole = scene(7)
        parts = {name: whole.part(name) for name in ("a", "b")}
        for name in (first, "b" if first == "a" else "a"):
            parts[name].choose_ms("x", 1, 1000)
            parts[name].choose("y", "p", "q", "r")
        whole.close()
        return dict(whole.choices)

    assert chosen("a") == chosen("b")
    assert {"a.x", "a.y", "b.x", "b.y"} == chosen("a").keys()


def test_durations_are_within_their_bounds_and_reach_both_ends() -> None:
    """Short ones are as likely as long ones: half of them are below the geometric mean."""
    whole = scene(1)
    chosen = [whole.choose_ms("x", 10, 1000) for _ in range(400)]
    assert 10 <= min(chosen) < 15
    assert 700 < max(chosen) <= 1000
    assert 150 < sum(value < 100 for value in chosen) < 250


def test_every_nemesis_is_named_described_and_offered_to_the_operator() -> None:
    """The table is what the documents are made from."""
    for name, nemesis in NEMESES.items():
        assert nemesis.name == name
        assert nemesis.what
        assert "gungnir" in nemesis.offered
        assert nemesis.offered <= CONTESTANTS.keys()


def test_a_pair_destroys_the_data_of_one_disk_at_most_and_is_never_a_pair_of_one() -> None:
    """Two of three disks lost are more than anybody promises to survive."""
    for first in partners("gungnir"):
        for second in partners("gungnir", first):
            assert first is not second
            assert not (first.destructive and second.destructive)


def test_clients_that_cannot_be_had_are_refused_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """GLIDE is an installation of its own, and has no way to ask Sentinels."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(typer.BadParameter, match=r"make \.venv/\.stamp-glide"):
        main(client="glide")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())
    with pytest.raises(typer.BadParameter, match="does not ask Sentinels"):
        main(client="glide", contestant=["sentinel"])
    with pytest.raises(typer.BadParameter, match="'redis' is unknown; use valkey-py, glide"):
        main(client="redis")


def test_a_suite_does_each_fault_to_each_contestant_as_often_as_asked() -> None:
    """Contestants take turns; one without a setting is there once."""
    nemeses = {name: offered(name) for name in CONTESTANTS}
    suite = Suite(list(CONTESTANTS), [Settings(1000), Settings(5000)], nemeses, seed=5, times=2)
    stints = list(suite.stints())
    assert [(s.contestant, s.settings.down_after_ms) for s in stints][:5] == [
        ("gungnir", 1000),
        ("gungnir", 5000),
        ("sentinel", 1000),
        ("sentinel", 5000),
        ("none", 1000),
    ]
    assert suite.total == 2 * (2 * len(NEMESES) + 2 * len(nemeses["sentinel"]) + len(nemeses["none"]))
    assert {seed for stint in stints for _nemesis, seed in stint.steps} == {5, 6}


def test_a_suite_does_the_cheap_faults_more_often_and_no_contestant_for_nothing() -> None:
    """Once the others have had their turns, only those that want more are left; nobody is started without a fault."""
    nemeses = {name: [NEMESES["sigkill"], NEMESES["cut-watchers"]] for name in ("gungnir", "sentinel")}
    nemeses["none"] = [NEMESES["isolate"]]
    suite = Suite(list(nemeses), [Settings(1000)], nemeses, seed=5, times=1, often={"sigkill": 3})
    assert [(s.contestant, [(nemesis.name, seed) for nemesis, seed in s.steps]) for s in suite.stints()] == [
        ("gungnir", [("sigkill", 5), ("cut-watchers", 5)]),
        ("sentinel", [("sigkill", 5), ("cut-watchers", 5)]),
        ("none", [("isolate", 5)]),
        ("gungnir", [("sigkill", 6)]),
        ("sentinel", [("sigkill", 6)]),
        ("gungnir", [("sigkill", 7)]),
        ("sentinel", [("sigkill", 7)]),
    ]
    assert suite.total == 9


@pytest.mark.parametrize("times", ["", "0", "-1", "often"])
def test_a_number_of_times_that_is_none_is_refused_with_the_fix(times: str) -> None:
    """The fault, what was given, and how to say it."""
    with pytest.raises(typer.BadParameter, match=rf"'sigkill={times}': '{times}' is no number .* use sigkill=15"):
        main(nemesis=[f"sigkill={times}"])


def test_a_storm_counts_nothing() -> None:
    """What a number would mean there is nothing to guess at."""
    with pytest.raises(typer.BadParameter, match="give --nemesis sigkill no times"):
        main(storm=True, nemesis=["isolate", "sigkill=15"])


def test_a_storm_repeats_its_faults_by_their_seeds_and_ends_in_time() -> None:
    """The fault of a seed does not depend on where the storm began; after its time no fault is taken any more."""
    nemeses = {"gungnir": offered("gungnir")}
    whole = Storm(["gungnir"], [Settings()], nemeses, seed=1, minutes=0)
    later = Storm(["gungnir"], [Settings()], nemeses, seed=1 + STINT, minutes=0)
    (_first, second), (again,) = islice(whole.stints(), 2), islice(later.stints(), 1)
    assert list(second.steps) == list(again.steps)
    over = Storm(["gungnir"], [Settings()], nemeses, seed=1, minutes=1e-12)
    assert [step for stint in over.stints() for step in stint.steps] == []
