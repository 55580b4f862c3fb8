"""Spans: each step of a round that acts, with what it asked and was answered; nothing at all where none are wanted."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gungnir.machines import failover
from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Pods, Reply, Request, Verb
from gungnir.runtime import spans as spans_module
from gungnir.runtime.context import Context, Heartbeat, NotLeadingError
from gungnir.runtime.driver import Driver
from gungnir.runtime.errors import SettingsError
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.monitors import Monitors
from gungnir.runtime.otlp import Exporter
from gungnir.runtime.spans import OFF, RoundTaken, Spans, StepTaken, connect
from gungnir.runtime.trace import Trace
from tests.unit.machines.test_failover_paths import PATHS
from tests.unit.machines.worlds import FACTS

pytestmark = pytest.mark.anyio

Execute = Callable[[Request], Any]


def context(spans: Spans, leads: Callable[[], bool] = lambda: True) -> Context:
    none = cast("Any", None)
    return Context(none, Metrics(), none, Trace(), Heartbeat(), leads, spans=spans)


async def one_round(path: str, spans: Spans, leads: Callable[[], bool] = lambda: True) -> None:
    """Run the failover machine along one of its paths; pods answer as the path says, through the real ``Monitors``."""
    replies = list(PATHS[path].replies)
    monitors = Monitors(lambda: None, lambda: 1, lambda _pod, _event: None)

    async def execute(request: Request) -> Reply:
        reply = replies.pop(0)
        if isinstance(request, Pods):
            answers = {answer.pod: answer for answer in cast("Any", reply).answers}
            monitors.by_pod = {command.pod: cast("Any", _Pod(answers)) for command in request.commands}
            return await monitors.execute(request, 1)
        return reply

    await Driver(context(spans, leads), "ns/vc", execute).run("failover", failover.start(), failover.step, FACTS)


class _Pod:
    """A monitor that answers from a table."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self.answers = answers

    async def execute(self, command: PodCommand, _acks: int, _deadline_ms: int) -> Answer:
        return self.answers[command.pod]


@pytest.fixture
def memory() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(memory: InMemorySpanExporter) -> Spans:
    return Spans(Exporter(SimpleSpanProcessor(memory), "operator-1"))


def said(span: ReadableSpan) -> dict[str, Any]:
    return {key.removeprefix("gungnir."): value for key, value in (span.attributes or {}).items()}


def below(memory: InMemorySpanExporter, parent: ReadableSpan) -> list[ReadableSpan]:
    """The children of a span, by the time they began."""
    found = [s for s in memory.get_finished_spans() if s.parent and s.parent.span_id == parent.context.span_id]
    return sorted(found, key=lambda span: span.start_time or 0)


def root_of(memory: InMemorySpanExporter) -> ReadableSpan:
    (root,) = [span for span in memory.get_finished_spans() if span.parent is None]
    return root


async def test_a_failover_is_one_trace_with_a_span_for_each_step(memory: InMemorySpanExporter, spans: Spans) -> None:
    await one_round("dead", spans)
    root = root_of(memory)
    steps = below(memory, root)
    assert root.name == "failover"
    assert said(root) | {"epoch": 0, "detail": ""} == {
        "machine": "failover",
        "cluster": "ns/vc",
        "outcome": "Done",
        "epoch": 0,
        "detail": "",
    }
    assert " ".join(said(step)["trigger"] for step in steps) == PATHS["dead"].triggers
    requests = PATHS["dead"].walk().requests
    assert [said(step)["request"] for step in steps] == [type(request).__name__ for request in requests]
    assert [said(step)["reply"] for step in steps] == [type(reply).__name__ for reply in PATHS["dead"].replies]
    assert all(step.name == f"{said(step)['phase']} {said(step)['request']}" for step in steps)
    assert said(steps[-1])["next_phase"] == said(root)["outcome"]
    assert {said(step)["cluster"] for step in steps} == {"ns/vc"}
    assert said(root)["epoch"] == PATHS["dead"].walk().last.record.epoch
    assert {span.context.trace_id for span in memory.get_finished_spans()} == {root.context.trace_id}


async def test_each_command_to_a_pod_is_a_span_below_its_step(memory: InMemorySpanExporter, spans: Spans) -> None:
    await one_round("dead", spans)
    steps = below(memory, root_of(memory))
    for request, reply, step in zip(PATHS["dead"].walk().requests, PATHS["dead"].replies, steps, strict=True):
        commands = below(memory, step)
        if not isinstance(request, Pods):
            assert commands == []
            continue
        expected = {
            (each.verb.value, each.pod, each.epoch, answer.kind.value)
            for each, answer in zip(request.commands, cast("Any", reply).answers, strict=True)
        }
        assert {(c.name, said(c)["pod"], said(c)["epoch"], said(c)["answer"]) for c in commands} == expected
        for command in commands:
            assert command.status.is_ok is (said(command)["answer"] == AnswerKind.DONE.value)
    assert any(below(memory, step) for step in steps)


