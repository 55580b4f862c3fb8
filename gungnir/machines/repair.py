"""The repair machine: with a healthy primary and no failover under way, bring everyone else back to the record.

Rules
- One concern a round, the most urgent first: who serves and may not even follow yet, the record of who is whole, stray
  or unattached pods, pods that leave, what running servers are told of the durability, the Service, the template, the
  volumes, the pods' labels and readiness, and last who need not count any more. A round that changed something is
  followed by another.
- The record of who counts grows before a new pod may follow (electorate.py). It shrinks (or promises more copies)
  only after the pods that leave have ended or were left out of this epoch, and every pod that stays was read at or
  beyond what the primary held after that.
- A change of the durability reaches running servers in the order of durability.py: the primary asks for more replicas
  before the record promises more copies, and the record promises fewer before any server asks for fewer.
- The Service and the template are repaired from the record, never from what is found there.
- Volumes grow whatever the primary does: a full volume may be why there is none.

What this does not decide: anything else while the primary is in doubt. That is failover.py's, and this ends at once.
"""

from typing import NamedTuple

from gungnir.api.names import ROLE_PRIMARY, ROLE_REPLICA
from gungnir.machines import electorate
from gungnir.machines.durability import asks_for_enough, misconfigured
from gungnir.machines.epochs import counted, on_disk, renamed
from gungnir.machines.evidence import RELINK_AFTER_S, Health, attached, primary_health
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Step, handler_of
from gungnir.machines.pods import same_process
from gungnir.machines.record import Electorate, Record
from gungnir.machines.repair_table import MACHINE, Phase
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
    strays = _strays(record, primary, view)
    if strays:
        return _to(state, "demote", Pods(strays), commands=strays)
    wanted = _as_seen(facts, record, primary, view)
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
    return _look_at_durability(facts, state, primary)


def _look_at_durability(facts: Facts, state: State, primary: PodView) -> Step[State]:
    record, view = state.expected, state.view
    commands = tuple(
        PodCommand(Verb.CONFIGURE, pod.name, pod.uid, record.epoch)
        for pod in view.pods
        if misconfigured(facts, record, pod)
    )
    if commands:
        return _to(state, "configure", Pods(commands), commands=commands)
    if record.electorate != Electorate(facts.size, facts.acks) and _may_promise(facts, record, primary, view):
        commands = (PodCommand(Verb.READ, primary.name, primary.uid, record.epoch),)
        wanted = electorate.settled(facts, record)
        return _to(state, "shrink", Pods(commands), commands=commands, wanted=wanted)
    return _look_at_objects(facts, state, primary)


def _as_seen(facts: Facts, record: Record, primary: PodView, view: View) -> Record:
    """Return the record with what this view shows: who is whole, who may be told to follow, and which id is written."""
    record = electorate.parted(record, view)
    whole = electorate.members(facts, record, primary, view)
    wanted = electorate.admitting(facts, record._replace(members=whole), view)
    replid = _new_replid(record, primary)
    if replid:
        wanted = renamed(wanted, replid)
    if wanted.primary is not None and wanted.primary.restarts < 0 and _counts(record, primary):
        wanted = counted(wanted, primary.restarts)
    server = _reading(record, primary)
    if wanted.primary is not None and not wanted.primary.written and server is not None and server.written:
        wanted = on_disk(wanted)
    return wanted


def _look_at_objects(facts: Facts, state: State, primary: PodView) -> Step[State]:
    record, view = state.expected, state.view
    if view.service_present and (view.service_pod, view.service_epoch) != (primary.name, record.epoch):
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
    commands = tuple(
        PodCommand(Verb.FOLLOW, pod.name, pod.uid, record.epoch, "", primary.address)
        for pod in view.pods
        if pod.name in record.told and _cut_off(facts, pod, primary)
    )
    if commands:
        # No round follows at once: whoever has no way to the primary would be told without end.
        return _to(state, "relink", Pods(commands), commands=commands)
    if electorate.may_forget(facts, record, primary, view):
        # Last of all: it waits for the others to catch up, and nothing else waits for it.
        commands = (PodCommand(Verb.READ, primary.name, primary.uid, record.epoch),)
        return _to(state, "forget", Pods(commands), commands=commands, wanted=electorate.forgotten(record))
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


