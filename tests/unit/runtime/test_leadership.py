"""Operators that compete for one Lease, against an API server that may be slow, lossy or away."""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from gungnir.machines.lease import LeaseTimes
from gungnir.runtime.errors import AlreadyExistsError, Call, ConflictError, NotFoundError, UnknownOutcomeError
from gungnir.runtime.kube import Kube
from gungnir.runtime.leadership import Leadership

pytestmark = pytest.mark.anyio
TIMES = LeaseTimes(duration_ms=1000, renew_deadline_ms=600, retry_ms=40)
CALL = Call("update", "leases", "ns", "gungnir")


class FakeKube:
    """One Lease with optimistic concurrency. ``lossy``: writes happen and their answers are lost."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] | None = None
        self.version = 0
        self.lossy = False
        self.away = asyncio.Event()
        self.away.set()
        self.writes: list[dict[str, Any]] = []

    @property
    def holder(self) -> str:
        return "" if self.stored is None else self.stored["spec"]["holderIdentity"]

    async def get(self, _ref: Any) -> dict[str, Any]:
        await self.away.wait()
        if self.stored is None:
            raise NotFoundError(CALL, "not found", code=404)
        return copy.deepcopy(self.stored)

    async def create(self, obj: dict[str, Any]) -> dict[str, Any]:
        await self.away.wait()
        if self.stored is not None:
            raise AlreadyExistsError(CALL, "exists", code=409)
        return self._store(obj)

    async def replace(self, obj: dict[str, Any]) -> dict[str, Any]:
        await self.away.wait()
        if self.stored is None or obj["metadata"]["resourceVersion"] != str(self.version):
            raise ConflictError(CALL, "changed", code=409)
        return self._store(obj)

    def _store(self, obj: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.stored = copy.deepcopy(obj)
        self.stored["metadata"]["resourceVersion"] = str(self.version)
        self.writes.append(self.stored["spec"])
        if self.lossy:
            raise UnknownOutcomeError(CALL, "no answer")
        return copy.deepcopy(self.stored)


class Member:
    """One operator, and the changes of its lead."""

    def __init__(self, kube: FakeKube, identity: str, news: asyncio.Event, times: LeaseTimes) -> None:
        self.changes: list[bool] = []
        self.news = news
        self.leadership = Leadership(cast("Kube", kube), "ns", "gungnir", identity, times, self._changed)
        self.task = asyncio.create_task(self.leadership.run())

    def _changed(self, leads: bool) -> None:
        self.changes.append(leads)
        self.news.set()

    async def until(self, leads: bool) -> None:
        async with asyncio.timeout(8):
            while not self.changes or self.changes[-1] is not leads:
                await self.news.wait()
                self.news.clear()


@contextlib.asynccontextmanager
async def operators(kube: FakeKube, *identities: str, times: LeaseTimes = TIMES) -> AsyncIterator[list[Member]]:
    members = [Member(kube, identity, asyncio.Event(), times) for identity in identities]
    try:
        yield members
    finally:
        for member in members:
            member.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await member.task


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody tells: a deadline that passes by the clock alone."""
    async with asyncio.timeout(8):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


async def test_the_first_one_creates_the_lease_and_leads() -> None:
    kube = FakeKube()
    async with operators(kube, "a") as (first,):
        await first.until(leads=True)
        assert first.leadership.leads()
        assert kube.holder == "a"
        spec = kube.writes[0]
        assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (1, 0)


async def test_the_second_one_leads_as_soon_as_the_first_gave_the_lease_back() -> None:
    kube = FakeKube()
    async with operators(kube, "a") as (first,):
        await first.until(leads=True)
        async with operators(kube, "b") as (second,):
            async with asyncio.timeout(8):
                await first.leadership.drain()
            assert not first.leadership.leads()
            await second.until(leads=True)
            assert kube.holder == "b"
            assert second.changes == [True]
            assert kube.writes[-1]["leaseTransitions"] >= 1
            assert first.task.done()


async def test_the_second_one_takes_over_after_the_first_stopped_renewing_and_they_never_both_lead() -> None:
    kube = FakeKube()
    async with operators(kube, "a", "b") as (first, second):
        await first.until(leads=True)
        first.task.cancel()
        await second.until(leads=True)
        assert not first.leadership.leads(), "its own deadline passed before the other could take the Lease"
        assert kube.holder == "b"


async def test_a_leader_that_cannot_reach_the_api_server_leads_no_more_after_its_deadline() -> None:
    kube = FakeKube()
    async with operators(kube, "a") as (first,):
        await first.until(leads=True)
        kube.away.clear()
        await until(lambda: not first.leadership.leads())
        kube.away.set()
        await until(first.leadership.leads)


async def test_who_was_refused_while_a_renewal_was_late_hears_that_we_lead_again() -> None:
    """Its round ended without a trace, and nothing else would ever make it try again."""
    kube = FakeKube()
    times = LeaseTimes(duration_ms=2000, renew_deadline_ms=900, retry_ms=600)
    async with operators(kube, "a", times=times) as (first,):
        await first.until(leads=True)
        kube.away.clear()
        await until(lambda: not first.leadership.leads())
        kube.away.set()
        await until(lambda: first.changes[1:] != [] and first.changes[-1])
        assert first.leadership.leads()
        told = len(first.changes)
        await until(lambda: len(kube.writes) > 3)
        assert len(first.changes) == told, "renewals in time are no news"


async def test_lost_answers_make_no_leader_and_the_next_look_finds_the_lease_ours() -> None:
    kube = FakeKube()
    kube.lossy = True
    async with operators(kube, "a") as (first,):
        await until(lambda: len(kube.writes) >= 2)
        assert first.changes == []
        kube.lossy = False
        await first.until(leads=True)


async def test_a_lease_that_somebody_else_wrote_over_is_lost_at_once() -> None:
    kube = FakeKube()
    async with operators(kube, "a") as (first,):
        await first.until(leads=True)
        assert kube.stored is not None
        thief = copy.deepcopy(kube.stored)
        thief["spec"] = {**thief["spec"], "holderIdentity": "b", "renewTime": "later"}
        kube._store(thief)
        await first.until(leads=False)
        assert not first.leadership.leads()


async def test_draining_before_ever_leading_takes_nothing() -> None:
    kube = FakeKube()
    async with operators(kube, "a") as (first,):
        async with asyncio.timeout(8):
            await first.leadership.drain()
        assert kube.holder == ""
        assert first.changes in ([], [True, False])
