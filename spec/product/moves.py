"""What can happen next in the product, by who does it: each a move of one of the parts, carried over to the others.

Rules
- An operator begins a round, and sends the next request of one, only while it believes that it leads, by the lease
  machine's own word, as the driver does it. What it sent before goes on: it may arrive at any time.
- Rounds of one operator for one cluster come one after another. Of another operator that leads, or led, they may be
  under way at the same time.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from gungnir.machines import reconcile
from gungnir.machines.requests import Pause, PodCommand, Pods, PutSummary, Stored, Unreachable
from gungnir.resources.fence import voting
from spec.environment import faults, lease, operators, owned, people, replication
from spec.environment.contents import replicas_of
from spec.environment.lease import LeaseWorld
from spec.environment.operators import MACHINES
from spec.environment.owned import OwnedWorld, Worker
from spec.product.world import (
    WORKLOAD,
    Plan,
    Product,
    Side,
    carried_over,
    facts_now,
    facts_of_spec,
    made_for,
    may_arrive,
    present_setup,
    read_back,
    served,
    setup_of,
)
from spec.world import RECORDS, Label, Operator, Pod, Setup, World, pod_index, pod_name

PODS: Final = "pods"
OBJECTS: Final = "objects"
LEASE: Final = "lease"
BOTH: Final = "process"
"""Parts: whose label a move has. The last is of the product alone."""
PARTS: Final = (PODS, OBJECTS, LEASE, BOTH)
ASLEEP: Final = frozenset({"wake", "reply", "unreachable"})
"""What a process that is stopped does not do about its Lease."""
_FENCED: Final = Setup(facts_of_spec(0))


class Move(NamedTuple):
    """One action: the part whose it is, its label there, the state after it, and which operator's it is (-1: none)."""

    part: str
    label: Label
    after: Product
    who: int = -1

    @property
    def name(self) -> str:
        """Return what hits are counted by."""
        return f"{self.part}: {self.label.name}"


Moves = Iterator[Move]


def _reaches_api(product: Product, index: int) -> bool:
    return not product.lease.holders[index].cut


def _runs(product: Product, index: int) -> bool:
    """Tell whether this process is there, and is not stopped."""
    return not product.sides[index].stopped and not product.lease.holders[index].ended


def _may_begin(product: Product, index: int) -> bool:
    holder = product.lease.holders[index]
    return holder.leads and not holder.draining


# --- one operator ---------------------------------------------------------------------------------------------------


def of_operator(plan: Plan, product: Product, index: int) -> Moves:
    """Yield what one operator does by itself: the next step of its round, what its cache learns, a new round."""
    if not _runs(product, index):
        return
    side, operator = product.sides[index], product.world.operators[index]
    if side.worker.state is not None:
        yield from _reconciles(product, index)
    elif operator.state is not None:
        yield from _goes_on(plan, product, index)
    else:
        yield from _idle(plan, product, index)


def _idle(plan: Plan, product: Product, index: int) -> Moves:
    side, operator = product.sides[index], product.world.operators[index]
    who = f"operator {index}"
    if _reaches_api(product, index) and (
        operator.cached.value != product.world.api.record or side.spec != product.present.spec
    ):
        yield Move(PODS, Label("watch", who, "catches up"), _caught_up(product, index), index)
    if not _may_begin(product, index):
        return
    side = side._replace(facts=facts_now(plan, product, index))
    begun = product.with_side(index, side)
    for label, world in operators.moves(setup_of(plan, begun, index), product.world, index):
        if label.name in MACHINES:
            yield Move(PODS, label, begun._replace(world=world), index)
    believed = made_for(operator.cached.value, side.spec, side.facts.size)
    for name, kinds in (("reconcile", product.objects.kinds), ("show", ())):
        first = reconcile.start(kinds, believed.epoch)
        worker = Worker(believed, first.state, first.request)
        yield Move(OBJECTS, Label(name, who, first), product.with_side(index, side._replace(worker=worker)), index)


def _caught_up(product: Product, index: int) -> Product:
    operator = product.world.operators[index]._replace(cached=RECORDS.ref(product.world.api.record))
    side = product.sides[index]._replace(spec=product.present.spec)
    return product._replace(world=product.world.with_operator(index, operator)).with_side(index, side)


