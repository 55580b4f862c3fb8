"""The failover and repair machines in worlds of growing hostility. Each model is a scene and a budget of faults."""

from typing import NamedTuple

from gungnir.machines.facts import Facts
from spec import invariants, witnesses
from spec.environment import successors
from spec.explorer import Result, Search
from spec.models.scenes import Scene, serving
from spec.world import CLUSTER, Budget, Setup, World


class Model(NamedTuple):
    """A world to explore: where it starts, which faults may still happen, and what the environment gives us."""

    name: str
    budget: Budget
    scene: Scene = serving
    pods: int = 3
    acks: int = 1
    operators: int = 1
    setup: Setup = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True))

    def configured(self) -> Setup:
        """Return the setup of this model."""
        facts = Facts(CLUSTER, "uid-c", self.pods, self.acks, persistent=True)
        return self.setup._replace(facts=facts, operators=self.operators)


def first_of(model: Model) -> World:
    """Return the world that a model starts in."""
    return model.scene(model.configured())._replace(budget=model.budget)


def explore(
    model: Model,
    max_states: int = 50_000_000,
    max_seconds: float = 1e9,
    *,
    only: tuple[str, ...] = (),
    progress: bool = False,
) -> Result:
    """Explore a model. ``only``: check these predicates, and no others."""
    setup = model.configured()
    search = Search(
        lambda world: successors(setup, world),
        tuple(entry for entry in invariants.always(setup) if not only or entry[0] in only),
        tuple(entry for entry in invariants.ON_STEP if not only or entry[0] in only),
        (*witnesses.SOMETIMES,),
        max_states,
        max_seconds,
        progress,
    )
    return search.run(first_of(model))
