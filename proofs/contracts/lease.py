"""The arithmetic of the lease: we stop before anybody else may start, whatever the answers take."""

from gungnir.machines.lease import LeaseSeen, LeaseTimes, Phase, State, leads, step, tick
from gungnir.machines.requests import Conflict, Stored, Unknown, Unreachable, Version

REPLIES = (Stored(Version("v")), Unknown(), Unreachable(), Conflict())


def _times(duration_ms: int, deadline_ms: int, retry_ms: int) -> LeaseTimes:
    return LeaseTimes(duration_ms, deadline_ms, retry_ms)


def _waiting(phase: Phase, sent_ms: int, deadline_ms: int) -> State:
    return State(phase, Version("v"), sent_ms=sent_ms, deadline_ms=deadline_ms)


def the_deadline_counts_from_the_request(sent_ms: int, took_ms: int, deadline_ms: int, renewing: bool) -> bool:
    """However long the answer took, we lead until the deadline counted from before the request was sent.

    pre: took_ms >= 0 and deadline_ms > 0
    post: _
    """
    phase = Phase.RENEWING if renewing else Phase.ACQUIRING
    taken = step(_times(15000, deadline_ms, 2000), "me", _waiting(phase, sent_ms, -1), REPLIES[0], sent_ms + took_ms)
    return taken.state.deadline_ms == sent_ms + deadline_ms


def nobody_leads_past_the_deadline(phase: int, deadline_ms: int, now_ms: int) -> bool:
    """Whoever leads has time left by its own clock, and has the lease.

    pre: 0 <= phase <= 4
    post: _
    """
    state = _waiting(tuple(Phase)[phase], 0, deadline_ms)
    return not leads(state, now_ms) or (now_ms < deadline_ms and phase in (2, 3))


def an_unanswered_renewal_does_not_lengthen_the_lead(sent_ms: int, deadline_ms: int, now_ms: int, which: int) -> bool:
    """An answer that did not come leaves the deadline as it was.

    pre: 1 <= which <= 2
    post: _
    """
    taken = step(
        _times(15000, 10000, 2000), "me", _waiting(Phase.RENEWING, sent_ms, deadline_ms), REPLIES[which], now_ms
    )
    return taken.state.deadline_ms == deadline_ms


def a_conflict_ends_the_lead(sent_ms: int, deadline_ms: int, now_ms: int, later_ms: int) -> bool:
    """Whoever learns that somebody else wrote the lease leads no more, at any later time.

    post: _
    """
    taken = step(_times(15000, 10000, 2000), "me", _waiting(Phase.RENEWING, sent_ms, deadline_ms), REPLIES[3], now_ms)
    return not leads(taken.state, later_ms)


def an_unanswered_request_for_the_lease_gives_no_lead(sent_ms: int, now_ms: int, later_ms: int, which: int) -> bool:
    """Without a certain answer nobody begins to lead.

    pre: 1 <= which <= 3
    post: _
    """
    taken = step(_times(15000, 10000, 2000), "me", _waiting(Phase.ACQUIRING, sent_ms, -1), REPLIES[which], now_ms)
    return not leads(taken.state, later_ms)


def a_late_tick_ends_the_lead(deadline_ms: int, now_ms: int, later_ms: int) -> bool:
    """Whoever wakes at or after its deadline does not renew, and leads no more.

    pre: now_ms >= deadline_ms
    post: _
    """
    taken = tick(_times(15000, 10000, 2000), _waiting(Phase.LEADING, 0, deadline_ms), now_ms)
    return taken.request is None and not leads(taken.state, later_ms)


def draining_ends_the_lead_at_once(deadline_ms: int, now_ms: int, later_ms: int) -> bool:
    """Whoever gives the lease back acts no more from then on, answer or no answer.

    post: _
    """
    taken = tick(_times(15000, 10000, 2000), _waiting(Phase.LEADING, 0, deadline_ms), now_ms, draining=True)
    return not leads(taken.state, later_ms)


def a_foreign_lease_is_taken_only_after_its_duration(seen_ms: int, now_ms: int, duration_ms: int) -> bool:
    """Somebody else's lease is asked for only when it was seen unchanged for its whole duration by our own clock.

    pre: 0 < duration_ms and seen_ms <= now_ms
    post: _
    """
    state = State(Phase.FOLLOWER, stamp="other/s/v", stamp_seen_ms=seen_ms)
    seen = LeaseSeen(Version("v"), "other", "s", duration_ms, 0)
    taken = step(_times(15000, 10000, 2000), "me", state, seen, now_ms)
    return (taken.trigger == "free") == (now_ms - seen_ms > duration_ms)


def a_lease_that_was_renewed_is_left_alone(seen_ms: int, now_ms: int, duration_ms: int) -> bool:
    """A lease that changed since we looked last is somebody's who lives, however old our last look is.

    pre: 0 < duration_ms
    post: _
    """
    state = State(Phase.FOLLOWER, stamp="other/before/v", stamp_seen_ms=seen_ms)
    taken = step(_times(15000, 10000, 2000), "me", state, LeaseSeen(Version("v"), "other", "s", duration_ms, 0), now_ms)
    return taken.trigger == "held"


def two_never_lead_at_once(sent_ms: int, answered_ms: int, seen_ms: int, taken_ms: int, duration_ms: int) -> bool:
    """Whoever takes the lease over begins after the former leader has stopped, on clocks that run alike.

    The former one sent its last renewal; the other saw it written, however late its answer was, and waited.

    pre: sent_ms <= answered_ms and sent_ms <= seen_ms <= taken_ms
    pre: 10000 < duration_ms
    post: _
    """
    times = _times(duration_ms, 10000, 2000)
    former = step(times, "a", _waiting(Phase.RENEWING, sent_ms, -1), REPLIES[0], answered_ms).state
    state = State(Phase.FOLLOWER, stamp="a/s/v", stamp_seen_ms=seen_ms)
    taken = step(times, "b", state, LeaseSeen(Version("v"), "a", "s", duration_ms, 0), taken_ms)
    return taken.trigger != "free" or not leads(former, taken_ms)
