"""The world of the lease as a game: who may believe that it leads, and for how long."""

from spec.environment.lease import LeaseWorld, first_world, successors
from spec.models.lease import ON_STEP, LeaseModel, always
from spec.repl.game import Place
from spec.repl.worlds.explored import ExploredGame

MACHINE = "lease"


class LeaseGame(ExploredGame[LeaseWorld]):
    """A model of ``spec.models.lease``."""

    def __init__(self, model: LeaseModel, title: str) -> None:
        """Take the model's clocks and predicates."""
        super().__init__(
            title,
            lambda: first_world(model.budget),
            lambda world: successors(model.clocks, world),
            always(model),
            ON_STEP,
        )

    def places(self, state: LeaseWorld) -> tuple[Place, ...]:
        """Return where each operator stands."""
        return tuple(
            Place(
                f"operator {index}",
                MACHINE,
                str(holder.state.phase),
                type(holder.request if holder.request is not None else holder.reply).__name__
                if holder.request is not None or holder.reply is not None
                else "its clock",
            )
            for index, holder in enumerate(state.holders)
        )
