"""The theorems of the original Gungnir (Lean 4), in our words, and what takes the place of each.

Its 73 theorems are numbered as its files have them, ``p`` are private ones, ``ax`` axioms. Most said less than their
names: which of them did is not repeated here; what is claimed here is in the rows that they lead to.
"""

from typing import Final

from proofs.claims import Heard

_NO_CODE: Final = "The function it speaks of has no counterpart"


def _rows(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, last + 1))


THEOREMS: Final[tuple[Heard, ...]] = (
    Heard(_rows(1, 3), "Without arguments the settings have their defaults.", ("settings are what was given",)),
    Heard(
        _rows(4, 8),
        "A flag with its value sets its field; the short form of verbosity counts.",
        ("settings are what was given",),
        "No `-v`: `--log-level` has names.",
    ),
    Heard(
        _rows(9, 10),
        "A flag leaves the other fields alone.",
        ("settings are what was given", "wrong settings are errors"),
    ),
    Heard(_rows(11, 12), "A patch is the text that it should be.", ("B24",), f"{_NO_CODE}: no JSON is made of text."),
    Heard(("13",), "A round has at most so many steps.", ("rounds are bounded", "L6")),
    Heard(_rows(14, 15), "What is over stays over.", ("terminal is terminal",)),
    Heard(("16",), "A round that is done asks for nothing.", ("terminal is terminal", "I4 reconcileStepValid")),
    Heard(
        _rows(17, 22),
        "Done, failed and running exclude each other.",
        ("terminal is terminal", "steps are rows of the table"),
    ),
    Heard(_rows(23, 25), "A round begins in the first phase, and that is no end.", ("steps are rows of the table",)),
    Heard(
        _rows(26, 27),
        "The first step asks for the first object.",
        ("steps are rows of the table", "I4 reconcileStepValid"),
    ),
    Heard(
        _rows(28, 29),
        "The primary is the pod with ordinal 0.",
        ("B2", "B3"),
        "Not claimed: it is not so. No ordinal makes a primary.",
    ),
    Heard(("30",), "A failover has at most so many steps.", ("rounds are bounded", "roundsEnd", "L3")),
    Heard(("31",), "The Service selects one pod.", ("one pod behind the Service", "I1 atMostOneMaster", "B1")),
    Heard(
        ("32",),
        "So many failures in a row are a time.",
        ("death is proof, silence waits", "law silence_counts_by_time_alone", "B10"),
        "No failures are counted into a time: silence is measured.",
    ),
    Heard(
        _rows(33, 34),
        "A healthy primary leads to the status, a failed one to the failover.",
        ("evidence of its own kind", "L5"),
    ),
    Heard(
        _rows(35, 36),
        "What is known of a cluster's health is its own, and goes with it.",
        ("B14", "B15", "clusters do not wait for each other"),
    ),
    Heard(
        ("37",),
        "Without a candidate there is no promotion.",
        ("the choice is one of the votes", "L4"),
        "It is no end: it is tried again, and `Blocked` says why.",
    ),
    Heard(
        ("38",),
        "A candidate is promoted next.",
        ("steps are rows of the table", "I15 candidateFrozen"),
        "It is stored first.",
    ),
    Heard(("39",), "At most one pod gets traffic.", ("one pod behind the Service", "I1 atMostOneMaster")),
    Heard(
        ("40",),
        "Owned objects are in the namespace of their owner.",
        ("I2 ownerRefConsistency", "B23"),
        "That the garbage collector deletes them is Kubernetes'; tests/kube shows it where its programs are.",
    ),
    Heard(("41",), "No two updates of an object are under way.", ("I3 noConcurrentUpdates",)),
    Heard(("42",), "Each phase has its kind of request and reply.", ("I4 reconcileStepValid",)),
    Heard(
        ("43",),
        "The failure detector only goes forward.",
        ("I5 sentinelForwardProgress", "any N: nothing is taken back"),
        "Within an epoch; the next failure begins the next epoch.",
    ),
    Heard(
        ("44",),
        "Requests are sent by the holder of the lease only.",
        ("I6 leaderElectionSafety", "I6 beliefTruthful", "no lease, no effect", "z3 lease"),
        "A request under way when the lease ends may arrive: it has no effect (I18).",
    ),
    Heard(
        ("45",),
        "Without the lease, or cut off, nothing is asked for.",
        ("I7 partitionSafety", "no lease, no effect"),
        "Nobody knows that it is cut off: the deadline is by its own clock.",
    ),
    Heard(
        ("46",), "While a failover runs, nobody is just monitoring.", ("I8 serviceConsistency", "I8 fieldsOfFailover")
    ),
    Heard(("47",), "What is completed does not begin again.", ("I9 noDoubleFailover", "B8")),
    Heard(
        _rows(48, 49),
        "The failover's flag is kept by the status and cleared by the Service.",
        ("I8 fieldsOfFailover", "I13 failoverIntentDurable"),
        "There is no flag: the record has an intent.",
    ),
    Heard(
        ("50",),
        "A disruption budget that is there stays.",
        ("I10 pdbProtectsMaster", "B28"),
        "It lets one pod go; that evictions ask it is Kubernetes'.",
    ),
    Heard(("51",), "A failed primary is replaced in the end.", ("L4",)),
    Heard(("52",), "Each step of a round lowers a rank.", ("L6", "law a_reconcile_round_comes_to_its_end")),
    Heard(("53",), "A round ends.", ("L3", "rounds are bounded")),
    Heard(
        ("54",),
        "The cluster becomes as asked for, and stays so.",
        ("L2", "L12"),
        "An error is not counted as being there.",
    ),
    Heard(("55",), "A failed pod is noticed in the end.", ("L5",)),
    Heard(("56",), "All of this together.", ("L1",), "Model by model."),
    Heard(
        ("57",),
        "In the end nothing that a crashed operator sent is under way.",
        ("L7", "I18 noZombieEffect"),
        "Not claimed: no network must deliver. What comes late does no harm.",
    ),
    Heard(
        ("58",),
        "In the end somebody leads.",
        ("L8",),
        "That there is a way from every state; an API server may answer too late for ever.",
    ),
    Heard(("59",), "In the end caches show what is stored.", ("L9",)),
    Heard(("60",), "What is fair and possible happens.", ("liveness is checked by a checker that can fail",)),
    Heard(
        _rows(61, 63),
        "Leads-to is transitive, eventually monotone, always closed under suffixes.",
        ("liveness is checked by a checker that can fail",),
        "Logic itself is not claimed: no proof here is made of such rules.",
    ),
    Heard(
        ("64",),
        "There is a choice exactly if somebody is eligible.",
        ("the choice is one of the votes", "law nobody_is_chosen_by_too_few"),
    ),
    Heard(("65",), "The choice is determined.", ("the choice is one of the votes", "law of_two_pods_one_is_better")),
    Heard(
        ("66",),
        "The chosen one has the best priority.",
        ("law the_lower_priority_wins_among_equals",),
        "Not claimed as it stood: priority decides among equals only, else it costs confirmed writes.",
    ),
    Heard(
        ("67",),
        "The chosen one has the most data.",
        ("z3 data", "law history_comes_first", "law offset_comes_second", "I11 noAckedWriteLost"),
    ),
    Heard(
        ("68",),
        "Priority 0 is never chosen.",
        ("law priority_0_loses_among_equals",),
        "Not claimed as it stood: it loses among equals; alone with the data it is chosen.",
    ),
    Heard(
        ("69",),
        "The only eligible one is chosen.",
        ("law nobody_is_better_than_the_best", "the choice is one of the votes"),
    ),
    Heard(
        ("70",),
        "A healthy pod has a latency of at least 0.",
        (),
        "Not claimed: latencies are shown, and decide nothing.",
    ),
    Heard(("71",), "A role is primary or replica.", ("INFO is read or refused",)),
    Heard(("72",), "What was read of a pod is kept.", ("INFO is read or refused", "stored records come back")),
    Heard(
        ("73",),
        "Sending a command keeps the connection.",
        ("answers belong to their commands",),
        "Not claimed: after no answer in time it is closed.",
    ),
    Heard(("p1", "p2"), "A rank of 0 is an end.", ("rounds are bounded", "terminal is terminal")),
    Heard(
        ("p3", "p4"),
        "A choice is one of the list; there is none of none.",
        ("the choice is one of the votes", "z3 fold"),
    ),
    Heard(
        ("p5", "p6", "p7", "p8", "p9"),
        "The order of pods is total, transitive and lexicographic.",
        ("z3 order", "law better_is_transitive", "law of_two_pods_one_is_better", "law nobody_is_better_than_itself"),
    ),
    Heard(
        ("ax1", "ax2", "ax3"),
        "Facts about bytes, UTF-8 and CRLF.",
        ("RESP is read back",),
        "No axioms: strings are bytes, and are tried.",
    ),
    Heard(
        ("ax4",),
        "What was written is read back.",
        ("RESP is read back", "law blob_is_read_back"),
        "Not the other way round: a null and a number have several spellings.",
    ),
)
"""1-73, p1-p9, ax1-ax4."""
