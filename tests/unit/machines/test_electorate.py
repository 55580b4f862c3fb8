"""Who counts when a replica is lost: it is left out of an epoch, then forgotten, and may return at any moment."""

from typing import Any

import pytest

from gungnir.machines import electorate, failover, repair
from gungnir.machines.record import Admitted, Electorate, Intent, Kind, Member, Record, Stage
from gungnir.machines.requests import AnswerKind, GetCluster, Pods, PutRecord, Seen, Verb
from gungnir.machines.selection import count, is_blank
from gungnir.machines.view import Contact, PodView, View
from tests.unit.machines.test_failover_paths import CURRENT, ROUTED
from tests.unit.machines.worlds import (
    CANDIDATE,
    EPOCH,
    FACTS,
    MEMBERS,
    PODS,
    STORED,
    V,
    answer,
    answers,
    claimed,
    cluster,
    following,
    pod,
    record,
    server,
    serving,
    view,
    vote,
    walk,
)

_OBJECTS = (ROUTED, STORED, CURRENT)
AWAY = (("vc-2", FACTS.release_after_ms),)
LEFT_OUT = record(left_out=("vc-2",))
ABSENT = view(pod(0, serving(linked=1)), pod(1, following(1)), away=AWAY, ended=("uid2",))
"""The third pod is gone, and its process was seen to end."""
GONE = pod(2, None, contact=Contact.SILENT, silent_ms=FACTS.release_after_ms, role_label="", synced=False)
FOUR = FACTS._replace(size=4)
TWO = FACTS._replace(size=2)


def looked(stored: Record, seen: View) -> Any:
    return repair.step(FACTS, repair.start().state, Seen(stored, seen))


# --- left out -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [AnswerKind.REFUSED, AnswerKind.UNREACHABLE, AnswerKind.UNKNOWN])
def test_who_does_not_answer_when_a_candidate_is_chosen_is_left_out(kind: AnswerKind) -> None:
    assert electorate.left_out(FACTS, record(), (vote(0), vote(1), answer(2, None, kind))) == ("vc-2",)
    assert electorate.left_out(FACTS, record(), (vote(0), vote(1))) == ("vc-2",)


def test_who_answers_is_not_left_out_whatever_the_answer() -> None:
    loading = answer(2, None, AnswerKind.ERROR, "LOADING")
    assert electorate.left_out(FACTS, LEFT_OUT, (vote(0), vote(1), loading)) == ()


@pytest.mark.parametrize(
    ("facts", "acks"),
    [(FACTS, 2), (FACTS._replace(acks=2), 1), (FACTS, 0)],
    ids=["two-promised", "two-asked-for", "async"],
)
def test_nobody_is_left_out_where_nobody_can_be_spared(facts: Any, acks: int) -> None:
    assert electorate.left_out(facts, record(electorate=Electorate(3, acks)), (vote(1),)) == ()


def test_of_two_pods_none_is_left_out_but_who_is_to_leave() -> None:
    assert electorate.left_out(TWO, record(), (vote(1),)) == ("vc-2",)
    assert electorate.left_out(TWO, record(), (vote(1), vote(2))) == ()


def test_only_who_counts_is_left_out() -> None:
    """A pod that never followed can hold nothing."""
    stored = record(members=MEMBERS[:2], admitted=(Admitted("vc-3", "u", ""),))
    assert electorate.left_out(FOUR, stored, (vote(0), vote(1))) == ("vc-3",)


def test_who_is_left_out_is_stored_with_the_candidate_and_told_nothing() -> None:
    stored = claimed(Kind.RELEASE, "vc-0")
    late = pod(2, None, contact=Contact.UNTRIED)
    promoted = answers(answer(0, serving(fence=EPOCH + 1, replid="r6")))
    given = answers(vote(0), vote(1), answer(2, None, AnswerKind.UNREACHABLE))
    replies = (Seen(stored, view(*PODS[:2], late)), cluster(stored), *_OBJECTS, given, STORED, promoted, STORED)
    requests = walk(failover.step, failover.start(), replies).requests
    records = [request.record for request in requests if isinstance(request, PutRecord)]
    assert [written.left_out for written in records] == [("vc-2",)] * 2
    follow = requests[-1]
    assert isinstance(follow, Pods)
    assert [(command.verb, command.pod) for command in follow.commands] == [(Verb.FOLLOW, "vc-1")]


# --- forgotten ------------------------------------------------------------------------------------------------------


