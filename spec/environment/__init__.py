"""The environment: every action of the world that is not a step of a machine, each a named function."""

from collections.abc import Iterator

from spec.environment import faults, operators, people, replication
from spec.world import Label, Setup, World


def successors(setup: Setup, world: World) -> Iterator[tuple[Label, World]]:
    """Yield every action that can happen next, with the world after it, in a fixed order."""
    for source in (
        operators.moves,
        operators.arrivals,
        replication.moves,
        replication.writes,
        faults.moves,
        people.moves,
    ):
        for label, after in source(setup, world):
            yield label, faults.pruned(setup, after)