def _strays(record: Record, primary: PodView, view: View) -> tuple[PodCommand, ...]:
    """Return the orders to those that serve and may not follow before the record admits them: to stop, at once."""
    return tuple(
        PodCommand(Verb.DETACH, pod.name, pod.uid, record.epoch)
        for pod in view.pods
        if pod.name != primary.name and pod.name not in record.told
        if pod.contact is Contact.UP and pod.server is not None and pod.server.primary and not pod.server.loading
    )


def _unattached(facts: Facts, record: Record, pod: PodView, primary: PodView) -> bool:
    server = pod.server
    if pod.contact is not Contact.UP or server is None or server.loading or pod.deleting:
        return False
    if pod.name not in record.told:
        return False
    if pod.name not in facts.pod_names:
        return server.primary
    return server.primary or server.follows != primary.address or server.fence != record.epoch or server.voting


def _cut_off(facts: Facts, pod: PodView, primary: PodView) -> bool:
    """Tell whether this replica follows the right primary in vain, for so long that it may have the wrong password.

    Somebody may have set ``masterauth`` by hand; the operator never reads it, for it never asks for a password.
    """
    server = pod.server
    if pod.contact is not Contact.UP or server is None or pod.deleting or pod.name not in facts.pod_names:
        return False
    waits = not (server.link_up or server.syncing or server.loading or server.primary)
    return waits and server.follows == primary.address and server.link_down_s >= RELINK_AFTER_S


def _left_behind(record: Record, pod: PodView, server: Server) -> bool:
    """Tell whether this pod is being deleted and gave its vote in this epoch; writes were held, so its own end was too.

    See ``Verb.HOLD_WRITES``. Without a word from us it would stay until its grace period is over.
    """
    return pod.deleting and pod.contact is Contact.UP and server.voting and server.fence == record.epoch


def _new_replid(record: Record, primary: PodView) -> str:
    """Return the replication id that the recorded primary has taken since, or an empty text."""
    server = _reading(record, primary)
    return "" if server is None or server.replid == record.acting.replid else server.replid


def _reading(record: Record, primary: PodView) -> Server | None:
    """Return what the recorded process said since its promotion; None if it did not.

    It may have been primary before, followed another one meanwhile, and taken a full copy of its data.
    """
    server, recorded = primary.server, record.primary
    if server is None or recorded is None or primary.contact is not Contact.UP:
        return None
    same = server.primary and server.run_id == recorded.run_id and server.fence == record.epoch and not server.voting
    return server if same else None


def _counts(record: Record, primary: PodView) -> bool:
    """Tell whether the kubelet's restart count is about the very process that is recorded as primary."""
    server, recorded = primary.server, record.primary
    if server is None or recorded is None or server.run_id != recorded.run_id:
        return False
    return same_process(primary, server)


def _may_promise(facts: Facts, record: Record, primary: PodView, view: View) -> bool:
    told = primary.server is None or asks_for_enough(facts, primary.server)
    return told and electorate.may_settle(facts, record, view) and _only_staying(facts, record, primary, view)


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
    """Read everyone who goes on counting, but the primary: who leaves may be anywhere."""
    primary, counted = state.expected.primary, state.wanted.counted
    commands = tuple(
        PodCommand(Verb.READ, pod.name, pod.uid, state.expected.epoch)
        for pod in state.view.pods
        if pod.name in counted and (primary is None or pod.name != primary.pod)
    )
    return _to(state, trigger, Pods(commands), commands=commands)


def _level(_facts: Facts, state: State, reply: Reply) -> Step[State]:
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
        return _to(state, "level", GetCluster())
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
    Phase.RELINK: _attach,
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