def test_who_is_left_out_counts_until_the_others_hold_all_that_the_primary_holds() -> None:
    known = (Seen(LEFT_OUT, ABSENT), answers(answer(0, serving(offset=1000))))
    behind = walk(repair.step, repair.start(), (*known, answers(answer(1, following(1, offset=999)))))
    assert behind.triggers == "forget known behind"
    level = (*known, answers(answer(1, following(1, offset=1000))), cluster(LEFT_OUT))
    stored = walk(repair.step, repair.start(), level).steps[-1].request
    assert stored == PutRecord(V("c1"), record(members=MEMBERS[:2], electorate=Electorate(2, 1)))


def test_only_those_who_were_told_are_read() -> None:
    """A pod that was left out may answer at last, and need not."""
    seen = view(pod(0, serving()), pod(1, following(1)), GONE)
    taken = walk(repair.step, repair.start(), (Seen(LEFT_OUT, seen), answers(answer(0, serving()))))
    request = taken.steps[-1].request
    assert isinstance(request, Pods)
    assert [(command.verb, command.pod) for command in request.commands] == [(Verb.READ, "vc-1")]


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        (LEFT_OUT, view(pod(0, serving()), pod(1, following(1, link_up=False)))),
        (LEFT_OUT, view(pod(0, serving()))),
        (record(left_out=("vc-1", "vc-2")), view(pod(0, serving()))),
        (record(left_out=("vc-2",), electorate=Electorate(3, 2)), ABSENT),
        (record(), ABSENT),
    ],
    ids=["link-down", "another-is-gone", "nobody-left", "two-copies-promised", "told"],
)
def test_nobody_is_forgotten_while_too_few_others_are_attached(stored: Record, seen: View) -> None:
    assert not electorate.may_forget(FACTS, stored, seen.pods[0], seen)


def test_the_electorate_falls_by_those_who_were_left_out_alone() -> None:
    """It may count a pod more than the record names: one that left before there was such a list."""
    stored = record(left_out=("vc-2",), electorate=Electorate(4, 1))
    assert electorate.forgotten(stored).electorate == Electorate(3, 1)


# --- returning ------------------------------------------------------------------------------------------------------


def test_who_returns_before_it_is_forgotten_is_recorded_before_it_is_told_to_follow() -> None:
    back = view(pod(0, serving(linked=1)), pod(1, following(1)), pod(2, server(2, run_id="again", voting=True)))
    taken = looked(LEFT_OUT, back)
    assert taken.request == GetCluster()
    assert taken.state.wanted == record()
    followed = looked(record(), back)
    assert isinstance(followed.request, Pods)
    assert [(command.verb, command.pod) for command in followed.request.commands] == [(Verb.FOLLOW, "vc-2")]


def test_who_returns_before_it_is_forgotten_is_not_taken_for_a_new_pod() -> None:
    """It may hold a write that nobody else has: an empty process in its place says nothing about that."""
    empty = server(2, run_id="again", offset=1, keys=0, fence=EPOCH + 1, voting=True)
    taken = looked(LEFT_OUT, view(*PODS[:2], pod(2, empty)))
    returned = taken.state.wanted._replace(epoch=EPOCH + 1)
    assert not is_blank(returned, answer(2, empty), "uid2")
    assert count(returned, (answer(2, empty),), (("vc-2", "uid2"),)).blanks == ()


def test_who_returns_after_it_was_forgotten_is_admitted_as_a_new_pod() -> None:
    stored = electorate.forgotten(LEFT_OUT)
    taken = looked(stored, view(*PODS[:2], pod(2, server(2, run_id="again", offset=0, voting=True))))
    assert taken.state.wanted.admitted == (Admitted("vc-2", "uid2", "again", EPOCH),)
    assert taken.state.wanted.electorate == Electorate(3, 1)


# --- an epoch for it alone ------------------------------------------------------------------------------------------


def test_an_epoch_is_begun_for_a_replica_that_was_away_for_long() -> None:
    assert electorate.lost(FACTS, record(), ABSENT) == ("vc-2",)
    frozen = view(pod(0, serving(linked=2, good=1)), PODS[1], GONE, away=AWAY)
    assert electorate.lost(FACTS, record(), frozen) == ("vc-2",)
    assert electorate.lost(FACTS, record(), view(*PODS[:2], GONE, away=AWAY)) == ()
    alone = view(pod(0, serving(linked=1)), PODS[1], GONE, away=AWAY)
    taken = walk(failover.step, failover.start(), (Seen(record(), alone), cluster(record())))
    claim = taken.steps[-1].request
    assert isinstance(claim, PutRecord)
    assert claim.record.epoch == EPOCH + 1
    assert claim.record.intent == Intent(Kind.RELEASE, Stage.FENCING, "ReplicaLost", "vc-0", None, "vc-0")


