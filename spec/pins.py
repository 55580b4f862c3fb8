"""Pinned numbers of states and transitions: a change of behaviour that no predicate notices is a visible difference.

``python -m spec.pins`` explores every quick model anew and writes pins.json; the difference is for the reviewer.
"""

import json
from pathlib import Path
from typing import Any, Final

from spec.explorer import Result
from spec.models import failover, lease, reconcile, switchover

FILE: Final = Path(__file__).with_name("pins.json")
HOW: Final = "if the change is meant, run `python -m spec.pins` and commit spec/pins.json with the reason"


def pinned() -> dict[str, list[int]]:
    """Return (states, transitions) by model."""
    numbers: dict[str, list[int]] = json.loads(FILE.read_text())
    return numbers


def difference(model: str, result: Result[Any]) -> str:
    """Return how a complete search differs from what is pinned for this model; empty if it does not.

    Args:
        model: As it is called in pins.json: the world, a colon and the model's name.
        result: What the search found.
    """
    expected = pinned().get(model)
    found = [result.states, result.transitions]
    if expected == found:
        return ""
    if expected is None:
        return f"{model}: {found[0]} states, {found[1]} transitions are not pinned; {HOW}"
    return f"{model}: {found[0]} states, {found[1]} transitions; pinned are {expected[0]} and {expected[1]}; {HOW}"


def _counts(result: Result[Any]) -> list[int]:
    return [result.states, result.transitions]


def _main() -> None:
    numbers = {}
    for model in lease.MODELS:
        if not model.slow:
            numbers[f"lease: {model.name}"] = _counts(lease.explore(model))
    for handover in switchover.MODELS:
        if not handover.slow:
            numbers[f"switchover: {handover.name}"] = _counts(failover.explore(handover))
    for owned in reconcile.MODELS:
        if not owned.slow:
            numbers[f"reconcile: {owned.name}"] = _counts(reconcile.explore(owned))
    FILE.write_text(json.dumps(numbers, indent=2) + "\n")


if __name__ == "__main__":
    _main()
