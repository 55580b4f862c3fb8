"""When a cluster's worker looks again: soon at first, then less and less often, and never later than somebody asked."""

from typing import Final

SOON_MS: Final = 50
"""When to look again after a round that was abandoned for a harmless reason."""
LONGEST_PAUSE_MS: Final = 5000


def backoff_ms(failures: int) -> int:
    """Return how long to wait after so many failures in a row: soon at first, then less and less often."""
    return int(min(SOON_MS * 2 ** min(failures - 1, 10), LONGEST_PAUSE_MS))


def sooner(a_ms: int | None, b_ms: int | None) -> int | None:
    """Return the earlier of two times at which to look again; None is never."""
    return min((each for each in (a_ms, b_ms) if each is not None), default=None)
