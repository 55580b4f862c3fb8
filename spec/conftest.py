"""The summary of a run: every model that was explored, with what was checked of it."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from spec import showing
from spec.judging import EXPLORED
from spec.summary import lines, results

BEGAN_S = time.monotonic()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that keeps the results."""
    parser.addoption("--spec-results", type=Path, metavar="FILE", help="write what was explored to this file, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Show how far a long search is, although pytest keeps what tests print."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")

    def tell(line: str) -> None:
        with capture.global_and_fixture_disabled():
            sys.stderr.write(f"\n{line}")
            sys.stderr.flush()

    showing.NOW.tell = tell if capture is not None else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was explored by the tests of this process; keep it where that is asked for."""
    explored = {name: result for name, result in EXPLORED.items() if result.complete or result.violated}
    if not explored:
        return
    terminalreporter.section("explored")
    for line in lines(explored):
        terminalreporter.write_line(line)
    path: Path | None = config.getoption("--spec-results")
    if path is not None:
        content = json.dumps(results(explored, time.monotonic() - BEGAN_S), indent=1) + "\n"
        path.write_text(content, encoding="utf-8")
        terminalreporter.write_line(f"written to {path}")
