"""The clock that the campaign sets: an interpreter sees another wall clock at once, and the same monotonic one."""

import os
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.faults.nemeses.clock import SHIM

READ = """
import time, datetime
input()
print(time.time(), time.time_ns() / 1e9, datetime.datetime.now(datetime.UTC).timestamp(), time.monotonic(), flush=True)
"""


@pytest.mark.parametrize("offset_s", [0.0, 86_400.0, -2_592_000.0])
def test_a_running_interpreter_sees_the_clock_as_it_was_set_last(tmp_path: Path, offset_s: float) -> None:
    """It is set while the interpreter runs; what counts is the moment of reading."""
    clock = tmp_path / "clock"
    clock.write_bytes(struct.pack("d", 12345.0))
    variables = os.environ | {"BENCH_CLOCK": str(clock), "PYTHONPATH": str(SHIM)}
    with subprocess.Popen(
        [sys.executable, "-c", READ], env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        with clock.open("r+b") as file:
            file.write(struct.pack("d", offset_s))
        told, _ = process.communicate("\n", timeout=20)
    *wall, monotonic_s = (float(word) for word in told.split())
    for wall_s in wall:
        assert abs(wall_s - datetime.now(tz=UTC).timestamp() - offset_s) < 30
    assert abs(monotonic_s - time.monotonic()) < 30
