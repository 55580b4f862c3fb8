import asyncio
from typing import Any

import pytest

from gungnir.errors import UserError
from gungnir.local.network import Network
from gungnir.local.plane.faults import FaultTable

PODS = {"demo-0": "default/demo-0", "demo-1": "default/demo-1"}


class FakePlane:
    def __init__(self) -> None:
        self.tables: list[tuple[FaultTable, bool]] = []
        self.changed = asyncio.Event()

    async def set_faults(self, faults: FaultTable, *, resume: bool = False) -> None:
        self.tables.append((faults, resume))
        self.changed.set()


def resolve(name: str) -> str:
    if name not in PODS:
        raise UserError(f"pod {name}: not found")
    return PODS[name]


def network() -> tuple[Network, FakePlane]:
    plane = FakePlane()
    return Network(plane, resolve), plane  # type: ignore[arg-type] # a fake


def test_a_cut_goes_both_ways_unless_asked_otherwise_and_a_heal_ends_what_it_names() -> None:
    async def scenario() -> None:
        net, plane = network()
        await net.cut("demo-0", "demo-1")
        await net.cut("operator", "demo-0", one_way=True)
        both = {("default/demo-0", "default/demo-1"), ("default/demo-1", "default/demo-0")}
        assert plane.tables[-1][0].cuts == both | {("operator", "default/demo-0")}
        await net.heal("demo-1", resume=True)
        assert plane.tables[-1] == (FaultTable.build([("operator", "default/demo-0")], []), True)
        await net.heal()
        assert plane.tables[-1][0] == FaultTable()
        assert net.describe() == []

    asyncio.run(scenario())


def test_a_pod_that_is_gone_can_still_be_healed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        net, plane = network()
        await net.cut("demo-0", "all")
        monkeypatch.delitem(PODS, "demo-0")
        await net.heal("demo-0")
        assert plane.tables[-1][0] == FaultTable()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("action", "arguments", "message"),
    [
        ("cut", ("demo-0", "demo-0"), "are the same party"),
        ("cut", ("demo-0", "nobody"), "pod nobody: not found"),
        ("delay", ("demo-0", "all", -1), "must not be negative"),
        ("flap", ("demo-0", "all", 5, 100), "must be at least 10 ms"),
    ],
)
def test_a_wrong_request_is_refused_with_its_reason(action: str, arguments: Any, message: str) -> None:
    async def scenario() -> None:
        net, plane = network()
        with pytest.raises(UserError, match=message):
            await getattr(net, action)(*arguments)
        assert plane.tables == []

    asyncio.run(scenario())


def test_a_flapping_link_is_cut_and_healed_in_turn_until_it_is_healed() -> None:
    async def scenario() -> None:
        net, plane = network()
        await net.flap("demo-0", "operator", up_ms=10, down_ms=10)
        async with asyncio.timeout(5):
            while len(plane.tables) < 4:
                plane.changed.clear()
                await plane.changed.wait()
        assert [bool(table.cuts) for table, _resume in plane.tables[:4]] == [True, False, True, False]
        assert {fault["fault"] for fault in net.describe()} == {"flap"}
        await net.heal("demo-0", "operator")
        assert net.describe() == []
        assert plane.tables[-1][0] == FaultTable()

    asyncio.run(scenario())


def test_a_delay_of_zero_ends_the_delay() -> None:
    async def scenario() -> None:
        net, plane = network()
        await net.delay("demo-0", "clients", 20)
        assert dict(plane.tables[-1][0].delays_ms)["clients", "default/demo-0"] == 20
        assert "delay 20 ms" in {fault["fault"] for fault in net.describe()}
        await net.delay("demo-0", "clients", 0)
        assert plane.tables[-1][0].delays_ms == ()

    asyncio.run(scenario())
