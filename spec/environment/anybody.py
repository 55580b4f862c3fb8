"""One machine alone, answered by anybody: every reply that its request may get, however it fits what came before.

Theory of operation: the other worlds answer as an API server and pods would, so what these never do is never seen
there. Here each reply is one of a short list for its request, whatever was replied before: an object of a newer epoch,
one that is gone, a pod that is another process, a reading that does not fit. What a machine promises whatever happens
is checked of every such round, in few steps; what it promises where the world is sane is checked in the others.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final, NamedTuple

from gungnir.machines import failover, repair, scale_down, switchover
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Step
from gungnir.machines.record import Intent, Kind, Record, Stage
from gungnir.machines.requests import (
    Answer,
    AnswerKind,
    Answers,
    ClearAnnotation,
    ClusterSeen,
    Conflict,
    Elapsed,
    Forbidden,
    GetCluster,
    GetService,
    GetTemplate,
    NotFound,
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
    SetAnnotation,
    Stored,
    TemplateSeen,
    Unknown,
    Unreachable,
    Verb,
    Version,
)
from gungnir.machines.switchover import ANY
from gungnir.machines.view import PodView, Server
from spec.environment.operators import Taken as Edges
from spec.story import said
from spec.world import Label, Number, pod_name

STEPS: Final[dict[str, Callable[[Facts, Any, Reply], Step[Any]]]] = {
    "failover": failover.step,
    "repair": repair.step,
    "switchover": switchover.step,
    "scale-down": scale_down.step,
}
READ_VERBS: Final = (Verb.READ, Verb.HOLD_WRITES)


class Known(NamedTuple):
    """What was replied in this round, as far as a promise asks for it.

    ``versions``: of each object, as last read or stored. ``stored``: the record as last read or stored. ``service`` and
    ``template``: as last read or stored (None: not read, or not there). ``asked``: verbs that pods were told so far.
    ``heard`` and ``denied``: pods that hear the primary, and that do not, as they said when they were asked for that.
    ``goal`` and ``reached``: offsets read at the primary that holds its writes, and at the target (-1: none), which is
    ``waited`` for.
    ``claims``: how many epochs this round began.
    """

    versions: tuple[tuple[str, Version], ...] = ()
    cluster: ClusterSeen | None = None
    stored: Record | None = None
    service: tuple[str | None, int] | None = None
    template: int | None = None
    told: tuple[Verb, ...] = ()
    answers: tuple[Answer, ...] = ()
    heard: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    goal: int = -1
    reached: int = -1
    waited: str = ""
    claims: int = 0
    steps: int = 0


class Start(NamedTuple):
    """A round that may begin: of which machine, how, and with which snapshot; ``what`` tells it in a few words.

    ``thorough``: every reply may come. Else, but for the first reads, only those that a round usually gets and one or
    two others: what comes after them is the same as in a thorough round.
    """

    what: str
    machine: str
    first: Step[Any]
    facts: Facts
    seen: Seen
    thorough: bool = False


class Alone(NamedTuple):
    """A machine in a round (``state`` is None before it), what it waits for, and what it was told."""

    start: Start | None = None
    state: Any = None
    request: Request | None = None
    known: Known = Known()

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this world from every other one."""
        return [number(name, part) for name, part in zip(self._fields, self, strict=True)]

    def shown(self) -> tuple[str, ...]:
        """Return what a story tells of this state, one line for each part."""
        if self.start is None:
            return ("no round is under way",)
        stored = self.known.stored
        known = "" if stored is None else f"the record is of epoch {stored.epoch}, intent {_told(stored.intent)}"
        return (f"{self.start.machine} is in {self.state.phase}", *((known,) if known else ()))


