"""The repair machine: with a healthy primary and no failover under way, bring everyone else back to the record.

Rules
- One concern a round, the most urgent first: the record of who is whole, stray or unattached pods, pods that
  leave, what running servers are told of the durability, the Service, the template, the volumes, the pods' labels and
  readiness. A round that changed something is followed by another.
- A pod is recorded as whole only when it was read attached to the recorded primary, in its history, with its link up.
- The electorate grows before a new pod may follow, by the pods that are about to be told. It shrinks (or promises more
  copies) only after the pods that leave are gone and every pod that stays was read at or beyond what the primary held
  after that.
- A change of the durability reaches running servers in the order of durability.py: the primary asks for more replicas
  before the record promises more copies, and the record promises fewer before any server asks for fewer.
- The Service and the template are repaired from the record, never from what is found there.
- Volumes grow whatever the primary does: a full volume may be why there is none.

What this does not decide: anything else while the primary is in doubt. That is failover.py's, and this ends at once.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from gungnir.api.names import ROLE_PRIMARY, ROLE_REPLICA
from gungnir.machines.durability import asks_for_enough, misconfigured
from gungnir.machines.epochs import counted, renamed
from gungnir.machines.evidence import Health, attached, primary_health
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Machine, Row, Step, handler_of, register
from gungnir.machines.pods import same_process
from gungnir.machines.record import Electorate, Member, Record
from gungnir.machines.requests import (
    AnswerKind,
    Answers,
    ClusterSeen,
    Forbidden,
    GetCluster,
    GetService,
    GetTemplate,
    GrowClaim,
    Invalid,
    Observe,
    PatchPod,
    PatchPodStatus,
    Pause,
    PodCommand,
    Pods,
    PutRecord,
    PutService,
    PutTemplate,
    Reply,
    Request,
    Seen,
    ServiceSeen,
    Stored,
    TemplateSeen,
    Verb,
    describe,
)
from gungnir.machines.storage import claim_to_grow
from gungnir.machines.view import Contact, PodView, Server, View

LEVEL_STEP_MS = 20
LEVEL_TRIES = 50


class Phase(StrEnum):
    """Where a repair round stands."""

    LOOK = "Look"
    ATTACH = "Attach"
    END = "End"
    CONFIGURE = "Configure"
    GOAL = "Goal"
    LEVEL = "Level"
    LEVEL_WAIT = "LevelWait"
    RECORD_READ = "RecordRead"
    RECORD_WRITE = "RecordWrite"
    ROUTE_READ = "RouteRead"
    ROUTE_WRITE = "RouteWrite"
    STAMP_READ = "StampRead"
    STAMP_WRITE = "StampWrite"
    GROW = "Grow"
    LABEL = "Label"
    DONE = "Done"
    CHANGED = "Changed"
    ABANDONED = "Abandoned"


_P = Phase
MACHINE: Final = register(
    Machine(
        name="repair",
        initial=_P.LOOK,
        terminal=frozenset({_P.DONE, _P.CHANGED, _P.ABANDONED}),
        rows=(
            Row(_P.LOOK, "nothing", _P.DONE, "all is as recorded, or the primary is in doubt"),
            Row(_P.LOOK, "attach", _P.ATTACH, "a pod is not attached, or serves though it is not the primary"),
            Row(_P.LOOK, "end", _P.END, "a leaving pod gave its role away: nothing keeps it"),
            Row(_P.LOOK, "configure", _P.CONFIGURE, "a server asks for other replicas than the durability says"),
            Row(_P.LOOK, "record", _P.RECORD_READ, "a pod is whole and not recorded, or the electorate grows"),
            Row(_P.LOOK, "shrink", _P.GOAL, "the electorate may shrink: first see what the primary holds"),
            Row(_P.LOOK, "route", _P.ROUTE_READ, "the Service is not as recorded"),
            Row(_P.LOOK, "stamp", _P.STAMP_READ, "the template starts new volumes in an old epoch"),
            Row(_P.LOOK, "grow", _P.GROW, "a volume is smaller than asked for"),
            Row(_P.LOOK, "label", _P.LABEL, "a pod's role label or readiness is not as seen"),
            Row(_P.ATTACH, "told", _P.CHANGED, "the pods were told"),
            Row(_P.ATTACH, "failed", _P.ABANDONED, "none of them did as told"),
            Row(_P.END, "told", _P.CHANGED, "its process ends"),
            Row(_P.END, "failed", _P.ABANDONED, "it gave no answer, or is gone"),
            Row(_P.CONFIGURE, "told", _P.CHANGED, "the servers were told"),
            Row(_P.CONFIGURE, "failed", _P.ABANDONED, "none of them did as told"),
            Row(_P.GOAL, "known", _P.LEVEL, "now read the others"),
            Row(_P.GOAL, "failed", _P.ABANDONED, "the primary gave no answer"),
            Row(_P.LEVEL, "level", _P.RECORD_READ, "every pod that stays holds all of it"),
            Row(_P.LEVEL, "behind", _P.LEVEL_WAIT, "not yet"),
            Row(_P.LEVEL, "failed", _P.ABANDONED, "out of patience"),
            Row(_P.LEVEL_WAIT, "elapsed", _P.LEVEL, "look again"),
            Row(_P.RECORD_READ, "fresh", _P.RECORD_WRITE, "the record is as we saw it"),
            Row(_P.RECORD_READ, "changed", _P.ABANDONED, "the record moved on"),
            Row(_P.RECORD_WRITE, "stored", _P.CHANGED, "recorded"),
            Row(_P.RECORD_WRITE, "failed", _P.ABANDONED, "conflict or unknown: read again next round"),
            Row(_P.ROUTE_READ, "drifted", _P.ROUTE_WRITE, "point it at the recorded primary"),
            Row(_P.ROUTE_READ, "right", _P.DONE, "the cache was behind"),
            Row(_P.ROUTE_READ, "failed", _P.ABANDONED, "absent, newer than us, or unreachable"),
            Row(_P.ROUTE_WRITE, "stored", _P.CHANGED, "repaired"),
            Row(_P.ROUTE_WRITE, "failed", _P.ABANDONED, "conflict or unknown"),
            Row(_P.STAMP_READ, "drifted", _P.STAMP_WRITE, "write the epoch"),
            Row(_P.STAMP_READ, "right", _P.DONE, "the cache was behind"),
            Row(_P.STAMP_READ, "failed", _P.ABANDONED, "absent or unreachable"),
            Row(_P.STAMP_WRITE, "stored", _P.CHANGED, "repaired"),
            Row(_P.STAMP_WRITE, "failed", _P.ABANDONED, "conflict or unknown"),
            Row(_P.GROW, "stored", _P.CHANGED, "asked for"),
            Row(_P.GROW, "refused", _P.CHANGED, "it may not grow: that is shown, and not asked for again soon"),
            Row(_P.GROW, "failed", _P.ABANDONED, "the claim changed: look again"),
            Row(_P.LABEL, "stored", _P.CHANGED, "shown"),
            Row(_P.LABEL, "failed", _P.ABANDONED, "the pod changed: look again"),
        ),
    )
)


class State(NamedTuple):
    """All that one repair round knows."""

    phase: Phase = Phase.LOOK
    expected: Record = Record()
    view: View = View(())
    wanted: Record = Record()
    commands: tuple[PodCommand, ...] = ()
    goal: int = 0
    tries: int = 0
    detail: str = ""


def start() -> Step[State]:
    """Begin a round."""
    return Step(State(), Observe(), "start")


def step(facts: Facts, state: State, reply: Reply) -> Step[State]:
    """Take one step.

    Raises:
        IllegalTransition: the reply does not belong to the request outstanding in this phase.
    """
    return handler_of(MACHINE, _HANDLERS, state.phase, reply)(facts, state, reply)


def _to(state: State, trigger: str, request: Request | None = None, **changes: object) -> Step[State]:
    phase = Phase(MACHINE.advance(state.phase, trigger))
    return Step(state._replace(phase=phase, **changes), request, trigger)  # type: ignore[arg-type]


# --- what is to be done ---------------------------------------------------------------------------------------------


def _look(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, Seen):
        return _to(state, "nothing")
    record, view = reply.record, reply.view
    state = state._replace(expected=record, view=view)
    primary = _healthy_primary(facts, record, view)
    if primary is None:
        return _grow(facts, state) or _to(state, "nothing")
    wanted = _admitting(facts, record._replace(members=_members(facts, record, primary, view)), view)
    replid = _new_replid(record, primary)
    if replid:
        wanted = renamed(wanted, replid)
    if wanted.primary is not None and wanted.primary.restarts < 0 and _counts(record, primary):
        wanted = counted(wanted, primary.restarts)
    if wanted != record:
        return _to(state, "record", GetCluster(), wanted=wanted)
    commands = tuple(
        PodCommand(Verb.FOLLOW, pod.name, pod.uid, record.epoch, "", primary.address)
        for pod in view.pods
        if pod.name != primary.name and _unattached(facts, record, pod, primary)
    )
    if commands:
        return _to(state, "attach", Pods(commands), commands=commands)
    commands = tuple(
        PodCommand(Verb.SHUTDOWN, pod.name, pod.uid, record.epoch, pod.server.run_id)
        for pod in view.pods
        if pod.name != primary.name and pod.server is not None and _left_behind(record, pod, pod.server)
    )
    if commands:
        return _to(state, "end", Pods(commands), commands=commands)
    commands = tuple(
        PodCommand(Verb.CONFIGURE, pod.name, pod.uid, record.epoch)
        for pod in view.pods
        if misconfigured(facts, record, pod)
    )
    if commands:
        return _to(state, "configure", Pods(commands), commands=commands)
    if record.electorate != Electorate(facts.size, facts.acks) and _may_promise(facts, record, primary, view):
        commands = (PodCommand(Verb.READ, primary.name, primary.uid, record.epoch),)
        return _to(state, "shrink", Pods(commands), commands=commands)
    return _look_at_objects(facts, state, primary)


def _look_at_objects(facts: Facts, state: State, primary: PodView) -> Step[State]:
    record, view = state.expected, state.view
    if view.service_pod != primary.name or view.service_epoch != record.epoch:
        return _to(state, "route", GetService())
    if view.template_present and view.template_epoch < record.epoch:
        return _to(state, "stamp", GetTemplate())
    grow = _grow(facts, state)
    if grow is not None:
        return grow
    for pod in view.pods:
        role, synced = shown(record, primary, pod)
        if pod.role_label != role:
            return _to(state, "label", PatchPod(pod.name, pod.uid, pod.version, role))
        if pod.synced != synced:
            return _to(state, "label", PatchPodStatus(pod.name, pod.uid, pod.version, synced))
    return _to(state, "nothing")


def _grow(facts: Facts, state: State) -> Step[State] | None:
    claim = None if state.view.stalled else claim_to_grow(facts, state.view)
    if claim is None:
        return None
    return _to(state, "grow", GrowClaim(claim.name, claim.uid, claim.version, facts.volume_bytes))


def _healthy_primary(facts: Facts, record: Record, view: View) -> PodView | None:
    if record.primary is None or record.intent is not None or view.stalled:
        return None
    healthy = primary_health(facts, record, view).health in (Health.HEALTHY, Health.LEAVING)
    return view.pod(record.primary.pod) if healthy else None


def _unattached(facts: Facts, record: Record, pod: PodView, primary: PodView) -> bool:
    server = pod.server
    if pod.contact is not Contact.UP or server is None or server.loading or pod.deleting:
        return False
    if pod.name not in facts.pod_names:
        return server.primary
    return server.primary or server.follows != primary.address or server.fence != record.epoch or server.voting


def _left_behind(record: Record, pod: PodView, server: Server) -> bool:
    """Tell whether this pod is being deleted and gave its vote in this epoch; writes were held, so its own end was too.

    See ``Verb.HOLD_WRITES``. Without a word from us it would stay until its grace period is over.
    """
    return pod.deleting and pod.contact is Contact.UP and server.voting and server.fence == record.epoch


def _members(facts: Facts, record: Record, primary: PodView, view: View) -> tuple[Member, ...]:
    members = {member.pod: member for member in record.members if view.pod(member.pod) or member.pod in facts.pod_names}
    for pod in view.pods:
        server = pod.server
        if server is None or pod.contact is not Contact.UP or pod.name not in facts.pod_names:
            continue
        if attached(record, server, primary.address):
            members[pod.name] = Member(pod.name, pod.uid, server.run_id)
    return tuple(sorted(members.values()))


def _new_replid(record: Record, primary: PodView) -> str:
    """Return the replication id that the recorded primary has taken since, or an empty text."""
    server, recorded = primary.server, record.primary
    if server is None or recorded is None or primary.contact is not Contact.UP:
        return ""
    same = server.primary and server.run_id == recorded.run_id and server.fence == record.epoch and not server.voting
    return server.replid if same and server.replid != recorded.replid else ""


def _counts(record: Record, primary: PodView) -> bool:
    """Tell whether the kubelet's restart count is about the very process that is recorded as primary."""
    server, recorded = primary.server, record.primary
    if server is None or recorded is None or server.run_id != recorded.run_id:
        return False
    return same_process(primary, server)


