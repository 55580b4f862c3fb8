"""The changes that a failover makes to the durable record."""

import pytest

from gungnir.machines import epochs
from gungnir.machines.evidence import Health, Verdict
from gungnir.machines.record import (
    KEPT_HISTORIES,
    Candidate,
    Electorate,
    History,
    Intent,
    Kind,
    Member,
    Primary,
    Record,
    Stage,
)
from gungnir.machines.selection import Ballot, Vote
from tests.unit.machines.worlds import CANDIDATE, EPOCH, FACTS, MEMBERS, claimed, frozen, reconfiguring, record

FRESH = Candidate("vc-1", "uid1", "new1", 0, 77)


def test_a_claim_begins_the_next_epoch_and_keeps_who_was_primary() -> None:
    after = epochs.claim(record(), FACTS, Kind.FAILOVER, "PodGone", "")
    assert after.epoch == EPOCH + 1
    assert after.intent == Intent(Kind.FAILOVER, Stage.FENCING, "PodGone", "", None, "vc-0")
    assert (after.primary, after.histories, after.members) == (record().primary, record().histories, MEMBERS)


def test_the_first_claim_fixes_the_electorate_and_later_ones_do_not_change_it() -> None:
    assert epochs.claim(Record(), FACTS, Kind.BOOTSTRAP, "x", "").electorate == Electorate(3, 1)
    wider = FACTS._replace(size=5, acks=2)
    assert epochs.claim(record(), wider, Kind.FAILOVER, "x", "").electorate == Electorate(3, 1)


def test_a_freeze_stores_the_candidate_and_the_rule() -> None:
    after = epochs.freeze(claimed(), CANDIDATE, "Quorum")
    assert after.intent == Intent(Kind.FAILOVER, Stage.PROMOTING, "ConnectionRefused", "", CANDIDATE, "vc-0", "Quorum")
    assert after._replace(intent=None) == claimed()._replace(intent=None)


@pytest.mark.parametrize(
    ("kind", "candidate", "frozen_as"),
    [
        (Kind.FAILOVER, CANDIDATE, Kind.FAILOVER),
        (Kind.FAILOVER, FRESH, Kind.RECOVERY),
        (Kind.SWITCHOVER, FRESH, Kind.RECOVERY),
        (Kind.BOOTSTRAP, FRESH, Kind.BOOTSTRAP),
    ],
)
def test_a_candidate_without_a_history_makes_it_a_recovery_but_at_the_first_start(
    kind: Kind, candidate: Candidate, frozen_as: Kind
) -> None:
    intent = epochs.freeze(claimed(kind), candidate, "x").intent
    assert intent is not None
    assert intent.kind is frozen_as


def test_nothing_is_frozen_or_promoted_without_an_intent() -> None:
    with pytest.raises(ValueError, match="freeze: no failover is under way"):
        epochs.freeze(record(), CANDIDATE, "Quorum")
    with pytest.raises(ValueError, match="promoted: no failover is under way"):
        epochs.promoted(record(), FACTS, CANDIDATE, "r6", 2)


def test_a_promotion_continues_the_candidates_history_at_its_offset() -> None:
    after = epochs.promoted(frozen(), FACTS, CANDIDATE, "r6", 2)
    assert after.primary == Primary("vc-1", "uid1", "run1", "r6", EPOCH + 1, 2)
    assert after.histories == (*record().histories, History(EPOCH + 1, "r6", EPOCH, 1000))
    assert after.members == MEMBERS
    assert after._replace(primary=None) == reconfiguring(primary=None)


def test_that_a_primarys_file_is_whole_is_known_only_once_it_said_so() -> None:
    """And of its own promotion only: the next primary's file is another one."""
    unknown = epochs.promoted(frozen(), FACTS, CANDIDATE, "r6", 2)
    whole = epochs.promoted(frozen(), FACTS, CANDIDATE, "r6", 2, written=True)
    assert whole.primary == Primary("vc-1", "uid1", "run1", "r6", EPOCH + 1, 2, written=True)
    assert not unknown.acting.written
    assert epochs.on_disk(unknown) == whole
    assert epochs.counted(epochs.renamed(whole, "r6b"), 3).acting.written
    later = epochs.promoted(
        epochs.freeze(claimed(primary=whole.primary), CANDIDATE, "Quorum"), FACTS, CANDIDATE, "r7", 2
    )
    assert not later.acting.written
    with pytest.raises(ValueError, match="on_disk: there is no primary"):
        epochs.on_disk(Record())


def test_a_promotion_out_of_no_history_begins_anew_and_nobody_elses_data_counts() -> None:
    wide = FACTS._replace(size=5, acks=2)
    after = epochs.promoted(frozen(FRESH), wide, FRESH, "r6", 2)
    assert after.histories == (History(EPOCH + 1, "r6", 0, 0),)
    assert after.members == (Member("vc-1", "uid1", "new1"),)
    assert after.electorate == Electorate(5, 2)
    assert [member.pod for member in after.admitted] == ["vc-0", "vc-2", "vc-3", "vc-4"]


