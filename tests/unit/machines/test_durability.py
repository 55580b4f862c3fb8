"""A change of the durability reaches running servers in an order that never promises more than they hold."""

from typing import Any

import pytest

from gungnir.machines import repair
from gungnir.machines.durability import acks_to_set, asks_for_enough, misconfigured
from gungnir.machines.facts import Facts
from gungnir.machines.record import Electorate, Record
from gungnir.machines.requests import GetCluster, PodCommand, Pods, PutRecord, Request, Seen, Verb
from gungnir.machines.view import Contact, View
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
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

RAISED = FACTS._replace(acks=2)
LOWERED = FACTS._replace(acks=0)


def asking(*acks: int) -> View:
    """Three pods in sync whose servers ask for these numbers of replicas."""
    primary, first, second = acks
    return view(
        pod(0, serving(min_acks=primary)),
        pod(1, following(1, min_acks=first)),
        pod(2, following(2, min_acks=second)),
    )


def first_request(facts: Facts, known: Record, seen: View) -> Request | None:
    return walk(repair.step, repair.start(), (Seen(known, seen),), facts).steps[-1].request


def configure(*ordinals: int) -> Pods:
    return Pods(tuple(PodCommand(Verb.CONFIGURE, f"vc-{n}", f"uid{n}", EPOCH) for n in ordinals))


def test_raised_acks_reach_every_server_before_the_record_promises_more() -> None:
    assert first_request(RAISED, record(), asking(1, 1, 1)) == configure(0, 1, 2)
    assert first_request(RAISED, record(), asking(2, 1, 2)) == configure(1)


def test_the_record_promises_more_once_what_the_primary_held_after_that_is_on_every_pod() -> None:
    told = serving(min_acks=2, offset=1000)
    level = answers(answer(1, following(1, offset=1000)), answer(2, following(2, offset=1000)))
    end = (
        walk(
            repair.step,
            repair.start(),
            (Seen(record(), asking(2, 2, 2)), answers(answer(0, told)), level, cluster()),
            RAISED,
        )
        .steps[-1]
        .request
    )
    assert isinstance(end, PutRecord)
    assert end.record.electorate == Electorate(3, 2)


@pytest.mark.parametrize("acks", [0, 1])
def test_a_primary_that_was_set_back_in_between_ends_the_raise(acks: int) -> None:
    replies = (Seen(record(), asking(2, 2, 2)), answers(answer(0, serving(min_acks=acks))))
    assert walk(repair.step, repair.start(), replies, RAISED).triggers == "shrink failed"


def test_a_primary_that_leaves_and_asks_for_too_few_is_no_base_for_a_promise() -> None:
    leaving = pod(0, serving(min_acks=1), deleting=True)
    seen = view(leaving, pod(1, following(1, min_acks=2)), pod(2, following(2, min_acks=2)))
    assert first_request(RAISED, record(), seen) is None


def test_lowered_acks_are_recorded_before_any_server_is_told() -> None:
    assert isinstance(first_request(LOWERED, record(), asking(1, 1, 1)), GetCluster)
    assert first_request(LOWERED, record(electorate=Electorate(3, 0)), asking(1, 1, 1)) == configure(0, 1, 2)


def test_steady_servers_are_told_nothing() -> None:
    assert first_request(FACTS, record(), asking(1, 1, 1)) is None


def test_a_reading_that_does_not_tell_the_number_causes_nothing() -> None:
    assert first_request(FACTS, record(), view()) is None
    assert asks_for_enough(RAISED, server())


@pytest.mark.parametrize(
    ("asked", "promised", "wanted"), [(1, 1, 1), (2, 1, 2), (1, 2, 2), (0, 1, 1), (0, 0, 0), (1, 0, 1)]
)
def test_a_server_asks_for_no_fewer_than_the_record_promises(asked: int, promised: int, wanted: int) -> None:
    facts = FACTS._replace(acks=asked)
    assert acks_to_set(facts, record(electorate=Electorate(3, promised))) == wanted


@pytest.mark.parametrize(
    "changes",
    [
        {"contact": Contact.SILENT},
        {"contact": Contact.ERROR},
        {"server": None},
        {"deleting": True},
        {"name": "vc-3"},
        {"server": following(1, min_acks=0, loading=True)},
        {"server": following(1, min_acks=0, fence=EPOCH - 1)},
        {"server": following(1, min_acks=0, voting=True)},
        {"server": following(1, min_acks=1)},
    ],
)
def test_who_is_not_told_a_number(changes: dict[str, Any]) -> None:
    wrong = pod(1, following(1, min_acks=0))
    assert misconfigured(FACTS, record(), wrong)
    assert not misconfigured(FACTS, record(), wrong._replace(**changes))
