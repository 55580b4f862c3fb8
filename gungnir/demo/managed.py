"""One ValkeyCluster as its users see it: status, Services, pods, and the data behind them."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gungnir.api import names
from gungnir.demo.api import Api, Object
from gungnir.demo.check import Report, check
from gungnir.demo.connection import Connection
from gungnir.demo.errors import ConnectError, NotInTimeError
from gungnir.demo.ledger import Ledger
from gungnir.demo.roles import PERIOD_MS, RoleSampler
from gungnir.demo.waiting import wait_for
from gungnir.demo.writers import Load, Writers
from gungnir.resources.credentials import operator_user, password
from gungnir.resources.secret import OPERATOR_KEY
from gungnir.resp import ErrorReply
from gungnir.resp.commands import Command, auth
from gungnir.runtime.kube_resources import PODS, SECRETS, SERVICES, VALKEYCLUSTERS

READY_MS: Final = 30_000
_SCAN_COUNT: Final = b"2000"


@dataclass(frozen=True)
class ClusterView:
    """``.status`` and the pods at one moment, as far as a user needs them."""

    status: Mapping[str, Any] = field(default_factory=dict)
    generation: int = 0
    annotations: Mapping[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def primary(self) -> str:
        """Name of the primary's pod; empty if there is none."""
        return str((self.status.get("primary") or {}).get("pod") or "")

    @property
    def epoch(self) -> int:
        """Epoch of the last failover begun."""
        return int(self.status.get("epoch") or 0)

    @property
    def phase(self) -> str:
        """The one word for people."""
        return str(self.status.get("phase") or "")

    @property
    def ready(self) -> int:
        """Pods that are ready."""
        return int(self.status.get("readyReplicas") or 0)

    @property
    def failing_over(self) -> bool:
        """Whether a failover is under way."""
        return bool(self.status.get("failover"))

    def condition(self, kind: str) -> Mapping[str, Any]:
        """A condition by its type; empty if it was never set."""
        conditions: list[Mapping[str, Any]] = self.status.get("conditions") or []
        return next((condition for condition in conditions if condition.get("type") == kind), {})

    def __str__(self) -> str:
        conditions = ", ".join(
            f"{c.get('type')}={c.get('status')} ({c.get('reason')}: {c.get('message')})"
            for c in self.status.get("conditions") or []
        )
        nodes = ", ".join(f"{n.get('pod')}:{n.get('role')}:{n.get('state')}" for n in self.status.get("nodes") or [])
        return (
            f"phase {self.phase}, primary {self.primary or 'none'}, epoch {self.epoch}, ready {self.ready}, "
            f"failover {self.status.get('failover')}, nodes [{nodes}], conditions [{conditions}]"
        )


