"""The faults of the local network as people and tests ask for them, by the names of pods."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from gungnir.errors import UserError
from gungnir.local.plane.client import PlaneClient
from gungnir.local.plane.faults import ALL, SPECIAL_PARTIES, FaultTable, Pair

_MIN_FLAP_MS: Final = 10


class Network:
    """Cuts, delays and flapping links between parties; every method returns when the fault is in force."""

    def __init__(self, plane: PlaneClient, resolve_pod: Callable[[str], str]) -> None:
        """``resolve_pod`` turns the name of a pod into ``namespace/name`` or raises UserError."""
        self._plane = plane
        self._resolve_pod = resolve_pod
        self._cuts: set[Pair] = set()
        self._delays_ms: dict[Pair, int] = {}
        self._flaps: dict[Pair, asyncio.Task[None]] = {}

    async def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """Lose every packet between two parties, or only those from ``a`` to ``b``; nobody is told.

        Raises:
            UserError: A party is neither a pod nor ``operator``, ``clients`` or ``all``, or both are the same.
        """
        self._cuts |= self._pairs(a, b, one_way=one_way)
        await self._apply()

    async def heal(self, a: str | None = None, b: str | None = None, *, resume: bool = False) -> None:
        """End the faults between two parties, of one party, or all.

        Connections that were cut are dropped; with ``resume`` they go on with what waited in their buffers, as TCP does
        when a network comes back before it gives up.
        """
        ended = self._matching(a, b)
        for pair in ended & self._flaps.keys():
            self._flaps.pop(pair).cancel()
        self._cuts -= ended
        for pair in ended & self._delays_ms.keys():
            del self._delays_ms[pair]
        await self._apply(resume=resume)

    async def delay(self, a: str, b: str, delay_ms: int, *, one_way: bool = False) -> None:
        """Delay everything between two parties by ``delay_ms`` in each direction; 0 ends that.

        Raises:
            UserError: A party is unknown or the delay is negative.
        """
        if delay_ms < 0:
            raise UserError(f"delay {delay_ms} ms: must not be negative")
        for pair in self._pairs(a, b, one_way=one_way):
            self._delays_ms.pop(pair, None)
            if delay_ms:
                self._delays_ms[pair] = delay_ms
        await self._apply()

    async def flap(self, a: str, b: str, up_ms: int, down_ms: int) -> None:
        """Cut and heal in turn until ``heal``; each cut drops the connections it concerned.

        Raises:
            UserError: A party is unknown or a duration is below 10 ms.
        """
        if min(up_ms, down_ms) < _MIN_FLAP_MS:
            raise UserError(f"flap {up_ms}/{down_ms} ms: each must be at least {_MIN_FLAP_MS} ms")
        pairs = self._pairs(a, b, one_way=False)
        task = asyncio.create_task(self._flap(pairs, up_ms, down_ms))
        for pair in pairs:
            if old := self._flaps.pop(pair, None):
                old.cancel()
            self._flaps[pair] = task

    def stop(self) -> None:
        """End the flapping."""
        for task in self._flaps.values():
            task.cancel()

    def describe(self) -> list[dict[str, Any]]:
        """The faults in force, for people."""
        flapping = dict.fromkeys(self._flaps, "flap")
        cuts = [{"fault": flapping.get(pair, "cut"), "from": pair[0], "to": pair[1]} for pair in sorted(self._cuts)]
        waiting = [
            {"fault": "flap", "from": a, "to": b} for a, b in sorted(self._flaps.keys()) if (a, b) not in self._cuts
        ]
        delays = [{"fault": f"delay {ms} ms", "from": a, "to": b} for (a, b), ms in sorted(self._delays_ms.items())]
        return cuts + waiting + delays

    async def _flap(self, pairs: set[Pair], up_ms: int, down_ms: int) -> None:
        while True:
            self._cuts |= pairs
            await self._apply()
            await asyncio.sleep(down_ms / 1000)
            self._cuts -= pairs
            await self._apply()
            await asyncio.sleep(up_ms / 1000)

    async def _apply(self, *, resume: bool = False) -> None:
        await self._plane.set_faults(FaultTable.build(self._cuts, self._delays_ms.items()), resume=resume)

    def _pairs(self, a: str, b: str, *, one_way: bool) -> set[Pair]:
        first, second = self._party(a), self._party(b)
        if first == second:
            raise UserError(f"{a} and {b} are the same party: name two, such as two pods, or a pod and 'all'")
        return {(first, second)} if one_way else {(first, second), (second, first)}

    def _matching(self, a: str | None, b: str | None) -> set[Pair]:
        known = self._cuts | self._delays_ms.keys() | self._flaps.keys()
        wanted = {self._party(party, may_be_gone=True) for party in (a, b) if party is not None}
        return {pair for pair in known if wanted <= set(pair)}

    def _party(self, name: str, *, may_be_gone: bool = False) -> str:
        if name in SPECIAL_PARTIES:
            return name
        try:
            return self._resolve_pod(name)
        except UserError:
            known = {party for pair in self._cuts | self._delays_ms.keys() for party in pair} - {ALL}
            gone = [party for party in known if name in (party, party.rpartition("/")[2])]
            if may_be_gone and len(gone) == 1:
                return gone[0]
            raise
