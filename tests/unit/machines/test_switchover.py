"""The switchover machine only answers a request; each refusal says what could be asked for instead."""

from typing import Any, Final, NamedTuple

import pytest

from gungnir.api.names import SWITCHOVER_ANNOTATION
from gungnir.machines import switchover
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    ClearAnnotation,
    Conflict,
    Outcome,
    PutRecord,
    Reply,
    Seen,
    Unknown,
    Unreachable,
)
from gungnir.machines.switchover import MACHINE, Phase, refusal, request_of, request_text
from gungnir.machines.view import Contact, View
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    STORED,
    V,
    Walk,
    claimed,
    cluster,
    dead,
    following,
    pod,
    record,
    rows_of,
    server,
    serving,
    view,
    walk,
)

SEEN = Seen(record(), view())


class Path(NamedTuple):
    """A round's replies, and the triggers that they must cause."""

    replies: tuple[Reply, ...]
    triggers: str

    def walk(self, facts: Any = FACTS) -> Walk:
        return walk(switchover.step, switchover.start(), self.replies, facts)


ASKED = (SEEN, cluster(switchover="vc-7"))
PATHS: Final = {
    "accepted": Path((SEEN, cluster(switchover="vc-1")), "ask accept"),
    "any": Path((SEEN, cluster(switchover="any")), "ask accept"),
    "refused": Path((*ASKED, STORED, STORED), "ask refuse stored stored"),
    "refused, report lost": Path((*ASKED, Conflict()), "ask refuse failed"),
    "refused, clear unknown": Path((*ASKED, STORED, Unknown()), "ask refuse stored failed"),
    "taken off meanwhile": Path((SEEN, cluster()), "ask gone"),
    "deleted meanwhile": Path((SEEN, cluster(switchover="vc-1", deleting=True)), "ask gone"),
    "record moved on": Path((SEEN, cluster(record(epoch=9), switchover="vc-1")), "ask failed"),
    "for this epoch": Path((SEEN, cluster(switchover="vc-1", switchover_epoch=EPOCH)), "ask accept"),
    "for another epoch": Path(
        (SEEN, cluster(switchover="vc-1", switchover_epoch=4), STORED, STORED), "ask refuse stored stored"
    ),
    "unreadable": Path((SEEN, Unreachable()), "ask failed"),
    "failover under way": Path((Seen(claimed(), view()),), "wait"),
    "primary in doubt": Path((Seen(record(), dead()),), "wait"),
    "primary leaving": Path((Seen(record(), view(pod(0, serving(), deleting=True), pod(1, following(1)))),), "wait"),
    "not looked yet": Path((Seen(record(), view(pod(0, serving()), pod(1, None, contact=Contact.UNTRIED))),), "wait"),
    "own loop slept": Path((Seen(record(), view(stalled=True)),), "wait"),
    "no snapshot": Path((Unknown(),), "wait"),
}


@pytest.mark.parametrize("name", PATHS)
def test_each_path_takes_its_triggers(name: str) -> None:
    assert PATHS[name].walk().triggers == PATHS[name].triggers


def test_the_paths_take_every_row_of_the_table() -> None:
    taken = frozenset[tuple[str, str, str]]().union(*(path.walk().rows for path in PATHS.values()))
    assert rows_of(MACHINE) - taken == frozenset()


@pytest.mark.parametrize(("name", "target"), [("accepted", "vc-1"), ("any", "")])
def test_an_accepted_request_names_what_was_asked_and_the_target(name: str, target: str) -> None:
    state = PATHS[name].walk().last
    assert (state.phase, state.asked, state.target) == (Phase.ACCEPTED, target or "any", target)


def test_a_refusal_is_stored_before_the_request_is_taken_off() -> None:
    requests = PATHS["refused"].walk().requests
    why = "'vc-7' is no pod of this cluster; in sync: vc-1, vc-2; or write 'any'"
    outcome = Outcome("Switchover", "Rejected", "vc-0", "vc-7", EPOCH, "Requested", why)
    assert requests[-2:] == (
        PutRecord(V("c1"), record(), outcome),
        ClearAnnotation(V("c2"), SWITCHOVER_ANNOTATION),
    )


LEAVING = view(pod(0, serving()), pod(1, following(1), deleting=True), pod(2, following(2)))
EXTRA = view(pod(0, serving()), pod(3, server(3)))
ALONE = view(pod(0, serving()), pod(1, server(1)), pod(2, following(2, syncing=True)))


@pytest.mark.parametrize(
    ("seen", "wanted", "why"),
    [
        (view(), "vc-1", ""),
        (view(), "any", ""),
        (view(), "vc-0", "vc-0 is the primary already"),
        (view(), "", "'' is no pod of this cluster; in sync: vc-1, vc-2; or write 'any'"),
        (LEAVING, "vc-1", "vc-1 is not in sync with the primary; in sync: vc-2"),
        (LEAVING, "any", ""),
        (ALONE, "any", "no replica is in sync"),
        (ALONE, "vc-2", "vc-2 is not in sync with the primary; in sync: none"),
        (view(pod(1, following(1))), "vc-1", "there is no primary to hand over from"),
        (view(pod(0, serving()), pod(1, following(1), contact=Contact.SILENT)), "any", "no replica is in sync"),
        (EXTRA, "vc-3", "'vc-3' is no pod of this cluster; in sync: none; or write 'any'"),
    ],
)
def test_refusals(seen: View, wanted: str, why: str) -> None:
    assert refusal(FACTS, record(), seen, wanted) == why


@pytest.mark.parametrize(
    ("epoch", "why"),
    [
        (0, ""),
        (EPOCH, ""),
        (4, "it was asked for in epoch 4, and this is epoch 5: the role has moved since"),
        (6, "it was asked for in epoch 6, and this is epoch 5: the role has moved since"),
    ],
)
def test_a_request_for_an_epoch_is_for_that_one_alone(epoch: int, why: str) -> None:
    assert refusal(FACTS, record(), view(), "vc-1", epoch) == why


@pytest.mark.parametrize(
    ("wanted", "asked", "why"),
    [
        ("vc-2", 2, "vc-2 is to go, as spec.replicas is 2; in sync: vc-1"),
        ("vc-1", 2, ""),
        ("any", 2, ""),
        ("any", 1, "no replica is in sync"),
        ("vc-0", 2, "vc-0 is the primary already"),
        ("vc-2", 0, ""),
    ],
)
def test_the_role_is_handed_to_nobody_who_is_to_go(wanted: str, asked: int, why: str) -> None:
    assert refusal(FACTS._replace(asked=asked), record(), view(), wanted) == why


@pytest.mark.parametrize(
    ("text", "wanted", "epoch"),
    [
        ("", "", 0),
        ("any", "any", 0),
        ("vc-1", "vc-1", 0),
        (request_text("vc-1", 7), "vc-1", 7),
        ("any@12", "any", 12),
        ("vc-1@", "vc-1@", 0),
        ("vc-1@x", "vc-1@x", 0),
        ("vc-1@-3", "vc-1@-3", 0),
        ("vc-1@0", "vc-1@0", 0),
        ("vc-1@٣", "vc-1@٣", 0),
        ("@7", "@7", 0),
        ("@", "@", 0),
    ],
)
def test_what_an_annotation_asks_for(text: str, wanted: str, epoch: int) -> None:
    """What is no epoch stays in the name: such a request is refused as one for no pod of the cluster."""
    assert request_of(text) == (wanted, epoch)


def test_nobody_hands_over_before_the_first_primary() -> None:
    assert refusal(FACTS, Record(), view(), "any") == "there is no primary to hand over from"
