"""Where runs of the product begin, and how much may go wrong in each: drawn at random."""

from functools import cache
from typing import Final, NamedTuple

from gungnir.machines.lease import LeaseTimes
from spec.environment import lease
from spec.environment.contents import Cluster, desired
from spec.environment.lease import NO_DRIFT_BOUND, Clocks, LeaseBudget
from spec.environment.owned import Owned, OwnedBudget, OwnedWorld, Worker
from spec.models.lease import TIGHT
from spec.models.reconcile import ALL, TWO
from spec.models.scenes import booting, serving
from spec.product.world import NUMBER, Plan, Product, Side, carried_over, facts_of_spec, made_for
from spec.world import Budget, Cuts, Setup, World

PODS_BUDGET: Final = Budget(
    crash=3,
    lose=1,
    replace=1,
    cut_operator=2,
    cut_peers=1,
    message=3,
    restart=2,
    write=4,
    ask=2,
    isolate=1,
    file=3,
    forget=1,
)
OBJECTS_BUDGET: Final = OwnedBudget(remove=3, edit=3, foreign=1, message=2, forbid=2, respec=3)
LEASE_BUDGET: Final = LeaseBudget(message=2, cut=2, drain=1, delete=1)
STOPS: Final = 2
CALM: Final = LeaseTimes(duration_ms=7, renew_deadline_ms=6, retry_ms=3)
"""As tight against drift as ``TIGHT``, and seldom without a leader."""


class Budgets(NamedTuple):
    """How often each fault of each part may happen, and how often an operator process may be stopped."""

    pods: Budget = Budget()
    objects: OwnedBudget = OwnedBudget()
    leases: LeaseBudget = LeaseBudget()
    stops: int = 0


MOST: Final = Budgets(PODS_BUDGET, OBJECTS_BUDGET, LEASE_BUDGET, STOPS)
"""The most that a run may have of each."""


class Kind(NamedTuple):
    """What kind of run it is.

    ``bare``: the cluster was just created; else it serves, and operator 0 leads. ``overlap``: clocks drift without
    bound, so that two operators may lead at once. ``calm``: a lead lasts for longer. ``releases``: a replica that does
    not answer has been away for long. ``large``: five pods, else three. ``every``: all owned objects, and not only the
    two that the failover machine writes, too.
    """

    operators: int = 2
    bare: bool = False
    overlap: bool = False
    calm: bool = True
    releases: bool = False
    large: bool = False
    every: bool = False


def plan(kind: Kind) -> Plan:
    """Return what a run of this kind fixes."""
    bounded = kind.operators > 1 and not kind.overlap
    clocks = Clocks(CALM if kind.calm else TIGHT, 1 if bounded else NO_DRIFT_BOUND)
    setup = Setup(facts_of_spec(kind.large), kind.operators, counters_in_view=True, releases=kind.releases)
    return Plan(setup, clocks, exclusive=not kind.overlap)


def first(chosen: Plan, kind: Kind, budgets: Budgets) -> Product:
    """Return the state in which a run of this kind begins."""
    pods, objects, leases, stops = budgets
    kinds, spec = ALL if kind.every else TWO, int(kind.large)
    setup, clocks = chosen.setup, chosen.clocks
    world = _nothing(setup) if kind.bare else _served(setup)
    made = made_for(world.api.record, spec)
    contents = (None if kind.bare else Owned(desired(name, made), number) for number, name in enumerate(kinds, 1))
    present = Cluster(NUMBER, spec)
    owned = OwnedWorld(kinds, present, tuple(contents), Worker(None), (), NUMBER, len(kinds), objects)
    led = lease.first_world(leases if kind.overlap else leases._replace(delete=0), setup.operators)
    for _ in range(0 if kind.bare else LEADING):
        led = next(after for label, after in lease.successors(clocks, led) if label.who == "operator 0")
    sides = (Side(spec, facts_of_spec(spec)),) * setup.operators
    return carried_over(Product(world._replace(budget=pods), owned, led, sides, stops=stops))


_served: Final = cache(serving)


LEADING: Final = 4
"""Steps to the lead: it finds no Lease, asks for one, gets it, and hears of it."""


def _nothing(setup: Setup) -> World:
    """No pod is there yet: the StatefulSet that makes them is still to be made."""
    world = booting(setup)
    return world._replace(pods=(), cuts=Cuts((0,) * setup.operators))
