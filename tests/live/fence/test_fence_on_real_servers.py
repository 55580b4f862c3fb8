"""The monitor, the session and the executor against real servers: what the design says of the fence is what they do."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from gungnir.machines.requests import AnswerKind, Verb
from gungnir.resp import ErrorReply, Value
from gungnir.runtime.valkey.connection import Connection, ValkeyError
from gungnir.runtime.valkey.session import Keys, Session, Waits
from tests.live.fence.conftest import DEADLINE_S

if TYPE_CHECKING:
    from tests.live.fence.conftest import Pod, Start

pytestmark = [pytest.mark.live, pytest.mark.anyio]
PATIENT_MS = 10_000


@asynccontextmanager
async def client(pod: "Pod") -> AsyncIterator[Connection]:
    connection = await Connection.opened(pod.address, pod.port, PATIENT_MS)
    assert await connection.call([(b"AUTH", b"default", b"open sesame")], PATIENT_MS) == [b"OK"]
    try:
        yield connection
    finally:
        connection.close()


async def one(connection: Connection, *words: str) -> Value:
    (answer,) = await connection.call([tuple(word.encode() for word in words)], PATIENT_MS)
    return answer


def keys_of(pod: "Pod") -> Keys:
    keys = pod.monitor._keys()
    assert keys is not None
    return keys


async def operator(pod: "Pod", epoch: int) -> Session:
    return await Session.opened(pod.address, pod.port, keys_of(pod), epoch, Waits(PATIENT_MS, PATIENT_MS))


async def primary_and_replica(pods: "Start") -> tuple["Pod", "Pod"]:
    """Epoch 1: ``a`` is primary, ``b`` is attached."""
    first, second = pods("a"), pods("b")
    for pod in (first, second):
        assert (await pod.tell(Verb.DETACH, 1)).kind is AnswerKind.DONE
    promoted = await first.tell(Verb.PROMOTE, 1)
    assert promoted.kind is AnswerKind.DONE, promoted
    assert (await second.tell(Verb.FOLLOW, 1, host=first.address)).kind is AnswerKind.DONE
    await second.until(lambda server: server.link_up)
    return first, second


async def write(pod: "Pod", key: str) -> Value:
    async with client(pod) as connection:
        return await one(connection, "SET", key, "1")


async def test_a_pod_boots_fenced_read_only_and_takes_nobodys_data(pods: "Start") -> None:
    pod = pods("a")
    server = await pod.until(lambda _server: True)
    assert (server.primary, server.link_up, server.fence, server.voting) == (False, False, 1, True)
    answer = await write(pod, "k")
    assert isinstance(answer, ErrorReply)
    assert str(answer).startswith("READONLY")


async def test_detach_promote_and_follow_make_a_primary_and_its_replica(pods: "Start") -> None:
    first, second = await primary_and_replica(pods)
    assert await write(first, "k") == b"OK"
    await second.tell(Verb.READ, 1)
    attached = await second.until(lambda server: server.keys == 1 or server.link_up)
    assert attached.follows == first.address
    assert first.acl_users() == second.acl_users() == {"op-1", "repl-1"}
    primary = await first.tell(Verb.READ, 1)
    assert primary.server is not None
    assert attached.replid == primary.server.replid


async def test_raising_the_fence_cuts_the_former_operator_and_its_link_and_keeps_the_data(pods: "Start") -> None:
    first, second = await primary_and_replica(pods)
    async with client(first) as connection:
        assert await one(connection, "SET", "k", "1") == b"OK"
        assert await one(connection, "WAIT", "1", str(PATIENT_MS)) == 1, "the replica has it"
    old = await operator(first, 1)
    for pod in (first, second):
        pod.epoch = 2
        voted = await pod.tell(Verb.DETACH, 2)
        assert voted.kind is AnswerKind.DONE, voted
        assert voted.server is not None
        assert (voted.server.fence, voted.server.voting, voted.server.primary) == (2, True, False)
        assert voted.server.keys == 1
        assert pod.acl_users() == {"vote-2"}
    with pytest.raises(ValkeyError):
        await old.read()
    outdated = await first.tell(Verb.PROMOTE, 1)
    assert outdated.kind is AnswerKind.FENCED


async def test_a_replica_of_the_former_epoch_is_cut_from_a_primary_that_goes_on(pods: "Start") -> None:
    """The replica is never told: its replication user is gone, so its link ends and does not come back."""
    first, second = await primary_and_replica(pods)
    first.epoch = 2
    assert (await first.tell(Verb.DETACH, 2)).kind is AnswerKind.DONE
    assert (await first.tell(Verb.PROMOTE, 2)).kind is AnswerKind.DONE
    left = await second.until(lambda server: not server.link_up)
    assert (left.fence, left.follows) == (1, first.address)
    assert await write(first, "k") == b"OK"
    second.epoch = 2
    assert (await second.tell(Verb.FOLLOW, 2, host=first.address)).kind is AnswerKind.DONE
    await second.until(lambda server: server.link_up and server.fence == 2)


async def test_the_fence_survives_sigkill(pods: "Start") -> None:
    first, _ = await primary_and_replica(pods)
    first.epoch = 2
    assert (await first.tell(Verb.DETACH, 2)).kind is AnswerKind.DONE
    before = first.monitor.server
    assert before is not None
    first.kill()
    first.boot()
    again = await first.until(lambda server: server.run_id != before.run_id)
    assert (again.fence, again.voting, again.primary) == (2, True, False)
    connection = await Connection.opened(first.address, first.port, PATIENT_MS)
    refused = await one(connection, "AUTH", "op-1", keys_of(first).of("op-1"))
    connection.close()
    assert str(refused).startswith("WRONGPASS")


async def test_a_raise_that_could_not_be_saved_is_no_vote_until_it_is(pods: "Start") -> None:
    first, _ = await primary_and_replica(pods)
    first.epoch = 2
    hidden = first.root.with_name("elsewhere")
    first.root.rename(hidden)
    unsaved = await first.tell(Verb.DETACH, 2)
    assert unsaved.kind is AnswerKind.ERROR, unsaved
    again = await first.tell(Verb.DETACH, 2)
    assert again.kind is AnswerKind.ERROR, "the users are raised in memory and not on the disk"
    hidden.rename(first.root)
    assert first.acl_users() == {"op-1", "repl-1"}
    assert (await first.tell(Verb.DETACH, 2)).kind is AnswerKind.DONE
    assert first.acl_users() == {"vote-2"}


async def test_a_promotion_is_bound_to_the_process_it_is_meant_for(pods: "Start") -> None:
    pod = pods("a")
    voted = await pod.tell(Verb.DETACH, 1)
    assert voted.server is not None
    pod.kill()
    pod.boot()
    await pod.until(lambda server: voted.server is not None and server.run_id != voted.server.run_id)
    late = await pod.tell(Verb.PROMOTE, 1, run_id=voted.server.run_id)
    assert late.kind is AnswerKind.OTHER_PROCESS
    assert pod.monitor.server is not None
    assert not pod.monitor.server.primary


async def test_a_late_detach_does_not_undo_the_promotion_of_its_own_epoch(pods: "Start") -> None:
    first, _ = await primary_and_replica(pods)
    late = await first.tell(Verb.DETACH, 1)
    assert late.kind is AnswerKind.FENCED
    assert await write(first, "k") == b"OK"


async def test_a_demoted_primary_cuts_its_clients_and_held_writes_end_by_themselves(pods: "Start") -> None:
    first, _ = await primary_and_replica(pods)
    async with client(first) as connection:
        held = await first.tell(Verb.HOLD_WRITES, 1)
        assert held.kind is AnswerKind.DONE, held
        writing = asyncio.ensure_future(one(connection, "SET", "k", "1"))
        async with client(first) as reader:
            assert await one(reader, "GET", "k") is None, "reads go on"
        assert await writing == b"OK", "the pause ends by itself"
        first.epoch = 2
        assert (await first.tell(Verb.DETACH, 2)).kind is AnswerKind.DONE
        with pytest.raises(ValkeyError):
            await one(connection, "GET", "k")


async def test_a_primary_that_was_asked_to_end_gives_its_vote_and_ends_when_told(pods: "Start") -> None:
    """A server that waits for a frozen replica with its end is gone as soon as DETACH cuts that replica off."""
    first, second = await primary_and_replica(pods)
    assert first.process is not None
    assert second.process is not None
    second.process.send_signal(signal.SIGSTOP)
    try:
        assert await write(first, "k") == b"OK"
        first.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DEADLINE_S), client(first) as connection:
            while "shutdown_in_milliseconds" not in str(await one(connection, "INFO", "server")):
                continue
        assert (await first.tell(Verb.HOLD_WRITES, 1)).kind is AnswerKind.DONE
        first.epoch = 2
        voted = await first.tell(Verb.DETACH, 2)
        assert voted.server is not None
        before = await ticks(first)
        async with asyncio.timeout(DEADLINE_S):
            while await ticks(first) < before + 3:
                continue
        assert (await first.tell(Verb.SHUTDOWN, 2, run_id=voted.server.run_id)).kind is AnswerKind.DONE
        assert first.process.wait(DEADLINE_S) == 0
    finally:
        second.process.send_signal(signal.SIGCONT)


async def ticks(pod: "Pod") -> int:
    """How often the server's timer has run, counted in its own clock: it looks there whether it may end."""
    async with client(pod) as connection:
        text = await one(connection, "INFO", "server")
    found = re.search(r"server_time_usec:(\d+)", str(text))
    assert found is not None
    return int(found[1]) // 100_000


async def test_clients_of_a_replica_are_left_alone(pods: "Start") -> None:
    _, second = await primary_and_replica(pods)
    async with client(second) as connection:
        second.epoch = 2
        assert (await second.tell(Verb.DETACH, 2)).kind is AnswerKind.DONE
        assert await one(connection, "PING") == b"PONG"
