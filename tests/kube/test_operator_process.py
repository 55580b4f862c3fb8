"""The operator's own process against a real API server, with the rights that deploy/ gives it and no other."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import yaml

from gungnir.resources.inventory import OwnedKind, name_of
from gungnir.runtime.rights import OWNED, rights
from tests.kube.accounts import account, kubeconfig, may, with_rights
from tests.kube.api import MERGE, Api, until
from tests.kube.conftest import new_namespace
from tests.kube.servers import Server, die_with_parent

DEPLOY = Path(__file__).parents[2] / "deploy"
HOME = "gungnir-system"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
COLLECTIONS = {
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": f"namespaces/{HOME}/roles",
    "RoleBinding": f"namespaces/{HOME}/rolebindings",
}
FORBIDDEN = re.compile(r'^gungnir_api_requests_total\{code="40[13]".*$', re.MULTILINE)


def install(api: Api, *files: str) -> None:
    """Create what is in these files of deploy/."""
    for file in files:
        for obj in yaml.safe_load_all((DEPLOY / file).read_text()):
            assert api("POST", f"{RBAC}/{COLLECTIONS[obj['kind']]}", obj).code == 201


def clear(api: Api) -> None:
    """Remove the clusters of other tests: an operator of all namespaces would serve them, too."""
    resource = "/apis/valkey.verilean.io/v1"
    for item in api("GET", f"{resource}/valkeyclusters").taken()["items"]:
        path = f"{resource}/namespaces/{item['metadata']['namespace']}/valkeyclusters/{item['metadata']['name']}"
        api("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
        api("DELETE", path)
    until(lambda: api("GET", f"{resource}/valkeyclusters").taken()["items"] == [], "no cluster is left")


@contextmanager
def home(api: Api, *files: str) -> Iterator[Api]:
    """The operator's namespace with its account and these roles; gives a client with the account's token."""
    assert api("POST", "/api/v1/namespaces", {"metadata": {"name": HOME}}).code == 201
    install(api, *files)
    clear(api)
    try:
        client = account(api, HOME, "gungnir")
        until(lambda: may(client, HOME, rights()[0]), "the account has its rights")
        yield client
    finally:
        for kind in ("ClusterRole", "ClusterRoleBinding"):
            api("DELETE", f"{RBAC}/{COLLECTIONS[kind]}/gungnir-operator")
        api("DELETE", f"/api/v1/namespaces/{HOME}")
        until(lambda: api("GET", f"/api/v1/namespaces/{HOME}").code == 404, f"{HOME} is gone")


class Operator:
    """A running operator."""

    def __init__(self, config: Path, folder: Path, *flags: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        address = ("--http-address", f"127.0.0.1:{self.port}")
        command = (sys.executable, "-m", "gungnir", "run", "--kubeconfig", str(config), *address, *flags)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GUNGNIR_")}
        self.log = folder / "operator.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls prctl and nothing that takes a lock
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def ask(self, path: str) -> tuple[int, str]:
        """GET one of its endpoints; 0 while it does not listen."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        """Whether /readyz says so; a process that ended will never be."""
        assert self.process.poll() is None, self.log.read_text()
        return self.ask("/readyz")[0] == 200


def make_cluster(api: Api, namespace: str) -> str:
    path = f"/apis/valkey.verilean.io/v1/namespaces/{namespace}/valkeyclusters"
    body = {"apiVersion": "valkey.verilean.io/v1", "kind": "ValkeyCluster", "metadata": {"name": "demo"}}
    api("POST", path, body).taken()
    return f"{path}/demo"


def missing(api: Api, namespace: str) -> list[str]:
    """The owned objects that are not there yet."""
    return [
        str(kind) for kind in OwnedKind if api("GET", OWNED[kind].path(namespace, name_of(kind, "demo"))).code != 200
    ]


def status(api: Api, path: str) -> dict[str, Any]:
    found: dict[str, Any] = api("GET", path).taken().get("status") or {}
    return found


def serves(api: Api, operator: Operator, namespace: str) -> None:
    """A cluster in this namespace gets its objects, status and Event, nothing is forbidden, and SIGTERM gives back."""
    until(operator.ready, "the operator is ready", timeout_s=40)
    path = make_cluster(api, namespace)
    until(lambda: missing(api, namespace) == [], "every owned object is there", timeout_s=30)
    until(lambda: status(api, path).get("phase") == "Creating", "the status is written", timeout_s=30)
    conditions = {condition["type"]: condition for condition in status(api, path)["conditions"]}
    assert conditions["Reconciled"]["status"] == "True"
    assert status(api, path)["observedGeneration"] == 1
    assert FORBIDDEN.findall(operator.ask("/metrics")[1]) == []
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{HOME}/leases/gungnir-operator"
    assert api("GET", lease).taken()["spec"]["holderIdentity"] == "under-test"
    operator.process.send_signal(signal.SIGTERM)
    assert operator.process.wait(30) == 0
    assert not api("GET", lease).taken()["spec"].get("holderIdentity")


FLAGS = ("--identity", "under-test", "--lease-namespace", HOME)


def test_the_cluster_role_of_the_kustomization_serves_any_namespace(real_server: Server, tmp_path: Path) -> None:
    api = real_server.api
    roles = ("cluster_role", "cluster_role_binding", "role", "role_binding")
    with home(api, *(f"rbac/{role}.yaml" for role in roles)) as client:
        config = kubeconfig(client, tmp_path)
        with Operator(config, tmp_path, *FLAGS) as operator:
            serves(api, operator, new_namespace(api))


def test_one_role_serves_one_namespace(real_server: Server, tmp_path: Path) -> None:
    api = real_server.api
    with home(api, "namespaced/role.yaml", "namespaced/role_binding.yaml") as client:
        config = kubeconfig(client, tmp_path)
        with Operator(config, tmp_path, "--namespace", HOME, *FLAGS) as operator:
            serves(api, operator, HOME)


def test_an_operator_that_may_not_list_says_what_is_missing(real_server: Server, tmp_path: Path) -> None:
    api = real_server.api
    namespace = new_namespace(api)
    held = [right for right in rights() if str(right) != "list pods"]
    config = kubeconfig(with_rights(api, namespace, "blind", held), tmp_path)
    flags = ("--namespace", namespace, "--no-leader-elect")
    with Operator(config, tmp_path, *flags) as operator:
        until(lambda: "list pods" in operator.ask("/readyz")[1], "/readyz names the right", timeout_s=30)
        assert not operator.ready()
