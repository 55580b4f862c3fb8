"""The operator asks for a handover itself where a scale-down would remove the primary, and only there."""

from typing import Any, Final, NamedTuple

import pytest

from gungnir.api.names import SWITCHOVER_ANNOTATION
from gungnir.machines import scale_down
from gungnir.machines.kernel import Step
from gungnir.machines.record import Admitted, Electorate, Member, Record
from gungnir.machines.requests import Conflict, GetCluster, Reply, Seen, SetAnnotation, Unknown, Unreachable
from gungnir.machines.scale_down import MACHINE, Phase, pods_to_run, successor, waits_for
from gungnir.machines.view import Contact, PodView, Server, View
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    MEMBERS,
    PRIMARY,
    STORED,
    V,
    Walk,
    address,
    claimed,
    cluster,
    pod,
    record,
    rows_of,
    run_id,
    server,
    serving,
    uid,
    view,
    walk,
)

TWO = FACTS._replace(asked=2)


def led(**changes: Any) -> Record:
    """``vc-2`` is the primary."""
    return record(**{"primary": PRIMARY._replace(pod="vc-2", uid=uid(2), run_id=run_id(2)), **changes})


def replica(ordinal: int, **changes: Any) -> Server:
    """A server attached to ``vc-2``."""
    return server(ordinal, **{"follows": address(2), "link_up": True, "last_io_s": 0, **changes})


LAST: Final = pod(2, serving(2))


def pods_of(*others: PodView, last: PodView = LAST) -> View:
    return view(*(others or (pod(0, replica(0)), pod(1, replica(1, offset=1001)))), last)


SEEN = Seen(led(), pods_of())


def stepped(_facts: Any, state: scale_down.State, reply: Reply) -> Step[scale_down.State]:
    """Take a step where two pods are asked for, whatever facts others are stepped with."""
    return scale_down.step(TWO, state, reply)


class Path(NamedTuple):
    """A round's replies, and the triggers that they must cause."""

    replies: tuple[Reply, ...]
    triggers: str

    def walk(self, facts: Any = TWO) -> Walk:
        return walk(scale_down.step, scale_down.start(), self.replies, facts)


PATHS: Final = {
    "filed": Path((SEEN, cluster(led()), STORED), "ask file stored"),
    "conflict": Path((SEEN, cluster(led()), Conflict()), "ask file failed"),
    "unknown": Path((SEEN, cluster(led()), Unknown()), "ask file failed"),
    "somebody asks": Path((SEEN, cluster(led(), switchover="any")), "ask asked"),
    "deleted meanwhile": Path((SEEN, cluster(led(), deleting=True)), "ask asked"),
    "record moved on": Path((SEEN, cluster(led(epoch=9))), "ask failed"),
    "unreadable": Path((SEEN, Unreachable()), "ask failed"),
    "the primary stays": Path((Seen(record(), view()),), "nothing"),
    "no primary yet": Path((Seen(Record(), view()),), "nothing"),
    "failover under way": Path((Seen(claimed(primary=led().primary), pods_of()),), "nothing"),
    "primary in doubt": Path((Seen(led(), pods_of(last=LAST._replace(contact=Contact.ERROR))),), "nothing"),
    "primary leaving": Path((Seen(led(), pods_of(last=LAST._replace(deleting=True))),), "nothing"),
    "own loop slept": Path((Seen(led(), pods_of()._replace(stalled=True)),), "nothing"),
    "not looked yet": Path(
        (Seen(led(), pods_of(pod(0, replica(0)), pod(1, None, contact=Contact.UNTRIED))),), "nothing"
    ),
    "nobody in sync": Path((Seen(led(), pods_of(pod(0, server(0)), pod(1, server(1)))),), "nothing"),
    "no snapshot": Path((Unknown(),), "nothing"),
}


@pytest.mark.parametrize("name", PATHS)
def test_each_path_takes_its_triggers(name: str) -> None:
    assert PATHS[name].walk().triggers == PATHS[name].triggers


def test_the_paths_take_every_row_of_the_table() -> None:
    taken = frozenset[tuple[str, str, str]]().union(*(path.walk().rows for path in PATHS.values()))
    assert rows_of(MACHINE) - taken == frozenset()


def test_the_request_names_the_most_advanced_pod_that_stays_and_the_epoch() -> None:
    walked = PATHS["filed"].walk()
    assert walked.requests[1:] == (GetCluster(), SetAnnotation(V("c1"), SWITCHOVER_ANNOTATION, f"vc-1@{EPOCH}"))
    assert (walked.last.phase, walked.last.target) == (Phase.FILED, "vc-1")


