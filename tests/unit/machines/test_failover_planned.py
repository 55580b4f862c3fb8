"""Planned failovers: the writes are held, the target is waited for, and the vote may give the role back."""

from typing import Any

import pytest

from gungnir.api.names import SWITCHOVER_ANNOTATION
from gungnir.machines.failover import CATCH_UP_STEP_MS, HOLD_MARGIN_MS
from gungnir.machines.record import Intent, Kind, Stage
from gungnir.machines.requests import (
    ClearAnnotation,
    Elapsed,
    Pause,
    PodCommand,
    PutRecord,
    Seen,
    ServiceSeen,
    TemplateSeen,
    Verb,
)
from gungnir.machines.view import PodView, View
from tests.unit.machines.test_failover_paths import ANYBODY, BEGUN, CURRENT, HELD, PATHS, ROUTED, Path
from tests.unit.machines.test_failover_requests import commands, sent
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    STORED,
    V,
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
    vote,
)


def test_a_planned_failover_holds_the_writes_at_the_old_primary_under_its_own_epoch() -> None:
    (hold,) = commands(sent("planned"), Verb.HOLD_WRITES)
    expected = PodCommand(Verb.HOLD_WRITES, "vc-0", "uid0", EPOCH, "run0", "", FACTS.catch_up_ms + HOLD_MARGIN_MS)
    assert hold == expected


def test_the_request_is_taken_off_once_the_intent_is_stored() -> None:
    requests = sent("planned")
    index = requests.index(ClearAnnotation(V("c2"), SWITCHOVER_ANNOTATION))
    claim = requests[index - 1]
    assert isinstance(claim, PutRecord)
    assert claim.record.intent == Intent(Kind.SWITCHOVER, Stage.FENCING, "Requested", "vc-1", None, "vc-0")


def test_a_target_one_byte_behind_is_waited_for() -> None:
    taken = PATHS["planned"].walk()
    assert Pause(CATCH_UP_STEP_MS) in taken.requests
    reads = [command.pod for command in commands(taken.requests, Verb.READ)]
    assert reads == ["vc-1", "vc-1"]


def test_a_target_that_stays_behind_loses_to_the_old_primary() -> None:
    tries = FACTS.catch_up_ms // CATCH_UP_STEP_MS
    behind = answers(answer(1, following(1, offset=900)))
    votes = answers(vote(0, offset=1000), vote(1, offset=900), vote(2, offset=900))
    taken = Path((*HELD, *(behind, Elapsed()) * tries, behind, votes), "", "vc-1").walk()
    assert taken.triggers.endswith(" too-slow chosen")
    frozen_record = taken.requests[-1]
    assert isinstance(frozen_record, PutRecord)
    assert frozen_record.record.intent is not None
    assert frozen_record.record.intent.candidate is not None
    assert frozen_record.record.intent.candidate.pod == "vc-0"
    assert taken.last.detail == "TargetTooSlow"


def test_an_aborted_switchover_says_so_in_its_outcome() -> None:
    votes = answers(vote(0, offset=1001), vote(1), vote(2))
    again = answers(answer(0, serving(0, replid="r6", fence=EPOCH + 1)))
    level = answers(answer(1, following(1)))
    told = answers(answer(1, following(1)), answer(2, following(2)))
    rest = (STORED, again, STORED, told, STORED, STORED)
    finish = Path((*HELD, level, votes, *rest), "", "vc-1").walk().requests[-1]
    assert isinstance(finish, PutRecord)
    assert finish.outcome is not None
    assert finish.outcome.result == "Aborted: the old primary held the most data"
    assert finish.record.primary is not None
    assert finish.record.primary.pod == "vc-0"


def test_of_level_replicas_the_requested_one_is_promoted() -> None:
    votes = answers(vote(0), vote(1, priority=0), vote(2, priority=1))
    frozen_record = Path((*HELD, answers(answer(1, following(1))), votes), "", "vc-1").walk().requests[-1]
    assert isinstance(frozen_record, PutRecord)
    assert frozen_record.record.intent is not None
    assert frozen_record.record.intent.candidate is not None
    assert frozen_record.record.intent.candidate.pod == "vc-1"


def test_any_takes_the_replica_that_is_furthest() -> None:
    seen = view(pod(0, serving()), pod(1, following(1, offset=900)), pod(2, following(2, offset=950)))
    taken = Path((Seen(record(), seen), *ANYBODY[1:], answers(answer(0, serving()))), "", "any").walk()
    assert [command.pod for command in commands(taken.requests, Verb.READ)] == ["vc-2"]


