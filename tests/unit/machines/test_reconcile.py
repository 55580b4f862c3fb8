"""The reconcile machine: one Get and at most one write for each object, and what ends a round or only one object."""

from collections import Counter
from itertools import pairwise
from typing import Any, Final, NamedTuple

import pytest

from gungnir.machines import reconcile
from gungnir.machines.reconcile import MACHINE, Phase, rank
from gungnir.machines.requests import (
    AlreadyExists,
    Conflict,
    CreateOwned,
    Forbidden,
    GetOwned,
    Invalid,
    NotFound,
    OwnedSeen,
    PutSummary,
    Reply,
    Seen,
    Unknown,
    Unreachable,
    UpdateOwned,
)
from tests.unit.machines.worlds import EPOCH, FACTS, STORED, V, Walk, cluster, record, rows_of, view, walk

KINDS = ("headless", "client", "sts")
SEEN = Seen(record(), view())


def owned(**changes: Any) -> OwnedSeen:
    return OwnedSeen(V("o1"), ours=True, deleting=False, drifted=False)._replace(**changes)


class Path(NamedTuple):
    """A round's replies, and the triggers that they must cause."""

    replies: tuple[Reply, ...]
    triggers: str
    kinds: tuple[str, ...] = KINDS[:2]

    def walk(self, facts: Any = FACTS) -> Walk:
        return walk(reconcile.step, reconcile.start(self.kinds, EPOCH), self.replies, facts)


END = (SEEN, cluster(), STORED)
PATHS: Final = {
    "as it should be": Path((cluster(), owned(), owned(), *END), "read next last seen fresh stored"),
    "first start": Path(
        (cluster(), NotFound(), STORED, NotFound(), STORED, *END), "read absent next absent last seen fresh stored"
    ),
    "drift": Path(
        (cluster(), owned(drifted=True), STORED, owned(drifted=True), STORED, *END),
        "read drifted next drifted last seen fresh stored",
    ),
    "status only": Path((cluster(), *END), "status-only seen fresh stored", ()),
    "gone": Path((NotFound(),), "gone"),
    "deleting": Path((cluster(deleting=True),), "gone"),
    "record outdated": Path((cluster(record(epoch=EPOCH + 1)),), "outdated"),
    "object outdated": Path((cluster(), owned(drifted=True, epoch=EPOCH + 1)), "read outdated"),
    "unreadable": Path((Unreachable(),), "failed"),
    "object unreadable": Path((cluster(), Unknown()), "read failed"),
    "create unknown": Path((cluster(), NotFound(), Unknown()), "read absent failed"),
    "update conflict": Path((cluster(), owned(drifted=True), Conflict()), "read drifted conflict"),
    "update unknown": Path((cluster(), owned(drifted=True), Unknown()), "read drifted failed"),
    "deleted before status": Path((cluster(), SEEN, NotFound()), "status-only seen gone", ()),
    "deleting before status": Path((cluster(), SEEN, cluster(deleting=True)), "status-only seen gone", ()),
    "status unreadable": Path((cluster(), SEEN, Unknown()), "status-only seen failed", ()),
    "status conflict": Path((cluster(), SEEN, cluster(), Conflict()), "status-only seen fresh failed", ()),
}


@pytest.mark.parametrize("name", PATHS)
def test_each_path_takes_its_triggers(name: str) -> None:
    assert PATHS[name].walk().triggers == PATHS[name].triggers


def test_the_paths_take_every_row_of_the_table() -> None:
    taken = frozenset[tuple[str, str, str]]().union(*(path.walk().rows for path in PATHS.values()))
    assert rows_of(MACHINE) - taken == frozenset()


@pytest.mark.parametrize("name", PATHS)
def test_the_rank_falls_with_every_step_and_is_zero_at_the_end(name: str) -> None:
    states = [step.state for step in PATHS[name].walk().steps]
    ranks = [rank(state) for state in states]
    assert all(before > after for before, after in pairwise(ranks))
    assert ranks[-1] == 0
    assert all(value > 0 for value in ranks[:-1])


FOREIGN = owned(ours=False, drifted=True)
GOING = owned(deleting=True, drifted=True)
FORBIDDEN = Forbidden("may not update services")


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ((FOREIGN,), "NameTaken"),
        ((GOING,), "BeingDeleted"),
        ((FORBIDDEN,), "Forbidden"),
        ((NotFound(), FORBIDDEN), "Forbidden"),
        ((NotFound(), Invalid("spec.x")), "Rejected"),
        ((NotFound(), AlreadyExists()), "AppearedMeanwhile"),
        ((owned(drifted=True), FORBIDDEN), "Forbidden"),
        ((owned(drifted=True), Invalid("spec.x")), "Rejected"),
    ],
)
def test_a_refused_object_is_named_and_the_others_go_on(replies: tuple[Reply, ...], reason: str) -> None:
    taken = Path((cluster(), *replies, owned(drifted=True), STORED, owned(), *END), "", KINDS).walk()
    assert taken.last.phase == Phase.DONE
    assert [(kind, why) for kind, why, _ in taken.last.problems] == [("headless", reason)]
    assert taken.requests.count(UpdateOwned("client", V("o1"))) == 1
    assert PutSummary(V("c1")) in taken.requests


@pytest.mark.parametrize("reply", [FOREIGN, GOING])
def test_an_object_that_is_not_ours_is_not_written(reply: OwnedSeen) -> None:
    requests = Path((cluster(), reply, owned(), *END), "").walk().requests
    assert not any(isinstance(request, (CreateOwned, UpdateOwned)) for request in requests)


def test_nothing_is_written_after_a_conflict() -> None:
    taken = Path((cluster(), owned(drifted=True), Conflict()), "", KINDS).walk()
    assert (taken.last.phase, taken.steps[-1].request) == (Phase.ERROR, None)
    assert taken.last.detail == "Update headless: Conflict"


def test_nothing_is_made_of_a_record_that_another_one_has_followed() -> None:
    for name, what in (("record outdated", "the record"), ("object outdated", "headless")):
        taken = PATHS[name].walk()
        assert taken.last.detail == f"{what} is of epoch {EPOCH + 1}, and the objects would be of {EPOCH}"
        assert not any(isinstance(request, (CreateOwned, UpdateOwned)) for request in taken.requests)
    same = Path((cluster(), owned(drifted=True, epoch=EPOCH), STORED, owned(), *END), "")
    assert same.walk().last.phase == Phase.DONE


def test_a_steady_state_writes_no_object() -> None:
    taken = PATHS["as it should be"].walk()
    assert taken.last.writes == 0
    assert not any(isinstance(request, (CreateOwned, UpdateOwned)) for request in taken.requests)


@pytest.mark.parametrize("name", PATHS)
def test_each_object_is_read_at_most_once_and_written_at_most_once(name: str) -> None:
    requests = PATHS[name].walk().requests
    reads = Counter(request.kind for request in requests if isinstance(request, GetOwned))
    writes = Counter(request.kind for request in requests if isinstance(request, (CreateOwned, UpdateOwned)))
    assert all(count == 1 for count in (*reads.values(), *writes.values()))


def test_what_failed_names_the_phase_and_the_object() -> None:
    assert PATHS["object unreadable"].walk().last.detail == "Get headless: Unknown"
    assert PATHS["status conflict"].walk().last.detail == "Status status: Conflict"
