"""The world of the pods as a game: failover, switchover and repair, and all that befalls the pods."""

from collections.abc import Mapping

from rich.console import RenderableType

from spec import invariants
from spec.environment import successors
from spec.models.failover import Model, first_of
from spec.repl.game import Place
from spec.repl.worlds import tables
from spec.repl.worlds.explored import ExploredGame
from spec.story import changes, told
from spec.world import World


class WorldGame(ExploredGame[World]):
    """A model of ``spec.models.failover``."""

    def __init__(self, model: Model, title: str = "") -> None:
        """Take the model's setup and predicates."""
        setup, only = model.configured(), model.only
        super().__init__(
            title or model.name,
            lambda: first_of(model),
            lambda world: successors(setup, world),
            tuple(entry for entry in invariants.always(setup) if not only or entry[0] in only),
            tuple(entry for entry in invariants.ON_STEP if not only or entry[0] in only),
        )

    def changes(self, before: World, after: World) -> tuple[str, ...]:
        """Return what a step changed, as stories tell it."""
        return tuple(changes(before, after))

    def described(self, state: World) -> tuple[str, ...]:
        """Return the world in full, as stories begin."""
        return tuple(line.strip() for line in told(state, ()).splitlines()[1:])

    def tables(self, before: World | None, state: World) -> Mapping[str, RenderableType]:
        """Return the world as tables by name."""
        return tables.of_world(before, state)

    def places(self, state: World) -> tuple[Place, ...]:
        """Return where each operator's round stands."""
        return tables.places(state)
