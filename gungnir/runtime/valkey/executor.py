"""Carry out one ``PodCommand`` on a session and answer it: the only place where a verb becomes Valkey commands.

Rules
- Every verb but READ runs at exactly its epoch: an older pod is raised first (or refused, by the verbs that do not move
  a pod), a newer one refuses.
- What must not be torn apart is one MULTI, and the reading that answers for it is taken inside.
- DETACH leaves the pod at the voting position of its epoch; PROMOTE and FOLLOW raise it to the acting one, so a
  DETACH that arrives late cannot undo them. PROMOTE marks the volume with the raise, before the pod is a primary.
- ``REPLICAOF`` to the hold address, where nothing listens, keeps the data and stays read-only: that is "detached".
"""

from collections.abc import Sequence

from gungnir.machines.requests import Answer, AnswerKind, PodCommand, Verb
from gungnir.machines.view import Life, Server
from gungnir.resources import fence
from gungnir.resources.conf import HOLD_HOST, HOLD_PORT
from gungnir.resp import commands
from gungnir.resp.commands import ClientType
from gungnir.resp.view import ServerView, WriteStatus
from gungnir.runtime.valkey.connection import (
    GarbageError,
    LostError,
    NoAnswerError,
    NoConnectionError,
    RefusedConnectionError,
    ValkeyError,
)
from gungnir.runtime.valkey.session import (
    MIN_ACKS,
    READING,
    OutdatedError,
    ServerRefusedError,
    Session,
    is_primary,
)

_CUT_CLIENTS = (
    commands.client_kill(client_type=ClientType.NORMAL, user="default"),
    commands.client_kill(client_type=ClientType.PUBSUB, user="default"),
)


PING_PERIOD = "repl-ping-replica-period"
PING_PERIOD_S = 1
"""As in valkey.conf (resources/conf.py): replicas tell a dead primary by it."""
NO_PINGS_S = 3600
"""While writes are held. Every verb that ends the hold sets the period back; the intent is stored before the hold."""
_AT_THE_EPOCH = frozenset({Verb.HOLD_WRITES, Verb.CONFIGURE})
"""Verbs for a pod that is at the epoch already: they raise nothing."""


def reading(view: ServerView, position: int, min_acks: int = -1) -> Server:
    """Reduce what a server said to what decisions use.

    Args:
        view: Its INFO.
        position: Position of the fence that it was read at.
        min_acks: Its ``min-replicas-to-write``; -1 if it was not asked.
    """
    link = view.link
    return Server(
        run_id=view.run_id,
        primary=is_primary(view),
        replid=view.master_replid,
        replid2=view.master_replid2 or "",
        second_offset=view.second_repl_offset or 0,
        offset=view.offset,
        fence=fence.epoch_at(position),
        voting=fence.is_voting(position),
        follows="" if link is None else link.master_host,
        link_up=link is not None and link.up,
        last_io_s=-1 if link is None or link.master_last_io_seconds_ago is None else link.master_last_io_seconds_ago,
        syncing=link is not None and link.master_sync_in_progress,
        loading=view.loading or view.async_loading,
        keys=view.keys or 0,
        linked=sum(1 for replica in view.replicas if replica.online),
        priority=100 if link is None else link.slave_priority,
        version=".".join(str(part) for part in view.version),
        min_acks=min_acks,
        started_s=view.started_s,
        link_down_s=-1
        if link is None or link.master_link_down_since_seconds is None
        else link.master_link_down_since_seconds,
        good=-1 if view.good_replicas is None else view.good_replicas,
        written=view.aof_whole,
        forgot=view.forgot,
        disk_error="MISCONF" if view.aof_enabled and view.aof_last_write_status is not WriteStatus.OK else "",
    )


