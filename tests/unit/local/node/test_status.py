from typing import Any

from gungnir.local.node.status import ContainerView, PodView, pod_status

RUNNING = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
FAILED = {"terminated": {"exitCode": 137, "reason": "Error"}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}
NOW, LATER = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "demo-0"}, "spec": {"containers": [{"name": "valkey"}], **spec}}


def view(**changes: Any) -> PodView:
    container = ContainerView("valkey", "valkey/valkey", **changes)
    return PodView(address="127.64.1.1", node_address="127.0.0.1", initialized=True, containers=[container])


def conditions(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {condition["type"]: condition for condition in status["conditions"]}


def test_a_pod_is_pending_until_a_container_started_once_and_running_from_then_on() -> None:
    assert pod_status(pod(), view(), NOW)["phase"] == "Pending"
    assert pod_status(pod(), view(state=RUNNING), NOW)["phase"] == "Running"
    assert pod_status(pod(), view(state=FAILED), NOW)["phase"] == "Running"
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    assert pod_status(pod(), view(state=waiting, restart_count=3), NOW)["phase"] == "Running"


def test_a_pod_that_is_not_restarted_succeeds_or_fails() -> None:
    assert pod_status(pod(restartPolicy="Never"), view(state=DONE), NOW)["phase"] == "Succeeded"
    assert pod_status(pod(restartPolicy="Never"), view(state=FAILED), NOW)["phase"] == "Failed"
    assert pod_status(pod(restartPolicy="OnFailure"), view(state=DONE), NOW)["phase"] == "Succeeded"


def test_ready_needs_every_container_and_every_gate() -> None:
    gate = "example.com/synced"
    gated = pod(readinessGates=[{"conditionType": gate}])
    assert conditions(pod_status(gated, view(state=RUNNING), NOW))["Ready"]["reason"] == "ContainersNotReady"
    closed = conditions(pod_status(gated, view(state=RUNNING, ready=True), NOW))
    assert closed["ContainersReady"]["status"] == "True"
    assert closed["Ready"]["reason"] == "ReadinessGatesNotReady"
    assert f'"{gate}" is not "True", but "Unknown"' in closed["Ready"]["message"]
    gated["status"] = {"conditions": [{"type": gate, "status": "True"}]}
    opened = conditions(pod_status(gated, view(state=RUNNING, ready=True), NOW))
    assert opened["Ready"]["status"] == "True"
    assert opened[gate] == {"type": gate, "status": "True"}


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    first = pod()
    first["status"] = pod_status(first, view(state=RUNNING), NOW)
    same = conditions(pod_status(first, view(state=RUNNING), LATER))
    assert same["Ready"]["lastTransitionTime"] == NOW
    changed = conditions(pod_status(first, view(state=RUNNING, ready=True), LATER))
    assert changed["Ready"]["lastTransitionTime"] == LATER
    assert changed["PodScheduled"]["lastTransitionTime"] == NOW


def test_the_same_view_gives_the_same_status_so_that_nothing_is_written() -> None:
    first = pod()
    first["status"] = {"qosClass": "BestEffort"}
    first["status"] = pod_status(first, view(state=RUNNING, ready=True), NOW)
    assert pod_status(first, view(state=RUNNING, ready=True), LATER) == first["status"]
    assert first["status"]["qosClass"] == "BestEffort"


def test_init_containers_keep_the_pod_from_being_initialized() -> None:
    waiting = view()
    waiting.initialized = False
    waiting.init_containers = [ContainerView("acl", "valkey/valkey", state=FAILED)]
    status = pod_status(pod(), waiting, NOW)
    assert status["phase"] == "Pending"
    assert conditions(status)["Initialized"]["message"] == "containers with incomplete status: [acl]"
    assert pod_status(pod(restartPolicy="Never"), waiting, NOW)["phase"] == "Failed"
