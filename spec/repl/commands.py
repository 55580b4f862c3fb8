"""The commands by name: what each takes, says of itself, does, and can be completed with."""

from collections.abc import Callable
from typing import Final, NamedTuple

from spec.repl import choosing, filing, moving, showing
from spec.repl.game import ReplError
from spec.repl.session import Session
from spec.repl.worlds.style import grid


class Command(NamedTuple):
    """One command. ``completions`` are what may follow its name; None where nothing may."""

    usage: str
    text: str
    run: Callable[[Session, str], None]
    completions: Callable[[Session], list[str]] | None = None


def _help(session: Session, words: str) -> None:
    names = [_name_of(words)] if words else list(COMMANDS)
    table = grid("commands" if not words else f"command {names[0]}", "command", "what it does")
    for name in names:
        table.add_row(f"{name} {COMMANDS[name].usage}".rstrip(), COMMANDS[name].text)
    session.show(table)
    if not words:
        session.show(
            "A number alone takes that action; an empty line lists the actions. Commands may be shortened, and "
            "whatever is named may be given by its number or by words that only it has."
        )


def _quit(_session: Session, _words: str) -> None:
    raise EOFError


COMMANDS: Final[dict[str, Command]] = {
    "help": Command("[COMMAND]", "list the commands, or say what one takes", _help, lambda _: list(COMMANDS)),
    "models": Command("", "list the models", choosing.models),
    "model": Command("NAME", "begin anew in a model", choosing.model, choosing.model_names),
    "mutants": Command("", "list the wrong versions of the code", choosing.mutants),
    "mutant": Command(
        "NAME | none",
        "begin anew with the code changed by a mutant, in the model that finds it; none: the code as it is",
        choosing.mutant,
        choosing.mutant_names,
    ),
    "budget": Command(
        "[FAULT=NUMBER ...]",
        "show or set how often each fault may still happen",
        moving.budget,
        moving.budget_names,
    ),
    "state": Command(
        "[TABLE ...]",
        "show the state as tables, with what the last step changed marked",
        showing.state,
        showing.table_names,
    ),
    "actions": Command("", "list what can happen next", showing.actions),
    "take": Command("ACTION", "let an action happen", moving.take, moving.action_names),
    "faults": Command("", "list the faults that can be injected here", showing.faults),
    "fault": Command("FAULT", "inject a fault, whatever budget is left", moving.fault, moving.fault_names),
    "back": Command("[NUMBER]", "go back one step, or so many", moving.back),
    "forward": Command("[NUMBER]", "take again what was gone back over: one step, or so many", moving.forward),
    "goto": Command("NUMBER", "go to after this step of the walk; 0 is the start", moving.goto),
    "walk": Command("", "list the steps, and which of them broke what", showing.walk),
    "run": Command(
        "[MACHINE] PHASE | end",
        "take the shortest way without faults into a phase; end: let everything happen that has to",
        moving.run,
        moving.phase_names,
    ),
    "hunt": Command(
        "[STATES]",
        "search from here for the nearest violation, and walk there; at most so many states (20000)",
        moving.hunt,
    ),
    "invariants": Command(
        "[NAME ...]",
        "show what holds, and which step broke what does not",
        showing.invariants,
        showing.invariant_names,
    ),
    "diagram": Command(
        "[MACHINE] [mermaid]",
        "show where the rounds stand in their machines' diagrams; mermaid: as docs/machines.md draws them",
        showing.diagram,
        showing.machine_names,
    ),
    "story": Command("", "print the walk as the explorer prints a counterexample", showing.story),
    "load": Command(
        "FILE",
        "load a counterexample (a printed story, or a script that save wrote), or a trace (gungnir run --trace-file)",
        filing.load,
        filing.paths,
    ),
    "save": Command(
        "FILE [over]",
        "save the walk so far: FILE.py as a pytest, FILE.json as a script, else as a story; over: replace the file",
        filing.save,
        filing.paths,
    ),
    "quit": Command("", "leave", _quit),
}


def _name_of(word: str) -> str:
    if word in COMMANDS:
        return word
    fitting = [name for name in COMMANDS if name.startswith(word)]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise ReplError(f"there is no command {word!r}: `help` lists them")
    raise ReplError(f"{word!r} may be {' or '.join(fitting)}")


def carried_out(session: Session, line: str) -> bool:
    """Carry out one line and return whether the session goes on.

    Raises:
        ReplError: it cannot be carried out; nothing has changed.
    """
    words = line.strip()
    if not words or words.startswith("#"):
        if not words:
            showing.actions(session, "")
        return True
    word, _, rest = words.partition(" ")
    if word.isdecimal():
        word, rest = "take", words
    name = _name_of(word)
    rest = rest.strip()
    if rest and not COMMANDS[name].usage:
        raise ReplError(f"{name} takes nothing, not {rest!r}")
    try:
        COMMANDS[name].run(session, rest)
    except EOFError:
        return False
    return True


def completions(session: Session, line: str) -> list[str]:
    """Return every whole line that ``line`` may become."""
    word, space, rest = line.partition(" ")
    if not space:
        return [f"{name} " if COMMANDS[name].usage else name for name in COMMANDS if name.startswith(word)]
    offered = COMMANDS[word].completions if word in COMMANDS else None
    if offered is None:
        return []
    head, _, last = rest.rpartition(" ")
    names = offered(session)
    whole = [f"{word} {name}" for name in names if name.startswith(rest)]
    return whole or [f"{word} {head} {name}" for name in names if head and name.startswith(last)]
