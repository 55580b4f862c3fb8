"""A walk as a file: its script (JSON), its story as the explorer prints it, or a test that takes it again."""

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from spec.repl.game import Game, Move, ReplError
from spec.repl.walk import BUDGET, FAULT, TAKE, Walk

_STEP = re.compile(r"^(?:E\s+)?\s*(\d+)\. (\S.*)$")
_BROKEN = "BROKEN "
_GRANT = "budget: "
_HEAD = re.compile(r"^(?:E\s+)?\s*(model|mutant): (.+)$")


class Script(NamedTuple):
    """The model and the mutant of the code that a walk was taken in (empty: not said), and its steps as commands."""

    model: str
    mutant: str
    steps: tuple[str, ...]


class Told(NamedTuple):
    """A story: the model and the mutant if it names them, and each step with what it changed."""

    model: str
    mutant: str
    steps: tuple[tuple[str, tuple[str, ...]], ...]


def script_of(walk: Walk, model: str, mutant: str) -> Script:
    """Return the script of the steps up to where one stands."""
    return Script(model, mutant, tuple(step.line for step in walk.taken))


def to_json(script: Script) -> str:
    """Return a script as JSON."""
    return json.dumps(script._asdict(), indent=2) + "\n"


def from_json(text: str) -> Script:
    """Return the script that JSON holds: an object with ``model``, ``mutant`` and ``steps``, or a list of steps.

    Raises:
        ReplError: it is no JSON, or not of this form.
    """
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise ReplError(f"not JSON: {error}") from error
    if isinstance(data, list):
        data = {"steps": data}
    steps = data.get("steps") if isinstance(data, dict) else None
    if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
        raise ReplError('a script is {"model": NAME, "mutant": NAME, "steps": ["take ...", ...]}')
    return Script(str(data.get("model", "")), str(data.get("mutant", "")), tuple(steps))


def from_story(text: str) -> Told:
    """Return the story in a text, which may be the output of a failed test.

    Raises:
        ReplError: there is no story in it, or one that is not numbered from 1 on.
    """
    head, steps = {"model": "", "mutant": ""}, list[tuple[str, list[str]]]()
    for line in text.splitlines():
        said, step = _HEAD.match(line), _STEP.match(line)
        if said and not steps:
            head[said[1]] = said[2].strip()
        elif step and int(step[1]) == len(steps) + 1:
            steps.append((step[2].rstrip(), []))
        elif steps and re.match(r"^(?:E\s+)?\s{7}\S", line):
            change = line.removeprefix("E").strip()
            steps[-1][1].extend(() if change.startswith(_BROKEN) else (change,))
        elif steps and line.strip():
            break
    if not steps:
        raise ReplError("there is no story in it: a story has lines like '  1. c-0: crash its process ends'")
    return Told(head["model"], head["mutant"], tuple((text, tuple(changed)) for text, changed in steps))


def replayed(game: Game, steps: Sequence[str]) -> Walk:
    """Return the walk that the lines of a script take.

    Raises:
        ReplError: a line cannot be carried out; it names the step.
    """
    walk = Walk.begun(game)
    for number, line in enumerate(steps, 1):
        try:
            walk = walk.did(line)
        except ReplError as error:
            raise ReplError(f"step {number}: {error}") from error
    return walk


def retold(game: Game, told: Told) -> Walk:
    """Return the walk that a story tells; a fault beyond the budget is injected.

    Raises:
        ReplError: a step cannot happen in this game, or changes something else than the story says.
    """
    walk = Walk.begun(game)
    for number, (text, changed) in enumerate(told.steps, 1):
        if text.startswith(_GRANT):
            walk = walk.granted(text.removeprefix(_GRANT))
            continue
        kind, found = TAKE, _called(game.moves(walk.state), text)
        if not found:
            kind, found = FAULT, _called(game.faults(walk.state), text)
        if not found:
            raise ReplError(f"step {number} cannot happen here: {text}")
        state = walk.state
        same = [move for move in found if tuple(s.strip() for s in game.changes(state, move.after)) == changed]
        if not same:
            raise ReplError(f"step {number} changes something else than the story says: {text}")
        walk = walk.moved(kind, same[0])
    return walk


def _called(moves: tuple[Move, ...], text: str) -> list[Move]:
    return [move for move in moves if _plain(move.text) == text]


def _plain(text: str) -> str:
    """Return the name of a move without the number that tells it from others of this name."""
    return re.sub(r" #\d+$", "", text)


def story(walk: Walk, model: str, mutant: str) -> str:
    """Return the walk as a story: the format that the explorer prints, with the model's name above it."""
    lines = [f"model: {model}", *([f"mutant: {mutant}"] if mutant else []), "at first:"]
    lines += [f"    {line}" for line in walk.game.described(walk.first)]
    before = walk.first
    for number, step in enumerate(walk.taken, 1):
        text = _GRANT + step.text if step.command == BUDGET else _plain(step.text)
        lines.append(f"{number:3}. {text}")
        lines += [f"       {line.strip()}" for line in walk.game.changes(before, step.after)]
        lines += [f"       {_BROKEN}{broken.name}: {broken.text}" for broken in step.broken]
        before = step.after
    return "\n".join(lines) + "\n"
