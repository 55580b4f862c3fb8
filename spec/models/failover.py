"""The failover and repair machines in worlds of growing hostility. Each model is a scene and a budget of faults."""

from typing import Final, NamedTuple

from gungnir.machines.facts import Facts
from spec import invariants, witnesses
from spec.environment import sources
from spec.explorer import Result, Search
from spec.models.scenes import (
    Scene,
    deposed,
    grown,
    half_gone,
    haunted_vote,
    lagging,
    led_astray,
    serving,
    unattached,
)
from spec.world import CLUSTER, Budget, Setup, World


class Model(NamedTuple):
    """A world to explore: where it starts, which faults may still happen, and what the environment gives us.

    ``witnesses`` are what some run must show. ``only`` names the predicates that can hold in this world, if not all
    can.
    """

    name: str
    budget: Budget
    scene: Scene = serving
    pods: int = 3
    acks: int = 1
    operators: int = 1
    setup: Setup = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True))
    witnesses: tuple[str, ...] = ()
    slow: bool = False
    only: tuple[str, ...] = ()

    def configured(self) -> Setup:
        """Return the setup of this model."""
        facts = self.setup.facts._replace(size=self.pods, acks=self.acks)
        return self.setup._replace(facts=facts, operators=self.operators)


def first_of(model: Model) -> World:
    """Return the world that a model starts in."""
    return model.scene(model.configured())._replace(budget=model.budget)


def checked(model: Model) -> tuple[str, ...]:
    """Return the names of the predicates that hold in this model's world."""
    names = (name for name, _ in (*invariants.always(model.configured()), *invariants.ON_STEP))
    return tuple(name for name in names if not model.only or name in model.only)


def explore(
    model: Model,
    max_states: int = 50_000_000,
    max_seconds: float = 1e9,
    *,
    only: tuple[str, ...] = (),
) -> Result[World]:
    """Explore a model. ``only``: check these predicates alone."""
    setup, only = model.configured(), only or model.only
    search = Search(
        sources(setup),
        tuple(entry for entry in invariants.always(setup) if not only or entry[0] in only),
        tuple(entry for entry in invariants.ON_STEP if not only or entry[0] in only),
        (*witnesses.SOMETIMES,),
        max_states,
        max_seconds,
    )
    return search.run(first_of(model))


_REDUCED = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True), eager_reads=True)
_LAGGING = Setup(Facts(CLUSTER, "uid-c", 3, 1, persistent=True), kubelet_lags=True)
_OVER = ("failed over", "old primary rejoined", "write confirmed in a later epoch")

_ANY_VIEW: Final = (
    "atMostOneMaster",
    "noAckedWriteLost",
    "serviceConsistency",
    "statusTruthful",
    "epochMonotone",
    "candidateFrozen",
    "noEmptyMasterPromoted",
    "failoverIntentDurable",
    "fenceBeforeSelect",
    "noZombieEffect",
)
"""What holds however old a view is. That no failover is begun without cause is not among it."""

