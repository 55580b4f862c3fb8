"""Whom to start from when no quorum of whole pods voted: each way out, and each refusal."""

from typing import Any

import pytest

from gungnir.machines.facts import Facts
from gungnir.machines.record import Admitted, Candidate, Record
from gungnir.machines.recovery import Consent, Way, way_out
from gungnir.machines.requests import Answer, AnswerKind
from gungnir.machines.selection import count
from gungnir.machines.view import Contact, Life, View
from tests.unit.machines.worlds import EPOCH, FACTS, PRIMARY, answer, claimed, pod, run_id, server, uid, view, vote

FIRST = Record(1)
NOBODY = Consent()

STARTED_S = 1_700_000_000
PROMOTED = PRIMARY._replace(restarts=4)
WIDE = claimed(primary=PROMOTED)


def restarted(ordinal: int, **changes: Any) -> Answer:
    """A pod whose process is another one: not whole, whatever it holds."""
    plain = {"run_id": f"new{ordinal}", "replid": f"random{ordinal}", "offset": 1, "started_s": STARTED_S}
    return vote(ordinal, **{**plain, **changes})


def new(ordinal: int, **changes: Any) -> Answer:
    """A pod at its first start, in epoch 1."""
    return restarted(ordinal, **{"fence": 1, "keys": 0, **changes})


def decide(
    record: Record, *given: Answer, consent: Consent = NOBODY, seen: View | None = None, facts: Facts = FACTS
) -> Way:
    uids = tuple((each.pod, uid(int(each.pod[-1]))) for each in given)
    ballot = count(record, given, uids)
    return way_out(facts, record, ballot, given, uids, consent, view() if seen is None else seen)


def fresh(ordinal: int, run: str, offset: int = 1) -> Candidate:
    return Candidate(f"vc-{ordinal}", uid(ordinal), run, 0, offset)


def test_the_first_start_takes_the_first_pod_once_all_are_there_and_empty() -> None:
    assert decide(FIRST, new(2), new(0), new(1)) == Way(fresh(0, "new0"), "FirstStart")


def test_the_first_start_waits_for_every_pod() -> None:
    assert decide(FIRST, new(0), new(1)) == Way(None, "WaitingForAllPods")
    mute = answer(2, None, AnswerKind.UNKNOWN)
    assert decide(FIRST, new(0), new(1), mute) == Way(None, "WaitingForAllPods")


@pytest.mark.parametrize(
    "changes",
    [{"loading": True}, {"syncing": True}, {"primary": True}, {"link_up": True}, {"fence": 0}, {"voting": False}],
)
def test_a_pod_that_is_not_settled_and_fenced_is_not_there_yet(changes: dict[str, Any]) -> None:
    assert decide(FIRST, new(0), new(1), new(2, **changes)) == Way(None, "WaitingForAllPods")


def test_a_volume_of_an_earlier_life_is_what_the_first_start_starts_from() -> None:
    assert decide(FIRST, new(0), new(1, keys=3), new(2)) == Way(fresh(1, "new1"), "OnePodHoldsData")


def test_several_volumes_with_data_need_a_person() -> None:
    held = (new(0), new(1, keys=900), new(2, keys=1))
    assert decide(FIRST, *held) == Way(None, "SeveralPodsHoldData")
    chosen = decide(FIRST, *held, consent=Consent(recover_from="vc-2@1"))
    assert chosen == Way(fresh(2, "new2"), "RecoverFromRequested")


def test_of_several_volumes_with_data_that_of_the_last_primary_is_taken_once_all_are_there() -> None:
    """Its mark is on the volume; keys and ordinals are no evidence."""
    held = (new(0, keys=900, lives=(Life("a", 5),)), new(1, keys=1, lives=(Life("a", 5, 5),)), new(2))
    assert decide(FIRST, *held) == Way(fresh(1, "new1"), "LastPrimaryKept")
    assert decide(FIRST, *held[:2]) == Way(None, "WaitingForAllPods")
    assert decide(FIRST, *held, consent=Consent(recover_from="vc-0@1")).why == "RecoverFromRequested"


