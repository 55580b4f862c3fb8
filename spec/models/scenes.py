"""Where models start: worlds that the machines themselves brought about, with some faults on the way.

A scene saves depth: what would take forty steps to come about by chance is there at the start, and every interleaving
of what follows is explored from it.
"""

from collections.abc import Callable

from gungnir.machines.record import Record
from gungnir.machines.requests import PodCommand, Verb
from gungnir.resources.fence import voting
from spec.environment import successors
from spec.environment.faults import ended, isolated
from spec.environment.operators import strayed
from spec.environment.replication import written
from spec.story import abridged, told
from spec.world import (
    IDLE,
    Api,
    Asked,
    Budget,
    Cuts,
    Ghost,
    Label,
    Link,
    Pod,
    Setup,
    World,
    address_of,
    pod_name,
    uid_of,
)

Scene = Callable[[Setup], World]

SETTLING_STEPS = 500


def booting(setup: Setup) -> World:
    """Return the world in which all pods exist, nothing runs, and no operator has looked yet."""
    size = setup.facts.size
    return World(
        pods=tuple(Pod(up=False, uid=1, run=0, log=(), offset=0, replid="") for _ in range(size)),
        api=Api(Record(), None, 0, 0),
        operators=(IDLE,) * setup.operators,
        strays=(),
        ghost=Ghost(),
        cuts=Cuts((0,) * setup.operators),
        budget=Budget(),
    )


def settled(
    setup: Setup,
    world: World,
    without: tuple[tuple[str, str], ...] = (("heal", ""),),
    until: Callable[[World], bool] = lambda _world: False,
    then: Callable[[World], bool] = lambda _world: True,
) -> World:
    """Return the world after everything that must happen has happened, taking the first enabled action each time.

    ``without`` are (action, who) that do not happen meanwhile; an empty ``who`` means whoever. It ends early as soon as
    ``until`` holds. ``then`` must hold of it.

    Raises:
        ValueError: it does not settle, or not so; with the story of what happened instead.
    """
    first, story = world, list[tuple[Label, World]]()
    for _ in range(SETTLING_STEPS):
        move = None
        if not until(world):
            moves = (
                (label, after)
                for label, after in successors(setup, world)
                if label.fair and (label.name, label.who) not in without and (label.name, "") not in without
            )
            try:
                move = next(moves, None)
            except Exception as error:
                text = f"a scene cannot be set up, {error!r}:\n{abridged(told(first, tuple(story)))}"
                raise ValueError(text) from error
        if move is None and then(world):
            return world
        if move is None:
            break
        story.append(move)
        world = move[1]
    text = "it ends as it should not" if len(story) < SETTLING_STEPS else "it does not settle"
    raise ValueError(f"a scene cannot be set up, {text}:\n{abridged(told(first, tuple(story)))}")


def _serves(world: World) -> bool:
    """A pod has the primary role."""
    return any(pod.primary for pod in world.pods)


def _failed_over(world: World) -> bool:
    """A pod other than the first has the primary role."""
    return any(pod.primary for pod in world.pods[1:])


def serving(setup: Setup) -> World:
    """Return a cluster that serves: pod 0 is primary of epoch 1, all follow it, and all hold one acknowledged write."""
    alone = setup._replace(operators=1)
    world = settled(alone, booting(alone), then=_serves)
    index = next(i for i in range(setup.facts.size) if world.pods[i].primary)
    world = settled(alone, written(world._replace(budget=Budget(write=1)), index))
    return world._replace(operators=world.operators * setup.operators, cuts=Cuts((0,) * setup.operators))


