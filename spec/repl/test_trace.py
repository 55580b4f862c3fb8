"""A trace that the production driver wrote is stepped through, and one that was tampered with is told from it."""

import asyncio
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest

from gungnir.machines import failover
from gungnir.machines.requests import Answers, Observe, Pods, Reply, Request
from gungnir.runtime.context import Context, Heartbeat
from gungnir.runtime.driver import Driver
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.trace import Trace
from spec.environment.api_server import serve
from spec.environment.commands import carried_out
from spec.environment.faults import ended
from spec.environment.observation import seen
from spec.models.failover import MODELS, first_of
from spec.repl import ReplError, Session
from spec.repl.script import from_json

Lines = list[dict[str, Any]]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return the trace of one failover: the driver that runs in the operator, its requests carried out by the world."""
    setup = MODELS[0].configured()
    world = ended(setup, first_of(MODELS[0]), 0)

    async def execute(request: Request) -> Reply:
        nonlocal world
        match request:
            case Observe():
                return seen(setup, world, 0, world.api.record)
            case Pods(commands):
                answers = []
                for command in commands:
                    world, answer = carried_out(setup, world, command)
                    answers.append(answer)
                return Answers(tuple(answers))
            case _:
                api, reply = serve(world.api, request)
                world = world._replace(api=api)
                return reply

    path = tmp_path / "trace.jsonl"
    trace, none = Trace(str(path)), cast("Any", None)
    trace.line(machine="lease", event="leads", identity="op-1")
    trace.line(cluster="ns/c", machine="monitor", event="refused", pod="c-0")
    driver = Driver(Context(none, Metrics(), none, trace, Heartbeat(), lambda: True), "ns/c", execute)
    asyncio.run(driver.run("failover", failover.start(), failover.step, setup.facts))
    trace.close()
    return path


def _desk(path: Path) -> Session:
    session = Session(out=StringIO())
    session.do(f"load {path}")
    return session


def test_a_trace_is_walked_line_by_line(recorded: Path) -> None:
    """Every line is a step, the places are those of the round, and everything that a trace can say holds."""
    session = _desk(recorded)
    assert session.walk.at == 0
    session.do("run failover Promote")
    (place,) = session.walk.game.places(session.walk.state)
    assert (place.who, place.machine, place.phase) == ("ns/c", "failover", "Promote")
    assert {"Read", "Intend", "Select", "Freeze"} <= set(session.walk.trail("ns/c", "failover"))
    for line in ("state", "diagram", "diagram mermaid", "back 2", "forward", "run end", "invariants", "walk", "story"):
        session.do(line)
    assert session.walk.at == len(recorded.read_text().splitlines())
    assert session.walk.state.phases == ()
    assert not session.walk.breaks()
    assert not session.walk.game.moves(session.walk.state)
    with pytest.raises(ReplError, match="no violation"):
        _desk(recorded).do("hunt")


def _other_trigger(lines: Lines) -> None:
    next(line for line in lines if line.get("phase") == "Freeze")["trigger"] = "promoted"


def _left_out(lines: Lines) -> None:
    lines.remove(next(line for line in lines if line.get("phase") == "Promote"))


def _lower_epoch(lines: Lines) -> None:
    late = next(line for line in lines if line.get("trigger") == "promoted")
    late["sent"], late["reply"] = {"type": "GetCluster"}, {"type": "ClusterSeen", "version": "1", "record": OLD}


def _two_primaries(lines: Lines) -> None:
    view = next(line for line in lines if line.get("request") == "Observe")["reply"]["view"]
    for pod in view["pods"]:
        if pod["server"]:
            pod["server"].update(primary=True, linked=1)


OLD = {"type": "Record", "epoch": 0, "electorate": {"type": "Electorate", "size": 3, "acks": 1}}


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        (_other_trigger, "reconcileStepValid"),
        (_left_out, "reconcileStepValid"),
        (_lower_epoch, "recordedEpochMonotone"),
        (_two_primaries, "atMostOneMaster"),
    ],
)
def test_a_tampered_trace_is_told(recorded: Path, tamper: Callable[[Lines], None], broken: str) -> None:
    """The walk goes to the line that is wrong, and names what it violates."""
    lines = [json.loads(line) for line in recorded.read_text().splitlines()]
    tamper(lines)
    recorded.write_text("".join(json.dumps(line) + "\n" for line in lines))
    session = _desk(recorded)
    session.do("hunt")
    assert broken in {entry.name for entry in session.walk.broken}
    session.do("invariants")


def test_nothing_can_be_injected_into_a_trace(recorded: Path) -> None:
    """What happened has happened, and the session says so."""
    session = _desk(recorded)
    for line in ("fault c-0 crash", "budget crash=1", "fault 1"):
        with pytest.raises(ReplError, match=r"this is a trace|no fault"):
            session.do(line)
    session.do("faults")
    session.do("budget")


def test_a_walk_through_a_trace_can_be_saved_and_loaded(recorded: Path, tmp_path: Path) -> None:
    """The script names the trace."""
    session = _desk(recorded)
    session.do("run Select")
    session.do(f"save {tmp_path / 'walk.json'}")
    assert from_json((tmp_path / "walk.json").read_text()).model == f"trace {recorded}"
    other = Session(out=StringIO())
    other.do(f"load {tmp_path / 'walk.json'}")
    assert other.walk.state == session.walk.state


def test_a_file_that_only_begins_as_a_trace_is_refused(recorded: Path) -> None:
    """By the number of the line; the session stays where it was."""
    recorded.write_text(recorded.read_text() + "{}\n")
    session = Session(out=StringIO())
    before = session.walk
    with pytest.raises(ReplError, match="line"):
        session.do(f"load {recorded}")
    assert session.walk is before
