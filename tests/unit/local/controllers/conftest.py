"""Controllers over a registry in memory, without a node: a test plays the node by writing pod statuses."""

import asyncio
import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gungnir.local.controllers.base import Controller, Runner
from gungnir.local.events import EventRecorder
from gungnir.local.registry import Registry

Obj = dict[str, Any]

STATEFUL_SET: Obj = {
    "metadata": {"name": "demo", "namespace": "default"},
    "spec": {
        "serviceName": "demo-headless",
        "replicas": 3,
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "OnDelete"},
        "selector": {"matchLabels": {"app": "demo"}},
        "template": {
            "metadata": {"labels": {"app": "demo"}, "annotations": {"note": "kept"}},
            "spec": {
                "containers": [
                    {
                        "name": "valkey",
                        "image": "valkey/valkey:8.0",
                        "ports": [{"name": "valkey", "containerPort": 6379}],
                    }
                ]
            },
        },
    },
}


class World:
    """A registry with a namespace, and what a node would do to pods."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.registry.create("namespaces", {"metadata": {"name": "default"}})
        self.events = EventRecorder(self.registry, "test")

    def apply(self, **spec: Any) -> Obj:
        wanted = copy.deepcopy(STATEFUL_SET)
        wanted["spec"].update(spec)
        return self.registry.create("statefulsets", wanted)

    def change(self, resource: str, name: str, change: Callable[[Obj], None]) -> None:
        obj = self.registry.get(resource, "default", name)
        change(obj)
        self.registry.update(resource, obj)

    def names(self, resource: str = "pods") -> list[str]:
        return [obj["metadata"]["name"] for obj in self.registry.list(resource, "default").items]

    def get(self, name: str, resource: str = "pods") -> Obj:
        return self.registry.get(resource, "default", name)

    def run(self, name: str, *, ready: bool = True, address: str = "") -> None:
        """Say that the node runs a pod."""
        pod = self.get(name)
        pod["spec"]["nodeName"] = "local"
        pod = self.registry.update("pods", pod)
        now = self.registry.now()
        condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": now}
        pod["status"] = {
            "phase": "Running",
            "podIP": address or f"127.64.1.{1 + int(name[-1])}",
            "conditions": [condition],
        }
        self.registry.update("pods", pod, subresource="status")

    def end(self, name: str, phase: str) -> None:
        pod = self.get(name)
        pod["status"] = {"phase": phase}
        self.registry.update("pods", pod, subresource="status")

    def remove(self, name: str) -> None:
        """Finish the deletion of a pod, as the node does when its processes have ended."""
        self.registry.delete("pods", "default", name, grace_period_seconds=0)


class Stage:
    """Runs controllers; ``settle`` lets them do all they have to do."""

    def __init__(self, world: World, controllers: Iterable[Controller]) -> None:
        self._runner = Runner(world.registry.store, controllers)
        self._runner.start()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    def stop(self) -> None:
        self._runner.stop()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def play(world: World) -> Callable[..., None]:
    """Run a scenario ``(settle)`` with controllers made by a function of the world."""

    def run(make: Callable[[World], list[Controller]], scenario: Callable[[Callable[[], Any]], Any]) -> None:
        async def main() -> None:
            stage = Stage(world, make(world))
            try:
                await stage.settle()
                await scenario(stage.settle)
            finally:
                stage.stop()

        asyncio.run(main())

    return run
