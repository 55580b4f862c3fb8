"""Every model that can be chosen, by its name."""

from spec.models import kept, lease, release, rewrite, scale_down, shrink, switchover
from spec.models.failover import MODELS, Model
from spec.models.lease import LeaseModel
from spec.mutants.catalogue import MUTANTS
from spec.mutants.models import SMALL
from spec.repl.game import Game, picked
from spec.repl.worlds.lease import LeaseGame
from spec.repl.worlds.recorded import TraceGame
from spec.repl.worlds.world import WorldGame

AnyModel = Model | LeaseModel


def models(mutant: str = "") -> tuple[AnyModel, ...]:
    """Return the models of the pods and those of the lease in their order; first the one that finds the mutant."""
    return (*_own(mutant), *_all())


def _all() -> tuple[AnyModel, ...]:
    return (
        *MODELS,
        *(model._replace(name=f"release: {model.name}") for model in release.MODELS),
        *(model._replace(name=f"shrink: {model.name}") for model in shrink.MODELS),
        *(model._replace(name=f"kept: {model.name}") for model in kept.MODELS),
        *(model._replace(name=f"rewrite: {model.name}") for model in rewrite.MODELS),
        *(model._replace(name=f"switchover: {model.name}") for model in switchover.MODELS),
        *(model._replace(name=f"scale-down: {model.name}") for model in scale_down.MODELS),
        *(model._replace(name=f"lease: {model.name}") for model in lease.MODELS),
    )


def _game(model: AnyModel, mutant: str = "") -> Game:
    title = model.name + (f", with the mutant {mutant!r}" if mutant else "")
    return LeaseGame(model, title) if isinstance(model, LeaseModel) else WorldGame(model, title)


def _own(mutant: str) -> tuple[AnyModel, ...]:
    """Return the model that finds a mutant; none if that has no game (a machine alone, owned objects, unit tests)."""
    names = {other.killer.model for other in MUTANTS if other.name == mutant}
    found: tuple[AnyModel, ...] = tuple(SMALL[name] for name in names if name in SMALL)
    return tuple(model._replace(name=OWN) for model in found or tuple(model for model in _all() if model.name in names))


TRACE = "trace "
"""What the name of a trace begins with."""
OWN = "the mutant's own"


def game(name: str, mutant: str = "") -> tuple[Game, str]:
    """Return the game of a model, given by its name, its number in ``models`` or words of its name, and its whole name.

    ``trace FILE`` is the game of a recorded trace.

    Raises:
        ReplError: there is none, or more than one.
    """
    if name.startswith(TRACE):
        return TraceGame(name.removeprefix(TRACE)), name
    model = named(name, mutant)
    return _game(model, mutant), model.name


def unchanged(name: str, mutant: str) -> Game:
    """Return the game of a model that may be a mutant's own, without saying that the code was changed.

    Raises:
        ReplError: there is none, or more than one.
    """
    return _game(named(name, mutant))


def named(name: str, mutant: str = "") -> AnyModel:
    """Return a model by its name, its number, or words that only its name has.

    Raises:
        ReplError: there is none, or more than one.
    """
    found = models(mutant)
    name = picked(tuple(model.name for model in found), name, "model")
    return next(model for model in found if model.name == name)
