"""Containers of the local node start, fail, are probed, restarted and ended as a kubelet's are."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gungnir.local.cluster import LocalCluster
from gungnir.local.settings import NodeSettings

pytestmark = pytest.mark.live


class Node:
    """A local cluster and pods that run shell scripts."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.cluster = cluster

    def create(self, script: str, pod: dict[str, Any] | None = None, **container: Any) -> None:
        spec = {"name": "main", "image": "valkey/valkey", "command": ["sh", "-c", script], **container}
        wanted = {"containers": [spec], "terminationGracePeriodSeconds": 5, **(pod or {})}
        self.cluster.registry.create("pods", {"metadata": {"name": "p", "namespace": "default"}, "spec": wanted})

    @property
    def pod(self) -> dict[str, Any]:
        return self.cluster.registry.get("pods", "default", "p")

    @property
    def container(self) -> dict[str, Any]:
        statuses = self.pod.get("status", {}).get("containerStatuses") or [{"state": {}, "restartCount": 0}]
        found: dict[str, Any] = statuses[0]
        return found

    @property
    def waiting(self) -> str:
        return str(self.container["state"].get("waiting", {}).get("reason", ""))

    @property
    def running(self) -> bool:
        return "running" in self.container["state"]

    @property
    def exists(self) -> bool:
        return bool(self.cluster.registry.list("pods", "default").items)

    def reasons(self) -> dict[str, int]:
        events = self.cluster.registry.list("events", "default").items
        return {event["reason"]: event["count"] for event in events}

    def output(self, attempt: int = 0) -> str:
        path = self.cluster.data_dir / "pods" / self.pod["metadata"]["uid"] / "logs" / "main" / f"{attempt}.log"
        return path.read_text() if path.exists() else ""


Scenario = Callable[[Node], Awaitable[None]]


@pytest.fixture
def on_node() -> Callable[[Scenario], None]:
    def run(scenario: Scenario) -> None:
        async def main() -> None:
            async with LocalCluster(api_port=0, settings=NodeSettings(restart_delay_ms=20)) as cluster:
                await scenario(Node(cluster))

        asyncio.run(main())

    return run


def test_a_container_that_fails_again_and_again_backs_off_and_keeps_its_last_output(
    on_node: Any, wait_until: Any
) -> None:
    async def scenario(node: Node) -> None:
        node.create("echo attempt; exit 3")
        await wait_until(lambda: node.waiting == "CrashLoopBackOff", "the container backs off")
        assert node.container["lastState"]["terminated"]["exitCode"] == 3
        assert node.pod["status"]["phase"] == "Running"
        await wait_until(lambda: node.container["restartCount"] >= 2, "it is started again nevertheless")
        assert node.output(1) == "attempt\n"
        assert node.reasons()["BackOff"] >= 1

    on_node(scenario)


def test_a_pod_that_is_not_restarted_completes_and_stays_until_it_is_deleted(on_node: Any, wait_until: Any) -> None:
    async def scenario(node: Node) -> None:
        node.create("exit 0", pod={"restartPolicy": "Never"})
        await wait_until(lambda: node.pod["status"]["phase"] == "Succeeded", "the pod succeeded")
        node.cluster.wipe("p")
        await wait_until(lambda: node.container["restartCount"] == 1, "a wiped pod runs again")
        node.cluster.delete_pod("p")
        await wait_until(lambda: not node.exists, "the pod is gone")

    on_node(scenario)


def test_a_missing_secret_is_waited_for(on_node: Any, wait_until: Any) -> None:
    async def scenario(node: Node) -> None:
        reference = {"secretKeyRef": {"name": "s", "key": "password"}}
        node.create('echo "got $P"; sleep 600', env=[{"name": "P", "valueFrom": reference}])
        await wait_until(lambda: node.waiting == "CreateContainerConfigError", "the container waits")
        assert 'secrets "s" not found' in node.container["state"]["waiting"]["message"]
        secret = {"metadata": {"name": "s", "namespace": "default"}, "stringData": {"password": "x"}}
        node.cluster.registry.create("secrets", secret)
        await wait_until(lambda: node.output() == "got x\n", "the container starts with the secret")
        assert node.reasons()["Failed"] == 1

    on_node(scenario)


def test_a_missing_volume_source_is_waited_for_and_reported_once(on_node: Any, wait_until: Any) -> None:
    async def scenario(node: Node) -> None:
        volumes = [{"name": "c", "configMap": {"name": "c"}}]
        mounts = [{"name": "c", "mountPath": "/etc/c"}]
        node.create("cat /etc/c/key; sleep 600", pod={"volumes": volumes}, volumeMounts=mounts)
        await wait_until(lambda: "FailedMount" in node.reasons(), "the node says what is missing")
        config = {"metadata": {"name": "c", "namespace": "default"}, "data": {"key": "value"}}
        node.cluster.registry.create("configmaps", config)
        await wait_until(lambda: node.output() == "value", "the container reads the mounted file")
        assert node.reasons()["FailedMount"] == 1

    on_node(scenario)


