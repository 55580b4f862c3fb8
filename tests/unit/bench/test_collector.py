"""Spans over the wire: what the operator's exporter sends by OTLP over HTTP is what a collector receives."""

import asyncio
import time

import pytest

from bench.collector import Collector
from gungnir.machines.requests import Answer, AnswerKind, Answers, PodCommand, Pods, Verb
from gungnir.runtime.spans import CommandTaken, RoundTaken, StepTaken, connect

pytestmark = pytest.mark.anyio
COMMAND = PodCommand(Verb.DETACH, "vc-1", "uid-1", 7)
ANSWER = Answer("vc-1", AnswerKind.UNKNOWN, None, "no answer within 1000 ms")
UNIX_NS = 1_700_000_000_000_000_000
MS = 1_000_000
BOOT_NS = 77 * MS


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def a_round() -> RoundTaken:
    """One step of 20 ms that asks one pod for 15 of them."""
    step = StepTaken(
        source="Vote",
        request=Pods((COMMAND,)),
        reply=Answers((ANSWER,)),
        trigger="too-few",
        dest="Blocked",
        epoch=7,
        started_ns=BOOT_NS + 1 * MS,
        ended_ns=BOOT_NS + 21 * MS,
        commands=(CommandTaken(COMMAND, ANSWER, BOOT_NS + 3 * MS, BOOT_NS + 18 * MS),),
    )
    return RoundTaken("ns/vc", "failover", "Blocked", "TooFewVotes", UNIX_NS, BOOT_NS, BOOT_NS + 22 * MS, (step,))


async def test_a_collector_receives_the_round_with_its_times_and_its_sender() -> None:
    """The exporter is the library's own: the test stands at the other end of the socket."""
    async with Collector() as collector:
        spans = connect(collector.url, "operator-1")
        assert spans._export is not None
        spans._export(a_round())
        await asyncio.to_thread(spans.close, 5000)
    by_name = {span.name: span for span in collector.spans}
    root, step, command = by_name["failover"], by_name["Vote Pods"], by_name["detach"]
    assert (root.start_ns, root.end_ns) == (UNIX_NS, UNIX_NS + 22 * MS)
    assert (step.start_ns, step.end_ns) == (UNIX_NS + 1 * MS, UNIX_NS + 21 * MS)
    assert (command.start_ns, command.end_ns) == (UNIX_NS + 3 * MS, UNIX_NS + 18 * MS)
    assert (root.parent_id, step.parent_id, command.parent_id) == ("", root.span_id, step.span_id)
    assert {span.trace_id for span in collector.spans} == {root.trace_id}
    assert root.attributes["gungnir.epoch"] == 7
    assert (command.attributes["gungnir.pod"], command.attributes["gungnir.answer"]) == ("vc-1", "unknown")
    assert (root.failed, step.failed, command.failed) == (False, False, True)
    assert collector.resources[0]["service.instance.id"] == "operator-1"


async def test_a_collector_that_does_not_answer_holds_the_operator_up_no_longer_than_allowed() -> None:
    """It accepts connections and is silent: the end of the operator must not wait for the library's own deadline."""

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    spans = connect(f"http://{host}:{port}/prefix/", "operator-1")
    assert spans._export is not None
    spans._export(a_round())
    started_s = time.monotonic()
    spans.close(300)
    assert time.monotonic() - started_s < 5
    server.close()
