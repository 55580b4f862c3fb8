"""One verb, one transaction: what each command becomes on the wire, and how its failure is answered."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Verb
from gungnir.machines.view import Life, Server
from gungnir.resources.fence import acting, voting
from gungnir.resp import ErrorReply
from gungnir.runtime.valkey.connection import (
    GarbageError,
    LostError,
    NoAnswerError,
    NoConnectionError,
    RefusedConnectionError,
    ValkeyError,
)
from gungnir.runtime.valkey.executor import WrongProcessError, answer_of, carry_out
from gungnir.runtime.valkey.session import OutdatedError, ServerRefusedError, Session, Waits
from tests.unit.runtime.valkey_fake import HOST, KEYS, FakeValkey, error, running, running_at

pytestmark = pytest.mark.anyio
PATIENT = Waits(8_000, 8_000)
PRIMARY = "127.9.9.8 6379"
PERIOD = "repl-ping-replica-period"
PINGS = f"CONFIG SET {PERIOD} 1"
"""The primary pings its replicas again, whatever held writes had stopped."""
CUT = ["CLIENT KILL TYPE normal USER default", "CLIENT KILL TYPE pubsub USER default"]


def command(verb: Verb, epoch: int = 5, **changes: str | int) -> PodCommand:
    return PodCommand(verb, "vc-0", "uid0", epoch)._replace(**changes)  # type: ignore[arg-type]  # the test names fields


@contextlib.asynccontextmanager
async def session(fake: FakeValkey, epoch: int = 5) -> AsyncIterator[Session]:
    opened = await Session.opened(HOST, fake.port, KEYS, epoch, PATIENT)
    try:
        yield opened
    finally:
        opened.close()


async def carried_out(fake: FakeValkey, given: PodCommand, acks: int = 2) -> tuple[Server, list[str]]:
    """Carry the command out on a fresh connection; return its reading and what the last MULTI ran, but the reading."""
    async with session(fake, given.epoch) as opened:
        fake.log.clear()
        server = await carry_out(opened, given, acks=acks, port=6379)
    first = next(index for index, line in enumerate(fake.log) if line.startswith("CONFIG GET")) + 1
    steps = [line for line in fake.log[first:] if not line.startswith(("INFO", "CONFIG GET", "ACL", "AUTH"))]
    return server, steps


async def test_a_read_reads_and_changes_nothing() -> None:
    async with running(5) as fake:
        server, steps = await carried_out(fake, command(Verb.READ))
        assert steps == []
        assert server == Server(
            run_id="a" * 40,
            primary=False,
            replid="b" * 40,
            replid2="",
            second_offset=0,
            offset=100,
            fence=5,
            follows="127.0.0.1",
            link_up=False,
            last_io_s=0,
            syncing=False,
            loading=False,
            keys=7,
            linked=0,
            priority=100,
            version="9.1.2",
            min_acks=1,
            link_down_s=3,
            written=True,
        )


@pytest.mark.parametrize(("rewriting", "appends"), [(False, True), (True, True), (False, False)])
async def test_a_promotion_tells_whether_the_file_holds_the_data(rewriting: bool, appends: bool) -> None:
    async with running_at(voting(5)) as fake:
        fake.rewriting, fake.appends = rewriting, appends
        server, _ = await carried_out(fake, command(Verb.PROMOTE))
        assert server.primary
        assert server.written is (appends and not rewriting)


async def test_a_vote_tells_that_its_pod_forgot_where_its_data_ends() -> None:
    async with running(4) as fake:
        fake.offset, fake.forgotten = 1, 99
        server, _ = await carried_out(fake, command(Verb.DETACH))
        assert (server.offset, server.forgot) == (1, True)


async def test_a_detach_holds_the_pod_and_leaves_readers_of_a_replica_alone() -> None:
    async with running(4) as fake:
        fake.follows = PRIMARY
        server, steps = await carried_out(fake, command(Verb.DETACH))
        assert steps == [PINGS, "REPLICAOF 127.0.0.1 1", "CLIENT UNPAUSE"]
        assert (server.fence, server.voting, server.primary, server.link_up) == (5, True, False, False)
        assert set(fake.users) == set(fake.on_disk) == {"vote-5"}


async def test_a_detach_of_a_primary_cuts_its_clients_also_on_a_connection_that_read_nothing_yet() -> None:
    async with running(4) as fake:
        fake.primary = True
        server, steps = await carried_out(fake, command(Verb.DETACH))
        assert steps == [PINGS, "REPLICAOF 127.0.0.1 1", "CLIENT UNPAUSE", *CUT]
        assert not server.primary


@pytest.mark.parametrize(
    ("verb", "position"), [(Verb.DETACH, acting(4)), (Verb.FOLLOW, acting(4)), (Verb.FOLLOW, acting(5))]
)
async def test_clients_of_a_process_that_has_just_started_are_cut(verb: Verb, position: int) -> None:
    """They came for the primary of this name that was: who publishes or only reads gets no error from a replica."""
    async with running_at(position) as fake:
        _, steps = await carried_out(fake, command(verb, host="127.9.9.9"))
        assert steps[-2:] == CUT


@pytest.mark.parametrize("fresh", [False, True], ids=["same connection", "fresh connection"])
async def test_readers_of_a_replica_that_voted_are_left_alone_when_it_follows_again(fresh: bool) -> None:
    """The vote itself leaves it at the hold address, as a start does."""
    async with running(4) as fake, session(fake) as opened:
        fake.follows = PRIMARY
        await carry_out(opened, command(Verb.DETACH), acks=2, port=6379)
        async with session(fake) as other:
            following = other if fresh else opened
            await carry_out(following, command(Verb.FOLLOW, host="127.9.9.9"), acks=2, port=6379)
        assert not set(CUT) & set(fake.log)


async def test_who_came_to_a_former_primary_between_its_vote_and_its_new_role_is_cut_too_and_then_nobody() -> None:
    """The way of a Service is changed on each node by itself, some time after the object."""
    async with running(4) as fake, session(fake) as opened:
        fake.primary = True
        for _ in range(3):
            verb = Verb.DETACH if fake.primary else Verb.FOLLOW
            await carry_out(opened, command(verb, host="127.9.9.9"), acks=2, port=6379)
        assert fake.log.count(CUT[0]) == fake.log.count(CUT[1]) == 2


async def test_a_promotion_sets_the_acks_first_and_is_read_back_in_the_same_transaction() -> None:
    async with running(5) as fake:
        server, steps = await carried_out(fake, command(Verb.PROMOTE, run_id="a" * 40))
        assert steps == [f"CONFIG SET min-replicas-to-write 2 {PERIOD} 1", "REPLICAOF NO ONE", "CLIENT UNPAUSE", *CUT]
        assert (server.primary, server.min_acks, server.fence, server.voting) == (True, 2, 5, False)


@pytest.mark.parametrize("fresh", [False, True], ids=["same connection", "fresh connection"])
async def test_a_promotion_marks_the_volume_before_the_pod_is_a_primary_and_in_no_more_exchanges(fresh: bool) -> None:
    """The mark comes with the users of the position and is saved with them; that of an older promotion goes."""
    async with running_at(voting(4)) as fake, session(fake) as opened:
        fake.users["lead-3"] = fake.users["was/aaaa/op-9"] = ""
        voted = await carry_out(opened, command(Verb.DETACH), acks=2, port=6379)
        assert (voted.promoted, voted.lives) == (3, (Life("aaaa", 9),))
        fake.log.clear()
        async with session(fake) as other:
            promoted = await carry_out(other if fresh else opened, command(Verb.PROMOTE), acks=2, port=6379)
        assert (promoted.promoted, promoted.lives) == (0, ())
        assert set(fake.on_disk) == {"op-5", "repl-5", "lead-5"}
        assert fake.log.index("ACL SAVE") < fake.log.index("REPLICAOF NO ONE")
        assert "ACL SETUSER lead-5 reset off" in fake.log
        assert [line for line in fake.log if line.startswith("ACL DELUSER")] == [
            "ACL DELUSER lead-3 vote-5 was/aaaa/op-9"
        ]


async def test_a_pod_whose_process_did_not_end_in_order_says_nothing_of_its_promotion_until_it_acts_again() -> None:
    """The mark stays, and does not count."""
    async with running_at(voting(4)) as fake:
        fake.users["lead-3"] = fake.users["torn"] = ""
        async with session(fake) as opened:
            voted = await carry_out(opened, command(Verb.DETACH), acks=2, port=6379)
        assert voted.promoted == 0
        assert set(fake.on_disk) == {"vote-5", "lead-3", "torn"}
        await carried_out(fake, command(Verb.PROMOTE))
        assert set(fake.on_disk) == {"op-5", "repl-5", "lead-5"}


@pytest.mark.parametrize("why", ["rewriting", "follows somebody", "no file", "tells no end"])
async def test_a_promotion_is_not_marked_where_the_disk_may_not_hold_the_data(why: str) -> None:
    """After a full copy the append-only file is that of the former data until it is written anew."""
    async with running_at(voting(5)) as fake:
        fake.rewriting = why == "rewriting"
        fake.follows = PRIMARY if why == "follows somebody" else fake.follows
        fake.appends = why != "no file"
        fake.pid_file = "" if why == "tells no end" else fake.pid_file
        await carried_out(fake, command(Verb.PROMOTE))
        assert fake.primary
        assert set(fake.on_disk) == {"op-5", "repl-5"}


async def test_who_follows_is_marked_no_more() -> None:
    """Its data is about to be that of another pod, whose mark is newer."""
    async with running_at(voting(5)) as fake:
        fake.users["lead-4"] = fake.users["was/aaaa/lead-9"] = ""
        await carried_out(fake, command(Verb.FOLLOW, host="127.9.9.9"))
        assert set(fake.on_disk) == {"op-5", "repl-5"}


async def test_a_follow_brings_the_replication_user_of_the_epoch() -> None:
    async with running(4) as fake:
        fake.follows = PRIMARY
        server, steps = await carried_out(fake, command(Verb.FOLLOW, host="127.9.9.9"))
        secret = KEYS.of("repl-5")
        assert steps == [
            f"CONFIG SET masteruser repl-5 masterauth {secret} min-replicas-to-write 2 {PERIOD} 1",
            "REPLICAOF 127.9.9.9 6379",
            "CLIENT UNPAUSE",
        ]
        assert server.follows == "127.9.9.9"


@pytest.mark.parametrize(
    ("verb", "steps"),
    [
        (Verb.HOLD_WRITES, [f"CONFIG SET {PERIOD} 3600", "CLIENT PAUSE 300 WRITE", "SHUTDOWN ABORT"]),
        (Verb.CONFIGURE, ["CONFIG SET min-replicas-to-write 2"]),
    ],
)
async def test_verbs_that_do_not_move_a_pod_work_at_its_epoch_only(verb: Verb, steps: list[str]) -> None:
    async with running(5) as fake:
        assert (await carried_out(fake, command(verb, pause_ms=300)))[1] == steps
    for other in (acting(4), voting(5), acting(6)):
        async with running_at(other) as fake, session(fake) as opened:
            with pytest.raises(OutdatedError, match="or not yet acting; the command is of 5"):
                await carry_out(opened, command(verb, pause_ms=300), acks=1, port=6379)
            assert not any(line.startswith(("CLIENT", "CONFIG SET", "ACL")) for line in fake.log)


@pytest.mark.parametrize("position", [voting(5), acting(5)])
async def test_a_shutdown_ends_the_process_and_returns_its_last_reading(position: int) -> None:
    async with running_at(position) as fake, session(fake) as opened:
        server = await carry_out(opened, command(Verb.SHUTDOWN, run_id="a" * 40), acks=1, port=6379)
        assert (server.run_id, server.keys) == ("a" * 40, 7)
        assert fake.log[-1] == "SHUTDOWN NOSAVE NOW FORCE"
        assert opened.connection.closed


async def test_a_shutdown_that_is_refused_is_an_error() -> None:
    async with running(5) as fake, session(fake) as opened:
        fake.faults["SHUTDOWN"] = error("ERR Errors trying to SHUTDOWN. Check logs.")
        with pytest.raises(ServerRefusedError, match="SHUTDOWN"):
            await carry_out(opened, command(Verb.SHUTDOWN), acks=1, port=6379)


@pytest.mark.parametrize("verb", [Verb.DETACH, Verb.PROMOTE, Verb.FOLLOW, Verb.SHUTDOWN])
async def test_a_pod_of_a_newer_epoch_is_not_touched(verb: Verb) -> None:
    async with running(6) as fake, session(fake) as opened:
        with pytest.raises(OutdatedError):
            await carry_out(opened, command(verb, host="127.9.9.9"), acks=1, port=6379)
        assert all(line.startswith(("AUTH", "INFO", "CONFIG GET")) for line in fake.log)


async def test_a_late_detach_does_not_undo_the_promotion_of_its_own_epoch() -> None:
    async with running_at(voting(5)) as fake:
        await carried_out(fake, command(Verb.PROMOTE))
        async with session(fake) as opened:
            with pytest.raises(OutdatedError, match=r"the pod is at epoch 5, the command is of epoch 5 \(voting\)"):
                await carry_out(opened, command(Verb.DETACH), acks=1, port=6379)
        assert fake.primary


@pytest.mark.parametrize(("aof", "status", "told"), [(1, "err", "MISCONF"), (1, "ok", ""), (0, "err", "")])
async def test_a_full_disk_is_read_where_there_is_an_append_only_file(aof: int, status: str, told: str) -> None:
    async with running(5) as fake:
        plain = fake._info()
        text = plain.replace("aof_enabled:1", f"aof_enabled:{aof}").replace(
            "write_status:ok", f"write_status:{status}", 1
        )
        fake.faults["INFO"] = text.encode()
        assert (await carried_out(fake, command(Verb.READ)))[0].disk_error == told


async def test_what_was_meant_for_a_former_process_is_not_done_by_its_successor() -> None:
    async with running(4) as fake, session(fake) as opened:
        with pytest.raises(WrongProcessError, match=f"process {'a' * 40} answers, former is meant"):
            await carry_out(opened, command(Verb.PROMOTE, run_id="former"), acks=1, port=6379)
        assert set(fake.users) == {"op-4", "repl-4"}
        assert not fake.primary


@pytest.mark.parametrize("fault", ["REPLICAOF", "exec:REPLICAOF", "EXEC"])
async def test_a_refused_step_is_a_refusal_with_its_code(fault: str) -> None:
    async with running(5) as fake, session(fake) as opened:
        fake.faults[fault] = error("LOADING Valkey is loading the dataset in memory")
        with pytest.raises(ServerRefusedError, match="LOADING") as caught:
            await carry_out(opened, command(Verb.PROMOTE), acks=1, port=6379)
        assert caught.value.code == "LOADING"


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (OutdatedError("x"), AnswerKind.FENCED),
        (WrongProcessError("x"), AnswerKind.OTHER_PROCESS),
        (ServerRefusedError("x", ErrorReply(b"NOAUTH")), AnswerKind.ERROR),
        (RefusedConnectionError("x"), AnswerKind.REFUSED),
        (NoConnectionError("x"), AnswerKind.UNREACHABLE),
        (LostError("x"), AnswerKind.UNKNOWN),
        (NoAnswerError("x"), AnswerKind.UNKNOWN),
        (GarbageError("x"), AnswerKind.UNKNOWN),
        (ValkeyError("x"), AnswerKind.UNKNOWN),
    ],
)
def test_each_failure_says_whether_it_may_have_happened(failure: ValkeyError, kind: AnswerKind) -> None:
    assert answer_of("vc-0", failure) == Answer("vc-0", kind, None, str(failure))
