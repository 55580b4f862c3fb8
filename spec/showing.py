"""How far a search is, for whoever waits for it: a line now and then, to wherever the run shows such things."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

EVERY_S: Final = 5.0
"""Seconds between two lines; a search that takes less shows none."""


@dataclass
class Showing:
    """Where lines go, and what is being explored.

    Attributes:
        tell: Takes a line; None shows nothing.
        what: What is explored, by name.
        expected: How many states it had the last time; 0 if nobody knows.
    """

    tell: Callable[[str], None] | None = None
    what: str = ""
    expected: int = 0


NOW: Final = Showing()
"""One search at a time is waited for in a process."""


@contextmanager
def exploring(what: str, expected: int = 0) -> Iterator[None]:
    """Say what is explored within this block, and how many states to expect."""
    before = NOW.what, NOW.expected
    NOW.what, NOW.expected = what, expected
    try:
        yield
    finally:
        NOW.what, NOW.expected = before


def show(depth: int, states: int, frontier: int, seconds: float) -> None:
    """Tell how far the search is, if anybody listens."""
    if NOW.tell is not None:
        NOW.tell(line(depth, states, frontier, seconds))


def line(depth: int, states: int, frontier: int, seconds: float) -> str:
    """Return how far a search is: what was found, how fast, and how long it will take if nothing changed."""
    rate = states / seconds
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    left = f", about {(NOW.expected - states) / rate:.0f} s left" if NOW.expected > states else ""
    return (
        f"{NOW.what or 'search'}: {states:,} states, depth {depth}, frontier {frontier:,}, {rate:,.0f}/s, "
        f"{peak_mb} MB, {seconds:.0f} s{left}"
    )
