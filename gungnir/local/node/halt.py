"""The orders a running pod can get: end within a grace period, or lose its disk and start anew."""

import asyncio


class Halt:
    """Orders to the containers of one pod; ``event`` is set whenever one is given or changed."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.stopping = False
        self.rebuilding = False
        self._deadline_s = float("inf")

    @property
    def given(self) -> bool:
        """Whether the containers must end now."""
        return self.stopping or self.rebuilding

    @property
    def remaining_s(self) -> float:
        """Seconds until what still runs is killed."""
        return max(0.0, self._deadline_s - asyncio.get_running_loop().time())

    def stop(self, grace_s: float) -> None:
        """Order the end; a later order can only shorten the grace period."""
        self.stopping = True
        self._deadline_s = min(self._deadline_s, asyncio.get_running_loop().time() + grace_s)
        self.event.set()

    def rebuild(self) -> None:
        """Order that everything is killed at once and started again, init containers first, on empty volumes."""
        self.rebuilding = True
        self.event.set()

    def rebuilt(self) -> None:
        """The order to rebuild was carried out."""
        self.rebuilding = False
        if not self.stopping:
            self.event.clear()

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for an order, at most ``seconds``; return whether one is given."""
        if not self.given:
            try:
                async with asyncio.timeout(seconds):
                    await self.event.wait()
            except TimeoutError:
                return False
        return True
