"""Laws of the machines for any values: selection is a strict total order, and no reply leads off the table."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gungnir.machines import failover, reconcile, repair, switchover
from gungnir.machines.evidence import primary_health
from gungnir.machines.failover import State
from gungnir.machines.kernel import MACHINES, IllegalTransition, Step
from gungnir.machines.record import Electorate, History, Kind, Record, Stage
from gungnir.machines.requests import AnswerKind, Answers, ClusterSeen, Pods, Reply, Seen, Stored, Version
from gungnir.machines.safety import PREDICATES, violations
from gungnir.machines.selection import Ballot, Vote, best, better, candidate_of, count, elect, history_of, votes_needed
from gungnir.machines.summary import Notes, summarize
from gungnir.machines.view import Contact, PodView, Server, View
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    REPLIES,
    address,
    answer,
    claimed,
    frozen,
    pod,
    reconfiguring,
    record,
    run_id,
    server,
    uid,
    view,
)

some = settings(max_examples=80, deadline=None)  # no deadline: how long an example takes is the machine's matter
few = st.integers(0, 3)
votes = st.builds(
    Vote,
    st.sampled_from(["a", "b", "c", "d"]),
    st.just("u"),
    st.sampled_from(["r1", "r2"]),
    few,
    few,
    st.integers(0, 2),
)
ballots = st.lists(votes, unique_by=lambda vote: vote.pod, max_size=4)
targets = st.sampled_from(["", "a", "b"])


# --- selection ------------------------------------------------------------------------------------------------------


@given(votes, votes, targets)
@some
def test_of_two_pods_exactly_one_is_better_and_none_is_better_than_itself(left: Vote, right: Vote, target: str) -> None:
    assert not better(left, left, target)
    if left.pod != right.pod:
        assert better(left, right, target) != better(right, left, target)


@given(votes, votes, votes, targets)
@some
def test_better_is_transitive(one: Vote, two: Vote, three: Vote, target: str) -> None:
    if better(one, two, target) and better(two, three, target):
        assert better(one, three, target)


@given(ballots, st.randoms(use_true_random=False), targets)
@some
def test_the_best_is_the_same_in_any_order_and_better_than_all_others(
    given: list[Vote], dice: Any, target: str
) -> None:
    winner = best(tuple(given), target)
    shuffled = list(given)
    dice.shuffle(shuffled)
    assert best(tuple(shuffled), target) == winner
    assert (winner is None) == (not given)
    assert all(other == winner or (winner is not None and better(winner, other, target)) for other in given)


@given(ballots, targets)
@some
def test_no_priority_and_no_wish_beats_data(given: list[Vote], target: str) -> None:
    winner = best(tuple(given), target)
    if winner is not None:
        assert (winner.history, winner.offset) == max((vote.history, vote.offset) for vote in given)


@given(ballots, st.integers(1, 9), st.integers(0, 8), targets)
@some
def test_whoever_is_elected_was_elected_by_enough(given: list[Vote], size: int, acks: int, target: str) -> None:
    electorate = Electorate(size, acks)
    chosen, rule = elect(record(electorate=electorate, primary=None), Ballot(tuple(given), ()), target)
    assert (chosen is not None) == (rule == "Quorum") == (len(given) >= votes_needed(electorate))
    if chosen is not None:
        assert chosen == candidate_of(next(vote for vote in given if vote.pod == chosen.pod))


@st.composite
def lineages(draw: st.DrawFn) -> tuple[History, ...]:
    """Histories in the order of their epochs, each out of an earlier one or out of none."""
    made: list[History] = []
    for epoch in range(1, draw(st.integers(1, 5)) + 1):
        parent = draw(st.sampled_from([0, *(history.epoch for history in made)]))
        base = draw(st.integers(0, 50)) if parent else 0
        made.append(History(epoch, f"r{epoch}", parent, base))
    return tuple(made)


@given(lineages(), st.integers(0, 6), st.integers(0, 60), st.integers(0, 60))
@some
def test_more_data_never_belongs_to_an_older_history(
    histories: tuple[History, ...], number: int, one: int, other: int
) -> None:
    kept = record(histories=histories)
    less, more = (history_of(kept, f"r{number}", offset) for offset in sorted((one, other)))
    assert more is None or less is None or less <= more
    known = {history.epoch for history in histories}
    assert {less, more} - {None} <= known
    if number in known:
        assert more is None or more <= number
    else:
        assert less is more is None


# --- any view, any answers ------------------------------------------------------------------------------------------

servers = st.builds(
    Server,
    run_id=st.sampled_from([run_id(0), run_id(1), run_id(2), "new"]),
    primary=st.booleans(),
    replid=st.sampled_from(["r5", "r6", "x"]),
    replid2=st.just(""),
    second_offset=st.just(0),
    offset=st.integers(0, 2000),
    fence=st.integers(EPOCH - 1, EPOCH + 2),
    follows=st.sampled_from([address(0), address(1), "127.0.0.1"]),
    link_up=st.booleans(),
    last_io_s=st.integers(-1, 5),
    syncing=st.booleans(),
    loading=st.booleans(),
    keys=few,
    linked=few,
    voting=st.booleans(),
)


@st.composite
def pods(draw: st.DrawFn, ordinal: int) -> PodView:
    return pod(
        ordinal,
        draw(st.none() | servers),
        uid=draw(st.sampled_from([uid(ordinal), "other"])),
        address=draw(st.sampled_from([address(ordinal), ""])),
        deleting=draw(st.booleans()),
        terminated=draw(st.booleans()),
        contact=draw(st.sampled_from(Contact)),
        refusals=draw(st.integers(0, 4)),
        silent_ms=draw(st.sampled_from([0, 4999, 5000])),
        synced=draw(st.booleans()),
        exit_seen=draw(st.booleans()),
    )


@st.composite
def views(draw: st.DrawFn) -> View:
    shown = [draw(pods(ordinal)) for ordinal in range(4) if draw(st.booleans())]
    return View(
        tuple(shown),
        stalled=draw(st.booleans()),
        service_pod=draw(st.sampled_from([None, "vc-0", "vc-1", "*"])),
        service_epoch=draw(st.integers(0, EPOCH + 2)),
        template_epoch=draw(st.integers(0, EPOCH + 2)),
        template_present=draw(st.booleans()),
        service_present=draw(st.booleans()),
    )


STORED_RECORDS: tuple[Record, ...] = (
    Record(),
    record(),
    record(electorate=Electorate(5, 2)),
    claimed(),
    claimed(Kind.SWITCHOVER, "vc-1"),
    frozen(),
    reconfiguring(),
)
records = st.sampled_from(STORED_RECORDS)


def reply_to(draw: st.DrawFn, request: Any, stored: Record, seen: View) -> Reply:
    """Any reply of any type; answers come for each command, as the driver gives them."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from([reply for reply in REPLIES if not isinstance(reply, Answers)]))
    if isinstance(request, Pods):
        kinds = st.sampled_from([AnswerKind.DONE] * 4 + list(AnswerKind))
        return Answers(
            tuple(answer(int(command.pod[-1]), draw(servers | st.none()), draw(kinds)) for command in request.commands)
        )
    name = type(request).__name__
    if name == "Observe":
        return Seen(stored, seen)
    if name == "GetCluster":
        return ClusterSeen(Version("c"), stored, draw(st.sampled_from(["", "any", "vc-1"])))
    if name.startswith(("Put", "Clear", "Patch", "Create", "Update", "Grow")):
        return Stored(Version("c2"))
    return draw(st.sampled_from(REPLIES))


