"""What the original assumed inside its definitions, named without proving it, or promised and did not build."""

from typing import Final

from proofs.claims import Heard

_OUTSIDE: Final = "Not claimed: not part of Gungnir."
_LATER: Final = "Not claimed: not built."

ASSUMED: Final[tuple[Heard, ...]] = (
    Heard(
        ("[6]",),
        "Only allowed transitions happen, by definition.",
        ("steps are rows of the table", "any N: production takes its steps"),
    ),
    Heard(
        ("[7]", "[8]"),
        "Machines and environment are weakly fair.",
        ("liveness is checked by a checker that can fail",),
        "Assumed here too, class by class (`spec/models/progress.py`).",
    ),
    Heard(("[9]",), "A reconcile round makes progress.", ("L6", "L3")),
    Heard(("[10]",), "A failed primary is failed over.", ("L4",)),
    Heard(("[11]",), "A degraded pod is found to be down.", ("L5",)),
    Heard(
        ("[12]",),
        "What is over stays over.",
        ("terminal is terminal",),
        "A round, not the cluster: the next round begins anew.",
    ),
    Heard(
        ("no refinement",),
        "Nothing led from the model to the program that ran.",
        ("steps are rows of the table", "a trace is a run of the machines", "any N: production takes its steps"),
        "The functions that run are the ones that are explored; `gungnir/runtime` around them is trusted.",
    ),
)
"""By their numbers in its specification; the last one is what it lacked."""

NAMED: Final[tuple[Heard, ...]] = (
    Heard(
        ("resourceVersionConsistency",),
        "Writes name the version that they change.",
        ("I3 noConcurrentUpdates", "B21", "B16"),
    ),
    Heard(
        ("promotion_idempotent",),
        "A promotion that is sent again changes nothing.",
        ("promotionStands", "law a_promotion_makes_one_primary", "I18 noZombieEffect"),
    ),
    Heard(
        ("no_data_loss_on_promotion",),
        "A promotion loses nothing.",
        ("acknowledged writes survive", "I11 noAckedWriteLost", "any N: every primary holds every acknowledged write"),
        "Of writes that `WAIT` confirmed; a plain acknowledged write may be lost.",
    ),
    Heard(
        ("resp3_parser_correct",),
        "The parser of RESP3 is right.",
        ("RESP is read back",),
        "Tried, not proved; lengths are confirmed for all numbers.",
    ),
    Heard(("all_resources_owned",), "Every object is owned.", ("I2 ownerRefConsistency", "I20 noForeignAdoption")),
    Heard(
        ("at_most_one_master",),
        "There is at most one primary.",
        ("I1 atMostOneMaster", "any N: one primary per epoch", "any N: only the newest collects acks"),
        "Two may serve for a while; only one of them can collect acks.",
    ),
    Heard(
        ("TLA+ model",),
        "A model of the whole for a model checker.",
        ("I1 atMostOneMaster", "L1"),
        "None beside the code: the production functions are explored.",
    ),
    Heard(
        ("more libraries of logic",),
        "Proofs on top of further temporal and state machine libraries.",
        (),
        "Not claimed: CrossHair, z3 and the explorer are what is used.",
    ),
)
"""Names of its plans that no theorem had."""

UNBUILT: Final[tuple[Heard, ...]] = (
    Heard(
        ("generated clients",),
        "Clients generated from OpenAPI and commands.json.",
        ("rights are those of the table",),
        "Not claimed: a client library, and commands by hand.",
    ),
    Heard(("streaming RESP3",), "All types of RESP3, from a stream.", ("RESP is read back",)),
    Heard(
        ("one builder per object",),
        "A builder for each owned object.",
        ("I2 ownerRefConsistency", "steady state writes nothing"),
    ),
    Heard(
        ("ping loop",),
        "Pods are pinged each second, with a deadline and measured latency.",
        ("death is proof, silence waits",),
    ),
    Heard(
        ("spec fields",),
        "Port, persistence, resources, labels, scheduling and the sentinel's times of each cluster.",
        ("empty pods are never promoted",),
        "`restoreFrom` and TLS: not built.",
    ),
    Heard(("ROLE after promotion",), "A promotion is read back.", ("I22 statusTruthful", "B9")),
    Heard(("skip if configured",), "What is as it should be is not told again.", ("steady state writes nothing",)),
    Heard(
        ("topology update",),
        "The ConfigMap follows the topology.",
        (),
        "Not claimed: pods boot following nobody, so no file says who is primary.",
    ),
    Heard(
        ("rolling update",),
        "Pods are replaced one after another.",
        (),
        f"{_LATER} `RolloutPending` names the pods that need it.",
    ),
    Heard(
        ("old primary is fenced",),
        "The old primary is stopped first.",
        ("B6", "I16 fenceBeforeSelect", "I18 noZombieEffect"),
    ),
    Heard(
        ("EndpointSlice is verified",),
        "That the Service leads where it should is looked at.",
        ("one pod behind the Service",),
        "Of its selector; endpoints are Kubernetes'.",
    ),
    Heard(
        ("failoverTimeoutMs",),
        "A failover that takes too long is given up.",
        ("a lost replica is released", "L4"),
        "The setting is when a replica is lost; a failover is tried until it ends.",
    ),
    Heard(("backup",), "Backups to object storage, restore, their removal.", (), _LATER),
    Heard(("TLS",), "TLS between pods and clients, rotated.", (), _LATER),
    Heard(("pod security",), "QoS, pod security, a budget that follows the size.", ("I10 pdbProtectsMaster", "B32")),
    Heard(
        ("observability",),
        "Metrics, JSON logs, Events.",
        ("steps are rows of the table",),
        "Their texts are tested; nothing is claimed of them here.",
    ),
    Heard(
        ("end-to-end tests",),
        "Tests on a real cluster, chaos scenarios.",
        ("acknowledged writes survive", "the operator may be down"),
        "Live tests with real servers on the embedded cluster; a whole Kubernetes is `make e2e`, by hand.",
    ),
    Heard(
        ("property tests",),
        "Properties of the decisions, tried at random.",
        ("the choice is one of the votes", "steps are rows of the table"),
    ),
    Heard(
        ("coverage goals",), "A percentage of lines.", (), "Not claimed: rows, actions and mutants are counted instead."
    ),
    Heard(
        ("OCI chart",),
        "A Helm chart in a registry.",
        ("rights are those of the table",),
        "The chart is here; nothing is published.",
    ),
    Heard(("native HTTP client",), "A client of HTTP/2 of its own.", (), _OUTSIDE),
    Heard(("reconciled means done",), "A round that fails does not count as the state asked for.", ("L2", "L12")),
    Heard(
        ("stateValidation",),
        "Changes of the spec that cannot be are refused.",
        ("wrong settings are errors", "B27"),
        "By the schema of the CRD; the models refuse the same (tests/unit/api).",
    ),
    Heard(
        ("old defects",),
        "Whatever else its README said of failover, election and objects.",
        ("B1", "B37"),
        "Each of its 37 defects has a row of its own.",
    ),
)
"""What its plans promised."""
