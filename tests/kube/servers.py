"""The two API servers of the suite: the local one in a thread, and the real one with etcd and its controllers."""

import asyncio
import ctypes
import json
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gungnir.local.controllers.base import Runner
from gungnir.local.controllers.budgets import BudgetController
from gungnir.local.controllers.namespaces import NamespaceController
from gungnir.local.registry import Registry
from gungnir.local.serve.app import ApiServer
from tests.kube.api import MERGE, Api
from tests.kube.tools import need

_START_S: Final = 40.0
_ADMIN: Final = "administrator-of-the-tests"
_CONTROLLERS: Final = (
    "garbage-collector-controller",
    "namespace-controller",
    "disruption-controller",
    "serviceaccount-controller",
)


@dataclass
class Server:
    """A running API server.

    Attributes:
        name: ``local`` or ``real``.
        api: A client with every right.
        kubeconfig: For programs.
        forget_history: Make watches from old resourceVersions impossible now.
        stop: End it.
    """

    name: str
    api: Api
    kubeconfig: Path
    forget_history: Callable[[], None]
    stop: Callable[[], None]

    @property
    def is_real(self) -> bool:
        """Whether this is the real one."""
        return self.name == "real"


def start_local(folder: Path) -> Server:
    """Start the API server of ``gungnir local`` with those of its controllers that need no node."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)

    registry = Registry()
    server = ApiServer(registry)

    async def start() -> Runner:
        for name in ("default", "kube-system"):
            registry.create("namespaces", {"metadata": {"name": name}})
        runner = Runner(registry.store, [NamespaceController(registry), BudgetController(registry)])
        runner.start()
        await server.start()
        return runner

    runner = run(start())
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(server.kubeconfig())

    async def forget() -> None:
        server.expire_watches()

    def stop() -> None:
        loop.call_soon_threadsafe(runner.stop)
        run(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

    return Server("local", Api(server.url), kubeconfig, lambda: run(forget()), stop)


def start_real(folder: Path) -> Server:
    """Start etcd, kube-apiserver and kube-controller-manager on loopback; about 6 s and 400 MB."""
    programs = {name: need(name) for name in ("etcd", "kube-apiserver", "kube-controller-manager", "openssl")}
    port, store_port, peer_port = _free_ports(3)
    _keys(programs["openssl"], folder)
    processes: list[subprocess.Popen[bytes]] = []

    def stop() -> None:
        for process in reversed(processes):  # nothing of theirs is kept, so nothing needs a tidy end
            process.kill()
            process.wait(10)

    store = f"http://127.0.0.1:{store_port}"
    try:
        processes.append(_start(folder, programs["etcd"], *_etcd(folder, store, peer_port)))
        processes.append(_start(folder, programs["kube-apiserver"], *_apiserver(folder, store, port)))
        api = Api(f"https://127.0.0.1:{port}", _ADMIN, str(folder / "certs" / "apiserver.crt"))
        _wait(api, processes, folder)
        kubeconfig = write_kubeconfig(folder / "kubeconfig", api)
        controllers = f"--controllers={','.join(_CONTROLLERS)}"
        arguments = (f"--kubeconfig={kubeconfig}", controllers, "--leader-elect=false", "--secure-port=0")
        processes.append(_start(folder, programs["kube-controller-manager"], *arguments))
    except BaseException:
        stop()
        raise

    def forget() -> None:
        # something has to be newer than what a client saw; then etcd keeps only that
        api(
            "PATCH",
            "/api/v1/namespaces/default",
            {"metadata": {"labels": {"now": str(time.time_ns())}}},
            content_type=MERGE,
        )
        revision = int(api("GET", "/apis/apps/v1/controllerrevisions").version)
        compaction = json.dumps({"revision": revision, "physical": True}).encode()
        with urllib.request.urlopen(f"{store}/v3/kv/compaction", compaction, timeout=10):  # noqa: S310 - our own etcd
            pass

    return Server("real", api, kubeconfig, forget, stop)


def write_kubeconfig(path: Path, api: Api) -> Path:
    """Write a kubeconfig for a client; JSON is YAML."""
    cluster = f'{{"server": "{api.url}", "certificate-authority": "{api.ca}"}}'
    path.write_text(
        f"""apiVersion: v1
kind: Config
clusters: [{{name: it, cluster: {cluster}}}]
users: [{{name: me, user: {{token: "{api.token}"}}}}]
contexts: [{{name: it, context: {{cluster: it, user: me}}}}]
current-context: it
"""
    )
    return path


def _etcd(folder: Path, store: str, peer_port: int) -> tuple[str, ...]:
    return (
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={store}",
        f"--advertise-client-urls={store}",
        f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
        "--unsafe-no-fsync",
        "--log-level=error",
    )


def _apiserver(folder: Path, store: str, port: int) -> tuple[str, ...]:
    return (
        f"--etcd-servers={store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--service-account-key-file={folder / 'accounts.pub'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=RBAC",
        f"--token-auth-file={folder / 'tokens.csv'}",
        # Served from etcd alone, so that what etcd has forgotten is gone at once.
        "--watch-cache-sizes=controllerrevisions.apps#0",
        # OpenShift runs the first; the second needs a token controller that is of no interest here.
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
        "--disable-admission-plugins=ServiceAccount",
    )


def _keys(openssl: Path, folder: Path) -> None:
    key, public = str(folder / "accounts.key"), str(folder / "accounts.pub")
    subprocess.run([openssl, "genrsa", "-out", key, "2048"], check=True, capture_output=True, timeout=60)
    subprocess.run([openssl, "rsa", "-in", key, "-pubout", "-out", public], check=True, capture_output=True, timeout=60)
    (folder / "tokens.csv").write_text(f"{_ADMIN},administrator,1,system:masters\n")


def _free_ports(count: int) -> list[int]:
    """Ports that are free now, all different; another program may still be faster, which the start then tells."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def die_with_parent() -> None:
    """For ``preexec_fn``: end the child with the thread that started it."""
    pr_set_pdeathsig = 1  # prctl(2): also if the test run is killed, nothing stays behind
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _start(folder: Path, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with (folder / f"{program.name}.log").open("wb") as log:
        return subprocess.Popen(
            [program, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls prctl and nothing that takes a lock
        )


def _wait(api: Api, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and all(process.poll() is None for process in processes):
        try:
            if api("GET", "/readyz").code == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    log = (folder / "kube-apiserver.log").read_text(errors="replace")
    raise AssertionError(f"kube-apiserver did not become ready within {_START_S} s: {log[-2000:]}")
