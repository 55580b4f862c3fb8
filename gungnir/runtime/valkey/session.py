"""A session with one pod's server: authenticated as the operator user of the position that the pod is fenced at.

Rules (of the fence; the positions are those of resources/fence.py)
- A pod's position is the lowest whose operator user it still accepts: whoever holds that user may still command.
- Raising the fence authenticates as the user it replaces: as the old user create the new position's users, then as
  the new one delete every other position's users and save the ACL file in one MULTI, then read the users back. (One
  MULTI that deletes its own user is answered partly and does not save.) Only when the read-back shows the new users
  alone is the fence raised.
- A fence that was found raised may not have reached the disk (ACL SAVE failed, and nobody can ask): each connection
  saves once before it commands, so that what a restart brings back is never older than what was commanded.
- A user of a newer position than ours means that we are outdated: nothing is done.
- An AUTH that may well fail comes first in its exchange: Valkey 7.2 and 8.0 send no answer at all to one that fails
  behind other answers (https://github.com/valkey-io/valkey/issues/2106). Behind the ACL SETUSER of the very user it
  fails only if that was refused; then there is no answer in time, which is Unknown, and the round is abandoned.
- A connection belongs to one process: a restart ends it. The run id read after connecting binds all that follows.
- The mark of a promotion is added and saved with the users of the position, so it costs no exchange, and the pod takes
  no write before it is on its disk. It is left out where the disk may not hold the pod's data yet (``whole_on_disk``).
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gungnir.resources import fence
from gungnir.resources.conf import HOLD_HOST, HOLD_PORT
from gungnir.resources.credentials import (
    hash_of,
    mark_rules,
    operator_user_rules,
    password,
    replication_user,
    replication_user_rules,
)
from gungnir.resp import commands
from gungnir.resp.errors import ErrorReply, ReplyError
from gungnir.resp.replies import parse_config, parse_info, parse_names, parse_server_view
from gungnir.resp.values import Value
from gungnir.resp.view import Role, ServerView
from gungnir.runtime.valkey.connection import AGAIN_MS, Connection, LostError, ValkeyError

READ_SECTIONS = ("server", "replication", "persistence", "clients", "keyspace")
MIN_ACKS = "min-replicas-to-write"
PID_FILE = "pidfile"
READING = (commands.info(*READ_SECTIONS), commands.config_get(MIN_ACKS, PID_FILE))
"""What a reading is made of, in one exchange: INFO does not tell how many replicas a write needs, nor whether a process
that ends in disorder will be known (one that was started with a file for its id)."""
EPOCHS_BEHIND = 64
"""How many epochs back the second exchange looks for a pod that was left behind, and each further one."""
EPOCHS_AHEAD = 8
RAISE_TRIES = 3


class Waits(NamedTuple):
    """How long a session waits: for a connection in all, for the answer to one exchange, and before it tries anew."""

    connect_ms: int
    command_ms: int
    again_ms: int = AGAIN_MS


class ServerRefusedError(ValkeyError):
    """An error reply: the command was not carried out. ``code`` is the first word (LOADING, NOAUTH ...)."""

    def __init__(self, command: str, error: ErrorReply) -> None:
        super().__init__(f"{command}: {error}")
        self.code = str(error.kind)


class OutdatedError(ValkeyError):
    """The pod is at a newer epoch than the command: somebody else leads."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What passwords derive from."""

    operator_key: str
    cluster_uid: str

    def of(self, user: str) -> str:
        """Return the password of a user."""
        return password(self.operator_key, self.cluster_uid, user)


