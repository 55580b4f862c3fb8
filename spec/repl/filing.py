"""Commands that read and write files: counterexamples, scripts and tests."""

from pathlib import Path

from spec.repl.game import Game, ReplError
from spec.repl.pytests import written
from spec.repl.script import Script, Told, from_json, from_story, replayed, retold, script_of, story, to_json
from spec.repl.session import Session
from spec.repl.walk import Walk

OVER = " over"


def load(session: Session, words: str) -> None:
    """Load a script or a story, and stand at its end; or a trace, and stand at its beginning.

    Raises:
        ReplError: the file cannot be read or understood, or its steps cannot be taken.
    """
    if not words:
        raise ReplError("load takes a file: a printed story, a script (JSON), or a trace of the operator")
    try:
        if _is_trace(words):
            session.begin(*session.game_of(f"trace {words}", ""))
            session.show(session.walk.game.title)
            return
        text = Path(words).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReplError(f"{words} cannot be read: {error}") from error
    try:
        found = from_json(text) if text.lstrip().startswith(("{", "[")) else from_story(text)
        walk, model, mutant = taken(session, found)
    except ReplError as error:
        raise ReplError(f"{words}: {error}") from error
    session.walk, session.model, session.mutant = walk, model, mutant
    session.show(f"{walk.game.title}: {walk.at} steps; back, forward and goto walk through them")
    session.arrive()


def _is_trace(name: str) -> bool:
    """Tell whether the first line of a file is one of a trace."""
    with Path(name).expanduser().open(encoding="utf-8") as file:
        first = file.readline()
    return first.startswith("{") and '"at_ms"' in first


def taken(session: Session, found: Script | Told) -> tuple[Walk, str, str]:
    """Return the walk of a script or story, its model and its mutant; what it does not name is the session's.

    Raises:
        ReplError: its model or mutant does not exist, or its steps cannot be taken there.
    """
    mutant = found.mutant or session.mutant
    if found.model:
        game, model, mutant = session.game_of(found.model, found.mutant)
        return _walked(game, found), model, mutant
    errors = []
    names = [session.model, *(model.name for model in session.worlds.models(session.mutant))]
    for name in dict.fromkeys(names):
        game, model, mutant = session.game_of(name, mutant)
        try:
            return _walked(game, found), model, mutant
        except ReplError as error:
            errors.append(str(error))
    raise ReplError(f"in {session.model!r}, {errors[0]}; and it is no walk of another model (which mutant is it of?)")


def _walked(game: Game, found: Script | Told) -> Walk:
    return replayed(game, found.steps) if isinstance(found, Script) else retold(game, found)


def save(session: Session, words: str) -> None:
    """Save the steps up to where one stands.

    Raises:
        ReplError: the file exists, or cannot be written.
    """
    name = words.removesuffix(OVER).strip()
    if not name:
        raise ReplError("save takes a file: NAME.py is a pytest, NAME.json a script, anything else a story")
    path, script = Path(name).expanduser(), script_of(session.walk, session.model, session.mutant)
    if path.exists() and not words.endswith(OVER):
        raise ReplError(f"{name} exists: `save {name} over` replaces it")
    match path.suffix:
        case ".py":
            text = written(session.walk, script, name)
        case ".json":
            text = to_json(script)
        case _:
            text = story(session.walk, session.model, session.mutant)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReplError(f"{name} cannot be written: {error}") from error
    session.show(f"{len(script.steps)} steps saved in {name}")
    if path.suffix == ".py":
        session.show(f"run it in the checkout: python -m pytest {name}")


def paths(_session: Session) -> list[str]:
    """Return what ``load`` and ``save`` can be completed with: the files here."""
    return sorted(path.name for path in Path().iterdir() if path.is_file() and not path.name.startswith("."))