@pytest.mark.parametrize("keys", [0, 900])
def test_a_last_primary_without_data_is_not_promoted_over_data(keys: int) -> None:
    """It may have deleted everything, or lost it."""
    held = (new(0, keys=keys, lives=(Life("a", 5),)), new(1, lives=(Life("a", 5, 5),)), new(2, keys=3))
    lives = new(2, keys=3, lives=(Life("a", 5),))
    assert decide(FIRST, *held[:2], lives) == Way(None, "LastPrimaryIsEmpty")
    unknown = decide(FIRST, *held)
    assert unknown.why == ("SeveralPodsHoldData" if keys else "OnePodHoldsData")


def test_marks_of_kept_volumes_do_not_decide_once_there_was_a_primary() -> None:
    """Then the record does, as far as it goes."""
    all_back = (restarted(0, keys=0), restarted(1, promoted=5, lives=(Life("a", 5, 5),)), restarted(2))
    assert decide(claimed(), *all_back).why == "PrimaryDataMissing"


def test_a_person_can_only_name_a_pod_that_answers() -> None:
    held = (new(0), new(1, keys=9), new(2, keys=1))
    assert decide(FIRST, *held, consent=Consent(recover_from="vc-3@1")).why == "SeveralPodsHoldData"
    consent = Consent(recover_from="vc-2@1")
    assert decide(FIRST, new(0), new(1, keys=9), new(2, loading=True), consent=consent).why == "WaitingForAllPods"


@pytest.mark.parametrize("consent", ["vc-1", "vc-1@5", "vc-1@", "@6", "6", "vc-1@6 ", "vc-1@06", "@"])
def test_a_person_names_a_pod_for_this_epoch_only(consent: str) -> None:
    all_back = (restarted(0, keys=0), restarted(1), restarted(2))
    assert decide(claimed(), *all_back, consent=Consent(recover_from=consent)).why == "PrimaryDataMissing"


def test_after_a_restart_of_everyone_the_recorded_primary_comes_first() -> None:
    all_back = (restarted(0, keys=3), restarted(1, keys=9), restarted(2, keys=9))
    seen = view(*(pod(n, back.server, started_s=STARTED_S) for n, back in enumerate(all_back)))
    assert decide(claimed(), *all_back, seen=seen) == Way(fresh(0, "new0"), "AllPodsRestarted")
    late = seen._replace(pods=(*seen.pods[:2], seen.pods[2]._replace(started_s=STARTED_S - 60)))
    assert decide(claimed(), *all_back, seen=late) == Way(None, "WaitingForTheKubelet")


@pytest.mark.parametrize(
    ("ends_seen", "why"),
    [
        ((False, True, False), "PrimaryMayHaveLostItsTail"),
        ((False, False, False), "AllPodsRestarted"),
        ((True, True, True), "AllPodsRestarted"),
        ((True, False, False), "AllPodsRestarted"),
    ],
    ids=["its-node-alone", "the-whole-rack", "processes-only", "nodes-of-replicas"],
)
def test_a_primary_whose_node_alone_lost_power_does_not_come_first_unasked(
    ends_seen: tuple[bool, ...], why: str
) -> None:
    """Its last second may be gone, while a disk that is known to be whole still holds it."""
    all_back = tuple(restarted(ordinal) for ordinal in range(3))
    seen = view(
        *(
            pod(ordinal, back.server, exit_seen=ends_seen[ordinal], restarts=5, started_s=STARTED_S)
            for ordinal, back in enumerate(all_back)
        )
    )
    assert decide(WIDE, *all_back, seen=seen).why == why
    other_process = WIDE._replace(primary=PROMOTED._replace(restarts=3))
    assert decide(other_process, *all_back, seen=seen).why == (
        "PrimaryMayHaveLostItsTail" if any(ends_seen[1:]) else "AllPodsRestarted"
    )


