import json
import re
from pathlib import Path

import pytest

from gungnir.demo.api import load_manifest
from gungnir.demo.check import Report, check
from gungnir.demo.errors import ConnectError, NotInTimeError
from gungnir.demo.figures import FaultFigures, Figures, OperatorFigures
from gungnir.demo.managed import ClusterView
from gungnir.demo.operator import OperatorOptions, OperatorProcess
from gungnir.demo.screen import Screen
from gungnir.demo.timeline import Entry, Kind
from gungnir.demo.waiting import wait_for
from gungnir.errors import UserError

NOTHING: Report = check([], {})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def figures(*, ok: bool = True) -> Figures:
    fault = FaultFigures.of("sigkill-primary", 73.26, NOTHING, 2)
    return Figures(1361.5, OperatorFigures(2100.1, 68.1, 1.2), (fault,), ok)


def test_the_figures_are_written_with_exactly_the_keys_that_readers_know() -> None:
    assert json.loads(figures().to_json()) == {
        "apply_to_ready_ms": 1361.5,
        "operator": {"start_to_leader_ms": 2100.1, "rss_mb": 68.1, "idle_cpu_percent": 1.2},
        "faults": [
            {
                "name": "sigkill-primary",
                "write_gap_ms": 73.3,
                "acked": 0,
                "acked_wait1": 0,
                "lost": 0,
                "lost_wait1": 0,
                "two_primaries_samples": 2,
            }
        ],
        "ok": True,
    }


@pytest.mark.parametrize(("ok", "word"), [(True, "OK"), (False, "FAILED")])
def test_the_summary_says_whether_the_promises_held(capsys: pytest.CaptureFixture[str], *, ok: bool, word: str) -> None:
    Screen(color=False).summary(figures(ok=ok))
    printed = capsys.readouterr().out
    assert f"{word}:" in printed
    assert "sigkill-primary" in printed
    assert "\x1b" not in printed


def test_without_a_terminal_there_are_plain_lines_and_a_picture_still_has_colours(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    screen = Screen(picture=True)
    with screen.working("waiting"):
        screen.timeline([Entry(5.2, Kind.CLIENT, "write accepted", "by a-1"), Entry(-1, Kind.FAULT, "SIGKILL", "a-0")])
    printed = capsys.readouterr().out
    assert re.search(r"-1 ms +fault +SIGKILL +a-0\s+\+5 ms +client +write accepted +by a-1", printed)
    assert "waiting" not in printed
    screen.save_picture(tmp_path / "demo.svg")
    assert "<svg" in (tmp_path / "demo.svg").read_text()


def test_the_operator_is_started_by_its_own_command_line(tmp_path: Path) -> None:
    options = OperatorOptions(tmp_path / "config", "127.0.0.1:1", tmp_path, valkey_source_address="127.0.0.2")
    argv = options.argv
    assert argv[1:4] == ["-m", "gungnir", "run"]
    assert argv[argv.index("--valkey-source-address") + 1] == "127.0.0.2"
    assert argv[argv.index("--trace-file") + 1] == str(tmp_path / "gungnir.trace.jsonl")


def test_an_operator_that_was_not_started_is_not_running(tmp_path: Path) -> None:
    assert not OperatorProcess(OperatorOptions(tmp_path / "config", "127.0.0.1:1", tmp_path)).running


def test_a_manifest_that_is_missing_or_holds_something_else_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml"):
        load_manifest(tmp_path / "none.yaml")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    with pytest.raises(UserError, match="no Kubernetes objects"):
        load_manifest(tmp_path / "list.yaml")


def test_the_quick_start_holds_one_cluster_and_its_namespace() -> None:
    path = Path(__file__).parents[3] / "deploy/samples/quickstart.yaml"
    assert [obj["kind"] for obj in load_manifest(path)] == ["Namespace", "ValkeyCluster"]


def test_a_view_of_nothing_is_empty_and_not_an_error() -> None:
    view = ClusterView()
    assert (view.primary, view.epoch, view.ready, view.phase, view.failing_over) == ("", 0, 0, "", False)
    assert view.condition("Ready") == {}


def test_a_view_reads_the_status() -> None:
    status = {
        "primary": {"pod": "a-1"},
        "epoch": 4,
        "failover": {"phase": "Fencing"},
        "conditions": [{"type": "Ready", "status": "False", "reason": "R", "message": "M"}],
    }
    view = ClusterView(status, size=3)
    assert (view.primary, view.epoch, view.failing_over) == ("a-1", 4, True)
    assert view.condition("Ready")["reason"] == "R"
    assert "Ready=False (R: M)" in str(view)


@pytest.mark.anyio
async def test_waiting_returns_what_was_found_and_takes_a_remote_failure_for_not_yet() -> None:
    answers = iter([None, ConnectError("refused"), 7])

    def probe() -> int | None:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert await wait_for("seven", probe, timeout_ms=5000, poll_ms=1) == 7


@pytest.mark.anyio
async def test_waiting_in_vain_says_for_what_how_long_and_what_was_seen() -> None:
    async def never() -> bool:
        raise ConnectError("10.0.0.1: refused")

    with pytest.raises(NotInTimeError, match=r"waited 20 ms for the moon; last seen: half \| 10\.0\.0\.1: refused"):
        await wait_for("the moon", never, timeout_ms=20, poll_ms=5, last=lambda: "half")
