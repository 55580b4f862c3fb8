"""The operator's own client of each API server, and the loop that it runs in."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pytest
from hypothesis import Phase, settings

from gungnir.api import names
from gungnir.machines.record import Record
from gungnir.machines.requests import Reply, Request, Version
from gungnir.machines.summary import Summary
from gungnir.resources.inputs import BuildInputs
from gungnir.runtime.api_executor import ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import VALKEYCLUSTERS
from spec.world import CLUSTER
from tests.kube.api import MERGE, Answer, Api, Obj, until
from tests.kube.conftest import new_namespace
from tests.kube.servers import Server

T = TypeVar("T")
STEPS: Final = 25
"""How many steps a run has at least."""
COUNT: Final = int(os.environ.get("GUNGNIR_MODEL_RUNS", "20"))
RUNS: Final = settings(
    max_examples=COUNT,
    deadline=None,
    derandomize="GUNGNIR_MODEL_RUNS" not in os.environ,
    phases=(Phase.generate,),
)
"""How many runs there are: the same ones each time, or as many others as are asked for. The story is short enough."""
TIMEOUT_S: Final = 600 + 5 * COUNT
"""For all runs of a test together; a run takes half a second on an idle machine."""
COLLECTOR_S: Final = 90.0
SHOWN: Final = Summary("Running", "", 3, 3, (), ())
"""What the status says to people: always the same, as it is no part of the model."""
_PATHS: Final = {
    "valkeyclusters": "/apis/valkey.verilean.io/v1",
    "statefulsets": "/apis/apps/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}


@dataclass
class Real:
    """One API server: the operator's client of it, and somebody else's (``api``), who may do anything."""

    name: str
    api: Api
    kube: Kube
    runner: asyncio.Runner

    def run(self, awaitable: Awaitable[T]) -> T:
        """Do something that awaits."""

        async def waited() -> T:
            return await awaitable

        return self.runner.run(waited())

    def space(self) -> "Space":
        """Return a namespace that nothing is in."""
        return Space(self, new_namespace(self.api))


@dataclass
class Space:
    """A namespace of one server, and what others do there."""

    real: Real
    namespace: str

    def __call__(self, method: str, plural: str, name: str = "", body: Any = None) -> Answer:
        """Send somebody else's request; a patch is a merge patch, ``name`` may go on to a subresource."""
        path = f"{_PATHS.get(plural, '/api/v1')}/namespaces/{self.namespace}/{plural}"
        content_type = MERGE if method == "PATCH" else "application/json"
        return self.real.api(method, f"{path}/{name}" if name else path, body, content_type=content_type)

    def find(self, plural: str, name: str) -> Obj | None:
        """Return an object as it is stored, or None."""
        answer = self("GET", plural, name)
        return None if answer.code == 404 else answer.taken()

    def make_cluster(self, spec: Obj) -> Obj:
        """Create the ValkeyCluster."""
        body = {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": {"name": CLUSTER}, "spec": spec}
        return self("POST", VALKEYCLUSTERS.plural, "", body).taken()

    def await_collector(self) -> None:
        """Wait until the garbage collector knows our resource: a real one looks for new ones every 30 s."""
        owner = self.make_cluster({"replicas": 3})["metadata"]
        reference = {"apiVersion": names.API_VERSION, "kind": names.KIND, "name": CLUSTER, "uid": owner["uid"]}
        self("POST", "configmaps", "", {"metadata": {"name": "owned", "ownerReferences": [reference]}}).taken()
        self("DELETE", VALKEYCLUSTERS.plural, CLUSTER).taken()
        until(lambda: self.find("configmaps", "owned") is None, "what was owned is gone", timeout_s=COLLECTOR_S)

    def executor(
        self,
        inputs: Callable[[], BuildInputs],
        cache: ClusterCache,
        summary: Callable[[Record], Summary] = lambda _record: SHOWN,
    ) -> ApiExecutor:
        """Return the request layer of an operator's process, as it is in production."""
        return ApiExecutor(self.real.kube, inputs().cluster, cache, inputs, summary, lambda _pod: None, lambda: None)

    def ask(self, executor: ApiExecutor, request: Request) -> Reply:
        """Carry out an operator's request."""
        reply = self.real.run(executor.execute(request))
        assert reply is not None, f"{request} is no request for the API server"
        return reply


class Versions:
    """Which resourceVersion of a server is which of the model, for each object that somebody read or wrote."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, str], list[tuple[Version, Version]]] = {}

    def note(self, who: int, what: str, model: Version, real: Version) -> None:
        """Remember what one operator knows of an object."""
        self._read.setdefault((who, what), []).append((model, real))

    def of(self, who: int, what: str) -> list[tuple[Version, Version]]:
        """Return all that one operator knows of an object, the newest last."""
        return list(self._read.get((who, what), []))

    def known(self, who: int, what: str, back: int) -> tuple[Version, Version] | None:
        """Return what it last read, or ``back`` reads before that; None if it never read it."""
        read = self.of(who, what)
        return read[max(0, len(read) - 1 - back)] if read else None


@pytest.fixture(scope="session")
def real(server: Server) -> Iterator[Real]:
    """The operator's client of an API server: the local one, and the real one where its programs are."""
    with asyncio.Runner() as runner:
        kube = runner.run(Kube.connect(kubeconfig=str(server.kubeconfig)))
        made = Real(server.name, server.api, kube, runner)
        made.space().await_collector()
        yield made
        runner.run(kube.aclose())