MODELS: Final = (
    Model("crash and lost answer", Budget(crash=1, message=1, write=1), witnesses=(*_OVER, "stray took effect")),
    Model("crash of pod and operator", Budget(crash=1, restart=1, write=1), witnesses=(*_OVER, "stray took effect")),
    Model("crash and lost volume", Budget(crash=1, lose=1, write=1), witnesses=(*_OVER, "candidate lost", "recovery")),
    Model("two crashes", Budget(crash=2, write=1), witnesses=(*_OVER, "candidate lost", "recovery")),
    Model(
        "crash and power loss",
        Budget(crash=1, power=1),
        setup=_LAGGING,
        witnesses=("failed over", "recovery"),
        slow=True,
    ),
    Model(
        "a process ends before all is in its file, and a pod is out of reach",
        Budget(unwritten=1, cut_operator=1, write=1),
        witnesses=_OVER,
    ),
    Model(
        "a former primary is back, and the next ends before all is in its file",
        Budget(unwritten=1, write=1),
        deposed,
        witnesses=("old primary rejoined", "write confirmed in a later epoch"),
    ),
    Model("a replica forgets where its data ends", Budget(unwritten=1, forget=1, write=1), witnesses=_OVER[:2]),
    Model("primary isolated for a while", Budget(isolate=1, write=1), witnesses=_OVER[:2]),
    Model("an operator cannot reach a pod", Budget(crash=1, cut_operator=1), witnesses=_OVER[:2]),
    Model("a pod cannot reach its peers", Budget(crash=1, cut_peers=1), witnesses=_OVER[:2]),
    Model("a pod is replaced on its volume", Budget(crash=1, replace=1), witnesses=(*_OVER[:2], "candidate lost")),
    Model("old primary with writes of its own returns", Budget(crash=1), deposed, witnesses=("old primary rejoined",)),
    Model("replication id adopted early", Budget(crash=1), lagging, witnesses=("failed over",)),
    Model("late order to follow the old primary", Budget(crash=1, write=1), haunted_vote, witnesses=("failed over",)),
    Model("four pods, one of them left behind", Budget(), led_astray, 4, 2, witnesses=("failed over",)),
    Model("scale-up", Budget(crash=1, write=1), grown, witnesses=_OVER),
    Model("scale-up, and a replica forgets", Budget(crash=1, forget=1, write=1), grown, witnesses=_OVER, slow=True),
    Model("scale-up with lost answers", Budget(crash=1, message=1, write=1), grown, witnesses=_OVER, slow=True),
    Model("operators", Budget(crash=1), operators=2, setup=_REDUCED, witnesses=("conflict",)),
    Model(
        "operators and an isolated primary",
        Budget(isolate=1),
        operators=2,
        setup=_REDUCED,
        witnesses=("conflict", *_OVER[:2]),
    ),
    Model(
        "operators, a write, and one of them ends",
        Budget(crash=1, restart=1, write=1),
        operators=2,
        setup=_REDUCED,
        witnesses=("conflict", "stray took effect", *_OVER),
        slow=True,
    ),
    Model("isolated primary", Budget(isolate=1, message=1, write=1), witnesses=_OVER, slow=True),
    Model(
        "isolated primary, and a process ends before all is in its file",
        Budget(isolate=1, unwritten=1, write=1),
        witnesses=(*_OVER, "failed over by the rest", "admitted again"),
        slow=True,
    ),
    Model(
        "primary that came back loses power",
        Budget(power=1),
        half_gone,
        setup=_LAGGING._replace(gone=1 << 1),
        witnesses=("recovery",),
    ),
    Model("primary loses power, all return", Budget(power=1), half_gone, witnesses=("recovery",)),
    Model(
        "primary loses power, all return, late report",
        Budget(power=1),
        half_gone,
        setup=_LAGGING,
        witnesses=("recovery",),
    ),
    Model(
        "primary loses power before a copy is recorded",
        Budget(power=1, write=2),
        unattached,
        2,
        witnesses=("recovery",),
    ),
    Model(
        "primary loses power before one of two copies is recorded",
        Budget(power=1, write=2),
        unattached,
        setup=_REDUCED,
        witnesses=("recovery",),
        slow=True,
    ),
    Model("view that stands still", Budget(crash=1, stale=3), witnesses=_OVER[:2], only=_ANY_VIEW),
    Model("old view and a write", Budget(crash=1, stale=2, write=1), witnesses=_OVER, only=_ANY_VIEW),
    Model("two rounds on an old view", Budget(crash=1, stale=3, write=1), witnesses=_OVER, only=_ANY_VIEW, slow=True),
    Model("old view of an isolated primary", Budget(isolate=1, stale=2, write=1), only=_ANY_VIEW, slow=True),
    Model("crash, a write and power loss", Budget(crash=1, power=1, write=1), setup=_LAGGING, slow=True),
)
