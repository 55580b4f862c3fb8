"""A trace is read back as the values that were written, and a line that is none is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from gungnir.machines.requests import Answers, Invalid, Outcome, Pods, PutRecord, Unknown, Version
from gungnir.runtime.trace import Trace, jsonable
from spec.models.failover import MODELS
from spec.repl.walk import Walk
from spec.repl.worlds.world import WorldGame
from spec.trace import EventLine, StepLine, TraceError, lines, value


def _values() -> list[Any]:
    """Return every request, record and answer of a failover with a lost operator, and some that it has none of."""
    walk = Walk.begun(WorldGame(MODELS[1])).struck("c-0 crash")
    found: list[Any] = []
    for _ in range(20):
        move = next(move for move in walk.game.moves(walk.state) if move.kind == "step")
        walk = walk.moved("take", move)
        operator = walk.state.operators[0]
        found.append(walk.state.api.record)
        if operator.request is not None:
            found.append(operator.request.value)
        answers = tuple(answer for answer in operator.answers if answer is not None)
        found += [Answers(answers)] if answers else []
    record = walk.state.api.record
    outcome = Outcome("Failover", "Done", "c-0", "c-1", 2, "dead", "Quorum", (("votes", "2"), ("needed", "2")))
    return [*found, PutRecord(Version("7"), record, outcome), Unknown(), Invalid("spec.replicas")]


def test_values_are_read_back_as_they_were() -> None:
    """Equal, of the same types, and with enums as enums: the machines compare those by identity."""
    values = _values()
    assert {type(found).__name__ for found in values} >= {"Record", "Pods", "Answers", "PutRecord", "PutService"}
    for before in values:
        after = value(json.loads(json.dumps(jsonable(before))))
        assert (type(after), repr(after)) == (type(before), repr(before))


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    """As the operator writes it: steps of machines, and what monitors and the lease noticed."""
    trace = Trace(str(tmp_path / "trace.jsonl"))
    trace.line(machine="lease", event="leads", identity="op-1")
    trace.line(cluster="ns/c", machine="monitor", event="refused", pod="c-0")
    trace.line(
        cluster="ns/c",
        machine="failover",
        trigger="act",
        phase="Read",
        request="Pods",
        detail="",
        sent=jsonable(Pods(())),
        reply=jsonable(Unknown()),
    )
    trace.close()
    with (tmp_path / "trace.jsonl").open() as file:
        lease, monitor, step = lines(file)
    assert isinstance(lease, EventLine)
    assert isinstance(monitor, EventLine)
    assert isinstance(step, StepLine)
    assert (lease.event, lease.about, monitor.cluster, monitor.about) == ("leads", "op-1", "ns/c", "c-0")
    assert (step.machine, step.trigger, step.phase, step.sent, step.reply) == (
        "failover",
        "act",
        "Read",
        Pods(()),
        Unknown(),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "line 2: TypeError: not an object"),
        ('{"number": 1, "at_ms": 1, "machine": "failover"}', "line 2: KeyError: 'trigger'"),
        ('{"at_ms": 1, "machine": "lease", "event": "leads"}', "line 2: KeyError: 'number'"),
        ('{"type": "Meteor"}', "line 2: ValueError: there is no type 'Meteor'"),
        ('{"type": "Unknown", "size": 1}', "line 2: ValueError: Unknown has no field 'size'"),
        (
            '{"type": "Answer", "pod": "c-0", "kind": "perhaps"}',
            "line 2: ValueError: 'perhaps' is not a valid AnswerKind",
        ),
    ],
)
def test_a_line_that_is_none_is_named(text: str, said: str) -> None:
    """By its number, and by what is wrong with it."""
    if '"type"' in text:
        step = {
            "number": 1,
            "at_ms": 1,
            "machine": "m",
            "trigger": "t",
            "phase": "P",
            "sent": json.loads(text),
            "reply": None,
        }
        text = json.dumps(step)
    with pytest.raises(TraceError, match=said):
        list(lines(["", text]))


def test_what_a_killed_process_left_of_a_line_is_passed_over(tmp_path: Path) -> None:
    """The next process ends it, and counts anew; at the end of the file nothing follows."""
    path = tmp_path / "trace.jsonl"
    for text in ('{"number": 3, "at_ms": 1, "clust', '{"number": 2, "at'):
        trace = Trace(str(path))
        trace.line(machine="lease", event="leads", identity="op-1")
        trace.close()
        with path.open("a") as file:
            file.write(text)
    with path.open() as file:
        assert [line.place for line in lines(file)] == [1, 1]


def test_half_a_line_in_the_middle_of_a_process_is_told() -> None:
    """Nothing but the end of a process leaves one."""
    whole = '{"number": 2, "at_ms": 1, "machine": "lease", "event": "leads"}'
    with pytest.raises(TraceError, match="line 1: JSONDecodeError"):
        list(lines([whole[:20], whole]))
    with pytest.raises(TraceError, match="line 1: JSONDecodeError"):
        list(lines([whole[:20], whole[:30]]))
