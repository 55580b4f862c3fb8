"""The operator's own cost: how soon it is ready, what it writes, and what it takes while nothing happens."""

import asyncio
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.e2e.results import Run
from bench.e2e.scene import Scene, Struck
from gungnir.demo.waiting import wait_for
from gungnir.runtime.kube_resources import PODS
from tests.e2e.client import Programs
from tests.e2e.installed import ACCOUNT, HOME, QUIET_S, READY_MS, RELEASE, leading_pod, operators_ready, passed, settled

REPLICAS: Final = 2
_OK: Final = 200
_ANSWER_S: Final = 0.5
_SELECTOR: Final = f"app.kubernetes.io/instance={RELEASE}"
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_START_TIME: Final = 21
_CPU_TIMES: Final = slice(13, 15)
"""Fields of /proc/PID/stat, counted from 0: proc(5)."""


async def scale(programs: Programs, replicas: int) -> None:
    """Let so many operators run; with 0, none does when this returns."""
    deployment = ("--namespace", HOME, "deployment", RELEASE)
    await asyncio.to_thread(programs.kubectl, "scale", *deployment, f"--replicas={replicas}")
    if not replicas:
        waiting = ("--namespace", HOME, "pod", "--selector", _SELECTOR, "--for=delete", "--timeout=60s")
        await asyncio.to_thread(programs.kubectl, "wait", *waiting)


async def start(scene: Scene, number: int) -> None:
    """End both operators; how long do the processes that come then take until ``/readyz`` answers 200?"""
    former = {pod["metadata"]["uid"] for pod in await _pods(scene)}
    end = ("--namespace", HOME, "pod", "--selector", _SELECTOR, "--wait=false")
    await asyncio.to_thread(scene.programs.kubectl, "delete", *end)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S)) as client:
        probes: dict[str, _Probe] = {}

        async def ready() -> list[dict[str, Any]] | None:
            found = [pod for pod in await _pods(scene) if pod["metadata"]["uid"] not in former]
            for pod in found:
                if address := pod["status"].get("podIP"):
                    await probes.setdefault(pod["metadata"]["name"], _Probe()).ask(client, f"{address}:{_port(pod)}")
            answered = sum(bool(probe.ready_s) for probe in probes.values())
            return found if answered == len(found) == REPLICAS else None

        pods = await wait_for("both operators", ready, timeout_ms=READY_MS, poll_ms=20)
    await operators_ready(scene.api)
    for pod in pods:
        name = pod["metadata"]["name"]
        probe = probes[name]
        logged = await asyncio.to_thread(scene.programs.kubectl, "logs", name, "--namespace", HOME)
        lines = [json.loads(line) for line in logged.splitlines()]
        said = datetime.fromisoformat(next(line["timestamp"] for line in lines if line["event"] == "ready"))
        # A pod whose address came too late to see the change is believed what it logged.
        ready_s = max(said.timestamp(), probe.ready_s if probe.refused else 0)
        current = await scene.api.get(PODS, HOME, name) or pod
        took_ms = (ready_s - _started_s(scene.nodes.process(current))) * 1000
        scene.keep(Run("start", "", number, {"started_ms": round(took_ms, 1)}))


@dataclass
class _Probe:
    """What ``/readyz`` of one operator answered: when it was 200 first, and whether it was anything else before."""

    ready_s: float = 0
    refused: bool = False

    async def ask(self, client: aiohttp.ClientSession, address: str) -> None:
        if self.ready_s:
            return
        try:
            async with client.get(f"http://{address}/readyz") as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        if status == _OK:
            self.ready_s = time.time()
        else:
            self.refused = True


async def steady(scene: Scene, number: int) -> None:
    """Nothing happens, under load: what does the operator write, and what does it take?"""
    async with scene.cluster() as cluster:
        await operators_ready(scene.api)
        calm = Struck(scene, cluster, "steady", "", number)
        async with calm.trial:
            await settled(scene.nodes)
            process = scene.nodes.process(await leading_pod(scene.api))
            since, before_s = datetime.now(UTC), _cpu_s(process)

            async def nothing() -> None:
                """The fault of this case."""

            await calm.strike(nothing)
            await passed(QUIET_S)
            seconds = (datetime.now(UTC) - since).total_seconds()
            used_s, rss_mb = _cpu_s(process) - before_s, _rss_mb(process)
            await calm.settle()
    ours = [w for w in scene.nodes.writes() if w.user == ACCOUNT and 0 <= _after_s(w.at, since) <= seconds]
    calm.figures.update(
        {
            "writes": len(ours),
            "other_writes": sum(write.resource != "leases" for write in ours),
            "seconds": round(seconds, 1),
            "cpu_percent": round(used_s / seconds * 100, 2),
            "rss_mb": round(rss_mb, 1),
        }
    )
    scene.keep(calm.run())


def _port(pod: dict[str, Any]) -> int:
    """Where it answers probes: the only port of its only container."""
    return int(pod["spec"]["containers"][0]["ports"][0]["containerPort"])


async def _pods(scene: Scene) -> list[dict[str, Any]]:
    return await scene.api.list(PODS, HOME, _SELECTOR)


def _after_s(moment: str, since: datetime) -> float:
    return (datetime.fromisoformat(moment) - since).total_seconds()


def _fields(process: int) -> list[str]:
    """The fields of /proc/PID/stat; the name, which may hold spaces, is left as one."""
    before, _, after = Path(f"/proc/{process}/stat").read_text().rpartition(")")
    return [*before.split(" ", 1), *after.split()]


def _started_s(process: int) -> float:
    """When a process was started, in seconds since 1970."""
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - int(_fields(process)[_START_TIME]) / _TICKS_PER_S
    return time.time() - age_s


def _cpu_s(process: int) -> float:
    return sum(int(ticks) for ticks in _fields(process)[_CPU_TIMES]) / _TICKS_PER_S


def _rss_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
