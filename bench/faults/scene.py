"""What a nemesis works with: the contestant, the roles at the beginning, and choices that a seed repeats."""

import asyncio
import math
import random
import time
from typing import Final

from bench.faults.contestants.base import Contestant
from gungnir.demo.operator import OperatorProcess
from gungnir.errors import BugError
from gungnir.local.cluster import LocalCluster


class Scene:
    """One fault on one contestant.

    Args:
        contestant: A settled contestant.
        primary: Its primary's pod.
        chooser: Where every choice comes from.

    Attributes:
        start_ns: When the fault began, by ``time.monotonic_ns``: moved by ``strike``.
        flushed_ns: When a user had deleted everything; 0 if none did.
        origin_ns: When the scene was set up, by ``time.monotonic_ns``.
        choices: What was chosen, by name: kept with the result.
        marks: What was done, each with milliseconds since the scene was set up.
    """

    def __init__(self, contestant: Contestant, primary: str, chooser: random.Random) -> None:
        self.contestant: Final = contestant
        self.primary: Final = primary
        self.start_ns = time.monotonic_ns()
        self.flushed_ns = 0
        self.choices: Final[dict[str, str | int]] = {}
        self.marks: Final[list[tuple[float, str]]] = []
        self.origin_ns: Final = self.start_ns
        self._struck = False
        self._parts: dict[str, Scene] = {}
        self._random = chooser

    @property
    def local(self) -> LocalCluster:
        """The local cluster, with its faults."""
        return self.contestant.local

    @property
    def down_after_ms(self) -> int:
        """Silence after which a primary counts as down, in milliseconds."""
        return self.contestant.settings.down_after_ms

    @property
    def replicas(self) -> list[str]:
        """The other pods, in the order of their names."""
        return sorted(pod for pod in self.contestant.addresses() if pod != self.primary)

    @property
    def operator(self) -> OperatorProcess:
        """The operator process.

        Raises:
            BugError: The contestant has none; such a nemesis is not offered to it.
        """
        if self.contestant.operator is None:
            raise BugError(f"{self.contestant.name} has no operator")
        return self.contestant.operator

    def strike(self, what: str) -> None:
        """The fault begins now; the first call counts, later ones are entered as marks."""
        if not self._struck:
            self.start_ns = time.monotonic_ns()
        self._struck = True
        self.mark(what)

    def mark(self, what: str) -> None:
        """Enter what was done."""
        self.marks.append(((time.monotonic_ns() - self.origin_ns) / 1e6, what))

    def part(self, name: str) -> "Scene":
        """A scene for a part of the fault that runs beside others: what it chooses depends on the seed alone."""
        part = Scene(self.contestant, self.primary, random.Random(self._random.getrandbits(64)))  # noqa: S311 - as here
        self._parts[name] = part
        return part

    def close(self) -> None:
        """Take over what the parts have chosen and done."""
        for name, part in self._parts.items():
            self.choices.update({f"{name}.{key}": value for key, value in part.choices.items()})
            later_ms = (part.origin_ns - self.origin_ns) / 1e6
            self.marks.extend((at_ms + later_ms, f"{name}: {what}") for at_ms, what in part.marks)
        self.marks.sort()
        self._parts.clear()

    def choose_ms(self, name: str, low_ms: int, high_ms: int) -> int:
        """Choose a duration in milliseconds."""
        return self.choose_number(name, low_ms, high_ms)

    def choose_number(self, name: str, low: int, high: int) -> int:
        """Choose a number, uniform in its logarithm: small ones are as likely as large ones."""
        smallest = max(1, low)
        ratio = max(1.0, high / smallest)
        chosen = round(smallest * math.pow(ratio, self._random.random()))
        self.choices[name] = chosen
        return chosen

    def choose(self, name: str, *options: str) -> str:
        """Choose one of several."""
        chosen = self._random.choice(options)
        self.choices[name] = chosen
        return chosen

    async def pause(self, duration_ms: float) -> None:
        """Let the fault last."""
        await asyncio.sleep(duration_ms / 1000)
