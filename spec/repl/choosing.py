"""Commands that choose: the model, and the version of the code."""

from spec.repl.copies import mutants as known_mutants
from spec.repl.game import ReplError, picked
from spec.repl.session import Session
from spec.repl.worlds.style import HERE, grid

NONE = "none"


def models(session: Session, _words: str) -> None:
    """List the models."""
    table = grid("models", "", "model", "budget")
    for number, model in enumerate(session.worlds.models(session.mutant), 1):
        budget = " ".join(f"{name}={left}" for name, left in model.budget._asdict().items() if left)
        table.add_row(str(number), model.name, budget or "none", style=HERE if model.name == session.model else "")
    session.show(table)


def model(session: Session, words: str) -> None:
    """Begin anew in a model.

    Raises:
        ReplError: no model is meant, or more than one.
    """
    if not words:
        raise ReplError("model takes a name or a number: `models` lists them")
    session.begin(*session.game_of(words, session.mutant))
    session.introduce()


def mutants(session: Session, _words: str) -> None:
    """List the mutants."""
    table = grid("mutants", "", "mutant", "broken by it")
    for number, (name, killers) in enumerate(known_mutants().items(), 1):
        table.add_row(str(number), name, killers, style=HERE if name == session.mutant else "")
    session.show(table)


def mutant(session: Session, words: str) -> None:
    """Begin anew with a mutant, or with the code as it is.

    Raises:
        ReplError: no mutant is meant, or more than one.
    """
    if not words:
        raise ReplError("mutant takes a name, a number, or none: `mutants` lists them")
    name = "" if words == NONE else picked(tuple(known_mutants()), words, "mutant")
    session.begin(*session.game_of("1", name))
    session.introduce()


def model_names(session: Session) -> list[str]:
    """Return what ``model`` can be completed with."""
    return [model.name for model in session.worlds.models(session.mutant)]


def mutant_names(_session: Session) -> list[str]:
    """Return what ``mutant`` can be completed with."""
    return [NONE, *known_mutants()]
