"""Faults, each within its budget: processes end, volumes are lost, power fails, the network is cut and heals."""

from collections.abc import Iterator

from gungnir.machines.requests import PodCommand
from gungnir.resources.fence import voting
from spec.environment.commands import position
from spec.environment.server import apart, dead, forgetting, put
from spec.world import (
    Budget,
    Cuts,
    Label,
    Link,
    Pod,
    Setup,
    World,
    cluster_version,
    pod_index,
    pod_name,
    run_of,
    service_version,
    template_version,
    uid_of,
)

Move = tuple[Label, World]
FORGETFUL = (Link.UP, Link.HALF, Link.SYNC)
"""Links whose end may take with it what a replica knows of the position of its data."""


def moves(setup: Setup, world: World) -> Iterator[Move]:
    """Yield every fault that the budget still allows, and every healing."""
    for index, pod in enumerate(world.pods):
        budget = world.budget
        if pod.up and (budget.crash or budget.unwritten or budget.lose or budget.replace or budget.power):
            yield from _endings(setup, world, index)
        if budget.forget and pod.up and pod.offset and pod.link in FORGETFUL:
            after = _spent(world.with_pod(index, forgetting(pod)), budget._replace(forget=budget.forget - 1))
            yield Label("forget", pod_name(index), "its link ends, and where its data ends", fair=False), after
        if budget.isolate and not world.cuts.peers & 1 << index:
            after = isolated(world, index)._replace(budget=budget._replace(isolate=budget.isolate - 1))
            yield Label("isolate", pod_name(index), "clients alone reach it", fair=False), after
        if budget.cut_operator or budget.cut_peers or world.cuts.peers or any(world.cuts.operators):
            yield from _cuts(world, index)


def _endings(setup: Setup, world: World, index: int) -> Iterator[Move]:
    who, budget = pod_name(index), world.budget
    gone = ended(setup, world, index)
    pod = gone.pods[index]
    if budget.crash:
        yield (
            Label("crash", who, "its process ends", fair=False),
            _spent(gone.with_pod(index, pod._replace(exit_seen=True)), budget._replace(crash=budget.crash - 1)),
        )
    if budget.unwritten and len(pod.log) > pod.synced:
        # A write waits in the process while an fsync is under way, and is answered and replicated all the same.
        short = gone._replace(ghost=gone.ghost._replace(lost=gone.ghost.lost + 1))
        short = short.with_pod(index, truncated(pod, len(pod.log) - 1)._replace(exit_seen=True))
        yield (
            Label("crash-short", who, "its process ends with a write that it had not handed to the kernel", fair=False),
            _spent(short, budget._replace(unwritten=budget.unwritten - 1)),
        )
    if budget.replace:
        yield (
            Label("replace", who, "a new pod on the same volume", fair=False),
            _spent(gone.with_pod(index, another(pod)), budget._replace(replace=budget.replace - 1)),
        )
    if budget.lose:
        fresh = another(truncated(pod, 0))._replace(
            saved=voting(world.api.template), led=0, torn=False, lives=(), synced=0
        )
        after = gone._replace(ghost=gone.ghost._replace(lost=world.ghost.lost + 1)).with_pod(index, fresh)
        yield (
            Label("lose", who, "a new pod on an empty volume", fair=False),
            _spent(after, budget._replace(lose=budget.lose - 1)),
        )
    if budget.power:
        for kept in range(pod.synced, len(pod.log) + 1):
            some = kept < len(pod.log) or gone.ghost.lost > world.ghost.lost
            after = gone._replace(ghost=gone.ghost._replace(lost=world.ghost.lost + some))
            # Known to those who start the next process: the one before left the file with its id behind.
            after = after.with_pod(index, truncated(pod, kept)._replace(torn=True))
            yield (
                Label("power", who, f"its node loses power; {kept} writes were on disk", fair=False),
                _spent(after, budget._replace(power=budget.power - 1)),
            )


def another(pod: Pod) -> Pod:
    """Another pod object of the same name."""
    return pod._replace(uid=pod.uid + 1, exit_seen=False, restarts=-1, shown=(-1, False, 0))