def other(ordinal: int = 1, **changes: Any) -> PodView:
    return pod(ordinal, following(ordinal, **changes))


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        (record(), ABSENT._replace(away=(("vc-2", FACTS.release_after_ms - 1),))),
        (record(), view(pod(0, serving(linked=2)), other(), away=AWAY, ended=("uid2",))),
        (record(), view(pod(0, serving(linked=2, good=2)), other(), away=AWAY, ended=("uid2",))),
        (record(), view(pod(0, serving(linked=1)), other(link_up=False), away=AWAY)),
        (record(), view(pod(0, serving(linked=1)), away=AWAY)),
        (record(), view(pod(0, serving(linked=0)), away=(*AWAY, ("vc-1", FACTS.release_after_ms)))),
        (record(), ABSENT._replace(away=(("vc-0", FACTS.release_after_ms),))),
        (record(electorate=Electorate(3, 0)), ABSENT),
        (record(electorate=Electorate(3, 2)), ABSENT),
        (LEFT_OUT, ABSENT),
        (electorate.forgotten(LEFT_OUT), ABSENT),
        (record(primary=None), ABSENT),
    ],
    ids=[
        *(
            "not-for-long",
            "still-linked",
            "still-good",
            "another-not-in-sync",
            "another-not-seen",
            "two-are-away",
            "the-primary",
        ),
        *("async", "two-copies-promised", "left-out-already", "forgotten-already", "no-primary"),
    ],
)
def test_no_epoch_is_begun_where_it_would_not_help_or_could_hurt(stored: Record, seen: View) -> None:
    assert electorate.lost(FACTS, stored, seen) == ()


# --- processes that may live on -------------------------------------------------------------------------------------

SHRUNK = view(pod(0, serving(linked=2, good=2)), PODS[1])
"""Two pods are left of three, and the primary still has two replicas: nobody saw the process of the third end."""
FORMER = Member("vc-2~uid2", "uid2", "run2")
SUCCESSOR = pod(2, server(2, run_id="new", offset=1, keys=0), uid="uid2b", role_label="", synced=False)


@pytest.mark.parametrize("facts", [TWO, FACTS], ids=["scale-down", "to-come-back"])
def test_an_epoch_is_begun_for_a_pod_that_is_gone_unless_its_process_was_seen_to_end(facts: Any) -> None:
    """Whether the primary still hears it or not; also after a scale-down."""
    assert electorate.unaccounted(record(), SHRUNK) == {"vc-2"}
    taken = walk(failover.step, failover.start(), (Seen(record(), SHRUNK), cluster(record())), facts)
    claim = taken.steps[-1].request
    assert isinstance(claim, PutRecord)
    assert claim.record.intent == Intent(Kind.RELEASE, Stage.FENCING, "ReplicaUnaccounted", "vc-0", None, "vc-0")
    assert electorate.lost(facts, record(), SHRUNK._replace(ended=("uid2",))) == ()


def test_one_epoch_is_begun_for_all_pods_that_a_scale_down_takes_away() -> None:
    """Not before the last of them is gone; one that does not go is waited for as long as for a lost replica."""
    five = record(members=(*MEMBERS, Member("vc-3", "u3", "r3"), Member("vc-4", "uid4", "run4")))
    leaving = pod(4, following(4), deleting=True)
    assert electorate.lost(FACTS, five, view(*PODS, leaving)) == ()
    stuck = view(*PODS, leaving._replace(contact=Contact.SILENT), away=(("vc-4", FACTS.release_after_ms),))
    assert electorate.lost(FACTS, five, stuck) == electorate.lost(FACTS, five, view()) == ("vc-3", "vc-4")


@pytest.mark.parametrize(
    ("facts", "stored", "seen"),
    [
        (TWO, record(), view(*PODS)),
        (TWO, record(), view(pod(0, serving(linked=1)), other(link_up=False))),
        (TWO, record(electorate=Electorate(3, 0)), SHRUNK),
        (TWO, LEFT_OUT, SHRUNK),
        (FACTS._replace(size=1, acks=0), record(members=MEMBERS[:2]), view(pod(0, serving(linked=0)))),
    ],
    ids=["not-gone", "another-not-in-sync", "async", "left-out-already", "one-pod"],
)
def test_no_epoch_is_begun_for_a_pod_that_is_gone_before_it_helps(facts: Any, stored: Record, seen: View) -> None:
    assert electorate.lost(facts, stored, seen) == ()


def test_the_electorate_does_not_settle_while_somebody_else_may_confirm_writes() -> None:
    """But where no copy is promised from now on: a single pod, or asynchronous replication."""
    assert not electorate.may_settle(TWO, record(), SHRUNK)
    assert electorate.may_settle(TWO, record(), SHRUNK._replace(ended=("uid2",)))
    assert electorate.may_settle(TWO, LEFT_OUT, SHRUNK)
    assert electorate.may_settle(FACTS, record(), SHRUNK)
    assert electorate.may_settle(FACTS._replace(size=1, acks=0), record(), SHRUNK)


