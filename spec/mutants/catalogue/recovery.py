"""Wrong versions of the ways out when no quorum voted."""

from typing import Final

from spec.mutants import Edit, Mutant, Of, checked, explored

_recovery = Of("gungnir.machines.recovery")
_failover = Of("gungnir.machines.failover")
_epochs = Of("gungnir.machines.epochs")
_repair = Of("gungnir.machines.repair")
_codec = Of("gungnir.runtime.record_codec")
_executor = Of("gungnir.runtime.valkey.executor")
_monitor = Of("gungnir.runtime.valkey.monitor")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _recovery(
        "a consent for another epoch is used",
        "A consent is for one epoch.",
        'return pod if given == str(epoch) else ""',
        "return pod",
        checked("machines/test_recovery.py"),
        quick=True,
    ),
    _recovery(
        "a consent to data loss has no epoch",
        "A consent is for one epoch.",
        "consent.accept_data_loss == str(record.epoch)",
        'consent.accept_data_loss != ""',
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "whole pods are passed over by those that are present",
        "While whole pods are left, no other pod is chosen without a person.",
        "    if ballot.votes and not (everyone and not any(pod.server.keys for pod in pods)):",
        "    if False:",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "a recovery begins without all pods",
        "Without whole pods, nobody is chosen before all have answered.",
        "    if not everyone:",
        "    if False:",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "a recovery of empty pods is refused",
        "If every pod is empty there is nothing to lose.",
        "    if not holders:",
        "    if False:",
        explored("crash and lost volume", "raised ValueError"),
    ),
    _recovery(
        "the first of several pods with data is chosen",
        "Among several pods with data and no known history a person decides.",
        "if len(holders) == 1 else Way(None,",
        "if holders else Way(None,",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "any pod with data replaces the recorded primary",
        "After a restart of everyone the recorded primary comes first.",
        "    recorded = _named(holders, record.primary.pod)\n",
        "    recorded = holders[-1]\n",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "data without an append-only file is restored",
        "A disk counts only with the append-only file on.",
        "    if recorded is not None and facts.persistent:",
        "    if recorded is not None:",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "the kubelet's report is not awaited",
        "The kubelet's word is used only once it is about the process that answers.",
        '            return Way(None, "WaitingForTheKubelet")',
        "            pass",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "a tail that may be lost is not asked about",
        "Where the primary alone may have lost power, a person decides.",
        '            return Way(None, "PrimaryMayHaveLostItsTail")',
        "            pass",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "what a process received that nobody recorded as whole does not matter",
        "A replica that confirmed a write before it was recorded may have more than a disk that lost its end.",
        "return pod.server.offset > 1 or (pod.server.keys > 0",
        "return False or (pod.server.keys > 0",
        explored("power before a copy is recorded", "noAckedWriteLost"),
        quick=True,
    ),
    _recovery(
        "who never received anything may have more than the primary",
        "A pod that received nothing in its process has nothing that its disk had not: it is asked for no decision.",
        "return pod.server.offset > 1 or",
        "return True or",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "a primary whose file may be of before its last copy comes first when all are back",
        "A primary's disk counts only once it was seen to hold the copy that the primary had taken.",
        "        if not record.primary.written:",
        "        if False:",
        explored("rewrite: two pods, both end", "noAckedWriteLost"),
        quick=True,
    ),
    _recovery(
        "a primary whose file may be of before its last copy comes back alone",
        "A primary's disk counts only once it was seen to hold the copy that the primary had taken.",
        'if record.primary.written else Way(None, "PrimaryMayHoldOldData")',
        'if True else Way(None, "PrimaryMayHoldOldData")',
        explored("rewrite: the only one with a write", "noAckedWriteLost"),
    ),
    _failover(
        "every promoted pod's file is taken for whole",
        "A primary's file is whole at its promotion only if it said so.",
        "restarts, written=reading.written)",
        "restarts, written=True)",
        explored("rewrite: two pods, both end", "noAckedWriteLost"),
    ),
    _epochs(
        "that a file is whole is kept for the next primary",
        "What was said of one primary's file is nothing of the next one's.",
        "replid, record.epoch, restarts, written),",
        "replid, record.epoch, restarts, written or bool(record.primary and record.primary.written)),",
        explored("rewrite: two pods, both end", "noAckedWriteLost"),
    ),
    _repair(
        "a file is recorded as whole before it is",
        "That a primary's file is whole is recorded once it said so.",
        "and server is not None and server.written:",
        "and server is not None:",
        explored("rewrite: two pods, both end", "noAckedWriteLost"),
    ),
    _repair(
        "that a file is whole is never recorded",
        "A primary whose file becomes whole is recorded so.",
        "and server is not None and server.written:",
        "and False:",
        explored("rewrite: two pods, both end", "never: seen whole later"),
    ),
    _codec(
        "a record of an older release tells of a whole file",
        "What an older record does not tell is not known.",
        "            primary.written,",
        "            True,",
        checked("runtime/test_record_codec.py"),
    ),
    _executor(
        "a file that is being written is told to be whole",
        "A file holds the data only once no new one is written after a full copy.",
        "written=view.aof_whole,",
        "written=view.aof_enabled,",
        checked("runtime/test_valkey_executor.py -p anyio"),
    ),
    _monitor(
        "that the file of a primary became whole is no news",
        "Whoever waits for the file of a primary to be whole is told of it.",
        "        server.primary and server.written,\n",
        "",
        checked("runtime/test_valkey_monitor.py -p anyio"),
    ),
    Mutant(
        "a promotion is marked on a disk that does not hold the copy",
        "A promotion is marked only where the disk holds all of the data.",
        (Edit("spec.environment.commands", "    whole = before.former is None", "    whole = True"),),
        explored("rewrite: two pods, made anew at any step", "noAckedWriteLost"),
    ),
    _recovery(
        "a disk is taken for whole data",
        "A primary that came back counts only if its own end was seen.",
        "if pod is None or not pod.server.keys or not _primary_kept_all(record, pod, view):",
        "if pod is None:",
        explored("crash of pod and power", "noEmptyMasterPromoted"),
    ),
    _recovery(
        "the end of an older process is taken for the primary's",
        "The recorded process must be the last but the present one.",
        "and seen.restarts == primary.restarts + 1",
        "",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "the end of a process need not be seen",
        "A running kubelet must have seen the primary's process exit.",
        "its_end_seen = seen.exit_seen and primary.restarts",
        "its_end_seen = primary.restarts",
        explored("primary that came back loses power", "noAckedWriteLost"),
    ),
    _recovery(
        "the count of restarts may be of another process",
        "The kubelet's word must be about the process that answers.",
        "return its_end_seen and same_process(seen, pod.server)",
        "return its_end_seen",
        explored("primary that came back loses power", "noAckedWriteLost"),
    ),
    _recovery(
        "a pod of another volume is restored",
        "Only the same pod object on the same volume is restored.",
        "not pod.uid == primary.uid == seen.uid:",
        "not pod.uid == seen.uid:",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "a pod that was not fenced is usable",
        "Only pods that were fenced and stopped are started from.",
        "voting = server.fence == record.epoch and server.voting",
        "voting = True",
        checked("machines/test_recovery.py"),
    ),
    _recovery(
        "a pod that is loading is usable",
        "A half-loaded pod is not started from.",
        "not (server.loading or server.syncing or server.primary or server.link_up)",
        "not (server.primary or server.link_up)",
        checked("machines/test_recovery.py"),
    ),
)
