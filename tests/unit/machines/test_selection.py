"""Who votes, who is promoted, and how many votes it takes."""

from itertools import permutations

import pytest

from gungnir.machines.record import Electorate, History
from gungnir.machines.requests import Answer, AnswerKind
from gungnir.machines.selection import (
    Ballot,
    Choice,
    Vote,
    best,
    better,
    candidate_of,
    count,
    elect,
    history_of,
    holds_nothing,
    votes_needed,
    why_not,
)
from tests.unit.machines.worlds import EPOCH, answer, claimed, server, vote

HISTORIES = (History(2, "r2", 0, 0), History(4, "r4", 2, 500), History(5, "r5", 4, 900))
RECORD = claimed(histories=HISTORIES)
UIDS = (("vc-0", "uid0"), ("vc-1", "uid1"), ("vc-2", "uid2"))


def voter(name: str = "a", history: int = 5, offset: int = 1000, priority: int = 100, run: str = "x") -> Vote:
    return Vote(name, f"u-{name}", run, history, offset, priority)


@pytest.mark.parametrize(
    ("replid", "offset", "epoch"),
    [
        ("r5", 900, 5),
        ("r5", 1_000_000, 5),
        ("r5", 899, 4),
        ("r5", 500, 4),
        ("r5", 499, 2),
        ("r5", 0, 2),
        ("r4", 500, 4),
        ("r4", 1_000_000, 4),
        ("r2", 1_000_000, 2),
        ("elsewhere", 1000, None),
        ("", 0, None),
    ],
)
def test_data_belongs_to_a_history_only_once_it_has_reached_its_base(
    replid: str, offset: int, epoch: int | None
) -> None:
    assert history_of(RECORD, replid, offset) == epoch


def test_data_below_the_base_of_a_history_without_a_recorded_parent_is_foreign() -> None:
    assert history_of(RECORD._replace(histories=HISTORIES[1:]), "r5", 100) is None


def test_an_early_adopted_replication_id_does_not_raise_the_history() -> None:
    """A replica takes over ``master_replid`` at +CONTINUE, before it has any of that history's data."""
    early, whole = vote(1, replid="r5", offset=850), vote(2, replid="r4", offset=880)
    ballot = count(RECORD, (early, whole), UIDS[1:])
    assert [(v.history, v.offset) for v in ballot.votes] == [(4, 850), (4, 880)]
    winner = best(ballot.votes)
    assert winner is not None
    assert winner.pod == "vc-2"


@pytest.mark.parametrize(
    ("size", "acks", "needed"),
    [
        *[(1, 0, 1), (2, 0, 1), (3, 0, 1), (9, 0, 1)],
        *[(2, 1, 1), (3, 1, 2), (4, 1, 3), (5, 1, 4), (9, 1, 8)],
        *[(3, 2, 1), (5, 2, 3), (5, 4, 1), (9, 4, 5)],
        *[(0, 0, 1), (1, 1, 1), (2, 5, 1)],
    ],
)
def test_votes_needed(size: int, acks: int, needed: int) -> None:
    assert votes_needed(Electorate(size, acks)) == needed


@pytest.mark.parametrize(("size", "acks"), [(size, acks) for size in range(2, 10) for acks in range(1, size)])
def test_any_such_number_of_voters_meets_any_set_of_pods_that_holds_an_acknowledged_write(size: int, acks: int) -> None:
    needed = votes_needed(Electorate(size, acks))
    assert needed + (acks + 1) > size
    assert needed - 1 + (acks + 1) <= size, "one vote fewer would not be enough"


REFUSED = (
    (Answer("vc-1", AnswerKind.UNKNOWN), "no answer (unknown)"),
    (answer(1, None, AnswerKind.ERROR, "LOADING"), "no answer (LOADING)"),
    (answer(1, server(1, fence=EPOCH + 1), AnswerKind.UNKNOWN), "no answer (unknown)"),
    (answer(1, None), "no answer (done)"),
    (vote(1, fence=EPOCH), "its fence is 5, not the vote of 6"),
    (vote(1, fence=EPOCH + 2), "its fence is 7, not the vote of 6"),
    (vote(1, voting=False), "its fence is 6, not the vote of 6"),
    (vote(1, primary=True), "it still serves or follows"),
    (vote(1, link_up=True), "it still serves or follows"),
    (vote(1, loading=True), "it is loading"),
    (vote(1, syncing=True), "it is loading"),
    (vote(1, offset=1, forgot=True), "it forgot where its data ends"),
    (vote(1, run_id="restarted"), "it was not in sync since it started"),
    (vote(1, run_id="restarted", keys=0), "it was not in sync since it started, and holds no key"),
    (vote(1, replid="elsewhere"), "its history is unknown"),
)


@pytest.mark.parametrize(("given", "why"), REFUSED)
def test_what_is_not_a_vote_says_why(given: Answer, why: str) -> None:
    assert why_not(RECORD, given, "uid1") == why
    assert count(RECORD, (given,), UIDS[1:2]) == Ballot((), (("vc-1", why),))


