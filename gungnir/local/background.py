"""Starts a local cluster as a process in the background, and waits for its end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gungnir.errors import UserError
from gungnir.local.state import State, read, state_directory

_START_TIMEOUT_S: Final = 30
_STOP_TIMEOUT_S: Final = 15
_STEP_S: Final = 0.05


def start_in_background(name: str, arguments: Sequence[str]) -> State:
    """Start ``gungnir local up`` with ``arguments`` in a session of its own and wait until it serves.

    Raises:
        UserError: It ended instead; the text is what it printed.
    """
    directory = state_directory()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_path = directory / f"{name}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - starts this very program
            [sys.executable, "-P", "-m", "gungnir.local", "up", "--name", name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        state = read(name)
        if state is not None and state.pid == process.pid:
            return state
        if process.poll() is not None:
            raise UserError(f"the local cluster did not start: {_last_lines(log_path)}")
        time.sleep(_STEP_S)
    process.kill()
    raise UserError(f"the local cluster did not start within {_START_TIMEOUT_S} s: {_last_lines(log_path)}")


def wait_until_gone(state: State) -> None:
    """Wait until the process of a cluster that was told to stop has ended; kill it if it does not.

    Raises:
        UserError: It cannot be killed.
    """
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while state.is_running and time.monotonic() < deadline:
        time.sleep(_STEP_S)
    if state.is_running:
        try:
            os.kill(state.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        except PermissionError as exc:
            raise UserError(f"process {state.pid} of the local cluster does not stop: end it as its owner") from exc


def _last_lines(path: Path) -> str:
    return path.read_text(errors="replace").strip()[-2000:]
