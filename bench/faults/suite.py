"""Which faults are done in which order, and on which instance of a contestant."""

import itertools
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from bench.faults.campaign import contest, run_one
from bench.faults.contestants import Settings
from bench.faults.nemeses.base import Nemesis
from bench.faults.progress import Progress
from gungnir.errors import GungnirError

STINT: Final = 25
"""So many faults of a storm hit one instance; then comes the next one, from nothing."""

PAIR: Final = "pair"
PAIRS: Final = 1 / 3
"""Part of a storm's faults that are two at once."""

Step = tuple[Nemesis, int]
"""A fault and its seed."""


@dataclass(frozen=True)
class Stint:
    """Faults that are done to one instance of a contestant."""

    contestant: str
    settings: Settings
    steps: Sequence[Step]


class Plan(Protocol):
    """Stints in their order."""

    @property
    def total(self) -> int | None:
        """How many faults there are; None if nobody knows."""

    def stints(self) -> Iterator[Stint]:
        """All of them, as they come."""


@dataclass(frozen=True)
class Suite:
    """Each fault so many times; the contestants take turns, so that the machine's moods meet all of them.

    Attributes:
        contestants: By name.
        settings: Each contestant is there once with each of them.
        nemeses: The faults of each contestant.
        seed: Of the first time.
        times: How often.
        often: How often the faults of these names are done instead.
    """

    contestants: Sequence[str]
    settings: Sequence[Settings]
    nemeses: Mapping[str, Sequence[Nemesis]]
    seed: int
    times: int
    often: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int | None:
        return sum(len(stint.steps) for stint in self.stints())

    def stints(self) -> Iterator[Stint]:
        for time_ in range(max([self.times, *self.often.values()])):
            for name, settings in itertools.product(self.contestants, self.settings):
                if name == "none" and settings is not self.settings[0]:
                    continue  # nobody is there to whom the setting would mean anything
                due = [each for each in self.nemeses[name] if time_ < self.often.get(each.name, self.times)]
                if due:
                    yield Stint(name, settings, [(nemesis, self.seed + time_) for nemesis in due])


@dataclass(frozen=True)
class Storm:
    """Random faults, until ``minutes`` are over or somebody stops it. Attributes as of ``Suite``."""

    contestants: Sequence[str]
    settings: Sequence[Settings]
    nemeses: Mapping[str, Sequence[Nemesis]]
    seed: int
    minutes: float

    @property
    def total(self) -> int | None:
        return None

    def stints(self) -> Iterator[Stint]:
        end_s = time.monotonic() + self.minutes * 60 if self.minutes else float("inf")
        seeds = itertools.count(self.seed)
        for name, settings in itertools.cycle(itertools.product(self.contestants, self.settings)):
            steps = [(self._fault(name, seed), seed) for seed in itertools.islice(seeds, STINT)]
            if time.monotonic() >= end_s:
                return
            yield Stint(name, settings, _Until(steps, end_s))

    def _fault(self, contestant: str, seed: int) -> Nemesis:
        """The fault of a seed: every third one is a pair, as far as pairs are asked for."""
        chooser = random.Random(seed)  # noqa: S311 - repeatable, no secret
        found = self.nemeses[contestant]
        pairs = [nemesis for nemesis in found if nemesis.name == PAIR]
        return chooser.choice(pairs if pairs and chooser.random() < PAIRS else found)


class _Until(list[Step]):
    """Steps of which none is taken any more after a moment."""

    def __init__(self, steps: Sequence[Step], end_s: float) -> None:
        super().__init__(steps)
        self._end_s = end_s

    def __iter__(self) -> Iterator[Step]:
        return itertools.takewhile(lambda _step: time.monotonic() < self._end_s, super().__iter__())


async def go(plan: Plan, progress: Progress, *, as_shipped: bool) -> None:
    """Do a whole plan; an instance that is not whole again after a fault is replaced by a new one."""
    progress.begin(plan.total)
    for stint in plan.stints():
        steps = iter(stint.steps)
        while await _instance(stint, steps, progress, as_shipped=as_shipped):
            pass


async def _instance(stint: Stint, steps: Iterator[Step], progress: Progress, *, as_shipped: bool) -> bool:
    """Do steps to one instance; whether there may be more of them for another one."""
    step = next(steps, None)
    if step is None:
        return False
    async with contest(stint.contestant, stint.settings, as_shipped=as_shipped) as contestant:
        while step is not None:
            nemesis, seed = step
            since_ms = time.time() * 1000
            try:
                run = await run_one(contestant, nemesis, seed)
            except GungnirError as error:
                progress.failed(stint.contestant, nemesis, seed, f"{type(error).__name__}: {error}")
                return True
            progress.done(run, contestant.story(since_ms) if run.anomalies else [])
            if run.redundancy_ms < 0:
                return True
            step = next(steps, None)
    return False
