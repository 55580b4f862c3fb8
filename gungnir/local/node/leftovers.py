"""Processes of an earlier run on the same data directory: found again by pid, start time and place, and ended.

The plane and the kernel end a pod's processes together with the local cluster. This is the second net: it catches what
survived nevertheless, and it never touches a process that only happens to have the same pid.
"""

import contextlib
import json
import os
import signal
from pathlib import Path


def start_ticks(pid: int) -> int | None:
    """Start time of a process in clock ticks since boot (proc(5), field 22 of ``stat``); None if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


class Ledger:
    """The processes that run now, one small file each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, pid: int) -> None:
        """Note a process that was started."""
        ticks = start_ticks(pid)
        if ticks is not None:
            (self._directory / str(pid)).write_text(json.dumps({"ticks": ticks}))

    def remove(self, pid: int) -> None:
        """A process has ended."""
        (self._directory / str(pid)).unlink(missing_ok=True)

    def end_leftovers(self) -> list[int]:
        """Kill the process groups that an earlier run left behind; return their pids."""
        ended = []
        for entry in self._directory.iterdir():
            pid = int(entry.name) if entry.name.isdigit() else 0
            if pid and self._is_ours(pid, entry):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
                ended.append(pid)
            entry.unlink(missing_ok=True)
        return ended

    def _is_ours(self, pid: int, entry: Path) -> bool:
        try:
            noted = json.loads(entry.read_text())["ticks"]
            place = Path(f"/proc/{pid}/cwd").readlink()
        except (OSError, ValueError, KeyError):
            return False
        return start_ticks(pid) == noted and place.is_relative_to(self._directory.parent)
