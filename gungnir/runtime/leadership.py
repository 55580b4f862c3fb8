"""Run the lease machine: read, take, renew and give back the Lease, and say at any moment whether we lead."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gungnir.machines import lease
from gungnir.machines.requests import NotFound, Stored, Version
from gungnir.runtime.errors import KubeError
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import LEASES, Object
from gungnir.runtime.replies import reply_of


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _stamp() -> str:
    return datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Leadership:
    """Holds the Lease for this process while it can."""

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        name: str,
        identity: str,
        times: lease.LeaseTimes,
        on_change: Callable[[bool], None],
    ) -> None:
        """Describe the Lease; nothing is asked before ``run``."""
        self._kube = kube
        self._ref = LEASES.ref(namespace, name)
        self._identity = identity
        self._times = times
        self._on_change = on_change
        self._state = lease.State()
        self._lease: Object | None = None
        self._draining = asyncio.Event()
        self._drained = asyncio.Event()
        self._led = False
        self._refused = False

    def leads(self) -> bool:
        """Whether we may act now, by our own clock.

        A deadline that passes while the renewal is under way makes it no, and the answer makes it yes again, without a
        change of the holder. Who was told no in between has dropped its work: the lead is announced anew.
        """
        leads = lease.leads(self._state, _now_ms())
        self._refused = self._refused or not leads
        return leads

    async def run(self) -> None:
        """Work until cancelled, or until the Lease is given back after ``drain``."""
        while True:
            taken = lease.tick(self._times, self._state, _now_ms(), draining=self._draining.is_set())
            self._become(taken.state)
            while taken.request is not None:
                reply = await self._send(taken.request)
                taken = lease.step(self._times, self._identity, self._state, reply, _now_ms())
                self._become(taken.state)
            if self._draining.is_set() and self._state.phase is lease.Phase.FOLLOWER:
                self._drained.set()
                return
            wait_s = max(0, self._state.wake_ms - _now_ms()) / 1000
            try:
                async with asyncio.timeout(wait_s):
                    await self._draining.wait()
            except TimeoutError:
                continue

    async def drain(self) -> None:
        """Give the Lease back, so that another operator need not wait for it to expire."""
        self._draining.set()
        await self._drained.wait()

    def _become(self, state: lease.State) -> None:
        self._state = state
        leads = lease.leads(state, _now_ms())
        if leads != self._led or (leads and self._refused):
            self._led, self._refused = leads, False
            self._on_change(leads)

    async def _send(self, request: lease.LeaseRequest) -> lease.LeaseReply:
        try:
            match request:
                case lease.GetLease():
                    return self._seen(await self._kube.get(self._ref))
                case lease.CreateLease():
                    return self._stored(await self._kube.create(self._manifest()))
                case lease.PutLease(_, holder, transitions):
                    return self._stored(await self._kube.replace(self._written(holder, transitions)))
        except KubeError as exc:
            return reply_of(exc)

    def _seen(self, obj: Object) -> lease.LeaseSeen:
        self._lease = obj
        spec: dict[str, Any] = obj.get("spec") or {}
        return lease.LeaseSeen(
            version=Version(obj["metadata"]["resourceVersion"]),
            holder=spec.get("holderIdentity") or "",
            stamp=str(spec.get("renewTime") or ""),
            duration_ms=int(spec.get("leaseDurationSeconds") or 0) * 1000 or self._times.duration_ms,
            transitions=int(spec.get("leaseTransitions") or 0),
        )

    def _stored(self, obj: Object) -> Stored | NotFound:
        self._lease = obj
        return Stored(Version(obj["metadata"]["resourceVersion"]))

    def _spec(self, holder: str, transitions: int) -> dict[str, Any]:
        now, former = _stamp(), (self._lease or {}).get("spec") or {}
        acquired = former.get("acquireTime") if former.get("holderIdentity") == holder else now
        return {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, self._times.duration_ms // 1000) if holder else 1,
            "acquireTime": acquired or now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    def _manifest(self) -> Object:
        return {
            "apiVersion": LEASES.group_version,
            "kind": LEASES.kind,
            "metadata": {"namespace": self._ref.namespace, "name": self._ref.name},
            "spec": self._spec(self._identity, 0),
        }

    def _written(self, holder: str, transitions: int) -> Object:
        if self._lease is None:
            return self._manifest()
        return self._lease | {"spec": self._spec(self._identity if holder else "", transitions)}