def _goes_on(plan: Plan, product: Product, index: int) -> Moves:
    """The round in the failover world takes its next step."""
    world, setup = product.world, setup_of(plan, product, index)
    request = world.operators[index].request
    if request is None:
        return
    found = served(product, index, request.value)
    if not (isinstance(request.value, (Pods, Pause)) or _reaches_api(product, index)):
        label, after = operators.replied(setup, world, index, world.api, Unreachable())
        yield _took(product, Move(PODS, label._replace(name="unreachable"), product._replace(world=after), index))
    elif found is not None:
        objects, reply = found
        api = world.api if objects is product.objects else read_back(objects, world.api)
        label, after = operators.replied(setup, world, index, api, reply)
        yield _took(product, Move(PODS, label, product._replace(world=after, objects=objects), index))
    else:
        for label, after in operators.moves(setup, world, index):
            yield _took(product, Move(PODS, label, product._replace(world=after), index))
        for sent in operators.in_flight(world, index):
            label, answer, done = operators.carried(setup, world, sent, index)
            after = operators.answered(setup, done, sent, answer, index)
            yield _took(product, Move(PODS, label, product._replace(world=after), index))


def _took(before: Product, move: Move) -> Move:
    """Return the move as the driver lets it be: no further request is sent by one that does not lead any more."""
    index, product = move.who, move.after
    was, now = before.world.operators[index], product.world.operators[index]
    if now.cached is not was.cached:
        # The answer to its own write brings the whole ValkeyCluster.
        product = product.with_side(index, product.sides[index]._replace(spec=product.present.spec))
    asks = now.state is not None and (now.state, now.request) != (was.state, was.request)
    if asks and not before.lease.holders[index].leads:
        product = product._replace(world=product.world.with_operator(index, _without_round(now)))
    return move._replace(after=carried_over(_without_dead_writes(product)))


def _without_round(operator: Operator) -> Operator:
    return operator._replace(machine="", state=None, request=None, answers=())


def _without_dead_writes(after: Product) -> Product:
    """Forget what nobody waits for and can never take effect, as each part does by itself."""
    if not after.world.strays:
        return after
    after = after._replace(world=_without_the_absent(after))
    kept = {ref for ref in after.world.strays if may_arrive(after.objects, ref.value)}
    world = faults.pruned(_FENCED, after.world)
    if not kept.issubset(world.strays):
        strays = sorted({*world.strays, *kept}, key=lambda ref: ref.mark)
        world = world._replace(strays=tuple(strays))
    return after if world is after.world else after._replace(world=world)


def _without_the_absent(product: Product) -> World:
    """Forget commands to pods that a scale-down took away: if one comes again, its object is another one."""
    strays = product.world.strays
    alive = [ref for ref in strays if not isinstance(ref.value, PodCommand) or product.exists(pod_index(ref.value.pod))]
    return product.world if len(alive) == len(strays) else product.world._replace(strays=tuple(alive))


def _reconciles(product: Product, index: int) -> Moves:
    """The round of the reconcile machine takes its next step."""
    before = product.seen_by(index)
    request = before.worker.request
    if not _reaches_api(product, index):
        label, after = owned.received("lost", before, before, Unreachable())
        yield _received(product, Move(OBJECTS, label, _with_objects(product, index, after), index))
        return
    for label, after in owned.of_operator(before._replace(budget=before.budget._replace(message=0, forbid=0))):
        objects = after._replace(budget=before.budget)
        move = _received(product, Move(OBJECTS, label, _with_objects(product, index, objects), index))
        yield move
        if isinstance(request, PutSummary) and isinstance(label.what, tuple) and isinstance(label.what[1], Stored):
            yield move._replace(after=_shown(move.after, index))


def _shown(product: Product, index: int) -> Product:
    """What the status shows to people differed, and was written."""
    api = product.world.api
    written = product._replace(world=product.world._replace(api=api._replace(told=api.told + 1)))
    return carried_over(_caught_up(written, index))


def _with_objects(product: Product, index: int, objects: OwnedWorld) -> Product:
    side = product.sides[index]._replace(worker=objects.worker)
    return product._replace(objects=objects).with_side(index, side)


