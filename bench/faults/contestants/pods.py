"""Pods of Valkey for contestants without an operator: a StatefulSet of the local cluster, and replication by hand."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Final

from bench.faults.contestants.base import MAX_LAG_S, MIN_REPLICAS, Contestant, Settings
from gungnir.api.spec import ValkeyClusterSpec
from gungnir.demo.api import Object
from gungnir.demo.connection import Connection
from gungnir.demo.errors import ConnectError
from gungnir.demo.waiting import wait_for
from gungnir.demo.world import World
from gungnir.resources.conf import base_directives
from gungnir.resp.commands import Command, replicaof
from gungnir.runtime.kube_resources import PODS

PORT: Final = 6379
VALKEY: Final = "valkey"
_START_MS: Final = 20_000
_IMAGE: Final = "valkey/valkey:9.1.2"
_WRITE_CONFIG: Final = 'test -s "$FILE" || printf "%s" "$CONFIG" > "$FILE"'


def server_config() -> str:
    """valkey.conf with the operator's own settings, but for its fence: what differs is who looks after the pods."""
    own = base_directives(ValkeyClusterSpec())
    del own["replicaof"]
    same = own | {"min-replicas-to-write": str(MIN_REPLICAS), "min-replicas-max-lag": str(MAX_LAG_S)}
    return "".join(f"{directive} {arguments}\n" for directive, arguments in same.items())


def stateful_set(name: str, pods: int, port: int, config: str, *arguments: str) -> Object:
    """A StatefulSet whose pods have a configuration file that their server may rewrite, on a volume of their own.

    Args:
        name: Of the StatefulSet.
        pods: How many.
        port: Where the server listens.
        config: First content of the file; a new volume starts with it again.
        arguments: Of valkey-server, after the file.
    """
    labels = {"app": name}
    mount = {"name": "data", "mountPath": "/data"}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": pods,
            "serviceName": name,
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "volumes": [{"name": "data", "emptyDir": {}}],
                    "initContainers": [
                        {
                            "name": "config",
                            "image": _IMAGE,
                            "command": ["sh", "-c", _WRITE_CONFIG],
                            "env": [
                                {"name": "FILE", "value": "/data/server.conf"},
                                {"name": "CONFIG", "value": config},
                            ],
                            "volumeMounts": [mount],
                        }
                    ],
                    "containers": [
                        {
                            "name": name,
                            "image": _IMAGE,
                            "command": ["valkey-server"],
                            "args": ["/data/server.conf", *arguments],
                            "ports": [{"containerPort": port}],
                            "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
                            "volumeMounts": [mount],
                        }
                    ],
                },
            },
        },
    }


async def deploy(world: World, manifest: Object) -> dict[str, tuple[str, int]]:
    """Apply such a StatefulSet; returns the addresses of its pods once all of them accept connections.

    Raises:
        NotInTimeError: They do not.
    """
    await world.api.apply([manifest])
    spec = manifest["spec"]
    port = int(spec["template"]["spec"]["containers"][0]["ports"][0]["containerPort"])
    found: dict[str, tuple[str, int]] = {}

    async def all_listen() -> bool:
        found.update(await pod_addresses(world, manifest["metadata"]["name"], port))
        if len(found) < spec["replicas"]:
            return False
        for address in found.values():
            (await Connection.open(*address)).close()
        return True

    await wait_for(f"the pods of {manifest['metadata']['name']}", all_listen, timeout_ms=_START_MS)
    return dict(sorted(found.items()))


async def pod_addresses(world: World, name: str, port: int) -> dict[str, tuple[str, int]]:
    """Addresses of the pods of a StatefulSet."""
    pods = await world.api.list(PODS, "default", f"app={name}")
    ips = {pod["metadata"]["name"]: (pod.get("status") or {}).get("podIP") for pod in pods}
    return {pod: (ip, port) for pod, ip in sorted(ips.items()) if ip}


class Replicated(Contestant):
    """Pods that replicate from the first one; their configuration is rewritten, so that restarts keep the roles."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__(world, settings)
        self._addresses: dict[str, tuple[str, int]] = {}

    async def start(self) -> None:
        arguments = ("--port", str(PORT), "--dir", "/data")
        announced = ("--replica-announce-ip", "$(POD_IP)", "--replica-announce-port", str(PORT))
        manifest = stateful_set(VALKEY, self.settings.pods, PORT, server_config(), *arguments, *announced)
        self._addresses = await deploy(self.world, manifest)
        first, *others = self._addresses
        await asyncio.gather(
            *(self.admin(pod, replicaof(*self._addresses[first]), (b"CONFIG", b"REWRITE")) for pod in others)
        )

    async def refresh(self) -> None:
        """Nothing to do: no nemesis deletes a pod, so no address changes."""

    def addresses(self) -> Mapping[str, tuple[str, int]]:
        return self._addresses

    async def admin(self, pod: str, *commands: Command) -> list[Any]:
        if pod not in self._addresses:
            raise ConnectError(f"pod {pod} has no address")
        return await call(self._addresses[pod], *commands)

    def pod_at(self, address: tuple[str, int]) -> str:
        """The pod with this address; empty if there is none."""
        return next((pod for pod, own in self._addresses.items() if own == address), "")


async def call(address: tuple[str, int], *commands: Command) -> list[Any]:
    """Send commands on a connection of their own.

    Raises:
        ConnectError: Nobody accepts it.
        LostError: No answer.
    """
    with contextlib.closing(await Connection.open(*address)) as connection:
        return [await connection.call(command) for command in commands]
