"""What the failover machine sends, to whom, and in which order; what it makes of the answers."""

from typing import Any

import pytest

from gungnir.errors import BugError
from gungnir.machines import failover
from gungnir.machines.failover_table import Phase
from gungnir.machines.kernel import IllegalTransition
from gungnir.machines.record import Intent, Kind, Member, Primary, Record, Stage
from gungnir.machines.requests import (
    AnswerKind,
    Answers,
    ClearAnnotation,
    PodCommand,
    Pods,
    PutRecord,
    PutService,
    PutTemplate,
    Reply,
    Request,
    Seen,
    Stored,
    Unknown,
    Verb,
)
from gungnir.machines.view import Contact, PodView
from tests.unit.machines.test_failover_paths import (
    AFTER,
    CURRENT,
    PATHS,
    SILENT,
    STAMPED,
    TO_ROUTE,
    UNROUTED,
    VOTES,
    Path,
)
from tests.unit.machines.worlds import (
    CANDIDATE,
    EPOCH,
    STORED,
    V,
    answer,
    answers,
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

WRITES = (PutRecord, PutService, PutTemplate, ClearAnnotation)


def sent(name: str) -> tuple[Request, ...]:
    return PATHS[name].walk().requests


def commands(requests: tuple[Request, ...], verb: Verb) -> tuple[PodCommand, ...]:
    groups = [request.commands for request in requests if isinstance(request, Pods)]
    return tuple(command for group in groups for command in group if command.verb is verb)


def asked_for_votes(*pods: PodView) -> list[str]:
    stored = record()
    seen = view(pod(0, None, contact=Contact.REFUSED, refusals=3), *pods)
    requests = Path((Seen(stored, seen), cluster(stored), *STAMPED[2:]), "").walk().requests
    return [command.pod for command in commands(requests, Verb.DETACH)]


def test_nothing_is_told_to_a_pod_before_the_epoch_is_stored() -> None:
    for name in PATHS:
        for index, request in enumerate(sent(name)):
            if not isinstance(request, Pods) or "resume" in name + PATHS[name].triggers:
                continue
            stored = [r.record.epoch for r in sent(name)[:index] if isinstance(r, PutRecord)]
            newest = max(stored, default=EPOCH)
            assert all(command.epoch <= newest for command in request.commands), name


def test_a_whole_failover_writes_in_this_order() -> None:
    assert [type(request).__name__ for request in sent("dead")] == [
        *("Observe", "GetCluster", "PutRecord", "GetService", "PutService", "GetTemplate", "PutTemplate"),
        *("Pods", "PutRecord", "Pods", "PutRecord", "Pods", "PutService", "PutRecord"),
    ]
    records = [request.record for request in sent("dead") if isinstance(request, PutRecord)]
    chosen = CANDIDATE._replace(offset=1200)
    assert records[0] == claimed()
    assert records[1] == frozen(chosen, left_out=("vc-0",))
    assert records[2].intent == Intent(
        Kind.FAILOVER, Stage.RECONFIGURING, "ConnectionRefused", "", chosen, "vc-0", "Quorum"
    )
    assert records[2].primary == Primary("vc-1", "uid1", "run1", "r6", EPOCH + 1, restarts=-1, written=True)
    assert records[3] == records[2]._replace(intent=None)
    assert [request for request in sent("dead") if isinstance(request, (PutService, PutTemplate))] == [
        PutService(V("s1"), None, EPOCH + 1),
        PutTemplate(V("t1"), EPOCH + 1),
        PutService(V("c2"), "vc-1", EPOCH + 1),
    ]


def test_every_write_carries_the_version_that_was_read_last() -> None:
    versions = [request.version for request in sent("dead") if isinstance(request, WRITES)]
    assert versions == ["c1", "s1", "t1", "c2", "c2", "c2", "c2"]


def test_the_version_of_each_record_is_used_for_the_next_one() -> None:
    stored = [Stored(V(f"c{number}")) for number in (7, 8, 9)]
    replies = (*TO_ROUTE[:2], stored[0], *TO_ROUTE[3:8], stored[1], TO_ROUTE[9], stored[2], *TO_ROUTE[11:], STORED)
    records = [request for request in Path(replies, "").walk().requests if isinstance(request, PutRecord)]
    assert [request.version for request in records] == ["c1", "c7", "c8", "c9"]


def test_the_promotion_is_bound_to_the_frozen_process() -> None:
    for name in ("dead", "resume, promoting"):
        assert commands(sent(name), Verb.PROMOTE) == (PodCommand(Verb.PROMOTE, "vc-1", "uid1", EPOCH + 1, "run1"),)


def test_the_others_follow_the_address_of_the_new_primary() -> None:
    assert commands(sent("dead"), Verb.FOLLOW) == (PodCommand(Verb.FOLLOW, "vc-2", "uid2", EPOCH + 1, "", "10.0.0.11"),)
    resumed = commands(sent("resume, reconfiguring"), Verb.FOLLOW)
    assert [(command.pod, command.host) for command in resumed] == [("vc-0", "10.0.0.11"), ("vc-2", "10.0.0.11")]


def test_pods_that_leave_or_are_beyond_the_size_are_not_told_to_follow() -> None:
    told = record().members
    seen = view(*AFTER.pods[:2], pod(2, server(2), deleting=True), pod(3, server(3)), service_pod=None)
    stored = reconfiguring(members=(*told, Member("vc-3", "uid3", "run3")))
    requests = Path((Seen(stored, seen), cluster(stored)), "").walk().requests
    assert [command.pod for command in commands(requests, Verb.FOLLOW)] == ["vc-0"]


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, True),
        ({"contact": Contact.UNTRIED}, True),
        ({"contact": Contact.ERROR}, True),
        ({"deleting": True}, True),
        ({"contact": Contact.REFUSED}, False),
        ({"contact": Contact.SILENT, "silent_ms": 10}, False),
        ({"terminated": True}, False),
        ({"address": ""}, False),
    ],
)
def test_only_pods_that_may_answer_are_asked_for_votes(changes: dict[str, Any], asked: bool) -> None:
    others = asked_for_votes(pod(1, following(1)), pod(2, following(2), **changes))
    assert others == (["vc-1", "vc-2"] if asked else ["vc-1"])


