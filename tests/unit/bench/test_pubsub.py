"""What a subscriber heard, as figures."""

import pytest

from bench.faults.pubsub import PubSub

MS = 1_000_000


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
