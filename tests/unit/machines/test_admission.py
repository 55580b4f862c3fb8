"""Who may hold an acknowledged write: a pod counts from the moment it is about to be told to follow, and not before."""

from typing import Any

import pytest

from gungnir.machines import epochs, failover, repair
from gungnir.machines.record import Admitted, Electorate, History, Member
from gungnir.machines.requests import GetCluster, Pods, Seen, Verb
from gungnir.machines.selection import count, elect, votes_needed
from gungnir.machines.view import Contact
from tests.unit.machines.worlds import (
    CANDIDATE,
    EPOCH,
    FACTS,
    MEMBERS,
    PODS,
    REPLID,
    answer,
    claimed,
    cluster,
    dead,
    following,
    frozen,
    pod,
    reconfiguring,
    record,
    server,
    serving,
    view,
    vote,
)

FIVE = FACTS._replace(size=5)
NEW = server(3, offset=1, keys=0, replid="random3", fence=EPOCH, voting=True)
GROWN = record(
    electorate=Electorate(5, 1),
    admitted=(Admitted("vc-3", "uid3", "run3", EPOCH), Admitted("vc-4", "uid4", "run4", EPOCH)),
)


def test_a_pod_that_is_only_asked_for_does_not_grow_the_electorate() -> None:
    """Pending, no image, slow volume: it was told nothing, so no vote of it may ever be needed."""
    pending = pod(3, None, contact=Contact.UNTRIED, address="")
    taken = repair.step(FIVE, repair.start().state, Seen(record(), view(*PODS, pending)))
    assert taken.trigger != "record"


def test_a_new_pod_is_admitted_with_its_process_before_it_is_told_to_follow() -> None:
    seen = view(*PODS, pod(3, NEW, role_label="", synced=False))
    taken = repair.step(FIVE, repair.start().state, Seen(record(), seen))
    assert taken.request == GetCluster()
    assert taken.state.wanted.electorate == Electorate(4, 1)
    assert taken.state.wanted.admitted == (Admitted("vc-3", "uid3", "run3", EPOCH),)


def test_a_pod_that_is_loading_is_not_admitted_yet() -> None:
    loading = pod(3, NEW._replace(loading=True), role_label="", synced=False)
    assert repair.step(FIVE, repair.start().state, Seen(record(), view(*PODS, loading))).trigger != "record"


def test_an_admitted_pod_that_restarts_keeps_the_process_it_was_admitted_with() -> None:
    """The new process is empty, whatever the former one acknowledged: it is not one that never held anything."""
    admitted = record(electorate=Electorate(4, 1), admitted=(Admitted("vc-3", "uid3", "run3", EPOCH),))
    seen = view(*PODS, pod(3, NEW._replace(run_id="again"), role_label="", synced=False))
    taken = repair.step(FIVE, repair.start().state, Seen(admitted, seen))
    assert isinstance(taken.request, Pods)
    assert [command.verb for command in taken.request.commands] == [Verb.FOLLOW]


def test_an_admitted_pod_that_is_in_sync_becomes_a_member() -> None:
    admitted = record(electorate=Electorate(4, 1), admitted=(Admitted("vc-3", "uid3", "run3", EPOCH),))
    taken = repair.step(FIVE, repair.start().state, Seen(admitted, view(*PODS, pod(3, following(3)))))
    assert taken.state.wanted.admitted == ()
    assert Member("vc-3", "uid3", "run3") in taken.state.wanted.members


