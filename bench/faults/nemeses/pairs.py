"""Two faults at once, chosen by the seed."""

import asyncio
from typing import Final

from bench.faults.nemeses import data, network, operator, process
from bench.faults.nemeses.base import Expect, Nemesis
from bench.faults.scene import Scene
from gungnir.demo.errors import NotInTimeError
from gungnir.errors import RetryableError, UserError

SINGLES: Final = (*process.TABLE, *network.TABLE, *data.TABLE, *operator.TABLE)
BOUND_MS: Final = 80_000


def partners(contestant: str, first: Nemesis | None = None) -> list[Nemesis]:
    """Nemeses that may be one of a pair; with ``first``, those that may follow it.

    One fault destroys data on a disk at most: two of three disks lost are more than anybody promises to survive.
    """
    return [
        nemesis
        for nemesis in SINGLES
        if nemesis.pairs
        and contestant in nemesis.offered
        and (first is None or (nemesis is not first and not (nemesis.destructive and first.destructive)))
    ]


async def _pair(scene: Scene) -> None:
    by_name = {nemesis.name: nemesis for nemesis in SINGLES}
    first = by_name[scene.choose("first", *(n.name for n in partners(scene.contestant.name)))]
    second = by_name[scene.choose("second", *(n.name for n in partners(scene.contestant.name, first)))]
    delay_ms = scene.choose_ms("second_after_ms", 1, 2000)
    parts = scene.part(first.name), scene.part(second.name)
    scene.strike(f"{first.name} and {second.name}")
    await asyncio.gather(_acted(first, parts[0], 0), _acted(second, parts[1], delay_ms))


async def _acted(nemesis: Nemesis, part: Scene, delay_ms: int) -> None:
    await part.pause(delay_ms)
    try:
        await nemesis.act(part)
    except (UserError, RetryableError, NotInTimeError) as error:
        # The other one was first: the process does not run, the pod cannot be reached.
        part.mark(f"given up: {error}")


TABLE: Final = (
    Nemesis(
        "pair",
        "two of the others, the second one 1-2000 ms after the first",
        Expect.MAY,
        _pair,
        pairs=False,
        may_block=True,
        bound_ms=BOUND_MS,
    ),
)
