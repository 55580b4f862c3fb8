"""What the repair machine asks for: who is told to follow, what is recorded, and when fewer votes may be enough."""

from typing import Any

import pytest

from gungnir.machines import repair
from gungnir.machines.facts import Facts
from gungnir.machines.record import Electorate, Member, Record
from gungnir.machines.requests import PodCommand, Pods, PutRecord, Request, Seen, Verb
from gungnir.machines.safety import STOPPING, violations
from gungnir.machines.selection import votes_needed
from gungnir.machines.view import Contact, PodView, View
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    MEMBERS,
    PODS,
    Walk,
    address,
    answer,
    answers,
    cluster,
    following,
    pod,
    record,
    server,
    serving,
    view,
    walk,
)


def first(known: Record, seen: View, facts: Facts = FACTS) -> Walk:
    return walk(repair.step, repair.start(), (Seen(known, seen),), facts)


def request(known: Record, seen: View, facts: Facts = FACTS) -> Request | None:
    return first(known, seen, facts).steps[-1].request


def told_to_follow(*ordinals: int) -> Pods:
    return Pods(tuple(PodCommand(Verb.FOLLOW, f"vc-{n}", f"uid{n}", EPOCH, "", address(0)) for n in ordinals))


# --- who is ended ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "deleting", "ended"),
    [
        ({"voting": True, "follows": "127.0.0.1"}, True, True),
        ({"voting": True, "follows": "127.0.0.1", "fence": EPOCH - 1}, True, False),
        ({"voting": False}, True, False),
        ({"voting": True, "follows": "127.0.0.1"}, False, False),
    ],
)
def test_a_leaving_pod_that_gave_its_vote_in_this_epoch_is_ended(
    changes: dict[str, Any], deleting: bool, ended: bool
) -> None:
    seen = view(PODS[0], PODS[1], pod(2, following(2, **changes), deleting=deleting))
    asked = request(record(), seen)
    ends = isinstance(asked, Pods) and asked.commands[0].verb is Verb.SHUTDOWN
    assert ends == ended
    if ends:
        assert asked == Pods((PodCommand(Verb.SHUTDOWN, "vc-2", "uid2", EPOCH, "run2"),))


# --- who is attached ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"follows": "127.0.0.1"},
        {"fence": EPOCH - 1},
        {"voting": True},
        {"primary": True, "follows": ""},
    ],
)
def test_whoever_does_not_follow_the_primary_in_this_epoch_is_told_to(changes: dict[str, Any]) -> None:
    seen = view(PODS[0], PODS[1], pod(2, following(2, **changes)))
    assert request(record(), seen) == told_to_follow(2)


def test_a_pod_that_voted_in_this_epoch_is_not_attached_though_its_link_looks_up() -> None:
    """Its replication user is gone with its vote: the link that the reading shows is about to end."""
    seen = view(PODS[0], pod(1, following(1, voting=True)), pod(2, following(2, voting=True)))
    assert request(record(), seen) == told_to_follow(1, 2)


@pytest.mark.parametrize(
    "other",
    [
        pod(2, following(2, follows="127.0.0.1"), deleting=True),
        pod(2, following(2, follows="127.0.0.1"), contact=Contact.SILENT),
        pod(2, following(2, follows="127.0.0.1", loading=True)),
        pod(2, None, contact=Contact.ERROR, error="LOADING"),
    ],
)
def test_a_pod_that_cannot_be_told_now_is_left_for_another_round(other: PodView) -> None:
    taken = first(record(), view(PODS[0], PODS[1], other))
    assert "attach" not in taken.triggers


def test_a_pod_beyond_the_size_that_counts_is_told_only_if_it_is_a_primary() -> None:
    leaving = record(members=(*MEMBERS, Member("vc-7", "uid7", "run7")), electorate=Electorate(4, 1))
    assert request(leaving, view(*PODS, pod(7, serving(7)))) == told_to_follow(7)
    assert "attach" not in first(leaving, view(*PODS, pod(7, server(7)))).triggers