def test_a_pod_beyond_the_size_may_hold_the_newest_data_and_is_asked_too() -> None:
    assert asked_for_votes(pod(1, following(1)), pod(7, following(7))) == ["vc-1", "vc-7"]


def test_silence_is_put_to_the_other_pods_and_not_to_the_primary() -> None:
    reads = commands(sent("replica hears it"), Verb.READ)
    assert [(command.pod, command.epoch) for command in reads] == [("vc-1", EPOCH), ("vc-2", EPOCH)]
    assert PATHS["replica hears it"].walk().last.detail == "OperatorIsolated: vc-1 still hear the primary"


@pytest.mark.parametrize(
    ("given", "acts"),
    [
        (answers(answer(1, following(1, last_io_s=9)), answer(2, following(2, link_up=False))), True),
        (answers(answer(1, following(1, last_io_s=9)), answer(2, None, AnswerKind.UNKNOWN)), False),
        (answers(answer(1, None, AnswerKind.UNREACHABLE), answer(2, None, AnswerKind.REFUSED)), False),
        (answers(answer(1, following(1, last_io_s=9)), answer(2, following(2))), False),
        (answers(), False),
    ],
)
def test_silence_counts_only_if_a_quorum_answers_and_none_of_them_hears_the_primary(given: Reply, acts: bool) -> None:
    taken = Path((Seen(record(), SILENT), given), "").walk()
    assert taken.triggers == "silent unheard" if acts else taken.last.phase == Phase.DONE


