"""Valkey Sentinel: three of them with quorum 2, of the same version; clients ask them for the primary.

Settings: ``down-after-milliseconds`` as the campaign says, ``failover-timeout`` 10 s, ``parallel-syncs`` 2 (all
replicas at once). The servers refuse writes without a replica as the operator's do; few installations have that.
"""

import asyncio
from typing import Any, Final

from valkey.asyncio.connection import ConnectionPool

from bench.faults.clients import sentinel_pool
from bench.faults.contestants.base import Settings
from bench.faults.contestants.pods import Replicated, call, deploy, stateful_set
from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.resp import ErrorReply

GROUP: Final = "faults"
SENTINELS: Final = 3
QUORUM: Final = 2
PARALLEL_SYNCS: Final = 2
FAILOVER_TIMEOUT_MS: Final = 10_000
_NAME: Final = "sentinel"
_PORT: Final = 26379
_DISCOVERY_MS: Final = 30_000


class Sentinels(Replicated):
    """Three Sentinels beside the pods."""

    name = "sentinel"

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._sentinels: dict[str, tuple[str, int]] = {}

    @property
    def watchers(self) -> tuple[str, ...]:
        return tuple(self._sentinels)

    async def start(self) -> None:
        await super().start()
        arguments = ("--sentinel", "--port", str(_PORT), "--dir", "/data")
        manifest = stateful_set(_NAME, SENTINELS, _PORT, "protected-mode no\n", *arguments)
        self._sentinels = await deploy(self.world, manifest)
        host, port = next(iter(self.addresses().values()))
        await asyncio.gather(*(self._monitor(address, host, port) for address in self._sentinels.values()))
        await wait_for("the Sentinels to know each other", self._complete, timeout_ms=_DISCOVERY_MS, poll_ms=200)

    async def primary(self) -> str:
        """The primary that most Sentinels name."""
        answers = await asyncio.gather(*(self._ask(address) for address in self._sentinels.values()))
        pods = [self.pod_at(answer) for answer in answers if answer is not None]
        return next((pod for pod in pods if pods.count(pod) >= QUORUM), "")

    async def generation(self) -> int:
        states = await asyncio.gather(*(self._state(address) for address in self._sentinels.values()))
        return max((int(state.get("config-epoch", 0)) for state in states), default=0)

    def pool(self) -> ConnectionPool:
        return sentinel_pool(tuple(self._sentinels.values()), GROUP)

    async def switch_over(self) -> None:
        """Ask for the coordinated failover of Valkey 9.

        Raises:
            ConnectError: It is refused.
        """
        first = next(iter(self._sentinels.values()))
        (answer,) = await call(first, (b"SENTINEL", b"FAILOVER", GROUP.encode(), b"COORDINATED"))
        if isinstance(answer, ErrorReply):
            raise ConnectError(f"SENTINEL FAILOVER: {answer}")

    async def _monitor(self, address: tuple[str, int], host: str, port: int) -> None:
        name = GROUP.encode()
        settings = {
            "down-after-milliseconds": self.settings.down_after_ms,
            "failover-timeout": FAILOVER_TIMEOUT_MS,
            "parallel-syncs": PARALLEL_SYNCS,
        }
        answers = await call(
            address,
            (b"SENTINEL", b"CONFIG", b"SET", b"announce-ip", address[0].encode()),
            (b"SENTINEL", b"CONFIG", b"SET", b"announce-port", str(address[1]).encode()),
            (b"SENTINEL", b"MONITOR", name, host.encode(), str(port).encode(), str(QUORUM).encode()),
            *((b"SENTINEL", b"SET", name, key.encode(), str(value).encode()) for key, value in settings.items()),
        )
        refused = [str(answer) for answer in answers if isinstance(answer, ErrorReply)]
        if refused:
            raise ConnectError(f"a Sentinel refuses its settings: {refused}")

    async def _complete(self) -> bool:
        states = await asyncio.gather(*(self._state(address) for address in self._sentinels.values()))
        return all(
            int(state.get("num-slaves", 0)) == self.settings.pods - 1
            and int(state.get("num-other-sentinels", 0)) == SENTINELS - 1
            for state in states
        )

    async def _state(self, address: tuple[str, int]) -> dict[str, str]:
        try:
            (answer,) = await call(address, (b"SENTINEL", b"PRIMARY", GROUP.encode()))
        except (ConnectError, LostError):
            return {}
        return _pairs(answer)

    async def _ask(self, address: tuple[str, int]) -> tuple[str, int] | None:
        state = await self._state(address)
        return (state["ip"], int(state["port"])) if "ip" in state else None


def _pairs(answer: Any) -> dict[str, str]:
    if not isinstance(answer, tuple):
        return {}
    words = [part.decode() for part in answer if isinstance(part, bytes)]
    return dict(zip(words[::2], words[1::2], strict=False))
