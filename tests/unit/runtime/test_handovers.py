"""How often the operator asks for a handover itself: at once, then with growing pauses; anew for another primary."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from gungnir.machines.facts import Facts
from gungnir.machines.record import Primary, Record
from gungnir.machines.scale_down import Phase, State
from gungnir.runtime.handovers import FIRST_MS, LONGEST_MS, Handovers

pytestmark = pytest.mark.anyio

FACTS = Facts("vc", "u", 3, 1, persistent=True, asked=2)
GOES, STAYS = (Record(1, Primary(pod, "u", "r", "i", 1)) for pod in ("vc-2", "vc-1"))


class Stage:
    """A driver whose rounds end in ``ends``, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.ends = State(Phase.FILED, target="vc-0")
        self.rounds = 0
        self.handovers = Handovers(lambda: self.now_s)

    async def run(self, *_machine: object) -> State:
        self.rounds += 1
        return self.ends

    async def ask(self, record: Record = GOES) -> State | None:
        return await self.handovers.ask(cast("Any", SimpleNamespace(run=self.run)), FACTS, record)


async def test_it_asks_at_once_and_then_ever_less_often() -> None:
    stage, waits = Stage(), list[int | None]()
    for _ in range(9):
        assert await stage.ask() == stage.ends
        waits.append(stage.handovers.wait_ms())
        assert await stage.ask() is None, "it asked again at once"
        stage.now_s += (stage.handovers.wait_ms() or 0) / 1000
    assert waits == [min(FIRST_MS * 2**number, LONGEST_MS) for number in range(9)]
    assert stage.rounds == 9


async def test_nothing_is_asked_while_the_primary_stays_and_the_next_one_is_asked_at_once() -> None:
    stage = Stage()
    await stage.ask()
    assert await stage.ask(STAYS) is None
    assert stage.handovers.wait_ms() is None
    assert await stage.ask() == stage.ends
    assert stage.handovers.wait_ms() == FIRST_MS
    assert stage.rounds == 2


@pytest.mark.parametrize(("phase", "detail"), [(Phase.DONE, ""), (Phase.ABANDONED, "SetAnnotation: Conflict")])
async def test_a_round_that_asked_for_nothing_costs_no_pause(phase: Phase, detail: str) -> None:
    stage = Stage()
    stage.ends = State(phase, detail=detail)
    assert await stage.ask() == (stage.ends if detail else None)
    assert stage.handovers.wait_ms() is None
    await stage.ask()
    assert stage.rounds == 2
