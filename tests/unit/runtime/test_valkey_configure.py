"""CONFIGURE on a running server, and the reading that shows what the server is configured to."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from gungnir.machines.requests import PodCommand, Verb
from gungnir.resources import fence
from gungnir.resp import ErrorReply
from gungnir.resp.values import Map, Value
from gungnir.runtime.valkey.connection import Connection, ValkeyError
from gungnir.runtime.valkey.executor import carry_out
from gungnir.runtime.valkey.session import READING, Keys, OutdatedError, ServerRefusedError, Session

pytestmark = pytest.mark.anyio

INFO = (Path(__file__).parents[1] / "resp/corpus/valkey-9.1.2/primary-everything.info").read_bytes()
CONFIG: Value = (b"min-replicas-to-write", b"2")
ACTING = fence.acting(5)
COMMAND = PodCommand(Verb.CONFIGURE, "vc-0", "uid0", epoch=5)


class Scripted:
    """A connection that answers whatever it is sent with the next script."""

    def __init__(self, *script: list[Value]) -> None:
        self.script = list(script)
        self.sent: list[tuple[bytes, ...]] = []
        self.closed = False

    async def call(self, batch: Sequence[tuple[bytes, ...]], _timeout_ms: int) -> list[Value]:
        self.sent += batch
        return self.script.pop(0)

    def close(self) -> None:
        self.closed = True


def session(connection: Scripted, position: int = ACTING) -> Session:
    opened = Session(cast("Connection", connection), Keys("0" * 64, "cr"), 1000)
    opened.position, opened.run_id = position, "known"
    return opened


async def test_a_reading_is_one_exchange_and_tells_how_many_replicas_a_write_needs() -> None:
    connection = Scripted([INFO, CONFIG])
    server = await carry_out(session(connection), COMMAND._replace(verb=Verb.READ), acks=1, port=6379)
    assert server.min_acks == 2
    assert connection.sent == list(READING)


@pytest.mark.parametrize("answer", [CONFIG, Map(((b"min-replicas-to-write", b"2"),))], ids=["resp2", "resp3"])
async def test_both_protocols_tell_it(answer: Value) -> None:
    opened = session(Scripted([INFO, answer]))
    await opened.read()
    assert opened.min_acks == 2


async def test_a_server_that_refuses_to_tell_is_an_error_of_its_own_kind() -> None:
    refused = ErrorReply.from_text(b"ERR unknown command 'CONFIG'")
    with pytest.raises(ServerRefusedError, match="CONFIG GET"):
        await session(Scripted([INFO, refused])).read()


@pytest.mark.parametrize("answer", [(), (b"min-replicas-to-write", b"many"), 7], ids=["none", "no-number", "no-pairs"])
async def test_an_answer_of_another_shape_ends_the_connection(answer: Value) -> None:
    connection = Scripted([INFO, answer])
    with pytest.raises(ValkeyError, match="CONFIG GET"):
        await session(connection).read()
    assert connection.closed


async def test_configure_sets_the_number_and_reads_it_in_one_transaction() -> None:
    queued: list[Value] = [b"OK", b"QUEUED", b"QUEUED", b"QUEUED"]
    connection = Scripted([*queued, (b"OK", INFO, CONFIG)])
    server = await carry_out(session(connection), COMMAND, acks=2, port=6379)
    assert server.min_acks == 2
    told = (b"CONFIG", b"SET", b"min-replicas-to-write", b"2")
    assert connection.sent == [(b"MULTI",), told, *READING, (b"EXEC",)]


@pytest.mark.parametrize("position", [fence.acting(4), fence.voting(5), fence.acting(6)])
async def test_configure_moves_no_pod_to_its_epoch(position: int) -> None:
    connection = Scripted()
    with pytest.raises(OutdatedError, match="the command is of 5"):
        await carry_out(session(connection, position), COMMAND, acks=2, port=6379)
    assert connection.sent == []
