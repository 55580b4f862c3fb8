"""What the tests of all models share: what a search must have found, and wrong versions of one function."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from spec import pins
from spec.explorer import Result


def assert_holds(result: Result[Any], witnesses: tuple[str, ...], told: Callable[[Any], str], pin: str = "") -> None:
    """Assert that a model was explored to its end, that nothing is violated, and that the witnesses were met.

    Args:
        result: Of the search.
        witnesses: What some run must show.
        told: Tells the steps to a violation as a text.
        pin: The model's name in spec/pins.json; empty if its counts are not pinned.
    """
    assert not result.violated, f"{result.line()}\n{told(result.story)}"
    assert result.complete
    missing = set(witnesses) - set(result.witnessed)
    assert not missing, f"never seen: {sorted(missing)}"
    if pin:
        different = pins.difference(pin, result)
        assert not different, different


def rewritten(module: ModuleType, name: str, before: str, after: str) -> Callable[..., Any]:
    """Return a function of a module with one piece of its source replaced; it must be there exactly once."""
    source = inspect.getsource(getattr(module, name))
    assert source.count(before) == 1, f"{before!r} is not once in {name}"
    scope = dict(vars(module))
    exec(source.replace(before, after), scope)  # noqa: S102 - our own source, changed in one place
    mutated: Callable[..., Any] = scope[name]
    return mutated