def _admitting(facts: Facts, record: Record, view: View) -> Record:
    """Admit the pods that answer and may be told to follow, and make the electorate large enough for all of them.

    A pod that is only asked for, or does not answer, is not counted: it was told nothing and can hold nothing.
    """
    members = frozenset(member.pod for member in record.members)
    new = tuple(
        Member(pod.name, pod.uid, pod.server.run_id)
        for pod in view.pods
        if pod.contact is Contact.UP and pod.server is not None and not pod.server.loading
        if pod.name in facts.pod_names and pod.name not in record.told
    )
    admitted = (*(pod for pod in record.admitted if pod.pod not in members), *new)
    record = record._replace(admitted=tuple(sorted(admitted)))
    return record._replace(electorate=_grown(facts, record))


def _grown(facts: Facts, record: Record) -> Electorate:
    """A larger size and fewer promised copies are recorded at once, for they only ask for more votes.

    No copies at all ask for one vote: at once if a person chose that (``async``), but for a scale-down to one pod only
    when the others are gone.
    """
    electorate = record.electorate
    acks = min(electorate.acks, facts.acks) if facts.acks or facts.size > 1 else electorate.acks
    return Electorate(max(electorate.size, len(record.told)), acks)


def _may_promise(facts: Facts, record: Record, primary: PodView, view: View) -> bool:
    told = primary.server is None or asks_for_enough(facts, primary.server)
    return told and _only_staying(facts, record, primary, view)