async def test_a_span_lies_within_its_parent_and_steps_follow_each_other(
    memory: InMemorySpanExporter, spans: Spans
) -> None:
    await one_round("dead", spans)
    for parent in memory.get_finished_spans():
        for child in below(memory, parent):
            assert cast("int", parent.start_time) <= cast("int", child.start_time)
            assert cast("int", child.start_time) <= cast("int", child.end_time) <= cast("int", parent.end_time)
    steps = below(memory, root_of(memory))
    ends = [cast("int", step.end_time) for step in steps]
    assert all(end <= cast("int", step.start_time) for end, step in zip(ends, steps[1:], strict=False))


async def test_a_round_that_only_looked_is_no_trace(memory: InMemorySpanExporter, spans: Spans) -> None:
    await one_round("healthy", spans)
    assert memory.get_finished_spans() == ()


@pytest.mark.parametrize(("verb", "acted"), [(Verb.READ, False), (Verb.HOLD_WRITES, True)])
def test_to_read_pods_is_a_look_and_to_tell_them_anything_is_not(verb: Verb, acted: bool) -> None:
    request = Pods((PodCommand(Verb.READ, "vc-0", "uid-0", 1), PodCommand(verb, "vc-1", "uid-1", 1)))
    step = StepTaken("Health", request, None, "", "Health", 1, 0, 1)
    assert RoundTaken("ns/vc", "failover", "Done", "", 0, 0, 1, (step,)).acted is acted


async def test_a_round_that_lost_the_lease_says_so(memory: InMemorySpanExporter, spans: Spans) -> None:
    turns = iter([True] * 4)
    with pytest.raises(NotLeadingError):
        await one_round("dead", spans, lambda: next(turns, False))
    assert said(root_of(memory))["outcome"] == "not-leading"


async def test_a_request_without_a_reply_is_a_step_that_failed(memory: InMemorySpanExporter, spans: Spans) -> None:
    command = PodCommand(Verb.DETACH, "vc-0", "uid-0", 2)
    first = failover.start()._replace(request=Pods((command,)))

    async def breaks(_request: Request) -> Reply:
        raise OSError("no answer will ever come")

    with pytest.raises(OSError, match="no answer"):
        await Driver(context(spans), "ns/vc", breaks).run("failover", first, failover.step, FACTS)
    root = root_of(memory)
    (step,) = below(memory, root)
    assert (said(root)["outcome"], root.status.is_ok, step.status.is_ok) == ("error", False, False)
    assert "reply" not in said(step)


async def test_an_export_that_fails_ends_no_round() -> None:
    def broken(_taken: RoundTaken) -> None:
        raise RuntimeError("the exporter is broken")

    await one_round("dead", Spans(broken))


async def test_the_users_own_resource_attributes_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ours")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=data")
    memory = InMemorySpanExporter()
    await one_round("dead", Spans(Exporter(SimpleSpanProcessor(memory), "operator-1")))
    told = root_of(memory).resource.attributes
    assert (told["service.name"], told["team"], told["service.instance.id"]) == ("ours", "data", "operator-1")


def test_without_an_endpoint_nothing_is_recorded_and_nothing_is_imported() -> None:
    assert connect("", "operator-1") is OFF
    assert OFF.begin("failover", "ns/vc") is OFF.begin("repair", "ns/other")
    code = (
        "import sys, gungnir.cli, gungnir.runtime.operator as o; from gungnir.runtime.spans import connect;"
        "connect('', 'x'); sys.exit(any(name.split('.')[0] in ('opentelemetry', 'requests') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_package_is_told_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gungnir.runtime.otlp", raising=False)
    monkeypatch.delattr("gungnir.runtime.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(SettingsError, match=r"otlp_endpoint .*--otlp-endpoint.*not installed; install gungnir\[otel\]"):
        connect("http://127.0.0.1:4318", "operator-1")


def test_a_wrong_variable_of_the_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512")
    with pytest.raises(SettingsError, match=r"a variable OTEL_\.\.\. is wrong"):
        connect("http://127.0.0.1:4318", "operator-1")


def test_a_command_outside_of_a_recorded_round_is_nobodys() -> None:
    command = PodCommand(Verb.READ, "vc-0", "uid-0", 1)
    spans_module.command_taken(command, Answer("vc-0", AnswerKind.DONE), 0)
    assert spans_module._RECORDING.get() is None
