"""Wrong versions of small rules: which pod a command is for, what the record counts, volumes, the fence."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_pods = Of("gungnir.machines.pods")
_record = Of("gungnir.machines.record")
_storage = Of("gungnir.machines.storage")
_fence = Of("gungnir.resources.fence")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _pods(
        "a pod that is silent is asked",
        "A pod that is silent is not waited for.",
        "return pod.contact not in (Contact.REFUSED, Contact.SILENT)",
        "return pod.contact is not Contact.REFUSED",
        checked("machines/test_failover_requests.py"),
    ),
    _pods(
        "a replica with a full disk takes over",
        "A replica takes over only with a working disk.",
        "        and not pod.server.disk_error\n",
        "",
        checked("machines/test_failover_planned.py"),
    ),
    _pods(
        "starts minutes apart are one start",
        "What the kubelet says is bound to a process by its start.",
        "return known and abs(pod.started_s - server.started_s) <= SAME_START_S",
        "return known",
        checked("machines/test_pods.py"),
    ),
    _pods(
        "starts that are not known are one start",
        "What the kubelet says is bound to a process by its start.",
        "return known and abs(pod.started_s - server.started_s) <= SAME_START_S",
        "return abs(pod.started_s - server.started_s) <= SAME_START_S",
        checked("machines/test_failover_requests.py"),
    ),
    _pods(
        "another process is the candidate",
        "A candidate is one process.",
        "return pod.server is None or pod.server.run_id == candidate.run_id",
        "return True",
        checked("machines/test_failover_requests.py"),
    ),
    _pods(
        "another pod object is the candidate",
        "A candidate is one pod object.",
        "    if pod.uid != candidate.uid or pod.terminated or pod.contact",
        "    if pod.terminated or pod.contact",
        checked("machines/test_failover_requests.py"),
    ),
    _pods(
        "some pods up are all pods up",
        "All pods are up when each of them answers.",
        "    return set(facts.pod_names) <= up",
        "    return bool(up)",
        checked("machines/test_failover_requests.py"),
    ),
    _record(
        "a member is a pod, whatever runs in it",
        "A member is bound to its process.",
        "return Member(pod, uid, run_id) in self.members",
        "return any(member.pod == pod for member in self.members)",
        checked("machines/test_selection.py"),
    ),
    _record(
        "who is left out may follow",
        "Whoever did not answer the vote is told nothing in the new epoch.",
        "return self.counted.difference(self.left_out)",
        "return self.counted",
        checked("machines/test_electorate.py"),
    ),
    _pods(
        "the replica that is furthest behind is caught up with",
        "Without a named target the furthest replica takes over.",
        "return max(ready, key=",
        "return min(ready, key=",
        checked("machines/test_failover_planned.py"),
    ),
    _record(
        "an admitted pod was not told to follow",
        "Whoever may hold a write is counted, admitted pods too.",
        "frozenset((*(each.pod for each in self.members), *(each.pod for each in self.admitted)))",
        "frozenset(each.pod for each in self.members)",
        explored("scale-up", "raised ValueError"),
    ),
    _storage(
        "a volume shrinks",
        "A volume only ever grows.",
        "and 0 <= claim.requested_bytes < facts.volume_bytes\n",
        "and 0 <= claim.requested_bytes != facts.volume_bytes\n",
        checked("machines/test_storage.py"),
        quick=True,
    ),
    _storage(
        "an unbound claim is grown",
        "Only a bound claim can grow.",
        ("            claim.bound\n            and not claim.deleting"),
        "            not claim.deleting",
        checked("machines/test_storage.py"),
    ),
    _storage(
        "claims of other pods are grown",
        "Claims of pods that a scale-down took away stay as they are.",
        "if claim.name in names)",
        "if True)",
        checked("machines/test_storage.py"),
    ),
    _storage(
        "what was refused is asked for at once",
        "What was refused is not asked for again until it is due.",
        "refusal.size_bytes == facts.volume_bytes and not refusal.due",
        "False",
        checked("machines/test_storage.py"),
    ),
    _fence(
        "acting comes before voting",
        "Acting comes after voting in an epoch, so a late vote cannot undo a promotion.",
        ("    return 2 * epoch\n", ("    return 2 * epoch + 1\n\n\ndef epoch_at"), "return position % 2 == 0"),
        ("    return 2 * epoch + 1\n", ("    return 2 * epoch\n\n\ndef epoch_at"), "return position % 2 == 1"),
        checked("resources/test_fence.py"),
        quick=True,
    ),
    _fence(
        "voting and acting are one position",
        "Acting comes after voting in an epoch, so a late vote cannot undo a promotion.",
        "    return 2 * epoch\n",
        "    return 2 * epoch + 1\n",
        checked("resources/test_fence.py"),
    ),
    _fence(
        "a voting pod accepts replicas",
        "A pod that votes accepts its voting user alone.",
        "return (commander(position),) if is_voting(position) else",
        "return (commander(position), replication_user(epoch)) if is_voting(position) else",
        checked("resources/test_fence.py"),
    ),
)