def _received(before: Product, move: Move) -> Move:
    worker = move.after.sides[move.who].worker
    product = move.after
    if worker.request is not None and not before.lease.holders[move.who].leads:
        side = product.sides[move.who]._replace(worker=Worker(worker.cached))
        product = product.with_side(move.who, side)
    return move._replace(after=carried_over(_without_dead_writes(product)))


# --- pods, and controllers ------------------------------------------------------------------------------------------


def of_pods(plan: Plan, product: Product) -> Moves:
    """Yield what pods do by themselves, and what Kubernetes' own controllers do; and networks that heal."""
    setup = present_setup(plan, product)
    for label, world in replication.moves(setup, product.world):
        if label.name != "boot" or product.exists(pod_index(label.who)):
            yield _of_world(product, label, world)
    for label, objects in owned.collections(product.objects):
        yield _of_objects(product, label, objects)
    for label, world in faults.moves(setup, product.world):
        if label.fair:
            yield _of_world(product, label, world)
    yield from _scaled(plan, product)


def _scaled(plan: Plan, product: Product) -> Moves:
    """The StatefulSet's controller makes the next pod, or takes the last one away. Volumes stay."""
    live = product.objects.at(WORKLOAD)
    if live is None or live.deleting:
        return
    there = sum(product.exists(index) for index in range(len(product.world.pods)))
    wanted = replicas_of(live.content)
    if there < wanted:
        who = pod_name(there)
        yield Move(BOTH, Label("scale up", "controller", who), _grown(product, there))
    elif there > wanted:
        index = there - 1
        label = Label("scale down", "controller", pod_name(index))
        world, setup = product.world, present_setup(plan, product)
        if world.pods[index].up:
            world = faults.ended(setup, world, index)
            world = world.with_pod(index, world.pods[index]._replace(exit_seen=True))
        gone = product._replace(world=world, absent=product.absent | 1 << index)
        yield Move(BOTH, label, carried_over(_without_dead_writes(gone)))


def _grown(product: Product, index: int) -> Product:
    world = product.world
    if index < len(world.pods):  # it is there again, on the volume that it had
        back = faults.another(world.pods[index])
        return product._replace(world=world.with_pod(index, back), absent=product.absent & ~(1 << index))
    fresh = Pod(up=False, uid=1, run=0, log=(), offset=0, replid="", saved=voting(world.api.template))
    return product._replace(world=world._replace(pods=(*world.pods, fresh)))


def _of_world(product: Product, label: Label, world: World) -> Move:
    after = product._replace(world=world)
    return Move(PODS, label, carried_over(_without_dead_writes(after)))


def _of_objects(product: Product, label: Label, objects: OwnedWorld) -> Move:
    after = product._replace(objects=objects)
    return Move(OBJECTS, label, carried_over(_without_dead_writes(after)))


# --- the Lease ------------------------------------------------------------------------------------------------------


def of_lease(plan: Plan, product: Product) -> Moves:
    """Yield what the lease machines, their clocks and the network between them and the API server do."""
    for label, after in lease.successors(plan.clocks, product.lease):
        if not label.fair:
            continue
        index = _index_of(label, "operator", "clock")
        if index >= 0 and product.sides[index].stopped and label.name in ASLEEP:
            continue
        moved = product._replace(lease=after)
        if label.name == "start":
            moved = _reborn(plan, moved, index)
        yield Move(LEASE, label, moved, index)


def _index_of(label: Label, *kinds: str) -> int:
    """Return which operator's this action is, if its actor is of one of these kinds; else -1."""
    return int(label.who.rpartition(" ")[2]) if label.who.startswith(kinds) else -1


def _reborn(plan: Plan, product: Product, index: int) -> Product:
    """Another process takes the place of an operator's, with fresh caches; what that had sent may still arrive."""
    world, side = product.world, product.sides[index]
    once, setup = world._replace(budget=world.budget._replace(restart=1)), setup_of(plan, product, index)
    ends = (after for label, after in operators.mishaps(setup, once, index) if label.name == "restart")
    world = next(ends, world)._replace(budget=world.budget)
    objects = product.seen_by(index)
    if side.worker.state is not None:
        once_more = objects._replace(budget=objects.budget._replace(restart=1))
        ended = next(after for label, after in owned.mishaps(once_more) if label.name == "restart")
        objects = ended._replace(budget=objects.budget)
    fresh = Side(product.present.spec, facts_of_spec(product.present.spec))
    product = product._replace(world=world, objects=objects).with_side(index, fresh)
    return carried_over(_caught_up(product, index))