def _reply_told(reply: Reply) -> str:
    if isinstance(reply, Answers):
        return ", ".join(f"{answer.pod} {said(answer)}" for answer in reply.answers)
    if isinstance(reply, (ServiceSeen, TemplateSeen)):
        return f"{type(reply).__name__} {' '.join(f'{name} {value}' for name, value in reply._asdict().items())}"
    if isinstance(reply, ClusterSeen):
        asked = f", asked for is {reply.switchover}" if reply.switchover else ""
        return f"e{reply.record.epoch}{asked}{', being deleted' if reply.deleting else ''}"
    return type(reply).__name__


def _told(intent: Intent | None) -> str:
    return "none" if intent is None else f"{intent.kind} {intent.stage}"


class Taken(NamedTuple):
    """One step of a round: what was known before and is known now, what was answered, and what the machine does."""

    start: Start
    before: Alone
    answered: Request
    reply: Reply
    step: Step[Any]
    known: Known

    def told(self) -> str:
        """Return the step in one line of a story."""
        begins = self.before.known.steps == 0
        replied = self.start.what if begins else f"{said(self.answered)} -> {_reply_told(self.reply)}"
        return f"({replied}) {said(self.step)}"

    @property
    def request(self) -> Request | None:
        """What the machine asks for next."""
        return self.step.request

    @property
    def stored(self) -> Record:
        """The record as last read or stored."""
        return self.known.stored or Record()

    @property
    def commands(self) -> tuple[PodCommand, ...]:
        """What pods are told next."""
        return self.request.commands if isinstance(self.request, Pods) else ()

    def commanded(self, verb: Verb) -> tuple[PodCommand, ...]:
        """Return the commands of one kind."""
        return tuple(command for command in self.commands if command.verb is verb)

    @property
    def primary(self) -> PodView | None:
        """The recorded primary's pod, as the snapshot shows it."""
        recorded = self.start.seen.record.primary
        return None if recorded is None else self.start.seen.view.pod(recorded.pod)


Move = tuple[Label, Alone]


def successors(starts: tuple[Start, ...], world: Alone) -> Iterator[Move]:
    """Yield every round that may begin, or every reply that the round under way may get."""
    if world.start is None:
        for start in starts:
            begun = Alone(start, start.first.state, start.first.request)
            yield _received(begun, start.seen, start.what)
            if start == starts[0]:
                yield _received(begun, Unknown(), "nothing is seen")
        return
    for reply in replies(world):
        yield _received(world, reply, "")


def _received(world: Alone, reply: Reply, what: str) -> Move:
    start = world.start
    if start is None or world.request is None:
        raise ValueError("a machine without a round waits for nothing")
    step: Step[Any] = STEPS[start.machine](start.facts, world.state, reply)
    Edges.edges.add((start.machine, str(world.state.phase), step.trigger))
    known = _noted(world.known, world.request, reply)
    taken = Taken(start, world, world.request, reply, step, known)
    label = Label("begins" if what else "reply", start.machine, taken)
    return label, Alone() if step.request is None else Alone(start, step.state, step.request, known)


# --- what is known --------------------------------------------------------------------------------------------------


def _noted(known: Known, request: Request, reply: Reply) -> Known:
    known = known._replace(steps=known.steps + 1, answers=())
    match request, reply:
        case _, Seen(record):
            return known._replace(stored=record)
        case GetCluster(), ClusterSeen():
            return _versioned(known, "cluster", reply.version)._replace(cluster=reply, stored=reply.record)
        case PutRecord(), Stored(version):
            claimed = known.stored is not None and request.record.epoch > known.stored.epoch
            known = _versioned(known, "cluster", version)
            return known._replace(stored=request.record, claims=known.claims + claimed)
        case ClearAnnotation() | SetAnnotation(), Stored(version):
            return _versioned(known, "cluster", version)
        case Pods(commands), Answers(answers):
            return _answered(known, commands, answers)
        case _:
            return _noted_of_objects(known, request, reply)


