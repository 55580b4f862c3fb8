"""What the tests need from the nodes: one interface, for nodes that are ours and for those behind a Kubernetes API."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import pytest

FOLDER: Final = "GUNGNIR_E2E_DIR"
"""Set by `make e2e`: where the state of the cluster in network namespaces is."""
_SCRIPT: Final = Path(__file__).parent / "cluster" / "cluster.sh"
_SECONDS: Final = 60


@dataclass(frozen=True)
class Write:
    """One write request that the API server has finished."""

    user: str
    verb: str
    resource: str
    name: str
    code: int
    at: str
    """RFC 3339, by the API server's clock."""


class Nodes(Protocol):
    """The machines below Kubernetes."""

    def process(self, pod: dict[str, Any]) -> int:
        """The pid here of the first process of a pod's first container: to be signalled past the kubelet."""

    def beside(self, node: str) -> tuple[str, ...]:
        """What to put before a command so that it runs in the network of a node."""

    def cut(self, node: str) -> None:
        """Take a node off the network; what runs there runs on."""

    def heal(self, node: str) -> None:
        """Bring it back."""

    def stop_kubelet(self, node: str) -> None:
        """End the kubelet; containers and network stay."""

    def start_kubelet(self, node: str) -> None:
        """Start it again."""

    def stop_api(self) -> None:
        """End the API server."""

    def start_api(self) -> None:
        """Start it again, and wait until it is ready."""

    def writes(self) -> Iterable[Write]:
        """Every write that the API server has finished, oldest first."""


class OwnNodes:
    """Nodes in network namespaces of this machine, as tests/e2e/cluster makes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, FOLDER: str(folder)}

    def process(self, pod: dict[str, Any]) -> int:
        identity = pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
        command = (str(_SCRIPT), "ctr", _number(pod["spec"]["nodeName"]), "tasks", "list")
        listed = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=_SECONDS, env=self._environment
        )
        pids = {line.split()[0]: int(line.split()[1]) for line in listed.stdout.splitlines()[1:]}
        return pids[identity]

    def beside(self, node: str) -> tuple[str, ...]:
        return (str(_SCRIPT), "exec", _number(node))

    def cut(self, node: str) -> None:
        self._run("cut", _number(node))

    def heal(self, node: str) -> None:
        self._run("heal", _number(node))

    def stop_kubelet(self, node: str) -> None:
        self._run("kubelet-stop", _number(node))

    def start_kubelet(self, node: str) -> None:
        self._run("kubelet-start", _number(node))

    def stop_api(self) -> None:
        self._run("api-stop")

    def start_api(self) -> None:
        self._run("api-start")

    def writes(self) -> Iterable[Write]:
        for line in (self._folder / "audit.log").read_text().splitlines():
            event = json.loads(line)
            reference = event.get("objectRef") or {}
            yield Write(
                user=event["user"].get("username", ""),  # nobody, where the credentials were not known (yet)
                verb=event["verb"],
                resource="/".join(filter(None, (reference.get("resource", ""), reference.get("subresource", "")))),
                name=reference.get("name", ""),
                code=event.get("responseStatus", {}).get("code", 0),
                at=event["requestReceivedTimestamp"],
            )

    def _run(self, *arguments: str) -> None:
        # Its own processes outlive the call and must not hold its pipes: what it says goes to a file.
        log = self._folder / "faults.log"
        with log.open("ab") as sink:
            done = subprocess.run(
                [str(_SCRIPT), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                check=False,
                timeout=_SECONDS,
                env=self._environment,
            )
        assert done.returncode == 0, f"cluster.sh {' '.join(arguments)}: {log.read_text()[-1000:]}"


class ForeignNodes:
    """Nodes that we know by the Kubernetes API alone: a test that needs more is skipped, and says what it needed."""

    def _missing(self, what: str) -> None:
        pytest.skip(f"needs {what}, which the Kubernetes API does not give; `make e2e` has it")

    def process(self, pod: dict[str, Any]) -> int:
        self._missing(f"a process of {pod['metadata']['name']}")
        return 0

    def beside(self, node: str) -> tuple[str, ...]:
        self._missing(f"the network of node {node}")
        return ()

    def cut(self, node: str) -> None:
        self._missing(f"the network of node {node}")

    def heal(self, node: str) -> None:
        """It was never cut."""

    def stop_kubelet(self, node: str) -> None:
        self._missing(f"the kubelet of node {node}")

    def start_kubelet(self, node: str) -> None:
        """It was never stopped."""

    def stop_api(self) -> None:
        self._missing("the API server's process")

    def start_api(self) -> None:
        """It was never stopped."""

    def writes(self) -> Iterable[Write]:
        self._missing("the API server's audit log")
        return ()


def find_nodes() -> Nodes:
    """Those of `make e2e` where its folder is named, else none of ours."""
    folder = os.environ.get(FOLDER)
    return OwnNodes(Path(folder)) if folder else ForeignNodes()


def _number(node: str) -> str:
    return node.removeprefix("node")
