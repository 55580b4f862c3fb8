"""The driver: one request out, one reply in, each step held against the table, nothing sent once we may not act."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from gungnir.errors import BugError
from gungnir.machines import failover
from gungnir.machines.failover_table import Phase
from gungnir.machines.kernel import IllegalTransition, Step
from gungnir.machines.requests import Observe, Reply, Request, Seen
from gungnir.runtime import context as context_module
from gungnir.runtime.context import Context, Heartbeat, NotLeadingError
from gungnir.runtime.driver import MAX_STEPS, Driver, InterruptedRoundError
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.trace import Trace
from tests.unit.machines.test_failover_paths import HELD, PATHS
from tests.unit.machines.test_failover_paths import Path as Taken
from tests.unit.machines.worlds import FACTS, answer, answers, following, record, view

pytestmark = pytest.mark.anyio


class Stage:
    """A driver whose requests are answered from a list."""

    def __init__(self, replies: tuple[Reply, ...], trace: str = "", leads: Callable[[], bool] = lambda: True) -> None:
        self.replies = list(replies)
        self.sent: list[Request] = []
        self.metrics = Metrics()
        self.trace = Trace(trace)
        none = cast("Any", None)
        self.context = Context(none, self.metrics, none, self.trace, Heartbeat(), leads)
        self.driver = Driver(self.context, "ns/vc", self.execute)

    async def execute(self, request: Request) -> Reply:
        self.sent.append(request)
        return self.replies.pop(0)

    async def run(self, **options: Any) -> failover.State:
        return await self.driver.run("failover", failover.start(), failover.step, FACTS, **options)

    def rounds(self, outcome: str) -> float | None:
        return self.metrics.value("rounds_total", machine="failover", outcome=outcome)


WHOLE = [name for name in PATHS if not PATHS[name].asked and PATHS[name].walk().steps[-1].request is None]


@pytest.mark.parametrize("name", WHOLE)
async def test_a_round_is_run_to_the_end_that_the_machine_gives_it(name: str) -> None:
    path = PATHS[name].walk()
    stage = Stage(PATHS[name].replies)
    assert await stage.run() == path.last
    assert tuple(stage.sent) == path.requests
    assert stage.rounds(path.last.phase) == 1


async def test_nothing_is_sent_without_the_lease() -> None:
    stage = Stage(PATHS["dead"].replies, leads=lambda: False)
    with pytest.raises(NotLeadingError, match="the lease is not ours"):
        await stage.run()
    assert stage.sent == []
    assert stage.rounds("not-leading") == 1
    assert not stage.rounds("error"), "a lost lease is no error of the operator: people alert on those"


@pytest.mark.parametrize("sent", range(1, len(PATHS["dead"].replies)))
async def test_a_lease_lost_after_any_request_ends_the_round_before_the_next(sent: int) -> None:
    stage = Stage(PATHS["dead"].replies, leads=lambda: len(stage.sent) < sent)
    with pytest.raises(NotLeadingError):
        await stage.run()
    assert len(stage.sent) == sent


async def test_nothing_is_sent_after_our_own_loop_slept() -> None:
    stage = Stage(PATHS["dead"].replies)
    stage.context.heartbeat.at_s -= context_module.STALL_MS / 1000 + 1
    with pytest.raises(NotLeadingError, match="loop slept"):
        await stage.run()
    assert stage.sent == []


def test_a_stall_lasts_until_readings_are_newer_than_it() -> None:
    heartbeat = Heartbeat()
    assert not heartbeat.stalled
    heartbeat.at_s -= context_module.STALL_MS / 1000 + 1
    assert heartbeat.stalled
    assert heartbeat.beat() > context_module.STALL_MS / 1000
    assert heartbeat.stalled, "awake again, and what was read before is still old"
    heartbeat.stalled_until_s = heartbeat.at_s - 1
    assert not heartbeat.stalled


async def test_something_more_urgent_ends_a_round_between_two_requests() -> None:
    stage = Stage(PATHS["dead"].replies)
    with pytest.raises(InterruptedRoundError):
        await stage.run(interrupted=lambda: len(stage.sent) == 2)
    assert len(stage.sent) == 2
    assert stage.rounds("interrupted") == 1
    stage.replies = list(PATHS["dead"].replies)
    assert (await stage.run()).phase is Phase.DONE


def to_nowhere(_facts: Any, state: failover.State, _reply: Reply) -> Step[failover.State]:
    return Step(state._replace(phase=Phase.PROMOTE), None, "healthy")


def unheard_of(_facts: Any, state: failover.State, _reply: Reply) -> Step[failover.State]:
    return Step(state._replace(phase=Phase.DONE), None, "resign")


def for_ever(_facts: Any, state: failover.State, _reply: Reply) -> Step[failover.State]:
    trigger = {Phase.CATCH_UP: "behind", Phase.CATCH_UP_WAIT: "elapsed"}[state.phase]
    dest = Phase.CATCH_UP_WAIT if state.phase is Phase.CATCH_UP else Phase.CATCH_UP
    return Step(state._replace(phase=dest), Observe(), trigger)


@pytest.mark.parametrize("step", [to_nowhere, unheard_of])
async def test_a_step_that_the_table_does_not_list_stops_the_round_and_is_counted(step: Any) -> None:
    stage = Stage((Seen(record(), view()),))
    with pytest.raises(IllegalTransition, match="failover: no row for trigger"):
        await stage.driver.run("failover", failover.start(), step, FACTS)
    assert stage.metrics.value("illegal_transitions_total", machine="failover") == 1


async def test_a_round_without_an_end_is_a_bug_and_ends() -> None:
    stage = Stage(())
    first = Taken((*HELD,), "", "vc-1").walk().steps[-1]
    stage.replies = [answers(answer(1, following()))] * (MAX_STEPS + 1)
    monitor = stage.driver._monitors["failover"]
    monitor.begin = lambda: monitor._transitions.set_state(Phase.CATCH_UP, monitor._model)  # type: ignore[method-assign]
    with pytest.raises(BugError, match=f"failover: more than {MAX_STEPS} steps"):
        await stage.driver.run("failover", first, for_ever, FACTS)


async def test_the_longest_catch_up_fits_into_a_round() -> None:
    tries = FACTS.catch_up_ms // failover.CATCH_UP_STEP_MS
    assert len(HELD) + 2 * tries + 20 < MAX_STEPS


async def test_every_step_of_a_failover_is_a_line_of_the_trace(tmp_path: Path) -> None:
    stage = Stage(PATHS["dead"].replies, str(tmp_path / "trace"))
    await stage.run()
    stage.trace.close()
    lines = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    assert " ".join(line["trigger"] for line in lines) == PATHS["dead"].triggers
    assert {(line["cluster"], line["machine"]) for line in lines} == {("ns/vc", "failover")}
    assert (lines[1]["request"], lines[1]["sent"]["type"], lines[1]["reply"]["type"]) == (
        "GetCluster",
        "GetCluster",
        "ClusterSeen",
    )


async def test_a_round_that_only_looked_leaves_no_line(tmp_path: Path) -> None:
    stage = Stage(PATHS["healthy"].replies, str(tmp_path / "trace"))
    await stage.run()
    stage.trace.close()
    assert (tmp_path / "trace").read_text() == ""
