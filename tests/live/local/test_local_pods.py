"""Pods of the local cluster are real valkey-servers that live and die as containers do."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.live


def test_a_stateful_set_comes_up_with_claims_addresses_and_the_truth_about_its_image(on_demo: Any) -> None:
    async def scenario(demo: Any) -> None:
        pods = demo.cluster.registry.list("pods", "default").items
        assert [pod["metadata"]["name"] for pod in pods] == ["demo-0", "demo-1", "demo-2"]
        assert len({pod["status"]["podIP"] for pod in pods}) == 3
        for index, pod in enumerate(pods):
            status = pod["status"]["containerStatuses"][0]
            assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == str(index)
            assert status["imageID"].startswith("local://valkey-server@")
            conditions = {c["type"]: c for c in pod["status"]["conditions"]}
            assert (
                'image "valkey/valkey:7.2" is run by the installed valkey-server'
                in conditions["ImageMapped"]["message"]
            )
            assert pod["status"]["phase"] == "Running"
        claims = demo.cluster.registry.list("persistentvolumeclaims", "default").items
        assert [claim["status"]["phase"] for claim in claims] == ["Bound"] * 3
        with demo.client("demo-1") as client:
            assert client.call("PING") == "+PONG"

    on_demo(scenario)


def test_a_killed_container_refuses_at_once_and_comes_back_at_the_same_address(
    on_demo: Any, refused: Any, wait_until: Any
) -> None:
    async def scenario(demo: Any) -> None:
        demo.cluster.restart_delay_ms = 600_000
        demo.cluster.settings.restart_delay_cap_ms = 600_000
        address = demo.cluster.pod_address("demo-0")
        with demo.client("demo-0") as client:
            client.call("SET k v")
            await demo.cluster.kill("demo-0")
            assert client.is_ended()
            await wait_until(lambda: refused(address), "the address of a dead process refuses")
        await wait_until(lambda: "terminated" in demo.container("demo-0")["state"], "the status says terminated")
        terminated = demo.container("demo-0")["state"]["terminated"]
        assert (terminated["exitCode"], terminated["signal"], terminated["reason"]) == (137, 9, "Error")
        assert demo.ready_replicas == 2

    on_demo(scenario)


def test_a_restarted_container_keeps_the_address_of_its_pod_and_a_new_pod_gets_another(
    on_demo: Any, wait_until: Any
) -> None:
    async def scenario(demo: Any) -> None:
        address, pid = demo.cluster.pod_address("demo-0"), demo.cluster.container_pid("demo-0")
        await demo.cluster.kill("demo-0")
        await demo.restarted("demo-0", 1)
        assert demo.cluster.pod_address("demo-0") == address
        assert demo.cluster.container_pid("demo-0") != pid
        assert demo.container("demo-0")["lastState"]["terminated"]["exitCode"] == 137
        uid = demo.pod("demo-0")["metadata"]["uid"]
        demo.cluster.delete_pod("demo-0")
        await wait_until(lambda: demo.uid("demo-0") not in ("", uid), "the pod is created again")
        await demo.ready()
        assert demo.cluster.pod_address("demo-0") != address

    on_demo(scenario)


def test_a_hung_container_accepts_connections_and_never_answers_until_it_is_resumed(on_demo: Any) -> None:
    async def scenario(demo: Any) -> None:
        with demo.client("demo-0") as old:
            assert old.call("PING") == "+PONG"
            await demo.cluster.hang("demo-0")
            assert old.is_silent()
            with demo.client("demo-0") as new:
                assert new.is_silent()
                await demo.cluster.resume("demo-0")
                new.settimeout(2)
                assert new.call("PING") == "+PONG"

    on_demo(scenario)


def test_a_hung_pod_that_is_deleted_by_force_is_gone_and_its_process_too(on_demo: Any, wait_until: Any) -> None:
    async def scenario(demo: Any) -> None:
        pid, uid = demo.cluster.container_pid("demo-0"), demo.pod("demo-0")["metadata"]["uid"]
        await demo.cluster.hang("demo-0")
        started = time.monotonic()
        demo.cluster.delete_pod("demo-0", grace_s=0)
        await wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the stopped process is killed")
        # Until the controller has seen the deletion the status still counts the former pod.
        await wait_until(lambda: demo.uid("demo-0") not in ("", uid), "the pod is created again")
        await demo.ready()
        assert time.monotonic() - started < 4  # it did not wait for the grace period of 5 s

    on_demo(scenario)


def test_a_wiped_pod_starts_on_an_empty_volume_with_its_init_containers_and_others_keep_theirs(on_demo: Any) -> None:
    async def scenario(demo: Any) -> None:
        marks = sorted(demo.cluster.data_dir.glob("claims/default/*/mark"))
        assert len(marks) == 3
        (marks[0].parent / "dump.rdb").write_bytes(b"left behind")
        await demo.cluster.kill("demo-1")
        await demo.restarted("demo-1", 1)
        assert marks[1].read_text() == "started\n"  # a container's restart runs no init container
        demo.cluster.wipe("demo-0")
        await demo.restarted("demo-0", 1)
        assert not (marks[0].parent / "dump.rdb").exists()
        assert marks[0].read_text() == "started\n"
        assert marks[1].exists()

    on_demo(scenario)


def test_an_image_that_is_not_valkey_waits_with_a_message_that_says_so(on_demo: Any, wait_until: Any) -> None:
    async def scenario(demo: Any) -> None:
        pod = {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]},
        }
        demo.cluster.registry.create("pods", pod)

        def waiting() -> dict[str, Any]:
            statuses = demo.pod("web").get("status", {}).get("containerStatuses") or [{}]
            found: dict[str, Any] = statuses[0].get("state", {}).get("waiting", {})
            return found

        await wait_until(lambda: waiting().get("reason") == "ErrImagePull", "the container waits for its image")
        assert "the local node has no container images" in waiting()["message"]
        assert demo.pod("web")["status"]["phase"] == "Pending"

    on_demo(scenario)


def test_a_readiness_gate_decides_over_ready_and_survives_the_nodes_own_writes(on_demo: Any, wait_until: Any) -> None:
    async def scenario(demo: Any) -> None:
        gate = "example.com/synced"
        pod = {
            "metadata": {"name": "gated", "namespace": "default"},
            "spec": {
                "readinessGates": [{"conditionType": gate}],
                "containers": [{"name": "valkey", "image": "valkey/valkey", "args": ["--save", ""]}],
            },
        }
        demo.cluster.registry.create("pods", pod)

        def conditions() -> dict[str, dict[str, Any]]:
            return {c["type"]: c for c in demo.pod("gated").get("status", {}).get("conditions", [])}

        await wait_until(lambda: conditions().get("ContainersReady", {}).get("status") == "True", "containers ready")
        assert conditions()["Ready"]["reason"] == "ReadinessGatesNotReady"
        changed = demo.pod("gated")
        changed["status"]["conditions"].append({"type": gate, "status": "True"})
        demo.cluster.registry.update("pods", changed, subresource="status")
        await wait_until(lambda: conditions()["Ready"]["status"] == "True", "the gate opened")
        await demo.cluster.kill("gated")
        await demo.restarted("gated", 1)
        assert conditions()[gate]["status"] == "True"

    on_demo(scenario)


def test_nothing_of_a_stopped_cluster_is_left(on_demo: Any) -> None:
    seen: list[int] = []
    directories: list[Path] = []

    async def scenario(demo: Any) -> None:
        seen.extend(demo.cluster.container_pid(f"demo-{i}") for i in range(3))
        seen.append(demo.cluster.plane.pid)
        directories.append(demo.cluster.data_dir)
        await demo.cluster.hang("demo-2")

    on_demo(scenario)
    assert len(seen) == 4
    assert not [pid for pid in seen if Path(f"/proc/{pid}").exists()]
    assert not directories[0].exists()
    assert os.getpid() not in seen
