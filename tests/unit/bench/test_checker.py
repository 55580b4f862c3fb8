"""The checker of the fault campaign finds each kind of loss that is planted in a history, and none in a clean one."""

from collections.abc import Iterable

import pytest

from bench.faults.checker import Verdict, judge
from bench.faults.clients import Read
from gungnir.demo.ledger import Ledger, Write

FAULT_NS = 40_000_000
"""The histories below tick once a millisecond; two ticks for each answered write."""


class History:
    """Writes one after another, each of which has a known end."""

    def __init__(self) -> None:
        moments = iter(range(1_000_000, 1_000_000_000, 1_000_000))
        self.ledger = Ledger("h", lambda: next(moments))

    def acknowledged(self, number: int = 1, *, waited: int | None = None) -> list[Write]:
        writes = []
        for _ in range(number):
            write = self.ledger.invoke(1, "127.0.0.1:1", wait_asked=0 if waited is None else 1)
            self.ledger.acknowledge(write)
            if waited is not None:
                self.ledger.waited(write, waited)
            writes.append(write)
        return writes

    def refused(self) -> Write:
        write = self.ledger.invoke(1, "127.0.0.1:1")
        self.ledger.refuse(write, "READONLY")
        return write

    def unknown(self) -> Write:
        write = self.ledger.invoke(1, "127.0.0.1:1")
        self.ledger.lose(write, "no answer")
        return write

    def verdict(self, there: Iterable[Write], reads: Iterable[Read] = (), **moments: int) -> Verdict:
        final = {write.key: write.key for write in there}
        return judge(self.ledger, reads, final, **{"fault_ns": FAULT_NS, **moments})


def missed(write: Write, *, later_ns: int = 1) -> Read:
    assert write.answered_ns is not None
    return Read(write.key, write.answered_ns + later_ns, found=False)


def test_a_history_in_which_everything_is_there_has_no_loss() -> None:
    """All sets of loss are empty, whatever else happened."""
    history = History()
    kept = [*history.acknowledged(5), *history.acknowledged(5, waited=1)]
    history.refused()
    history.unknown()
    verdict = history.verdict(kept)
    counts = verdict.counts()
    assert {key for key, count in counts.items() if count} == {
        "acknowledged",
        "confirmed",
        "present",
        "refused",
        "unknown",
    }
    assert counts["present"] == counts["acknowledged"] == 10
    assert verdict.lost_window_ms == 0


def test_a_lost_write_is_found_and_told_from_one_that_wait_confirmed() -> None:
    """One of each is planted; the promise is broken by the confirmed one alone."""
    history = History()
    kept = history.acknowledged(3)
    (plain,), (confirmed,) = history.acknowledged(), history.acknowledged(waited=1)
    verdict = history.verdict(kept)
    assert verdict.report.lost == {plain.key, confirmed.key}
    assert verdict.report.lost_confirmed == {confirmed.key}
    assert verdict.lost_plain == {plain.key}


def test_a_refused_write_that_is_there_is_unexpected() -> None:
    """So is a key that nobody wrote."""
    history = History()
    refused = history.refused()
    assert history.verdict([refused]).report.unexpected == {refused.key}
    stranger = Write("h:stranger", 1, "127.0.0.1:1", 0)
    assert history.verdict([stranger]).report.unexpected == {stranger.key}


def test_a_write_without_an_answer_that_is_there_is_recovered() -> None:
    """And one that is not there is neither lost nor anything else that counts."""
    history = History()
    there, gone = history.unknown(), history.unknown()
    verdict = history.verdict([there])
    assert verdict.report.recovered == {there.key}
    assert gone.key not in verdict.report.lost | verdict.report.unexpected


def test_a_write_that_a_later_read_missed_is_stale_if_it_is_there_and_lost_if_not() -> None:
    """The same read, two ends."""
    history = History()
    (write,) = history.acknowledged()
    stale = history.verdict([write], [missed(write)])
    assert stale.stale == {write.key}
    assert not stale.report.lost
    lost = history.verdict([], [missed(write)])
    assert lost.report.lost == {write.key}
    assert not lost.stale


def test_a_read_that_was_begun_before_the_acknowledgement_may_miss_the_write() -> None:
    """It is no evidence of anything."""
    history = History()
    (write,) = history.acknowledged()
    assert not history.verdict([write], [missed(write, later_ns=-1)]).stale


@pytest.mark.parametrize(("before", "after", "window_ms"), [(1, 0, 0.0), (0, 30, 20.0)])
def test_the_window_of_loss_ends_with_the_last_plain_write_that_was_lost(
    before: int, after: int, window_ms: float
) -> None:
    """A write that was lost in flight when the fault came opens none."""
    history = History()
    history.acknowledged(before)
    history.acknowledged(after)
    assert history.verdict([]).lost_window_ms == window_ms


def test_how_long_before_the_fault_the_first_lost_write_was_acknowledged_is_told() -> None:
    """Confirmed writes count as well; those that are there do not."""
    history = History()
    kept = history.acknowledged(2)
    history.acknowledged(1, waited=1)
    assert history.verdict(kept).lost_before_ms == (FAULT_NS - (history.ledger.writes[-1].answered_ns or 0)) / 1e6
    assert history.verdict(history.ledger.writes).lost_before_ms == 0


def test_what_was_deleted_on_purpose_is_not_judged() -> None:
    """Writes that were begun before FLUSHALL was answered may be gone; a later one may not."""
    history = History()
    history.acknowledged(3)
    flushed_ns = history.ledger.writes[-1].invoked_ns + 1
    kept = history.acknowledged()
    (gone,) = history.acknowledged()
    verdict = history.verdict(kept, since_ns=flushed_ns)
    assert verdict.report.lost == {gone.key}
    assert len(verdict.report.acknowledged) == 2