@pytest.mark.parametrize(
    ("change", "needed"),
    [
        ({}, 2),
        ({"run_id": "again"}, 3),
        ({"keys": 1}, 2),
        ({"offset": 2}, 3),
        ({"forgot": True}, 3),
    ],
    ids=["blank", "restarted", "old-volume", "holds-a-stream", "forgot-a-stream"],
)
def test_a_pod_that_never_held_anything_is_not_needed(change: dict[str, Any], needed: int) -> None:
    """3 -> 5 pods, both new ones empty and as admitted: the two whole old ones are enough; any doubt asks for more."""
    new = [
        answer(3, server(3, offset=1, keys=0, replid="x", fence=EPOCH + 1, voting=True)._replace(**change)),
        answer(4, server(4, offset=1, keys=0, replid="y", fence=EPOCH + 1, voting=True)),
    ]
    answers = (vote(1), vote(2), *new)
    uids = tuple((a.pod, f"uid{a.pod[-1]}") for a in answers)
    stored = claimed(electorate=GROWN.electorate, admitted=GROWN.admitted)
    ballot = count(stored, answers, uids)
    assert votes_needed(stored.electorate, len(ballot.blanks)) == needed
    assert (elect(stored, ballot).candidate is not None) is (needed == 2)


@pytest.mark.parametrize(
    ("change", "epoch", "blank", "votes"),
    [
        ({}, EPOCH, True, False),
        ({"offset": 1000}, EPOCH, True, False),
        ({"replid": REPLID}, EPOCH, False, True),
        ({"replid": REPLID, "offset": 600}, EPOCH, False, True),
        ({"replid": REPLID, "offset": 1}, EPOCH, False, True),
        ({"replid": REPLID, "loading": True}, EPOCH, False, False),
        ({"replid": REPLID, "run_id": "again"}, EPOCH, False, False),
        ({"replid": "elsewhere"}, EPOCH, False, False),
        ({"run_id": "again"}, EPOCH, False, False),
        ({}, 0, False, False),
        ({"replid": REPLID}, 0, False, False),
    ],
    ids=[
        *(
            "of-before",
            "as-many-bytes",
            "follows-early",
            "follows-again",
            "at-the-first-byte",
            "loading",
            "follows-anew",
        ),
        *("unknown", "restarted", "admitted-by-an-older-release", "the-same-and-follows"),
    ],
)
def test_a_pod_that_was_forgotten_and_is_back(change: dict[str, Any], epoch: int, blank: bool, votes: bool) -> None:
    """With data of before the primary that it was admitted under, it has received nothing since; else it is whole."""
    histories = (History(EPOCH - 1, "r4", 0, 0), History(EPOCH, REPLID, EPOCH - 1, 500))
    stored = claimed(histories=histories, members=MEMBERS[:2], admitted=(Admitted("vc-2", "uid2", "run2", epoch),))
    back = server(2, offset=300, keys=1, replid="r4", fence=EPOCH + 1, voting=True)._replace(**change)
    ballot = count(stored, (vote(1), answer(2, back)), (("vc-1", "uid1"), ("vc-2", "uid2")))
    assert ballot.blanks == (("vc-2",) if blank else ())
    assert [each.pod for each in ballot.votes] == ["vc-1", *(("vc-2",) if votes else ())]
    assert (elect(stored, ballot).candidate is not None) is (blank or votes)


def test_a_pod_that_is_promoted_before_it_was_recorded_as_whole_is_a_member_then() -> None:
    stored = frozen(members=MEMBERS[:1], admitted=(Admitted("vc-1", "uid1", "run1", EPOCH), Admitted("vc-2", "", "")))
    after = epochs.promoted(stored, FACTS, CANDIDATE, "r6", 0)
    assert after.admitted == (Admitted("vc-2", "", ""),)
    assert Member("vc-1", "uid1", "run1") in after.members


def test_a_failover_tells_only_admitted_pods_to_follow() -> None:
    """A pod that nobody admitted could acknowledge a write that no vote would ever be asked about."""
    stored = reconfiguring()
    pods = (*dead().pods[:1], pod(1, serving(1, replid="r6", fence=EPOCH + 1)), pod(2, server(2)), pod(3, NEW))
    first = failover.step(FIVE, failover.start().state, Seen(stored, view(*pods)))
    taken = failover.step(FIVE, first.state, cluster(stored))
    assert isinstance(taken.request, Pods)
    assert {command.pod for command in taken.request.commands} <= {member.pod for member in MEMBERS}