def _noted_of_objects(known: Known, request: Request, reply: Reply) -> Known:
    match request, reply:
        case GetService(), _:
            # What the record was read for is decided by now.
            known = known._replace(cluster=None, heard=(), denied=(), service=None)
            if isinstance(reply, ServiceSeen):
                known = _versioned(known, "service", reply.version)._replace(service=(reply.pod, reply.epoch))
            return known
        case PutService(), Stored(version):
            return _versioned(known, "service", version)._replace(service=(request.pod, request.epoch))
        case GetTemplate(), _:
            known = known._replace(template=None)
            if isinstance(reply, TemplateSeen):
                known = _versioned(known, "template", reply.version)._replace(template=reply.epoch)
            return known
        case PutTemplate(), Stored(version):
            return _versioned(known, "template", version)._replace(template=request.epoch)
        case _:
            return known


def _versioned(known: Known, kind: str, version: Version) -> Known:
    return known._replace(versions=tuple(sorted({**dict(known.versions), kind: version}.items())))


def _answered(known: Known, commands: tuple[PodCommand, ...], answers: tuple[Answer, ...]) -> Known:
    verbs = {command.verb for command in commands}
    known = known._replace(told=tuple(sorted({*known.told, *verbs})), answers=answers)
    first = answers[0].server if answers else None
    if verbs == {Verb.HOLD_WRITES} and first is not None and answers[0].kind is AnswerKind.DONE:
        return known._replace(goal=first.offset)
    if verbs == {Verb.READ} and known.goal >= 0 and first is not None:
        return known._replace(reached=first.offset, waited=answers[0].pod)
    if verbs == {Verb.READ} and known.cluster is None:
        heard = {answer.pod: answer.server.link_up for answer in answers if answer.server is not None}
        hearing = tuple(pod for pod, up in heard.items() if up)
        return known._replace(heard=hearing, denied=tuple(pod for pod, up in heard.items() if not up))
    return known


# --- replies --------------------------------------------------------------------------------------------------------


def replies(world: Alone) -> Iterator[Reply]:
    """Yield what may be replied to the outstanding request."""
    known, request = world.known, world.request
    version = Version(f"v{known.steps}")
    epoch = known.stored.epoch if known.stored is not None else 0
    match request:
        case GetCluster():
            yield from _clusters(world, version)
        case PutRecord() | PutService() | PutTemplate() | ClearAnnotation() | SetAnnotation():
            yield from _some(world, (Stored(version), Conflict(), Unknown(), Unreachable(), Forbidden("any of it")), 3)
        case GetService():
            pods: tuple[str | None, ...] = (None, *(pod_name(index) for index in range(2)))
            services = (ServiceSeen(version, pod, at) for pod, at in product(pods, (epoch, epoch - 1, epoch + 1)))
            yield from _some(world, (*services, NotFound(), Unknown()), 2)
        case GetTemplate():
            templates = (TemplateSeen(version, at) for at in (epoch, epoch - 1, epoch + 1))
            yield from _some(world, (*templates, NotFound(), Unknown()), 2)
        case Pause():
            yield Elapsed()
        case Pods(commands):
            yield from (Answers(answers) for answers in _answers(world, commands))
        case None:
            return
        case _:
            yield from (Stored(version), Conflict(), Unknown())


def _some(world: Alone, choices: tuple[Reply, ...], few: int) -> tuple[Reply, ...]:
    return choices if world.start is not None and world.start.thorough else choices[:few]


