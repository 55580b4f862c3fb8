"""Step through the worlds by hand: ``gungnir repl``, or ``Session()("help")`` in Python.

The fourth reader of the machines' step tables, beside the pure step, the run-time monitor and the diagrams.
"""

from spec.repl.copies import catalogue_of
from spec.repl.game import ReplError
from spec.repl.script import Script, replayed
from spec.repl.session import Session
from spec.repl.walk import Walk

__all__ = ["ReplError", "Script", "Session", "Walk", "code_as_it_is", "walked"]


def walked(script: Script) -> Walk:
    """Return the walk that a script takes, in the code as it is or as its mutant changes it.

    Raises:
        ReplError: its model or mutant does not exist, or a step cannot be taken any more.
    """
    game, _ = catalogue_of(script.mutant).game(script.model, script.mutant)
    return replayed(game, script.steps)


def code_as_it_is(script: Script) -> Walk:
    """Return the walk that a mutant's script takes in the code without the mutant, as far as it can be taken."""
    walk = Walk.begun(catalogue_of().unchanged(script.model, script.mutant))
    for line in script.steps:
        try:
            walk = walk.did(line)
        except ReplError:
            break
    return walk
