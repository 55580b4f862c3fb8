"""The local API server under the real kubectl."""

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gungnir.api import crd, names
from gungnir.local.registry import Registry
from gungnir.local.serve.app import ApiServer
from gungnir.local.serve.subresources import LogRequest

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on PATH")

_NUMBERS = itertools.count(1)
WORKLOAD = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: c, image: "valkey/valkey:9.1", resources: {limits: {cpu: 0.5, memory: 1024Mi}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 6379}]}
"""
CLUSTER = """
apiVersion: valkey.verilean.io/v1
kind: ValkeyCluster
metadata: {name: demo}
spec: {replicas: 3}
"""


class Kubectl:
    """kubectl against one server, in one empty namespace."""

    def __init__(self, server: ApiServer, kubeconfig: Path, namespace: str) -> None:
        self.server = server
        self.registry = server.registry
        self.namespace = namespace
        self._environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start kubectl."""
        return subprocess.Popen(
            [str(KUBECTL), "-n", self.namespace, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=self._environment,
        )

    def __call__(self, *arguments: str, given: str = "", code: int = 0, **environment: str) -> str:
        """Run kubectl and return what it printed; ``given`` is its standard input."""
        done = subprocess.run(
            [str(KUBECTL), "-n", self.namespace, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={**self._environment, **environment},
        )
        output = done.stdout + done.stderr
        assert done.returncode == code, output
        return output


async def _log(wanted: LogRequest) -> AsyncIterator[bytes]:
    for i in range(wanted.tail_lines or 3):
        yield f"{wanted.container} {i}\n".encode()


class Served:
    """A server in a thread of its own, because kubectl blocks the one of the test."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.server = ApiServer(self.registry)
        self.server.pod_log = _log
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def start(self) -> None:
        """Start the thread and the server."""
        self._thread.start()
        self.run(self._seed())
        self.run(self.server.start())

    async def _seed(self) -> None:
        self.registry.create("namespaces", {"metadata": {"name": "default"}})
        self.registry.create("customresourcedefinitions", crd.crd())

    def stop(self) -> None:
        """Stop the server and the thread."""
        self.run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served()
    served.start()
    yield served
    served.stop()


@pytest.fixture
def kubectl(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    kubeconfig = tmp_path_factory.mktemp("kube") / "config"
    kubeconfig.write_text(served.server.kubeconfig(), encoding="utf-8")
    namespace = f"test-{next(_NUMBERS)}"

    async def make() -> None:
        served.registry.create("namespaces", {"metadata": {"name": namespace}})

    served.run(make())
    return Kubectl(served.server, kubeconfig, namespace)


def test_discovery(kubectl: Kubectl) -> None:
    listed = kubectl("api-resources", "--no-headers")
    assert f"{names.PLURAL} " in listed
    assert "statefulsets" in listed
    assert {"v1", "apps/v1", names.API_VERSION} <= set(kubectl("api-versions").split())
    assert "Server Version: v1." in kubectl("version")


def test_apply_get_and_describe_a_cluster(kubectl: Kubectl) -> None:
    assert "created" in kubectl("apply", "-f", "-", given=CLUSTER)
    assert "unchanged" in kubectl("apply", "-f", "-", given=CLUSTER)
    status = {"phase": "Running", "epoch": 4, "primary": {"pod": "demo-1"}, "ready": "3/3"}
    kubectl("patch", "vc", "demo", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    header, row = kubectl("get", "vc").splitlines()
    assert header.split() == ["NAME", "PHASE", "PRIMARY", "READY", "EPOCH", "AGE"]
    assert row.split()[:5] == ["demo", "Running", "demo-1", "3/3", "4"]
    assert "IMAGE" in kubectl("get", "vc", "-o", "wide")
    assert yaml.safe_load(kubectl("get", "vc", "demo", "-o", "yaml"))["status"]["epoch"] == 4
    assert json.loads(kubectl("get", "vc", "-o", "json"))["items"][0]["spec"]["replicas"] == 3
    assert "Replicas:" in kubectl("describe", "vc", "demo")
    assert kubectl("get", "vc", "-o", "name").strip() == f"valkeycluster.{names.GROUP}/demo"


def test_apply_of_built_in_objects_settles(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", given=WORKLOAD).count("created") == 2
    first = kubectl("get", "sts,svc", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
    kubectl("apply", "-f", "-", given=WORKLOAD)
    assert kubectl("get", "sts,svc", "-o", "jsonpath={.items[*].metadata.resourceVersion}") == first
    assert "0/2" in kubectl("get", "sts", "-o", "wide")
    assert "6379/TCP" in kubectl("get", "svc")
    assert "2 desired" in kubectl("describe", "sts", "web")


def test_validation_is_told(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=CLUSTER)
    refused = kubectl("patch", "vc", "demo", "--type=merge", "-p", '{"spec":{"replicas":12}}', code=1)
    assert 'The ValkeyCluster "demo" is invalid: spec.replicas: Invalid value: 12' in refused
    assert 'unknown field "spec.replica"' in kubectl(
        "apply", "-f", "-", given=CLUSTER.replace("replicas", "replica"), code=1
    )
    config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, dta: {a: b}}"
    assert 'unknown field "dta"' in kubectl("apply", "-f", "-", given=config, code=1)


def test_a_type_that_is_not_installed_is_named_with_the_way_out(kubectl: Kubectl) -> None:
    """What a newcomer sees who applies a ValkeyCluster before its type."""
    said = kubectl("apply", "-f", "-", given=CLUSTER.replace("valkey.verilean.io", "not.installed"), code=1)
    assert 'no matches for kind "ValkeyCluster" in version "not.installed/v1"' in said
    assert "ensure CRDs are installed first" in said


def test_every_kind_of_patch(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=WORKLOAD)
    kubectl("patch", "sts", "web", "-p", '{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"x:2"}]}}}}')
    kubectl("patch", "sts", "web", "--type=merge", "-p", '{"spec":{"replicas":3}}')
    kubectl("patch", "sts", "web", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels","value":{"a":"b"}}]')
    web = json.loads(kubectl("get", "sts", "web", "-o", "json"))
    assert web["spec"]["replicas"] == 3
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "x:2"
    assert web["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "500m", "memory": "1Gi"}
    assert web["metadata"]["labels"] == {"a": "b"}
    refused = kubectl("patch", "sts", "web", "--type=merge", "-p", '{"spec":{"serviceName":"x"}}', code=1)
    assert "updates to statefulset spec for fields other than" in refused


def test_edit_label_annotate_and_scale(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=CLUSTER)
    kubectl("edit", "vc", "demo", EDITOR="sed -i s/replicas:.3/replicas:\\ 4/")
    assert kubectl("get", "vc", "demo", "-o", "jsonpath={.spec.replicas}") == "4"
    kubectl("scale", "vc", "demo", "--replicas=5")
    assert kubectl("get", "vc", "demo", "-o", "jsonpath={.spec.replicas}") == "5"
    kubectl("label", "vc", "demo", "team=a")
    kubectl("annotate", "vc", "demo", f"{names.SWITCHOVER_ANNOTATION}=any")
    assert "demo" in kubectl("get", "vc", "-l", "team=a")
    assert "No resources found" in kubectl("get", "vc", "-l", "team!=a")


def test_diff_and_dry_run_change_nothing(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=CLUSTER)
    changed = CLUSTER.replace("replicas: 3", "replicas: 5")
    assert "+  replicas: 5" in kubectl("diff", "-f", "-", given=changed, code=1)
    assert "dry run" in kubectl("apply", "--dry-run=server", "-f", "-", given=changed)
    assert kubectl("get", "vc", "demo", "-o", "jsonpath={.spec.replicas}") == "3"


def test_create_sends_protobuf(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "s", "--from-literal=password=x")
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "service", "clusterip", "front", "--tcp=80:8080")
    kubectl("create", "pdb", "keep", "--selector=app=web", "--min-available=1")
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
    kubectl("create", "rolebinding", "bind", "--role=reader", f"--serviceaccount={kubectl.namespace}:robot")
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.password}") == "eA=="
    assert kubectl("get", "svc", "front", "-o", "jsonpath={.spec.ports[0].targetPort}") == "8080"
    assert kubectl("get", "pdb", "keep", "-o", "jsonpath={.spec.minAvailable}") == "1"
    assert kubectl("get", "role", "reader", "-o", "jsonpath={.rules[0].verbs}") == '["get","list"]'
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"


def test_server_side_apply_is_refused_with_a_clear_message(kubectl: Kubectl) -> None:
    refused = kubectl("apply", "--server-side", "-f", "-", given=CLUSTER, code=1)
    assert "server-side apply is not served by the local cluster" in refused


@pytest.mark.parametrize(
    "words",
    [
        ("exec", "p", "--", "valkey-cli", "ping"),
        ("attach", "p"),
        ("cp", "p:/data/x", "x"),
        ("port-forward", "p", "7000:6379"),
        ("debug", "p", "--image=busybox", "--profile=general"),
    ],
)
def test_what_leads_into_a_pod_is_refused_with_the_way_that_there_is(kubectl: Kubectl, words: tuple[str, ...]) -> None:
    """kubectl would otherwise say that the server could not find the requested resource; ``debug`` crashed."""
    container = "{name: c, image: i, ports: [{containerPort: 6379}]}"
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{container}]}}}}"
    kubectl("apply", "-f", "-", given=pod)
    status = {"phase": "Running", "podIP": "127.64.1.7"}
    kubectl("patch", "pod", "p", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    refused = kubectl(*words, code=1)
    assert "is not served by the local cluster" in refused
    assert "connect to 127.64.1.7:6379 or to a Service's cluster IP directly" in refused
    assert "kubectl logs p" in refused


def test_explain_shows_custom_and_built_in_fields(kubectl: Kubectl) -> None:
    assert "replicasToAck" in kubectl("explain", "vc.spec.durability")
    assert "Optional duration in seconds" in kubectl("explain", "pod.spec.terminationGracePeriodSeconds")
    assert "<PodSpec>" in kubectl("explain", "pods")


def test_logs_and_events(kubectl: Kubectl) -> None:
    kubectl(
        "apply",
        "-f",
        "-",
        given="{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}]}}",
    )
    assert kubectl("logs", "p", "--tail=2") == "c 0\nc 1\n"
    about = {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": kubectl.namespace}
    about["uid"] = kubectl("get", "pod", "p", "-o", "jsonpath={.metadata.uid}")
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "involvedObject": about,
        "reason": "Promoted",
        "message": "it is the primary",
        "type": "Normal",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    kubectl("apply", "-f", "-", given=json.dumps(event))
    assert "Promoted" in kubectl("get", "events")
    assert "it is the primary" in kubectl("events", "--for", "pod/p")
    assert "Promoted" in kubectl("describe", "pod", "p")


def test_wait_and_watch_see_changes(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=CLUSTER)
    with (
        kubectl.start("get", "vc", "-w") as watching,
        kubectl.start("wait", "vc/demo", "--for=condition=Ready") as waiting,
    ):
        assert watching.stdout is not None
        assert waiting.stdout is not None
        assert watching.stdout.readline().startswith("NAME")
        assert watching.stdout.readline().startswith("demo")
        status = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
        kubectl("patch", "vc", "demo", "--subresource=status", "--type=merge", "-p", json.dumps(status))
        assert "Running" in watching.stdout.readline()
        assert "condition met" in waiting.stdout.read()
        watching.terminate()
    kubectl("wait", "vc/demo", "--for=jsonpath={.spec.replicas}=3")


def test_delete_waits_until_it_is_gone(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=WORKLOAD + "---" + CLUSTER)
    with kubectl.start("wait", "vc/demo", "--for=delete", "--timeout=20s") as waiting:
        assert "deleted" in kubectl("delete", "vc", "demo")
        assert waiting.wait(20) == 0
    kubectl("delete", "all", "--all")
    assert "No resources found" in kubectl("get", "all")
    kubectl("delete", "namespace", kubectl.namespace)
    assert "NotFound" in kubectl("get", "namespace", kubectl.namespace, code=1)


def test_rollout_status_follows_a_stateful_set(kubectl: Kubectl) -> None:
    kubectl(
        "apply",
        "-f",
        "-",
        given=WORKLOAD.replace("serviceName: web", "serviceName: web\n  updateStrategy: {type: RollingUpdate}"),
    )
    status = {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "updatedReplicas": 2,
        "currentRevision": "r",
        "updateRevision": "r",
    }
    kubectl("patch", "sts", "web", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    assert "2 new pods have been updated" in kubectl("rollout", "status", "sts", "web", "--timeout=10s")


def test_drain_is_held_up_by_a_budget(kubectl: Kubectl) -> None:
    metadata = "{name: p, labels: {app: web}}"
    spec = "{nodeName: node-1, containers: [{name: c, image: i}]}"
    kubectl("apply", "-f", "-", given=f"{{apiVersion: v1, kind: Pod, metadata: {metadata}, spec: {spec}}}")
    kubectl("patch", "pod", "p", "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Running"}}')
    kubectl("apply", "-f", "-", given="{apiVersion: v1, kind: Node, metadata: {name: node-1}}")
    kubectl("create", "pdb", "keep", "--selector=app=web", "--min-available=1")
    refused = kubectl("drain", "node-1", "--force", "--timeout=1s", code=1)
    assert "violate the pod's disruption budget" in refused
    kubectl("delete", "pdb", "keep")
    kubectl("delete", "pod", "p", "--force", "--grace-period=0")
    assert "SchedulingDisabled" in kubectl("get", "nodes")
