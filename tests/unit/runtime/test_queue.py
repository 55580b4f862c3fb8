from __future__ import annotations

import anyio
import pytest

from gungnir.runtime.backoff import Backoff
from gungnir.runtime.queue import WorkQueue
from gungnir.runtime.schedule import Priority

pytestmark = pytest.mark.anyio

FAST = Backoff(2, 8, lambda: 0.0)


class Recorder:
    """Work whose rounds block until the test lets them go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.failures: list[tuple[str, str]] = []
        self.gates: dict[str, anyio.Event] = {}
        self.changed = anyio.Condition()

    async def work(self, key: str) -> None:
        self.begun.append(key)
        async with self.changed:
            self.changed.notify_all()
        if key in self.gates:
            await self.gates[key].wait()
        self.ended.append(key)
        async with self.changed:
            self.changed.notify_all()

    async def until_begun(self, *keys: str) -> None:
        with anyio.fail_after(5):
            async with self.changed:
                while self.begun != list(keys):
                    await self.changed.wait()


def failure_of(recorder: Recorder, key: str, exc: Exception) -> None:
    recorder.failures.append((key, str(exc)))


async def test_one_hung_key_delays_nobody_else() -> None:
    recorder = Recorder()
    recorder.gates["hung"] = anyio.Event()
    queue = WorkQueue(recorder.work, on_failure=lambda k, e: failure_of(recorder, k, e), limit=1, slow_after_ms=50)
    async with anyio.create_task_group() as group:
        await group.start(queue.run)
        queue.add("hung")
        await recorder.until_begun("hung")
        queue.add("a")
        queue.add("b")
        await recorder.until_begun("hung", "a", "b")
        assert recorder.ended[0] == "a"
        group.cancel_scope.cancel()


async def test_a_key_asked_for_while_it_runs_runs_once_more() -> None:
    recorder = Recorder()
    gate = recorder.gates["a"] = anyio.Event()
    queue = WorkQueue(recorder.work, on_failure=lambda k, e: failure_of(recorder, k, e))
    async with anyio.create_task_group() as group:
        await group.start(queue.run)
        queue.add("a")
        await recorder.until_begun("a")
        for _ in range(5):
            queue.add("a", Priority.URGENT)
        assert queue.is_waiting("a")
        assert queue.depth == 1
        gate.set()
        await recorder.until_begun("a", "a")
        queue.add("b")
        await recorder.until_begun("a", "a", "b")
        group.cancel_scope.cancel()


async def test_urgent_work_starts_although_all_places_are_taken() -> None:
    recorder = Recorder()
    recorder.gates = {"slow": anyio.Event()}
    queue = WorkQueue(recorder.work, on_failure=lambda k, e: failure_of(recorder, k, e), limit=1, slow_after_ms=60_000)
    async with anyio.create_task_group() as group:
        await group.start(queue.run)
        queue.add("slow")
        await recorder.until_begun("slow")
        queue.add("normal")
        queue.add("failover", Priority.URGENT)
        await recorder.until_begun("slow", "failover")
        recorder.gates["slow"].set()
        await recorder.until_begun("slow", "failover", "normal")
        group.cancel_scope.cancel()


async def test_a_round_that_raises_is_reported_and_retried_and_the_others_go_on() -> None:
    recorder = Recorder()
    left = 2

    async def work(key: str) -> None:
        nonlocal left
        await recorder.work(key)
        if key == "bad" and left:
            left -= 1
            raise ValueError("boom")

    queue = WorkQueue(work, on_failure=lambda k, e: failure_of(recorder, k, e), backoff=FAST)
    async with anyio.create_task_group() as group:
        await group.start(queue.run)
        queue.add("bad")
        await recorder.until_begun("bad", "bad", "bad")
        queue.add("good")
        await recorder.until_begun("bad", "bad", "bad", "good")
        group.cancel_scope.cancel()
    assert recorder.failures == [("bad", "boom")] * 2


async def test_backoff_grows_until_the_key_is_forgotten() -> None:
    recorder = Recorder()
    queue = WorkQueue(recorder.work, on_failure=lambda k, e: failure_of(recorder, k, e), backoff=FAST)
    assert [queue.retry("a") for _ in range(4)] == [1, 2, 4, 4]
    assert queue.retry("a", at_least_ms=50) == 50
    queue.forget("a")
    assert queue.retry("a") == 1
    queue.drop("a")
    assert queue.depth == 0


async def test_drain_ends_when_the_running_rounds_have_ended_and_starts_no_more() -> None:
    recorder = Recorder()
    gate = recorder.gates["a"] = anyio.Event()
    queue = WorkQueue(recorder.work, on_failure=lambda k, e: failure_of(recorder, k, e))
    async with anyio.create_task_group() as group:
        await group.start(queue.run)
        queue.add("a")
        await recorder.until_begun("a")
        queue.add("a")
        drained = anyio.Event()

        async def drain() -> None:
            await queue.drain()
            drained.set()

        group.start_soon(drain)
        await anyio.wait_all_tasks_blocked()
        assert not drained.is_set()
        gate.set()
        with anyio.fail_after(5):
            await drained.wait()
        assert recorder.begun == ["a"]
        group.cancel_scope.cancel()


async def test_cancelling_the_queue_cancels_its_rounds_and_forgets_the_rest() -> None:
    recorder = Recorder()
    recorder.gates["a"] = anyio.Event()
    queue = WorkQueue(recorder.work, on_failure=lambda k, e: failure_of(recorder, k, e))
    async with anyio.create_task_group() as group:
        await group.start(queue.run)
        queue.add("a")
        await recorder.until_begun("a")
        queue.add_after("b", 60_000)
        group.cancel_scope.cancel()
    assert (queue.running, queue.depth) == (0, 0)
    assert recorder.ended == []


async def test_the_clock_is_the_injected_one() -> None:
    recorder = Recorder()
    now_ms = 0
    queue = WorkQueue(recorder.work, on_failure=lambda k, e: failure_of(recorder, k, e), clock_ms=lambda: now_ms)
    async with anyio.create_task_group() as group:
        await group.start(queue.run)
        queue.add_after("later", 3_600_000)
        queue.add("now")
        await recorder.until_begun("now")
        now_ms = 3_600_000
        queue.add("again")
        await recorder.until_begun("now", "later", "again")
        group.cancel_scope.cancel()
