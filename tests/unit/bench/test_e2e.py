"""The measurements on a whole Kubernetes: what is judged, what is said about where the time goes, and the page."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.e2e.cases import CASES, ORDINALS
from bench.e2e.report import section
from bench.e2e.results import FIGURES, Run, keep, load
from bench.e2e.rivals import RIVALS
from bench.e2e.stages import STAGES, stages
from bench.e2e.targets import TARGETS, Target, judge, missed
from tests.e2e.nodes import Write

OPERATOR = "system:serviceaccount:home:operator"
CONTROLLER = "system:serviceaccount:kube-system:endpointslice-controller"
FAULT_S = 1_700_000_000.0  # 2023-11-14T22:13:20Z
NOTHING_LOST = {"lost": 0, "lost_confirmed": 0, "unexpected": 0, "doubles": 0, "doubles_with_replicas": 0}


def ran(fault: str = "kill", position: str = "pod 1", **figures: float) -> Run:
    return Run(fault, position, 1, {"outage_ms": 900, **NOTHING_LOST, **figures})


def good() -> list[Run]:
    """One run for each case, which meets every target."""
    isolated = {"isolated_lost_confirmed": 0, "isolated_last_ms": 3000, "isolated_doubles_after": 1, "isolated_lost": 9}
    return [
        *(ran(fault) for fault in ("kill", "kill-empty", "delete", "force", "away", "twice")),
        ran("freeze", "", outage_ms=5500, doubles_after=1),
        *(ran(fault, "", outage_ms=6500, isolated_doubles=9, **isolated) for fault in ("cut", "cut-leader")),
        ran("steady", "", outage_ms=90, writes=90, other_writes=0, rss_mb=64, cpu_percent=0.5, seconds=180),
        Run("apply", "", 1, {"usable_ms": 4000, "ready_ms": 6000}),
        Run("start", "", 1, {"started_ms": 1500}),
    ]


def test_good_runs_meet_every_target() -> None:
    """And every target is measured by some case."""
    verdicts = judge(good())
    assert [verdict.target.name for verdict in verdicts if verdict.met is not True] == []
    assert missed(verdicts) == []


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_each_target_is_missed_by_one_bad_run(target: Target) -> None:
    """By its own name and no other: what the command prints before it fails."""
    runs = good()
    fault = (target.faults or ("cut" if target.figure.startswith("isolated") else "kill",))[0]
    place = next(number for number, run in enumerate(runs) if run.fault == fault)
    runs[place] = replace(runs[place], figures=runs[place].figures | {target.figure: target.most + 1})
    assert missed(judge(runs)) == [target.name]


def test_the_median_is_that_of_the_worst_ordinal() -> None:
    """Two fast ordinals do not hide a slow one, and one slow run among three is none."""
    fast = [ran(position="pod 0", outage_ms=300) for _ in range(9)]
    slow = [ran(position="pod 2", outage_ms=ms) for ms in (400, 5000, 2100)]
    assert missed(judge([*fast, *slow])) == ["kill-outage"]
    assert missed(judge([*fast, *slow[:2]])) == []


def test_what_was_not_measured_is_open() -> None:
    """`--only` judges what it did."""
    open_ = [verdict.target.name for verdict in judge([ran()]) if verdict.met is None]
    assert "cut-outage" in open_
    assert missed(judge([ran()])) == []


def write(after_ms: int, user: str, resource: str, name: str, code: int = 200) -> Write:
    at = f"2023-11-14T22:13:{20 + after_ms // 1000:02}.{after_ms % 1000:03}000Z"
    return Write(user, "update", resource, name, code, at)


def test_the_stages_are_those_of_the_failover() -> None:
    """The last status before the Service is closed has the epoch; the last change of the Service opens it again."""
    log = [
        write(50, OPERATOR, "valkeyclusters/status", "vc"),
        write(90, OPERATOR, "valkeyclusters/status", "another"),
        write(100, OPERATOR, "valkeyclusters/status", "vc"),
        write(120, OPERATOR, "services", "vc-client", code=409),
        write(150, OPERATOR, "services", "vc-client"),
        write(170, CONTROLLER, "endpointslices", "vc-client-abcde"),
        write(200, OPERATOR, "valkeyclusters/status", "vc"),
        write(300, OPERATOR, "services", "vc-client"),
        write(340, CONTROLLER, "endpointslices", "vc-client-abcde"),
        write(600, "system:node:node2", "pods/status", "vc-0"),
        write(700, "system:node:node2", "pods/status", "vc-0"),
        write(990, OPERATOR, "services", "vc-client"),
    ]
    found = stages(
        log,
        account=OPERATOR,
        cluster="vc",
        primary="vc-0",
        fault_s=FAULT_S,
        promoted_s=FAULT_S + 0.26,
        served_s=FAULT_S + 0.8,
    )
    expected = {"kubelet": 600, "record": 100, "closed": 150, "promoted": 260, "service": 300, "endpoints": 340}
    assert found == expected | {"served": 800}
    assert list(found) == list(STAGES)


def test_results_are_kept_by_fault_and_read_back(tmp_path: Path) -> None:
    """A later run of one fault leaves the files of the others alone."""
    keep(tmp_path, good(), {"machine": "idle"})
    keep(tmp_path, [ran(outage_ms=1)], {"machine": "busy"})
    runs, conditions = load(tmp_path)
    others = [run for run in good() if run.fault != "kill"]
    assert sorted((run for run in runs if run.fault != "kill"), key=_fault) == sorted(others, key=_fault)
    assert [run.figures["outage_ms"] for run in runs if run.fault == "kill"] == [1]
    assert {each["machine"] for each in conditions} == {"idle", "busy"}


def _fault(run: Run) -> str:
    return run.fault


def test_every_figure_that_is_judged_or_kept_has_a_name() -> None:
    """And the faults of the other operators are ours."""
    assert {target.figure for target in TARGETS} <= FIGURES.keys()
    assert {name for run in good() for name in run.figures} <= FIGURES.keys()
    assert {rival.fault for rival in RIVALS} <= CASES.keys()
    assert set(ORDINALS.values()) == {0, 1, 2}


def test_the_page_shows_ours_beside_theirs_and_what_could_not_be_done() -> None:
    """The isolated client has its own row; a run that failed is told."""
    runs = [
        *good(),
        Run("cut", "", 2, error="NotInTimeError: waited"),
        Run("kill", "pod 1", 2, ran().figures, {"record": 100.0, "served": 800.0}),
    ]
    page = "\n".join(section(runs, [{"date": "2026-11-28", "cpus": 2, "values": "settings.leaseDurationMs=6000"}]))
    assert "machine not said, settings.leaseDurationMs=6000." in page
    assert "facts about other runs on another machine" in page
    assert "| **gungnir** | pod 1 | 2 | 0.9 / 0.9 | 0 | 0 | 0 | 0 |" in page
    assert "| **gungnir** | client on the cut node | 1 | accepted for 3.0 | 9 | 0 | as above |  |" in page
    assert "| wellcake | pod 1 | 4 | 22.0 / 23.3 |" in page
    assert "`cut` could not be done once: NotInTimeError: waited" in page
    assert "| **no** |" not in page
    assert "the first acknowledged write | 800 |" in page


def test_without_results_there_is_no_such_part() -> None:
    """The page of a checkout that never measured says nothing about it."""
    assert list(section([], [])) == []
