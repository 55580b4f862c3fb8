"""The lease machine by value: what is sent when, and when we may act."""

from typing import Any

import pytest

from gungnir.machines.kernel import IllegalTransition
from gungnir.machines.lease import (
    MACHINE,
    CreateLease,
    GetLease,
    LeaseReply,
    LeaseSeen,
    LeaseTimes,
    Phase,
    PutLease,
    State,
    leads,
    step,
    tick,
)
from gungnir.machines.requests import (
    AlreadyExists,
    Conflict,
    Forbidden,
    NotFound,
    Stored,
    Unknown,
    Unreachable,
    Version,
)
from tests.unit.machines.worlds import REPLIES, rows_of

TIMES = LeaseTimes()
STORED = Stored(Version("v2"))


def held(holder: str = "other", **changes: Any) -> LeaseSeen:
    return LeaseSeen(Version("v1"), holder, "t1", 15000, 4)._replace(**changes)


def looking(now_ms: int = 1000, state: State | None = None) -> State:
    return tick(TIMES, state or State(), now_ms).state


def acquiring(now_ms: int = 1000) -> State:
    return step(TIMES, "me", looking(now_ms), NotFound(), now_ms).state


def leading(now_ms: int = 1000) -> State:
    return step(TIMES, "me", acquiring(now_ms), STORED, now_ms + 5).state


def renewing(now_ms: int = 3000) -> State:
    return tick(TIMES, leading(), now_ms).state


def draining() -> State:
    return tick(TIMES, leading(), 2000, draining=True).state


def test_a_follower_reads_the_lease_first() -> None:
    taken = tick(TIMES, State(), 1000)
    assert taken.request == GetLease()
    assert not leads(taken.state, 1000)


def test_an_absent_lease_is_created_and_then_we_lead() -> None:
    taken = step(TIMES, "me", looking(), NotFound(), 1010)
    assert (taken.trigger, taken.request, taken.state.phase) == ("free", CreateLease(), Phase.ACQUIRING)
    assert not leads(taken.state, 1010)
    lead = step(TIMES, "me", taken.state, STORED, 1500)
    assert (lead.trigger, lead.request, lead.state.phase) == ("stored", None, Phase.LEADING)
    assert lead.state.version == "v2"


@pytest.mark.parametrize(("holder", "transitions"), [("", 5), ("me", 4)])
def test_a_released_lease_and_our_own_are_taken_at_once(holder: str, transitions: int) -> None:
    taken = step(TIMES, "me", looking(), held(holder), 1010)
    assert taken.request == PutLease(Version("v1"), "me", transitions)


@pytest.mark.parametrize(("unchanged_ms", "trigger"), [(15000, "held"), (15001, "free")])
def test_anothers_lease_is_taken_only_after_we_saw_it_unchanged_for_more_than_its_duration(
    unchanged_ms: int, trigger: str
) -> None:
    first = step(TIMES, "me", looking(1000), held(), 1000)
    assert (first.trigger, first.request) == ("held", None)
    at_ms = 1000 + unchanged_ms
    assert step(TIMES, "me", looking(at_ms, first.state), held(), at_ms).trigger == trigger


def test_a_renewal_by_the_other_starts_the_count_anew() -> None:
    state = step(TIMES, "me", looking(1000), held(), 1000).state
    state = step(TIMES, "me", looking(15500, state), held(stamp="t2"), 15500).state
    assert step(TIMES, "me", looking(17000, state), held(stamp="t2"), 17000).trigger == "held"
    assert step(TIMES, "me", looking(30501, state), held(stamp="t2"), 30501).trigger == "free"


def test_a_follower_wakes_when_the_lease_would_expire_and_not_later() -> None:
    state = step(TIMES, "me", looking(1000), held(), 1000).state
    assert state.wake_ms == 1000 + TIMES.retry_ms
    late = step(TIMES, "me", looking(15000, state), held(), 15000).state
    assert late.wake_ms == 16001


@pytest.mark.parametrize("reply", [Conflict(), AlreadyExists(), Unknown(), Unreachable(), Forbidden("x")])
def test_an_acquisition_without_confirmation_leads_nothing(reply: LeaseReply) -> None:
    taken = step(TIMES, "me", acquiring(), reply, 1100)
    assert (taken.trigger, taken.state.phase, taken.state.wake_ms) == ("lost", Phase.FOLLOWER, 1100 + TIMES.retry_ms)
    assert not leads(taken.state, 1100)