def copied(setup: Setup) -> World:
    """Pod 0 was killed, and is back with a full copy of the next primary's data, which is not on its disk yet.

    A write that came since was confirmed by it, and by the last pod, if that is another one, not yet.
    """
    unwritten, last = ("rewrite", pod_name(0)), setup.facts.size - 1
    world = ended(setup, serving(setup), 0)
    world = world.with_pod(0, world.pods[0]._replace(exit_seen=True))
    world = settled(setup, world, (("heal", ""), unwritten), then=_failed_over)
    primary = next(index for index in range(1, setup.facts.size) if world.pods[index].primary)
    other = next((index for index in range(last, 0, -1) if index != primary), last)
    return wrote(setup, world, primary, 1, (unwritten, ("stream", pod_name(other))))


def inherited(setup: Setup) -> World:
    """As ``copied``; then the primary ended, and pod 0, which alone of the others has that write, succeeded it."""
    world = copied(setup)
    epoch = world.api.record.epoch
    former = next(index for index in range(1, setup.facts.size) if world.pods[index].primary)
    world = ended(setup, world, former)
    world = world.with_pod(former, world.pods[former]._replace(exit_seen=True))

    def serves(now: World) -> bool:
        record = now.api.record
        return record.epoch > epoch and record.intent is None and record.acting.pod == pod_name(0)

    meanwhile = (("heal", ""), ("rewrite", pod_name(0)), ("attach", ""), ("boot", pod_name(former)))
    return settled(setup, world, meanwhile, serves, serves)


def unattached(setup: Setup) -> World:
    """Pod 0 was just promoted in epoch 1, and the others were told to follow it; nobody has attached yet."""

    def told(now: World) -> bool:
        record = now.api.record
        return record.primary is not None and record.intent is None

    return settled(setup, booting(setup), (("attach", ""),), told, told)


def wrote(setup: Setup, world: World, index: int, times: int = 1, without: tuple[tuple[str, str], ...] = ()) -> World:
    """Return the world after some writes on a pod, and all that follows but what is left out."""
    for _ in range(times):
        world = written(world._replace(budget=Budget(write=1)), index)
    return settled(setup, world, (("heal", ""), *without))


def busy(setup: Setup) -> World:
    """As ``serving``, with another write that all hold: a disk that lost the end of its data still has some."""
    return wrote(setup, serving(setup), 0)


def deposed(setup: Setup) -> World:
    """Pod 0 is cut off with its clients and goes on taking writes; another one was promoted and confirms writes."""
    world = settled(setup, isolated(serving(setup), 0), then=_failed_over)
    primary = next(index for index in range(1, setup.facts.size) if world.pods[index].primary)
    world = wrote(setup, world, primary)
    for _ in range(2):
        world = written(world._replace(budget=Budget(write=1)), 0)
    return world


def bereft(setup: Setup) -> World:
    """As ``deposed``, and then the volume of the present primary was lost, and nobody has noticed yet."""
    world = deposed(setup)
    primary = next(index for index in range(1, setup.facts.size) if world.pods[index].primary)
    faults = successors(setup, world._replace(budget=Budget(lose=1)))
    lost = next(after for label, after in faults if (label.name, label.who) == ("lose", pod_name(primary)))
    return lost._replace(budget=Budget())


def deposed_and_counted(setup: Setup) -> World:
    """As ``deposed``, and pod 0 is not forgotten yet: if it answers in the next epoch, its vote counts."""
    idle = ("repair", "")
    world = settled(setup, isolated(serving(setup), 0), (("heal", ""), idle), then=_failed_over)
    primary = next(index for index in range(1, setup.facts.size) if world.pods[index].primary)
    world = wrote(setup, world, primary, 1, (idle,))
    for _ in range(2):
        world = written(world._replace(budget=Budget(write=1)), 0)
    return world


def lagging(setup: Setup) -> World:
    """A write is confirmed by one replica, the other lags; the primary is cut off, and the lagging one attached anew.

    It carries the new history's replication id, and has not yet reached the offset at which that history began.
    """
    world = serving(setup)
    last = setup.facts.size - 1
    behind = (("stream", pod_name(last)),)
    world = wrote(setup, world, 0, 1, behind)

    def attached(now: World) -> bool:
        over = now.api.record.epoch > 1 and now.api.record.intent is None
        return over and now.pods[last].link is Link.UP and all(each.state is None for each in now.operators)

    return settled(setup, isolated(world, 0), (("heal", ""), *behind), attached)