@pytest.mark.parametrize(
    ("others", "asked", "target"),
    [
        ((pod(0, replica(0)), pod(1, replica(1, offset=1001))), 2, "vc-1"),
        ((pod(0, replica(0)), pod(1, replica(1, offset=1001))), 1, "vc-0"),
        ((pod(0, replica(0)), pod(1, replica(1, offset=1001), deleting=True)), 2, "vc-0"),
        ((pod(0, replica(0)), pod(1, replica(1, offset=1001), contact=Contact.SILENT)), 2, "vc-0"),
        ((pod(0, replica(0)), pod(1, replica(1, offset=1001, disk_error="MISCONF"))), 2, "vc-0"),
        ((pod(0, replica(0)), pod(1, replica(1, offset=1001, link_up=False))), 2, "vc-0"),
        ((pod(0, replica(0)), pod(1, replica(1, offset=1001, fence=4))), 2, "vc-0"),
        ((pod(0, replica(0, syncing=True)), pod(1, None, contact=Contact.REFUSED)), 2, ""),
        ((pod(0, replica(0)), pod(1, replica(1))), 3, ""),
        ((pod(0, replica(0)), pod(1, replica(1))), 0, ""),
    ],
)
def test_who_is_asked_for(others: tuple[PodView, ...], asked: int, target: str) -> None:
    """None that goes, leaves, cannot write its disk or is not attached; of others the one that holds the most."""
    assert successor(FACTS._replace(asked=asked), led(), pods_of(*others)) == target


def gone(ordinal: int) -> PodView:
    return pod(ordinal, None, contact=Contact.SILENT)


NARROW = FACTS._replace(size=2, asked=2)
"""As the spec has it, with the primary ``vc-0`` among those that stay."""


@pytest.mark.parametrize(
    ("facts", "stored", "seen", "size"),
    [
        (NARROW, record(), view(), 2),
        (NARROW, record(), view(pod(0, serving()), gone(1), view().pods[2]), 3),
        (NARROW, record(), view(pod(0, serving()), gone(1), view().pods[2]._replace(deleting=True)), 2),
        (NARROW, record(members=MEMBERS[:2]), view(pod(0, serving()), gone(1), view().pods[2]), 2),
        (
            NARROW,
            record(members=MEMBERS[:2], admitted=(Admitted("vc-2", "uid2", "run2"),)),
            view(pod(0, serving()), gone(1), gone(2)),
            3,
        ),
        (NARROW, record(), view(pod(0, serving()), gone(1)), 2),
        (NARROW._replace(size=1, asked=1, acks=0), record(), view(pod(0, serving()), gone(1), gone(2)), 1),
        (NARROW._replace(acks=0), record(electorate=Electorate(3, 0)), view(pod(0, serving()), gone(1), gone(2)), 3),
        (NARROW, claimed(), view(), 3),
        (NARROW, Record(), view(), 2),
        (NARROW, record(members=(*MEMBERS, Member("vc-odd", "u", "r"))), view(*view().pods[:2]), 2),
        (FACTS._replace(asked=3), record(electorate=Electorate(3, 2)), view(), 3),
    ],
)
def test_pods_go_only_when_enough_copies_stay(facts: Any, stored: Record, seen: View, size: int) -> None:
    """But for those that were told nothing, and those that are being deleted already."""
    assert pods_to_run(facts, stored, seen) == size


def test_as_many_copies_stay_as_were_promised() -> None:
    """Two of three stay: who is promised two copies keeps the third pod until both are in sync."""
    five = FACTS._replace(size=3, asked=3)
    members = tuple(Member(f"vc-{ordinal}", uid(ordinal), run_id(ordinal)) for ordinal in range(4))
    stored = record(members=members, electorate=Electorate(4, 2))
    one_away = view(*view().pods[:2], gone(2), pod(3, None, contact=Contact.SILENT))
    assert pods_to_run(five, stored, one_away) == 4
    assert pods_to_run(five, stored._replace(electorate=Electorate(4, 1)), one_away) == 3


@pytest.mark.parametrize(
    ("stored", "seen", "handing_to", "reason", "says"),
    [
        (led(), pods_of(), "vc-1", "RoleMoves", "the primary vc-2: the role is handed to vc-1 first"),
        (led(), pods_of(), "", "RoleMoves", "the role is handed to vc-0 or vc-1 first"),
        (led(), pods_of(), "any", "RoleMoves", "the role is handed to vc-0 or vc-1 first"),
        (led(), pods_of(gone(0), gone(1)), "", "PrimaryWouldGo", "waiting for one of vc-0, vc-1"),
        (claimed(), view(), "", "RoleMoves", "once the primary role has settled"),
        (record(), view(pod(0, serving()), gone(1)), "", "CopiesWouldGo", "0 of the 1 replicas that must stay"),
        (record(), view(pod(0, serving()), gone(1)), "", "CopiesWouldGo", "waiting for vc-1"),
    ],
)
def test_what_a_scale_down_waits_for_is_said(
    stored: Record, seen: View, handing_to: str, reason: str, says: str
) -> None:
    wait = waits_for(TWO, stored, seen, handing_to)
    assert wait is not None
    assert wait.reason == reason
    assert says in wait.message


@pytest.mark.parametrize("facts", [FACTS, NARROW, FACTS._replace(asked=3)])
def test_nothing_is_said_where_nothing_waits(facts: Any) -> None:
    assert waits_for(facts, record(), view(), "") is None
    assert waits_for(TWO, Record(), view(), "") is None
