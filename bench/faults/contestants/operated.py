"""The operator, as a process of its own, with a ValkeyCluster."""

import time
from collections.abc import Mapping
from typing import Any, Final

from valkey.asyncio.connection import ConnectionPool

from bench.faults.clients import direct_pool
from bench.faults.contestants.base import Contestant, Settings
from gungnir.api import names
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.operator import OperatorProcess
from gungnir.demo.timeline import entries
from gungnir.demo.world import World
from gungnir.local.plane.faults import OPERATOR
from gungnir.resp.commands import Command

PING_INTERVAL_MS: Final = 250
LEASE: Final = (
    *("--lease-duration-ms", "3000"),
    *("--lease-renew-deadline-ms", "2000"),
    *("--lease-retry-period-ms", "500"),
)
"""A short lease, so that a fault of the operator is over in seconds; the promises do not depend on it."""
_NAME: Final = "faults"


class Gungnir(Contestant):
    """One operator; its clients use the client Service."""

    name = "gungnir"

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self.cluster: ManagedCluster
        self._operator: OperatorProcess
        self._service = ("", 0)
        self._password: str | None = None

    @property
    def operator(self) -> OperatorProcess:
        return self._operator

    @property
    def password(self) -> str | None:
        return self._password

    @property
    def watchers(self) -> tuple[str, ...]:
        return (OPERATOR,)

    async def start(self) -> None:
        self._operator = await self.world.start_operator(extra=LEASE)
        interval_ms = min(PING_INTERVAL_MS, self.settings.down_after_ms)
        manifest = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {"name": _NAME, "namespace": "default"},
            "spec": {
                "replicas": self.settings.pods,
                "sentinel": {"pingIntervalMs": interval_ms, "downAfterMs": self.settings.down_after_ms},
            },
        }
        self.cluster = await self.world.apply([manifest])
        await self.cluster.wait_ready()
        self._service = await self.cluster.client_address()
        self._password = await self.cluster.password()

    async def refresh(self) -> None:
        await self.cluster.pods()

    def addresses(self) -> Mapping[str, tuple[str, int]]:
        return self.cluster.addresses()

    async def primary(self) -> str:
        view = await self.cluster.view()
        return "" if view.failing_over else view.primary

    async def generation(self) -> int:
        return (await self.cluster.view()).epoch

    def pool(self) -> ConnectionPool:
        return direct_pool(*self._service, self._password)

    def address(self) -> tuple[str, int]:
        return self._service

    async def admin(self, pod: str, *commands: Command) -> list[Any]:
        return await self.cluster.call_as_operator(pod, *commands)

    async def blocked(self) -> str:
        condition = (await self.cluster.view()).condition("Blocked")
        return str(condition.get("message")) if condition.get("status") == "True" else ""

    async def switch_over(self) -> None:
        await self.cluster.switch_over("any")

    async def restore(self) -> None:
        await super().restore()
        for operator in self.world.operators:
            operator.sigcont()
        if not self._operator.running:
            await self._operator.start()
        for other in self.world.operators:
            if other is not self._operator:
                await other.stop()
        await self._operator.wait_leader()

    async def settled(self, *, timeout_ms: int) -> None:
        started_s = time.monotonic()
        await self.cluster.wait_ready(timeout_ms=timeout_ms, poll_ms=50)
        left_ms = timeout_ms - (time.monotonic() - started_s) * 1000
        await super().settled(timeout_ms=max(1000, int(left_ms)))

    def story(self, since_ms: float) -> list[str]:
        steps = entries(self._operator.trace.lines(since_ms, self.cluster.key), since_ms)
        lines = [f"{step.offset_ms:9.0f} ms {step.kind.value} {step.what}: {step.detail}" for step in steps]
        return [*lines, *self._operator.log_tail().splitlines()]
