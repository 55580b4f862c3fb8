"""Worlds to explore: a cluster that the machines themselves brought up, with a budget of faults."""

from functools import cache
from typing import NamedTuple

from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from spec import invariants
from spec.environment import successors
from spec.environment.replication import written
from spec.explorer import Result, Search
from spec.world import CLUSTER, IDLE, Api, Budget, Cuts, Ghost, Pod, Setup, World

SETTLING_STEPS = 500


class Model(NamedTuple):
    """A world to explore. ``from_boot``: start before anything was promoted."""

    name: str
    budget: Budget
    pods: int = 3
    acks: int = 1
    operators: int = 1
    from_boot: bool = False
    setup: Setup = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True))

    def configured(self) -> Setup:
        """Return the setup of this model."""
        facts = Facts(CLUSTER, "uid-c", self.pods, self.acks, persistent=True)
        return self.setup._replace(facts=facts, operators=self.operators)


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


def settled(setup: Setup, world: World) -> World:
    """Return the world after everything that must happen has happened, taking the first enabled action each time.

    Raises:
        ValueError: it does not settle.
    """
    for _ in range(SETTLING_STEPS):
        after = next((after for label, after in successors(setup, world) if label.fair), None)
        if after is None:
            return world
        world = after
    raise ValueError("the world does not settle")


@cache
def serving(setup: Setup) -> World:
    """Return a cluster that serves: pod 0 is primary of epoch 1, all follow it, and all hold one acknowledged write."""
    world = settled(setup, booting(setup))
    index = next(i for i in range(setup.facts.size) if world.pods[i].primary)
    return settled(setup, written(world._replace(budget=Budget(write=1)), index))


def explore(model: Model, **limits: float) -> Result:
    """Explore a model."""
    setup = model.configured()
    first = booting(setup) if model.from_boot else serving(setup)
    first = first._replace(budget=model.budget)
    search = Search(
        lambda world: successors(setup, world),
        invariants.always(setup),
        invariants.ON_STEP,
        **limits,  # type: ignore[arg-type]
    )
    return search.run(first)
