"""B1-B37: the defects of the original Gungnir, each of which this one does not have. From ``spec/register.py``."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from proofs.claims import Claim
from proofs.claims.places import enclosing, predicates
from spec.mutants.catalogue import named
from spec.register import DEFECTS

EVERY: Final = "spec/test_models.py::test_every_interleaving_holds"
_U: Final = "tests/unit"
_RUNTIME: Final = f"{_U}/runtime"


class _Held(NamedTuple):
    """What holds a defect off beside the models and wrong versions: tests, and places in the code."""

    tests: tuple[str, ...]
    places: tuple[str, ...] = ()


_HELD: Final[dict[int, _Held]] = {
    8: _Held(
        (
            (
                f"{_U}/machines/test_failover_requests.py::"
                "test_a_resumed_failover_ends_with_the_rule_that_its_first_process_recorded"
            ),
        )
    ),
    9: _Held(
        (
            f"{_U}/machines/test_failover_requests.py::test_a_promotion_counts_only_if_it_reads_back",
            f"{_U}/machines/test_selection.py::test_what_is_not_a_vote_says_why",
        )
    ),
    11: _Held(
        (f"{_U}/machines/test_evidence.py::test_a_pod_that_is_gone_is_dead_and_a_cluster_without_a_primary_has_none",)
    ),
    12: _Held((f"{_U}/machines/test_reconcile.py::test_a_refused_object_is_named_and_the_others_go_on",)),
    13: _Held(
        (
            f"{_U}/machines/test_failover_requests.py::test_the_promotion_is_bound_to_the_frozen_process",
            f"{_RUNTIME}/test_cluster_cache.py::test_ownership_is_by_uid_and_controller",
        ),
    ),
    14: _Held(
        (
            "tests/live/shell/test_shell_objects.py::test_two_clusters_of_one_name_have_nothing_in_common",
            (
                f"{_RUNTIME}/test_operator.py::"
                "test_a_cluster_that_is_made_anew_is_watched_by_monitors_that_know_nothing_of_the_former"
            ),
            f"{_RUNTIME}/test_operator.py::test_clusters_of_one_name_have_workers_of_their_own",
        ),
        ("gungnir.runtime.operator:Operator",),
    ),
    15: _Held(
        (
            f"{_RUNTIME}/test_monitors.py::test_absence_counts_anew_after_a_sleep_and_after_another_operator_led",
            f"{_RUNTIME}/test_operator.py::test_who_leads_no_more_watches_nobody",
        ),
        ("gungnir.runtime.monitors:Monitors",),
    ),
    18: _Held((f"{_U}/machines/test_lease.py::test_a_renewal_by_the_other_starts_the_count_anew",)),
    19: _Held(
        (
            f"{_RUNTIME}/test_leadership.py::test_the_first_one_creates_the_lease_and_leads",
            "spec/test_rows.py::test_every_row_is_taken_or_says_why_not",
        ),
        ("gungnir.machines.lease:step",),
    ),
    22: _Held((f"{_RUNTIME}/test_kube.py::test_every_refusal_is_one_of_the_closed_set",)),
    24: _Held(
        (
            f"{_RUNTIME}/test_api_executor.py::test_a_pods_role_is_written_with_the_labels_by_which_services_find_it",
            f"{_RUNTIME}/test_kube.py::test_writes_use_the_right_method_path_and_body",
        ),
        ("gungnir.runtime.kube:Kube",),
    ),
    25: _Held(
        (f"{_U}/test_deploy.py::test_the_operator_runs_under_the_restricted_pod_security_standard",),
        ("gungnir.runtime.kube:Kube",),
    ),
    26: _Held((f"{_U}/machines/test_summary.py::test_a_recorded_primary_that_is_none_is_shown_as_not_serving",)),
    29: _Held(
        (
            "tests/property/test_resp.py::test_any_split_of_any_valid_stream_gives_the_same_values",
            (
                f"{_RUNTIME}/test_valkey_connection.py::"
                "test_a_reset_in_the_middle_may_have_been_carried_out_and_is_told_at_once"
            ),
        ),
        ("gungnir.resp.reader:Reader",),
    ),
    30: _Held(
        (
            f"{_RUNTIME}/test_leadership.py::test_the_first_one_creates_the_lease_and_leads",
            f"{_U}/test_chart.py::test_the_lease_is_named_after_the_release_and_kept_beside_it",
        ),
        ("gungnir.machines.lease:step",),
    ),
    31: _Held(
        (
            f"{_RUNTIME}/test_rights.py::test_every_kind_of_request_has_a_row",
            f"{_U}/test_deploy.py::test_the_operator_has_exactly_the_rights_of_the_table",
            f"{_U}/test_chart.py::test_for_all_namespaces_there_is_a_cluster_role_of_exactly_the_table",
        ),
        ("gungnir.runtime.rights:rights",),
    ),
    32: _Held(
        (
            f"{_U}/test_deploy.py::test_the_operator_runs_under_the_restricted_pod_security_standard",
            f"{_U}/test_chart.py::test_every_operator_runs_under_the_restricted_pod_security_standard",
        ),
        ("gungnir.runtime.roles:main",),
    ),
    33: _Held(
        (
            f"{_RUNTIME}/test_operator.py::test_the_lease_is_given_back_although_a_round_never_ends",
            f"{_RUNTIME}/test_leadership.py::test_the_second_one_leads_as_soon_as_the_first_gave_the_lease_back",
        ),
        ("gungnir.runtime.operator:Operator", "gungnir.runtime.leadership:Leadership"),
    ),
    34: _Held(
        (
            f"{_U}/test_packaging.py::test_every_pin_of_a_lock_has_a_hash",
            f"{_U}/test_packaging.py::test_the_runtime_lock_satisfies_what_the_project_declares",
        ),
        ("gungnir.cli:main",),
    ),
    35: _Held(
        (
            f"{_U}/resources/test_secret.py::test_auth_without_a_password_is_never_open_to_all",
            f"{_RUNTIME}/test_rights.py::test_nothing_may_be_deleted_or_executed_and_no_right_is_over_rights",
            f"{_U}/test_chart.py::test_for_named_namespaces_there_are_roles_only",
        ),
        ("gungnir.resources.secret:secret", "gungnir.runtime.rights:rights"),
    ),
    36: _Held(
        (
            f"{_RUNTIME}/test_queue.py::test_one_hung_key_delays_nobody_else",
            f"{_RUNTIME}/test_schedule.py::test_hung_keys_give_their_places_up",
        ),
        ("gungnir.runtime.queue:WorkQueue",),
    ),
    37: _Held(
        (
            "spec/test_mutants.py::test_the_smoke_subset_is_killed",
            "spec/test_mutants.py::test_a_change_of_nothing_survives",
            "spec/test_register.py::test_an_invariant_is_checked_of_some_quick_model_and_finds_something",
        ),
        ("spec.mutants.runner:run_all",),
    ),
}
"""By number, where no model alone holds the defect off."""


def _claims() -> Iterator[Claim]:
    for number, defect in DEFECTS.items():
        held = _HELD.get(number, _Held(()))
        mutants = [named(name) for name in defect.mutants]
        by = {verdict for mutant in mutants for verdict in mutant.killer.by}
        evaluated = [each.place for each in predicates() if each.name in by and each.place.startswith("spec.")]
        changed = [enclosing(mutant.edits[0]) for mutant in mutants]
        explored = any(mutant.killer.model for mutant in mutants)
        yield Claim(
            f"B{number}",
            f"Not so here: {defect.what}.",
            tuple(dict.fromkeys((*changed, *evaluated, *held.places))),
            " and ".join((*(("exhaustive search",) if explored else ()), *(("tests",) if held.tests else ()))),
            ((EVERY,) if explored else ()) + held.tests,
            defect.mutants,
            ("worlds", "bounds", "search") if explored else ("runtime", "tools"),
            defect.why[:1].lower() + defect.why[1:].rstrip("."),
        )


CLAIMS: Final[tuple[Claim, ...]] = tuple(_claims())
