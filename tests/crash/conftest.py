"""An operator inside the test's own event loop, and a fuse that ends it at one chosen exchange with the outside.

Theory of operation: everything that belongs to one operator runs in tasks that carry its fuse in their context. The
fuse counts what the rounds of the machines exchange with the API server and with pods; what monitors, informers and
Events exchange is not counted, as it decides nothing. When the fuse blows, no further byte leaves that operator, all
its tasks are cancelled and its connections dropped: what a SIGKILL leaves behind.
"""

import asyncio
import contextlib
import contextvars
import inspect
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeVar

import pytest

from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.machines.requests import Reply, Request
from gungnir.resp.values import Value
from gungnir.runtime import worker
from gungnir.runtime.context import Context
from gungnir.runtime.driver import Driver, Execute
from gungnir.runtime.errors import Call, KubeError
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import Object
from gungnir.runtime.metrics import Metrics
from gungnir.runtime.operator import Operator
from gungnir.runtime.settings import load_settings
from gungnir.runtime.valkey.connection import Connection, ValkeyError

T = TypeVar("T")
QUIET_S: Final = 0.2


class Manner(StrEnum):
    """What becomes of the exchange at which the operator ends."""

    UNSENT = "unsent"
    UNANSWERED = "unanswered"
    """It was carried out, and its answer never arrived."""


class Fuse:
    """Counts the exchanges of one operator's rounds, and ends the operator at one of them.

    Attributes:
        blown: Set when the operator has ended.
        exchanges: What was exchanged since the fuse was armed.
    """

    def __init__(self) -> None:
        self.blown = asyncio.Event()
        self.exchanges: list[str] = []
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._at = 0
        self._manner = Manner.UNSENT
        self._last_s = 0.0

    def arm(self, at: int, manner: str) -> None:
        """End the operator at the exchange number ``at`` from now, the first being 1; ``manner`` is a ``Manner``."""
        self.exchanges = []
        self._at, self._manner = at, Manner(manner)

    def quiet(self) -> bool:
        """Whether no round has exchanged anything for a while."""
        return asyncio.get_running_loop().time() - self._last_s > QUIET_S

    async def guard(self, what: str, send: Callable[[], Awaitable[T]]) -> T:
        """Let an exchange happen, or not."""
        if self.blown.is_set():
            await _never()
        if not _IN_ROUND.get():
            return await send()
        self._last_s = asyncio.get_running_loop().time()
        self.exchanges.append(what)
        mine = len(self.exchanges) == self._at
        if mine and self._manner is Manner.UNSENT:
            await self._blow()
        outcome: T | Exception
        try:
            outcome = await send()
        except (KubeError, ValkeyError) as error:
            outcome = error
        if mine:
            await self._blow()
        if self.blown.is_set():
            await _never()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _blow(self) -> NoReturn:
        self.blown.set()
        await _never()


_FUSE: Final[contextvars.ContextVar[Fuse | None]] = contextvars.ContextVar("fuse", default=None)
_IN_ROUND: Final[contextvars.ContextVar[bool]] = contextvars.ContextVar("in_round", default=False)


def _begun(task: asyncio.Task[Any]) -> bool:
    coroutine = task.get_coro()
    return not inspect.iscoroutine(coroutine) or inspect.getcoroutinestate(coroutine) != inspect.CORO_CREATED


async def _never() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


class FusedKube(Kube):
    """The client of the API server behind a fuse."""

    async def _json(self, call: Call, method: str, path: str, **rest: Any) -> Object:
        fuse = _FUSE.get()
        if fuse is None:
            return await super()._json(call, method, path, **rest)
        return await fuse.guard(str(call), lambda: Kube._json(self, call, method, path, **rest))


class MarkedDriver(Driver):
    """The driver; what it exchanges is marked as that of a round."""

    def __init__(self, context: Context, cluster: str, execute: Execute) -> None:
        async def marked(request: Request) -> Reply:
            token = _IN_ROUND.set(True)
            try:
                return await execute(request)
            finally:
                _IN_ROUND.reset(token)

        super().__init__(context, cluster, marked)


class Incarnation:
    """One operator process, so to say: it lives from ``begin`` to ``crash``."""

    def __init__(self, world: World) -> None:
        self.fuse = Fuse()
        self._world = world
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Start it. No lease: it would only make the next one wait until it expires."""
        source = self._world.local.operator_source_address
        settings = load_settings(
            {"leader_elect": "false", "http_address": f"{source}:0", "valkey_source_address": source}, {}
        )

        async def run() -> None:
            async with await FusedKube.connect(kubeconfig=str(self._world.local.kubeconfig)) as kube:
                await Operator(settings, kube, Metrics()).run()

        context = contextvars.copy_context()
        context.run(_FUSE.set, self.fuse)
        self._task = asyncio.create_task(run(), context=context)

    async def crash(self) -> None:
        """End it at once, without any clean-up of its own.

        A task of anyio that is cancelled before its first step leaves a coroutine that was never awaited, so each one
        takes that step, which ends at its first exchange.
        """
        self.fuse.blown.set()
        cancelled: set[asyncio.Task[Any]] = set()
        while rest := [task for task in self.fuse.tasks if not task.done()]:
            for task in rest:
                if task not in cancelled and _begun(task):
                    task.cancel()
                    cancelled.add(task)
            await asyncio.sleep(0)
        for outcome in await asyncio.gather(*cancelled, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    def check(self) -> None:
        """Raise what it died of, if it did so by itself."""
        if self._task is not None and self._task.done() and not self._task.cancelled():
            self._task.result()


class Theatre:
    """A local cluster and the operators that come and go in it.

    Attributes:
        world: The local cluster, without any operator process.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._running: Incarnation | None = None

    @property
    def operator(self) -> Incarnation:
        """The operator that runs now."""
        assert self._running is not None
        self._running.check()
        return self._running

    async def begin(self) -> Incarnation:
        """Start the next operator; the former one must have crashed."""
        self._running = Incarnation(self.world)
        await self._running.begin()
        return self._running

    async def crash(self) -> None:
        """End the operator that runs now."""
        if self._running is not None:
            await self._running.crash()
            self._running = None

    async def quiet(self) -> None:
        """Wait until the operator has nothing to do."""
        await wait_for("the operator to be quiet", self.operator.fuse.quiet, timeout_ms=10_000)


@contextlib.contextmanager
def _tasks_know_their_fuse() -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def factory(
        loop: asyncio.AbstractEventLoop,
        coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
        *,
        context: contextvars.Context | None = None,
        **rest: Any,
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=loop, context=context, **rest)
        fuse = _FUSE.get() if context is None else context.get(_FUSE)
        if fuse is not None:
            fuse.tasks.add(task)
        return task

    loop.set_task_factory(factory)
    try:
        yield
    finally:
        loop.set_task_factory(None)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def theatre(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Theatre]:
    send = Connection.call

    async def guarded(self: Connection, commands: Sequence[tuple[bytes, ...]], timeout_ms: int) -> list[Value]:
        fuse = _FUSE.get()
        if fuse is None:
            return await send(self, commands, timeout_ms)
        what = " ".join(command[0].decode() for command in commands)
        return await fuse.guard(what, lambda: send(self, commands, timeout_ms))

    monkeypatch.setattr(Connection, "call", guarded)
    monkeypatch.setattr(worker, "Driver", MarkedDriver)
    async with World() as world:
        world.local.settings.restart_delay_ms = 0
        world.local.settings.restart_delay_cap_ms = 200
        theatre = Theatre(world)
        with _tasks_know_their_fuse():
            try:
                yield theatre
            finally:
                await theatre.crash()