@pytest.mark.parametrize(
    ("replica", "why"),
    [
        ({"offset": 1}, "AllPodsRestarted"),
        ({"offset": 2}, "PrimaryMayHaveLostItsTail"),
        ({"offset": 1, "keys": 0}, "AllPodsRestarted"),
        # Whoever deleted everything had that confirmed, too.
        ({"offset": 1000, "keys": 0}, "PrimaryMayHaveLostItsTail"),
    ],
)
def test_what_a_replica_confirmed_before_it_was_recorded_is_asked_about(replica: dict[str, Any], why: str) -> None:
    """Its process never ended: it was told to follow, and confirmed a write before anybody recorded it as whole."""
    first, second = restarted(0), restarted(1, replid="random1", **replica)
    back = (first, second, restarted(2, keys=0))
    pods = tuple(pod(n, each.server, exit_seen=False, restarts=5, started_s=STARTED_S) for n, each in enumerate(back))
    assert decide(WIDE, *back, seen=view(*pods)).why == why
    kept = pods[0]._replace(exit_seen=True)
    assert decide(WIDE, *back, seen=view(kept, *pods[1:])).why == "AllPodsRestarted"


def test_a_primary_whose_file_was_not_seen_whole_does_not_come_first_unasked() -> None:
    """It may have started from what it had before its last full copy, whatever the kubelet saw."""
    back = tuple(restarted(ordinal) for ordinal in range(3))
    pods = tuple(pod(n, each.server, exit_seen=True, restarts=5, started_s=STARTED_S) for n, each in enumerate(back))
    unknown = WIDE._replace(primary=PROMOTED._replace(written=False))
    assert decide(unknown, *back, seen=view(*pods)) == Way(None, "PrimaryMayHoldOldData")
    assert decide(unknown, *back, seen=view()) == Way(None, "PrimaryMayHoldOldData")
    named = decide(unknown, *back, seen=view(*pods), consent=Consent(recover_from="vc-0@6"))
    assert named == Way(fresh(0, "new0"), "RecoverFromRequested")
    empty = tuple(restarted(ordinal, keys=0) for ordinal in range(3))
    assert decide(unknown, *empty, seen=view(*pods)).why == "AllPodsEmpty"
    memory = FACTS._replace(persistent=False)
    assert decide(unknown, *back, seen=view(*pods), facts=memory) == Way(None, "PrimaryDataMissing")


def test_without_a_disk_the_recorded_primary_has_no_claim() -> None:
    all_back = (restarted(0, keys=3), restarted(1, keys=9), restarted(2, keys=9))
    memory = FACTS._replace(persistent=False)
    assert decide(claimed(), *all_back, facts=memory) == Way(None, "PrimaryDataMissing")


def test_an_emptied_primary_among_restarted_pods_with_data_needs_a_person() -> None:
    all_back = (restarted(0, keys=0), restarted(1), restarted(2))
    assert decide(claimed(), *all_back) == Way(None, "PrimaryDataMissing")
    assert decide(claimed(), *all_back, consent=Consent(recover_from="vc-1@6")).candidate == fresh(1, "new1")


def test_where_every_pod_is_empty_there_is_nothing_to_lose() -> None:
    all_back = tuple(restarted(ordinal, keys=0) for ordinal in (2, 1, 0))
    assert decide(claimed(), *all_back) == Way(fresh(0, "new0"), "AllPodsEmpty")


def test_an_empty_cluster_with_too_few_whole_pods_starts_anew_too() -> None:
    given = (restarted(0, keys=0), vote(1, keys=0), restarted(2, keys=0))
    assert decide(claimed(), *given).why == "AllPodsEmpty"


def test_one_pod_missing_may_be_the_one_with_the_data() -> None:
    assert decide(claimed(), restarted(0, keys=0), restarted(1, keys=0)) == Way(None, "WaitingForAllPods")


# --- some whole pods, too few ---------------------------------------------------------------------------------------

AGAIN = server(0, run_id="new0", started_s=STARTED_S)


def exited(**changes: Any) -> View:
    """The kubelet saw the promoted process end, and started one since."""
    plain = pod(0, AGAIN, contact=Contact.UP, exit_seen=True, restarts=5, started_s=STARTED_S)
    return view(plain._replace(**changes), pod(1, None), pod(2, None, terminated=True))


EXITED = exited()


def unheard(away_ms: int = 0, **changes: Any) -> View:
    """The same, and one replica does not answer."""
    mute = pod(2, None, **{"contact": Contact.SILENT, "silent_ms": away_ms, **changes})
    return view(*EXITED.pods[:2], mute, away=(("vc-2", away_ms),))