def leaving(*others: PodView) -> View:
    return view(pod(0, serving(), deleting=True), *others)


def test_a_primary_that_is_being_deleted_hands_over_while_it_answers() -> None:
    seen = leaving(pod(1, following(1)), pod(2, following(2, offset=1200)))
    taken = Path((Seen(record(), seen), cluster()), "").walk()
    claim = taken.requests[-1]
    assert isinstance(claim, PutRecord)
    assert claim.record.intent == Intent(Kind.SWITCHOVER, Stage.FENCING, "PodTerminating", "", None, "vc-0")


@pytest.mark.parametrize("other", [server(1), following(1, replid="x"), following(1, syncing=True)])
def test_a_leaving_primary_without_an_attached_replica_serves_to_its_end(other: Any) -> None:
    taken = Path((Seen(record(), leaving(pod(1, other))),), "").walk()
    assert taken.triggers == "healthy"
    going = Path((Seen(record(), leaving(pod(1, following(1), deleting=True))),), "").walk()
    assert going.triggers == "healthy"


def test_a_resumed_switchover_of_a_dead_primary_asks_for_votes_at_once() -> None:
    stored = claimed(Kind.SWITCHOVER, "vc-1")
    unrouted, current = ServiceSeen(V("s"), None, EPOCH + 1), TemplateSeen(V("t"), EPOCH + 1)
    taken = Path((Seen(stored, dead()), cluster(stored), unrouted, current), "").walk()
    assert [command.pod for command in commands(taken.requests, Verb.DETACH)] == ["vc-1", "vc-2"]


def test_a_request_does_not_hide_why_a_primary_that_died_is_replaced() -> None:
    """Accepted, and then the primary dies: the request stays on the object, for the next round to answer."""
    taken = Path((Seen(record(), dead()), cluster(switchover="vc-1"), STORED), "", "vc-1").walk()
    claim = taken.requests[2]
    assert isinstance(claim, PutRecord)
    assert claim.record.intent == Intent(Kind.FAILOVER, Stage.FENCING, "ConnectionRefused", "", None, "vc-0")
    assert taken.triggers == "act begin stored"


@pytest.mark.parametrize(
    ("reason", "wanted", "trigger"),
    [
        ("Requested", "any", "resume-clear"),
        ("Requested", "vc-2", "resume-fencing"),
        ("PodTerminating", "any", "resume-fencing"),
    ],
    ids=["its-own", "a-later-one", "none"],
)
def test_only_the_request_that_a_switchover_was_begun_for_is_taken_off(reason: str, wanted: str, trigger: str) -> None:
    """A request that somebody made since then is still to be answered."""
    stored = claimed(Kind.SWITCHOVER)
    assert stored.intent is not None
    stored = stored._replace(intent=stored.intent._replace(reason=reason))
    taken = Path((Seen(stored, view()), cluster(stored, switchover=wanted)), "").walk()
    assert taken.triggers == f"act {trigger}"


@pytest.mark.parametrize("now", ["vc-2", "any", ""], ids=["another", "any", "withdrawn"])
def test_a_request_that_changed_since_it_was_accepted_is_not_acted_on(now: str) -> None:
    """Nobody asks for that target any more, and what is asked for now has no answer yet."""
    taken = Path((Seen(record(), view()), cluster(switchover=now)), "", "vc-1").walk()
    assert taken.triggers == "act changed"


# --- a full disk ----------------------------------------------------------------------------------------------------


def full(*others: PodView) -> View:
    return view(pod(0, serving(disk_error="MISCONF")), *others)


def test_a_primary_with_a_full_disk_hands_over_to_a_replica_with_room() -> None:
    seen = full(pod(1, following(1, disk_error="MISCONF", offset=1300)), pod(2, following(2)))
    taken = Path((Seen(record(), seen), cluster(), *BEGUN[2:], ROUTED, STORED, CURRENT), "").walk()
    claim = next(request for request in taken.requests if isinstance(request, PutRecord))
    assert claim.record.intent == Intent(Kind.SWITCHOVER, Stage.FENCING, "DiskFull", "", None, "vc-0")
    assert taken.triggers == "act begin stored routed stored current-planned"
    assert taken.last.wanted == "vc-2"


@pytest.mark.parametrize("other", [following(1, disk_error="MISCONF"), server(1)])
def test_a_primary_with_a_full_disk_stays_where_nobody_has_room(other: Any) -> None:
    assert Path((Seen(record(), full(pod(1, other))),), "").walk().triggers == "healthy"
