"""The status of a pod, computed from what its containers do. Pure.

Source: "Pod Lifecycle" of the Kubernetes documentation and the kubelet's ``generateAPIPodStatus``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Obj = dict[str, Any]

_OWN_CONDITIONS: Final = (
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
    "ImageMapped",
)


@dataclass
class ContainerView:
    """What the node knows about one container; ``state`` and ``last_state`` have the form of the API."""

    name: str
    image: str
    state: Obj = field(default_factory=lambda: {"waiting": {"reason": "PodInitializing"}})
    last_state: Obj = field(default_factory=dict)
    ready: bool = False
    started: bool = False
    restart_count: int = 0
    container_id: str = ""
    image_id: str = ""

    def status(self) -> Obj:
        """The entry of ``containerStatuses``."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "containerID": self.container_id,
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restart_count,
            "state": self.state,
            "lastState": self.last_state,
        }


@dataclass
class PodView:
    """What the node knows about one pod."""

    address: str = ""
    node_address: str = ""
    start_time: str = ""
    initialized: bool = False
    init_containers: Sequence[ContainerView] = ()
    containers: Sequence[ContainerView] = ()
    image_note: str = ""
    problem: tuple[str, str] | None = None
    """(reason, message) of what keeps the pod from starting."""


def pod_status(pod: Mapping[str, Any], view: PodView, now: str) -> Obj:
    """The whole new status of ``pod``; conditions of others and times of unchanged conditions are kept."""
    old: Mapping[str, Any] = pod.get("status") or {}
    status: Obj = {key: value for key, value in old.items() if key in ("qosClass", "nominatedNodeName")}
    status["phase"] = _phase(pod, view)
    if view.node_address:
        status["hostIP"] = view.node_address
        status["hostIPs"] = [{"ip": view.node_address}]
    if view.address:
        status["podIP"] = view.address
        status["podIPs"] = [{"ip": view.address}]
    if view.start_time:
        status["startTime"] = view.start_time
    if view.problem:
        status["reason"], status["message"] = view.problem
    status["conditions"] = _conditions(pod, view, now)
    if view.init_containers:
        status["initContainerStatuses"] = [container.status() for container in view.init_containers]
    if view.containers:
        status["containerStatuses"] = [container.status() for container in view.containers]
    return status


def _phase(pod: Mapping[str, Any], view: PodView) -> str:
    states = [container.state for container in view.containers]
    if (
        not view.initialized
        or not states
        or all("waiting" in s and not c.restart_count for s, c in zip(states, view.containers, strict=True))
    ):
        ended_badly = any((c.state.get("terminated") or {}).get("exitCode") for c in view.init_containers)
        return "Failed" if ended_badly and pod["spec"].get("restartPolicy") == "Never" else "Pending"
    if all("terminated" in state for state in states) and pod["spec"].get("restartPolicy", "Always") != "Always":
        failed = any(state["terminated"]["exitCode"] for state in states)
        return "Failed" if failed else "Succeeded"
    return "Running"


def _conditions(pod: Mapping[str, Any], view: PodView, now: str) -> list[Obj]:
    old = {condition["type"]: condition for condition in (pod.get("status") or {}).get("conditions") or []}
    unready = [container.name for container in view.containers if not container.ready]
    containers_ready = bool(view.containers) and not unready
    message = f"containers with unready status: [{' '.join(unready)}]"
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    closed = [gate for gate in gates if (old.get(gate) or {}).get("status") != "True"]
    if not containers_ready:
        ready = ("False", "ContainersNotReady", message)
    elif closed:
        reasons = [f'the status of pod readiness gate "{g}" is not "True", but {_gate_state(old, g)}' for g in closed]
        ready = ("False", "ReadinessGatesNotReady", "; ".join(reasons))
    else:
        ready = ("True", "", "")
    uninitialized = f"containers with incomplete status: [{' '.join(c.name for c in view.init_containers)}]"
    wanted: dict[str, tuple[str, str, str]] = {
        "PodReadyToStartContainers": ("True" if view.address else "False", "", ""),
        "Initialized": ("True", "", "") if view.initialized else ("False", "ContainersNotInitialized", uninitialized),
        "Ready": ready,
        "ContainersReady": ("True", "", "") if containers_ready else ("False", "ContainersNotReady", message),
        "PodScheduled": ("True", "", ""),
    }
    if view.image_note:
        wanted["ImageMapped"] = ("True", "LocalNode", view.image_note)
    conditions = [condition for kind, condition in old.items() if kind not in _OWN_CONDITIONS]
    return conditions + [_condition(kind, value, old.get(kind), now) for kind, value in wanted.items()]


def _gate_state(old: Mapping[str, Obj], gate: str) -> str:
    return f'"{old[gate]["status"]}"' if gate in old else '"Unknown"'


def _condition(kind: str, value: tuple[str, str, str], old: Obj | None, now: str) -> Obj:
    status, reason, message = value
    changed = old is None or old.get("status") != status
    result: Obj = {"type": kind, "status": status, "lastProbeTime": None}
    result["lastTransitionTime"] = now if changed or old is None else old.get("lastTransitionTime", now)
    if reason:
        result["reason"] = reason
    if message:
        result["message"] = message
    return result
