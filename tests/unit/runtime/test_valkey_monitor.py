"""Evidence as it comes: what a monitor shows of a server that answers, dies, falls silent, refuses or talks nonsense.

Every wait is for a change of evidence, which the monitor tells; the pauses that a test must not wait out are so long
that it would fail if the monitor did.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import pytest

from gungnir.machines.requests import AnswerKind, PodCommand, Verb
from gungnir.machines.view import Contact
from gungnir.runtime.valkey import monitor as module
from gungnir.runtime.valkey.monitor import Monitor, Target
from gungnir.runtime.valkey.session import Keys
from tests.unit.runtime.valkey_fake import HOST, KEYS, FakeValkey, error, running

pytestmark = pytest.mark.anyio
NEVER_MS = 60_000


@dataclass
class Watch:
    """A monitor under test, and what it told."""

    monitor: Monitor
    told: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[Monitor], bool]) -> None:
        async with asyncio.timeout(8):
            while not condition(self.monitor):
                await self.news.wait()
                self.news.clear()

    async def contact(self, wanted: Contact) -> None:
        await self.until(lambda monitor: monitor.contact is wanted)


def target(port: int, **changes: int) -> Target:
    patient = Target("vc-0", "uid0", HOST, port, NEVER_MS, NEVER_MS, connect_timeout_ms=5_000, command_timeout_ms=5_000)
    return replace(patient, **changes)  # type: ignore[arg-type]  # the test names fields


@contextlib.asynccontextmanager
async def watching(fake: FakeValkey, epoch: int = 5, keys: Keys | None = KEYS, **changes: int) -> AsyncIterator[Watch]:
    def told(pod: str, event: str) -> None:
        assert pod == "vc-0"
        watch.told.append(event)
        watch.news.set()

    watch = Watch(Monitor(target(fake.port, **changes), lambda: keys, lambda: epoch, told))
    task = asyncio.create_task(watch.monitor.run())
    try:
        yield watch
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def command(verb: Verb = Verb.READ, **changes: str) -> PodCommand:
    return PodCommand(verb, "vc-0", "uid0", 5)._replace(**changes)  # type: ignore[arg-type]  # the test names fields


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the interval under test may let a monitor look again."""
    monkeypatch.setattr(module, "UNSETTLED_MS", 1)
    monkeypatch.setattr(module, "SETTLING_MS", 0)
    monkeypatch.setattr(module, "SLOW_RETRY_MS", NEVER_MS)


async def test_a_server_that_answers_is_read() -> None:
    async with running(5) as fake, watching(fake) as watch:
        await watch.contact(Contact.UP)
        assert watch.monitor.server is not None
        assert (watch.monitor.server.fence, watch.monitor.server.keys) == (5, 7)
        assert watch.told[:2] == ["answers", "changed"]


async def test_a_dead_process_is_known_by_refusals_in_quick_succession() -> None:
    """Nothing waits for the ping interval (a minute here): the lost connection itself is looked into at once."""
    async with running(5) as fake:
        fake.primary = True
        async with watching(fake) as watch:
            await watch.contact(Contact.UP)
            fake.stop()
            await watch.until(lambda monitor: monitor.refusals >= 3)
            assert watch.monitor.contact is Contact.REFUSED
            assert watch.monitor.server is not None, "the last reading stays"
            assert watch.told[2:4] == ["connection-lost", "refused"]


async def test_a_process_that_dies_while_it_is_being_read_is_looked_into_at_once_too() -> None:
    async with running(5) as fake:
        fake.primary = True
        async with watching(fake) as watch:
            await watch.contact(Contact.UP)

            def die() -> bytes:
                fake.stop()
                return b""

            fake.faults["INFO"] = die
            watch.monitor.poke()
            await watch.until(lambda monitor: monitor.refusals >= 3)


async def test_another_process_on_the_same_address_is_told_as_such() -> None:
    async with running(5) as fake:
        fake.primary = True
        async with watching(fake) as watch:
            await watch.contact(Contact.UP)
            fake.run_id, fake.primary = "c" * 40, False
            fake.cut()
            await watch.until(lambda monitor: monitor.server is not None and monitor.server.run_id == "c" * 40)
            assert "process-replaced" in watch.told


async def test_silence_counts_from_the_last_answer_and_is_told_when_it_is_long_enough() -> None:
    async with running(5) as fake:
        fake.primary = True
        async with watching(fake, ping_interval_ms=20, down_after_ms=300, command_timeout_ms=50) as watch:
            await watch.contact(Contact.UP)
            fake.mute = True
            await watch.contact(Contact.SILENT)
            await watch.until(lambda monitor: monitor.silent_ms >= 300)
            assert watch.monitor.refusals == 0
            fake.mute = False
            watch.monitor.poke()
            await watch.contact(Contact.UP)
            assert watch.monitor.silent_ms < 300


