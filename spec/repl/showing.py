"""Commands that show: the state, what can happen, what holds, and the place in the diagrams."""

from rich.text import Text

from spec.repl.game import ReplError
from spec.repl.script import story as as_story
from spec.repl.session import Session
from spec.repl.worlds.style import BAD, GOOD, HERE, grid


def state(session: Session, words: str) -> None:
    """Show the state as tables.

    Raises:
        ReplError: there is no such table.
    """
    tables = session.walk.game.tables(session.walk.before, session.walk.state)
    unknown = [word for word in words.split() if word not in tables]
    if unknown:
        raise ReplError(f"there is no table {unknown[0]!r}: there are {', '.join(tables)}")
    session.show(*(table for name, table in tables.items() if name in (words.split() or tables)))


def table_names(session: Session) -> list[str]:
    """Return what ``state`` can be completed with."""
    return list(session.walk.game.tables(None, session.walk.state))


def actions(session: Session, _words: str) -> None:
    """List what can happen next."""
    moves = session.walk.game.moves(session.walk.state)
    if not moves:
        session.show("nothing can happen any more; `faults` lists what can be injected")
        return
    table = grid("what can happen next", "", "action", "")
    for number, move in enumerate(moves, 1):
        table.add_row(str(number), Text(move.text), "" if move.kind == "step" else "or never")
    session.show(table)


def faults(session: Session, _words: str) -> None:
    """List what can be injected."""
    table = grid("faults, whatever budget is left", "", "fault")
    for number, move in enumerate(session.walk.game.faults(session.walk.state), 1):
        table.add_row(str(number), Text(move.text))
    session.show(table)


def walk(session: Session, _words: str) -> None:
    """List the steps."""
    table = grid(session.walk.game.title, "", "step", "breaks")
    breaks = session.walk.breaks()
    for number, step in enumerate(session.walk.steps, 1):
        broke = " ".join(name for name, (broken_by, _) in breaks.items() if broken_by == number)
        row = Text(step.line, style="dim" if number > session.walk.at else HERE if number == session.walk.at else "")
        table.add_row(f"{'>' if number == session.walk.at else ''}{number}", row, Text(broke, style=BAD))
    session.show(table if session.walk.steps else f"{session.walk.game.title}: no step was taken yet")


def invariants(session: Session, words: str) -> None:
    """Show what holds, and what broke what does not: of every predicate, or of those that are named.

    Raises:
        ReplError: there is no such predicate.
    """
    wanted = words.split() or invariant_names(session)
    unknown = [name for name in wanted if name not in invariant_names(session)]
    if unknown:
        raise ReplError(f"there is no invariant {unknown[0]!r}: `invariants` lists what there is")
    now = {broken.name for broken in session.walk.broken}
    breaks = session.walk.breaks()
    table = grid("invariants", "", "invariant", "of every", "what it says, or what is wrong")
    for check in session.walk.game.checks:
        if check.name not in wanted:
            continue
        if check.name not in breaks:
            table.add_row(Text("holds", style=GOOD), check.name, check.of, check.meaning)
            continue
        number, broken = breaks[check.name]
        step = "at the start" if not number else f"by step {number}, {session.walk.steps[number - 1].line}"
        verdict = Text("BROKEN" if check.name in now else "was broken", style=BAD)
        table.add_row(verdict, Text(check.name, style=BAD), check.of, f"{broken.text}; broken {step}")
    session.show(table)


def invariant_names(session: Session) -> list[str]:
    """Return what ``invariants`` can be completed with."""
    return [check.name for check in session.walk.game.checks]


def diagram(session: Session, words: str) -> None:
    """Show where the rounds stand.

    Raises:
        ReplError: there is no such machine, or no round runs and none was named.
    """
    wanted = words.split()
    drawn = "mermaid" in wanted
    names = [word for word in wanted if word != "mermaid"]
    game, walk = session.walk.game, session.walk
    places = [place for place in game.places(walk.state) if not names or place.machine in names]
    running = {place.machine for place in places}
    if not names and not places:
        raise ReplError(f"no round is running: name a machine ({', '.join(machine_names(session))})")
    for place in places:
        session.show(f"{place.who} is in {place.phase} of {place.machine}, waiting for {place.waits}")
        trail = walk.trail(place.who, place.machine)
        session.show(game.mermaid(place.machine, place.phase) if drawn else game.diagram(place.machine, trail))
    for name in names:
        if name not in running:
            session.show(game.mermaid(name, "") if drawn else game.diagram(name, ()))


def machine_names(session: Session) -> list[str]:
    """Return what ``diagram`` can be completed with."""
    return list(session.walk.game.machines())


def story(session: Session, _words: str) -> None:
    """Print the walk as a story."""
    session.show(as_story(session.walk, session.model, session.mutant).rstrip("\n"))