def test_a_pod_whose_process_may_live_on_counts_beside_the_one_that_has_its_name_now() -> None:
    taken = looked(record(), view(*PODS[:2], SUCCESSOR))
    assert taken.request == GetCluster()
    assert taken.state.wanted.members == (*MEMBERS[:2], FORMER)
    assert taken.state.wanted.admitted == (Admitted("vc-2", "uid2b", "new", EPOCH),)
    assert taken.state.wanted.electorate == Electorate(4, 1)


def test_a_successor_takes_the_place_of_a_pod_whose_process_was_seen_to_end() -> None:
    seen = view(*PODS[:2], SUCCESSOR, ended=("uid2",))
    assert electorate.parted(record(), seen) == record()
    assert electorate.unaccounted(record(), seen) == frozenset()
    stayed = view(*PODS[:2], pod(2, server(2, run_id="again")))
    assert electorate.parted(record(), stayed) == record(), "the same pod with another process"


def test_who_is_left_out_and_comes_back_as_another_pod_leaves_the_former_one_left_out() -> None:
    taken = looked(LEFT_OUT, view(*PODS[:2], SUCCESSOR))
    assert taken.state.wanted.left_out == ("vc-2~uid2",)
    assert taken.state.wanted.told == {"vc-0", "vc-1", "vc-2"}


def test_a_failover_leaves_out_the_former_process_of_a_pod_that_was_replaced() -> None:
    """Its successor is no part of that epoch before it is admitted."""
    seen = view(*PODS[:2], SUCCESSOR)
    stored = claimed(Kind.RELEASE, "vc-0")
    given = answers(vote(0), vote(1), answer(2, SUCCESSOR.server))
    frozen = walk(failover.step, failover.start(), (Seen(stored, seen), cluster(stored), *_OBJECTS, given))
    request = frozen.steps[-1].request
    assert isinstance(request, PutRecord)
    assert request.record.left_out == ("vc-2~uid2",)
    assert ("unaccounted", "vc-2~uid2") in frozen.last.outcome.operands


def test_a_pod_that_nobody_looked_at_when_it_was_admitted_is_missed_only_while_it_is_gone() -> None:
    stored = record(members=MEMBERS[:2], admitted=(Admitted("vc-2", "", ""),))
    assert electorate.unaccounted(stored, SHRUNK) == {"vc-2"}
    assert electorate.unaccounted(stored, view(*PODS[:2], SUCCESSOR)) == frozenset()
    assert electorate.parted(stored, view(*PODS[:2], SUCCESSOR)) == stored


def test_an_epoch_for_a_lost_replica_is_not_begun_on_an_old_record() -> None:
    taken = walk(failover.step, failover.start(), (Seen(record(), ABSENT), cluster(LEFT_OUT)))
    assert taken.triggers == "act changed"


def test_the_role_stays_also_when_another_operator_finishes_the_epoch() -> None:
    stored = claimed(Kind.RELEASE, "vc-0")
    given = answers(vote(0, offset=1000), vote(1, offset=1000, priority=1))
    replies = (Seen(stored, ABSENT), cluster(stored), *_OBJECTS, given)
    frozen = walk(failover.step, failover.start(), replies).steps[-1].request
    assert isinstance(frozen, PutRecord)
    assert frozen.record.intent is not None
    assert frozen.record.intent.candidate == CANDIDATE._replace(pod="vc-0", uid="uid0", run_id="run0", offset=1000)
    assert frozen.record.left_out == ("vc-2",)


def test_the_next_replica_that_was_away_for_long_is_known_in_advance() -> None:
    seen = ABSENT._replace(away=(("vc-1", 1000), ("vc-2", 5000)))
    assert electorate.due_ms(FACTS, record(), seen) == FACTS.release_after_ms - 5000
    assert electorate.due_ms(FACTS, LEFT_OUT, seen) == FACTS.release_after_ms - 1000
    assert electorate.due_ms(FACTS, record(), ABSENT) is None


# --- silence --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("deaf", "trigger"), [(1, "unheard"), (2, "unasked")], ids=["follows", "may-not"])
def test_who_may_not_follow_is_no_witness_of_silence(deaf: int, trigger: str) -> None:
    stored = electorate.forgotten(LEFT_OUT)
    silent = pod(0, serving(), contact=Contact.SILENT, silent_ms=FACTS.down_after_ms)
    seen = view(silent, pod(1, following(1, link_up=False)), pod(2, server(2)))
    heard = answers(answer(deaf, server(deaf)))
    assert walk(failover.step, failover.start(), (Seen(stored, seen), heard)).triggers == f"silent {trigger}"
