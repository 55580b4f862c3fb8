"""Wrong versions of a scale-down: who is asked for, when, and which pods go."""

from typing import Final

from spec.mutants import Mutant, Of, checked, explored

_scale_down = Of("gungnir.machines.scale_down")
_switchover = Of("gungnir.machines.switchover")
_pods = Of("gungnir.machines.pods")
_facts = Of("gungnir.runtime.facts")

_handovers = Of("gungnir.runtime.handovers")
_executor = Of("gungnir.runtime.api_executor")

_ALONE: Final = explored("alone: scale-down", "goesOnlyIfTooMany")
_TESTS: Final = checked("machines/test_scale_down.py")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _scale_down(
        "a handover is asked for of a primary that stays",
        "Only a pod that is too many gives the role for a scale-down.",
        "    if not primary_goes(facts, record):",
        "    if record.primary is None:",
        _ALONE,
        quick=True,
    ),
    _scale_down(
        "the role is asked for a pod that goes",
        "Only a pod that the spec asks for gets the role for a scale-down.",
        "for pod in in_sync(record, view) if pod.name in facts.staying)",
        "for pod in in_sync(record, view))",
        checked("machines/test_scale_down.py"),
    ),
    _scale_down(
        "the role is asked for a pod that holds less",
        "Of several pods the one is asked for that holds the most.",
        "return max(ready, key=",
        "return min(ready, key=",
        _ALONE,
    ),
    _scale_down(
        "a handover is asked for while a failover is under way",
        "The operator asks for nothing while a failover is under way.",
        "or reply.record.intent is not None or reply.view.stalled:",
        "or reply.view.stalled:",
        _ALONE,
    ),
    _scale_down(
        "a handover is asked for by an operator that slept",
        "The operator asks for nothing while its view is old.",
        "or reply.record.intent is not None or reply.view.stalled:",
        "or reply.record.intent is not None:",
        _ALONE,
    ),
    _scale_down(
        "a handover is asked for while the primary is in doubt",
        "The operator asks for nothing while the primary is in doubt.",
        "health is not Health.HEALTHY:",
        "health is None:",
        _ALONE,
    ),
    _scale_down(
        "a fresh operator asks for whom it happened to look at first",
        "A pod that was not looked at yet may hold more.",
        "pod.address and pod.contact is Contact.UNTRIED for",
        "False for",
        _ALONE,
    ),
    _scale_down(
        "a handover is asked for over a request of a person",
        "A request that is there is not replaced.",
        "    if reply.deleting or reply.switchover:",
        "    if reply.deleting:",
        explored("scale-down: too many, and a request", "answerNeverLost"),
        quick=True,
    ),
    _scale_down(
        "a handover is asked for of a cluster that is being deleted",
        "Nothing is done for a cluster that is being deleted.",
        "    if reply.deleting or reply.switchover:",
        "    if reply.switchover:",
        explored("alone: scale-down", "nothingForDeleted"),
    ),
    _scale_down(
        "a handover is asked for on a record that moved on",
        "A handover is asked for on the record that was seen.",
        "or reply.record != state.expected:",
        "or False:",
        _ALONE,
    ),
    _scale_down(
        "a handover is asked for in any epoch",
        "A request for a scale-down is void once the role has moved.",
        "text = request_text(state.target, reply.record.epoch)",
        "text = state.target",
        _ALONE,
    ),
    _scale_down(
        "a request that was not stored counts as made",
        "An answer that did not come is not success.",
        "    if not isinstance(reply, Stored):",
        "    if False:",
        _TESTS,
    ),
    _scale_down(
        "the last copies go",
        "Enough replicas that stay are in sync before pods with data go.",
        "    promised = max(1, facts.acks, record.electorate.acks)\n",
        "    promised = 0\n",
        _TESTS,
    ),
    _scale_down(
        "fewer copies stay than were promised",
        "As many replicas that stay are in sync as copies were promised.",
        "    promised = max(1, facts.acks, record.electorate.acks)\n",
        "    promised = max(1, facts.acks)\n",
        _TESTS,
    ),
    _scale_down(
        "pods without data are kept",
        "A pod that was told nothing holds nothing, and is not waited for.",
        "if not pod.deleting and pod.name in record.counted}",
        "if not pod.deleting}",
        _TESTS,
    ),
    _scale_down(
        "pods that are being deleted are kept",
        "A pod that is being deleted cannot be kept.",
        "if not pod.deleting and pod.name in record.counted}",
        "if pod.name in record.counted}",
        _TESTS,
    ),
    _switchover(
        "a request for another epoch is carried out",
        "A request that names an epoch is for that one alone.",
        "    if epoch not in (0, record.epoch):",
        "    if False:",
        explored("scale-down: too many, and a crash", "goesOnlyIfTooMany"),
    ),
    _switchover(
        "the role is handed to a pod that is to go",
        "The role is handed to a pod that the spec asks for.",
        "    if wanted not in facts.staying:",
        "    if False:",
        checked("machines/test_switchover.py"),
    ),
    _switchover(
        "anybody will do though only pods that are to go are in sync",
        "The role is handed to a pod that the spec asks for.",
        "for pod in view.pods if pod.name in facts.staying and _in_sync",
        "for pod in view.pods if _in_sync",
        checked("machines/test_switchover.py"),
    ),
    _pods(
        "a handover to anybody goes to a pod that is to go",
        "Of those in sync, one that the spec asks for is waited for.",
        "key=lambda pod: (pod.name in facts.staying, pod.server.offset",
        "key=lambda pod: (True, pod.server.offset",
        checked("machines/test_pods.py"),
    ),
    _handovers(
        "a handover that did not succeed is asked for again at once",
        "Each handover that is asked for again is asked for later: it costs a write gap.",
        "min(FIRST_MS * 2**self._asked, LONGEST_MS) / 1000",
        "0",
        checked("runtime/test_handovers.py -p anyio.pytest_plugin"),
    ),
    _executor(
        "nobody is told in which epoch a StatefulSet is",
        "Whoever reads the StatefulSet sees the epoch in which its new volumes start.",
        "epoch=0 if parts is None else parts[0],",
        "epoch=0,",
        checked("runtime/test_put_template.py -p anyio.pytest_plugin"),
    ),
    _executor(
        "a handover is asked for whatever was written meanwhile",
        "A handover is asked for over the spec, the status and the requests that were read.",
        "_ground_of_spec, base, base,",
        "lambda _: (), base, base,",
        checked("runtime/test_set_annotation.py -p anyio.pytest_plugin"),
    ),
    _executor(
        "a handover is asked for on the facts of another spec",
        "A handover is asked for only for the spec that it was decided on.",
        'if base["metadata"].get("generation", 0) != self.cluster.metadata.generation:',
        "if False:",
        checked("runtime/test_set_annotation.py -p anyio.pytest_plugin"),
    ),
    _facts(
        "no copy is promised any more while the others are still there",
        "Until the last but one pod is gone, as many copies are promised as before.",
        "    if facts.size > cluster.spec.replicas == 1 and",
        "    if False and",
        checked("runtime/test_facts.py"),
    ),
    _facts(
        "a scale-down does not look at the pods",
        "Enough replicas that stay are in sync before pods with data go.",
        "    if record.counted.difference(facts.staying):",
        "    if False:",
        checked("runtime/test_facts.py"),
    ),
)