async def carry_out(session: Session, command: PodCommand, *, acks: int, port: int) -> Server:
    """Carry out a command and return the reading taken after it.

    Args:
        session: With the pod that the command names.
        command: What to do.
        acks: Replicas that a write needs (``min-replicas-to-write``), set by PROMOTE, FOLLOW and CONFIGURE.
        port: Port on which pods serve.

    Raises:
        OutdatedError: The pod is at a newer epoch.
        WrongProcessError: Another process answers than the one that the command means.
        ValkeyError: Any other failure.
    """
    if command.verb is Verb.READ:
        return reading(await session.read(), session.position, session.min_acks)
    # A connection ends with its process, so the run id that was read on it holds for as long as it stands. On a fresh
    # one nothing is known yet, not even whether there are clients of a primary to cut.
    if not session.run_id:
        await session.read()
    if command.run_id and session.run_id != command.run_id:
        raise WrongProcessError(f"process {session.run_id} answers, {command.run_id} is meant")
    if command.verb is Verb.SHUTDOWN:
        return await _ended(session, command)
    # A pod that follows nobody without having voted has just started. The client Service leads to a pod by its name, so
    # to a former primary's next process too, until it is unrouted: who publishes or only reads there gets no error.
    session.strays |= session.primary or (session.held and session.position != fence.voting(command.epoch))
    if command.verb in _AT_THE_EPOCH:
        if session.position != fence.acting(command.epoch):
            at = fence.epoch_at(session.position)
            raise OutdatedError(f"the pod is at epoch {at}, or not yet acting; the command is of {command.epoch}")
    else:
        vote = command.verb is Verb.DETACH
        marked = command.verb is Verb.PROMOTE and session.whole_on_disk
        await session.raise_fence(
            fence.voting(command.epoch) if vote else fence.acting(command.epoch),
            (fence.mark(command.epoch),) if marked else (),
        )
    steps = _steps(session, command, acks, port)
    # SHUTDOWN is not allowed in a MULTI. Behind it in the same exchange: the server reads both before it looks whether
    # it may end, and its error ("no shutdown in progress") is the usual answer.
    after = (commands.shutdown_abort(),) if command.verb is Verb.HOLD_WRITES else ()
    answers = await session.transaction([*steps, *READING], after)
    info, config = answers[len(steps) : len(steps) + len(READING)]
    if command.verb is Verb.FOLLOW:
        session.strays = False
    after_it = reading(session.seen(info, config), session.position, session.min_acks)
    return _with_marks(after_it, session.users) if command.verb is Verb.DETACH else after_it


def _with_marks(server: Server, users: tuple[str, ...]) -> Server:
    """Return the reading with what the marks of the pod's volume tell."""
    promotions = (fence.position_of(user) for user in users if fence.is_mark(user) and fence.TORN not in users)
    return server._replace(
        promoted=max((fence.epoch_at(at) for at in promotions if at is not None), default=0),
        lives=tuple(Life(*former) for former in fence.formers(users)),
    )


async def _ended(session: Session, command: PodCommand) -> Server:
    """Read the server for the last time and end its process; whoever is ahead of the command's epoch is left alone."""
    if session.position > fence.acting(command.epoch):
        raise OutdatedError(
            f"the pod is at epoch {fence.epoch_at(session.position)}, the command is of {command.epoch}"
        )
    last = reading(await session.read(), session.position, session.min_acks)
    await session.end()
    return last


class WrongProcessError(ValkeyError):
    """Another process answers at this address than the one that the command means."""


def _steps(session: Session, command: PodCommand, acks: int, port: int) -> Sequence[tuple[bytes, ...]]:
    # Clients of a primary must look for the new one; those that read from a replica are left alone.
    cut = _CUT_CLIENTS if session.strays else ()
    match command.verb:
        case Verb.DETACH:
            return [
                commands.config_set({PING_PERIOD: PING_PERIOD_S}),
                commands.replicaof(HOLD_HOST, HOLD_PORT),
                commands.client_unpause(),
                *cut,
            ]
        case Verb.PROMOTE:
            return [
                commands.config_set({MIN_ACKS: acks, PING_PERIOD: PING_PERIOD_S}),
                commands.replicaof_no_one(),
                commands.client_unpause(),
                *_CUT_CLIENTS,
            ]
        case Verb.FOLLOW:
            user, secret = session.link_password(command.epoch)
            return [
                # The old spelling is known to every release from 7.2 on.
                commands.config_set(
                    {"masteruser": user, "masterauth": secret, MIN_ACKS: acks, PING_PERIOD: PING_PERIOD_S}
                ),
                commands.replicaof(command.host, port),
                commands.client_unpause(),
                *cut,
            ]
        case Verb.HOLD_WRITES:
            # A ping to the replicas counts in the offset: without this the primary would be ahead of a level target.
            return [
                commands.config_set({PING_PERIOD: NO_PINGS_S}),
                commands.client_pause(command.pause_ms, write=True),
            ]
        case Verb.CONFIGURE:
            return [commands.config_set({MIN_ACKS: acks})]
        case Verb.READ | Verb.SHUTDOWN:
            return []


def answer_of(pod: str, error: ValkeyError) -> Answer:
    """Turn a failure into the answer that a machine understands: did it happen, and if not, why."""
    kinds: tuple[tuple[type[ValkeyError], AnswerKind], ...] = (
        (OutdatedError, AnswerKind.FENCED),
        (WrongProcessError, AnswerKind.OTHER_PROCESS),
        (ServerRefusedError, AnswerKind.ERROR),
        (RefusedConnectionError, AnswerKind.REFUSED),
        (NoConnectionError, AnswerKind.UNREACHABLE),
        (LostError, AnswerKind.UNKNOWN),
        (NoAnswerError, AnswerKind.UNKNOWN),
        (GarbageError, AnswerKind.UNKNOWN),
    )
    for cls, kind in kinds:
        if isinstance(error, cls):
            return Answer(pod, kind, None, str(error))
    return Answer(pod, AnswerKind.UNKNOWN, None, str(error))