def _only_staying(facts: Facts, record: Record, primary: PodView, view: View) -> bool:
    names = {pod.name for pod in view.pods}
    return names == set(facts.pod_names) and all(
        pod.name == primary.name
        or (pod.contact is Contact.UP and pod.server is not None and attached(record, pod.server, primary.address))
        for pod in view.pods
    )


def shown(record: Record, primary: PodView, pod: PodView) -> tuple[str, bool]:
    """Return the role label and the readiness that this pod must show: both only for what was seen in sync."""
    if pod.name == primary.name:
        return ROLE_PRIMARY, True
    server = pod.server
    synced = (
        pod.contact is Contact.UP
        and server is not None
        and attached(record, server, primary.address)
        # Not before it is recorded: a pod that is shown ready can vote.
        and record.is_member(pod.name, pod.uid, server.run_id)
    )
    return (ROLE_REPLICA, True) if synced else ("", False)


# --- doing it -------------------------------------------------------------------------------------------------------


def _attach(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    answers = reply.answers if isinstance(reply, Answers) else ()
    if any(answer.kind is AnswerKind.DONE for answer in answers):
        return _to(state, "told")
    return _to(state, "failed", detail="; ".join(f"{a.pod}: {a.error or a.kind}" for a in answers))


def _goal(facts: Facts, state: State, reply: Reply) -> Step[State]:
    server = reply.answers[0].server if isinstance(reply, Answers) and reply.answers else None
    if server is None or not server.primary or not asks_for_enough(facts, server):
        return _to(state, "failed", detail="the primary gave no reading, or asks for too few replicas")
    state = state._replace(goal=server.offset, tries=LEVEL_TRIES)
    return _read_others(state, "known")


def _read_others(state: State, trigger: str) -> Step[State]:
    primary = state.expected.primary
    commands = tuple(
        PodCommand(Verb.READ, pod.name, pod.uid, state.expected.epoch)
        for pod in state.view.pods
        if primary is None or pod.name != primary.pod
    )
    return _to(state, trigger, Pods(commands), commands=commands)


def _level(facts: Facts, state: State, reply: Reply) -> Step[State]:
    answers = reply.answers if isinstance(reply, Answers) else ()
    primary = None if state.expected.primary is None else state.view.pod(state.expected.primary.pod)
    if (
        isinstance(reply, Answers)
        and primary is not None
        and all(
            answer.server is not None
            and attached(state.expected, answer.server, primary.address)
            and answer.server.offset >= state.goal
            for answer in answers
        )
    ):
        wanted = state.expected._replace(electorate=Electorate(facts.size, facts.acks), admitted=())
        return _to(state, "level", GetCluster(), wanted=wanted)
    if state.tries <= 0:
        return _to(state, "failed", detail="a pod that stays is behind")
    return _to(state, "behind", Pause(LEVEL_STEP_MS), tries=state.tries - 1)


def _level_wait(_facts: Facts, state: State, _reply: Reply) -> Step[State]:
    return _read_others(state, "elapsed")


def _record_read(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, ClusterSeen) or reply.record != state.expected or reply.deleting:
        return _to(state, "changed", detail="the record moved on")
    return _to(state, "fresh", PutRecord(reply.version, state.wanted))


def _stored(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if isinstance(reply, Stored):
        return _to(state, "stored")
    return _to(state, "failed", detail=f"{state.phase}: {describe(reply)}")


def _route_read(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    primary, epoch = state.expected.primary, state.expected.epoch
    if not isinstance(reply, ServiceSeen) or primary is None or reply.epoch > epoch:
        return _to(state, "failed", detail=f"GetService: {describe(reply)}")
    if (reply.pod, reply.epoch) == (primary.pod, epoch):
        return _to(state, "right")
    return _to(state, "drifted", PutService(reply.version, primary.pod, epoch))


def _stamp_read(_facts: Facts, state: State, reply: Reply) -> Step[State]:
    if not isinstance(reply, TemplateSeen):
        return _to(state, "failed", detail=f"GetTemplate: {describe(reply)}")
    if reply.epoch >= state.expected.epoch:
        return _to(state, "right")
    return _to(state, "drifted", PutTemplate(reply.version, state.expected.epoch))


def _grow_claim(facts: Facts, state: State, reply: Reply) -> Step[State]:
    if isinstance(reply, (Forbidden, Invalid)):
        return _to(state, "refused", detail=f"{state.phase}: {describe(reply)}")
    return _stored(facts, state, reply)


_HANDLERS = {
    Phase.LOOK: _look,
    Phase.ATTACH: _attach,
    Phase.END: _attach,
    Phase.CONFIGURE: _attach,
    Phase.GOAL: _goal,
    Phase.LEVEL: _level,
    Phase.LEVEL_WAIT: _level_wait,
    Phase.RECORD_READ: _record_read,
    Phase.RECORD_WRITE: _stored,
    Phase.ROUTE_READ: _route_read,
    Phase.ROUTE_WRITE: _stored,
    Phase.STAMP_READ: _stamp_read,
    Phase.STAMP_WRITE: _stored,
    Phase.GROW: _grow_claim,
    Phase.LABEL: _stored,
}
