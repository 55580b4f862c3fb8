"""What the tests of all models share: what a search must have found, and wrong versions of one function."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

from spec import pins, showing
from spec.explorer import Result
from spec.models.catalogue import ALL_STATES, Entry, Story
from spec.story import abridged

STORIES: Final = Path(__file__).resolve().parents[1] / "build" / "stories"
EXPLORED: Final[dict[str, Result[Any]]] = {}
"""What was explored by tests of this process, by the name of the model: for the summary."""


_TOO_MANY: Final = 3
"""A quick model with so many times the states that are pinned is not explored further: it may have no end."""
_SOME_STATES: Final = 1_000


def assert_holds(entry: Entry) -> None:
    """Assert that a model is explored to its end, that nothing is violated, and that the witnesses are met.

    Of a quick model, the numbers of states and transitions are those that are pinned. What fails tells a story: the
    shortest one to what is violated, or where something is missing, the longest that there is.
    """
    known = None if entry.slow else pins.pinned().get(entry.name)
    most = ALL_STATES if known is None else _TOO_MANY * known[0] + _SOME_STATES
    with showing.exploring(entry.name, 0 if known is None else known[0]):
        result = EXPLORED[entry.name] = entry.explore(most)
    if result.violated:
        _fail(entry, f"{entry.name}: {result.line()}", result.story)
    assert result.complete, f"{entry.name}: {result.line()}: far more states than are pinned"
    missing = sorted(set(entry.witnesses) - set(result.witnessed))
    if missing:
        _fail(entry, f"{entry.name}: never seen: {missing}. The longest run is:", result.deepest)
    different = "" if entry.slow else pins.difference(entry.name, result)
    assert not different, different


def _fail(entry: Entry, why: str, story: Story) -> NoReturn:
    """Fail with a story on one screen; the whole of it is in a file that ``gungnir repl`` loads.

    Raises:
        AssertionError: always.
    """
    text = entry.told(story)
    path = STORIES / f"{re.sub('[^a-z0-9]+', '-', entry.name.lower())}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{why}\n{text}\n", encoding="utf-8")
    raise AssertionError(f"{why}\n{abridged(text)}\n(whole: {path.relative_to(STORIES.parents[1])})")


def rewritten(module: ModuleType, name: str, before: str, after: str) -> Callable[..., Any]:
    """Return a function of a module with one piece of its source replaced; it must be there exactly once."""
    source = inspect.getsource(getattr(module, name))
    assert source.count(before) == 1, f"{before!r} is not once in {name}"
    scope = dict(vars(module))
    exec(source.replace(before, after), scope)  # noqa: S102 - our own source, changed in one place
    mutated: Callable[..., Any] = scope[name]
    return mutated