def test_too_few_whole_pods_are_refused() -> None:
    assert decide(WIDE, vote(1)) == Way(None, "TooFewWholePods")
    assert decide(WIDE, vote(1), restarted(2), restarted(0)) == Way(None, "TooFewWholePods")


@pytest.mark.parametrize(("accepted", "why"), [("6", "DataLossAccepted"), ("5", "TooFewWholePods")])
def test_a_person_accepts_the_loss_of_this_epoch_only(accepted: str, why: str) -> None:
    way = decide(WIDE, vote(1, offset=1100), restarted(2), consent=Consent(accept_data_loss=accepted))
    assert way.why == why
    assert way.candidate == (Candidate("vc-1", "uid1", "run1", EPOCH, 1100) if why == "DataLossAccepted" else None)


def test_accepted_loss_needs_a_whole_pod() -> None:
    assert decide(WIDE, restarted(1), consent=Consent(accept_data_loss="6")) == Way(None, "WaitingForAllPods")


def test_the_restarted_primary_comes_back_alone_if_the_kernel_kept_what_it_wrote() -> None:
    assert decide(WIDE, restarted(0), vote(1), seen=EXITED) == Way(fresh(0, "new0"), "PrimaryRestored")


def test_a_primary_whose_file_was_not_seen_whole_does_not_come_back_alone_unasked() -> None:
    unknown = WIDE._replace(primary=PROMOTED._replace(written=False))
    assert decide(unknown, restarted(0), vote(1), seen=EXITED) == Way(None, "PrimaryMayHoldOldData")
    assert decide(unknown, restarted(0), vote(1), seen=exited(exit_seen=False)) == Way(None, "TooFewWholePods")
    accepted = decide(unknown, restarted(0), vote(1), seen=EXITED, consent=Consent(accept_data_loss="6"))
    assert accepted.why == "DataLossAccepted"


@pytest.mark.parametrize(
    "given",
    [
        (),
        (answer(2, None, AnswerKind.UNKNOWN),),
        (answer(2, None, AnswerKind.UNREACHABLE),),
        (answer(2, None, AnswerKind.ERROR),),
    ],
)
def test_a_disk_does_not_replace_the_vote_of_a_replica_that_may_answer_yet(given: tuple[Answer, ...]) -> None:
    here = (restarted(0), vote(1), *given)
    assert decide(WIDE, *here, seen=unheard(FACTS.release_after_ms - 1)) == Way(None, "WaitingForAReplica")
    assert decide(WIDE, *here, seen=unheard(FACTS.release_after_ms)).why == "PrimaryRestored"


@pytest.mark.parametrize(
    "gone",
    [
        unheard(terminated=True),
        unheard(contact=Contact.REFUSED, refusals=FACTS.refusals_for_death),
        unheard(uid="uid-new"),
        unheard(server=server(2, run_id="new2", loading=True)),
        view(*EXITED.pods[:2]),
    ],
)
def test_a_process_that_is_gone_is_not_waited_for(gone: View) -> None:
    assert decide(WIDE, restarted(0), vote(1), seen=gone).why == "PrimaryRestored"


@pytest.mark.parametrize("given", [restarted(2), answer(2, None, AnswerKind.OTHER_PROCESS)])
def test_a_replica_that_answered_and_has_no_vote_is_not_waited_for(given: Answer) -> None:
    assert decide(WIDE, restarted(0), vote(1), given, seen=unheard(contact=Contact.UP)).why == "PrimaryRestored"


def test_a_pod_that_was_only_admitted_may_be_whole_by_now() -> None:
    admitted = WIDE._replace(members=WIDE.members[:2], admitted=(Admitted("vc-2", "uid2", "run2", EPOCH),))
    loads = answer(2, None, AnswerKind.ERROR, "LOADING")
    assert decide(admitted, restarted(0), vote(1), loads, seen=unheard()) == Way(None, "WaitingForAReplica")


