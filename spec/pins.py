"""Pinned numbers of states and transitions: a change of behaviour that no predicate notices is a visible difference.

``python -m spec.pins`` explores every quick model anew and writes pins.json; ``python -m spec.pins reconcile lease``
only those whose names contain one of these words. The difference is for the reviewer.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from spec.explorer import Result
from spec.models.catalogue import ALL_STATES, QUICK

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


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m spec.pins", description=__doc__)
    parser.add_argument("words", nargs="*", help="explore only models whose name contains one of these words")
    words, before = parser.parse_args().words, pinned()
    numbers = {}
    for entry in QUICK:
        if words and not any(word in entry.name for word in words):
            if entry.name in before:
                numbers[entry.name] = before[entry.name]
            continue
        result = entry.explore(ALL_STATES)
        sys.stderr.write(f"{entry.name}: {result.line()}\n")
        numbers[entry.name] = [result.states, result.transitions]
    text = ",\n".join(f"  {json.dumps(name)}: {json.dumps(counts)}" for name, counts in numbers.items())
    FILE.write_text(f"{{\n{text}\n}}\n")


if __name__ == "__main__":
    _main()