def test_a_pod_that_is_to_leave_is_not_attached_while_it_still_counts() -> None:
    counted = record(members=(*record().members, Member("vc-3", "uid3", "run3")), electorate=Electorate(4, 1))
    assert "attach" not in first(counted, view(*PODS, pod(3, server(3)))).triggers.split()


def test_a_pod_that_stays_is_not_ended_though_it_voted_and_follows_nobody() -> None:
    beyond = pod(7, server(7, voting=True))
    assert "end" not in first(record(), view(*PODS, beyond)).triggers.split()
    assert first(record(), view(*PODS, beyond._replace(deleting=True))).triggers == "end"


# --- what is recorded -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "renames"),
    [({}, True), ({"voting": True}, False), ({"fence": EPOCH - 1}, False), ({"replid": "r5"}, False)],
)
def test_a_new_replication_id_of_the_acting_primary_alone_is_recorded(changes: dict[str, Any], renames: bool) -> None:
    seen = view(pod(0, serving(**{"replid": "r5b", **changes})), *PODS[1:])
    taken = first(record(), seen)
    assert (taken.triggers == "record") is renames
    if renames:
        assert taken.last.wanted.primary.replid == "r5b"


@pytest.mark.parametrize(
    ("known", "facts", "recorded"),
    [
        (Electorate(3, 1), FACTS._replace(size=1, acks=0), Electorate(3, 1)),
        (Electorate(5, 2), FACTS._replace(size=1, acks=0), Electorate(5, 2)),
        (Electorate(3, 2), FACTS._replace(acks=1), Electorate(3, 1)),
        (Electorate(3, 1), FACTS._replace(acks=0), Electorate(3, 0)),
        (Electorate(5, 2), FACTS._replace(acks=1), Electorate(5, 1)),
        (Electorate(3, 1), FACTS._replace(acks=2), Electorate(3, 1)),
    ],
)
def test_fewer_copies_are_recorded_at_once_unless_only_the_size_leaves_no_replica(
    known: Electorate, facts: Facts, recorded: Electorate
) -> None:
    """Scaled to one pod, no copy is promised any more, but the pods that leave may still hold what was promised."""
    taken = first(record(electorate=known), view(), facts)
    assert (taken.last.wanted if taken.triggers == "record" else record(electorate=known)).electorate == recorded


@pytest.mark.parametrize("pods", [PODS, PODS[:2]])
def test_scaled_to_one_pod_a_single_laggard_is_not_enough_while_another_holder_exists(
    pods: tuple[PodView, ...],
) -> None:
    one = FACTS._replace(size=1, acks=0)
    taken = first(record(), view(*pods), one)
    promised = taken.last.wanted.electorate if taken.triggers == "record" else record().electorate
    assert votes_needed(promised) == 2
    assert "shrink" not in taken.triggers


def test_scaled_to_one_pod_and_the_others_gone_one_vote_becomes_enough() -> None:
    one = FACTS._replace(size=1, acks=0)
    stored = record(members=record().members[:1])
    goal = answers(answer(0, serving(offset=1000)))
    replies = (Seen(stored, view(PODS[0])), goal, answers(), cluster(stored))
    taken = walk(repair.step, repair.start(), replies, one)
    last = taken.requests[-1]
    assert isinstance(last, PutRecord)
    assert last.record.electorate == Electorate(1, 0)


# --- what is mended -------------------------------------------------------------------------------------------------

RIVAL = view(pod(0, serving()), pod(1, serving(1, linked=1)), pod(2, following(2)))


@pytest.mark.parametrize(("seen", "trigger"), [(view(service_pod="vc-2"), "route"), (RIVAL, "attach")])
def test_a_violation_that_repair_can_mend_does_not_stop_it(seen: View, trigger: str) -> None:
    """A Service edited by hand, and a second primary made by hand: the driver shows no stalled view for these."""
    found = {name for name, _ in violations(record(), seen)}
    assert found
    assert not found & STOPPING
    assert first(record(), seen).triggers == trigger


def test_in_a_view_that_is_shown_as_stalled_nothing_is_mended() -> None:
    assert first(record(), view(service_pod="vc-2", stalled=True)).triggers == "nothing"