def test_no_disk_is_taken_while_a_pod_with_data_does_not_know_where_that_ends() -> None:
    forgot = vote(2, offset=1, forgot=True)
    asked = Way(None, "ReplicaForgotItsPosition")
    assert decide(WIDE, restarted(0), vote(1), forgot, seen=EXITED) == asked
    assert decide(WIDE, restarted(0), vote(1), forgot._replace(server=None), seen=EXITED).why == "PrimaryRestored"
    empty = vote(2, offset=1, forgot=True, keys=0)
    assert decide(WIDE, restarted(0), vote(1), empty, seen=EXITED).why == "PrimaryRestored"
    for keys, why in ((0, "AllPodsRestarted"), (7, "ReplicaForgotItsPosition")):
        third = vote(2, offset=1, forgot=True, keys=keys, started_s=STARTED_S)
        here = (restarted(0), restarted(1), third)
        pods = (pod(n, each.server, exit_seen=True, restarts=5, started_s=STARTED_S) for n, each in enumerate(here))
        assert decide(WIDE, *here, seen=view(*pods)).why == why
    named = Consent(recover_from="vc-2@6")
    assert decide(WIDE, restarted(0), vote(1), forgot, seen=EXITED, consent=named).why == "RecoverFromRequested"


def test_a_person_need_not_wait_for_a_replica_that_may_answer_yet() -> None:
    way = decide(WIDE, restarted(0), vote(1), seen=unheard(), consent=Consent(accept_data_loss="6"))
    assert way.why == "DataLossAccepted"


@pytest.mark.parametrize(
    ("facts", "seen", "given"),
    [
        (FACTS._replace(persistent=False), EXITED, restarted(0)),
        (FACTS, exited(exit_seen=False), restarted(0)),
        (FACTS, exited(uid="uid-new"), restarted(0)),
        (FACTS, exited(restarts=4), restarted(0)),
        (FACTS, exited(restarts=6), restarted(0)),
        (FACTS, exited(server=None), restarted(0)),
        (FACTS, exited(server=AGAIN._replace(run_id="newer0")), restarted(0)),
        (FACTS, exited(started_s=STARTED_S - 4), restarted(0)),
        (FACTS, exited(started_s=STARTED_S + 4), restarted(0)),
        (FACTS, exited(started_s=0), restarted(0)),
        (FACTS, EXITED, restarted(0, started_s=0)),
        (FACTS, view(pod(1, None)), restarted(0)),
        (FACTS, EXITED, restarted(0, keys=0)),
        (FACTS, EXITED, restarted(0, loading=True)),
        (FACTS, EXITED, restarted(0, fence=EPOCH)),
        (FACTS, EXITED, restarted(2)),
    ],
)
def test_the_restarted_primary_is_refused_where_its_disk_is_no_proof(facts: Facts, seen: View, given: Answer) -> None:
    assert decide(WIDE, given, vote(1), seen=seen, facts=facts) == Way(None, "TooFewWholePods")


def test_the_restarted_primary_is_refused_if_nobody_counted_the_restarts_when_it_was_promoted() -> None:
    uncounted = WIDE._replace(primary=PROMOTED._replace(restarts=-1))
    assert decide(uncounted, restarted(0), vote(1), seen=exited(restarts=0)) == Way(None, "TooFewWholePods")


def test_another_pod_object_of_the_primarys_name_is_not_restored() -> None:
    earlier = WIDE._replace(primary=PROMOTED._replace(uid="uid-old"))
    assert decide(earlier, restarted(0), vote(1), seen=EXITED) == Way(None, "TooFewWholePods")


def test_the_restarted_primary_is_refused_if_the_command_went_to_another_pod_object() -> None:
    given = (restarted(0), vote(1))
    uids = (("vc-0", "uid-new"), ("vc-1", uid(1)))
    way = way_out(FACTS, WIDE, count(WIDE, given, uids), given, uids, NOBODY, EXITED)
    assert way == Way(None, "TooFewWholePods")


def test_a_way_out_never_claims_a_history_but_for_a_whole_pod() -> None:
    ways = (
        decide(FIRST, new(0), new(1), new(2)),
        decide(WIDE, restarted(0), vote(1), seen=EXITED),
        decide(WIDE, vote(1), consent=Consent(recover_from="vc-1@6")),
    )
    assert [way.candidate.history for way in ways if way.candidate is not None] == [0, 0, 0]
    assert run_id(1) == ways[2].candidate.run_id if ways[2].candidate else False
