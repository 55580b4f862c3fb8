"""How long each pod of the record has been away: since it last answered, whatever became of it meanwhile."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from gungnir.machines.view import Contact
from gungnir.runtime.monitors import Monitors

pytestmark = pytest.mark.anyio
SLACK_MS = 5_000
"""More than this test takes, and less than it tells apart."""


@dataclass
class Stub:
    """What ``away`` asks of a monitor."""

    contact: Contact
    silent_ms: int
    heard: bool = True
    target: str = "vc-0"

    def close(self) -> None:
        pass

    def forgive(self) -> None:
        self.silent_ms = 0


@pytest.fixture
def monitors() -> Monitors:
    return Monitors(lambda: None, lambda: 1, lambda _pod, _event: None)


def watch(monitors: Monitors, monitor: Stub | None) -> None:
    """Let this be what watches the pod, in place of what did; another pod is watched all the while."""
    monitors.follow({"vc-1": cast("Any", "vc-1")} if "vc-1" in monitors.by_pod else {})
    for name, stub in (("vc-0", monitor), ("vc-1", Stub(Contact.UP, 0, target="vc-1"))):
        if stub is not None:
            monitors.by_pod[name] = cast("Any", stub)
            monitors._tasks[name] = cast("Any", _Task())


class _Task:
    def cancel(self) -> None:
        pass


def away_ms(monitors: Monitors) -> int | None:
    return dict(monitors.away(["vc-0"])).get("vc-0")


async def test_a_pod_that_answers_is_not_away_whatever_it_answers(monitors: Monitors) -> None:
    for contact in (Contact.UP, Contact.ERROR):
        watch(monitors, Stub(contact, 900))
        assert away_ms(monitors) is None


async def test_a_pod_that_was_never_heard_is_away_since_it_was_first_asked_about(monitors: Monitors) -> None:
    first = away_ms(monitors)
    assert first == 0
    watch(monitors, Stub(Contact.SILENT, 90_000, heard=False))
    later = away_ms(monitors)
    assert later is not None
    assert first <= later < SLACK_MS


async def test_a_pod_is_away_since_its_last_answer_also_when_it_is_deleted_or_made_anew(monitors: Monitors) -> None:
    watch(monitors, Stub(Contact.REFUSED, 40_000))
    for now in (Stub(Contact.SILENT, 40_000), None, Stub(Contact.UNTRIED, 0, heard=False), None):
        watch(monitors, now)
        since_ms = away_ms(monitors)
        assert since_ms is not None
        assert 40_000 <= since_ms < 40_000 + SLACK_MS
    watch(monitors, Stub(Contact.UP, 3))
    watch(monitors, None)
    since_ms = away_ms(monitors)
    assert since_ms is not None
    assert since_ms < SLACK_MS


async def test_a_pod_that_nobody_looked_at_for_long_counts_from_its_last_answer(monitors: Monitors) -> None:
    """A steady cluster is not looked at: what was known when it last was says nothing."""
    watch(monitors, Stub(Contact.UP, 0))
    assert away_ms(monitors) is None
    monitors._heard_ms["vc-0"] -= 600_000
    watch(monitors, None)
    since_ms = away_ms(monitors)
    assert since_ms is not None
    assert since_ms < SLACK_MS


async def test_absence_counts_anew_after_a_sleep_and_after_another_operator_led(monitors: Monitors) -> None:
    watch(monitors, Stub(Contact.SILENT, 40_000))
    monitors.forgive()
    slept = away_ms(monitors)
    assert slept is not None
    assert slept < SLACK_MS
    watch(monitors, Stub(Contact.SILENT, 40_000))
    monitors.follow({})
    assert away_ms(monitors) == 0
