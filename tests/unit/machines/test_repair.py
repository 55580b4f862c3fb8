"""What the repair machine finds to do, in which order, and what it asks for."""

from typing import Any

import pytest

from gungnir.machines import repair
from gungnir.machines.facts import Facts
from gungnir.machines.record import Electorate, Member, Record
from gungnir.machines.repair import LEVEL_STEP_MS, shown
from gungnir.machines.requests import (
    GetCluster,
    GetService,
    PatchPod,
    PatchPodStatus,
    Pause,
    PodCommand,
    Pods,
    PutRecord,
    PutService,
    PutTemplate,
    Request,
    Seen,
    ServiceSeen,
    TemplateSeen,
    Verb,
)
from gungnir.machines.view import Contact, View
from tests.unit.machines.test_repair_paths import PATHS
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    MEMBERS,
    V,
    address,
    answer,
    answers,
    claimed,
    cluster,
    dead,
    following,
    pod,
    record,
    server,
    serving,
    view,
    walk,
)


def look(seen: View, stored: Record | None = None, facts: Facts = FACTS) -> tuple[str, Request | None]:
    """What the machine finds first, and what it asks for."""
    taken = walk(repair.step, repair.start(), (Seen(stored or record(), seen),), facts)
    return taken.triggers, taken.steps[-1].request


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        (record(), dead()),
        (record(), view(stalled=True)),
        (record(), view(pod(0, serving(), contact=Contact.ERROR), pod(1, server(1)))),
        (record(), view(pod(0, serving(), contact=Contact.SILENT), pod(1, server(1)))),
        (claimed(), view(service_pod="vc-2")),
        (Record(), view()),
    ],
)
def test_nothing_is_repaired_while_the_primary_is_in_doubt_or_a_failover_runs(stored: Record, seen: View) -> None:
    assert look(seen, stored) == ("nothing", None)


def test_a_leaving_primary_is_still_repaired_around() -> None:
    assert look(view(pod(0, serving(), deleting=True), pod(1, server(1)), pod(2, following(2))))[0] == "attach"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, True),
        ({"contact": Contact.SILENT}, False),
        ({"contact": Contact.ERROR}, False),
        ({"deleting": True}, False),
        ({"server": server(1, loading=True)}, False),
        ({"server": following(1)}, False),
        ({"server": following(1, link_up=False)}, False),
        ({"server": following(1, fence=EPOCH - 1)}, True),
        ({"server": following(1, voting=True)}, True),
        ({"server": following(1, follows=address(2))}, True),
        ({"server": serving(1)}, True),
    ],
)
def test_who_is_told_to_follow(changes: dict[str, Any], told: bool) -> None:
    seen = view(pod(0, serving()), pod(1, server(1))._replace(**changes), pod(2, following(2)))
    trigger, request = look(seen)
    assert (trigger == "attach") is told
    if told:
        assert request == Pods((PodCommand(Verb.FOLLOW, "vc-1", "uid1", EPOCH, "", address(0)),))


def test_a_pod_beyond_the_size_is_told_to_stop_if_it_serves_and_not_to_follow() -> None:
    """It does not count: what it confirmed as a replica would be known to nobody."""
    replica, primary = (view(*view().pods, pod(7, each)) for each in (server(7), serving(7)))
    assert look(replica)[0] == "label"
    assert look(primary) == ("demote", Pods((PodCommand(Verb.DETACH, "vc-7", "uid7", EPOCH),)))


def test_a_former_primary_that_was_left_out_is_told_to_stop_before_anything_else() -> None:
    """Its clients are still writing to it; that it may follow has to be recorded first, and takes longer."""
    seen = view(pod(0, serving()), pod(1, following(1)), pod(2, serving(2, fence=EPOCH - 1)))
    stored = record(left_out=("vc-2",))
    taken = walk(repair.step, repair.start(), (Seen(stored, seen),))
    assert taken.triggers == "demote"
    assert taken.steps[-1].request == Pods((PodCommand(Verb.DETACH, "vc-2", "uid2", EPOCH),))


def test_a_pod_is_recorded_as_whole_only_when_it_was_read_attached() -> None:
    restarted = following(1, run_id="new1")
    for seen, recorded in (
        (restarted, True),
        (restarted._replace(syncing=True), False),
        (restarted._replace(link_up=False), False),
    ):
        taken = walk(
            repair.step, repair.start(), (Seen(record(), view(pod(0, serving()), pod(1, seen), pod(2, following(2)))),)
        )
        assert (taken.triggers == "record") is recorded
        if recorded:
            assert taken.steps[-1].request == GetCluster()
            assert taken.last.wanted == record(members=(MEMBERS[0], Member("vc-1", "uid1", "new1"), MEMBERS[2]))