@pytest.mark.parametrize("name", ["healthy", "error reply", "own loop slept", "replica hears it", "record moved on"])
def test_without_proof_nothing_is_written_and_nobody_is_told(name: str) -> None:
    assert not any(isinstance(request, WRITES) for request in sent(name))
    assert all(command.verb is Verb.READ for r in sent(name) if isinstance(r, Pods) for command in r.commands)


def test_the_first_start_begins_once_every_pod_is_up() -> None:
    fresh = [pod(ordinal, server(ordinal, fence=0, keys=0)) for ordinal in range(3)]
    begun = Path((Seen(Record(), view(*fresh)), cluster(Record())), "").walk()
    (claim,) = (request for request in begun.requests if isinstance(request, PutRecord))
    assert claim.record.epoch == 1
    assert claim.record.intent is not None
    assert claim.record.intent.kind is Kind.BOOTSTRAP
    waiting = Path((Seen(Record(), view(*fresh[:2], pod(2, None, contact=Contact.UNTRIED))),), "").walk()
    assert waiting.last.detail == "WaitingForAllPods"


# --- answers --------------------------------------------------------------------------------------------------------


def test_the_best_vote_is_frozen_and_the_others_are_told_why_not() -> None:
    given = answers(vote(1, offset=1200), vote(2, offset=1100, run_id="new"))
    blocked = Path((*STAMPED, given), "").walk().last
    assert (blocked.phase, blocked.detail) == (Phase.BLOCKED, "TooFewWholePods")
    assert dict(blocked.outcome.operands)["notCounted"] == "vc-2: it was not in sync since it started"
    assert blocked.outcome.result == "Blocked"
    assert blocked.outcome.target == ""


@pytest.mark.parametrize(
    "given",
    [
        answers(answer(1, serving(1, fence=EPOCH))),
        answers(answer(1, server(1, fence=EPOCH + 1))),
        answers(answer(1, serving(1, run_id="new", fence=EPOCH + 1))),
        answers(answer(1, None)),
        answers(answer(1, serving(1, fence=EPOCH + 1, voting=True))),
        answers(answer(1, serving(1, fence=EPOCH + 1), AnswerKind.UNKNOWN)),
    ],
)
def test_a_promotion_counts_only_if_it_reads_back(given: Answers) -> None:
    taken = Path((*STAMPED, VOTES, STORED, given), "").walk()
    assert (taken.last.phase, taken.steps[-1].request) == (Phase.ABANDONED, None)


@pytest.mark.parametrize("given", [Answers(()), answers(vote(1), vote(2)), Unknown()])
def test_one_command_has_one_answer_and_no_other_reply_belongs_to_it(given: Reply) -> None:
    """Whatever becomes of a command, the driver says so in its answer: anything else is a defect, and told as one."""
    with pytest.raises(IllegalTransition, match="in phase 'Promote'"):
        Path((*STAMPED, VOTES, STORED, given), "").walk()


def test_what_a_record_of_this_stage_always_has_is_named_where_it_is_missing() -> None:
    """Nobody goes on with a primary, a failover or a candidate that is not there."""
    with pytest.raises(BugError, match="the failover of epoch 5 is missing"):
        _ = record().under_way
    with pytest.raises(BugError, match="the primary of epoch 0 is missing"):
        _ = Record().acting
    with pytest.raises(BugError, match="the candidate of a failover in stage Fencing is missing"):
        _ = claimed().under_way.chosen


def test_the_record_of_a_promotion_holds_the_replication_id_that_was_read() -> None:
    odd = answers(answer(1, serving(1, replid="random", fence=EPOCH + 1)))
    taken = Path((*STAMPED, VOTES, STORED, odd), "").walk()
    stored = taken.requests[-1]
    assert isinstance(stored, PutRecord)
    assert stored.record.primary is not None
    assert stored.record.primary.replid == "random"
    assert stored.record.histories[-1] == (EPOCH + 1, "random", EPOCH, 1200)


