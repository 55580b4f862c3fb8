"""A scripted Valkey server on loopback: real bytes through the same codec, ACL users, MULTI, and any fault on demand.

It knows only what the operator sends. What a real server does with it is held by the live tests.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from gungnir.resources import fence
from gungnir.resp import ErrorReply, NeedMoreData, Reader, Simple, Value, encode_value
from gungnir.runtime.valkey.session import Keys

KEYS = Keys("5c" * 32, "cr-uid")
OK = Simple(b"OK")
QUEUED = Simple(b"QUEUED")
HOST = "127.0.0.1"

Words = tuple[str, ...]


def error(text: str) -> ErrorReply:
    return ErrorReply.from_text(text.encode())


@dataclass
class Peer:
    """One connection to the fake."""

    writer: asyncio.StreamWriter
    user: str = ""
    queue: list[Words] | None = None


@dataclass
class FakeValkey:
    """One pod's server. ``faults`` maps the first words of a command to what is answered instead.

    Attributes:
        users: ACL users and the hashes of their passwords.
        on_disk: The users that the last ACL SAVE wrote.
        log: Every command that was carried out, AUTH without its password.
        mute: Reads commands and answers nothing.
        tells_failed_auth: Answers an AUTH that fails behind other answers, as later releases do.
        greeting: Bytes sent to whoever connects.
    """

    users: dict[str, str] = field(default_factory=dict)
    on_disk: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    faults: dict[str, Value | Callable[[], Value]] = field(default_factory=dict)
    run_id: str = "a" * 40
    replid: str = "b" * 40
    primary: bool = False
    follows: str = "127.0.0.1 1"
    link: str = "down"
    offset: int = 100
    forgotten: int = 0
    loading: bool = False
    appends: bool = True
    rewriting: bool = False
    min_acks: str = "1"
    pid_file: str = "/data/valkey.pid"
    mute: bool = False
    tells_failed_auth: bool = False
    greeting: bytes = b""
    port: int = 0
    connections: int = 0
    peers: list[Peer] = field(default_factory=list)
    tasks: list[asyncio.Task[None] | None] = field(default_factory=list)
    _server: asyncio.Server | None = None

    # --- control ----------------------------------------------------------------------------------------------------

    def know(self, *positions: int) -> None:
        """Have the users of exactly these positions of the fence, saved."""
        users = [user for position in positions for user in fence.users(position)]
        self.users = {user: hashlib.sha256(KEYS.of(user).encode()).hexdigest() for user in users}
        self.on_disk = dict(self.users)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Die: every connection is reset and nothing listens any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Reset every connection."""
        for peer in self.peers:
            peer.writer.transport.abort()
        self.peers.clear()

    # --- the protocol -----------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.current_task())
        peer = Peer(writer)
        self.peers.append(peer)
        self.connections += 1
        writer.write(self.greeting)
        parser = Reader()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                parser.feed(data)
                pending = False
                while not isinstance(value := parser.next(), NeedMoreData):
                    assert isinstance(value, tuple)
                    words = tuple(part.decode() for part in value if isinstance(part, bytes))
                    answer = self._command(peer, words)
                    # As Valkey 7.2 and 8.0: an AUTH that fails behind other answers of its batch has no answer.
                    failed_auth = words[0] == "AUTH" and isinstance(answer, ErrorReply)
                    dropped = failed_auth and pending and not self.tells_failed_auth
                    if not self.mute and not writer.is_closing() and not dropped:
                        writer.write(encode_value(answer, protocol=2))
                    pending = True
                self._end_the_unknown()
        writer.close()

    def _end_the_unknown(self) -> None:
        for peer in list(self.peers):
            if peer.user and peer.user not in self.users:
                peer.writer.close()
                self.peers.remove(peer)

    def _command(self, peer: Peer, words: Words) -> Value:
        line = " ".join(words)
        for start, fault in self.faults.items():
            if line.startswith(start):
                return fault() if callable(fault) else fault
        if words[0] == "AUTH":
            return self._auth(peer, words)
        if peer.user not in self.users:
            return error("NOAUTH Authentication required.")
        if words[0] == "MULTI":
            peer.queue = []
            return OK
        if words[0] == "EXEC":
            queue, peer.queue = peer.queue or [], None
            return tuple(self._carry_out(each) for each in queue)
        if peer.queue is not None:
            peer.queue.append(words)
            return QUEUED
        return self._carry_out(words)

    def _auth(self, peer: Peer, words: Words) -> Value:
        _, user, secret = words
        if self.users.get(user) != hashlib.sha256(secret.encode()).hexdigest():
            return error("WRONGPASS invalid username-password pair or user is disabled.")
        peer.user = user
        self.log.append(f"AUTH {user}")
        return OK

    def _carry_out(self, words: Words) -> Value:  # noqa: C901, PLR0912 - one answer for each command
        line = " ".join(words)
        self.log.append(line)
        for start, fault in self.faults.items():
            if line.startswith(start.removeprefix("exec:")) and start.startswith("exec:"):
                return fault() if callable(fault) else fault
        match words:
            case ("INFO", *_):
                return self._info().encode()
            case ("CONFIG", "GET", *names):
                known = {"min-replicas-to-write": self.min_acks, "pidfile": self.pid_file}
                return tuple(part.encode() for name in names for part in (name, known[name]))
            case ("ACL", "USERS"):
                return tuple(user.encode() for user in ("default", "probe", *sorted(self.users)))
            case ("ACL", "SETUSER", user, *rules):
                self.users[user] = next((rule[1:] for rule in rules if rule.startswith("#")), "")
            case ("ACL", "DELUSER", *users):
                return sum(self.users.pop(user, None) is not None for user in users)
            case ("ACL", "SAVE"):
                self.on_disk = dict(self.users)
            case ("REPLICAOF", "NO", "ONE"):
                self.primary, self.follows, self.link = True, "", "down"
            case ("REPLICAOF", host, port):
                self.primary, self.follows, self.link = False, f"{host} {port}", "down"
            case ("CONFIG", "SET", *pairs):
                self.min_acks = dict(zip(pairs[::2], pairs[1::2], strict=True)).get(
                    "min-replicas-to-write", self.min_acks
                )
            case ("CLIENT", "KILL", *_):
                return 0
            case ("SHUTDOWN", "ABORT"):
                return error("ERR No shutdown in progress.")
            case ("SHUTDOWN", *_):
                self.stop()
            case _:
                pass
        return OK

    def _info(self) -> str:
        host, _, port = self.follows.partition(" ")
        link = (
            f"master_host:{host}\r\nmaster_port:{port}\r\nmaster_link_status:{self.link}\r\n"
            "master_last_io_seconds_ago:0\r\nmaster_sync_in_progress:0\r\nmaster_link_down_since_seconds:3\r\n"
            f"slave_repl_offset:{self.offset}\r\nslave_priority:100\r\nslave_read_only:1\r\n"
        )
        return (
            f"# Server\r\nvalkey_version:9.1.2\r\nrun_id:{self.run_id}\r\nuptime_in_seconds:5\r\n"
            f"# Replication\r\nrole:{'master' if self.primary else 'slave'}\r\n{'' if self.primary else link}"
            f"connected_slaves:0\r\nmaster_replid:{self.replid}\r\nmaster_replid2:{'0' * 40}\r\n"
            f"master_repl_offset:{self.offset + self.forgotten}\r\nsecond_repl_offset:-1\r\n"
            f"# Persistence\r\nloading:{int(self.loading)}\r\nasync_loading:0\r\naof_enabled:{int(self.appends)}\r\n"
            f"aof_rewrite_in_progress:{int(self.rewriting)}\r\naof_rewrite_scheduled:0\r\n"
            "aof_last_write_status:ok\r\nrdb_last_bgsave_status:ok\r\n"
            "# Clients\r\nconnected_clients:3\r\npaused_actions:none\r\n# Keyspace\r\ndb0:keys=7,expires=0\r\n"
        )


@contextlib.asynccontextmanager
async def running_at(*positions: int) -> AsyncIterator[FakeValkey]:
    """A fake that knows the users of these positions of the fence."""
    fake = FakeValkey()
    fake.know(*positions)
    await fake.start()
    try:
        yield fake
    finally:
        fake.stop()
        await asyncio.gather(*(task for task in fake.tasks if task is not None))


def running(epoch: int) -> contextlib.AbstractAsyncContextManager[FakeValkey]:
    """A fake that acts in this epoch."""
    return running_at(fence.acting(epoch))
