"""A local cluster with the operator at work in it: what the demo and the live tests run in."""

import contextlib
import itertools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from gungnir.api.crd import crd
from gungnir.demo.api import CRDS, Api, Object
from gungnir.demo.managed import ManagedCluster
from gungnir.demo.operator import OperatorOptions, OperatorProcess
from gungnir.demo.waiting import wait_for
from gungnir.errors import UserError
from gungnir.local.cluster import LocalCluster
from gungnir.runtime.kube_resources import VALKEYCLUSTERS

_FIRST_PORT: Final = 8080
OPERATOR_NAMESPACE: Final = "gungnir-system"


class World:
    """A local cluster, an API client, and the operators that were started; all end with ``async with``.

    Attributes:
        local: The local cluster, with its faults.
        api: Client of its API server.
        directory: Where logs and traces of the operators are.
        as_shipped: Whether operators start as from the image: from compiled modules (the first one compiles them), and
            without a trace.
    """

    def __init__(self, *, as_shipped: bool = False) -> None:
        self.as_shipped: Final = as_shipped
        self._stack = contextlib.AsyncExitStack()
        self._ports = itertools.count(_FIRST_PORT)
        self.operators: list[OperatorProcess] = []

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            self.directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gungnir-demo-")))
            self.local = await stack.enter_async_context(LocalCluster())
            self.api = await stack.enter_async_context(Api(self.local.url))
            stack.push_async_callback(self._stop_operators)
            await self._install()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._stack.aclose()

    def new_operator(
        self, identity: str = "operator-1", extra: Sequence[str] = (), variables: Mapping[str, str] | None = None
    ) -> OperatorProcess:
        """An operator that is not started yet; ``extra`` is of its command line, ``variables`` of its environment."""
        source = self.local.operator_source_address
        options = OperatorOptions(
            kubeconfig=Path(self.local.kubeconfig),
            http_address=f"{source}:{next(self._ports)}",
            directory=self.directory,
            identity=identity,
            valkey_source_address=source,
            lease_namespace=OPERATOR_NAMESPACE,
            extra=extra,
            variables=variables or {},
            traced=not self.as_shipped,
            bytecode=self.directory / "bytecode" if self.as_shipped else None,
        )
        operator = OperatorProcess(options)
        self.operators.append(operator)
        return operator

    async def start_operator(self, identity: str = "operator-1", extra: Sequence[str] = ()) -> OperatorProcess:
        """Start an operator and wait until it leads."""
        operator = self.new_operator(identity, extra)
        await operator.start()
        await operator.wait_leader()
        return operator

    async def apply(self, manifest: Sequence[Object]) -> ManagedCluster:
        """Apply objects of which one is a ValkeyCluster, and return a handle to it.

        Raises:
            UserError: There is none among them, or more than one.
        """
        metadata = cluster_in(manifest)["metadata"]
        await self.api.apply(manifest)
        return ManagedCluster(self.api, metadata.get("namespace", "default"), metadata["name"])

    async def _install(self) -> None:
        """What ``kubectl apply -k deploy/`` would bring, without the operator's Deployment: that one is a process."""
        spaces = ("default", OPERATOR_NAMESPACE)
        await self.api.apply([_namespace(name) for name in spaces] + [crd()])

        async def established() -> bool:
            found = await self.api.get(CRDS, "", crd()["metadata"]["name"])
            conditions = ((found or {}).get("status") or {}).get("conditions") or []
            return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

        await wait_for("the resource type to be served", established, timeout_ms=10_000)

    async def _stop_operators(self) -> None:
        for operator in self.operators:
            await operator.stop()


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def cluster_in(manifest: Sequence[Object]) -> Object:
    """Return the one ValkeyCluster among these objects.

    Raises:
        UserError: There is none, or more than one.
    """
    clusters = [obj for obj in manifest if obj.get("kind") == VALKEYCLUSTERS.kind]
    if len(clusters) != 1:
        raise UserError(f"manifest: {len(clusters)} objects of kind ValkeyCluster; give exactly one")
    return clusters[0]