def test_a_pod_that_was_recreated_has_no_vote_even_with_the_run_id_of_a_member() -> None:
    assert why_not(RECORD, vote(1), "uid-new") == "it was not in sync since it started"


def test_a_whole_pod_without_keys_has_a_vote() -> None:
    assert why_not(RECORD, vote(1, keys=0), "uid1") == ""


def test_a_vote_names_the_process_and_the_position_of_its_data() -> None:
    ballot = count(RECORD, (vote(1, offset=1234, priority=7),), UIDS[1:2])
    assert ballot == Ballot((Vote("vc-1", "uid1", "run1", 5, 1234, 7),), ())
    assert candidate_of(ballot.votes[0]) == ("vc-1", "uid1", "run1", 5, 1234)


ORDERED = (
    (voter(history=5, offset=0), voter(history=4, offset=9999)),
    (voter(offset=1001, priority=0), voter(offset=1000, priority=1)),
    (voter("a", priority=100), voter("b", priority=101)),
    (voter("a", priority=100), voter("b", priority=0)),
    (voter("a", run="y"), voter("b", run="x")),
    (voter("b", run="x"), voter("a", run="x")),
)


@pytest.mark.parametrize(("winner", "loser"), ORDERED)
def test_history_comes_before_offset_before_priority_before_run_id(winner: Vote, loser: Vote) -> None:
    assert better(winner, loser)
    assert not better(loser, winner)
    assert best((loser, winner)) == best((winner, loser)) == winner


def test_a_persons_target_breaks_a_tie_of_data_and_nothing_more() -> None:
    favourite, other = voter("favourite", priority=0, run="a"), voter("other", priority=1, run="z")
    assert best((favourite, other), "favourite") == favourite
    ahead = other._replace(offset=1001)
    assert best((favourite, ahead), "favourite") == ahead
    newer = other._replace(history=6, offset=0)
    assert best((favourite, newer), "favourite") == newer


def test_of_equals_the_role_moves_away_from_the_pod_that_leaves_and_not_at_the_cost_of_data() -> None:
    going, other = voter("going", priority=1, run="z"), voter("other", priority=2, run="a")
    assert best((going, other), leaving="going") == other
    assert best((going, other)) == going
    assert best((going._replace(offset=1001), other), leaving="going") == going._replace(offset=1001)


def test_the_best_of_all_does_not_depend_on_the_order_of_the_answers() -> None:
    votes = (voter("a", 5, 10), voter("b", 5, 11), voter("c", 4, 99), voter("d", 5, 11, 50))
    assert {best(order) for order in permutations(votes)} == {votes[3]}


def test_nobody_is_elected_by_fewer_votes_than_needed() -> None:
    votes = (voter("a"), voter("b", offset=1001))
    for size, elected in ((3, True), (4, False)):
        record = RECORD._replace(electorate=Electorate(size, 1))
        assert (elect(record, Ballot(votes, ())).rule == "Quorum") is elected
        assert (elect(record, Ballot(votes, ())).candidate is not None) is elected
    assert elect(RECORD, Ballot((), ())) == Choice(None)
    assert best(()) is None


def test_the_elected_is_bound_to_its_process_history_and_offset() -> None:
    winner = voter("b", offset=1001)
    assert elect(RECORD, Ballot((voter("a"), winner), ())) == Choice(candidate_of(winner), "Quorum")


WIDE = RECORD._replace(electorate=Electorate(5, 1))
OWN = voter("vc-0", EPOCH, 1000, run="run0")


def test_the_vote_of_the_recorded_primary_is_enough_by_itself() -> None:
    """What was confirmed in its epoch it holds, and it confirms nothing any more."""
    assert elect(WIDE, Ballot((OWN,), ())) == Choice(candidate_of(OWN), "PrimaryVoted")
    level = voter("vc-1", EPOCH, 1000, run="run1")
    assert elect(WIDE, Ballot((OWN, level), ()), leaving="vc-0") == Choice(candidate_of(level), "PrimaryVoted")


@pytest.mark.parametrize(
    "votes",
    [
        (OWN._replace(run_id="run0-again"),),
        (OWN._replace(history=EPOCH - 1),),
        (OWN, voter("vc-1", EPOCH, 1001, run="run1")),
        (voter("vc-1", EPOCH, 1000, run="run1"),),
    ],
    ids=["another-process", "another-history", "holds-less-than-a-replica", "did-not-vote"],
)
def test_no_other_vote_is_enough_by_itself(votes: tuple[Vote, ...]) -> None:
    assert elect(WIDE, Ballot(votes, ())) == Choice(None)


def test_nobody_is_primary_before_the_first_promotion() -> None:
    assert elect(WIDE._replace(primary=None), Ballot((OWN,), ())) == Choice(None)


def test_only_a_read_server_without_keys_holds_nothing() -> None:
    assert holds_nothing(server(keys=0))
    assert not holds_nothing(server(keys=1))
    assert not holds_nothing(None)