def drive(
    draw: st.DrawFn, name: str, first: Step[Any], step: Callable[..., Step[Any]], stored: Record, seen: View
) -> list[Step[Any]]:
    rows = {(row.source, row.trigger): row.dest for row in MACHINES[name].rows}
    steps = [first]
    for _ in range(60):
        if steps[-1].request is None:
            break
        try:
            steps.append(step(FACTS, steps[-1].state, reply_to(draw, steps[-1].request, stored, seen)))
        except IllegalTransition:
            break
        assert rows[steps[-2].state.phase, steps[-1].trigger] == steps[-1].state.phase
        assert (steps[-1].request is None) == (steps[-1].state.phase in MACHINES[name].terminal)
    return steps


@given(st.data(), records, views())
@some
def test_a_failover_stays_on_its_table_and_promotes_only_what_it_froze(data: Any, stored: Record, seen: View) -> None:
    steps = drive(data.draw, "failover", failover.start(), failover.step, stored, seen)
    for taken in steps:
        request, state = taken.request, taken.state
        assert isinstance(state, State)
        assert hash(state) == hash(state._replace())
        if not isinstance(request, Pods):
            continue
        for command in request.commands:
            assert command.uid
            if command.verb == "promote":
                intent = state.record.intent
                assert intent is not None
                assert intent.stage is Stage.PROMOTING
                assert intent.candidate is not None
                assert (command.pod, command.uid, command.run_id) == intent.candidate[:3]
                assert command.epoch == state.record.epoch


@given(st.data(), records, views())
@some
def test_the_other_machines_stay_on_their_tables(data: Any, stored: Record, seen: View) -> None:
    drive(data.draw, "repair", repair.start(), repair.step, stored, seen)
    drive(data.draw, "switchover", switchover.start(), switchover.step, stored, seen)
    drive(data.draw, "reconcile", reconcile.start(("a", "b"), 0), reconcile.step, stored, seen)


@given(records, views())
@some
def test_every_view_has_a_verdict_a_summary_and_an_answer_of_each_predicate(stored: Record, seen: View) -> None:
    assert primary_health(FACTS, stored, seen).evidence
    summary = summarize(FACTS, stored, seen, Notes())
    assert 0 <= summary.ready <= max(FACTS.size, len(seen.pods))
    assert len({sign.type for sign in summary.signs}) == len(summary.signs)
    assert {name for name, _ in violations(stored, seen)} <= {name for name, _ in PREDICATES}


@given(records, st.lists(servers, max_size=3))
@some
def test_every_answer_is_a_vote_or_has_a_reason(stored: Record, given: list[Server]) -> None:
    answers = tuple(answer(ordinal, each) for ordinal, each in enumerate(given))
    uids = tuple((each.pod, uid(int(each.pod[-1]))) for each in answers)
    ballot = count(stored, answers, uids)
    assert sorted([*(vote.pod for vote in ballot.votes), *(name for name, _ in ballot.refusals)]) == [
        each.pod for each in answers
    ]
    assert all(reason for _, reason in ballot.refusals)


def test_the_healthy_world_of_these_tests_breaks_no_predicate() -> None:
    assert violations(record(), view()) == ()
    assert server().fence == EPOCH