async def test_the_moment_at_which_silence_counts_is_told_at_once_and_not_a_timeout_later() -> None:
    """The pause ends at that very moment, and the try that begins then must not take its whole timeout (5 s)."""
    async with running(5) as fake:
        fake.primary = True
        async with watching(fake, ping_interval_ms=20, down_after_ms=300) as watch:
            await watch.contact(Contact.UP)
            fake.faults["INFO"] = 7
            await watch.contact(Contact.SILENT)
            fake.mute = True
            await watch.until(lambda monitor: monitor.silent_ms >= 300)
            assert watch.monitor.silent_ms < 3_000


async def test_a_login_in_the_last_moment_leaves_no_hasty_connection_behind() -> None:
    async with running(5) as fake, watching(fake, down_after_ms=1000) as watch:
        await watch.contact(Contact.UP)
        watch.monitor.close()
        watch.monitor._answered_ms -= 990
        await watch.monitor._look()
        assert watch.monitor._session is not None
        assert watch.monitor._session.timeout_ms < 100
        await watch.monitor.execute(command(), 1)
        assert watch.monitor._session.timeout_ms == target(0).command_timeout_ms


async def test_forgiving_starts_the_silence_anew() -> None:
    async with running(5) as fake, watching(fake, command_timeout_ms=20) as watch:
        fake.mute = True
        await watch.contact(Contact.SILENT)
        watch.monitor._answered_ms -= 9_000
        assert watch.monitor.silent_ms >= 9_000
        watch.monitor.forgive()
        assert watch.monitor.silent_ms < 9_000


@pytest.mark.parametrize("code", ["LOADING", "NOAUTH", "MISCONF", "BUSY"])
async def test_an_error_reply_is_evidence_of_its_own_kind_and_no_silence(code: str) -> None:
    async with running(5) as fake:
        fake.faults["INFO"] = error(f"{code} some text")
        async with watching(fake) as watch:
            await watch.contact(Contact.ERROR)
            assert (watch.monitor.error, watch.monitor.refusals) == (code, 0)
            fake.faults.clear()
            watch.monitor.poke()
            await watch.contact(Contact.UP)
            assert watch.monitor.error == ""


async def test_a_server_that_knows_another_key_is_an_error_and_not_dead() -> None:
    async with running(5) as fake, watching(fake, keys=Keys("6d" * 32, "cr-uid")) as watch:
        await watch.contact(Contact.ERROR)
        assert watch.monitor.error == "WRONGPASS"


async def test_a_login_that_stays_refused_is_not_tried_in_a_tight_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLING_MS", 30)
    async with running(5) as fake, watching(fake, keys=Keys("6d" * 32, "cr-uid")) as watch:
        await watch.contact(Contact.ERROR)
        assert watch.monitor._pause_ms() == module.UNSETTLED_MS
        watch.monitor._changed_ms -= 30
        assert watch.monitor._pause_ms() == NEVER_MS


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff"])
async def test_garbage_is_silence(greeting: bytes) -> None:
    async with running(5) as fake:
        fake.greeting = greeting
        async with watching(fake) as watch:
            await watch.contact(Contact.SILENT)
            assert watch.monitor.server is None


async def test_without_a_key_nothing_is_sent() -> None:
    async with running(5) as fake, watching(fake, keys=None) as watch:
        await watch.contact(Contact.SILENT)
        assert fake.connections == 0


async def test_a_pod_that_loads_is_read_as_loading() -> None:
    async with running(5) as fake:
        fake.loading = True
        async with watching(fake) as watch:
            await watch.contact(Contact.UP)
            assert watch.monitor.server is not None
            assert watch.monitor.server.loading


async def test_only_a_change_of_what_matters_is_told() -> None:
    async with running(5) as fake, watching(fake) as watch:
        await watch.until(lambda monitor: monitor.server is not None)
        before = len(watch.told)
        fake.offset += 1000
        answer = await watch.monitor.execute(command(), 1)
        assert answer.server is not None
        assert answer.server.offset == 1100
        assert len(watch.told) == before
        fake.link = "up"
        await watch.until(lambda monitor: monitor.server is not None and monitor.server.link_up)
        assert watch.told[-1] == "changed"