def test_a_member_that_was_left_out_and_is_not_asked_for_counts_until_the_others_hold_all_that_it_may_hold() -> None:
    """Asked for again before that, it is still known as one that may hold an acknowledged write."""
    extra = Member("vc-7", "u", "r")
    leaving = record(members=(*MEMBERS, extra), electorate=Electorate(4, 1), left_out=("vc-7",))
    taken = walk(repair.step, repair.start(), (Seen(leaving, view()),))
    assert taken.triggers == "shrink"
    level = answers(answer(1, following(1)), answer(2, following(2)))
    replies = (Seen(leaving, view()), answers(answer(0, serving())), level, cluster(leaving))
    stored = walk(repair.step, repair.start(), replies).steps[-1].request
    assert stored == PutRecord(V("c1"), leaving._replace(members=MEMBERS, electorate=Electorate(3, 1), left_out=()))


def test_a_replication_id_that_the_primary_took_since_is_recorded_before_anything_is_attached() -> None:
    seen = view(pod(0, serving(replid="later")), pod(1, server(1)), pod(2, server(2)))
    taken = walk(repair.step, repair.start(), (Seen(record(), seen), cluster()))
    assert taken.triggers == "record fresh"
    stored = taken.steps[-1].request
    assert isinstance(stored, PutRecord)
    assert stored.record.primary is not None
    assert stored.record.primary.replid == stored.record.histories[-1].replid == "later"


@pytest.mark.parametrize("changes", [{"run_id": "other"}, {"fence": EPOCH - 1}, {"voting": True}])
def test_a_replication_id_of_anybody_else_is_not_recorded(changes: dict[str, Any]) -> None:
    seen = view(pod(0, serving(replid="later", **changes)), *view().pods[1:])
    taken = walk(repair.step, repair.start(), (Seen(record(), seen),))
    assert taken.last.wanted.primary in (None, record().primary)


UNWRITTEN = record(primary=record().acting._replace(written=False))


def test_that_the_primarys_file_is_whole_is_recorded_once() -> None:
    taken = walk(repair.step, repair.start(), (Seen(UNWRITTEN, view()), cluster(UNWRITTEN)))
    assert taken.triggers == "record fresh"
    assert taken.steps[-1].request == PutRecord(V("c1"), record())
    assert look(view(), record())[0] == "nothing"


@pytest.mark.parametrize(
    "changes", [{"written": False}, {"run_id": "other"}, {"fence": EPOCH - 1}, {"voting": True}, {"primary": False}]
)
def test_that_a_file_is_whole_is_not_recorded_of_anybody_else_nor_of_a_time_before(changes: dict[str, Any]) -> None:
    """A reading of an older epoch is of before a copy that the same process took since."""
    seen = view(pod(0, serving(**changes)), *view().pods[1:])
    taken = walk(repair.step, repair.start(), (Seen(UNWRITTEN, seen),))
    assert taken.last.wanted.primary in (None, UNWRITTEN.primary)
    silent = view(pod(0, serving(), contact=Contact.SILENT), *view().pods[1:])
    assert walk(repair.step, repair.start(), (Seen(UNWRITTEN, silent),)).triggers == "nothing"


def test_the_electorate_shrinks_only_once_the_leaving_pods_are_gone() -> None:
    wide = record(electorate=Electorate(4, 1))
    leaving = view(*view().pods, pod(3, following(3), deleting=True))
    assert look(leaving, wide)[0] != "shrink"
    assert look(view(), wide) == ("shrink", Pods((PodCommand(Verb.READ, "vc-0", "uid0", EPOCH),)))
    behind = view(pod(0, serving()), pod(1, following(1)), pod(2, following(2, link_up=False)))
    assert look(behind, wide)[0] != "shrink"


def test_a_shrink_is_stored_with_what_the_spec_asks_for_after_all_that_stay_are_level() -> None:
    requests = PATHS["shrink"].walk(FACTS).requests
    assert Pause(LEVEL_STEP_MS) in requests
    stored = requests[-1]
    assert isinstance(stored, PutRecord)
    assert stored.record.electorate == Electorate(3, 1)