def haunted(setup: Setup) -> World:
    """Pod 1 restarted and was attached again; the first attempt to do so is still under way somewhere."""
    world = serving(setup)
    return strayed(settled(setup, ended(setup, world, 1)), (_order(world, 1),))


def haunted_vote(setup: Setup) -> World:
    """As ``haunted``; then the primary is cut off, and pod 1 has just voted in the next epoch."""
    world = isolated(haunted(setup), 0)
    return settled(setup, world, until=lambda now: now.pods[1].fence == voting(now.api.record.epoch))


def half_voted(setup: Setup) -> World:
    """The primary has ended; pod 2 alone confirmed its last write, and pod 1 has just voted in the next epoch."""
    world = ended(setup, wrote(setup, serving(setup), 0, 1, (("stream", pod_name(1)),)), 0)
    return settled(
        setup,
        world,
        (("boot", pod_name(0)), ("stream", pod_name(1))),
        until=lambda now: now.pods[1].fence == voting(now.api.record.epoch),
    )


def left_behind(setup: Setup) -> World:
    """Four pods: pod 1 was told nothing since epoch 1 and follows pod 0, which was deposed and is now primary again.

    Pod 3, primary of epoch 2, is alive and unreachable for operators; an order of epoch 2 to follow it is still under
    way to pod 1.
    """
    world = serving(setup)
    blind = tuple(mask | 1 << 1 for mask in world.cuts.operators)
    world = world._replace(cuts=world.cuts._replace(operators=blind))
    world = settled(setup, ended(setup, world, 0), (("heal", ""), ("boot", pod_name(0))))
    world = settled(setup, world)
    host = world.pods[3]
    stale = PodCommand(Verb.FOLLOW, pod_name(1), uid_of(1, world.pods[1].uid), 2, "", address_of(3, host.uid))
    world = wrote(setup, world, 3, 1, (("stream", pod_name(2)),))
    world = settled(setup, isolated(world, 3))
    world = world._replace(cuts=world.cuts._replace(peers=0))
    return strayed(world, (stale,))


def led_astray(setup: Setup) -> World:
    """As ``left_behind``; a client writes, the late order arrives at pod 1, and then pods 0 and 2 end."""
    world = wrote(setup, left_behind(setup), 0)
    world = next(after for label, after in successors(setup, world) if label.name == "stray")
    world = settled(setup, world)
    return ended(setup, ended(setup, world, 0), 2)


def half_gone(setup: Setup) -> World:
    """The primary was killed and started again, and the replica that confirmed its last write is down; one lags."""
    world = wrote(setup, serving(setup), 0, 1, (("stream", pod_name(2)),))
    world = ended(setup, ended(setup, world, 1), 0)
    for index in (0, 1):
        world = world.with_pod(index, world.pods[index]._replace(exit_seen=True))
    return settled(setup, world, (("failover", ""), ("repair", ""), ("boot", pod_name(1))))


def bereaved(setup: Setup) -> World:
    """The last pod ended, and nobody has noticed yet."""
    return ended(setup, serving(setup), setup.facts.size - 1)


def bereaved_of_two(setup: Setup) -> World:
    """The last two pods ended, and nobody has noticed yet."""
    return ended(setup, bereaved(setup), setup.facts.size - 2)


def heir_behind(setup: Setup) -> World:
    """As ``bereaved``; the pod that ended was the only one to confirm the last write, and the others lag."""
    last = setup.facts.size - 1
    behind = tuple(("stream", pod_name(index)) for index in range(1, last))
    return ended(setup, wrote(setup, serving(setup), 0, 1, behind), last)


