"""The environment: every action of the world that is not a step of a machine, each a named function."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from spec.environment import faults, operators, people, replication
from spec.space import Exchange, Source, Sources
from spec.world import Cuts, Label, Setup, World

Moves = Callable[[Setup, World], Iterator[tuple[Label, World]]]
OTHERS: Final[tuple[Moves, ...]] = (
    operators.arrivals,
    replication.moves,
    replication.writes,
    faults.moves,
    people.moves,
)


def sources(setup: Setup) -> Sources[World]:
    """Return everything that moves in this world, in a fixed order."""
    others = (Source(partial(moves, setup)) for moves in OTHERS)
    each = (source for index in range(setup.operators) for source in _of_operator(setup, index))
    return Sources((*each, *others), partial(faults.pruned, setup), "operators", "cuts", _beside)


def _of_operator(setup: Setup, index: int) -> Iterator[Source[World] | Exchange[World]]:
    yield Source(partial(operators.moves, setup, index=index), index)
    yield Exchange(
        partial(operators.in_flight, index=index),
        partial(operators.carried, setup, index=index),
        partial(operators.answered, setup, index=index),
        index,
    )
    yield Source(partial(operators.mishaps, setup, index=index), index)


def successors(setup: Setup, world: World) -> Iterator[tuple[Label, World]]:
    """Yield every action that can happen next, with the world after it, in a fixed order."""
    return sources(setup._replace(operators=len(world.operators)))(world)


def _beside(cuts: Cuts) -> tuple[tuple[int, ...], int]:
    """Operators differ in nothing but what they are doing and whom they reach: which of them it is does not matter."""
    return cuts.operators, cuts.peers
