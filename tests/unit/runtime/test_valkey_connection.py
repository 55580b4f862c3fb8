"""One connection: answers in order, deadlines, and what each failure says about whether a command was carried out."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from gungnir.demo.waiting import wait_for
from gungnir.resp import commands
from gungnir.runtime.valkey.connection import (
    Connection,
    GarbageError,
    LostError,
    NoAnswerError,
    NoConnectionError,
    RefusedConnectionError,
)

pytestmark = pytest.mark.anyio
PINGS = [commands.ping()]
PATIENT_MS = 8_000


@contextlib.asynccontextmanager
async def answering(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[int]:
    """A server that answers what arrives with ``answer``; None resets the connection."""

    tasks: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        while data := await reader.read(65536):
            out = answer(data)
            if out is None:
                writer.transport.abort()
                return
            writer.write(out)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*(task for task in tasks if task is not None))


async def closed_port() -> int:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_answers_come_in_the_order_of_the_commands() -> None:
    numbers = itertools.count()

    def number(data: bytes) -> bytes:
        return b"".join(b":%d\r\n" % next(numbers) for _ in range(data.count(b"PING")))

    async with answering(number) as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS)
        assert await connection.call([*PINGS, *PINGS], PATIENT_MS) == [0, 1]
        first, second = await asyncio.gather(
            connection.call([*PINGS, *PINGS], PATIENT_MS), connection.call(PINGS, PATIENT_MS)
        )
        assert (first, second) == ([2, 3], [4])
        connection.close()


async def test_an_error_reply_is_a_value_and_the_connection_stays() -> None:
    async with answering(lambda _: b"-LOADING wait\r\n") as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS)
        (value,) = await connection.call(PINGS, PATIENT_MS)
        assert str(value) == "LOADING wait"
        assert not connection.closed
        connection.close()


async def test_pushes_are_no_answers() -> None:
    async with answering(lambda _: b">2\r\n+invalidate\r\n+x\r\n+PONG\r\n") as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS)
        assert await connection.call(PINGS, PATIENT_MS) == [b"PONG"]
        connection.close()


async def test_a_closed_port_refuses_at_once() -> None:
    with pytest.raises(RefusedConnectionError, match="refused the connection"):
        await Connection.opened("127.0.0.1", await closed_port(), PATIENT_MS)


async def test_an_address_that_is_not_ours_gives_no_connection() -> None:
    with pytest.raises(NoConnectionError, match="no connection to"):
        await Connection.opened("127.0.0.1", await closed_port(), PATIENT_MS, source="192.0.2.1")


def descriptors() -> set[str]:
    """The open files and sockets of this process."""
    return {each.name for each in Path("/proc/self/fd").iterdir() if each.exists()}


@contextlib.contextmanager
def out_of_reach() -> Iterator[socket.socket]:
    """A server that drops every SYN, as its queue of connections is full, until somebody accepts one."""
    with socket.socket() as server, contextlib.ExitStack() as fillers:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        server.setblocking(False)
        while True:
            filler = fillers.enter_context(socket.socket())
            filler.settimeout(0.1)
            try:
                filler.connect(server.getsockname())
            except TimeoutError:
                break
        yield server


async def test_a_peer_that_comes_into_reach_is_reached_before_the_kernel_tries_again() -> None:
    with out_of_reach() as server:
        before = descriptors()
        # The SYN of one attempt alone would be sent again 1 s after the first.
        opening = asyncio.ensure_future(Connection.opened("127.0.0.1", server.getsockname()[1], 900))
        await asyncio.wait([opening], timeout=0.2)
        assert not opening.done()
        with server.accept()[0]:
            connection = await opening
        assert await wait_for(
            "of the attempts only the one that won stays",
            lambda: len(descriptors() - before) == 1 or None,
            timeout_ms=PATIENT_MS,
        )
        assert not connection.closed
        connection.close()


async def test_a_peer_out_of_reach_leaves_nothing_open() -> None:
    with out_of_reach() as server:
        before = descriptors()
        with pytest.raises(NoConnectionError, match="no connection to"):
            await Connection.opened("127.0.0.1", server.getsockname()[1], 200)
        assert descriptors() <= before


async def test_no_answer_closes_the_connection_so_that_a_late_one_is_not_taken_for_another() -> None:
    lost: list[str] = []
    async with answering(lambda _: b"") as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS, "", lambda: lost.append("lost"))
        with pytest.raises(NoAnswerError, match="no answer within 20 ms"):
            await connection.call(PINGS, 20)
        assert connection.closed
        assert lost == []
        with pytest.raises(LostError, match="the connection is closed"):
            await connection.call(PINGS, PATIENT_MS)


async def test_a_reset_in_the_middle_may_have_been_carried_out_and_is_told_at_once() -> None:
    lost: list[str] = []
    async with answering(lambda _: None) as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS, "", lambda: lost.append("lost"))
        with pytest.raises(LostError, match="the connection was lost"):
            await connection.call(PINGS, PATIENT_MS)
        assert connection.closed
        assert lost == ["lost"]


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\x01\x02", b"$-7\r\n", b":1\r\n:2\r\n"])
async def test_garbage_ends_the_connection(garbage: bytes) -> None:
    async with answering(lambda _: garbage) as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS)
        with contextlib.suppress(GarbageError):
            assert await connection.call(PINGS, PATIENT_MS) == [1]
        assert connection.closed


async def test_a_cancelled_call_closes_the_connection() -> None:
    async with answering(lambda _: b"") as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS)
        call = asyncio.ensure_future(connection.call(PINGS, PATIENT_MS))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert connection.closed


async def test_closing_fails_what_is_outstanding() -> None:
    async with answering(lambda _: b"") as port:
        connection = await Connection.opened("127.0.0.1", port, PATIENT_MS)
        call = asyncio.ensure_future(connection.call(PINGS, PATIENT_MS))
        await asyncio.sleep(0)
        connection.close()
        with pytest.raises(LostError, match="the connection was closed"):
            await call
        connection.close()
