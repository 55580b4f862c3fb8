"""Commands that move: take an action, inject a fault, go back and forward, run to a phase, hunt for a violation."""

from dataclasses import replace
from typing import Any

from spec.repl.game import ReplError, picked
from spec.repl.session import Session
from spec.repl.walk import TAKE, Walk
from spec.repl.worlds.style import grid

SEARCHED_STATES = 20_000
SETTLING_STEPS = 10_000
END = "end"


def take(session: Session, words: str) -> None:
    """Let an action happen.

    Raises:
        ReplError: none is meant, or more than one.
    """
    if not words:
        raise ReplError("take takes the number or words of an action: `actions` lists them")
    session.go(session.walk.took(words))


def fault(session: Session, words: str) -> None:
    """Inject a fault.

    Raises:
        ReplError: none is meant, or more than one.
    """
    if not words:
        raise ReplError("fault takes the number or words of a fault: `faults` lists them")
    session.go(session.walk.struck(words))


def budget(session: Session, words: str) -> None:
    """Show the budget, or set entries of it.

    Raises:
        ReplError: not NAME=NUMBER, or no such entry.
    """
    if words:
        session.go(session.walk.granted(words))
        return
    table = grid("budget", "fault", "may still happen")
    for name, left in session.walk.game.budget(session.walk.state).items():
        table.add_row(name, str(left))
    session.show(table)


def back(session: Session, words: str) -> None:
    """Go back.

    Raises:
        ReplError: there are not so many steps.
    """
    _move(session, -_count(words))


def forward(session: Session, words: str) -> None:
    """Take again what was gone back over.

    Raises:
        ReplError: there are not so many steps.
    """
    _move(session, _count(words))


def goto(session: Session, words: str) -> None:
    """Go to after a step.

    Raises:
        ReplError: the walk has no such step.
    """
    if not words.isdecimal():
        raise ReplError(f"goto takes the number of a step (0: the start), not {words!r}")
    session.stand(session.walk.stood(int(words)))


def _count(words: str) -> int:
    if words and not words.isdecimal():
        raise ReplError(f"a number of steps, not {words!r}")
    return int(words or "1")


def _move(session: Session, by: int) -> None:
    walk = session.walk
    if not 0 <= walk.at + by <= len(walk.steps):
        there = f"{walk.at} to go back" if by < 0 else f"{len(walk.steps) - walk.at} to go forward"
        raise ReplError(f"there are not {abs(by)} steps: {there}")
    session.stand(walk.stood(walk.at + by))


def run(session: Session, words: str) -> None:
    """Run to a phase, or to the end.

    Raises:
        ReplError: no phase is meant, or no way leads there.
    """
    if not words:
        raise ReplError("run takes a phase (as in `run Promote` or `run repair Read`), or end")
    if words == END:
        walk, repeating = settled(session.walk)
        session.go(walk)
        if repeating:
            session.show(f"from here on the same {repeating} steps repeat: without another fault nothing changes")
        return
    game, known = session.walk.game, _phases(session.walk)
    wanted = known[picked(tuple(known), words, "phase", "diagram MACHINE")]

    def there(state: object) -> bool:
        return any((place.machine, place.phase) in wanted for place in game.places(state))

    if there(session.walk.state):
        raise ReplError("it stands there already")
    found, states, complete = game.search(session.walk.state, there, SEARCHED_STATES)
    if found is None or found[1] != "reached":
        limits = "anywhere" if complete else f"within {states} states"
        raise ReplError(f"no way without faults leads there {limits}: `faults` lists what can be injected")
    walk = session.walk
    for move in found[0]:
        walk = walk.moved(TAKE, move)
    session.go(walk)


def _phases(walk: Walk) -> dict[str, frozenset[tuple[str, str]]]:
    found: dict[str, frozenset[tuple[str, str]]] = {}
    for machine, phases in walk.game.machines().items():
        for phase in phases:
            found[phase] = found.get(phase, frozenset()) | {(machine, str(phase))}
            found[f"{machine} {phase}"] = frozenset({(machine, str(phase))})
    return found


def settled(walk: Walk) -> tuple[Walk, int]:
    """Take whatever has to happen and was not taken for the longest time, so that nothing is put off for ever.

    Returns:
        The walk, and how many steps repeat for ever from its end on: 0 if nothing has to happen any more.
    """
    taken: dict[str, int] = {}
    stood: dict[Any, int] = {}
    began = walk.at
    while walk.at - began <= SETTLING_STEPS:
        moves = [move for move in walk.game.moves(walk.state) if move.kind == "step"]
        if not moves:
            return walk, 0
        before = stood.setdefault(walk.state, walk.at)
        if before < walk.at and all(taken.get(move.text, -1) >= before for move in moves):
            return replace(walk, steps=walk.steps[:before], at=before), walk.at - before
        move = min(moves, key=lambda move: taken.get(move.text, -1))
        taken[move.text] = walk.at
        walk = walk.moved(TAKE, move)
    raise ReplError(f"after {SETTLING_STEPS} steps something still has to happen: run to a phase instead")


def hunt(session: Session, words: str) -> None:
    """Search for the nearest violation.

    Raises:
        ReplError: not a number of states, or none was found.
    """
    if words and not (words.isdecimal() and int(words)):
        raise ReplError(f"hunt takes a number of states, not {words!r}")
    walk = session.walk
    found, states, complete = walk.game.search(walk.state, None, int(words or SEARCHED_STATES))
    if found is None:
        limits = "these are all: nothing can go wrong from here" if complete else "`hunt NUMBER` looks at more"
        raise ReplError(f"no violation in {states} states; {limits}")
    for move in found[0]:
        walk = walk.moved(TAKE, move)
    session.show(f"found in {states} states:")
    session.go(walk)


def action_names(session: Session) -> list[str]:
    """Return what ``take`` can be completed with."""
    return [move.text for move in session.walk.game.moves(session.walk.state)]


def fault_names(session: Session) -> list[str]:
    """Return what ``fault`` can be completed with."""
    return [move.text for move in session.walk.game.faults(session.walk.state)]


def budget_names(session: Session) -> list[str]:
    """Return what ``budget`` can be completed with."""
    return [f"{name}=" for name in session.walk.game.budget(session.walk.state)]


def phase_names(session: Session) -> list[str]:
    """Return what ``run`` can be completed with."""
    return [END, *_phases(session.walk)]
