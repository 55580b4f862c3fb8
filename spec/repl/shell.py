"""The prompt: lines from a terminal, with completion and history, or from a file."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from spec.repl.commands import completions
from spec.repl.game import ReplError
from spec.repl.session import Session

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
HISTORY_LINES: Final = 1000


def main(argv: Sequence[str]) -> int:
    """Run a session over standard input and return the exit code.

    From a terminal that is 0. From a file or a pipe each line is shown with its prompt, and it is 1 if any command
    could not be carried out.
    """
    parser = argparse.ArgumentParser(prog="gungnir repl", description="Step through the machines' worlds by hand.")
    parser.add_argument(
        "file", nargs="?", default="", help="begin with this counterexample (a story, a script) or trace"
    )
    parser.add_argument("--model", default="1", help="name or number of the model to begin in")
    parser.add_argument("--mutant", default="", help="name of a wrong version of the code")
    options = parser.parse_args(list(argv))
    terminal = sys.stdin.isatty()
    try:
        session = Session(options.model, options.mutant, color=terminal and not os.environ.get("NO_COLOR"))
        if options.file:
            session.do(f"load {options.file}")
        else:
            session.introduce()
    except ReplError as error:
        sys.stderr.write(f"gungnir repl: {error}\n")
        return EXIT_USAGE
    if not terminal:
        _scripted(session)
        return EXIT_FAILED if session.failed else 0
    session.show("`help` lists the commands, an empty line what can happen next.")
    history = _line_editing(session)
    try:
        _prompted(session)
    finally:
        _remembered(history)
    return 0


def _prompt(session: Session) -> str:
    return f"gungnir {session.walk.at}> "


def _scripted(session: Session) -> None:
    for line in sys.stdin:
        sys.stdout.write(f"{_prompt(session)}{line.rstrip()}\n")
        if not session.answered(line):
            return


def _prompted(session: Session) -> None:
    while True:
        try:
            if not session.answered(input(_prompt(session))):
                return
        except KeyboardInterrupt:
            sys.stdout.write("\n")  # the line, or the command that was running, is given up: the walk is as it was
        except EOFError:
            sys.stdout.write("\n")
            return


def _line_editing(session: Session) -> Path | None:
    """Set up completion and history where Python has them; return where the history is kept."""
    try:
        import readline  # noqa: PLC0415 - not every Python is built with it
    except ImportError:
        return None
    offered: list[str] = []

    def complete(text: str, state: int) -> str | None:
        if not state:
            offered[:] = completions(session, text)
        return offered[state] if state < len(offered) else None

    readline.set_completer_delims("")
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
    readline.set_history_length(HISTORY_LINES)
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "gungnir"
    path = folder / "repl_history"
    with suppress(OSError):
        readline.read_history_file(path)
    return path


def _remembered(history: Path | None) -> None:
    if history is None:
        return
    import readline  # noqa: PLC0415 - it is there: the history is

    with suppress(OSError):  # a history that cannot be kept is no reason to fail
        history.parent.mkdir(parents=True, exist_ok=True)
        readline.write_history_file(history)
