"""Commands to pods: what ``gungnir.runtime.valkey.executor.carry_out`` does on the server, verb by verb."""

from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Verb
from gungnir.resources.fence import acting, voting
from spec.environment.server import detached, fenced, following, promoted, reading
from spec.world import Link, Setup, World, address_of, pod_index, run_of, uid_of

CHANGING = (Verb.DETACH, Verb.PROMOTE, Verb.FOLLOW)


def carried_out(setup: Setup, world: World, command: PodCommand) -> tuple[World, Answer]:
    """Carry out one command that reached its pod, and answer it."""
    index = pod_index(command.pod)
    refusal = _refusal(world, command, index)
    if refusal is not None:
        return world, Answer(command.pod, refusal)
    if command.verb in CHANGING:
        world = raised(setup, world, command)
        if world.pods[index].link in (Link.LOAD, Link.LOAD_CUT):
            return world, Answer(command.pod, AnswerKind.ERROR, None, "LOADING")
        world = _changed(world, command, index)
    if command.verb is Verb.SHUTDOWN:
        raise ValueError("no pod of this world is being deleted: nobody may be told to end")
    server = reading(world.pods, world.cuts, index)
    if command.verb is Verb.DETACH:
        promoted, lives = world.pods[index].marks()
        server = server._replace(promoted=promoted, lives=lives)
    return world, Answer(command.pod, AnswerKind.DONE, server)


def _refusal(world: World, command: PodCommand, index: int) -> AnswerKind | None:
    pod = world.pods[index]
    if command.uid != uid_of(index, pod.uid):
        return AnswerKind.OTHER_PROCESS
    if not pod.up:
        return AnswerKind.REFUSED
    if command.verb is Verb.READ:
        return None
    if command.run_id and command.run_id != run_of(index, pod.run):
        return AnswerKind.OTHER_PROCESS
    return AnswerKind.FENCED if pod.fence > position(command) else None


def position(command: PodCommand) -> int:
    """Return the position of the fence that a command needs and raises its pod to."""
    return voting(command.epoch) if command.verb is Verb.DETACH else acting(command.epoch)


def can_raise(world: World, command: PodCommand) -> bool:
    """Tell whether this command would raise its pod's fence if it arrived now."""
    index = pod_index(command.pod)
    return _refusal(world, command, index) is None and world.pods[index].fence < position(command)


def raised(setup: Setup, world: World, command: PodCommand) -> World:
    """Return the world with the pod's fence where the command needs it, and the marks that are saved with it."""
    index = pod_index(command.pod)
    before = world.pods[index]
    world = world._replace(pods=fenced(world.pods, world.cuts, setup, index, position(command)))
    if before.fence == position(command) or command.verb is Verb.DETACH:
        return world
    whole = before.former is None
    led = command.epoch if command.verb is Verb.PROMOTE and whole else 0
    return world.with_pod(index, world.pods[index]._replace(led=led, torn=False, lives=()))


def _changed(world: World, command: PodCommand, index: int) -> World:
    pods, cuts = world.pods, world.cuts
    was_primary = pods[index].primary
    if command.verb is Verb.DETACH:
        pods = detached(pods, cuts, index)
    elif command.verb is Verb.PROMOTE:
        pods = promoted(pods, cuts, index)
        ghost = world.ghost
        promotion = (command.epoch, index, pods[index].run)
        if promotion not in ghost.promoted:
            world = world._replace(ghost=ghost._replace(promoted=tuple(sorted((*ghost.promoted, promotion)))))
    else:
        host, host_uid = _host(pods_of=world, address=command.host)
        pods = following(pods, cuts, index, host, host_uid, command.epoch)
    if was_primary and not pods[index].primary:
        world = world._replace(ghost=world.ghost._replace(cause=True))
    return world._replace(pods=pods)


def _host(pods_of: World, address: str) -> tuple[int, int]:
    for index, pod in enumerate(pods_of.pods):
        for uid in range(pod.uid + 1):
            if address_of(index, uid) == address:
                return index, uid
    raise ValueError(f"no pod ever had the address {address!r}")
