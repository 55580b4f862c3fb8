"""Nothing outlives a local cluster, however it ends; with a data directory everything else does."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gungnir.local.admin_client import AdminClient
from gungnir.local.cli import app
from gungnir.local.cluster import LocalCluster
from gungnir.local.state import State

pytestmark = pytest.mark.live

POD = {
    "metadata": {"name": "solo", "namespace": "default"},
    "spec": {
        "containers": [
            {
                "name": "valkey",
                "image": "valkey/valkey:9.1",
                "args": ["--dir", "/data", "--save", "", "--appendonly", "yes", "--appendfsync", "always"],
                "readinessProbe": {"tcpSocket": {"port": 6379}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "solo"}}],
    },
}
CLAIM = {
    "metadata": {"name": "solo", "namespace": "default"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def wait_for(condition: Callable[[], Any], what: str, timeout_s: float = 15.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"never held within {timeout_s:g} s: {what}")
        time.sleep(0.01)
    return found


def exists(pid: int) -> bool:
    """Whether a process exists and is not only waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def plane_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return next(int(c) for c in children if b"gungnir.local.plane" in Path(f"/proc/{c}/cmdline").read_bytes())


@contextmanager
def running(directory: Path, environment: Mapping[str, str]) -> Iterator[tuple[State, AdminClient]]:
    """A local cluster in a process of its own."""
    command = [sys.executable, "-m", "gungnir.local", "up", "--data-dir", str(directory / "data"), "--api-port", "0"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    try:
        path = directory / "gungnir" / "default.json"

        def published() -> State | None:
            assert process.poll() is None, process.stdout.read() if process.stdout else ""
            state = State(**json.loads(path.read_text())) if path.exists() else None
            return state if state and state.pid == process.pid else None

        state = wait_for(published, "the cluster says where it is")
        yield state, AdminClient(state.url)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}


def create(client: AdminClient, resource: str, obj: Mapping[str, Any]) -> None:
    client.request("POST", f"/api/v1/namespaces/default/{resource}", json.dumps(obj))


def get(client: AdminClient, resource: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.request("GET", f"/api/v1/namespaces/default/{resource}/{name}"))
    return found


def pod_row(client: AdminClient) -> dict[str, Any]:
    rows = client.describe()["pods"]
    return dict(rows[0]) if rows else {}


def started(client: AdminClient) -> dict[str, Any]:
    row = wait_for(lambda: (row := pod_row(client)).get("ready") and row, "the pod is ready")
    return dict(row)


def test_a_killed_cluster_leaves_no_process_and_starts_again_with_all_it_had(
    tmp_path: Path, environment: dict[str, str], connect: Any
) -> None:
    with running(tmp_path, environment) as (state, client):
        create(client, "persistentvolumeclaims", CLAIM)
        create(client, "pods", POD)
        create(client, "services", {"metadata": {"name": "solo"}, "spec": {"ports": [{"port": 6379}]}})
        create(client, "secrets", {"metadata": {"name": "s"}, "data": {"k": base64.b64encode(b"v").decode()}})
        row = started(client)
        address = get(client, "services", "solo")["spec"]["clusterIP"]
        uid = get(client, "pods", "solo")["metadata"]["uid"]
        with connect(row["address"]) as valkey:
            assert valkey.call("SET k kept") == "+OK"
        client.act("hang", pod="solo")
        plane = plane_of(state.pid)
        os.kill(state.pid, signal.SIGKILL)
        wait_for(lambda: not exists(row["pid"]), "the stopped pod process is gone")
        wait_for(lambda: not exists(plane), "the plane is gone")
    with running(tmp_path, environment) as (_state, client):
        again = started(client)
        assert get(client, "pods", "solo")["metadata"]["uid"] == uid
        assert again["restarts"] == 1
        assert get(client, "services", "solo")["spec"]["clusterIP"] == address
        assert get(client, "secrets", "s")["data"]["k"] == base64.b64encode(b"v").decode()
        with connect(again["address"]) as valkey:
            assert valkey.call("GET k") == "kept"