class Session:
    """One authenticated connection. Any error closes it; open another.

    Attributes:
        position: Of the fence, as it was found or raised; -1 before that.
        run_id: Of the process, by the last reading; empty before one.
        primary: Whether it was a primary then.
        held: Whether it followed the hold address then.
        strays: Whether clients that look for a primary may be connected to it.
        min_acks: Its ``min-replicas-to-write`` then; -1 before that.
        whole_on_disk: Whether it was detached then, with no copy that its append-only file did not hold yet: as long as
            it is, its data is that of its disk. And whether its volume will tell if the process ends in disorder.
        users: All users and marks that the pod knew when its fence was raised or looked at last.
    """

    def __init__(self, connection: Connection, keys: Keys, timeout_ms: int) -> None:
        """Wrap a fresh connection; ``login`` must come first."""
        self.connection = connection
        self.position = -1
        self._secured = -1
        self.run_id = ""
        self.primary = False
        self.held = False
        self.strays = False
        self.min_acks = -1
        self.whole_on_disk = False
        self.users: tuple[str, ...] = ()
        self._saved = False
        self._keys = keys
        self.timeout_ms = timeout_ms

    @classmethod
    async def opened(
        cls,
        address: str,
        port: int,
        keys: Keys,
        epoch: int,
        waits: Waits,
        source: str = "",
        on_lost: Callable[[], None] | None = None,
    ) -> "Session":
        """Connect and authenticate.

        Raises:
            ValkeyError: Any subclass.
        """
        connection = await Connection.opened(address, port, waits.connect_ms, source, on_lost, waits.again_ms)
        session = cls(connection, keys, waits.command_ms)
        try:
            await session.login(epoch)
        except BaseException:
            connection.close()
            raise
        return session

    async def login(self, epoch: int) -> None:
        """Find the position that the pod is fenced at, near ``epoch`` first, and authenticate as its operator user.

        Raises:
            ServerRefusedError: No user is accepted (another Secret, or a server that is not ours).
        """
        near = range(max(0, fence.acting(epoch) - 2), fence.acting(epoch) + 1)
        answers = await self._try(near)
        if self.position < 0:
            oldest = fence.voting(max(0, epoch - EPOCHS_BEHIND))
            answers = await self._try([*range(oldest, near.start), *range(near.stop, near.stop + 2 * EPOCHS_AHEAD)])
            # Longer ago still: the volume of a pod that a scale-down took away, and a scale-up brought back.
            while self.position < 0 and oldest > 0:
                newest, oldest = oldest, max(0, oldest - 2 * EPOCHS_BEHIND)
                await self._try(range(oldest, newest))
        if self.position < 0:
            raise ServerRefusedError("AUTH", next(answer for answer in answers if isinstance(answer, ErrorReply)))

    async def _try(self, positions: Sequence[int]) -> list[Value]:
        """Authenticate as the newest of these operator users that the pod accepts; its position is the oldest."""
        answers: list[Value] = []
        for position in positions:
            user = fence.commander(position)
            answers += await self._call([commands.auth(user, self._keys.of(user))])
        accepted = [at for at, answer in zip(positions, answers, strict=True) if not isinstance(answer, ErrorReply)]
        if accepted:
            self.position = accepted[0]
        return answers

    async def read(self) -> ServerView:
        """Read the server.

        Raises:
            ServerRefusedError: It answers with an error.
            ValkeyError: It does not answer.
        """
        return self.seen(*await self._call(READING))

    def seen(self, info: Value, config: Value) -> ServerView:
        """Type the answers to ``READING`` and remember the run id and ``min_acks``.

        Raises:
            ServerRefusedError: One of them is an error.
            ValkeyError: One of them has another shape than Valkey gives it.
        """
        _expect("INFO", info)
        _expect("CONFIG GET", config)
        try:
            view = parse_server_view(parse_info(info))
            settings = parse_config(config)
            min_acks, tells_its_end = int(settings[MIN_ACKS]), bool(settings.get(PID_FILE))
        except (ReplyError, KeyError, ValueError) as exc:
            self.connection.close()
            raise ValkeyError(f"INFO, CONFIG GET: {exc}") from exc
        self.run_id = view.run_id
        self.primary = is_primary(view)
        self.held = view.link is not None and (view.link.master_host, view.link.master_port) == (HOLD_HOST, HOLD_PORT)
        self.whole_on_disk = self.held and view.aof_whole and tells_its_end
        self.min_acks = min_acks
        return view

    async def raise_fence(self, position: int, marks: tuple[str, ...] = ()) -> None:
        """Let only the users of ``position`` command this pod and link to it, also after a restart.

        Checked once for each connection even where the pod is there already: an earlier raise may have lost its answer
        before the read-back, or failed to save.

        Args:
            position: Where to.
            marks: Names to add with the users of the position, if they are added now.

        Raises:
            OutdatedError: The pod is at a newer position.
            ServerRefusedError: A step was refused, for example ACL SAVE with a full disk.
        """
        if self.position > position:
            raise OutdatedError(f"the pod is at {_named(self.position)}, the command is of {_named(position)}")
        if self._secured == position:
            return
        users = await self._enrol(position, marks) if self.position < position else await self._users()
        for _ in range(RAISE_TRIES):
            newest = max(users.values(), default=position)
            if newest > position:
                raise OutdatedError(f"the pod knows users of {_named(newest)}, the command is of {_named(position)}")
            others = self._superseded(users, position)
            if not others:
                await self._save()
                self.position = self._secured = position
                return
            users = await self._expel(others)
        raise OutdatedError("other operators keep adding users to the pod")

    def _superseded(self, users: dict[str, int], position: int) -> list[str]:
        """Return the users that a pod at this position must not know. Until it acts, it keeps what its marks tell."""
        of_others = (user for user, of in users.items() if of != position)
        if fence.is_voting(position):
            return sorted(user for user in of_others if not fence.is_mark(user))
        return sorted((*of_others, *(user for user in self.users if user.startswith((fence.FORMER, fence.TORN)))))

    async def _enrol(self, position: int, marks: tuple[str, ...]) -> dict[str, int]:
        """Add the users of a position, authenticate as its operator user, and return all that the pod knows."""
        self._saved = False
        names = fence.users(position)
        operator = fence.commander(position)
        *added, accepted, known = await self._call(
            [
                *(commands.acl_setuser(name, *self._rules(name)) for name in names),
                *(commands.acl_setuser(name, *mark_rules()) for name in marks),
                commands.auth(operator, self._keys.of(operator)),
                commands.acl_users(),
            ]
        )
        for answer in added:
            _expect("ACL SETUSER", answer)
        _expect("AUTH", accepted)
        return self._positions(known)

    def _rules(self, user: str) -> tuple[str, ...]:
        secret = hash_of(self._keys.of(user))
        return replication_user_rules(secret) if user.startswith("repl-") else operator_user_rules(secret)

    async def _users(self) -> dict[str, int]:
        (answer,) = await self._call([commands.acl_users()])
        return self._positions(answer)

    async def _expel(self, users: list[str]) -> dict[str, int]:
        """Delete these users, save, and return the epoch users that the read-back shows."""
        steps = [commands.acl_deluser(*users), commands.acl_save()]
        answers = await self.transaction(steps, after=[commands.acl_users()])
        self._saved = True
        return self._positions(answers[-1])

    def _positions(self, answer: Value) -> dict[str, int]:
        """Return the users and marks of any position that the pod knows, each with its position; remember all."""
        _expect("ACL USERS", answer)
        try:
            self.users = parse_names(answer)
        except ReplyError as exc:
            raise ValkeyError(str(exc)) from exc
        return {name: at for name in self.users if (at := fence.position_of(name)) is not None}

    async def _save(self) -> None:
        if not self._saved:
            (answer,) = await self._call([commands.acl_save()])
            _expect("ACL SAVE", answer)
            self._saved = True

    async def transaction(
        self, steps: Sequence[tuple[bytes, ...]], after: Sequence[tuple[bytes, ...]] = ()
    ) -> list[Value]:
        """Run the steps in one MULTI and what comes ``after`` behind it; return all their answers.

        Raises:
            ServerRefusedError: The transaction or one of its steps was refused.
        """
        answers = await self._call([commands.multi(), *steps, commands.exec_(), *after])
        executed = answers[len(steps) + 1]
        for answer in (*answers[1 : len(steps) + 1], executed):
            if isinstance(answer, ErrorReply):
                raise ServerRefusedError("EXEC", answer)
        if not isinstance(executed, tuple) or len(executed) != len(steps):
            raise ValkeyError(f"EXEC: not a list of {len(steps)} answers")
        for step, answer in zip(steps, executed, strict=True):
            _expect(step[0].decode(), answer)
        return [*executed, *answers[len(steps) + 2 :]]

    async def end(self) -> None:
        """End the server's process. A connection that ends is its answer.

        Raises:
            ServerRefusedError: It goes on.
            ValkeyError: Whether it ends is not known.
        """
        with contextlib.suppress(LostError):
            (answer,) = await self._call([commands.shutdown(save=False, now=True, force=True)])
            _expect("SHUTDOWN", answer)

    async def _call(self, batch: Sequence[tuple[bytes, ...]]) -> list[Value]:
        return await self.connection.call(batch, self.timeout_ms)

    def link_password(self, epoch: int) -> tuple[str, str]:
        """Return the replication user of an epoch and its password."""
        user = replication_user(epoch)
        return user, self._keys.of(user)

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


def is_primary(view: ServerView) -> bool:
    """Tell whether the server takes writes as a primary."""
    return view.role is Role.PRIMARY


def _expect(name: str, answer: Value) -> None:
    if isinstance(answer, ErrorReply):
        raise ServerRefusedError(name, answer)


def _named(position: int) -> str:
    return f"epoch {fence.epoch_at(position)}" + (" (voting)" if fence.is_voting(position) else "")


__all__ = ["Keys", "OutdatedError", "ServerRefusedError", "Session", "is_primary"]
