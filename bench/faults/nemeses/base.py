"""What a nemesis is, as data: what it does, what it may lead to, whom it can be done to, and how long it may take."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bench.faults.contestants.base import MAX_LAG_S
from bench.faults.scene import Scene

ALL: Final = frozenset({"gungnir", "sentinel", "none"})
OPERATED: Final = frozenset({"gungnir"})
BOUND_MS: Final = 40_000
WINDOW_MS: Final = (MAX_LAG_S + 2) * 1000
"""How long after it was isolated a primary may acknowledge plain writes that are lost: the allowed lag and 2 s.

Valkey compares whole seconds, so a lag of up to 3 s is "2", and it looks once a second."""

Act = Callable[[Scene], Awaitable[None]]


class Expect(StrEnum):
    """What a contestant that keeps its promises does."""

    FAIL_OVER = "must fail over"
    MAY = "may fail over"
    STAY = "must not fail over"


@dataclass(frozen=True)
class Nemesis:
    """One kind of fault. ``act`` begins it, lets it last, and returns; whatever is in force then is undone.

    Attributes:
        name: On the command line and in results.
        what: In words, for tables.
        expect: What a contestant should do.
        act: Does it.
        offered: Contestants to whom it can be done.
        bound_ms: ``act`` is given up after so many milliseconds.
        destructive: Whether it destroys data on a disk: a pair has one such fault at most.
        pairs: Whether it may be one of a random pair.
        lossless: Whether not even a plain acknowledged write may be lost.
        window_ms: How long after it began a plain write may be acknowledged that is lost.
        flaps_ms: For how long at most it takes links away again and again. Beside another fault, any of these times may
            be the one at which the primary is parted from everybody else, so that its window begins then.
        may_block: Whether it is more than one fault, after which a contestant may wait for a person to decide.
        all_copies: Whether it ends every process that has a write, so that what is on no disk yet is lost everywhere.
    """

    name: str
    what: str
    expect: Expect
    act: Act
    offered: frozenset[str] = ALL
    bound_ms: int = BOUND_MS
    destructive: bool = False
    pairs: bool = True
    lossless: bool = False
    window_ms: int = WINDOW_MS
    flaps_ms: int = 0
    may_block: bool = False
    all_copies: bool = False
