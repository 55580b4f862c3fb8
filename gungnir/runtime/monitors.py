"""The monitors of one cluster's pods: started, replaced and stopped as pods and addresses come and go."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from gungnir.api.cluster import ValkeyCluster
from gungnir.machines.requests import Answer, AnswerKind, Answers, PodCommand, Pods
from gungnir.machines.view import Contact
from gungnir.runtime import spans
from gungnir.runtime.context import Context
from gungnir.runtime.kube_resources import Object
from gungnir.runtime.valkey.monitor import Monitor, OnChange, Target
from gungnir.runtime.valkey.session import Keys


class Monitors:
    """All monitors of one cluster. Needs a running loop."""

    def __init__(
        self,
        keys: Callable[[], Keys | None],
        epoch: Callable[[], int],
        on_change: OnChange,
        on_command: Callable[[str, str], None] = lambda _command, _result: None,
    ) -> None:
        """Describe where monitors get their credentials from and whom they tell: of evidence, and of each command."""
        self.by_pod: dict[str, Monitor] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._keys = keys
        self._epoch = epoch
        self._on_change = on_change
        self._on_command = on_command
        self._heard_ms: dict[str, int] = {}

    def follow(self, targets: Mapping[str, Target]) -> None:
        """Watch exactly these; a pod that is another object, or has another address or timing, gets a new monitor.

        Told to watch nobody, it also forgets who was heard when: nobody listens from now on.
        """
        for name in [name for name, monitor in self.by_pod.items() if targets.get(name) != monitor.target]:
            self._stop(name)
        if not targets:
            self._heard_ms.clear()
        for name, target in targets.items():
            if name not in self.by_pod:
                monitor = Monitor(target, self._keys, self._epoch, self._on_change)
                self.by_pod[name] = monitor
                self._tasks[name] = asyncio.create_task(monitor.run(), name=f"monitor {name}")

    def forgive(self) -> None:
        """Our own loop slept: silence and absence count from now."""
        self._heard_ms.clear()
        for monitor in self.by_pod.values():
            monitor.forgive()

    def poke(self) -> None:
        """Read every pod at once."""
        for monitor in self.by_pod.values():
            monitor.poke()

    def away(self, pods: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """Return (name, milliseconds since it last answered) of each of these pods that does not answer now.

        A pod that was never heard counts from when it was first asked about here, whether it exists or not.
        """
        now_ms = int(asyncio.get_running_loop().time() * 1000)
        away = []
        for name in pods:
            self._note(name, now_ms)
            monitor = self.by_pod.get(name)
            if monitor is None or monitor.contact not in (Contact.UP, Contact.ERROR):
                away.append((name, now_ms - self._heard_ms.setdefault(name, now_ms)))
        return tuple(away)

    def _note(self, name: str, now_ms: int) -> None:
        monitor = self.by_pod.get(name)
        if monitor is not None and monitor.heard:
            self._heard_ms[name] = now_ms - monitor.silent_ms

    async def execute(self, request: Pods, acks: int) -> Answers:
        """Send the commands in parallel; a pod that is not watched is unreachable."""
        return Answers(
            tuple(
                await asyncio.gather(*(self._one(command, acks, request.deadline_ms) for command in request.commands))
            )
        )

    async def _one(self, command: PodCommand, acks: int, deadline_ms: int) -> Answer:
        monitor = self.by_pod.get(command.pod)
        if monitor is None:
            return Answer(command.pod, AnswerKind.UNREACHABLE, None, "the pod has no address")
        started_ns = time.monotonic_ns()
        answer = await monitor.execute(command, acks, deadline_ms)
        self._on_command(command.verb.value, answer.kind.value)
        spans.command_taken(command, answer, started_ns)
        return answer

    async def close(self) -> None:
        """Stop all."""
        tasks = list(self._tasks.values())
        for name in list(self.by_pod):
            self._stop(name)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stop(self, name: str) -> None:
        self._note(name, int(asyncio.get_running_loop().time() * 1000))
        monitor = self.by_pod.pop(name)
        monitor.close()
        self._tasks.pop(name).cancel()


def address_of(pod: Object) -> str:
    """Return the pod's address; empty while it has none or is finished."""
    status = pod.get("status") or {}
    return "" if status.get("phase") in ("Failed", "Succeeded") else str(status.get("podIP") or "")


def targets_of(cluster: ValkeyCluster, pods: Mapping[str, Object], context: Context) -> dict[str, Target]:
    """Return what is to be watched of these pods, by name: those that have an address."""
    sentinel = cluster.spec.sentinel
    return {
        name: Target(
            name=name,
            uid=pod["metadata"]["uid"],
            address=address,
            port=cluster.spec.port,
            ping_interval_ms=sentinel.ping_interval_ms,
            down_after_ms=sentinel.down_after_ms,
            connect_timeout_ms=context.connect_timeout_ms,
            command_timeout_ms=context.command_timeout_ms,
            source=context.source_address,
        )
        for name, pod in pods.items()
        if (address := address_of(pod))
    }
