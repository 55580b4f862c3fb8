"""Replication alone: nobody fails over, clients use the address of the first pod for ever."""

from valkey.asyncio.connection import ConnectionPool

from bench.faults.clients import direct_pool
from bench.faults.contestants.pods import VALKEY, Replicated


class Plain(Replicated):
    """The first pod is the primary, whatever becomes of it."""

    name = "none"

    @property
    def watchers(self) -> tuple[str, ...]:
        return ()

    async def primary(self) -> str:
        return f"{VALKEY}-0"

    async def generation(self) -> int:
        return 0

    def pool(self) -> ConnectionPool:
        return direct_pool(*self.address(), None)

    def address(self) -> tuple[str, int]:
        return self.addresses()[f"{VALKEY}-0"]
