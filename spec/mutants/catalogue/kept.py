"""Wrong versions of whose data is the newest on kept volumes, and of the marks that tell it."""

from typing import Final

from spec.mutants import Edit, Mutant, Of, checked, explored

_kept = Of("gungnir.machines.kept")
_recovery = Of("gungnir.machines.recovery")
_fence = Of("gungnir.resources.fence")
_session = Of("gungnir.runtime.valkey.session")
_executor = Of("gungnir.runtime.valkey.executor")
_commands = Of("spec.environment.commands")

_UNIT: Final = checked("machines/test_kept.py")
_WIRE: Final = checked("runtime/test_valkey_executor.py -p anyio")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _kept(
        "an older promotion is taken where the newest one is not among the volumes",
        "Nobody is named if a volume knows a newer epoch than that of the newest promotion.",
        "    newest = max((each.epoch for _, each in told), default=0)",
        "    newest = max((each.promoted for _, each in told), default=0)",
        explored("kept: the volume of the last primary is lost", "noAckedWriteLost"),
        quick=True,
    ),
    _kept(
        "any marked pod is the last primary",
        "The pod of the newest promotion is named, not one of an older one.",
        "if 0 < each.promoted == newest))",
        "if 0 < each.promoted)[:1])",
        explored("kept: the volume of the last primary is lost", "noAckedWriteLost"),
    ),
    _kept(
        "data of an unknown cluster does not matter",
        "Nobody is named if a pod holds data of which its volume does not know the cluster.",
        "    if any(pod.server.keys and not pod.server.lives for pod in pods):",
        "    if False:",
        _UNIT,
    ),
    _kept(
        "a promotion of the cluster itself does not matter",
        "A candidate of this very cluster comes first.",
        "    if promoted:",
        "    if False:",
        _UNIT,
    ),
    _kept(
        "the last cluster that a volume was part of decides, whether it acted for it or not",
        "A cluster that nobody acted for is passed over.",
        "pod.server.lives[-1].cluster for pod in pods",
        "pod.server.lives[0].cluster for pod in pods",
        _UNIT,
    ),
    _kept(
        "of two clusters any decides",
        "Where the order of two clusters is not known, nobody is named.",
        "life == other or (life, other) in later for other in acted_for",
        "True for other in acted_for",
        _UNIT,
    ),
    _kept(
        "an earlier cluster decides",
        "Of two clusters the later one decides.",
        "(life, other) in later",
        "(other, life) in later",
        _UNIT,
    ),
    _kept(
        "a volume without a key tells nothing",
        "A volume without a key may be that of a later cluster's replica.",
        "    return server.keys > 0 or server.lives[-1].epoch > 0",
        "    return server.keys > 0",
        _UNIT,
    ),
    _kept(
        "one of two with the same promotion is named",
        "Two volumes with one promotion are a doubt: one is a copy.",
        '    return names[0] if len(names) == 1 else ""',
        '    return names[0] if names else ""',
        _UNIT,
    ),
    _recovery(
        "a last primary without data makes the only one with data the first",
        "A last primary that is empty is a doubt while another pod holds data.",
        '        return Way(None, "LastPrimaryIsEmpty")',
        "        pass",
        checked("machines/test_recovery.py"),
    ),
    _fence(
        "marks of earlier clusters are told in the wrong order",
        "What was carried over once is later than what was carried over twice.",
        "for key in sorted(found))",
        "for key in sorted(found, reverse=True))",
        checked("resources/test_fence.py"),
    ),
    _fence(
        "a mark of an earlier cluster tells of no promotion",
        "A mark tells in which epoch its pod was promoted.",
        "epoch if is_mark(name) and all(before < since for since in torn) else 0",
        "0",
        checked("resources/test_fence.py"),
    ),
    _session(
        "a pod that votes forgets its promotion",
        "Until it acts again, a pod keeps what its marks tell.",
        "        if fence.is_voting(position):\n            return sorted(user",
        "        if False:\n            return sorted(user",
        _WIRE,
    ),
    _session(
        "a pod that acts keeps the marks of earlier clusters",
        "A pod that acts is of this cluster from then on.",
        "*(user for user in self.users if user.startswith((fence.FORMER, fence.TORN)))",
        "*()",
        _WIRE,
    ),
    _session(
        "a primary whose file is being written is marked",
        "A promotion is marked only where the disk holds all of the data.",
        "self.held and view.aof_whole and",
        "self.held and view.aof_enabled and",
        _WIRE,
    ),
    _executor(
        "whoever acts is marked",
        "Only a promotion is marked.",
        "        marked = command.verb is Verb.PROMOTE and session.whole_on_disk",
        "        marked = session.whole_on_disk",
        _WIRE,
    ),
    _fence(
        "a mark counts whatever became of its process",
        "A mark of a pod whose process did not end in order does not count.",
        " and all(before < since for since in torn) else 0",
        " else 0",
        checked("resources/test_fence.py"),
    ),
    _executor(
        "a promotion counts whatever became of its process",
        "A mark of a pod whose process did not end in order does not count.",
        " and fence.TORN not in users)",
        ")",
        _WIRE,
    ),
    _session(
        "a server that does not tell how it ends is marked",
        "A promotion is marked only where its volume will tell whether the process ended in order.",
        "self.held and view.aof_whole and tells_its_end",
        "self.held and view.aof_whole",
        _WIRE,
    ),
    Mutant(
        "a volume does not tell that its node lost power",
        "Whoever starts a process on a volume sees whether the last one ended in order.",
        (Edit("spec.world", "if self.torn else (self.led, self.lives)", "if False else (self.led, self.lives)"),),
        explored("kept: a node loses power", "noAckedWriteLost"),
    ),
    _commands(
        "a promotion leaves no mark",
        "A pod's volume is marked with the raise of the fence that comes before its promotion.",
        "    led = command.epoch if command.verb is Verb.PROMOTE and whole else 0",
        "    led = 0",
        explored("kept: a volume is lost", "never: began with the last primary"),
    ),
    Mutant(
        "a mark is lost when its process ends",
        "A mark is in the ACL file, so the next process has it.",
        (
            Edit(
                "spec.environment.server",
                "kept._replace(led=pod.led, torn=pod.torn, lives=pod.lives, synced=pod.synced)",
                "kept",
            ),
        ),
        explored("kept: a volume is lost", "never: began with the last primary"),
    ),
)
