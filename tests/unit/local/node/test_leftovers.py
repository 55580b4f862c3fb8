import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gungnir.local.node.leftovers import Ledger, start_ticks


@pytest.fixture
def sleeper(tmp_path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    return subprocess.Popen(command, cwd=tmp_path, start_new_session=True)


def test_a_process_of_an_earlier_run_is_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    Ledger(tmp_path / "run").add(sleeper.pid)
    assert Ledger(tmp_path / "run").end_leftovers() == [sleeper.pid]
    assert sleeper.wait(5) == -signal.SIGKILL
    assert list((tmp_path / "run").iterdir()) == []


def test_another_process_with_the_same_pid_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    try:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / str(sleeper.pid)).write_text('{"ticks": 1}')
        (tmp_path / "run" / str(os.getpid())).write_text(f'{{"ticks": {start_ticks(os.getpid())}}}')  # lives elsewhere
        (tmp_path / "run" / "1").write_text("not json")
        assert Ledger(tmp_path / "run").end_leftovers() == []
        assert sleeper.poll() is None
    finally:
        sleeper.kill()
        sleeper.wait()


def test_an_ended_process_has_no_start_time(sleeper: subprocess.Popen[bytes]) -> None:
    assert start_ticks(sleeper.pid) is not None
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert start_ticks(sleeper.pid) is None  # a zombie counts as ended
    sleeper.wait()
    assert start_ticks(sleeper.pid) is None