def test_init_containers_run_in_order_and_a_failing_one_is_tried_again(on_node: Any, wait_until: Any) -> None:
    async def scenario(node: Node) -> None:
        mount = {"volumeMounts": [{"name": "d", "mountPath": "/d"}], "image": "valkey/valkey"}
        first = {"name": "first", "command": ["sh", "-c", "test -e /d/once || { touch /d/once; exit 1; }"], **mount}
        second = {"name": "second", "command": ["sh", "-c", "test -e /d/once && echo second >> /d/order"], **mount}
        node.create(
            "cat /d/order; sleep 600",
            pod={"initContainers": [first, second], "volumes": [{"name": "d", "emptyDir": {}}]},
            volumeMounts=mount["volumeMounts"],
        )
        await wait_until(lambda: node.output() == "second\n", "the main container runs after both")
        counts = [status["restartCount"] for status in node.pod["status"]["initContainerStatuses"]]
        assert counts == [1, 0]

    on_node(scenario)


def test_a_deleted_pod_runs_its_pre_stop_hook_before_sigterm_and_ends_in_order(on_node: Any, wait_until: Any) -> None:
    async def scenario(node: Node) -> None:
        mounts = [{"name": "d", "mountPath": "/d"}]
        claim = {
            "metadata": {"name": "d", "namespace": "default"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        }
        node.cluster.registry.create("persistentvolumeclaims", claim)
        node.create(
            "trap 'echo term >> /d/order; exit 0' TERM; echo up; while :; do sleep 0.01; done",
            pod={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]},
            volumeMounts=mounts,
            lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "echo hook >> /d/order"]}}},
        )
        await wait_until(lambda: node.output() == "up\n", "the trap is set")
        node.cluster.delete_pod("p")
        await wait_until(lambda: not node.exists, "the pod is gone")
        order = next(node.cluster.data_dir.glob("claims/default/d-*/order"))
        assert order.read_text() == "hook\nterm\n"

    on_node(scenario)


def test_a_process_that_ignores_sigterm_is_killed_when_its_grace_period_is_over_or_made_shorter(
    on_node: Any, wait_until: Any
) -> None:
    async def scenario(node: Node) -> None:
        node.create("trap '' TERM; echo up; while :; do sleep 0.01; done", pod={"terminationGracePeriodSeconds": 600})
        await wait_until(lambda: node.output() == "up\n", "the trap is set")
        node.cluster.delete_pod("p")
        await wait_until(lambda: "Killing" in node.reasons(), "the node asks it to end")
        assert node.running
        started = time.monotonic()
        node.cluster.delete_pod("p", grace_s=1)
        await wait_until(lambda: not node.exists, "the pod is gone")
        assert 0.8 < time.monotonic() - started < 5

    on_node(scenario)


def test_probes_decide_over_started_ready_and_life(on_node: Any, wait_until: Any) -> None:
    async def scenario(node: Node) -> None:
        mounts = [{"name": "d", "mountPath": "/d"}]

        def probe(name: str, **more: Any) -> dict[str, Any]:
            return {
                "exec": {"command": ["test", "-e", f"/d/{name}"]},
                "periodSeconds": 1,
                "failureThreshold": 1,
                **more,
            }

        node.create(
            "sleep 600",
            pod={"volumes": [{"name": "d", "emptyDir": {}}]},
            volumeMounts=mounts,
            startupProbe=probe("started", failureThreshold=60),
            readinessProbe=probe("ready"),
            livenessProbe=probe("alive"),
        )
        await wait_until(lambda: node.running, "the container runs")
        directory = node.cluster.data_dir / "pods" / node.pod["metadata"]["uid"] / "volumes" / "d"
        assert (node.container["started"], node.container["ready"]) == (False, False)
        (directory / "alive").touch()
        (directory / "started").touch()
        await wait_until(lambda: node.container["started"], "the startup probe passed")
        assert not node.container["ready"]
        (directory / "ready").touch()
        await wait_until(lambda: node.container["ready"], "the readiness probe passed")
        (directory / "ready").unlink()
        await wait_until(lambda: not node.container["ready"], "the readiness probe failed")
        assert node.container["restartCount"] == 0
        (directory / "alive").unlink()
        await wait_until(lambda: node.container["restartCount"] == 1, "the liveness probe failed: restarted")
        assert node.reasons()["Unhealthy"] >= 1

    on_node(scenario)


def test_a_program_that_does_not_exist_keeps_the_container_waiting(on_node: Any, wait_until: Any) -> None:
    async def scenario(node: Node) -> None:
        node.create("", command=["no-such-program"])
        await wait_until(lambda: node.waiting == "RunContainerError", "the container cannot be started")
        assert "executable file not found" in node.container["state"]["waiting"]["message"]

    on_node(scenario)
