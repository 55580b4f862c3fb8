"""What README promises, row by row: the text of a claim is that of the row."""

from typing import Final

from proofs.claims import Claim
from proofs.claims.places import searched

LIVE: Final = "tests/live/failover"
EVERY: Final = "spec/test_models.py::test_every_interleaving_holds"
_LIVED: Final = ("worlds", "valkey", "runtime", "samples", "bounds", "search")

CLAIMS: Final[tuple[Claim, ...]] = (
    Claim(
        "one pod behind the Service",
        "At most one pod is behind the client Service, from the first second",
        (
            "spec.invariants:service_consistency",
            "gungnir.machines.safety:service_consistency",
            "gungnir.resources.client_service:with_primary",
        ),
        f"{searched('serviceConsistency')}; live, the Service sampled through failovers",
        (
            EVERY,
            f"{LIVE}/test_services.py::test_the_client_service_leads_to_the_primary_only_from_the_first_second_on",
            f"{LIVE}/test_services.py::test_the_client_service_never_leads_to_two_pods_or_to_a_replica",
        ),
        ("the client Service selects every pod", "the former primary is routed", "a failover keeps the epoch"),
        (*_LIVED, "api-server"),
    ),
    Claim(
        "acknowledged writes survive",
        "A write acknowledged by `WAIT 1` survives any single fault (`durability: required`, the default)",
        (
            "spec.invariants:no_acked_write_lost",
            "gungnir.machines.selection:elect",
            "gungnir.machines.selection:votes_needed",
            "proofs.parametric.safety:SAFETY",
        ),
        (
            f"{searched('noAckedWriteLost')}; z3 for any number of pods, epochs and writes; live with a "
            "ledger of every write"
        ),
        (
            EVERY,
            "proofs/parametric/test_proof.py::test_the_invariant_implies_what_is_promised",
            f"{LIVE}/test_data_safety.py::test_a_replica_in_the_middle_of_a_full_sync_is_not_promoted",
            f"{LIVE}/test_process_faults.py::test_a_primary_that_comes_back_empty_takes_nobodys_data_away",
            f"{LIVE}/test_silence.py::test_a_frozen_primary_is_replaced_and_is_replica_when_it_wakes",
        ),
        (
            "the shorter offset wins",
            "P1: a replica of an older epoch attaches",
            "P2: the larger offset wins, whatever its history",
            "P3: a restart forgets the fence",
            "P4: a pod that was not whole since it started votes",
            "a pod that forgot where its data ends votes",
        ),
        (*_LIVED, "disk", "faults", "any-N", "any-N gaps"),
    ),
    Claim(
        "death is proof, silence waits",
        "A process that dies is replaced at once, a frozen one after `downAfterMs`",
        ("gungnir.machines.evidence:primary_health", "spec.invariants:no_double_failover"),
        "CrossHair, for all counts and times; live, with figures of the bench in README",
        (
            "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[evidence]",
            "tests/unit/machines/test_evidence.py::test_the_thresholds_are_those_of_the_spec",
            f"{LIVE}/test_process_faults.py::test_six_failovers_in_a_row_are_each_as_fast_as_the_first",
            f"{LIVE}/test_silence.py::test_a_frozen_primary_is_replaced_and_is_replica_when_it_wakes",
            f"{LIVE}/test_silence.py::test_a_stall_shorter_than_down_after_is_no_reason_to_fail_over",
        ),
        ("silence counts one millisecond late", "one refusal is death", "a terminated container is waited for"),
        ("numbers", "runtime", "samples"),
    ),
    Claim(
        "empty pods are never promoted",
        "An empty, foreign or half-synced pod is never promoted, and never followed while data is known",
        (
            "spec.invariants:no_empty_master_promoted",
            "spec.invariants:boot_never_self_promotes",
            "gungnir.machines.selection:why_not",
            "gungnir.machines.recovery:way_out",
        ),
        f"{searched('noEmptyMasterPromoted')}; live",
        (
            EVERY,
            f"{LIVE}/test_process_faults.py::test_a_primary_that_comes_back_empty_takes_nobodys_data_away",
            f"{LIVE}/test_data_safety.py::test_a_replica_that_lost_its_volume_never_wins_over_one_with_data",
            f"{LIVE}/test_data_safety.py::test_an_old_snapshot_on_the_volume_is_not_adopted",
            f"{LIVE}/test_data_safety.py::test_a_replica_in_the_middle_of_a_full_sync_is_not_promoted",
        ),
        ("a disk is taken for whole data", "variant G: an empty primary", "a pod that is loading votes"),
        (*_LIVED, "disk", "faults"),
    ),
    Claim(
        "a handover loses nothing",
        "A planned switchover loses nothing",
        (
            "spec.models.promises:handover_holds_writes",
            "spec.models.promises:level_before_vote",
            "spec.invariants:handed_over_as_asked",
        ),
        f"{searched('handoverHoldsWrites')}; {searched('handedOverAsAsked')}; live, counted write by write",
        (
            EVERY,
            f"{LIVE}/test_services.py::test_a_planned_switchover_loses_nothing_at_all",
            f"{LIVE}/test_services.py::test_a_switchover_to_a_pod_that_is_not_in_sync_is_refused_and_costs_nothing",
        ),
        ("a handover asks for votes while clients write", "a target one byte behind is level"),
        _LIVED,
    ),
    Claim(
        "a scale-down hands over first",
        "A scale-down takes neither the primary nor the last copies",
        (
            "spec.invariants:goes_only_if_too_many",
            "spec.models.promises:goes_only_if_too_many",
            "gungnir.machines.scale_down:pods_to_run",
        ),
        f"{searched('goesOnlyIfTooMany')}; it goes on in every weakly fair run; live, write by write",
        (
            EVERY,
            "spec/test_scale_down.py::test_the_role_moves_and_the_scale_down_goes_on",
            "tests/unit/machines/test_scale_down.py::test_pods_go_only_when_enough_copies_stay",
            f"{LIVE}/test_scale_down.py::test_the_role_is_handed_over_and_then_the_pods_go",
            f"{LIVE}/test_scale_down.py::test_it_waits_for_somebody_who_can_take_over_and_then_for_enough_copies",
            f"{LIVE}/test_scale_down.py::test_a_persons_request_comes_first",
        ),
        (
            "a handover is asked for of a primary that stays",
            "a handover is asked for over a request of a person",
            "a request for another epoch is carried out",
            "the last copies go",
        ),
        _LIVED,
    ),
    Claim(
        "the operator may be down",
        "Operator down: the data path is untouched. Back: it finishes what was begun",
        ("spec.invariants:failover_intent_durable", "gungnir.machines.record:Record"),
        f"{searched('failoverIntentDurable')}; an end after every 7th request of a deployment and of failovers",
        (
            EVERY,
            "spec/test_liveness.py::test_everything_gets_well_in_the_end",
            "tests/crash/test_operator_crashes.py::test_a_failover_survives_a_crash_at_every_exchange",
            "tests/crash/test_operator_crashes.py::test_a_first_deployment_survives_a_crash_at_every_exchange",
            f"{LIVE}/test_data_safety.py::test_replicas_keep_their_data_while_the_operator_is_away",
        ),
        (
            "the candidate is not stored",
            "a failover never ends",
            (
                "test spec/test_liveness.py::test_what_is_wrong_only_in_the_long_run_is_found"
                "[a failover that was left behind is not resumed]"
            ),
        ),
        (*_LIVED, "api-server", "fairness"),
    ),
    Claim(
        "no lease, no effect",
        "An operator that lost its lease, or slept through it, changes nothing",
        (
            "spec.models.lease:partition_safety",
            "spec.invariants:no_zombie_effect",
            "gungnir.machines.lease:leads",
            "gungnir.runtime.driver:Driver",
        ),
        f"{searched('noZombieEffect')}; {searched('partitionSafety')}; CrossHair and z3 for all times; live",
        (
            EVERY,
            "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[lease]",
            "tests/unit/runtime/test_driver.py::test_a_lease_lost_after_any_request_ends_the_round_before_the_next",
            f"{LIVE}/test_operator_faults.py::test_a_leader_that_slept_through_its_lease_changes_nothing",
            (
                "tests/live/fence/test_fence_on_real_servers.py::"
                "test_raising_the_fence_cuts_the_former_operator_and_its_link_and_keeps_the_data"
            ),
        ),
        (
            "a command of an ended epoch has an effect",
            "the lead has no end",
            "requests are sent without the lease",
            "a stalled operator acts",
        ),
        (*_LIVED, "api-server", "clocks"),
    ),
    Claim(
        "a lost replica is released",
        "A replica that is gone for good does not stand in the way",
        (
            "gungnir.machines.electorate:lost",
            "gungnir.machines.electorate:forgotten",
            "spec.invariants:followers_counted",
        ),
        (
            f"{searched('followersCounted')}; z3: leaving out and forgetting keep the invariant for any "
            "number of pods; live"
        ),
        (
            EVERY,
            "proofs/parametric/test_proof.py::test_an_action_keeps_the_invariant[forget]",
            f"{LIVE}/test_replica_loss.py::test_two_of_three_fail_over_when_one_never_starts_again",
            f"{LIVE}/test_replica_loss.py::test_a_replica_that_lives_on_somewhere_is_released_and_returns",
            f"{LIVE}/test_scale.py::test_two_of_five_that_are_lost_at_once_are_released_together",
        ),
        (
            "a replica is forgotten before the others hold what it held",
            "a replica is left out in the middle of an epoch",
            "a replica that was away for a moment is taken for lost",
        ),
        (*_LIVED, "any-N"),
    ),
    Claim(
        "steady state writes nothing",
        "Steady state writes nothing",
        ("spec.models.reconcile:no_idle_write", "gungnir.resources.drift:merge_owned"),
        f"{searched('noIdleWrite')}; Hypothesis on what drifts; live, the API server's own count",
        (
            EVERY,
            "tests/property/test_resources_drift.py::test_writing_the_merge_ends_the_drift",
            "tests/unit/machines/test_reconcile.py::test_a_steady_state_writes_no_object",
            f"{LIVE}/test_services.py::test_in_a_steady_state_nothing_is_written_to_the_api_server",
        ),
        ("every object is written every round", "an object that is being deleted is written"),
        ("worlds", "runtime", "samples", "bounds", "search"),
    ),
)
"""In README's order."""
