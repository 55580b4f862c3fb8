"""What people do meanwhile: ask for a handover, change their minds, take the request back, make the cluster anew."""

from collections.abc import Iterator

from gungnir.machines.record import Record
from gungnir.machines.switchover import ANY
from gungnir.machines.view import Life
from gungnir.resources.fence import epoch_at, voting
from spec.environment.server import dead, put
from spec.world import RECORDS, Api, Asked, Ghost, Label, Pod, Setup, World, pod_name

NO_POD = "no-such-pod"


def moves(setup: Setup, world: World) -> Iterator[tuple[Label, World]]:
    """Yield every request that a person may make now: for each pod, for any, for one that does not exist, for none.

    And that the cluster is deleted and made anew.
    """
    if world.budget.recreate:
        again = recreated(setup, world)
        budget = world.budget._replace(recreate=world.budget.recreate - 1)
        yield Label("recreate", "somebody", "volumes are kept", fair=False), again._replace(budget=budget)
    if not world.budget.ask:
        return
    budget = world.budget._replace(ask=world.budget.ask - 1)
    for wanted in (*(pod_name(index) for index in range(setup.facts.size)), ANY, NO_POD, ""):
        if wanted != world.api.asked.wanted:
            label = Label("ask" if wanted else "withdraw", "somebody", wanted, fair=False)
            yield label, world._replace(api=asked_for(world.api, wanted), budget=budget)


def asked_for(api: Api, wanted: str) -> Api:
    """Ask for something, or with an empty word take back what is asked for."""
    # Taking a request back is no request: nobody waits for its answer.
    return api._replace(asked=Asked(api.asked.number + bool(wanted), wanted, api.asked.answered))


def recreated(setup: Setup, world: World) -> World:
    """Delete the cluster, its volumes kept, and make one of the same name, with a key, a uid and pods of its own.

    All processes were asked to end, and write all to their disks; of one that had ended before, the file with its id is
    still there. Nothing of the former cluster is left but data and, in the new ACL files, marks:
    what was still under way names objects that are gone, and users that nobody knows.
    """
    pods, cuts, life = world.pods, world.cuts, f"life-{world.api.life}"
    for index, pod in enumerate(pods):
        if pod.up and pod.former is not None:
            # A server that writes its first file after a full copy does not end when it is asked to: it is killed.
            pods = dead(pods, cuts, setup, index)
            pods = put(pods, index, pods[index]._replace(torn=True))
        elif pod.up:
            pods = dead(pods, cuts, setup, index)
            pods = put(pods, index, pods[index]._replace(synced=len(pods[index].log)))
        elif pod.restarts >= 0:
            pods = put(pods, index, pod._replace(torn=True))
    api = Api(Record(), None, 0, 0, life=world.api.life + 1)
    idle = (
        operator._replace(machine="", state=None, request=None, answers=(), cached=RECORDS.ref(api.record), kept=None)
        for operator in world.operators
    )
    ghost = world.ghost
    return world._replace(
        pods=tuple(_begun_anew(pod, life) for pod in pods),
        api=api,
        operators=tuple(idle),
        strays=(),
        ghost=Ghost(writes=ghost.writes, holders=ghost.holders, acked=ghost.acked, lost=ghost.lost),
    )


def _begun_anew(pod: Pod, life: str) -> Pod:
    """A pod of the new cluster that has not started, on a volume of the former one."""
    led, former = pod.marks()
    lives = (Life(life, epoch_at(pod.saved), led), *former)
    fresh = Pod(False, pod.uid + 1, pod.run, pod.log, pod.offset, pod.replid, saved=voting(0))
    return fresh._replace(lives=lives, synced=pod.synced)