def _clusters(world: Alone, version: Version) -> Iterator[Reply]:
    if world.start is None:
        return
    record = world.start.seen.record
    intent, asked = record.intent, bool(getattr(world.state, "asked", ""))
    matters = (
        asked
        or world.start.machine in ("switchover", "scale-down")
        or (intent is not None and intent.kind is Kind.SWITCHOVER)
    )
    for wanted in ("", ANY, pod_name(1), pod_name(2)) if matters else (ANY,):
        yield ClusterSeen(version, record, wanted)
    if world.start.machine == "switchover":
        yield ClusterSeen(version, record, pod_name(1), switchover_epoch=record.epoch)
        yield ClusterSeen(version, record, pod_name(1), switchover_epoch=record.epoch + 1)
    if world.start.machine == "scale-down":
        yield ClusterSeen(version, record, deleting=True)
        yield ClusterSeen(version, record._replace(epoch=record.epoch + 1))
        yield ClusterSeen(version, record._replace(left_out=(pod_name(1),)))
    yield ClusterSeen(version, record, ANY, deleting=True)
    other = Intent(Kind.FAILOVER, Stage.FENCING, "Another", "", None, "")
    yield ClusterSeen(version, record._replace(epoch=record.epoch + 1, intent=other), ANY)
    yield ClusterSeen(version, record._replace(epoch=record.epoch + 1), ANY)
    yield ClusterSeen(version, record._replace(left_out=(pod_name(2),)), ANY)
    yield from (NotFound(), Unknown(), Unreachable())


def _answers(world: Alone, commands: tuple[PodCommand, ...]) -> Iterator[tuple[Answer, ...]]:
    """Yield answers to commands: to reads every combination; else all as told, one that differs, and all that do."""
    choices = [tuple(_answers_of(world, command)) for command in commands]
    if all(command.verb in READ_VERBS for command in commands):
        yield from product(*choices)
        return
    usual = tuple(each[0] for each in choices)
    yield usual
    if Verb.PROMOTE in world.known.told and commands[0].verb is Verb.DETACH:
        return  # A candidate refused: what may be answered was answered in the epoch before.
    if world.start is None or not world.start.thorough:
        choices = choices[:1]
        usual_rest = usual[1:]
        yield from ((other, *usual_rest) for other in choices[0][1:])
        return
    for position, each in enumerate(choices):
        for other in each[1:]:
            yield (*usual[:position], other, *usual[position + 1 :])
    if len(choices) > 1:
        for number in range(1, len(choices[0])):
            yield tuple(each[number] for each in choices)


def _answers_of(world: Alone, command: PodCommand) -> Iterator[Answer]:
    server = _reading_of(world, command.pod)
    for changed in _readings(command, server):
        yield Answer(command.pod, AnswerKind.DONE, changed)
    failures = (AnswerKind.UNREACHABLE,) if command.verb is Verb.READ else _FAILURES
    for kind in failures:
        yield Answer(command.pod, kind, None, "LOADING" if kind is AnswerKind.ERROR else "")


_FAILURES: Final = (AnswerKind.UNKNOWN, AnswerKind.ERROR, AnswerKind.FENCED, AnswerKind.OTHER_PROCESS)


def _reading_of(world: Alone, name: str) -> Server:
    """Return what the snapshot shows of this pod, or if it shows nothing what another pod would read there."""
    view = None if world.start is None else world.start.seen.view
    servers = [] if view is None else [pod.server for pod in view.pods if pod.server is not None]
    pod = None if view is None else view.pod(name)
    if pod is not None and pod.server is not None:
        return pod.server
    return servers[-1]._replace(run_id=f"run of {name}")


def _readings(command: PodCommand, server: Server) -> Iterator[Server]:
    """Yield readings after a command, the one that was to be expected first."""
    stopped = server._replace(primary=False, follows="hold", link_up=False, last_io_s=-1)
    match command.verb:
        case Verb.READ:
            yield server
            yield server._replace(link_up=False, last_io_s=-1)
            yield server._replace(offset=server.offset - 1)
        case Verb.DETACH:
            voted = stopped._replace(fence=command.epoch, voting=True)
            yield voted
            yield voted._replace(offset=server.offset - 1)
            yield voted._replace(loading=True)
            yield voted._replace(fence=command.epoch - 1)
        case Verb.PROMOTE:
            done = stopped._replace(
                primary=True, fence=command.epoch, voting=False, replid="new", run_id=command.run_id
            )
            yield done
            yield done._replace(primary=False)
            yield done._replace(fence=command.epoch - 1)
            yield done._replace(voting=True)
            yield done._replace(run_id="another")
        case _:
            yield server
