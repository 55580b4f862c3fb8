"""What pods do by themselves: start, attach, copy, stream; and what clients do to them."""

from collections.abc import Iterator

from spec.environment.server import (
    apart,
    attached,
    booted,
    can_attach,
    loaded,
    loading,
    next_write,
    put,
    rewritten,
)
from spec.world import Label, Link, Setup, World, pod_name

Move = tuple[Label, World]


def moves(setup: Setup, world: World) -> Iterator[Move]:
    """Yield every step that a pod can take by itself."""
    for index, pod in enumerate(world.pods):
        who = pod_name(index)
        if not pod.up:
            yield from _starts(setup, world, index)
            continue
        yield from _beside(world, index)
        if can_attach(world.pods, world.cuts, setup, index):
            after = world._replace(pods=attached(world.pods, index))
            yield Label("attach", who), _confirmed(setup, after, index)
        near = not apart(world.cuts, index, pod.follows)
        match pod.link:
            case Link.UP if near:
                write = next_write(world.pods[pod.follows], pod)
                if write is not None:
                    received = pod._replace(log=(*pod.log, write), offset=pod.offset + 1)
                    yield Label("stream", who, write), _confirmed(setup, world.with_pod(index, received), index)
            case Link.SYNC if near:
                yield Label("load", who), world.with_pod(index, loading(pod))
            case Link.LOAD | Link.LOAD_CUT:
                after = world.with_pod(index, loaded(pod, setup))
                yield Label("loaded", who), _confirmed(setup, after, index)
            case Link.UP | Link.HALF | Link.SYNC if not near:
                yield Label("link timeout", who), world.with_pod(index, pod._replace(link=Link.DOWN, copy=None))
            case _:
                pass


def _beside(world: World, index: int) -> Iterator[Move]:
    """Yield what goes on whatever the pod does: the kubelet's report, and the new append-only file."""
    pod, who = world.pods[index], pod_name(index)
    if pod.shown != (pod.restarts, pod.exit_seen, pod.run):
        reported = pod._replace(shown=(pod.restarts, pod.exit_seen, pod.run))
        yield Label("report", f"kubelet of {who}"), world.with_pod(index, reported)
    if pod.former is not None:
        yield Label("rewrite", who, "its file holds the copy"), world.with_pod(index, rewritten(pod))


def _starts(setup: Setup, world: World, index: int) -> Iterator[Move]:
    pod = world.pods[index]
    if not setup.gone & 1 << index or not pod.run:
        yield Label("boot", pod_name(index)), world.with_pod(index, booted(pod, setup, index))


def _confirmed(setup: Setup, world: World, index: int) -> World:
    """Count what an attached replica holds as confirmed (REPLCONF ACK): WAIT may return for it from now on."""
    pod, ghost = world.pods[index], world.ghost
    if pod.link is not Link.UP or not world.pods[pod.follows].primary or apart(world.cuts, index, pod.follows):
        return world
    holders = list(ghost.holders)
    for write in pod.log:
        holders[write] |= 1 << index | 1 << pod.follows
    if tuple(holders) == ghost.holders:
        return world
    acked = frozenset(write for write, mask in enumerate(holders) if mask.bit_count() > setup.facts.acks)
    return world._replace(ghost=ghost._replace(holders=tuple(holders), acked=acked))


def writes(_setup: Setup, world: World) -> Iterator[Move]:
    """A client writes to any primary that it can reach: an old connection knows nothing of the Service."""
    if not world.budget.write:
        return
    for index, pod in enumerate(world.pods):
        if pod.up and pod.primary:
            yield Label("write", f"client at {pod_name(index)}", world.ghost.writes, fair=False), written(world, index)


def written(world: World, index: int) -> World:
    """Return the world after a write on this pod, which alone holds it."""
    pod, ghost = world.pods[index], world.ghost
    pods = put(world.pods, index, pod._replace(log=(*pod.log, ghost.writes), offset=pod.offset + 1))
    ghost = ghost._replace(writes=ghost.writes + 1, holders=(*ghost.holders, 0))
    return world._replace(pods=pods, ghost=ghost, budget=world.budget._replace(write=world.budget.write - 1))
