"""The heartbeat: how long ago the loop ran, for the probe, and whether it slept, for every decision."""

import time

from gungnir.runtime.context import SETTLE_MS, STALL_MS, Heartbeat


def slept(ms: float) -> Heartbeat:
    return Heartbeat(at_s=time.monotonic() - ms / 1000)


def test_a_beat_makes_the_age_young_again() -> None:
    heartbeat = slept(1_000)
    assert 1_000 <= heartbeat.age_ms() < 31_000
    assert heartbeat.beat() >= 1
    assert heartbeat.age_ms() < 1_000


def test_a_loop_that_has_not_beaten_for_longer_than_the_limit_is_stalled_before_its_next_beat() -> None:
    assert slept(STALL_MS + 1).stalled
    assert not slept(0).stalled


def test_a_loop_that_slept_stays_stalled_until_its_readings_are_new() -> None:
    heartbeat = slept(STALL_MS + 1)
    heartbeat.beat()
    assert heartbeat.stalled
    assert heartbeat.stalled_until_s > time.monotonic() + SETTLE_MS / 1000 - 30
    heartbeat.stalled_until_s = time.monotonic()
    assert not heartbeat.stalled
