"""The harness against real servers, where every loss and every second primary is made on purpose."""

import signal
from typing import Any

import pytest

from gungnir.demo.check import check
from gungnir.demo.connection import Connection
from gungnir.demo.errors import ConnectError, LostError
from gungnir.demo.ledger import Ledger, Outcome
from gungnir.demo.managed import scan
from gungnir.demo.roles import RoleSampler
from gungnir.demo.waiting import wait_for
from gungnir.demo.writers import Load, Writers
from gungnir.resp.commands import ping, replicaof_no_one

pytestmark = [pytest.mark.anyio, pytest.mark.live]
Pair = tuple[Any, Any]


async def read_all(server: Any, ledger: Ledger) -> dict[str, str]:
    connection = await Connection.open(*server.address)
    try:
        return await scan(connection, ledger.prefix)
    finally:
        connection.close()


async def test_writers_enter_every_write_and_nothing_is_lost_in_peace(pair: Pair) -> None:
    primary, _replica = pair
    ledger = Ledger("peace")
    async with Writers(ledger, lambda: primary.address, None, Load(rate_per_s=200, wait_every=2)):
        await wait_for("200 writes", lambda: len(ledger.writes) >= 200, timeout_ms=10_000)
    report = check(ledger.writes, await read_all(primary, ledger))
    assert report.ok
    assert len(report.present) == len(ledger.writes)
    assert len(report.confirmed) == pytest.approx(len(ledger.writes) / 2, abs=4)
    assert not report.unknown


async def test_writers_survive_a_killed_server_and_the_ledger_tells_what_was_lost(pair: Pair) -> None:
    primary, replica = pair
    ledger = Ledger("kill")
    target = primary
    async with Writers(ledger, lambda: target.address, None, Load(wait_every=1)):
        await wait_for("100 writes", lambda: len(ledger.writes) >= 100, timeout_ms=10_000)
        await primary.kill()
        killed_ns = ledger.writes[-1].invoked_ns
        await replica.call(replicaof_no_one())
        target = replica
        await wait_for(
            "a write at the new primary", lambda: ledger.first_acknowledged_after(killed_ns + 1), timeout_ms=5000
        )
    report = check(ledger.writes, await read_all(replica, ledger))
    assert report.ok
    assert not check(ledger.writes, {}).ok, "the same ledger against an empty server shows the loss"
    assert len({write.connection for write in ledger.writes}) > 4


async def test_a_frozen_server_leaves_writes_unknown_and_not_refused(pair: Pair) -> None:
    primary, _replica = pair
    ledger = Ledger("frozen")
    async with Writers(ledger, lambda: primary.address, None, Load(writers=1, deadline_ms=100)):
        await wait_for("10 writes", lambda: len(ledger.writes) >= 10, timeout_ms=5000)
        primary.signal(signal.SIGSTOP)
        await wait_for("an unknown outcome", lambda: ledger.writes[-1].error, timeout_ms=5000)
        primary.signal(signal.SIGCONT)
    assert {write.outcome for write in ledger.writes if write.error} <= {Outcome.UNKNOWN, Outcome.ACKNOWLEDGED}


async def test_writes_to_a_replica_are_refused(pair: Pair) -> None:
    _primary, replica = pair
    ledger = Ledger("readonly")
    async with Writers(ledger, lambda: replica.address, None, Load(writers=1)):
        await wait_for("a refusal", lambda: len(ledger.writes) >= 3, timeout_ms=5000)
    assert ledger.writes[0].outcome is Outcome.REFUSED
    assert "READONLY" in ledger.writes[0].error
    assert check(ledger.writes, await read_all(replica, ledger)).ok


async def test_one_primary_is_never_counted_as_two(pair: Pair) -> None:
    addresses = {"a": pair[0].address, "b": pair[1].address}
    async with RoleSampler(lambda: addresses, None) as sampler:
        await wait_for("20 ticks", lambda: sampler.counts.ticks >= 20, timeout_ms=10_000)
        latest = sampler.latest("a")
    assert latest is not None
    assert latest.primary
    assert sampler.counts.two_primaries == 0
    assert [names for _at, names in sampler.primaries] == [("a",)]


async def test_two_primaries_are_counted_although_neither_has_a_replica(pair: Pair) -> None:
    addresses = {"a": pair[0].address, "b": pair[1].address}
    async with RoleSampler(lambda: addresses, None) as sampler:
        await pair[1].call(replicaof_no_one())
        await wait_for("two primaries", lambda: sampler.counts.two_primaries >= 3, timeout_ms=5000)
    assert sampler.counts.two_with_replicas == 0
    assert "followed by nobody and" in sampler.counts.doubles[0]


async def test_a_frozen_pod_delays_no_other_sample(pair: Pair) -> None:
    addresses = {"a": pair[0].address, "b": pair[1].address}
    async with RoleSampler(lambda: addresses, None) as sampler:
        await wait_for("an answer", lambda: sampler.latest("b"), timeout_ms=5000)
        pair[1].signal(signal.SIGSTOP)
        before = sampler.counts.ticks
        await wait_for("10 ticks", lambda: sampler.counts.ticks >= before + 10, timeout_ms=2000)
        pair[1].signal(signal.SIGCONT)


async def test_a_connection_tells_not_sent_from_not_answered(pair: Pair) -> None:
    primary, _replica = pair
    connection = await Connection.open(*primary.address)
    primary.signal(signal.SIGSTOP)
    with pytest.raises(LostError, match="no reply within 50 ms"):
        await connection.call(ping(), deadline_ms=50)
    await primary.kill()
    with pytest.raises(ConnectError, match=primary.address[0]):
        await Connection.open(*primary.address)
