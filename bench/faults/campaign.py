"""One fault after another on a contestant that is kept, under load and under observation."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

from bench.faults.anomalies import anomalies
from bench.faults.checker import Verdict, judge
from bench.faults.clients import Clients
from bench.faults.contestants import CONTESTANTS, Contestant, Settings
from bench.faults.contestants.base import VALKEY_PY
from bench.faults.nemeses import NEMESES
from bench.faults.nemeses.base import Nemesis
from bench.faults.pubsub import PERIOD_MS, PubSub
from bench.faults.results import Run
from bench.faults.scene import Scene
from bench.faults.stall import Stall
from gungnir.demo.errors import NotInTimeError
from gungnir.demo.ledger import Ledger, Outcome
from gungnir.demo.managed import scan
from gungnir.demo.roles import RoleSampler
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.demo.writers import Load

SETTLED_MS: Final = 45_000
"""How long a contestant may take to be whole again after a fault."""
FIRST_WRITES: Final = 60
LAST_WRITES: Final = 20
_WRITES_MS: Final = 20_000
_BUCKET_NS: Final = 100_000_000
_DELETED_AT_ONCE: Final = 500


@contextlib.asynccontextmanager
async def contest(name: str, settings: Settings, *, as_shipped: bool) -> AsyncIterator[Contestant]:
    """A contestant that serves, on a local cluster of its own.

    Args:
        name: One of ``CONTESTANTS``.
        settings: Of the campaign.
        as_shipped: Whether an operator runs compiled and without a trace, as from the image.
    """
    async with World(as_shipped=as_shipped) as world:
        contestant = CONTESTANTS[name](world, settings)
        await contestant.start()
        await contestant.restore()
        await contestant.settled(timeout_ms=SETTLED_MS)
        yield contestant


async def run_one(contestant: Contestant, nemesis: Nemesis, seed: int, load: Load | None = None) -> Run:
    """Do one fault to a contestant, let it recover, and judge what became of every write.

    Raises:
        NotInTimeError: It was not whole before the fault: nothing was done.
    """
    await contestant.restore()
    await contestant.settled(timeout_ms=SETTLED_MS)
    run = _Running(contestant, nemesis, seed, load or Load())
    return await run.through()


class _Running:
    """One run, from its first write to its verdict."""

    def __init__(self, contestant: Contestant, nemesis: Nemesis, seed: int, load: Load) -> None:
        self._contestant = contestant
        self._nemesis = nemesis
        self._seed = seed
        self._load = load
        self._ledger = Ledger(f"{nemesis.name}-{seed}-{time.monotonic_ns():x}")
        self._problems: list[str] = []
        self._blocked = ""

    async def through(self) -> Run:
        contestant = self._contestant
        before, generation = await contestant.primary(), await contestant.generation()
        origin_ns = time.monotonic_ns()
        redundancy_ms = -1.0
        async with contestant.sampler() as sampler, Stall() as stall:
            clients = self._clients()
            pubsub = PubSub(self._ledger.prefix, contestant.pool)
            async with clients, pubsub:
                await self._more_writes(FIRST_WRITES, "before the fault")
                scene = Scene(contestant, before, random.Random(f"{self._nemesis.name}/{self._seed}"))  # noqa: S311 - repeatable, no secret
                await self._act(scene)
                healed_ns = time.monotonic_ns()
                await contestant.restore()
                if await self._settle():
                    redundancy_ms = (time.monotonic_ns() - healed_ns) / 1e6
                if not self._blocked:
                    await self._more_writes(LAST_WRITES, "after everything had healed")
                    await self._hears(pubsub)
            end_ns = time.monotonic_ns()
            verdict = await self._verdict(clients, scene)
        after = await contestant.primary(), await contestant.generation()
        counts = sampler.counts
        found = Run(
            contestant=contestant.name,
            nemesis=self._nemesis.name,
            seed=self._seed,
            down_after_ms=contestant.settings.down_after_ms,
            expect=self._nemesis.expect.value,
            choices=scene.choices,
            counts=verdict.counts(),
            outage_ms=round(self._ledger.longest_gap_ms(scene.start_ns, end_ns), 1),
            redundancy_ms=round(redundancy_ms, 1),
            lost_window_ms=round(verdict.lost_window_ms, 1),
            lost_before_ms=round(verdict.lost_before_ms, 1),
            failed_over=after != (before, generation),
            two_primaries=counts.two_primaries,
            two_with_replicas=counts.two_with_replicas,
            blocked=self._blocked,
            stall_ms=round(stall.longest_ms, 1),
            marks=[(round(at_ms + (scene.origin_ns - origin_ns) / 1e6, 1), what) for at_ms, what in scene.marks],
            roles=_since(sampler, origin_ns),
            writes=_buckets(self._ledger, origin_ns, end_ns),
            anomalies=self._problems,
            silence_ms=round(pubsub.longest_silence_ms(scene.start_ns, end_ns), 1),
        )
        found.anomalies.extend(anomalies(found, self._nemesis, counts.doubles))
        return found

    def _clients(self) -> Clients:
        contestant = self._contestant
        if contestant.settings.client == VALKEY_PY:
            return Clients(self._ledger, contestant.pool, self._load, self._seed)
        from bench.faults.glide_clients import GlideClients  # noqa: PLC0415 - installed by those who ask for it

        return GlideClients(self._ledger, contestant.address(), contestant.password, self._load, self._seed)

    async def _act(self, scene: Scene) -> None:
        try:
            async with asyncio.timeout(self._nemesis.bound_ms / 1000):
                await self._nemesis.act(scene)
        except TimeoutError:
            self._problems.append(f"the fault itself did not end within {self._nemesis.bound_ms} ms")
        scene.close()

    async def _settle(self) -> bool:
        try:
            await self._contestant.settled(timeout_ms=SETTLED_MS)
        except NotInTimeError as error:
            if self._nemesis.may_block:
                self._blocked = await self._contestant.blocked()
            if not self._blocked:
                self._problems.append(f"not whole again: {error}")
            return False
        return True

    async def _more_writes(self, number: int, when: str) -> None:
        moment_ns = time.monotonic_ns()

        def enough() -> bool:
            return sum(w.outcome is Outcome.ACKNOWLEDGED for w in self._ledger.since(moment_ns)) >= number

        try:
            await wait_for(f"{number} writes", enough, timeout_ms=_WRITES_MS, poll_ms=50)
        except NotInTimeError as error:
            last = self._ledger.writes[-1].error if self._ledger.writes else "nothing was sent"
            self._problems.append(f"writes {when} are not acknowledged: {error} ({last})")

    async def _hears(self, pubsub: PubSub) -> None:
        moment_ns = time.monotonic_ns()
        try:
            await wait_for("a message", lambda: pubsub.hears_since(moment_ns), timeout_ms=_WRITES_MS, poll_ms=PERIOD_MS)
        except NotInTimeError as error:
            self._problems.append(f"a subscriber hears nothing after everything had healed: {error}")

    async def _verdict(self, clients: Clients, scene: Scene) -> Verdict:
        prefix = self._ledger.prefix + ":"
        moments = {"fault_ns": scene.start_ns, "since_ns": scene.flushed_ns}
        if self._blocked:
            return judge(self._ledger, (), {}, **moments | {"since_ns": time.monotonic_ns()})

        async def read() -> Mapping[str, str]:
            with contextlib.closing(await self._contestant.connect(await self._contestant.primary())) as connection:
                found = await scan(connection, prefix)
                # Kept clusters would grow; a deletion is a write of which nobody is told that it happened.
                keys = [key.encode() for key in found]
                for start in range(0, len(keys), _DELETED_AT_ONCE):
                    await connection.call((b"UNLINK", *keys[start : start + _DELETED_AT_ONCE]))
                return found or {"": ""}

        try:
            final = dict(await wait_for("the data to be readable", read, timeout_ms=SETTLED_MS))
        except NotInTimeError as error:
            # What cannot be read is not lost, and that is bad enough.
            self._problems.append(f"the data cannot be read: {error}")
            return judge(self._ledger, (), {}, **moments | {"since_ns": time.monotonic_ns()})
        final.pop("", None)
        return judge(self._ledger, clients.reads, final, **moments)


def _since(sampler: RoleSampler, origin_ns: int) -> list[tuple[float, list[str]]]:
    return [(round((at_ns - origin_ns) / 1e6, 1), list(pods)) for at_ns, pods in sampler.primaries]


def _buckets(ledger: Ledger, origin_ns: int, end_ns: int) -> list[int]:
    buckets = [0] * ((end_ns - origin_ns) // _BUCKET_NS + 1)
    for write in ledger.writes:
        if write.outcome is Outcome.ACKNOWLEDGED and write.answered_ns is not None:
            number = (write.answered_ns - origin_ns) // _BUCKET_NS
            if 0 <= number < len(buckets):
                buckets[number] += 1
    return buckets


def offered(contestant: str) -> list[Nemesis]:
    """The nemeses that can be done to a contestant, in the order of the table."""
    return [nemesis for nemesis in NEMESES.values() if contestant in nemesis.offered]
