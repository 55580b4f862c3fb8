"""The operator process: informers, one worker for each cluster, the lease, and the HTTP endpoints, until SIGTERM."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio

from gungnir.api import names
from gungnir.errors import UserError
from gungnir.machines.kernel import IllegalTransition
from gungnir.machines.lease import LeaseTimes
from gungnir.runtime import http
from gungnir.runtime.claim_cache import ClaimCache
from gungnir.runtime.context import Context, Heartbeat, NotLeadingError
from gungnir.runtime.driver import InterruptedRoundError
from gungnir.runtime.errors import ForbiddenError, KubeError
from gungnir.runtime.events import EventRecorder, Reason
from gungnir.runtime.followed import PATIENCE_MS
from gungnir.runtime.kube import Kube
from gungnir.runtime.kube_resources import (
    PERSISTENTVOLUMECLAIMS,
    PODS,
    SERVICES,
    STATEFULSETS,
    VALKEYCLUSTERS,
    Object,
    Resource,
)
from gungnir.runtime.leadership import Leadership
from gungnir.runtime.log import get_logger
from gungnir.runtime.metrics import CONTENT_TYPE, Metrics
from gungnir.runtime.queue import WorkQueue
from gungnir.runtime.rights import CACHED
from gungnir.runtime.schedule import Priority
from gungnir.runtime.settings import Settings
from gungnir.runtime.spans import connect as connect_spans
from gungnir.runtime.trace import Trace
from gungnir.runtime.watch import EventKind, Hooks, Informer, Timing
from gungnir.runtime.worker import ClusterWorker

HEARTBEAT_S: Final = 0.25
OWN_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
SELECTOR: Final = f"app.kubernetes.io/managed-by={names.MANAGER}"

Key = tuple[str, str]


class Operator:
    """One operator process."""

    def __init__(self, settings: Settings, kube: Kube, metrics: Metrics) -> None:
        """Put the parts together; nothing runs before ``run``."""
        self._settings = settings
        self._kube = kube
        self._metrics = metrics
        self._log = get_logger("gungnir.operator")
        self._heartbeat = Heartbeat()
        self._stop = asyncio.Event()
        self._workers: dict[Key, ClusterWorker] = {}
        # Claims outlive their cluster, and a later one of the same name takes them over.
        self._claims: dict[Key, ClaimCache] = {}
        self._queue: WorkQueue[Key] = WorkQueue(
            self._work, on_failure=self._failed, limit=settings.max_concurrent_reconciles
        )
        self._leadership = Leadership(
            kube,
            settings.lease_namespace or _own_namespace(settings),
            settings.lease_name,
            settings.identity,
            LeaseTimes(settings.lease_duration_ms, settings.lease_renew_deadline_ms, settings.lease_retry_period_ms),
            self._leader_changed,
        )
        leads: Callable[[], bool] = self._leadership.leads if settings.leader_elect else lambda: True
        self._context = Context(
            kube=kube,
            metrics=metrics,
            events=EventRecorder(kube, settings.identity, on_dropped=metrics.event_dropped),
            trace=Trace(settings.trace_file),
            heartbeat=self._heartbeat,
            leads=leads,
            connect_timeout_ms=settings.valkey_connect_timeout_ms,
            command_timeout_ms=settings.valkey_command_timeout_ms,
            source_address=settings.valkey_source_address,
            spans=connect_spans(settings.otlp_endpoint, settings.identity),
        )
        self._informers = [
            self._informer(resource, namespace) for namespace in (settings.namespaces or ("",)) for resource in CACHED
        ]

    async def run(self) -> None:
        """Work until ``stop``, then give the lease back and return."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._beat)
            tasks.start_soon(self._serve)
            tasks.start_soon(self._context.events.run)
            for informer in self._informers:
                tasks.start_soon(informer.run)
            if self._settings.leader_elect:
                tasks.start_soon(self._leadership.run)
            await self._synced()
            tasks.start_soon(self._queue.run)
            if not self._settings.leader_elect:
                self._leader_changed(True)
            self._log.info("ready", server=self._kube.server, clusters=len(self._workers))
            await self._stop.wait()
            await self._shut_down()
            tasks.cancel_scope.cancel()

    def stop(self) -> None:
        """Begin to shut down."""
        self._stop.set()

    # --- the parts --------------------------------------------------------------------------------------------------

    def _informer(self, resource: Resource, namespace: str) -> Informer:
        def on_event(kind: EventKind, obj: Object) -> None:
            self._on_event(resource, kind, obj)

        return Informer(
            self._kube,
            resource,
            namespace,
            hooks=Hooks(
                on_event=on_event,
                on_restart=lambda reason: self._metrics.watch_restart(resource.plural, reason.value),
                on_problem=lambda error: self._watch_failed(resource, namespace, error),
                on_resync=lambda: self._watch_refused(resource, namespace, ""),
            ),
            label_selector="" if resource is VALKEYCLUSTERS else SELECTOR,
            timing=Timing(resync_ms=self._settings.resync_interval_ms),
        )

    def _watch_failed(self, resource: Resource, namespace: str, error: KubeError) -> None:
        self._log.warning("watch failed", resource=resource.plural, error=str(error))
        if isinstance(error, ForbiddenError):
            self._watch_refused(resource, namespace, f"may not {error}")

    def _watch_refused(self, resource: Resource, namespace: str, text: str) -> None:
        for (where, _), worker in self._workers.items():
            if namespace in ("", where):
                worker.watch_refused(resource.plural, text)

    async def _synced(self) -> None:
        for informer in self._informers:
            # Failovers need no claims: a missing permission to see them only keeps volumes from growing.
            if informer.resource is not PERSISTENTVOLUMECLAIMS:
                await informer.synced.wait()

    async def _beat(self) -> None:
        """Notice our own stalls before anything else acts on old evidence."""
        while True:
            gap_s = self._heartbeat.beat()
            self._metrics.loop_lag(max(0.0, gap_s - HEARTBEAT_S))
            self._metrics.queue_depth(self._queue.depth)
            if self._heartbeat.stalled:
                self._log.warning("the operator's own loop slept; observing before acting", seconds=round(gap_s, 1))
                for key, worker in self._workers.items():
                    worker.forgive()
                    self._queue.add_after(key, 1100)
            await asyncio.sleep(HEARTBEAT_S)

    async def _serve(self) -> None:
        checks = http.Checks()
        checks.progress("event loop", self._heartbeat.age_ms, 10_000)
        for informer in self._informers:
            checks.readiness(f"cache {informer.resource.plural} {informer.namespace}".strip(), _cache_problem(informer))
        await http.serve(self._settings.http_address, checks, self._metrics.render, CONTENT_TYPE)

    async def _shut_down(self) -> None:
        """Let rounds under way end, give the lease back, stop watching.

        Rounds have half of the time. Whoever still runs then ends before its next request, and the next leader goes on
        from the record: it must not have to wait for the lease to expire because one API call here hangs.
        """
        self._log.info("shutting down", rounds=self._queue.running)
        grace_s = self._settings.shutdown_grace_ms / 1000
        with anyio.move_on_after(grace_s / 2):
            await self._queue.drain()
        self._context.stopping = True
        with anyio.move_on_after(grace_s / 8) as ending:
            await self._queue.drain()
        if ending.cancelled_caught:
            self._log.warning("rounds still wait for an answer", rounds=self._queue.running)
        if self._settings.leader_elect:
            with anyio.move_on_after(grace_s / 4) as giving:
                await self._leadership.drain()
            if giving.cancelled_caught:
                self._log.warning("the lease was not given back in time; it expires by itself")
        with anyio.move_on_after(grace_s / 16):
            await self._context.events.flush()
        for worker in self._workers.values():
            await worker.close()
        self._context.spans.close(self._settings.shutdown_grace_ms // 16)
        self._context.trace.close()

    def _leader_changed(self, leads: bool) -> None:
        self._metrics.leader(leads)
        self._log.info("leads" if leads else "follows", identity=self._settings.identity)
        self._context.trace.line(
            machine="lease", event="leads" if leads else "follows", identity=self._settings.identity
        )
        for key, worker in self._workers.items():
            if leads:
                self._queue.add(key)
            else:
                worker.rest()

    # --- events and work --------------------------------------------------------------------------------------------

    def _on_event(self, resource: Resource, kind: EventKind, obj: Object) -> None:
        metadata = obj["metadata"]
        namespace, gone = metadata["namespace"], kind is EventKind.DELETED
        if resource is VALKEYCLUSTERS:
            self._cluster_event((namespace, metadata["name"]), obj, gone=gone)
            return
        name = (metadata.get("labels") or {}).get("app.kubernetes.io/instance")
        if resource is PODS:  # its labels may have been edited; its name cannot
            name = names.cluster_of_pod(metadata["name"])
        if not name:
            return
        if resource is PERSISTENTVOLUMECLAIMS:
            self._claim_event((namespace, name), obj, gone=gone)
            return
        worker = self._worker((namespace, name))
        if resource is PODS:
            if gone:
                worker.cache.pod_gone(obj)
            elif not worker.cache.saw_pod(obj, asyncio.get_running_loop().time()):
                self._queue.add_after((namespace, name), PATIENCE_MS)
            worker.pods_changed(metadata["name"])
            return
        if resource is SERVICES and metadata["name"] == names.client_service(name):
            worker.cache.service = None if gone else obj
        if resource is STATEFULSETS:
            worker.cache.stateful_set = None if gone else obj
        worker.objects_changed()

    def _cluster_event(self, key: Key, obj: Object, *, gone: bool) -> None:
        worker = self._worker(key)
        if gone:
            worker.cache.gone()
            self._metrics.forget_cluster(*key)
            self._queue.add(key)
            return
        before = worker.cache.cluster
        taken = worker.cache.saw(obj, asyncio.get_running_loop().time())
        if taken and _spec_of(before) != _spec_of(obj):
            worker.objects_changed()
        else:
            self._queue.add_after(key, 0 if taken else PATIENCE_MS)

    def _claim_event(self, key: Key, obj: Object, *, gone: bool) -> None:
        claims = self._claims.setdefault(key, ClaimCache())
        if gone:
            claims.gone(obj["metadata"]["name"])
        else:
            claims.saw(obj)
        if key in self._workers:
            self._workers[key].claims_changed()
        elif not claims.objects:
            del self._claims[key]

    def _worker(self, key: Key) -> ClusterWorker:
        if key not in self._workers:
            self._workers[key] = ClusterWorker(
                self._context,
                *key,
                lambda urgent: self._queue.add(key, Priority.URGENT if urgent else Priority.NORMAL),
            )
            self._workers[key].cache.claims = self._claims.setdefault(key, ClaimCache())
        return self._workers[key]

    async def _work(self, key: Key) -> None:
        if not self._context.leads():
            return
        worker = self._workers.get(key)
        if worker is None:  # a pass that was asked for before its cluster was forgotten
            self._queue.forget(key)
            return
        try:
            again_ms = await worker.work()
        except NotLeadingError as exc:
            self._log.info("round ended", cluster="/".join(key), why=str(exc))
            return
        except InterruptedRoundError:
            again_ms = 0
        self._queue.forget(key)
        if again_ms is not None:
            self._queue.add_after(key, again_ms, Priority.URGENT)
        if worker.cache.cluster is None and not worker.cache.pods:
            await worker.close()
            # Not before: whoever comes back while it closes takes this worker, not a second one beside it.
            if worker.cache.cluster is None and not worker.cache.pods:
                self._workers.pop(key, None)
                if not worker.cache.claims.objects:
                    self._claims.pop(key, None)

    def _failed(self, key: Key, error: Exception) -> None:
        self._log.error("round failed", cluster="/".join(key), exc_info=error)
        worker = self._workers.get(key)
        if isinstance(error, IllegalTransition) and worker is not None and worker.cache.cluster is not None:
            text = f"a round was ended: {error}; this is a defect of the operator, report it with its log"
            self._context.events.warning(worker.cache.cluster, Reason.ILLEGAL_TRANSITION, text)


def _spec_of(obj: Object | None) -> object:
    if obj is None:
        return None
    metadata = obj["metadata"]
    return (metadata.get("uid"), metadata.get("generation"), metadata.get("deletionTimestamp"))


def _cache_problem(informer: Informer) -> Callable[[], str]:
    def problem() -> str:
        if informer.synced.is_set():
            return ""
        return "not filled yet" + (f": {informer.problem}" if informer.problem else "")

    return problem


def _own_namespace(settings: Settings) -> str:
    if OWN_NAMESPACE_FILE.exists():
        return OWN_NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    return os.environ.get("POD_NAMESPACE") or (settings.namespaces[0] if settings.namespaces else "default")


async def run(settings: Settings) -> None:
    """Run an operator until SIGTERM.

    Raises:
        UserError: The settings or the kubeconfig cannot be used.
    """
    metrics = Metrics()
    async with await Kube.connect(
        kubeconfig=settings.kubeconfig,
        context=settings.context,
        on_call=metrics.api_call,
        deadline_ms=settings.api_timeout_ms,
    ) as kube:
        operator = Operator(settings, kube, metrics)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, operator.stop)
        try:
            await operator.run()
        except BaseExceptionGroup as group:
            # A port that is taken is found by a task, and is the user's to change all the same.
            raise _user_error(group) or group from None


def _user_error(group: BaseExceptionGroup[BaseException]) -> UserError | None:
    """Return the first error in the group that a user can mend, or None."""
    found: BaseException | None = group.subgroup(UserError)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, UserError) else None