class ManagedCluster:
    """A handle to one ValkeyCluster.

    Args:
        api: The API server.
        namespace: Its namespace.
        name: Its name.
    """

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self.api: Final = api
        self.namespace: Final = namespace
        self.name: Final = name
        self._addresses: dict[str, tuple[str, int]] = {}

    @property
    def key(self) -> str:
        """``namespace/name``, as the operator's trace names it."""
        return f"{self.namespace}/{self.name}"

    async def view(self) -> ClusterView:
        """Read it; an empty view if it does not exist."""
        found = await self.api.get(VALKEYCLUSTERS, self.namespace, self.name)
        if found is None:
            return ClusterView()
        metadata, spec = found["metadata"], found.get("spec") or {}
        return ClusterView(
            found.get("status") or {},
            int(metadata.get("generation") or 0),
            metadata.get("annotations") or {},
            int(spec.get("replicas") or 0),
        )

    async def pods(self) -> dict[str, Object]:
        """Its pods by name."""
        selector = ",".join(f"{key}={value}" for key, value in names.selector_labels(self.name).items())
        found = {pod["metadata"]["name"]: pod for pod in await self.api.list(PODS, self.namespace, selector)}
        self._addresses = {name: (ip, _port(pod)) for name, pod in found.items() if (ip := _ip(pod))}
        return found

    def addresses(self) -> Mapping[str, tuple[str, int]]:
        """Where the pods were when they were last read with ``pods``."""
        return self._addresses

    async def ready_pods(self) -> list[str]:
        """Names of the pods whose condition Ready is true and that are not being deleted."""
        return [
            name
            for name, pod in (await self.pods()).items()
            if not pod["metadata"].get("deletionTimestamp")
            and any(
                condition["type"] == "Ready" and condition["status"] == "True"
                for condition in (pod.get("status") or {}).get("conditions") or []
            )
        ]

    async def wait_ready(self, *, timeout_ms: int = READY_MS, poll_ms: int = 20) -> ClusterView:
        """Wait until a primary is recorded, no failover is under way, and all pods are ready, by status and by pod.

        Raises:
            NotInTimeError: They were not; the text shows the status.
        """

        async def probe(view: ClusterView) -> bool:
            if not view.size or view.ready != view.size or not view.primary or view.failing_over:
                return False
            return len(await self.ready_pods()) == view.size

        return await self.wait_view(f"{self.key} to be ready", probe, timeout_ms=timeout_ms, poll_ms=poll_ms)

    async def wait_view(self, what: str, probe: Any, *, timeout_ms: int = READY_MS, poll_ms: int = 20) -> ClusterView:
        """Wait until ``probe(view)`` (a function or a coroutine function) is true; returns that view.

        Raises:
            NotInTimeError: It was not; the text shows the status.
        """
        seen = ClusterView()

        async def look() -> ClusterView | None:
            nonlocal seen
            seen = await self.view()
            verdict = probe(seen)
            return seen if (await verdict if hasattr(verdict, "__await__") else verdict) else None

        try:
            return await wait_for(what, look, timeout_ms=timeout_ms, poll_ms=poll_ms, last=lambda: seen)
        except NotInTimeError as error:
            pods = {name: (pod.get("status") or {}).get("phase") for name, pod in (await self.pods()).items()}
            raise NotInTimeError(f"{error}; pods {pods}") from error

    async def service(self, name: str) -> tuple[str, int]:
        """Cluster address and port of a Service.

        Raises:
            NotInTimeError: It has none within 10 s.
        """

        async def look() -> tuple[str, int] | None:
            spec = ((await self.api.get(SERVICES, self.namespace, name)) or {}).get("spec") or {}
            return (spec["clusterIP"], int(spec["ports"][0]["port"])) if spec.get("clusterIP") else None

        return await wait_for(f"the address of Service {name}", look, timeout_ms=10_000)

    async def client_address(self) -> tuple[str, int]:
        """Address of the Service that leads to the primary."""
        return await self.service(names.client_service(self.name))

    async def password(self) -> str | None:
        """Password of the ``default`` user; None if authentication is off.

        Raises:
            NotInTimeError: There is no Secret within 10 s.
        """
        found = await self.api.get(VALKEYCLUSTERS, self.namespace, self.name) or {}
        auth = (found.get("spec") or {}).get("auth") or {}
        name = auth.get("existingSecret") or names.secret(self.name)

        async def look() -> Object | None:
            return await self.api.get(SECRETS, self.namespace, name)

        secret = await wait_for(f"Secret {name}", look, timeout_ms=10_000)
        encoded = (secret.get("data") or {}).get("password")
        return base64.b64decode(encoded).decode() if encoded else None

    async def change(self, spec: Mapping[str, Any]) -> None:
        """Merge a part of a spec into its own."""
        await self.api.patch(VALKEYCLUSTERS, self.namespace, self.name, {"spec": spec})

    async def switch_over(self, target: str = "any") -> None:
        """Ask for a planned switchover by annotation."""
        await self.api.annotate(VALKEYCLUSTERS, self.namespace, self.name, **{names.SWITCHOVER_ANNOTATION: target})

    async def call(self, pod: str, *commands: Command, deadline_ms: int = 2000) -> list[Any]:
        """Send commands to a pod as ``default``, directly; returns their replies.

        Raises:
            ConnectError: It cannot be reached.
            LostError: It did not answer.
        """
        await self.pods()
        if pod not in self._addresses:
            raise ConnectError(f"pod {pod} has no address")
        connection = await Connection.open(
            *self._addresses[pod], password=await self.password(), deadline_ms=deadline_ms
        )
        try:
            return [await connection.call(command, deadline_ms=deadline_ms) for command in commands]
        finally:
            connection.close()

    async def call_as_operator(self, pod: str, *commands: Command) -> list[Any]:
        """Send commands to a pod as the operator of the present epoch: what a person with the Secret can do.

        Raises:
            ConnectError: It cannot be reached.
            LostError: It did not answer.
        """
        owner = await self.api.get(VALKEYCLUSTERS, self.namespace, self.name)
        secret = await self.api.get(SECRETS, self.namespace, names.secret(self.name))
        if owner is None or secret is None:
            raise ConnectError(f"{self.key}: has no {'Secret' if owner else 'ValkeyCluster'}")
        key = base64.b64decode(secret["data"][OPERATOR_KEY]).decode()
        user = operator_user(int((owner.get("status") or {}).get("epoch") or 0))
        await self.pods()
        if pod not in self._addresses:
            raise ConnectError(f"pod {pod} has no address")
        connection = await Connection.open(*self._addresses[pod])
        try:
            login = auth(user, password(key, owner["metadata"]["uid"], user))
            return [await connection.call(command) for command in (login, *commands)][1:]
        finally:
            connection.close()

    async def read_all(self, prefix: str, pod: str = "") -> dict[str, str]:
        """Read every key that begins with ``prefix``, from a pod or through the client Service.

        Raises:
            ConnectError: It cannot be reached, or refuses to be read.
            LostError: It did not answer.
        """
        if pod:
            await self.pods()
        host, port = self._addresses[pod] if pod else await self.client_address()
        connection = await Connection.open(host, port, password=await self.password(), deadline_ms=2000)
        try:
            return await scan(connection, prefix)
        finally:
            connection.close()

    async def writers(self, ledger: Ledger, load: Load | None = None) -> Writers:
        """Writers through the client Service; start them with ``async with``."""
        address = await self.client_address()
        return Writers(ledger, lambda: address, await self.password(), load)

    async def role_sampler(self, period_ms: int = PERIOD_MS) -> RoleSampler:
        """A sampler of the roles of its pods; start it with ``async with``."""
        await self.pods()
        return RoleSampler(self.addresses, await self.password(), self.pods, period_ms)

    async def verdict(self, ledger: Ledger) -> Report:
        """Read all keys of a ledger through the client Service and compare; the writers must have ended."""

        async def read() -> tuple[dict[str, str]]:
            return (await self.read_all(ledger.prefix + ":"),)

        (reads,) = await wait_for("the data to be readable", read, timeout_ms=READY_MS)
        return check(ledger.writes, reads)


