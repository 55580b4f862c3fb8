"""What the protocol relies on, taken away: without it the code as it is breaks its promises, and the models show it."""

from typing import Final

from spec.mutants import Edit, Mutant, Of, explored

_world = Of("spec.world")
_faults = Of("spec.environment.faults")
_server = Of("spec.environment.server")

MUTANTS: Final[tuple[Mutant, ...]] = (
    _world(
        "P1: a replica of an older epoch attaches",
        ("A replica attaches only with the user of its primary's epoch, and keeps no link that another user made."),
        "    link_bound: bool = True",
        "    link_bound: bool = False",
        explored("four pods", "noAckedWriteLost"),
    ),
    _world(
        "P3: a restart forgets the fence",
        "A process that restarts is fenced where it was.",
        "    fence_survives: bool = True",
        "    fence_survives: bool = False",
        explored("P3", "noAckedWriteLost"),
    ),
    Mutant(
        "a command to vote that arrives late is carried out by a pod that acts",
        "A pod that acts in an epoch refuses the votes of this epoch.",
        (
            Edit("spec.environment.commands", "pod.fence > position(command)", "pod.fence > acting(command.epoch)"),
            Edit("spec.environment.faults", "> position(stray)", "> 2 * stray.epoch + 1"),
            Edit("spec.environment.server", "if pod.fence == position:", "if pod.fence >= position:"),
        ),
        explored("late vote", "promotionStands"),
    ),
    Mutant(
        "the API server stores an old record over a newer one",
        "A record is stored only over the version that was read.",
        (
            Edit(
                "spec.environment.api_server",
                "            if version != cluster_version(api) and not (attended and not refused and",
                "            if False and not (attended and not refused and",
            ),
            Edit("spec.environment.faults", '    return getattr(stray, "version", "") in versions', "    return True"),
        ),
        explored("lost answer", "candidateFrozen"),
    ),
    Mutant(
        "pods take commands of older epochs",
        "A pod refuses commands of older positions than its fence.",
        (
            Edit(
                "spec.environment.commands",
                "    return AnswerKind.FENCED if pod.fence > position(command) else None",
                "    return None",
            ),
            Edit(
                "spec.environment.faults",
                "fenced = setup.fence_survives and max(pod.fence, pod.saved) > position(stray)",
                "fenced = False",
            ),
        ),
        explored("late order", "epochMonotone"),
    ),
    Mutant(
        "pods take commands for other processes",
        "A command that names a process reaches no other one.",
        (
            Edit(
                "spec.environment.commands",
                "    if command.run_id and command.run_id != run_of(index, pod.run):",
                "    if False:",
            ),
            Edit(
                "spec.environment.faults",
                "process = not stray.run_id or (stray.run_id == run_of(index, pod.run) and pod.up)",
                "process = True",
            ),
        ),
        explored("crash of pod and power", "noEmptyMasterPromoted"),
    ),
    _faults(
        "a new volume starts without a fence",
        "A pod with a new volume starts in the epoch of the template.",
        "saved=voting(world.api.template), led",
        "saved=0, led",
        explored("crash and lost volume", "fenceBeforeSelect"),
    ),
    _server(
        "replicas of a diverged history continue",
        "A replica that holds more than its primary's history copies it in full.",
        "pod.replid == host.replid2 and pod.offset <= host.second",
        "pod.replid == host.replid2",
        explored("deposed", "noAckedWriteLost"),
    ),
    _server(
        "a pod starts as a primary",
        "A process that starts follows nobody and serves nobody.",
        "pod = pod._replace(up=True, run=run,",
        "pod = pod._replace(up=True, run=run, primary=True,",
        explored("first start", "bootNeverSelfPromotes"),
    ),
    _server(
        "every other pod starts as a replica of pod 0",
        "A process that starts follows nobody, until it is told whom.",
        (
            "    pod = pod._replace(up=True, run=run,",
            "allowed = host.fence == acting(pod.creds) if setup.link_bound else pod.creds > 0",
        ),
        (
            (
                "    boots = {'follows': 0, 'follows_uid': 1, 'creds': 1} if index else {}\n"
                "    pod = pod._replace(up=True, run=run, **boots,"
            ),
            "allowed = pod.creds > 0",
        ),
        explored("isolated, a crash and a write", "noAckedWriteLost"),
    ),
    _server(
        "pod 0 starts as a primary, whatever is left of its data",
        "A process that starts on a volume that lost data serves nobody, and nobody copies it.",
        "pod = pod._replace(up=True, run=run,",
        "pod = pod._replace(up=True, run=run, primary=index == 0,",
        explored("power and a write", "noAckedWriteLost"),
    ),
    _server(
        "a pod that is told to stop goes on following",
        "A pod that was told to stop follows nobody, and its data changes no more.",
        "pod._replace(primary=False, follows=HOLD, follows_uid=0, link=Link.DOWN, copy=None))",
        "pod)",
        explored("isolated", "noAckedWriteLost"),
    ),
    _server(
        "a replica attaches with the user of any epoch",
        "A primary lets nobody attach but with the user of its own epoch.",
        "allowed = host.fence == acting(pod.creds) if setup.link_bound else pod.creds > 0",
        "allowed = pod.creds > 0",
        explored("P1", "noAckedWriteLost"),
    ),
    Mutant(
        "pod 0 is the primary for ever",
        "The evidence is about the recorded primary, whichever pod that is.",
        (
            Edit(
                "gungnir.machines.evidence",
                "    pod = view.pod(primary.pod)\n    if pod is None:",
                '    pod = view.pod(f"{facts.name}-0")\n    if pod is None:',
            ),
        ),
        explored("crash", "noDoubleFailover", "never: old primary rejoined", "never: failed over"),
    ),
    Mutant(
        "a command of an ended epoch has an effect",
        "A command of an older epoch than the pod's fence changes nothing.",
        (
            Edit(
                "spec.environment.commands",
                "    return AnswerKind.FENCED if pod.fence > position(command) else None",
                "    return None",
            ),
            Edit(
                "spec.environment.faults",
                "fenced = setup.fence_survives and max(pod.fence, pod.saved) > position(stray)",
                "fenced = False",
            ),
        ),
        explored("late commands", "noZombieEffect"),
    ),
)
