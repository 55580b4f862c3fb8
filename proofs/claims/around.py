"""What surrounds the decisions, and rests on unit tests and Hypothesis: settings, wire, queue, rights, tables."""

from typing import Final

from proofs.claims import Claim

_U: Final = "tests/unit"
_CODE: Final = ("tools",)

CLAIMS: Final[tuple[Claim, ...]] = (
    Claim(
        "settings are what was given",
        (
            "Every setting has a default, and is reached by its flag (`--k v`, `--k=v`) and its "
            "variable, in this order of force"
        ),
        ("gungnir.runtime.settings:load_settings", "gungnir.runtime.settings_table:parse_flags"),
        "table test over every setting",
        (
            f"{_U}/runtime/test_settings.py::test_flags_win_over_environment_over_defaults",
            f"{_U}/runtime/test_settings.py::test_every_setting_is_reached_by_flag_and_environment",
            f"{_U}/runtime/test_settings.py::test_flags_are_read_in_every_spelling",
        ),
        ("the environment wins over flags", "a flag with an equals sign takes the next word"),
        _CODE,
    ),
    Claim(
        "wrong settings are errors",
        "An unknown flag, a wrong value, or settings that contradict each other end the start, each named with the fix",
        ("gungnir.runtime.settings:load_settings", "gungnir.runtime.settings:Settings"),
        "table test of wrong settings",
        (
            f"{_U}/runtime/test_settings.py::test_wrong_flags_are_named_all_at_once",
            f"{_U}/runtime/test_settings.py::test_an_unknown_setting_is_named_with_what_may_be_meant",
            f"{_U}/runtime/test_settings.py::test_settings_that_contradict_each_other_are_named_both",
        ),
        ("an unknown flag is passed over", "a leader may act as long as the Lease lasts"),
        _CODE,
    ),
    Claim(
        "RESP is read back",
        (
            "What was written in RESP is read back, however the stream is cut; what is no RESP is an "
            "error, in bounded memory"
        ),
        ("gungnir.resp.reader:Reader", "gungnir.resp.writer:encode_command"),
        "Hypothesis over any value and any cut; lengths for all numbers by CrossHair",
        (
            "tests/property/test_resp.py::test_any_split_of_any_valid_stream_gives_the_same_values",
            "tests/property/test_resp.py::test_what_was_read_can_be_written_and_read_again",
            "tests/property/test_resp.py::test_any_bytes_give_the_same_values_or_the_same_error_however_they_are_cut",
            "tests/property/test_resp.py::test_memory_is_bounded_whatever_is_sent",
            "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[wire]",
        ),
        ("a string is taken before its end has arrived", "law blob_is_read_back", "law command_is_as_long_as_it_says"),
        ("tools", "numbers"),
    ),
    Claim(
        "INFO is read or refused",
        (
            "A text of INFO is a view, or an error that names the field; roles, links and offsets are "
            "those of recorded servers"
        ),
        ("gungnir.resp.view:parse_server_view", "gungnir.resp.info:parse_info"),
        "recorded texts of real servers; Hypothesis on wrong fields",
        (
            f"{_U}/resp/test_view.py::test_every_recorded_text_has_a_view",
            f"{_U}/resp/test_view.py::test_a_missing_field_is_an_error_that_names_it",
            (
                "tests/property/test_resp.py::"
                "test_a_real_info_with_wrong_fields_is_a_view_or_an_error_that_names_one_of_them"
            ),
        ),
        ("a role that is neither is that of a replica",),
        ("valkey", "tools"),
    ),
    Claim(
        "answers belong to their commands",
        "Each answer of a connection is that of the command it belongs to, or the connection ends",
        ("gungnir.runtime.valkey.connection:Connection",),
        "unit tests against a server that answers late, cut, unasked or with garbage",
        (
            f"{_U}/runtime/test_valkey_connection.py::test_answers_come_in_the_order_of_the_commands",
            f"{_U}/runtime/test_valkey_connection.py::test_pushes_are_no_answers",
            (
                f"{_U}/runtime/test_valkey_connection.py::"
                "test_no_answer_closes_the_connection_so_that_a_late_one_is_not_taken_for_another"
            ),
            (
                f"{_U}/runtime/test_valkey_connection.py::"
                "test_a_reset_in_the_middle_may_have_been_carried_out_and_is_told_at_once"
            ),
        ),
        ("a push is taken for an answer",),
        ("runtime", "tools"),
    ),
    Claim(
        "clusters do not wait for each other",
        "A cluster whose work hangs delays no other, and a suspected failure waits for no place",
        ("gungnir.runtime.schedule:Schedule", "gungnir.runtime.queue:WorkQueue"),
        "unit and stateful tests of the schedule",
        (
            f"{_U}/runtime/test_queue.py::test_one_hung_key_delays_nobody_else",
            f"{_U}/runtime/test_schedule.py::test_urgent_work_overtakes_and_needs_no_place",
            f"{_U}/runtime/test_schedule.py::test_no_key_runs_twice_none_is_lost_and_the_limit_holds",
        ),
        ("urgent work waits for a place", "a round that hangs keeps its place"),
        ("runtime", "tools"),
    ),
    Claim(
        "steps are rows of the table",
        "Every step that runs is a row of its machine's table, checked while it runs; the diagram shows the same rows",
        ("gungnir.machines.kernel:Machine", "gungnir.runtime.driver:Driver"),
        (
            "each row taken by a quick model or listed with the reason; Hypothesis on any view; the "
            "driver counts and stops"
        ),
        (
            "spec/test_rows.py::test_every_row_is_taken_or_says_why_not",
            "spec/test_failover.py::test_only_rows_of_the_tables_are_taken",
            f"{_U}/machines/test_tables.py::test_every_reply_in_every_phase_is_a_row_of_the_table_or_illegal",
            f"{_U}/machines/test_tables.py::test_the_diagram_has_exactly_the_rows_of_the_table",
            f"{_U}/runtime/test_driver.py::test_a_step_that_the_table_does_not_list_stops_the_round_and_is_counted",
            "tests/property/test_machines.py::test_a_failover_stays_on_its_table_and_promotes_only_what_it_froze",
        ),
        ("a step outside the table goes on",),
        ("runtime", "bounds"),
    ),
    Claim(
        "terminal is terminal",
        "A round that is over asks for nothing and takes no reply; one that is not waits for exactly one",
        ("spec.models.promises:reconcile_step_valid", "gungnir.machines.kernel:handler_of"),
        "every phase of every table, and every reply to each machine alone",
        (
            f"{_U}/machines/test_tables.py::test_a_reply_after_the_end_of_a_round_is_illegal_and_says_where",
            f"{_U}/machines/test_tables.py::test_every_phase_is_reached_and_leads_to_an_end",
            "spec/test_models.py::test_every_interleaving_holds[alone: failover]",
            "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[steps]",
        ),
        ("law reconcile_ends_for_good", "law switchover_takes_every_reply"),
        ("bounds", "search", "numbers"),
    ),
    Claim(
        "rounds are bounded",
        "A round ends within a bounded number of steps, and one that does not is stopped as a bug",
        ("spec.models.promises:rounds_end", "gungnir.machines.reconcile:rank", "gungnir.runtime.driver:Driver"),
        "CrossHair: the rank of a reconcile round falls with each step; every reply to each machine alone",
        (
            "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[steps]",
            "spec/test_models.py::test_every_interleaving_holds[alone: failover]",
            "spec/test_models.py::test_every_interleaving_holds[alone: repair]",
            f"{_U}/machines/test_reconcile.py::test_the_rank_falls_with_every_step_and_is_zero_at_the_end",
            f"{_U}/runtime/test_driver.py::test_a_round_without_an_end_is_a_bug_and_ends",
        ),
        ("law a_reconcile_round_comes_to_its_end", "a slow target is waited for without end"),
        ("numbers", "bounds", "runtime"),
    ),
    Claim(
        "rights are those of the table",
        "The operator asks for the rights that its requests need, and for no others; it may delete and execute nothing",
        ("gungnir.runtime.rights:rights", "gungnir.runtime.rights:rules"),
        "every kind of request has a row; roles of kustomize and the chart are made of it",
        (
            f"{_U}/runtime/test_rights.py::test_every_kind_of_request_has_a_row",
            f"{_U}/runtime/test_rights.py::test_nothing_may_be_deleted_or_executed_and_no_right_is_over_rights",
            f"{_U}/test_deploy.py::test_the_operator_has_exactly_the_rights_of_the_table",
            f"{_U}/test_chart.py::test_for_all_namespaces_there_is_a_cluster_role_of_exactly_the_table",
        ),
        ("the operator may delete what it owns",),
        ("api-server", "samples"),
    ),
    Claim(
        "stored records come back",
        "A record that is stored in `.status` is read back as it was, and a stage of a newer release is refused",
        ("gungnir.runtime.record_codec:record_of", "gungnir.runtime.record_codec:wire_of"),
        "Hypothesis over any record",
        (
            "tests/property/test_machines_record.py::test_a_record_comes_back_as_it_was",
            "tests/property/test_machines_record.py::test_what_is_stored_is_what_the_schema_knows_and_holds_the_record",
            f"{_U}/runtime/test_record_codec.py::test_a_stage_of_a_newer_release_is_refused_and_not_guessed",
        ),
        ("a stored record loses who is left out",),
        ("runtime", "tools"),
    ),
    Claim(
        "liveness is checked by a checker that can fail",
        "What must happen is looked for in the whole graph under weak fairness, and the checker finds what never does",
        ("spec.liveness:leads_to", "spec.liveness:eventually_always"),
        "graphs whose answers are known; wrong versions that fail only in the long run",
        (
            "spec/test_liveness.py::test_a_loop_that_keeps_a_fair_action_waiting_for_ever_is_not_fair",
            "spec/test_liveness.py::test_a_run_may_end_where_nothing_fair_can_move",
            "spec/test_liveness.py::test_to_hold_for_ever_is_more_than_to_hold_again_and_again",
            "spec/test_liveness.py::test_a_graph_that_was_cut_short_proves_nothing",
        ),
        (
            (
                "test spec/test_liveness.py::test_what_is_wrong_only_in_the_long_run_is_found"
                "[a replica that finds no way to its primary is not told again]"
            ),
        ),
        ("search", "fairness"),
    ),
    Claim(
        "a trace is a run of the machines",
        (
            "Every step of a run of the operator is taken again by the same functions, on observations that the models "
            "reach, and an edited line is refused"
        ),
        ("spec.replay:replay", "spec.observations:unknown", "spec.observed:aspects"),
        "every operator of the live suite, the demo, and a recorded failover; what the models leave out is listed",
        (
            "spec/test_replay.py::test_a_trace_of_the_running_operator_is_what_the_machines_do",
            "spec/test_observations.py::test_what_small_models_observe_is_in_the_file",
            (
                "tests/live/failover/test_trace_replays.py::"
                "test_every_step_of_a_start_and_a_failover_is_one_of_the_machines"
            ),
        ),
        (
            "test spec/test_replay.py::test_an_edited_trace_is_refused_at_the_line",
            "test spec/test_replay.py::test_a_trace_without_one_of_its_lines_is_refused",
            "test spec/test_replay.py::test_a_trace_with_two_steps_swapped_is_refused",
            "test spec/test_replay.py::test_a_changed_request_is_refused",
            "test spec/test_replay.py::test_a_changed_observation_is_refused",
        ),
        ("runtime", "samples"),
    ),
    Claim(
        "evidence of its own kind",
        "An error, a doubt, a silence and a death are told apart: an error is never an offset of 0, and never success",
        ("gungnir.machines.evidence:primary_health", "gungnir.machines.selection:why_not"),
        "CrossHair, for all counts and times; table test of each kind",
        (
            f"{_U}/machines/test_evidence.py::test_each_kind_of_evidence",
            f"{_U}/machines/test_selection.py::test_what_is_not_a_vote_says_why",
            "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[evidence]",
            "proofs/test_laws.py::test_every_law_is_confirmed_over_all_paths[voting]",
        ),
        ("an error reply is death", "a pod that is loading votes", "law an_error_is_doubt"),
        ("numbers", "valkey"),
    ),
    Claim(
        "the choice is one of the votes",
        (
            "There is a choice exactly if there are enough votes, it is one of them, and the order of "
            "answers does not matter"
        ),
        ("gungnir.machines.selection:elect", "gungnir.machines.selection:best"),
        "z3 for lists of any length; Hypothesis over any votes",
        (
            "tests/property/test_machines.py::test_the_best_is_the_same_in_any_order_and_better_than_all_others",
            "tests/property/test_machines.py::test_whoever_is_elected_was_elected_by_enough",
            "proofs/test_unbounded.py::test_a_claim_without_bound_is_proved[fold]",
            f"{_U}/machines/test_selection.py::test_nobody_is_elected_by_fewer_votes_than_needed",
        ),
        ("the worst vote wins", "any number of votes is enough", "proof fold"),
        ("numbers",),
    ),
    Claim(
        "kept volumes begin with the newest data",
        (
            "A cluster made anew on kept volumes begins with the pod that was primary last, whichever "
            "starts first, or asks a person; nothing that was confirmed is lost"
        ),
        ("gungnir.machines.kept:last_primary", "spec.invariants:no_acked_write_lost"),
        "exhaustive search of the models `kept`; table test of each doubt; live with a ledger of every write",
        (
            "spec/test_models.py::test_every_interleaving_holds[kept: at any step of a failover]",
            "spec/test_models.py::test_every_interleaving_holds[kept: the volume of the last primary is lost]",
            f"{_U}/machines/test_kept.py::test_nobody_is_named_where_the_newest_promotion_is_not_among_them",
            (
                "tests/live/failover/test_kept_volumes.py"
                "::test_a_cluster_made_anew_begins_with_the_pod_that_was_primary_last"
            ),
        ),
        (
            "an older promotion is taken where the newest one is not among the volumes",
            "any marked pod is the last primary",
            "a primary whose file is being written is marked",
        ),
        ("worlds", "valkey", "disk", "bounds", "search"),
    ),
    Claim(
        "a disk counts once it holds the copy",
        (
            "A primary that starts anew comes first, or comes back alone, only if its file was seen to hold "
            "the full copy that it had taken; else a person decides"
        ),
        ("gungnir.machines.recovery:way_out", "spec.invariants:no_acked_write_lost"),
        "exhaustive search of the models `rewrite`; table test of each answer; live on a server that writes slowly",
        (
            "spec/test_models.py::test_every_interleaving_holds[rewrite: two pods, both end]",
            "spec/test_models.py::test_every_interleaving_holds[rewrite: the only one with a write]",
            "spec/test_models.py::test_every_interleaving_holds[rewrite: two pods, made anew at any step]",
            f"{_U}/machines/test_recovery.py::test_a_primary_whose_file_was_not_seen_whole_does_not_come_first_unasked",
            (
                "tests/live/failover/test_copy_on_disk.py"
                "::test_a_primary_that_is_killed_before_its_disk_holds_its_copy_is_not_taken_unasked"
            ),
        ),
        (
            "a primary whose file may be of before its last copy comes first when all are back",
            "every promoted pod's file is taken for whole",
            "a file is recorded as whole before it is",
        ),
        ("worlds", "valkey", "disk", "bounds", "search"),
    ),
)
"""By what they are about."""
