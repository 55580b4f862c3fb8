import pytest

from gungnir.demo.check import check
from gungnir.demo.ledger import Ledger, Write


def ticking() -> Ledger:
    moments = iter(range(0, 1_000_000_000, 1_000_000))
    return Ledger("t", lambda: next(moments))


def acknowledged(ledger: Ledger, *, waited: int | None = None, asked: int = 0) -> Write:
    write = ledger.invoke(1, "127.0.0.1:1", wait_asked=asked)
    ledger.acknowledge(write)
    if waited is not None:
        ledger.waited(write, waited)
    return write


def reads(*writes: Write) -> dict[str, str]:
    return {write.key: write.key for write in writes}


def test_a_ledger_whose_writes_are_all_there_is_ok() -> None:
    ledger = ticking()
    writes = [acknowledged(ledger), acknowledged(ledger, asked=1, waited=1)]
    report = check(ledger.writes, reads(*writes))
    assert report.ok
    assert len(report.present) == 2
    assert len(report.confirmed) == 1
    assert not report.lost


def test_a_missing_acknowledged_write_is_lost_but_breaks_no_promise() -> None:
    ledger = ticking()
    kept, gone = acknowledged(ledger), acknowledged(ledger)
    report = check(ledger.writes, reads(kept))
    assert report.lost == {gone.key}
    assert not report.lost_confirmed
    assert report.ok


def test_a_missing_write_that_wait_confirmed_breaks_the_promise() -> None:
    ledger = ticking()
    gone = acknowledged(ledger, asked=1, waited=1)
    report = check(ledger.writes, {})
    assert report.lost == report.lost_confirmed == {gone.key}
    assert not report.ok


@pytest.mark.parametrize("waited", [None, 0, 1])
def test_a_write_that_wait_did_not_confirm_as_asked_is_not_confirmed(waited: int | None) -> None:
    ledger = ticking()
    acknowledged(ledger, asked=2, waited=waited)
    report = check(ledger.writes, {})
    assert report.lost
    assert not report.confirmed
    assert report.ok


def test_a_write_with_another_value_is_lost_and_unexpected() -> None:
    ledger = ticking()
    changed = acknowledged(ledger, asked=1, waited=1)
    report = check(ledger.writes, {changed.key: "other"})
    assert report.lost_confirmed == {changed.key}
    assert report.unexpected == {changed.key}


def test_an_unanswered_write_that_is_there_is_recovered_and_allowed() -> None:
    ledger = ticking()
    there, gone = ledger.invoke(1, "a"), ledger.invoke(1, "a")
    ledger.lose(there, "no reply")
    report = check(ledger.writes, reads(there))
    assert report.unknown == {there.key, gone.key}
    assert report.recovered == {there.key}
    assert report.ok


def test_a_refused_write_that_is_there_is_unexpected() -> None:
    ledger = ticking()
    write = ledger.invoke(1, "a")
    ledger.refuse(write, "READONLY")
    assert check(ledger.writes, {}).ok
    report = check(ledger.writes, reads(write))
    assert report.unexpected == {write.key}
    assert not report.ok


def test_a_key_that_nobody_wrote_is_unexpected_in_a_whole_ledger_only() -> None:
    ledger = ticking()
    stranger = {"t:99999999": "t:99999999"}
    assert check(ledger.writes, stranger).unexpected == stranger.keys()
    assert not check(ledger.writes, stranger, complete=False).unexpected


def test_the_answer_to_wait_can_be_lost_without_the_acknowledgement() -> None:
    ledger = ticking()
    write = acknowledged(ledger, asked=1)
    ledger.lose(write, "closed")
    report = check(ledger.writes, {})
    assert report.acknowledged == report.lost == {write.key}
    assert not report.confirmed


def test_the_gap_is_the_longest_time_without_an_acknowledgement() -> None:
    moments = iter([0, 1, 2, 3, 50, 51])
    ledger = Ledger("t", lambda: next(moments) * 1_000_000)
    for _ in range(3):
        ledger.acknowledge(ledger.invoke(1, "a"))  # answered at 1, 3 and 51 ms
    assert ledger.longest_gap_ms(0, 60_000_000) == 48
    assert ledger.longest_gap_ms(0, 120_000_000) == 69
    assert ledger.longest_gap_ms(4_000_000, 40_000_000) == 36


def test_only_a_write_invoked_after_the_fault_shows_that_writing_works_again() -> None:
    moments = iter([0, 5, 6, 7])
    ledger = Ledger("t", lambda: next(moments) * 1_000_000)
    ledger.acknowledge(ledger.invoke(1, "a"))
    after = ledger.invoke(1, "a")
    ledger.acknowledge(after)
    assert ledger.first_acknowledged_after(1_000_000) is after
    assert ledger.first_acknowledged_after(8_000_000) is None
