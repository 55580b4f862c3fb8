"""What a subscriber heard, as figures."""

import asyncio
from typing import Any, cast

import pytest

from bench.faults.pubsub import PubSub
from gungnir.demo.waiting import wait_for

MS = 1_000_000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def heard(*messages_ms: tuple[int, int]) -> PubSub:
    """A subscriber that heard messages sent and heard at these moments, in milliseconds."""
    found = PubSub("channel", lambda: pytest.fail("nobody connects"))
    found.heard.extend((sent_ms * MS, heard_ms * MS) for sent_ms, heard_ms in messages_ms)
    return found


def test_the_longest_silence_is_between_messages_or_at_an_end() -> None:
    """What was heard outside of the interval does not count."""
    assert heard((10, 11), (60, 61), (400, 410)).longest_silence_ms(0, 500 * MS) == 349
    assert heard((10, 11), (60, 61)).longest_silence_ms(0, 500 * MS) == 439
    assert heard((10, 11), (60, 61), (700, 701)).longest_silence_ms(50 * MS, 500 * MS) == 439
    assert heard().longest_silence_ms(0, 500 * MS) == 500


def test_a_message_counts_as_heard_since_a_moment_if_it_was_sent_later() -> None:
    """One that was on its way does not show that the way leads to the new primary."""
    assert not heard((90, 120)).hears_since(100 * MS)
    assert heard((90, 120), (110, 130)).hears_since(100 * MS)


class _Server:
    """A pool and its connections at once; a subscriber hears one message on each, and then nothing in time."""

    def __init__(self) -> None:
        self.subscriptions = 0
        self._unread: list[object] = []

    async def get_connection(self, _command: str) -> "_Server":
        return self

    async def send_command(self, command: str, *_arguments: str) -> None:
        if command == "SUBSCRIBE":
            self.subscriptions += 1
            self._unread = [["subscribe", b"channel", 1], ["message", b"channel", b"1"], None]

    async def read_response(self, timeout: float | None = None) -> object:  # noqa: ASYNC109 - as the library has it
        await asyncio.sleep(0)
        return self._unread.pop(0) if self._unread else timeout

    async def disconnect(self, *, nowait: bool) -> None:
        assert nowait

    async def release(self, _connection: "_Server") -> None:
        pass


@pytest.mark.anyio
async def test_a_subscriber_that_hears_nothing_in_time_connects_anew() -> None:
    """A frozen primary closes no connection: who waits for it for ever never hears the new one."""
    server = _Server()
    async with PubSub("channel", lambda: cast("Any", server)) as clients:
        await wait_for("a third subscription", lambda: server.subscriptions >= 3, timeout_ms=5000)
    assert len(clients.heard) >= 2