async def test_that_the_file_of_a_primary_holds_its_data_is_told_and_of_a_replica_it_is_not() -> None:
    """Nothing else changes then; of a replica it is no news, as any new file would be."""
    async with running(5) as fake, watching(fake, ping_interval_ms=1) as watch:
        fake.rewriting = True
        await watch.until(lambda monitor: monitor.server is not None and not monitor.server.written)
        before = len(watch.told)
        fake.rewriting = False
        assert (await watch.monitor.execute(command(), 1)).server is not None
        assert len(watch.told) == before
        fake.primary = fake.rewriting = True
        await watch.until(lambda monitor: monitor.server is not None and monitor.server.primary)
        fake.rewriting = False
        await watch.until(lambda monitor: monitor.server is not None and monitor.server.written)
        assert watch.told[-1] == "changed"


# --- commands -------------------------------------------------------------------------------------------------------


async def test_a_command_is_answered_with_the_reading_after_it_which_is_also_the_monitors() -> None:
    async with running(4) as fake, watching(fake) as watch:
        answer = await watch.monitor.execute(command(Verb.PROMOTE), 1)
        assert answer.kind is AnswerKind.DONE
        assert answer.server is not None
        assert answer.server.primary
        assert watch.monitor.server == answer.server


async def test_after_a_command_that_changed_the_server_others_come_before_the_next_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UNSETTLED_MS", 1_000)
    monkeypatch.setattr(module, "SETTLING_MS", -1)  # a primary is settled from the first reading on
    async with running(4) as fake, contextlib.AsyncExitStack() as stack:
        fake.primary = True
        watch = await stack.enter_async_context(watching(fake))
        await watch.until(lambda monitor: monitor.server is not None)
        assert (await watch.monitor.execute(command(Verb.DETACH), 1)).kind is AnswerKind.DONE
        for _ in range(3):
            assert (await watch.monitor.execute(command(), 1)).kind is AnswerKind.DONE
        detached = fake.log.index("REPLICAOF 127.0.0.1 1")
        assert sum(line.startswith("INFO") for line in fake.log[detached:]) == 4, "one reading for each command"
        fake.min_acks = "3"
        await watch.until(lambda monitor: monitor.server is not None and monitor.server.min_acks == 3)


async def test_a_command_for_another_pod_object_is_not_sent() -> None:
    async with running(4) as fake, watching(fake) as watch:
        await watch.contact(Contact.UP)
        answer = await watch.monitor.execute(command(Verb.PROMOTE, uid="uid-new"), 1)
        assert answer.kind is AnswerKind.OTHER_PROCESS
        assert not fake.primary


async def test_a_command_to_nobody_is_refused_and_one_without_an_answer_is_unknown() -> None:
    async with running(5) as fake, watching(fake, command_timeout_ms=100) as watch:
        await watch.contact(Contact.UP)
        fake.mute = True
        assert (await watch.monitor.execute(command(), 1)).kind is AnswerKind.UNKNOWN
        fake.stop()
        answer = await watch.monitor.execute(command(), 1)
        assert answer.kind is AnswerKind.REFUSED


@pytest.mark.parametrize(
    ("fault", "answer", "kind"),
    [
        ("exec:ACL SAVE", error("ERR disk full"), AnswerKind.ERROR),
        ("exec:REPLICAOF", error("LOADING wait"), AnswerKind.ERROR),
        ("ACL USERS", 7, AnswerKind.UNKNOWN),
        ("EXEC", (1, 2, 3), AnswerKind.UNKNOWN),
        ("EXEC", 7, AnswerKind.UNKNOWN),
        ("INFO", (1,), AnswerKind.UNKNOWN),
    ],
)
async def test_a_command_never_raises_whatever_the_server_says(fault: str, answer: object, kind: AnswerKind) -> None:
    async with running(4) as fake, watching(fake) as watch:
        await watch.contact(Contact.UP)
        fake.faults[fault] = answer  # type: ignore[assignment]  # the cases hold values of the protocol
        assert (await watch.monitor.execute(command(Verb.DETACH), 1)).kind is kind


async def test_an_outdated_operator_learns_that_it_is_fenced() -> None:
    async with running(6) as fake, watching(fake) as watch:
        await watch.contact(Contact.UP)
        assert (await watch.monitor.execute(command(Verb.DETACH), 1)).kind is AnswerKind.FENCED
        assert set(fake.users) == {"op-6", "repl-6"}


async def test_closing_drops_the_connection() -> None:
    async with running(5) as fake:
        async with watching(fake) as watch:
            await watch.contact(Contact.UP)
        assert watch.monitor._session is None
