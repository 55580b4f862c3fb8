from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gungnir.local.registry import Registry
from gungnir.local.serve import cells
from gungnir.local.serve.columns import printer_of
from gungnir.local.serve.jsonpath import find, first

Obj = dict[str, Any]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (185, "3m5s"),
        (600, "10m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 120, "3h2m"),
        (9 * 3600, "9h"),
        (50 * 3600, "2d2h"),
        (9 * 86400, "9d"),
        (800 * 86400, "2y"),
    ],
)
def test_ages_are_written_as_kubectl_writes_them(seconds: int, shown: str) -> None:
    assert cells.duration(seconds) == shown


def pod(status: Obj, **metadata: Any) -> list[Any]:
    spec = {"containers": [{"name": "c"}], "nodeName": "n", "readinessGates": [{"conditionType": "g"}]}
    return cells.pod({"metadata": {"name": "p", **metadata}, "spec": spec, "status": status})


def test_a_pods_row_tells_readiness_reason_and_restarts() -> None:
    ended = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    state = {
        "ready": True,
        "restartCount": 2,
        "state": {"running": {}},
        "lastState": {"terminated": {"finishedAt": ended}},
    }
    running = {
        "phase": "Running",
        "podIP": "127.0.0.9",
        "containerStatuses": [state],
        "conditions": [{"type": "g", "status": "True"}],
    }
    assert pod(running)[1:4] == ["1/1", "Running", "2 (60m ago)"]
    assert pod(running)[5:] == ["127.0.0.9", "n", "<none>", "1/1"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}, "CrashLoopBackOff"),
        ({"containerStatuses": [{"state": {"terminated": {"exitCode": 3}}}]}, "ExitCode:3"),
        ({"containerStatuses": [{"state": {"terminated": {"signal": 9}}}]}, "Signal:9"),
        ({"containerStatuses": [{"state": {"terminated": {"reason": "OOMKilled"}}}]}, "OOMKilled"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
    ],
)
def test_a_pods_status_column_names_the_most_telling_reason(status: Obj, reason: str) -> None:
    assert pod(status)[2] == reason


def test_a_pod_that_goes_is_terminating() -> None:
    assert pod({"phase": "Running"}, deletionTimestamp="2026-01-01T00:00:00Z")[2] == "Terminating"


def test_a_waiting_init_container_is_told() -> None:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}]}
    status = {"phase": "Pending", "initContainerStatuses": [{"state": {"running": {}}}]}
    assert cells.pod({"metadata": {"name": "p"}, "spec": spec, "status": status})[2] == "Init:0/1"


def test_every_kind_has_as_many_cells_as_columns(boxes: Registry) -> None:
    for kind in boxes.catalog:
        printer = printer_of(kind)
        row = printer.cells({"metadata": {"name": "x", "creationTimestamp": "2026-01-01T00:00:00Z"}})
        assert len(row) == len(printer.columns), kind.plural


def test_services_and_slices_show_where_they_lead() -> None:
    spec = {"type": "ClusterIP", "clusterIP": "10.1.1.1", "ports": [{"port": 6379}], "selector": {"b": "2", "a": "1"}}
    row = cells.service({"metadata": {"name": "s"}, "spec": spec})
    assert row[1:5] == ["ClusterIP", "10.1.1.1", "<none>", "6379/TCP"]
    assert row[6] == "a=1,b=2"
    endpoints = [{"addresses": [f"127.0.0.{i}"]} for i in range(5)]
    row = cells.endpoint_slice(
        {"metadata": {"name": "s"}, "addressType": "IPv4", "ports": [{"port": 1}], "endpoints": endpoints}
    )
    assert row[1:4] == ["IPv4", "1", "127.0.0.0,127.0.0.1,127.0.0.2 + 2 more..."]


STATUS = {
    "status": {
        "phase": "Up",
        "nodes": [{"pod": "a"}, {"pod": "b"}],
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Blocked", "status": "False"}],
        "a.b/c": 1,
    }
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".status.phase", ["Up"]),
        ("{.status.phase}", ["Up"]),
        (".status.nodes[1].pod", ["b"]),
        (".status.nodes[*].pod", ["a", "b"]),
        (".status.conditions[?(@.type=='Ready')].status", ["True"]),
        ('.status.conditions[?(@.type=="Other")].status', []),
        (".status['a.b/c']", [1]),
        (".status.a\\.b/c", [1]),
        (".status.none.deeper", []),
        (".status.nodes[7]", []),
    ],
)
def test_column_paths_lead_to_their_values(path: str, found: list[Any]) -> None:
    assert find(STATUS, path) == found


def test_a_path_that_cannot_be_read_shows_nothing() -> None:
    assert first(STATUS, ".status[?(") is None
    with pytest.raises(ValueError, match="cannot read"):
        find(STATUS, ".status[?(")
