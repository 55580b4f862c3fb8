"""Record the corpus from a real server: ``python record.py PATH/valkey-server [PORT]``.

Writes one directory per version beside this file: ``INFO`` texts of a pod's states, and what the server sent, byte by
byte, to a RESP2 and a RESP3 client. What names the recording machine (path of the executable, kernel) is replaced.
"""

import contextlib
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from gungnir.resp import NEED_MORE_DATA, Info, Reader, Value, encode_command, parse_info

T = TypeVar("T")
HERE = Path(__file__).parent
SECTIONS = ("server", "replication", "persistence", "clients", "keyspace")
HOLD = ("127.0.0.1", "1")
DEADLINE_S = 20.0
SIMPLE_TYPES = ["string", "integer", "double", "null", "verbatim", "true", "false", "bignum"]
AGGREGATE_TYPES = ["array", "set", "map", "attrib", "push"]
SESSION: list[tuple[str, ...]] = [
    *(("DEBUG", "PROTOCOL", name) for name in SIMPLE_TYPES + AGGREGATE_TYPES),
    ("ROLE",),
    ("ACL", "WHOAMI"),
    ("ACL", "USERS"),
    ("CONFIG", "GET", "maxmemory"),
    ("MULTI",),
    ("PING",),
    ("NOSUCH", "argument"),
    ("EXEC",),
    ("MULTI",),
    ("PING",),
    ("INCR", "key:1"),
    ("EXEC",),
    ("WAIT", "0", "10"),
    ("CLIENT", "KILL", "TYPE", "pubsub"),
    ("REPLICAOF", "NO", "ONE"),
    ("FAILOVER", "ABORT"),
    ("AUTH", "nobody", "wrong"),
]


class Server:
    """One process and one connection to it."""

    def __init__(self, executable: str, port: int, directory: Path, *options: str) -> None:
        directory.mkdir(exist_ok=True)
        self.port = port
        fixed = (
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--repl-diskless-sync-delay",
            "0",
            "--enable-debug-command",
            "yes",
        )
        self.process = subprocess.Popen(
            [executable, "--port", str(port), "--dir", str(directory), *fixed, *options], stdout=subprocess.DEVNULL
        )
        self.socket = until(self._connect)
        self.reader = Reader()

    def _connect(self) -> socket.socket | None:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)
        return None

    def call(self, *command: str) -> Value:
        self.socket.sendall(encode_command(*command))
        while (value := self.reader.next()) is NEED_MORE_DATA:
            self.reader.feed(self.socket.recv(65536))
        return value

    def text(self, *sections: str) -> bytes:
        text = self.call("INFO", *(sections or SECTIONS))
        assert isinstance(text, bytes)
        return text

    def info(self) -> Info:
        return parse_info(self.text())

    def raw(self, protocol: str) -> bytes:
        """What the server sends for one session on a connection of its own, until it closes."""
        commands = [("HELLO", protocol), *SESSION, ("QUIT",)]
        if protocol == "2":
            commands.remove(("DEBUG", "PROTOCOL", "push"))
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as connection:
            connection.sendall(b"".join(encode_command(*command) for command in commands))
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def kill(self) -> None:
        self.socket.close()
        self.process.kill()
        self.process.wait()


def until(probe: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if result := probe():
            return result
        time.sleep(0.02)
    raise TimeoutError(f"{probe} came to nothing within {DEADLINE_S} s")


def scrub(text: bytes) -> bytes:
    text = re.sub(rb"(?m)^executable:[^\r]*", b"executable:/usr/local/bin/valkey-server", text)
    return re.sub(rb"(?m)^os:[^\r]*", b"os:Linux x86_64", text)


def states(executable: str, port: int, root: Path) -> Iterator[tuple[str, bytes]]:
    """The states of a pod in the order of its life."""
    fenced = ("--appendonly", "yes", "--replicaof", " ".join(HOLD))
    primary = Server(executable, port, root / "primary", "--appendonly", "yes")
    replica = Server(executable, port + 1, root / "replica", *fenced)
    yield "hold-empty.info", replica.text()
    for number in range(300):
        primary.call("SET", f"key:{number}", "x" * 1000)
    primary.call("CONFIG", "SET", "rdb-key-save-delay", "10000")
    replica.call("REPLICAOF", "127.0.0.1", str(port))
    until(lambda: replica.info().flag("master_sync_in_progress"))
    yield "replica-syncing.info", replica.text()
    yield "primary-replica-syncing.info", until(lambda: (b"slave0:" in primary.text() and primary.text()) or None)
    primary.call("CONFIG", "SET", "rdb-key-save-delay", "0")
    until(lambda: replica.info()["master_link_status"] == "up")
    primary.call("SET", "key:1", "not a number")
    assert primary.call("WAIT", "1", "5000") == 1
    yield "primary.info", primary.text()
    yield "replica.info", replica.text()
    yield "replica-everything.info", replica.text("everything")
    primary.call("CLIENT", "PAUSE", "60000", "WRITE")
    yield "primary-paused.info", primary.text()
    yield "primary-everything.info", primary.text("everything")
    primary.call("CLIENT", "UNPAUSE")
    yield "resp2.wire", primary.raw("2")
    yield "resp3.wire", primary.raw("3")
    replica.call("REPLICAOF", *HOLD)
    yield "hold-detached.info", replica.text()
    replica.kill()
    replica = Server(executable, port + 1, root / "replica", *fenced)
    until(lambda: not replica.info().flag("loading"))
    yield "hold-restarted.info", replica.text()
    replica.call("REPLICAOF", "NO", "ONE")
    yield "promoted.info", replica.text()
    primary.call("SAVE")
    slow = ("--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024")
    primary.kill()
    primary = Server(executable, port, root / "primary", "--replicaof", " ".join(HOLD), *slow)
    yield "hold-loading.info", until(lambda: (primary.info().flag("loading") and primary.text()) or None)
    primary.kill()
    replica.kill()


def main(executable: str, port: int) -> None:
    """Record all states of one version."""
    with tempfile.TemporaryDirectory() as root:
        for name, data in states(executable, port, Path(root)):
            info = name.endswith(".info")
            if name == "hold-empty.info":
                target = HERE / f"valkey-{parse_info(data)['valkey_version']}"
                target.mkdir(exist_ok=True)
            (target / name).write_bytes(scrub(data) if info else data)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 28200)
