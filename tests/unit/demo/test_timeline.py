import json
from pathlib import Path

from gungnir.demo.timeline import Kind, entries
from gungnir.demo.trace import Trace, TraceLine


def line(at_ms: float, machine: str, **fields: str) -> TraceLine:
    return TraceLine(at_ms, "ns/a", machine, **fields)


def test_a_step_is_told_in_the_words_of_its_table() -> None:
    (entry,) = entries([line(105, "failover", phase="Freeze", trigger="chosen")], 100)
    assert (entry.offset_ms, entry.kind, entry.what) == (5, Kind.STEP, "Freeze")
    assert entry.detail == "a quorum stopped following and the best of them is known"


def test_a_step_that_no_table_lists_is_shown_by_its_trigger() -> None:
    (entry,) = entries([line(1, "failover", phase="Nowhere", trigger="magic", detail="x")], 0)
    assert entry.detail == "magic: x"


def test_rounds_that_found_nothing_and_machines_of_no_interest_are_left_out() -> None:
    lines = [
        line(1, "failover", phase="Done", trigger="healthy"),
        line(2, "reconcile", phase="Get", trigger="next"),
        line(3, "monitor", event="changed", pod="a-0"),
    ]
    assert entries(lines, 0) == []


def test_the_same_evidence_in_a_row_is_one_line_with_a_count() -> None:
    lines = [line(at, "monitor", event="refused", pod="a-0") for at in (1, 2, 3)]
    lines.append(line(4, "monitor", event="refused", pod="a-1"))
    assert [(entry.offset_ms, entry.detail) for entry in entries(lines, 0)] == [(1, "a-0, 3 times"), (4, "a-1")]


def test_a_trace_is_read_on_from_where_it_stopped_and_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    trace = Trace(path)
    assert trace.lines() == []
    whole = json.dumps({"at_ms": 1.0, "cluster": "ns/a", "machine": "monitor", "event": "refused", "new": 1})
    path.write_text(whole + '\n{"at_ms": 2.0, "clus')
    assert [found.event for found in trace.lines()] == ["refused"]
    with path.open("a") as file:
        file.write('ter": "ns/b", "machine": "failover", "request": {"type": "Observe"}}\nnot json\n')
    assert [found.cluster for found in trace.lines()] == ["ns/a", "ns/b"]
    assert trace.lines(cluster="ns/b")[0].request == "Observe"
    assert trace.lines(since_ms=1.5)[0].at_ms == 2.0
