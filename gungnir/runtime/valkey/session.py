"""A session with one pod's server: authenticated as the operator user of the epoch that the pod is fenced at.

Rules (design of the fence)
- A pod's fence is the lowest epoch whose operator user it still accepts: whoever holds that user may still command.
- Raising the fence from f to e authenticates as the user it replaces: as op-f create op-e and repl-e, then as op-e
  delete every other epoch's users and save the ACL file in one MULTI, then read the users back. (One MULTI that
  deletes its own user is answered partly and does not save.) Only when the read-back shows op-e and repl-e alone is
  the fence raised.
- A fence that was found raised may not have reached the disk (ACL SAVE failed, and nobody can ask): each connection
  saves once before it commands, so that what a restart brings back is never older than what was commanded.
- A user of a newer epoch than ours means that we are outdated: nothing is done.
- A connection belongs to one process: a restart ends it. The run id read after connecting binds all that follows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gungnir.resources.credentials import (
    hash_of,
    operator_user,
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
from gungnir.runtime.valkey.connection import Connection, ValkeyError

READ_SECTIONS = ("server", "replication", "persistence", "clients", "keyspace")
MIN_ACKS = "min-replicas-to-write"
READING = (commands.info(*READ_SECTIONS), commands.config_get(MIN_ACKS))
"""What a reading is made of, in one exchange: INFO does not tell how many replicas a write needs."""
EPOCHS_BEHIND = 64
"""How many epochs a pod may have been left behind and still be found in one exchange."""
EPOCHS_AHEAD = 8
RAISE_TRIES = 3


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
    """One authenticated connection. Any error closes it; open another."""

    def __init__(self, connection: Connection, keys: Keys, timeout_ms: int) -> None:
        """Wrap a fresh connection; ``login`` must come first."""
        self.connection = connection
        self.fence = -1
        self.run_id = ""
        self.primary = False
        self.min_acks = -1
        self._saved = False
        self._keys = keys
        self._timeout_ms = timeout_ms

    @classmethod
    async def opened(
        cls,
        address: str,
        port: int,
        keys: Keys,
        epoch: int,
        timeouts_ms: tuple[int, int],
        source: str = "",
        on_lost: Callable[[], None] | None = None,
    ) -> "Session":
        """Connect and authenticate. ``timeouts_ms`` are those of connecting and of one command.

        Raises:
            ValkeyError: Any subclass.
        """
        connection = await Connection.opened(address, port, timeouts_ms[0], source, on_lost)
        session = cls(connection, keys, timeouts_ms[1])
        try:
            await session.login(epoch)
        except BaseException:
            connection.close()
            raise
        return session

    async def login(self, epoch: int) -> None:
        """Find the epoch that the pod is fenced at, near ``epoch`` first, and authenticate as its operator user.

        Raises:
            ServerRefusedError: No epoch's user is accepted (another Secret, or a server that is not ours).
        """
        answers = await self._try([max(0, epoch - 1), epoch] if epoch else [0])
        if self.fence < 0:
            older = list(range(max(0, epoch - EPOCHS_BEHIND), max(0, epoch - 1)))
            answers = await self._try([*older, *range(epoch + 1, epoch + 1 + EPOCHS_AHEAD)])
        if self.fence < 0:
            raise ServerRefusedError("AUTH", next(answer for answer in answers if isinstance(answer, ErrorReply)))

    async def _try(self, epochs: Sequence[int]) -> list[Value]:
        users = [operator_user(epoch) for epoch in epochs]
        answers = await self._call([commands.auth(user, self._keys.of(user)) for user in users])
        accepted = [epoch for epoch, answer in zip(epochs, answers, strict=True) if not isinstance(answer, ErrorReply)]
        if accepted:
            self.fence = accepted[0]
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
            min_acks = int(parse_config(config)[MIN_ACKS])
        except (ReplyError, KeyError, ValueError) as exc:
            self.connection.close()
            raise ValkeyError(f"INFO, CONFIG GET: {exc}") from exc
        self.run_id = view.run_id
        self.primary = is_primary(view)
        self.min_acks = min_acks
        return view

    async def raise_fence(self, epoch: int) -> None:
        """Let only the users of ``epoch`` command this pod and link to it, also after a restart.

        Raises:
            OutdatedError: The pod is at a newer epoch.
            ServerRefusedError: A step was refused, for example ACL SAVE with a full disk.
        """
        if self.fence > epoch:
            raise OutdatedError(f"the pod is at epoch {self.fence}, the command is of {epoch}")
        if self.fence == epoch:
            await self._save()
            return
        operator, replication = operator_user(epoch), replication_user(epoch)
        secret = self._keys.of(operator)
        answers = await self._call(
            [
                commands.acl_setuser(operator, *operator_user_rules(hash_of(secret))),
                commands.acl_setuser(replication, *replication_user_rules(hash_of(self._keys.of(replication)))),
                commands.auth(operator, secret),
                commands.acl_users(),
            ]
        )
        for name, answer in zip(("ACL SETUSER", "ACL SETUSER", "AUTH"), answers, strict=False):
            _expect(name, answer)
        users = _epoch_users(answers[3])
        for _ in range(RAISE_TRIES):
            if max(users.values(), default=0) > epoch:
                raise OutdatedError(f"the pod knows users of epoch {max(users.values())}, the command is of {epoch}")
            others = sorted(user for user, of in users.items() if of != epoch)
            if not others:
                await self._save()
                self.fence = epoch
                return
            users = await self._expel(others)
        raise OutdatedError("other operators keep adding users to the pod")

    async def _expel(self, users: list[str]) -> dict[str, int]:
        """Delete these users, save, and return the epoch users that the read-back shows."""
        steps = [commands.acl_deluser(*users), commands.acl_save()]
        answers = await self.transaction(steps, after=[commands.acl_users()])
        self._saved = True
        return _epoch_users(answers[-1])

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

    async def _call(self, batch: Sequence[tuple[bytes, ...]]) -> list[Value]:
        return await self.connection.call(batch, self._timeout_ms)

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


def _epoch_users(answer: Value) -> dict[str, int]:
    _expect("ACL USERS", answer)
    try:
        names = parse_names(answer)
    except ReplyError as exc:
        raise ValkeyError(str(exc)) from exc
    users: dict[str, int] = {}
    for name in names:
        kind, _, number = name.partition("-")
        if kind in ("op", "repl") and number.isascii() and number.isdecimal():
            users[name] = int(number)
    return users


__all__ = ["Keys", "OutdatedError", "ServerRefusedError", "Session", "is_primary"]