def out_of_sight(setup: Setup) -> World:
    """Operators cannot reach the last pod: it is attached, and goes on confirming writes."""
    world = serving(setup)
    blind = tuple(mask | 1 << setup.facts.size - 1 for mask in world.cuts.operators)
    return world._replace(cuts=world.cuts._replace(operators=blind))


def unheard(setup: Setup) -> World:
    """The operator cannot reach the primary, which goes on serving; whatever it does about that, it is about to."""
    world = serving(setup)
    blind = tuple(mask | 1 for mask in world.cuts.operators)
    world = world._replace(cuts=world.cuts._replace(operators=blind), ghost=world.ghost._replace(cause=True))
    looked: set[World] = set()

    def about_to(now: World) -> bool:
        """It fences, or it looks again at what it has seen: then it does nothing about it, as it should."""
        again = now in looked
        looked.add(now)
        return again or (now.api.record.intent is not None and now.api.template > 1)

    return settled(setup, world, until=about_to)


def parted(setup: Setup) -> World:
    """Neither operators nor peers reach the last pod, whose process lives on."""
    return isolated(serving(setup), setup.facts.size - 1)


def bereaved_and_haunted(setup: Setup) -> World:
    """As ``bereaved``; an order of the present epoch to follow is still under way to the pod that ended."""
    world, last = serving(setup), setup.facts.size - 1
    return strayed(ended(setup, world, last), (_order(world, last),))


def _order(world: World, index: int) -> PodCommand:
    """Return the order of the present epoch to this pod: follow pod 0."""
    host, pod = world.pods[0], world.pods[index]
    return PodCommand(
        Verb.FOLLOW, pod_name(index), uid_of(index, pod.uid), world.api.record.epoch, "", address_of(0, host.uid)
    )


def grown(setup: Setup) -> World:
    """One pod more was just asked for: it exists, on an empty volume, and nobody has told it anything."""
    facts = setup.facts
    world = serving(setup._replace(facts=facts._replace(size=facts.size - 1)))
    fresh = Pod(up=False, uid=1, run=0, log=(), offset=0, replid="", saved=voting(world.api.template))
    return world._replace(pods=(*world.pods, fresh))


def outgrown(setup: Setup) -> World:
    """Fewer pods were just asked for, and the last one, which is to go then, is the primary."""
    last = pod_name(setup.facts.size - 1)
    all_stay = setup._replace(facts=setup.facts._replace(asked=0), operators=1)
    world = serving(all_stay)
    world = world._replace(api=world.api._replace(asked=Asked(1, last)))

    def there(now: World) -> bool:
        return now.api.record.primary is not None and now.api.record.primary.pod == last

    world = settled(all_stay, world, then=there)
    world = world._replace(ghost=world.ghost._replace(handed=()))
    return world._replace(operators=world.operators * setup.operators, cuts=Cuts((0,) * setup.operators))


def shrunk(setup: Setup) -> World:
    """One pod fewer was just asked for, and its object is gone; its process is attached, and confirms writes."""
    facts = setup.facts
    return serving(setup._replace(facts=facts._replace(size=facts.size + 1), departed=0))


def shrunk_and_haunted(setup: Setup) -> World:
    """As ``shrunk``; the process ended, and the next one does not know yet whom to follow: the order is under way."""
    world, last = shrunk(setup), setup.facts.size
    return strayed(ended(setup, world, last), (_order(world, last),))


def succeeded(setup: Setup) -> World:
    """The last pod was replaced by force: another one has its name, on an empty volume, and its process lives on.

    That process is the pod after the last: it is attached, and confirms writes.
    """
    world, last = serving(setup._replace(departed=0, unreported=0)), setup.facts.size - 1
    fresh = Pod(up=False, uid=2, run=0, log=(), offset=0, replid="", saved=voting(world.api.template))
    held = tuple(mask & ~(1 << last) | (mask >> last & 1) << last + 1 for mask in world.ghost.holders)
    pods = (*world.pods[:last], fresh, world.pods[last])
    return world._replace(pods=pods, ghost=world.ghost._replace(holders=held))