@pytest.mark.parametrize(
    "changes", [{"link_up": False}, {"follows": "127.0.0.1"}, {"replid": "other"}, {"offset": 999}]
)
def test_a_pod_that_is_not_attached_and_level_holds_up_the_shrink(changes: dict[str, Any]) -> None:
    goal = answers(answer(0, serving(offset=1000)))
    others = answers(answer(1, following(1, offset=1000)), answer(2, following(2, **{"offset": 1000, **changes})))
    taken = walk(repair.step, repair.start(), (Seen(record(electorate=Electorate(4, 1)), view()), goal, others))
    assert taken.triggers == "shrink known behind"


def test_a_pod_beyond_the_size_is_not_recorded_as_whole() -> None:
    assert look(view(*view().pods, pod(3, following(3))))[0] != "record"


@pytest.mark.parametrize(
    "changes", [{"service_pod": None}, {"service_pod": "vc-1"}, {"service_pod": "*"}, {"service_epoch": EPOCH - 1}]
)
def test_the_service_is_put_back_to_the_recorded_primary(changes: dict[str, Any]) -> None:
    assert look(view(**changes)) == ("route", GetService())
    seen = ServiceSeen(V("s"), changes.get("service_pod", "vc-0"), changes.get("service_epoch", EPOCH))
    taken = walk(repair.step, repair.start(), (Seen(record(), view(**changes)), seen))
    assert taken.steps[-1].request == PutService(V("s"), "vc-0", EPOCH)


def test_a_service_that_is_not_there_is_left_to_the_reconciler() -> None:
    """Reading what is not there would end the round, and the object is created only after rounds that ended well."""
    assert look(view(service_present=False, service_pod=None, service_epoch=0)) == ("nothing", None)


def test_the_template_is_brought_to_the_epoch_and_never_back() -> None:
    seen = view(template_epoch=EPOCH - 1)
    taken = walk(repair.step, repair.start(), (Seen(record(), seen), TemplateSeen(V("t"), EPOCH - 1)))
    assert taken.steps[-1].request == PutTemplate(V("t"), EPOCH)
    assert look(view(template_present=False, template_epoch=0)) == ("nothing", None)
    newer = walk(repair.step, repair.start(), (Seen(record(), seen), TemplateSeen(V("t"), EPOCH + 1)))
    assert newer.triggers == "stamp right"


@pytest.mark.parametrize(
    ("seen", "request_"),
    [
        (pod(1, following(1), role_label=""), PatchPod("vc-1", "uid1", "p1", "replica")),
        (pod(1, following(1), role_label="primary"), PatchPod("vc-1", "uid1", "p1", "replica")),
        (pod(1, following(1, link_up=False)), PatchPod("vc-1", "uid1", "p1", "")),
        (pod(1, following(1), synced=False), PatchPodStatus("vc-1", "uid1", "p1", synced=True)),
        (pod(1, following(1, link_up=False), role_label=""), PatchPodStatus("vc-1", "uid1", "p1", synced=False)),
        (pod(1, following(1), contact=Contact.SILENT), PatchPod("vc-1", "uid1", "p1", "")),
    ],
)
def test_labels_and_readiness_show_only_what_was_seen_in_sync(seen: Any, request_: Request) -> None:
    assert look(view(pod(0, serving()), seen, pod(2, following(2)))) == ("label", request_)


def test_a_pod_that_is_attached_and_not_recorded_is_not_shown_ready() -> None:
    """Whoever is shown ready can vote."""
    assert shown(record(), *view().pods[:2]) == ("replica", True)
    assert shown(record(members=MEMBERS[:1]), *view().pods[:2]) == ("", False)


def test_the_primary_is_shown_as_such_whatever_it_was_labelled() -> None:
    primary = pod(0, serving(), role_label="replica")
    assert shown(record(), primary, primary) == ("primary", True)
    assert look(view(primary, *view().pods[1:])) == ("label", PatchPod("vc-0", "uid0", "p0", "primary"))


def test_a_record_that_moved_on_is_not_written() -> None:
    unrecorded = record(members=MEMBERS[:2])
    for fresh in (record(), claimed(), record(epoch=9)):
        taken = walk(repair.step, repair.start(), (Seen(unrecorded, view()), cluster(fresh)))
        assert (taken.triggers, taken.steps[-1].request) == ("record changed", None)