def test_a_promoted_process_replaces_the_members_entry_of_its_pod() -> None:
    restarted = CANDIDATE._replace(run_id="run1b")
    after = epochs.promoted(frozen(restarted), FACTS, restarted, "r6", 2)
    assert [member for member in after.members if member.pod == "vc-1"] == [Member("vc-1", "uid1", "run1b")]
    assert after.members == tuple(sorted(after.members))


def test_only_the_last_histories_are_kept_and_in_order() -> None:
    many = tuple(History(epoch, f"h{epoch}", epoch - 1, epoch) for epoch in range(1, 40))
    before = frozen(CANDIDATE._replace(history=39), epoch=40, histories=many)
    after = epochs.promoted(before, FACTS, CANDIDATE._replace(history=39), "r40", 2)
    assert [h.epoch for h in after.histories] == list(range(41 - KEPT_HISTORIES, 41))
    assert after.histories[-1] == History(40, "r40", 39, 1000)


def test_storing_a_promotion_twice_changes_nothing() -> None:
    once = epochs.promoted(frozen(), FACTS, CANDIDATE, "r6", 2)
    assert epochs.promoted(once, FACTS, CANDIDATE, "r6", 2) == once


def test_a_renamed_history_is_the_primarys_own_and_keeps_its_place() -> None:
    before = reconfiguring(intent=None)
    after = epochs.renamed(before, "r6b")
    assert after.primary is not None
    assert after.primary.replid == "r6b"
    assert after.histories == (before.histories[0], History(EPOCH + 1, "r6b", EPOCH, 1000))
    with pytest.raises(ValueError, match="renamed: there is no primary"):
        epochs.renamed(Record(), "r1")


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"members": ()}, True),
        ({"electorate": Electorate(5, 1)}, True),
        ({"epoch": EPOCH + 1}, False),
        ({"primary": None}, False),
        ({"intent": claimed().intent}, False),
    ],
)
def test_evidence_speaks_about_one_epoch_primary_and_intent(changed: dict[str, object], same: bool) -> None:
    after = record()._replace(**changed)  # type: ignore[arg-type]  # the test names fields of Record
    assert epochs.same_evidence(record(), after) is same


def test_an_outcome_shows_every_operand_of_the_inequality() -> None:
    ballot = Ballot((Vote("vc-1", "uid1", "run1", 5, 1000, 100),), (("vc-2", "it is loading"),))
    verdict = Verdict(Health.DEAD, "ConnectionRefused", (("refusals", "3"),))
    told = epochs.outcome(claimed(), CANDIDATE, ballot, verdict, "Quorum")
    assert told.operands == (
        ("refusals", "3"),
        ("votes", "vc-1=5:1000"),
        ("notCounted", "vc-2: it is loading"),
        ("votesCounted", "1"),
        ("votesNeeded", "2"),
        ("electorate", "3 pods, 1 acks"),
    )
    assert told[:7] == ("Failover", "Chosen", "vc-0", "vc-1", EPOCH + 1, "ConnectionRefused", "Quorum")


def test_an_outcome_without_a_candidate_or_an_intent_leaves_their_names_empty() -> None:
    told = epochs.outcome(record(), None, Ballot((), ()), Verdict(Health.DEAD, "x"), "TooFewWholePods")
    assert (told.kind, told.source, told.target, told.reason) == ("", "", "", "")
    assert all(value for _, value in told.operands)


def test_a_failover_that_another_process_began_tells_what_the_record_knows() -> None:
    told = epochs.resumed_outcome(reconfiguring(), Verdict(Health.HEALTHY, "Answers"))
    assert told[:7] == ("Failover", "Completed", "vc-0", "vc-1", EPOCH + 1, "ConnectionRefused", "Quorum")


def test_a_planned_failover_that_came_back_is_aborted() -> None:
    back = reconfiguring(intent=Intent(Kind.SWITCHOVER, Stage.RECONFIGURING, "Requested", "vc-2", None, "vc-1"))
    assert epochs.result_of(back, "TargetTooSlow") == "Aborted: TargetTooSlow"
    assert epochs.result_of(back, "") == "Aborted: the old primary held the most data"
    away = reconfiguring(intent=Intent(Kind.SWITCHOVER, Stage.RECONFIGURING, "Requested", "vc-1", None, "vc-0"))
    assert epochs.result_of(away, "") == "Completed"
    unplanned = reconfiguring(intent=Intent(Kind.FAILOVER, Stage.RECONFIGURING, "PodGone", "", None, "vc-1"))
    assert epochs.result_of(unplanned, "") == "Completed"
