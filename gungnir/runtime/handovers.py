"""When the operator asks for a handover itself, for a scale-down to go on: at once, and ever less often after that.

How a request ends decides nothing here: as long as the primary is one too many, it is asked again. A handover that does
not succeed costs a write gap, so the pauses grow. A new operator process asks at once.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final

from gungnir.machines import scale_down
from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from gungnir.runtime.driver import Driver

FIRST_MS: Final = 5_000
LONGEST_MS: Final = 300_000


def _now_s() -> float:
    return asyncio.get_running_loop().time()


class Handovers:
    """The requests that one cluster's worker makes. ``now_s`` is a monotonic clock, in seconds."""

    def __init__(self, now_s: Callable[[], float] = _now_s) -> None:
        """Begin without having asked."""
        self._now_s = now_s
        self._asked = 0
        self._due_s = 0.0

    async def ask(self, driver: Driver, facts: Facts, record: Record) -> scale_down.State | None:
        """Run a round, if the primary is one too many and it is time; return its end, or None if nothing came of it.

        With a ``detail`` the round was abandoned; without one the request is there.

        Raises:
            NotLeadingError: We may not act (any more).
        """
        if not scale_down.primary_goes(facts, record):
            self._asked, self._due_s = 0, 0.0
            return None
        if self._now_s() < self._due_s:
            return None
        state = await driver.run("scale-down", scale_down.start(), scale_down.step, facts)
        if state.phase is scale_down.Phase.FILED:
            self._due_s = self._now_s() + min(FIRST_MS * 2**self._asked, LONGEST_MS) / 1000
            self._asked = min(self._asked + 1, 10)
        return None if state.phase is scale_down.Phase.DONE else state

    def wait_ms(self) -> int | None:
        """Return in how many milliseconds to ask again; None if it is time already, or nothing was asked."""
        left_s = self._due_s - self._now_s()
        return math.ceil(left_s * 1000) if left_s > 0 else None
