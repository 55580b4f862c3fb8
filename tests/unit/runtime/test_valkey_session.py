"""The fence: logging in at the pod's epoch, raising it, and everything that may go wrong on the way."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from gungnir.resp import Value
from gungnir.runtime.valkey.connection import ValkeyError
from gungnir.runtime.valkey.session import EPOCHS_BEHIND, Keys, OutdatedError, ServerRefusedError, Session
from tests.unit.runtime.valkey_fake import HOST, KEYS, FakeValkey, error, running

pytestmark = pytest.mark.anyio
PATIENT_MS = (8_000, 8_000)


@contextlib.asynccontextmanager
async def session(fake: FakeValkey, epoch: int, keys: Keys = KEYS) -> AsyncIterator[Session]:
    opened = await Session.opened(HOST, fake.port, keys, epoch, PATIENT_MS)
    try:
        yield opened
    finally:
        opened.close()


def epochs_of(users: dict[str, str]) -> set[str]:
    return {user.partition("-")[2] for user in users}


@pytest.mark.parametrize(("known", "epoch"), [(0, 0), (5, 5), (4, 5), (5, 6), (1, 40), (7, 5)])
async def test_a_session_finds_the_epoch_that_the_pod_is_fenced_at(known: int, epoch: int) -> None:
    async with running(known) as fake, session(fake, epoch) as opened:
        assert opened.fence == known
        assert (await opened.read()).run_id == fake.run_id
        assert opened.run_id == fake.run_id
        assert opened.min_acks == 1


async def test_a_half_raised_pod_is_fenced_at_the_lower_epoch() -> None:
    async with running(4, 5) as fake, session(fake, 5) as opened:
        assert opened.fence == 4


@pytest.mark.parametrize("epoch", [EPOCHS_BEHIND + 2, 1])
async def test_a_pod_too_far_away_refuses_the_login(epoch: int) -> None:
    async with running(1 if epoch > 1 else 99) as fake:
        with pytest.raises(ServerRefusedError, match="AUTH: WRONGPASS") as caught:
            await Session.opened(HOST, fake.port, KEYS, epoch, PATIENT_MS)
        assert caught.value.code == "WRONGPASS"


async def test_another_key_is_refused_and_the_password_is_not_in_the_text() -> None:
    other = Keys("6d" * 32, KEYS.cluster_uid)
    async with running(5) as fake:
        with pytest.raises(ServerRefusedError) as caught:
            await Session.opened(HOST, fake.port, other, 5, PATIENT_MS)
        assert other.of("op-5") not in str(caught.value)


async def test_a_raise_leaves_the_new_users_alone_in_memory_and_on_disk() -> None:
    async with running(4) as fake, session(fake, 5) as opened:
        await opened.raise_fence(5)
        assert opened.fence == 5
        assert set(fake.users) == set(fake.on_disk) == {"op-5", "repl-5"}
        steps = [line for line in fake.log if line.startswith("ACL")]
        assert [line.split()[1] for line in steps] == ["SETUSER", "SETUSER", "USERS", "DELUSER", "SAVE", "USERS"]
        assert fake.log.index("AUTH op-5") < fake.log.index("ACL DELUSER op-4 repl-4")


async def test_the_former_operators_connection_is_cut() -> None:
    async with running(4) as fake, session(fake, 4) as old, session(fake, 5) as new:
        await new.raise_fence(5)
        with pytest.raises(ValkeyError):
            await old.read()
        with pytest.raises(ServerRefusedError, match="WRONGPASS"):
            await old.__class__.opened(HOST, fake.port, Keys("6d" * 32, "cr-uid"), 5, PATIENT_MS)


@pytest.mark.parametrize("known", [(1,), (3, 4), (2, 4, 5), (4, 5)])
async def test_a_pod_that_was_left_behind_or_half_raised_is_raised_the_same(known: tuple[int, ...]) -> None:
    async with running(*known) as fake, session(fake, 5) as opened:
        await opened.raise_fence(5)
        assert set(fake.on_disk) == set(fake.users) == {"op-5", "repl-5"}


async def test_a_pod_at_a_newer_epoch_refuses_and_nothing_is_changed() -> None:
    async with running(6) as fake, session(fake, 5) as opened:
        before = dict(fake.users)
        with pytest.raises(OutdatedError, match="the pod is at epoch 6, the command is of 5"):
            await opened.raise_fence(5)
        assert fake.users == before


async def test_a_newer_operator_half_way_through_its_raise_is_not_undone() -> None:
    async with running(4, 6) as fake, session(fake, 5) as opened:
        assert opened.fence == 4
        with pytest.raises(OutdatedError, match="the pod knows users of epoch 6"):
            await opened.raise_fence(5)
        assert {"op-6", "repl-6"} <= set(fake.users)
        assert "5" not in epochs_of(fake.on_disk)


async def test_a_fence_that_could_not_be_saved_is_not_raised() -> None:
    async with running(4) as fake, session(fake, 5) as opened:
        fake.faults["exec:ACL SAVE"] = error("ERR There was an error trying to save the ACLs. No space left")
        with pytest.raises(ServerRefusedError, match="No space left"):
            await opened.raise_fence(5)
        assert opened.fence == 4
        assert set(fake.on_disk) == {"op-4", "repl-4"}


async def test_a_raise_whose_save_failed_is_saved_before_the_next_command() -> None:
    """The former users are gone from memory, so a new login finds epoch 5; after a restart the disk would know 4."""
    async with running(4) as fake:
        fake.faults["exec:ACL SAVE"] = error("ERR disk full")
        async with session(fake, 5) as first:
            with pytest.raises(ServerRefusedError, match="disk full"):
                await first.raise_fence(5)
        async with session(fake, 5) as again:
            assert again.fence == 5
            with pytest.raises(ServerRefusedError, match="disk full"):
                await again.raise_fence(5)
        assert set(fake.on_disk) == {"op-4", "repl-4"}
        fake.faults.clear()
        async with session(fake, 5) as healed:
            await healed.raise_fence(5)
            assert set(fake.on_disk) == {"op-5", "repl-5"}
            saves = fake.log.count("ACL SAVE")
            await healed.raise_fence(5)
            assert fake.log.count("ACL SAVE") == saves, "once for each connection"


async def test_users_that_keep_coming_back_end_the_raise() -> None:
    async with running(4) as fake, session(fake, 5) as opened:
        stubborn: Value = (b"default", b"op-3", b"op-5", b"repl-5")
        fake.faults["ACL USERS"] = stubborn
        with pytest.raises(OutdatedError, match="other operators keep adding users"):
            await opened.raise_fence(5)
        assert opened.fence == 4


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
        fake.faults[command] = answer
        with pytest.raises(ServerRefusedError, match="no"):
            await opened.raise_fence(5)
        assert opened.fence == 4


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("ACL USERS", 7),
        ("ACL USERS", (1, 2)),
        ("EXEC", 7),
        ("EXEC", (1,)),
        ("EXEC", None),
        ("INFO", 7),
        ("INFO", b"role"),
    ],
)
async def test_answers_of_another_shape_fail_as_the_servers_fault(command: str, answer: Value) -> None:
    async with running(4) as fake, session(fake, 4) as opened:
        fake.faults[command] = answer
        with pytest.raises(ValkeyError):
            await (opened.read() if command == "INFO" else opened.raise_fence(5))


async def test_strangers_among_the_users_are_left_alone() -> None:
    async with running(4) as fake, session(fake, 5) as opened:
        odd: Value = tuple(name.encode() for name in ("default", "op-", "op-x", "op-٣", "operator-9", "op-5", "repl-5"))
        fake.faults["ACL USERS"] = odd
        await opened.raise_fence(5)
        assert not any(line.startswith("ACL DELUSER") for line in fake.log)
        assert "ACL SAVE" in fake.log