def truncated(pod: Pod, kept: int) -> Pod:
    """Lose the end of the data. Whoever has nothing has no replication id either."""
    offset = max(0, pod.offset - len(pod.log) + kept)
    return pod._replace(log=pod.log[:kept], offset=offset, replid=pod.replid if kept else "")


def isolated(world: World, index: int) -> World:
    """Cut a pod off from every operator and every peer."""
    bit, cuts = 1 << index, world.cuts
    cuts = Cuts(tuple(mask | bit for mask in cuts.operators), cuts.peers | bit)
    return _blamed(world._replace(cuts=cuts), index)


def ended(setup: Setup, world: World, index: int) -> World:
    """End a pod's process. A copy that its file did not hold yet is lost, as the end of a file is without power."""
    pod, pods = world.pods[index], dead(world.pods, world.cuts, setup, index)
    some = pod.former is not None and not set(pod.log) <= set(pods[index].log)
    ghost = world.ghost._replace(lost=world.ghost.lost + some)
    return _blamed(world._replace(pods=pods, ghost=ghost), index)


def _blamed(world: World, index: int) -> World:
    """Note that something befell the recorded primary, if this is its pod."""
    primary = world.api.record.primary
    if primary is not None and primary.pod == pod_name(index):
        world = world._replace(ghost=world.ghost._replace(cause=True))
    return world


def _spent(world: World, budget: Budget) -> World:
    return world._replace(budget=budget)


def _cuts(world: World, index: int) -> Iterator[Move]:
    bit, cuts, budget = 1 << index, world.cuts, world.budget
    for operator, mask in enumerate(cuts.operators):
        changed = cuts._replace(operators=(*cuts.operators[:operator], mask ^ bit, *cuts.operators[operator + 1 :]))
        if mask & bit:
            yield (
                Label("heal", f"operator {operator}", f"reaches {pod_name(index)} again"),
                world._replace(cuts=changed),
            )
        elif budget.cut_operator:
            after = world._replace(cuts=changed, budget=budget._replace(cut_operator=budget.cut_operator - 1))
            yield (
                Label("cut", f"operator {operator}", f"cannot reach {pod_name(index)}", fair=False),
                _blamed(after, index),
            )
    if cuts.peers & bit:
        yield Label("heal", pod_name(index), "reaches its peers again"), _joined(world, index)
    elif budget.cut_peers:
        after = world._replace(
            cuts=cuts._replace(peers=cuts.peers | bit), budget=budget._replace(cut_peers=budget.cut_peers - 1)
        )
        yield Label("cut", pod_name(index), "cannot reach its peers", fair=False), after


def _joined(world: World, index: int) -> World:
    """The network between a pod and its peers is back: half-open links are reset by the first packet."""
    cuts = world.cuts._replace(peers=world.cuts.peers & ~(1 << index))
    pods = world.pods
    for other, pod in enumerate(pods):
        if pod.link is Link.HALF and index in (other, pod.follows) and not apart(cuts, other, pod.follows):
            pods = put(pods, other, pod._replace(link=Link.DOWN, copy=None))
    return world._replace(cuts=cuts, pods=pods)


def pruned(setup: Setup, world: World) -> World:
    """Forget strays that can never have an effect any more: versions, uids, run ids and fences do not come back."""
    if not world.strays:
        return world
    alive = tuple(ref for ref in world.strays if _alive(setup, world, ref.value))
    return world if len(alive) == len(world.strays) else world._replace(strays=alive)


def _alive(setup: Setup, world: World, stray: object) -> bool:
    if isinstance(stray, PodCommand):
        index = pod_index(stray.pod)
        pod = world.pods[index]
        process = not stray.run_id or (stray.run_id == run_of(index, pod.run) and pod.up)
        fenced = setup.fence_survives and max(pod.fence, pod.saved) > position(stray)
        return stray.uid == uid_of(index, pod.uid) and process and not fenced
    versions = (cluster_version(world.api), service_version(world.api), template_version(world.api))
    return getattr(stray, "version", "") in versions
