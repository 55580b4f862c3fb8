"""What the programme of verification asks for, item by item, and where each is: invariants, liveness, former defects.

``spec/test_register.py`` holds it: each invariant is a predicate that some quick model evaluates under this name, with
a sentence that says what it means, and a wrong version of the code that it finds; each defect of the original Gungnir
that can be said in these worlds is a mutant, and of the others the tests exist that are named.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

INVARIANTS: Final[Mapping[int, tuple[str, ...]]] = {
    1: ("atMostOneMaster",),
    2: ("ownerRefConsistency",),
    3: ("noConcurrentUpdates",),
    4: ("reconcileStepValid",),
    5: ("sentinelForwardProgress",),
    6: ("leaderElectionSafety", "beliefTruthful"),
    7: ("partitionSafety", "renewedInTime"),
    8: ("serviceConsistency", "fieldsOfFailover"),
    9: ("noDoubleFailover",),
    10: ("pdbProtectsMaster",),
    11: ("noAckedWriteLost",),
    12: ("noEmptyMasterPromoted",),
    13: ("failoverIntentDurable",),
    14: ("epochMonotone",),
    15: ("candidateFrozen",),
    16: ("fenceBeforeSelect",),
    17: ("bootNeverSelfPromotes",),
    18: ("noZombieEffect",),
    19: ("scaleDownNeverRemovesMaster",),
    20: ("noForeignAdoption",),
    21: ("noDeleteOfPVC",),
    22: ("statusTruthful",),
    23: ("unknownIsNotSuccess",),
}
"""I1-I23: the names under which their predicates are registered."""


class Sooner(NamedTuple):
    """Where an item of liveness is checked, and what is not said of it (empty: nothing)."""

    where: tuple[str, ...]
    but: str = ""


_PROGRESS: Final = "spec/test_liveness.py"
_SETTLING: Final = "spec/test_reconcile.py"
LIVENESS: Final[Mapping[int, Sooner]] = {
    1: Sooner((_PROGRESS, _SETTLING), "the conjunction is checked model by model"),
    2: Sooner(("recordMatches", _SETTLING)),
    3: Sooner(("roundsEnd",)),
    4: Sooner(("failedMasterReplaced",)),
    5: Sooner(("failedNodeDetected",)),
    6: Sooner(
        ("reconcileStepValid", "roundsEnd"), "a rank that falls for reconcile rounds; a bound of steps for others"
    ),
    7: Sooner(
        ("noZombieEffect",), "no network must ever deliver: what is checked is that late commands have no effect"
    ),
    8: Sooner(
        ("spec/test_lease.py",),
        "that there is always a way to a leader: an API server may answer too late every time, and then nobody leads",
    ),
    9: Sooner(("cachesCurrent",)),
    10: Sooner(("oldMasterRejoins",)),
    11: Sooner(("noFlap",)),
    12: Sooner((_SETTLING,)),
}
"""L1-L12: names of properties, or the file whose tests check it."""


class Defect(NamedTuple):
    """A defect of the original: in a few words, the mutants that have it, tests that hold it off beside them.

    ``why``: why there is no mutant, in a sentence, where there is none.
    """

    what: str
    mutants: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    why: str = ""


_FILES: Final = "It is in files that are shipped, not in code: the tests read them as they are."


DEFECTS: Final[Mapping[int, Defect]] = {
    1: Defect("the Service leads to every pod", ("the client Service selects every pod",)),
    2: Defect("pod 0 is the primary for ever", ("pod 0 is the primary for ever",)),
    3: Defect("pod 0 starts as a primary", ("a pod starts as a primary",)),
    4: Defect(
        "the others follow pod 0, however old its data",
        ("every other pod starts as a replica of pod 0", "replicas of a diverged history continue"),
    ),
    5: Defect(
        "an empty pod is followed",
        (
            "pod 0 starts as a primary, whatever is left of its data",
            "variant G: an empty primary",
            "a disk is taken for whole data",
        ),
    ),
    6: Defect("the old primary is not stopped first", ("variant B: replicas are read while they follow",)),
    7: Defect("nothing is recorded before the promotion", ("the candidate is not stored", "variant G: two primaries")),
    8: Defect(
        "a failover is repeated while a pod is away", ("a failover never ends", "a frozen candidate is always given up")
    ),
    9: Defect(
        "a promotion is not read back, and errors are taken for success",
        ("a promotion is not read back", "a pod that is loading votes", "an error reply is death"),
    ),
    10: Defect("the threshold of silence is counted in rounds", ("one refusal is death", "silence counts at once")),
    11: Defect("a pod that is gone is never noticed", ("a pod that is gone is healthy",)),
    12: Defect("one refused object stops the failover", ("a refused object ends the round",)),
    13: Defect(
        "pods of others are counted",
        (
            "a pod belongs to the cluster of its label",
            "what a former cluster of this name left counts",
            "another pod object is the candidate",
        ),
        ("tests/unit/runtime/test_cluster_cache.py",),
    ),
    14: Defect("clusters of one name share their counters", ("clusters of one name share their worker",)),
    15: Defect(
        "counters outlive the lead",
        ("an operator that leads no more goes on watching", "what was heard outlives the lead"),
    ),
    16: Defect(
        "writes of the Lease and the record overwrite", ("the API server stores an old record over a newer one",)
    ),
    17: Defect("an expired lead goes on", ("the lead has no end",)),
    18: Defect("the holder's clock is compared with ours", ("a renewed Lease does not start the count anew",)),
    19: Defect("the Lease is never created", ("an absent Lease is waited for",), ("spec/test_rows.py",)),
    20: Defect("objects of others are overwritten", ("an object of somebody else is written",)),
    21: Defect("everything is written every round, over any version", ("every object is written every round",)),
    22: Defect("errors are told by their text", ("an unknown update goes on with the next object",)),
    23: Defect("owner references have no uid", ("owned objects name no owner",)),
    24: Defect(
        "JSON is put together as text",
        tests=("tests/unit/runtime/test_api_executor.py", "tests/unit/runtime/test_kube.py"),
        why="Bodies are data until the client library encodes them: there is no text to leave unescaped.",
    ),
    25: Defect(
        "one temporary file for all",
        tests=("tests/unit/test_deploy.py",),
        why="No file is written: requests go over a connection, and the root file system is read-only.",
    ),
    26: Defect(
        "the status says what is not so", ("a promotion is not read back",), ("tests/unit/machines/test_summary.py",)
    ),
    27: Defect("a scale-down removes the primary", ("a scale-down takes the primary away",)),
    28: Defect("the disruption budget lets two go", ("a drain takes two pods at a time",)),
    29: Defect(
        "a reading is taken for a whole reply",
        ("a string is taken before its end has arrived",),
        ("tests/unit/runtime/test_valkey_connection.py",),
    ),
    30: Defect(
        "the chart ships no Lease",
        ("an absent Lease is waited for",),
        ("spec/test_rows.py", "tests/unit/test_chart.py"),
    ),
    31: Defect(
        "rights are missing", ("the operator may not write what it owns",), ("tests/unit/runtime/test_rights.py",)
    ),
    32: Defect("the file system is read-only", tests=("tests/unit/test_deploy.py",), why=_FILES),
    33: Defect(
        "the Lease is not given back",
        ("an operator that ends keeps the lease",),
        ("spec/test_models.py", "tests/unit/runtime/test_leadership.py"),
    ),
    34: Defect("tools of any version are fetched", tests=("tests/unit/test_packaging.py",), why=_FILES),
    35: Defect(
        "no password, and rights on every Secret",
        ("the operator may delete what it owns",),
        ("tests/unit/runtime/test_rights.py",),
    ),
    36: Defect(
        "one hung call stops all clusters",
        ("a round that hangs keeps its place", "urgent work waits for a place"),
        ("tests/unit/runtime/test_queue.py",),
    ),
    37: Defect(
        "tests accept what they should refuse",
        tests=("spec/test_mutants.py",),
        why="It is about tests, not about code: that ours can fail is what all mutants together show.",
    ),
}
"""B1-B37."""
