"""A local cluster with a StatefulSet of real valkey-servers, and a client that speaks to them over plain sockets."""

import asyncio
import copy
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from gungnir.local.cluster import LocalCluster
from gungnir.local.settings import NodeSettings

Obj = dict[str, Any]

CONFIG = 'save ""\nappendonly no\nrepl-diskless-sync-delay 0\n'

STATEFUL_SET: Obj = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "demo", "namespace": "default"},
    "spec": {
        "serviceName": "demo-headless",
        "replicas": 3,
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "OnDelete"},
        "selector": {"matchLabels": {"app": "demo"}},
        "template": {
            "metadata": {"labels": {"app": "demo"}},
            "spec": {
                "terminationGracePeriodSeconds": 5,
                "initContainers": [
                    {
                        "name": "mark",
                        "image": "valkey/valkey:7.2",
                        "command": ["sh", "-c", 'echo started >> "$MARK"'],
                        "env": [{"name": "MARK", "value": "/data/mark"}],
                        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                    }
                ],
                "containers": [
                    {
                        "name": "valkey",
                        "image": "valkey/valkey:7.2",
                        "command": [
                            "valkey-server",
                            "/etc/valkey/valkey.conf",
                            "--port",
                            "6379",
                            "--dir",
                            "/data",
                            "--replica-announce-ip",
                            "$(POD_IP)",
                            "--replica-announce-port",
                            "6379",
                        ],
                        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                        "ports": [{"name": "valkey", "containerPort": 6379}],
                        "readinessProbe": {"tcpSocket": {"port": "valkey"}, "periodSeconds": 1},
                        "volumeMounts": [
                            {"name": "data", "mountPath": "/data"},
                            {"name": "conf", "mountPath": "/etc/valkey"},
                        ],
                    }
                ],
                "volumes": [{"name": "conf", "configMap": {"name": "demo-config"}}],
            },
        },
        "volumeClaimTemplates": [
            {
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }
        ],
    },
}


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 10.0) -> None:
    """Wait for a condition; the failure says which one never held."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"never held within {timeout_s:g} s: {what}")
        await asyncio.sleep(0.005)


class Client:
    """One connection, one inline command at a time."""

    def __init__(self, address: str, port: int = 6379, *, source: str = "", timeout_s: float = 2.0) -> None:
        self._socket = socket.create_connection((address, port), timeout_s, (source, 0) if source else None)
        self._reader = self._socket.makefile("rb")

    def call(self, line: str) -> str:
        self._socket.sendall(line.encode() + b"\r\n")
        answer = self._reader.readline()
        if answer.startswith(b"$") and not answer.startswith(b"$-1"):
            answer = self._reader.read(int(answer[1:]) + 2)
        return answer.decode().strip()

    def receive(self, wanted: str) -> bool:
        """Read lines until one is ``wanted``; whether it came within the timeout."""
        try:
            while line := self._reader.readline():
                if line.decode().strip() == wanted:
                    return True
        except TimeoutError:
            return False
        return False

    def is_silent(self, line: str = "PING", seconds: float = 0.2) -> bool:
        """Whether nothing comes back, neither an answer nor an end nor a reset."""
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(line.encode() + b"\r\n")
            self._socket.recv(100)
        except TimeoutError:
            return True
        return False

    def is_ended(self) -> bool:
        """Whether the other side ends or resets this connection within the timeout."""
        try:
            while self._socket.recv(1000):
                pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    def settimeout(self, seconds: float) -> None:
        self._socket.settimeout(seconds)

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


def is_refused(address: str, port: int = 6379) -> bool:
    try:
        socket.create_connection((address, port), 1).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False
    return False


class Demo:
    """The StatefulSet ``demo`` with a client Service, on a running local cluster."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.cluster = cluster

    def apply(self, change: Callable[[Obj], None] | None = None) -> None:
        registry = self.cluster.registry
        config = {"metadata": {"name": "demo-config", "namespace": "default"}, "data": {"valkey.conf": CONFIG}}
        registry.create("configmaps", config)
        for name, spec in (
            ("demo-headless", {"clusterIP": "None", "publishNotReadyAddresses": True}),
            ("demo", {}),
        ):
            ports = [{"name": "valkey", "port": 6379, "targetPort": "valkey"}]
            service = {
                "metadata": {"name": name, "namespace": "default"},
                "spec": {"selector": {"app": "demo"}, "ports": ports, **spec},
            }
            registry.create("services", service)
        wanted = copy.deepcopy(STATEFUL_SET)
        if change:
            change(wanted)
        registry.create("statefulsets", wanted)

    @property
    def ready_replicas(self) -> int:
        status = self.cluster.registry.get("statefulsets", "default", "demo").get("status") or {}
        return int(status.get("readyReplicas", 0))

    async def ready(self, replicas: int = 3) -> None:
        await until(lambda: self.ready_replicas == replicas, f"{replicas} pods are ready")

    def pod(self, name: str) -> Obj:
        return self.cluster.registry.get("pods", "default", name)

    def uid(self, pod: str) -> str:
        """Return the uid of a pod; empty while there is none of that name, as between a deletion and the next one."""
        pods = self.cluster.registry.list("pods", "default", field_selector=f"metadata.name={pod}").items
        return str(pods[0]["metadata"]["uid"]) if pods else ""

    def container(self, pod: str) -> Obj:
        status: Obj = self.pod(pod)["status"]["containerStatuses"][0]
        return status

    async def restarted(self, pod: str, count: int) -> None:
        def again() -> bool:
            status = self.container(pod)
            return bool(status["restartCount"] == count and status["ready"])

        await until(again, f"{pod} is ready again after restart {count}")

    def client(self, pod: str, **options: Any) -> Client:
        return Client(self.cluster.pod_address(pod), **options)

    def select(self, selector: dict[str, str]) -> None:
        service = self.cluster.registry.get("services", "default", "demo")
        service["spec"]["selector"] = selector
        self.cluster.registry.update("services", service)


StartDemo = Callable[..., AbstractAsyncContextManager[Demo]]
RunDemo = Callable[[Callable[[Demo], Awaitable[None]]], None]


@asynccontextmanager
async def start_demo(
    data_dir: Path | None = None, *, restart_delay_ms: int = 0, change: Callable[[Obj], None] | None = None
) -> AsyncIterator[Demo]:
    settings = NodeSettings(restart_delay_ms=restart_delay_ms)
    async with LocalCluster(data_dir, api_port=0, settings=settings) as cluster:
        demo = Demo(cluster)
        demo.apply(change)
        await demo.ready()
        yield demo


@pytest.fixture(scope="session")
def on_demo() -> Callable[..., None]:
    """Run a scenario on a new cluster whose three pods are ready."""

    def run(scenario: Callable[[Demo], Awaitable[None]], **options: Any) -> None:
        async def main() -> None:
            async with start_demo(**options) as demo:
                await scenario(demo)

        asyncio.run(main())

    return run


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Awaitable[None]]:
    return until


@pytest.fixture(scope="session")
def refused() -> Callable[..., bool]:
    return is_refused


@pytest.fixture(scope="session")
def connect() -> type[Client]:
    return Client


@pytest.fixture(scope="session")
def demo_cluster() -> StartDemo:
    """Start a cluster and wait until its three pods are ready, as an async context manager."""
    return start_demo
