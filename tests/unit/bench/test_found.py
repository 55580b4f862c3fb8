"""Findings of campaigns: none that broke a promise is forgotten, and what became of each is still tested."""

import ast
from pathlib import Path

import pytest

from bench.faults.found import FOUND, Found
from bench.faults.nemeses import NEMESES
from bench.faults.report import load
from bench.faults.results import broken

ROOT = Path(__file__).parents[3]


def test_every_run_that_broke_a_promise_has_a_row() -> None:
    """So it has a live test of its own, which takes the rows."""
    listed = {(row.nemesis, row.seed, row.down_after_ms) for row in FOUND}
    for runs, _conditions in load().values():
        for run in broken(runs):
            assert (run.nemesis, run.seed, run.down_after_ms) in listed, run.anomalies


@pytest.mark.parametrize("row", FOUND, ids=lambda row: f"{row.nemesis}-{row.seed}")
def test_a_row_names_a_fault_and_tests_that_exist(row: Found) -> None:
    """A test that was renamed is named here."""
    assert row.nemesis in NEMESES
    assert row.what
    assert row.became
    for test in row.tests:
        path, _, function = test.partition("::")
        tree = ast.parse((ROOT / path).read_text())
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