def test_pods_end_even_if_the_plane_is_killed_together_with_its_parent(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with running(tmp_path, environment) as (state, client):
        create(client, "persistentvolumeclaims", CLAIM)
        create(client, "pods", POD)
        row = started(client)
        plane = plane_of(state.pid)
        os.kill(plane, signal.SIGSTOP)
        os.kill(state.pid, signal.SIGKILL)
        os.kill(plane, signal.SIGKILL)
        wait_for(lambda: not exists(row["pid"]), "the pod process is gone")


def test_down_ends_the_cluster_in_order(tmp_path: Path, environment: dict[str, str]) -> None:
    with running(tmp_path, environment) as (state, client):
        create(client, "persistentvolumeclaims", CLAIM)
        create(client, "pods", POD)
        row = started(client)
        subprocess.run([sys.executable, "-m", "gungnir.local", "down"], env=environment, check=True, timeout=20)
        assert not exists(state.pid)
        assert not exists(row["pid"])
        log = next((tmp_path / "data" / "pods").glob("*/logs/valkey/0.log")).read_text()
        assert "SIGTERM scheduling shutdown" in log
        assert not (tmp_path / "gungnir" / "default.json").exists()


def test_the_commands_act_on_the_running_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    def gungnir_local(*words: str) -> Result:
        return CliRunner().invoke(app, words)

    def works(*words: str) -> str:
        result = gungnir_local(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    command = [sys.executable, "-m", "gungnir.local", "up", "--detach", "--api-port", "0"]
    said = subprocess.run(command, check=True, capture_output=True, timeout=30).stdout.decode()
    try:
        path = tmp_path / "gungnir" / "default.json"
        client = AdminClient(State(**json.loads(path.read_text())).url)
        assert f"export GUNGNIR_VALKEY_SOURCE_ADDRESS={client.describe()['operator_source_address']} " in said
        create(client, "persistentvolumeclaims", CLAIM)
        create(client, "pods", POD)
        first = started(client)
        assert "running already" in gungnir_local("up").stderr
        works("restart-delay", "0")
        works("kill", "solo")
        wait_for(lambda: pod_row(client)["restarts"] == 1, "the container was started again")
        assert started(client)["pid"] != first["pid"]
        works("hang", "default/solo")
        wait_for(lambda: pod_row(client)["state"] == "hung", "the status says hung")
        works("resume", "solo")
        works("cut", "solo", "operator", "--one-way")
        shown = works("status")
        assert "default/solo" in shown
        assert "operator" in shown
        works("heal")
        assert client.describe()["faults"] == []
        assert "Ready to accept connections" in works("logs", "solo")
        unknown = gungnir_local("kill", "nobody")
        assert unknown.exit_code == 1
        assert "pod nobody: not found; the pods are default/solo" in unknown.stderr
        same = gungnir_local("cut", "solo", "solo")
        assert "are the same party" in same.stderr
    finally:
        works("down")
    assert "no local cluster 'default' is running" in gungnir_local("status").stderr


def test_a_data_directory_serves_one_cluster_at_a_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with LocalCluster(tmp_path, api_port=0):
            with pytest.raises(Exception, match="a running local cluster uses it"):
                await LocalCluster(tmp_path, api_port=0).start()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--api-port", "65536"), 2, "Invalid value for '--api-port': Input should be less than or equal to 65535"),
        (("--kubeconfig", "/proc/none/config"), 1, "--kubeconfig /proc/none/config: cannot be written"),
        (("--kubeconfig", "/"), 1, "name a file that you may write"),
        (("--data-dir", "/proc/none"), 1, "--data-dir /proc/none: cannot be used"),
        (("--valkey-server", "/none"), 1, "--valkey-server /none: it does not run"),
    ],
)
def test_a_wrong_option_ends_the_start_with_the_fix(
    environment: dict[str, str], words: tuple[str, ...], code: int, text: str
) -> None:
    command = [sys.executable, "-m", "gungnir.local", "up", "--api-port", "0", *words]
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False, text=True)
    assert done.returncode == code
    assert text in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
