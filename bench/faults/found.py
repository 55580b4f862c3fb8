"""What campaigns found: each fault that broke a promise, or showed one to be wrongly stated, and what came of it.

``tests/live/faults/test_found.py`` does each of them again with its seed, and a run with a broken promise among the
results that no row names fails ``tests/unit/bench/test_found.py``.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Found:
    """One finding.

    Attributes:
        nemesis: The fault.
        seed: With which it was found.
        down_after_ms: Setting with which it was found.
        what: What was seen, in words.
        became: What was changed.
        tests: Tests of what was at fault, beside the fault itself: ``file::function``.
    """

    nemesis: str
    seed: int
    down_after_ms: int
    what: str
    became: str
    tests: tuple[str, ...] = ()


FORMER: Final = frozenset(
    {"369f1fda", "7880ab57a6ce", "8b49e84feacb", "999dc53", "a4e66f90", "c4e89157cfff", "f733f3476014"}
)
"""Commits of results from before the last loss of a confirmed write was mended (seed 88316 below)."""
FOUND: Final = (
    Found(
        "replicaof-primary",
        11,
        1000,
        "an answer to INFO with `lag=-1` was refused whole and the primary taken for silent; the status stayed wrong",
        "ages below zero are read, and a status is written until it says what is so",
        (
            "tests/unit/resp/test_view.py::test_an_age_below_zero_is_no_error",
            (
                "tests/unit/runtime/test_worker_status.py::"
                "test_a_status_that_an_outdated_truth_was_written_into_is_written_again"
            ),
        ),
    ),
    Found(
        "delete-force",
        62,
        1000,
        "a publisher that came to a former primary's next process, just before the Service led to nobody, stayed there",
        "clients of a pod that follows nobody without having voted are cut as those of a primary are",
        (
            "tests/live/failover/test_services.py::test_who_came_to_the_next_process_of_a_former_primary_is_sent_on",
            "tests/unit/runtime/test_valkey_executor.py::test_clients_of_a_process_that_has_just_started_are_cut",
        ),
    ),
    Found(
        "isolate",
        3086,
        1000,
        "an isolated primary acknowledged a plain write 3.7 s after it was cut off; 3 s were stated",
        "4 s are stated: Valkey counts the lag in whole seconds, and looks once a second",
        (
            "tests/live/failover/test_silence.py::test_the_new_epoch_is_kept_however_many_writes_the_isolated_primary_took",
        ),
    ),
    Found(
        "unheard-then-kill",
        20,
        1000,
        "a primary that hears its replicas, and is not heard by them, went on acknowledging plain writes",
        "12 s are stated for this case: `repl-timeout` and 2 s",
    ),
    Found(
        "kill-all",
        1056,
        1000,
        "a write that `WAIT 1` had confirmed was lost when every process ended at once",
        "2 s are stated for that too: with `appendfsync everysec` a write is put off while an fsync is under way",
        ("tests/unit/bench/test_campaign.py::test_what_is_on_no_disk_may_be_lost_where_every_process_ends",),
    ),
    Found(
        "pair",
        7032,
        1000,
        "two faults at once left too few whole pods: it waits for a person, who was counted as an anomaly",
        "a pair may end blocked; what is written is not judged then",
    ),
    Found(
        "pair",
        88316,
        1000,
        "a primary whose file lacked the last writes was taken, though a replica had them; the third pod was cut off",
        "a disk does not replace the vote of a replica that may answer yet: it is waited for (`WaitingForAReplica`)",
        (
            (
                "tests/live/failover/test_data_safety.py::"
                "test_a_disk_that_lacks_the_last_writes_does_not_replace_the_vote_of_a_replica_that_is_away"
            ),
            "spec/test_models.py::test_every_interleaving_holds",
        ),
    ),
    Found(
        "pair",
        92395,
        1000,
        "a plain write was lost that a primary acknowledged 7.5 s after two faults began: the operator was cut off "
        "from it, and its replicas' links came and went, so that it failed over when both happened to be away",
        "the 4 s that are stated count from the moment at which the primary is parted from all others, so they do here",
    ),
)