def test_leading_is_counted_from_before_the_request_was_sent() -> None:
    slow = step(TIMES, "me", acquiring(1000), STORED, 9000).state
    assert slow.deadline_ms == 1000 + TIMES.renew_deadline_ms
    assert leads(slow, 10999)
    assert not leads(slow, 11000)


def test_an_answer_after_the_deadline_makes_no_leader() -> None:
    late = step(TIMES, "me", acquiring(1000), STORED, 12000).state
    assert not leads(late, 12000)
    assert tick(TIMES, late, 12000).trigger == "expired"


def test_a_renewal_keeps_leading_and_moves_the_deadline() -> None:
    assert leads(renewing(3000), 3000)
    taken = step(TIMES, "me", renewing(3000), STORED, 3010)
    assert (taken.trigger, taken.state.deadline_ms) == ("stored", 3000 + TIMES.renew_deadline_ms)
    assert taken.state.wake_ms == 3000 + TIMES.retry_ms


@pytest.mark.parametrize("reply", [Unknown(), Unreachable(), Forbidden("x")])
def test_an_unknown_renewal_is_tried_again_and_the_deadline_stands(reply: LeaseReply) -> None:
    before = renewing(3000)
    taken = step(TIMES, "me", before, reply, 3500)
    assert (taken.trigger, taken.state.phase) == ("failed", Phase.LEADING)
    assert taken.state.deadline_ms == before.deadline_ms == 11000
    assert taken.state.wake_ms == 3500 + TIMES.retry_ms // 4
    assert step(TIMES, "me", before, reply, 10999).state.wake_ms == 11000


@pytest.mark.parametrize("reply", [Conflict(), NotFound(), AlreadyExists()])
def test_a_lost_renewal_ends_the_lead_at_once_and_looks_again(reply: LeaseReply) -> None:
    taken = step(TIMES, "me", renewing(), reply, 3100)
    assert (taken.trigger, taken.state.phase, taken.state.wake_ms) == ("lost", Phase.FOLLOWER, 3100)
    assert not leads(taken.state, 3100)


def test_a_leader_that_slept_past_its_deadline_follows_and_reads_before_it_leads_again() -> None:
    taken = tick(TIMES, leading(1000), 60_000)
    assert (taken.trigger, taken.request, taken.state.wake_ms) == ("expired", None, 60_000)
    assert not leads(taken.state, 60_000)
    assert tick(TIMES, taken.state, 60_000).request == GetLease()


def test_draining_gives_the_lease_back_and_leads_no_more() -> None:
    taken = tick(TIMES, leading(), 2000, draining=True)
    assert (taken.trigger, taken.request) == ("drain", PutLease(Version("v2"), "", 0))
    assert not leads(taken.state, 2000)


def test_a_follower_that_drains_reads_and_takes_nothing_more() -> None:
    """A process that shuts down must not lead for a moment."""
    taken = tick(TIMES, State(), 1000, draining=True)
    assert (taken.request, taken.state) == (None, State())


@pytest.mark.parametrize("reply", [STORED, Conflict(), Unknown()])
def test_whatever_the_answer_to_a_release_is_we_follow(reply: LeaseReply) -> None:
    taken = step(TIMES, "me", draining(), reply, 2100)
    assert (taken.trigger, taken.state.phase) == ("released", Phase.FOLLOWER)
    assert not leads(taken.state, 2100)


def test_a_reply_that_nobody_waits_for_is_illegal() -> None:
    with pytest.raises(IllegalTransition, match=r"lease: no row for trigger 'released' in phase .*Leading"):
        step(TIMES, "me", leading(), STORED, 2000)


def test_every_row_of_the_table_is_taken() -> None:
    taken: set[tuple[str, str, str]] = set()
    replies: tuple[LeaseReply, ...] = (*REPLIES, held(), held(""))
    for state in (looking(), acquiring(), renewing(), draining()):
        for reply in replies:
            after = step(TIMES, "me", state, reply, 4000)
            taken.add((state.phase, after.trigger, after.state.phase))
    for state, now_ms, drains in ((leading(), 3000, False), (leading(), 99_000, False), (leading(), 3000, True)):
        ticked = tick(TIMES, state, now_ms, draining=drains)
        taken.add((state.phase, ticked.trigger, ticked.state.phase))
    assert taken == rows_of(MACHINE)
