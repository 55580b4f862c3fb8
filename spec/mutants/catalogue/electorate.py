"""Wrong versions of who counts, and of how many replicas servers ask for."""

from typing import Final

from spec.mutants import Mutant, Of, checked

_electorate = Of("gungnir.machines.electorate")
_durability = Of("gungnir.machines.durability")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _electorate(
        "every pod that answers is recorded as whole",
        "A pod is whole only when it was read attached to the primary.",
        "        if attached(record, server, primary.address):\n",
        "        if True:\n",
        checked("machines/test_admission.py"),
        quick=True,
    ),
    _electorate(
        "a pod that is not of the size is recorded as whole",
        "Only pods of the cluster's size become members.",
        ("contact is not Contact.UP or pod.name not in facts.pod_names:\n            continue"),
        ("contact is not Contact.UP:\n            continue"),
        checked("machines/test_repair.py"),
    ),
    _electorate(
        "members are forgotten",
        "A pod stays a member until it is read as another process.",
        "    whole = {member.pod: member for member in record.members}\n",
        "    whole: dict[str, Member] = {}\n",
        checked("machines/test_admission.py"),
    ),
    _electorate(
        "a pod follows before the electorate has grown",
        "The electorate grows before a new pod may follow.",
        "return record._replace(electorate=grown(facts, record))",
        "return record",
        checked("machines/test_admission.py"),
    ),
    _electorate(
        "the electorate grows by one pod less",
        "The electorate counts every pod that was told to follow.",
        "max(electorate.size, len(record.counted))",
        "max(electorate.size, len(record.counted) - 1)",
        checked("machines/test_admission.py"),
    ),
    _electorate(
        "pods that are only asked for are counted",
        "A pod that was told nothing can hold nothing.",
        "max(electorate.size, len(record.counted))",
        "max(electorate.size, facts.size)",
        checked("machines/test_admission.py"),
    ),
    _electorate(
        "more copies are promised at once",
        "More copies are promised only after all pods hold what the primary held.",
        "    acks = min(electorate.acks, facts.acks) if",
        "    acks = facts.acks if",
        checked("machines/test_repair_requests.py"),
    ),
    _electorate(
        "a replica that serves is taken for lost",
        "No epoch is begun for a replica while the primary hears more replicas than we do.",
        "return tuple(sorted(gone)) if haunting or serving < len(rest) else ()",
        "return tuple(sorted(gone))",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "a replica that was away for a moment is taken for lost",
        "Only a replica that was away for long is taken for lost.",
        "away.get(name, 0) >= facts.release_after_ms",
        "name in away",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "a lost replica is released by too few",
        "A replica is released only if those that are left can confirm a write.",
        "max(facts.acks, record.electorate.acks) + 1",
        "max(facts.acks, record.electorate.acks)",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "those left out are forgotten while one lags behind",
        "Who is left out is forgotten only when everyone who was told is attached.",
        ("bool(record.left_out) and enough and _all_attached(record, record.told, primary, view)"),
        "bool(record.left_out) and enough",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "more than those left out are forgotten",
        "The size falls by those that are forgotten alone.",
        "electorate._replace(size=electorate.size - len(record.left_out))",
        "electorate._replace(size=len(told))",
        checked("machines/test_electorate.py"),
    ),
    _electorate(
        "a pod is admitted without its process",
        "An admitted pod is bound to the process that it was before it was told.",
        "        pod.name: Admitted(pod.name, pod.uid, pod.server.run_id, epoch)\n",
        "        pod.name: Admitted(pod.name, pod.uid, '', epoch)\n",
        checked("machines/test_admission.py"),
    ),
    _electorate(
        "a pod is admitted under a later epoch",
        "An admitted pod is recorded with the epoch of the primary that it may be told to follow.",
        "        pod.name: Admitted(pod.name, pod.uid, pod.server.run_id, epoch)\n",
        "        pod.name: Admitted(pod.name, pod.uid, pod.server.run_id, epoch + 1)\n",
        checked("machines/test_admission.py"),
    ),
    _electorate(
        "a loading pod is admitted",
        "A pod that is loading is not admitted yet.",
        "pod.server is not None and not pod.server.loading\n",
        "pod.server is not None\n",
        checked("machines/test_admission.py"),
    ),
    _electorate(
        "a member is admitted again",
        "A pod that is whole is no longer only admitted.",
        " if pod.pod not in whole), *new)",
        "), *new)",
        checked("machines/test_admission.py"),
    ),
    _durability(
        "servers ask for fewer replicas at once",
        "A server never asks for fewer replicas than the record promises.",
        "return max(facts.acks, record.electorate.acks)",
        "return facts.acks",
        checked("machines/test_durability.py"),
    ),
    _durability(
        "servers ask for more replicas only afterwards",
        "A server asks for what the spec wants before the record promises it.",
        "return max(facts.acks, record.electorate.acks)",
        "return record.electorate.acks",
        checked("machines/test_durability.py"),
    ),
    _durability(
        "a pod of another epoch is configured",
        "Only a pod of the recorded epoch is configured.",
        "server.min_acks >= 0 and server.fence == record.epoch and",
        "server.min_acks >= 0 and",
        checked("machines/test_durability.py"),
    ),
    _durability(
        "one replica fewer is enough to ask for",
        "The primary asks for as many replicas as are promised.",
        "server.min_acks >= facts.acks",
        "server.min_acks >= facts.acks - 1",
        checked("machines/test_durability.py"),
    ),
)