async def scan(connection: Connection, prefix: str) -> dict[str, str]:
    """Read every key that begins with ``prefix``, with its value.

    Raises:
        ConnectError: The server refuses to be read.
        LostError: It did not answer.
    """
    found: dict[str, str] = {}
    cursor = b"0"
    for _ in range(1_000_000):  # a bound, not a limit anybody meets
        reply = await connection.call(
            (b"SCAN", cursor, b"MATCH", prefix.encode() + b"*", b"COUNT", _SCAN_COUNT), deadline_ms=5000
        )
        if isinstance(reply, ErrorReply) or not isinstance(reply, tuple):
            raise ConnectError(f"SCAN was answered {reply!r}")
        next_cursor, keys = reply
        if keys:
            values = await connection.call((b"MGET", *keys), deadline_ms=5000)  # type: ignore[misc]  # SCAN answers keys
            found.update(_pairs(keys, values))  # type: ignore[arg-type]  # as above
        if next_cursor == b"0":
            return found
        cursor = next_cursor  # type: ignore[assignment]  # as above
    raise ConnectError("SCAN does not end")


def _pairs(keys: Iterable[bytes], values: Any) -> dict[str, str]:
    pairs = zip(keys, values, strict=True)
    return {key.decode(): value.decode() for key, value in pairs if isinstance(value, bytes)}


def _ip(pod: Object) -> str:
    return str((pod.get("status") or {}).get("podIP") or "")


def _port(pod: Object) -> int:
    return int(pod["spec"]["containers"][0]["ports"][0]["containerPort"])
