"""Every model of every world in one list, and how each is explored and told: for pins, mutants, tests, the summary."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from gungnir.machines import safety
from spec import invariants
from spec.environment.anybody import Alone
from spec.environment.lease import first_world as first_lease
from spec.explorer import Result
from spec.models import (
    alone,
    failover,
    kept,
    lease,
    promises,
    reconcile,
    release,
    rewrite,
    scale_down,
    shrink,
    switchover,
)
from spec.models.reconcile import first_world as first_owned
from spec.story import told, told_of

Story = tuple[tuple[Any, Any], ...]


class Entry(NamedTuple):
    """A model as it is called everywhere: its world, a colon and its own name.

    Attributes:
        name: As in spec/pins.json.
        explore: Explores it, up to so many states.
        told: Tells a story in it.
        witnesses: What some run must show.
        properties: Names of the predicates that are checked.
        slow: It takes minutes.
    """

    name: str
    explore: Callable[[int], Result[Any]]
    told: Callable[[Story], str]
    witnesses: tuple[str, ...]
    properties: tuple[str, ...]
    slow: bool = False


ALL_STATES: Final = 50_000_000


def of_pods(world: str, model: failover.Model) -> Entry:
    """Return the entry of a model in the world of pods."""
    return Entry(
        f"{world}: {model.name}",
        partial(failover.explore, model),
        lambda story: told(failover.first_of(model), story),
        model.witnesses,
        failover.checked(model),
        model.slow,
    )


def of_lease(model: lease.LeaseModel) -> Entry:
    """Return the entry of a model in the world of the lease."""
    return Entry(
        f"lease: {model.name}",
        partial(lease.explore, model),
        lambda story: told_of(first_lease(model.budget), story),
        model.witnesses,
        tuple(name for name, _ in (*lease.always(model), *lease.ON_STEP)),
        model.slow,
    )


def of_owned(model: reconcile.OwnedModel) -> Entry:
    """Return the entry of a model in the world of owned objects."""
    return Entry(
        f"reconcile: {model.name}",
        partial(reconcile.explore, model),
        lambda story: told_of(first_owned(model), story),
        model.witnesses,
        tuple(name for name, _ in reconcile.ON_STEP),
        model.slow,
    )


def of_alone(model: alone.AloneModel) -> Entry:
    """Return the entry of a machine that is answered by anybody."""
    return Entry(
        f"alone: {model.name}",
        partial(alone.explore, model),
        lambda story: told_of(Alone(), story),
        model.witnesses,
        tuple(name for name, _ in promises.PROMISES),
        model.slow,
    )


def entries() -> Iterator[Entry]:
    """Yield every model, the quick ones of a world before its slow ones."""
    yield from (of_alone(model) for model in alone.MODELS)
    yield from (of_lease(model) for model in lease.MODELS)
    yield from (of_owned(model) for model in reconcile.MODELS)
    yield from (of_pods("switchover", model) for model in switchover.MODELS)
    yield from (of_pods("scale-down", model) for model in scale_down.MODELS)
    yield from (of_pods("failover", model) for model in failover.MODELS)
    yield from (of_pods("release", model) for model in release.MODELS)
    yield from (of_pods("shrink", model) for model in shrink.MODELS)
    yield from (of_pods("kept", model) for model in kept.MODELS)
    yield from (of_pods("rewrite", model) for model in rewrite.MODELS)


def named_predicates() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield every predicate of every world with its name, and those that the running operator evaluates."""
    yield from invariants.always(failover.MODELS[0].configured())
    yield from invariants.ON_STEP
    yield from promises.PROMISES
    yield from reconcile.ON_STEP
    yield from lease.always(lease.MODELS[0])
    yield from lease.ON_STEP
    yield from safety.PREDICATES


MODELS: Final = {entry.name: entry for entry in entries()}
QUICK: Final = tuple(entry for entry in MODELS.values() if not entry.slow)
