"""What a user meets first: the image, the samples, kubectl."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gungnir.demo.managed import ManagedCluster
from gungnir.demo.waiting import wait_for
from tests.e2e.client import ROOT, Programs, RemoteApi
from tests.e2e.conftest import SPACE, Deploy, Report
from tests.e2e.installed import HOME, READY_MS

pytestmark = [pytest.mark.anyio, pytest.mark.e2e, pytest.mark.timeout(400)]

SAMPLES = ROOT / "deploy" / "samples"
MOST_MEMORY_KB = 130_000
PROBE = """
import json, os, pathlib, shutil, sys, time
def writable(path):
    try:
        pathlib.Path(path, "probe").write_text("x")
    except OSError as error:
        return error.strerror
    return "yes"
status = pathlib.Path("/proc/1/status").read_text()
ticks = int(pathlib.Path("/proc/1/stat").read_text().rpartition(")")[2].split()[19])
age_s = float(pathlib.Path("/proc/uptime").read_text().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
print(json.dumps({
    "uid": os.getuid(), "root": writable("/"), "code": writable(sys.prefix), "tmp": writable("/tmp"),
    "rss_kb": int(status.split("VmRSS:")[1].split()[0]), "started_s": time.time() - age_s,
    "tools": [name for name in ("gcc", "cc", "pip", "pip3") if shutil.which(name)],
}))
"""


def test_the_operator_runs_as_nobody_and_can_write_nothing_but_its_scratch_folder(
    programs: Programs, release: str, figure: Report
) -> None:
    """From the inside: user, file system, tools, memory, version; and how long it took to be ready."""
    selector = f"app.kubernetes.io/instance={release}"
    pods = programs.get("pods", "--namespace", HOME, "--selector", selector)["items"]
    assert len(pods) == 2
    for pod in pods:
        name = pod["metadata"]["name"]
        said = json.loads(programs.kubectl("exec", name, "--namespace", HOME, "--", "python3", "-c", PROBE))
        figure("resident memory (kB)", said["rss_kb"])
        lines = [json.loads(line) for line in programs.kubectl("logs", name, "--namespace", HOME).splitlines()]
        ready = next(line["timestamp"] for line in lines if line["event"] == "ready")
        figure("process started to ready", (datetime.fromisoformat(ready).timestamp() - said["started_s"]) * 1000)
        assert said["rss_kb"] < MOST_MEMORY_KB
        assert (said["uid"], said["root"], said["tmp"], said["tools"]) == (65532, "Read-only file system", "yes", [])
        assert said["code"] != "yes"
        assert programs.kubectl("exec", name, "--namespace", HOME, "--", "gungnir", "version").startswith("gungnir ")


@pytest.mark.parametrize("sample", ["quickstart", "single", "async", "in-memory"])
async def test_a_sample_becomes_ready_as_it_is(
    programs: Programs, api: RemoteApi, release: str, figure: Report, sample: str
) -> None:
    """`kubectl apply`, `kubectl wait --for=condition=Ready`, and it is there for clients."""
    del release
    file = SAMPLES / f"{sample}.yaml"
    metadata = cluster_of(file)["metadata"]
    space, name = metadata.get("namespace", SPACE), metadata["name"]
    await asyncio.to_thread(programs.kubectl, "apply", "--namespace", space, "--filename", str(file))
    try:
        waiting = ("wait", "vc", name, "--namespace", space, "--for=condition=Ready", "--timeout=90s")
        await asyncio.to_thread(programs.kubectl, *waiting)
        cluster = ManagedCluster(api, space, name)
        view = await cluster.wait_ready(timeout_ms=READY_MS)
        created = programs.get("vc", name, "--namespace", space)["metadata"]["creationTimestamp"]
        took = datetime.fromisoformat(view.condition("Ready")["lastTransitionTime"]) - datetime.fromisoformat(created)
        figure("created to Ready (whole seconds are known)", took.total_seconds() * 1000)
        assert await cluster.call(view.primary, (b"SET", b"k", b"v")) == [b"OK"]
    finally:
        end = ("delete", "--namespace", space, "--filename", str(file), "--timeout=120s")
        await asyncio.to_thread(programs.kubectl, *end)


async def test_kubectl_tells_a_user_what_there_is(programs: Programs, deploy: Deploy) -> None:
    """Printer columns, explain, Events, and a status that belongs to the generation seen."""
    cluster = await deploy()
    columns, row = programs.kubectl("get", "vc", cluster.name, "--namespace", SPACE).splitlines()
    assert columns.split()[:2] == ["NAME", "PHASE"]
    assert row.split()[:2] == [cluster.name, "Running"]
    assert "durability" in programs.kubectl("explain", "valkeycluster.spec")
    found = programs.get("vc", cluster.name, "--namespace", SPACE)
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]

    def events() -> bool:
        told = programs.kubectl("events", "--for", f"valkeycluster/{cluster.name}", "--namespace", SPACE)
        return "ClusterCreated" in told

    await wait_for("an Event", events, timeout_ms=10_000, poll_ms=500)


def cluster_of(file: Path) -> dict[str, Any]:
    """The ValkeyCluster of a sample."""
    found = [each for each in yaml.safe_load_all(file.read_text()) if each["kind"] == "ValkeyCluster"]
    assert len(found) == 1, f"{file} has {len(found)} clusters"
    return dict(found[0])