# --- what goes wrong ------------------------------------------------------------------------------------------------


def of_faults(plan: Plan, product: Product) -> Moves:
    """Yield what need not happen: faults within the budget, what people and clients do, late requests."""
    setup = present_setup(plan, product)
    for index in range(len(product.sides)):
        yield from _mishaps(plan, product, index)
    for moves in (operators.arrivals, faults.moves, replication.writes, people.moves):
        for label, world in moves(setup, product.world):
            if not label.fair and not (label.name in ("lose", "replace") and not product.world.api.template_present):
                yield _of_world(product, label, world)
    yield from _late_writes(product)
    for label, objects in (*owned.mishaps(product.objects), *owned.others(product.objects)):
        yield _of_objects(product, label, objects)
    yield from _harm_to_lease(plan, product)


def _mishaps(plan: Plan, product: Product, index: int) -> Moves:
    """Yield what can go wrong with one operator: an answer is lost, a permission, its process, or it is stopped."""
    side, world, who = product.sides[index], product.world, f"operator {index}"
    if world.budget.restart:
        spent = world._replace(budget=world.budget._replace(restart=world.budget.restart - 1))
        for label, ended in _ends(plan, product, index):
            after = product._replace(world=spent, lease=ended)
            yield Move(BOTH, label, _reborn(plan, after, index), index)
    if side.stopped:
        after = product.with_side(index, side._replace(stopped=False))
        yield Move(BOTH, Label("continue", who, fair=False), after, index)
        return
    if product.stops:
        after = product.with_side(index, side._replace(stopped=True))._replace(stops=product.stops - 1)
        yield Move(BOTH, Label("stop", who, fair=False), after, index)
    if _runs(product, index) and _reaches_api(product, index):
        yield from _unanswered(plan, product, index)


def _unanswered(plan: Plan, product: Product, index: int) -> Moves:
    """Yield how a round of one operator may fare worse: no answer, a refusal, or something more urgent."""
    for label, moved in operators.mishaps(setup_of(plan, product, index), product.world, index):
        if label.name != "restart":
            yield _took(product, Move(PODS, label, product._replace(world=moved), index))
    if product.sides[index].worker.state is None:
        return
    for label, objects in owned.of_operator(product.seen_by(index)):
        if label.name in ("lost", "forbidden"):
            yield _received(product, Move(OBJECTS, label, _with_objects(product, index, objects), index))
        elif label.name == "api" and objects.worker.state is not None:
            # Something more urgent waits: the round ends between two requests.
            interrupted = objects._replace(worker=Worker(objects.worker.cached))
            move = Move(OBJECTS, label._replace(fair=False), _with_objects(product, index, interrupted), index)
            yield _received(product, move)


def _ends(plan: Plan, product: Product, index: int) -> Iterator[tuple[Label, LeaseWorld]]:
    """Yield how the lease world goes on when the process of an operator ends: in the same pod, or in another one."""
    once = product.lease._replace(budget=lease.LeaseBudget(restart=1, replace=1))
    for label, after in lease.successors(plan.clocks, once):
        if label.name in ("restart", "replace") and label.who == f"operator {index}":
            yield label, after._replace(budget=product.lease.budget)


def _late_writes(product: Product) -> Moves:
    """A write of a manifest that nobody waits for any more arrives."""
    for stray in product.world.strays:
        if may_arrive(product.objects, stray.value):
            left = tuple(other for other in product.world.strays if other is not stray)
            world = product.world._replace(strays=left)
            found = served(product, -1, stray.value)  # type: ignore[arg-type]  # a write of a manifest
            objects = product.objects if found is None else found[0]
            after = product._replace(world=world, objects=objects)
            label = Label("stray", "network", stray.value, fair=False)
            yield Move(PODS, label, carried_over(_without_dead_writes(after)))


def _harm_to_lease(plan: Plan, product: Product) -> Moves:
    """Yield what the lease world has of its own: answers lost, the API server out of reach, a process asked to end."""
    for label, after in lease.successors(plan.clocks, product.lease):
        if not label.fair:
            index = _index_of(label, "operator")
            if index < 0 or not product.sides[index].stopped:
                yield Move(LEASE, label, product._replace(lease=after), index)
