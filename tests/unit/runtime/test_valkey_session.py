"""The fence: logging in at the pod's position, raising it, and everything that may go wrong on the way."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from gungnir.resources import fence
from gungnir.resources.fence import acting, voting
from gungnir.resp import Value
from gungnir.runtime.valkey.connection import NoAnswerError, ValkeyError
from gungnir.runtime.valkey.session import (
    EPOCHS_AHEAD,
    EPOCHS_BEHIND,
    Keys,
    OutdatedError,
    ServerRefusedError,
    Session,
    Waits,
)
from tests.unit.runtime.valkey_fake import HOST, KEYS, FakeValkey, error, running, running_at

pytestmark = pytest.mark.anyio
PATIENT = Waits(8_000, 8_000)
ACTING = {"op-5", "repl-5"}


@contextlib.asynccontextmanager
async def session(fake: FakeValkey, epoch: int = 5, keys: Keys = KEYS) -> AsyncIterator[Session]:
    opened = await Session.opened(HOST, fake.port, keys, epoch, PATIENT)
    try:
        yield opened
    finally:
        opened.close()


FOUND = [(acting(0), 0), (voting(1), 1), (acting(5), 5), (voting(5), 5), (acting(4), 5), (voting(4), 5), (acting(5), 6)]
FAR = [(voting(0), EPOCHS_BEHIND), (acting(1), 40), (acting(7), 5), (acting(5 + EPOCHS_AHEAD), 5)]
VERY_FAR = [(voting(0), EPOCHS_BEHIND + 2), (acting(0), 5 * EPOCHS_BEHIND), (voting(9), 1000), (acting(900), 1000)]


@pytest.mark.parametrize(("known", "epoch"), [*FOUND, *FAR, *VERY_FAR])
async def test_a_session_finds_the_position_that_the_pod_is_fenced_at(known: int, epoch: int) -> None:
    async with running_at(known) as fake, session(fake, epoch) as opened:
        assert opened.position == known
        assert (await opened.read()).run_id == fake.run_id
        assert opened.run_id == fake.run_id
        assert opened.min_acks == 1


@pytest.mark.parametrize("known", [(acting(4), voting(5)), (voting(5), acting(4)), (acting(4), acting(5))])
async def test_a_half_raised_pod_is_at_the_lower_position(known: tuple[int, ...]) -> None:
    async with running_at(*known) as fake, session(fake) as opened:
        assert opened.position == acting(4)


@pytest.mark.parametrize(("known", "epoch"), [(5 + EPOCHS_AHEAD + 1, 5), (5 + EPOCHS_AHEAD + 1, 3), (99, 1)])
async def test_a_pod_too_far_ahead_refuses_the_login(known: int, epoch: int) -> None:
    async with running(known) as fake:
        with pytest.raises(ServerRefusedError, match="AUTH: WRONGPASS") as caught:
            await Session.opened(HOST, fake.port, KEYS, epoch, PATIENT)
        assert caught.value.code == "WRONGPASS"


async def test_another_key_is_refused_and_the_password_is_not_in_the_text() -> None:
    other = Keys("6d" * 32, KEYS.cluster_uid)
    async with running(5) as fake:
        with pytest.raises(ServerRefusedError) as caught:
            await Session.opened(HOST, fake.port, other, 5, PATIENT)
        assert other.of("op-5") not in str(caught.value)


@pytest.mark.parametrize(
    ("known", "wanted", "former"),
    [
        (acting(4), voting(5), "op-4 repl-4"),
        (voting(5), acting(5), "vote-5"),
        (acting(4), acting(5), "op-4 repl-4"),
        (voting(4), voting(5), "vote-4"),
    ],
)
async def test_a_raise_leaves_the_new_users_alone_in_memory_and_on_disk(known: int, wanted: int, former: str) -> None:
    async with running_at(known) as fake, session(fake) as opened:
        await opened.raise_fence(wanted)
        assert opened.position == wanted
        assert set(fake.users) == set(fake.on_disk) == set(fence.users(wanted))
        steps = [line.split()[1] for line in fake.log if line.startswith("ACL")]
        assert steps == [*["SETUSER"] * len(fence.users(wanted)), "USERS", "DELUSER", "SAVE", "USERS"]
        assert fake.log.index(f"AUTH {fence.commander(wanted)}") < fake.log.index(f"ACL DELUSER {former}")


async def test_the_former_operators_connection_is_cut() -> None:
    async with running(4) as fake, session(fake, 4) as old, session(fake) as new:
        await new.raise_fence(voting(5))
        with pytest.raises(ValkeyError):
            await old.read()


@pytest.mark.parametrize(
    "known", [(acting(1),), (acting(3), acting(4)), (acting(2), voting(4), acting(5)), (voting(5), acting(5))]
)
async def test_a_pod_that_was_left_behind_or_half_raised_is_raised_the_same(known: tuple[int, ...]) -> None:
    async with running_at(*known) as fake, session(fake) as opened:
        await opened.raise_fence(acting(5))
        assert set(fake.on_disk) == set(fake.users) == ACTING


@pytest.mark.parametrize(("known", "wanted"), [(acting(6), acting(5)), (voting(6), acting(5)), (acting(5), voting(5))])
async def test_a_pod_at_a_newer_position_refuses_and_nothing_is_changed(known: int, wanted: int) -> None:
    """The last case: a DETACH that comes late must not undo the promotion of its own epoch."""
    async with running_at(known) as fake, session(fake) as opened:
        before = dict(fake.users)
        with pytest.raises(OutdatedError, match="the pod is at epoch"):
            await opened.raise_fence(wanted)
        assert fake.users == before


@pytest.mark.parametrize("newer", [voting(6), acting(6)])
async def test_a_newer_operator_half_way_through_its_raise_is_not_undone(newer: int) -> None:
    async with running_at(acting(4), newer) as fake, session(fake) as opened:
        assert opened.position == acting(4)
        with pytest.raises(OutdatedError, match="the pod knows users of epoch 6"):
            await opened.raise_fence(acting(5))
        assert set(fence.users(newer)) <= set(fake.users)
        assert not ACTING & set(fake.on_disk)


async def test_a_fence_that_could_not_be_saved_is_not_raised() -> None:
    async with running(4) as fake, session(fake) as opened:
        fake.faults["exec:ACL SAVE"] = error("ERR There was an error trying to save the ACLs. No space left")
        with pytest.raises(ServerRefusedError, match="No space left"):
            await opened.raise_fence(voting(5))
        assert opened.position == acting(4)
        assert set(fake.on_disk) == {"op-4", "repl-4"}


async def test_a_raise_whose_save_failed_is_saved_before_the_next_command() -> None:
    """The former users are gone from memory, so a new login finds epoch 5; after a restart the disk would know 4."""
    async with running(4) as fake:
        fake.faults["exec:ACL SAVE"] = error("ERR disk full")
        async with session(fake) as first:
            with pytest.raises(ServerRefusedError, match="disk full"):
                await first.raise_fence(voting(5))
        async with session(fake) as again:
            assert again.position == voting(5)
            with pytest.raises(ServerRefusedError, match="disk full"):
                await again.raise_fence(voting(5))
        assert set(fake.on_disk) == {"op-4", "repl-4"}
        fake.faults.clear()
        async with session(fake) as healed:
            await healed.raise_fence(voting(5))
            assert set(fake.on_disk) == {"vote-5"}
            saves = fake.log.count("ACL SAVE")
            await healed.raise_fence(voting(5))
            assert fake.log.count("ACL SAVE") == saves, "once for each connection"


async def test_a_raise_whose_answer_was_lost_is_read_back_before_the_next_command() -> None:
    """Both users are still there: the connection ended after the new ones were added."""
    async with running_at(voting(5), acting(5)) as fake, session(fake) as opened:
        opened.position = acting(5)
        await opened.raise_fence(acting(5))
        assert set(fake.users) == set(fake.on_disk) == ACTING


async def test_users_that_keep_coming_back_end_the_raise() -> None:
    async with running(4) as fake, session(fake) as opened:
        stubborn: Value = (b"default", b"op-3", b"op-5", b"repl-5")
        fake.faults["ACL USERS"] = stubborn
        with pytest.raises(OutdatedError, match="other operators keep adding users"):
            await opened.raise_fence(acting(5))
        assert opened.position == acting(4)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("ACL SETUSER", error("NOPERM no")),
        ("AUTH op-5", error("WRONGPASS no")),
        ("ACL USERS", error("NOPERM no")),
        ("EXEC", error("EXECABORT no")),
        ("ACL DELUSER", error("NOPERM no")),
    ],
)
async def test_a_refused_step_of_a_raise_names_the_refusal(command: str, answer: Value) -> None:
    async with running(4) as fake, session(fake, 4) as opened:
        fake.tells_failed_auth = True
        fake.faults[command] = answer
        with pytest.raises(ServerRefusedError, match=f"^{command.split(maxsplit=1)[0]}|^EXEC.*: .*no"):
            await opened.raise_fence(acting(5))
        assert opened.position == acting(4)


@pytest.mark.parametrize("command", ["ACL SETUSER", "AUTH op-5"])
async def test_a_refused_new_user_is_unknown_where_a_failed_auth_has_no_answer(command: str) -> None:
    async with running(4) as fake, session(fake, 4) as opened:
        opened.timeout_ms = 100
        fake.faults[command] = error("NOPERM no")
        with pytest.raises(NoAnswerError):
            await opened.raise_fence(acting(5))
        assert opened.position == acting(4)
        assert opened.connection.closed


ODD = [*(("ACL USERS", odd) for odd in (7, (1, 2))), *(("EXEC", odd) for odd in (7, (1,), None)), ("INFO", b"role")]


@pytest.mark.parametrize(("command", "answer"), ODD)
async def test_answers_of_another_shape_fail_as_the_servers_fault(command: str, answer: Value) -> None:
    async with running(4) as fake, session(fake, 4) as opened:
        fake.faults[command] = answer
        with pytest.raises(ValkeyError):
            await (opened.read() if command == "INFO" else opened.raise_fence(acting(5)))


async def test_strangers_among_the_users_are_left_alone() -> None:
    async with running(4) as fake, session(fake) as opened:
        odd = ("default", "op-", "op-x", "op-\u0663", "vote-", "operator-9", "xop-9", "op-9x", "op-5", "repl-5")
        fake.faults["ACL USERS"] = tuple(name.encode() for name in odd)
        await opened.raise_fence(acting(5))
        assert not any(line.startswith("ACL DELUSER") for line in fake.log)
        assert "ACL SAVE" in fake.log