def test_mute_followers_do_not_hold_up_the_service() -> None:
    routed = Path((*TO_ROUTE[:-1], answers(answer(2, None, AnswerKind.UNKNOWN))), "").walk()
    assert routed.requests[-1] == PutService(V("c2"), "vc-1", EPOCH + 1)


@pytest.mark.parametrize("kind", [AnswerKind.ERROR, AnswerKind.OTHER_PROCESS])
def test_a_candidate_that_certainly_did_not_become_primary_is_given_up_once_a_round(kind: AnswerKind) -> None:
    refused = answers(answer(1, None, kind, "ACL SAVE: disk full"))
    taken = Path((*STAMPED, VOTES, STORED, refused), "").walk()
    claim = taken.requests[-1]
    assert isinstance(claim, PutRecord)
    assert claim.record.epoch == EPOCH + 2
    assert claim.record.intent == Intent(Kind.FAILOVER, Stage.FENCING, "CandidateRefused", "", None, "vc-0")
    assert PATHS["promotion refused"].walk().last.phase == Phase.ABANDONED


def test_the_outcome_is_of_the_kind_that_the_frozen_record_has() -> None:
    """Without a whole pod a failover becomes a recovery; a resumed round reads that kind from the record."""
    held = answers(*(vote(n, run_id=f"new{n}", replid=f"x{n}", offset=1, started_s=9) for n in range(3)))
    seen = view(*(pod(n, each.server, started_s=9) for n, each in enumerate(held.answers)))
    last = Path((Seen(claimed(), seen), cluster(claimed()), UNROUTED, CURRENT, held), "").walk().last
    assert last.record.intent.kind is Kind.RECOVERY
    assert last.outcome.kind == Kind.RECOVERY


# --- resuming -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": "uid-new"},
        {"terminated": True},
        {"contact": Contact.REFUSED},
        {"server": server(1, run_id="new")},
    ],
)
def test_a_frozen_candidate_that_is_lost_is_followed_by_the_next_epoch(changes: dict[str, Any]) -> None:
    gone = view(pod(0, None, contact=Contact.REFUSED, refusals=3), pod(1, server(1))._replace(**changes))
    taken = Path((Seen(frozen(), gone), cluster(frozen())), "").walk()
    claim = taken.requests[-1]
    assert isinstance(claim, PutRecord)
    assert claim.record.epoch == EPOCH + 2
    assert claim.record.intent == Intent(Kind.FAILOVER, Stage.FENCING, "CandidateLost", "", None, "vc-0")


def test_a_promoted_primary_that_dies_before_the_end_is_followed_by_the_next_epoch() -> None:
    gone = view(pod(0, server(0)), pod(1, None, contact=Contact.REFUSED, refusals=3), pod(2, server(2)))
    taken = Path((Seen(reconfiguring(), gone), cluster(reconfiguring())), "").walk()
    claim = taken.requests[-1]
    assert isinstance(claim, PutRecord)
    assert claim.record.intent == Intent(
        Kind.FAILOVER, Stage.FENCING, "ConnectionRefused during Failover", "", None, "vc-1"
    )


def test_a_resumed_failover_ends_with_the_rule_that_its_first_process_recorded() -> None:
    finish = PATHS["resume, promoting"].walk().requests[-1]
    assert isinstance(finish, PutRecord)
    assert finish.outcome is not None
    assert finish.outcome[:7] == ("Failover", "Completed", "vc-0", "vc-1", EPOCH + 1, "ConnectionRefused", "Quorum")


def test_evidence_of_another_epoch_is_thrown_away() -> None:
    moved = (claimed(), record(primary=None), record(epoch=9))
    for stored in moved:
        taken = Path((Seen(record(), dead()), cluster(stored)), "").walk()
        assert (taken.triggers, taken.steps[-1].request) == ("act changed", None)


def test_every_state_can_be_compared_and_kept_in_a_set() -> None:
    states = {step.state for path in PATHS.values() for step in path.walk().steps}
    assert len(states) > len(PATHS)
    assert failover.start().state in states
