"""The operators: rounds of the unmodified machines, one reply after another, and what becomes of what they send."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Final, cast

from gungnir.machines import failover, repair, scale_down, switchover
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Step
from gungnir.machines.record import Kind, Record
from gungnir.machines.requests import (
    Answer,
    AnswerKind,
    Answers,
    Elapsed,
    GetService,
    GetTemplate,
    Pause,
    PodCommand,
    Pods,
    PutRecord,
    Reply,
    Request,
    Seen,
    SetAnnotation,
    Stored,
    Unknown,
)
from gungnir.machines.view import View
from spec.environment.api_server import MUTATING, serve
from spec.environment.commands import CHANGING, can_raise, carried_out, raised
from spec.environment.observation import relabelled, seen
from spec.observed import aspects
from spec.world import (
    RECORDS,
    REQUESTS,
    STATES,
    STRAYS,
    Api,
    Label,
    Operator,
    Ref,
    Setup,
    Stray,
    World,
    pod_index,
    run_of,
)

Move = tuple[Label, World]
MACHINES: Final[dict[str, tuple[Callable[[], Step[Any]], Callable[[Facts, Any, Reply], Step[Any]]]]] = {
    "failover": (failover.start, failover.step),
    "repair": (repair.start, repair.step),
    "switchover": (switchover.start, switchover.step),
    "scale-down": (scale_down.start, scale_down.step),
}


class Taken:
    """Every (machine, source phase, trigger) that was taken: compared with the tables.

    ``observed``: what machines observed (``spec.observed``), where somebody asks for it.
    """

    edges: Final[set[tuple[str, str, str]]] = set()
    observed: ClassVar[set[str] | None] = None


def moves(setup: Setup, world: World, index: int) -> Iterator[Move]:
    """Yield what one operator, or the API server on its behalf, can do next. Commands to pods are an exchange."""
    operator = world.operators[index]
    if operator.state is not None:
        yield from _replies(setup, world, index)
        return
    if operator.cached.value != world.api.record:
        cached = operator._replace(cached=RECORDS.ref(world.api.record))
        yield Label("watch", f"operator {index}", "catches up"), world.with_operator(index, cached)
    yield from _rounds(setup, world, index)


def mishaps(setup: Setup, world: World, index: int) -> Iterator[Move]:
    """Yield what can go wrong with what one operator waits for: an answer is lost, or the operator process ends."""
    budget = world.budget
    if not (budget.message or budget.restart):
        return
    operator = world.operators[index]
    if operator.request is None:
        return
    request = operator.request.value
    if budget.message and isinstance(request, MUTATING):
        step, after = _received(setup, _timed_out(world, request), index, Unknown())
        yield Label("lost", f"operator {index}", (request, step), fair=False), after
    if budget.message and isinstance(request, Pods):
        for position, (command, answer) in enumerate(zip(request.commands, operator.answers, strict=True)):
            if answer is None and command.verb in CHANGING:
                lost = Answer(command.pod, AnswerKind.UNKNOWN)
                late = _answered(setup, _timed_out(world, command), index, position, lost)
                yield Label("lost", f"operator {index}", (command,), fair=False), late
    if budget.restart:
        yield _restarted(world, index)


def _rounds(setup: Setup, world: World, index: int) -> Iterator[Move]:
    operator = world.operators[index]
    snapshot = seen(setup, world, index, operator.cached.value)
    starts = [(snapshot, world)]
    stale = world.budget.stale
    if stale:
        spent = world._replace(budget=world.budget._replace(stale=stale - 1))
        if operator.kept is not None:
            kept_view = relabelled(operator.cached.value, cast("View", operator.kept.value))
            starts.append((Seen(operator.cached.value, kept_view), spent))
        if stale > 1:
            taken = spent.with_operator(index, operator._replace(kept=STATES.ref(snapshot.view)))
            yield Label("glimpse", f"operator {index}", "its view stands still", fair=False), taken
    for machine in MACHINES:
        if machine == "switchover" and not world.api.asked.wanted:
            continue
        if machine == "scale-down" and not _may_file(world):
            continue
        first = MACHINES[machine][0]()
        for reply, before in starts:
            after = _stepped(setup, machine, STATES.ref(first.state), reply)
            if after.request is not None:
                begun = _waiting(operator, machine, after)
                if not before.budget.stale:
                    begun = begun._replace(kept=None)
                yield Label(machine, f"operator {index}", after), before.with_operator(index, begun)


def _may_file(world: World) -> bool:
    """Tell whether an operator may ask for a handover by itself: not while a request is there, and so often only.

    Another operator may be about to do the same, so together they may ask once more.
    """
    return world.budget.file > 0 and not world.api.asked.wanted


def _stepped(setup: Setup, machine: str, state: Ref[object], reply: Reply) -> Step[Any]:
    before: Any = state.value
    after = MACHINES[machine][1](setup.facts, before, reply)
    Taken.edges.add((machine, str(before.phase), after.trigger))
    if Taken.observed is not None:
        Taken.observed.update(aspects(machine, before, reply))
    return after


def _waiting(operator: Operator, machine: str, step: Step[Any]) -> Operator:
    """Return the operator as it is after a step: waiting for the reply, or idle if the round is over."""
    if step.request is None:
        return operator._replace(machine="", state=None, request=None, answers=())
    count = len(step.request.commands) if isinstance(step.request, Pods) else 0
    return operator._replace(
        machine=machine, state=STATES.ref(step.state), request=REQUESTS.ref(step.request), answers=(None,) * count
    )


def _received(setup: Setup, world: World, index: int, reply: Reply) -> tuple[Step[Any], World]:
    operator = world.operators[index]
    if operator.state is None or operator.request is None:
        raise ValueError("an idle operator waits for nothing")
    step = _stepped(setup, operator.machine, operator.state, reply)
    while setup.eager_reads and isinstance(step.request, (GetService, GetTemplate)):
        step = _stepped(setup, operator.machine, STATES.ref(step.state), serve(world.api, step.request)[1])
    if isinstance(step.request, SetAnnotation):
        world = world._replace(budget=world.budget._replace(file=max(0, world.budget.file - 1)))
    if isinstance(reply, Stored) and isinstance(operator.request.value, PutRecord):
        operator = operator._replace(cached=RECORDS.ref(operator.request.value.record))
    world = world.with_operator(index, _waiting(operator, operator.machine, step))
    if isinstance(step.state, switchover.State) and step.state.phase is switchover.Phase.ACCEPTED:
        world = _handing_over(setup, world, index, step.state)
    return step, world


def _handing_over(setup: Setup, world: World, index: int, accepted: switchover.State) -> World:
    """Begin the failover that an accepted request asks for: nothing is sent in between, so nothing can happen."""
    operator = world.operators[index]
    first = failover.start(accepted.target, accepted.asked)
    reply = seen(setup, world, index, operator.cached.value)
    return world.with_operator(
        index, _waiting(operator, "failover", _stepped(setup, "failover", STATES.ref(first.state), reply))
    )


def _replies(setup: Setup, world: World, index: int) -> Iterator[Move]:
    request = world.operators[index].request
    if request is None:
        return
    who = f"operator {index}"
    match request.value:
        case Pods(commands):
            if not commands:
                step, after = _received(setup, world, index, Answers(()))
                yield Label("nobody", who, step), after
        case Pause():
            step, after = _received(setup, world, index, Elapsed())
            yield Label("elapsed", who, step), after
        case _:
            api, reply = serve(world.api, request.value, attended=True)
            yield replied(setup, world, index, api, reply)


def replied(setup: Setup, world: World, index: int, api: Api, reply: Reply) -> Move:
    """One operator gets the reply to its request for an object, which left ``api`` behind."""
    request = world.operators[index].request
    after = world if api is world.api else _written(world._replace(api=api), world.api.record)
    step, after = _received(setup, after, index, reply)
    return Label("api", f"operator {index}", (None if request is None else request.value, reply, step)), after


InFlight = tuple[int, PodCommand]
"""The position of a command in its request, and the command."""


def in_flight(world: World, index: int) -> tuple[InFlight, ...]:
    """Return the commands of one operator that were not answered yet."""
    operator = world.operators[index]
    if operator.request is None or not isinstance(operator.request.value, Pods):
        return ()
    pending = enumerate(zip(operator.request.value.commands, operator.answers, strict=True))
    return tuple((position, command) for position, (command, answer) in pending if answer is None)


def carried(setup: Setup, world: World, sent: InFlight, index: int) -> tuple[Label, Answer, World]:
    """A command arrives at its pod, or cannot."""
    _, command = sent
    if world.cuts.operators[index] & 1 << pod_index(command.pod):
        done, given = world, Answer(command.pod, AnswerKind.UNREACHABLE)
    else:
        done, given = carried_out(setup, world, command)
    return Label("command", f"operator {index}", (command, given)), given, done


def answered(setup: Setup, world: World, sent: InFlight, given: Answer, index: int) -> World:
    """The operator gets an answer; with the last one it goes on."""
    return _answered(setup, world, index, sent[0], given)


def _answered(setup: Setup, world: World, index: int, position: int, answer: Answer) -> World:
    operator = world.operators[index]
    answers = (*operator.answers[:position], answer, *operator.answers[position + 1 :])
    world = world.with_operator(index, operator._replace(answers=answers))
    complete = tuple(given for given in answers if given is not None)
    if len(complete) < len(answers):
        return world
    return _received(setup, world, index, Answers(complete))[1]


def _timed_out(world: World, request: Stray) -> World:
    return strayed(world, (request,))._replace(budget=world.budget._replace(message=world.budget.message - 1))


def strayed(world: World, requests: tuple[Stray, ...]) -> World:
    """Add requests that nobody waits for any more."""
    strays = sorted({*world.strays, *(STRAYS.ref(request) for request in requests)}, key=lambda ref: ref.mark)
    return world._replace(strays=tuple(strays))


def _restarted(world: World, index: int) -> Move:
    """The process ends; what it had sent may still arrive. Its successor starts with what the API server holds."""
    operator = world.operators[index]
    sent: tuple[Stray, ...] = ()
    if operator.request is not None:
        request: Request = operator.request.value
        if isinstance(request, Pods):
            pending = zip(request.commands, operator.answers, strict=True)
            sent = tuple(command for command, answer in pending if answer is None and command.verb in CHANGING)
        elif isinstance(request, MUTATING):
            sent = (request,)
    fresh = operator._replace(machine="", state=None, request=None, answers=(), cached=RECORDS.ref(world.api.record))
    world = strayed(world.with_operator(index, fresh), sent)
    budget = world.budget._replace(restart=world.budget.restart - 1)
    return Label("restart", f"operator {index}", sent, fair=False), world._replace(budget=budget)


def arrivals(setup: Setup, world: World) -> Iterator[Move]:
    """Yield what strays can do: arrive in full, raise the fence and end, or never arrive (no action)."""
    for stray in world.strays:
        left = world._replace(strays=tuple(other for other in world.strays if other is not stray))
        if not isinstance(stray.value, PodCommand):
            api, _ = serve(left.api, stray.value)
            if api is not left.api:
                yield (
                    Label("stray", "network", stray.value, fair=False),
                    _written(left._replace(api=api), left.api.record),
                )
            continue
        if setup.half_raises and can_raise(left, stray.value):
            yield Label("stray raise", "network", stray.value, fair=False), raised(setup, left, stray.value)
        after, answer = carried_out(setup, left, stray.value)
        if answer.kind is AnswerKind.DONE:
            yield Label("stray", "network", (stray.value, answer), fair=False), after


def _written(world: World, before: Record) -> World:
    """Note in the ghost what a write of the record means: a candidate frozen, a new primary recorded."""
    record, ghost = world.api.record, world.ghost
    candidate = None if record.intent is None else record.intent.candidate
    if candidate is not None:
        entry = (record.epoch, candidate.pod, candidate.run_id)
        if entry not in ghost.frozen:
            ghost = ghost._replace(frozen=tuple(sorted((*ghost.frozen, entry))))
    if record.epoch > before.epoch and record.intent is not None and record.intent.kind is Kind.SWITCHOVER:
        ghost = ghost._replace(handed=(*ghost.handed, world.api.asked.number))
    if record.primary is not None and record.primary != before.primary and record.primary.epoch == record.epoch:
        index = pod_index(record.primary.pod)
        pod = world.pods[index]
        serves = pod.up and pod.primary and run_of(index, pod.run) == record.primary.run_id
        reachable = not any(mask & 1 << index for mask in world.cuts.operators)
        ghost = ghost._replace(cause=not (serves and reachable))
    return world if ghost is world.ghost else world._replace(ghost=ghost)
