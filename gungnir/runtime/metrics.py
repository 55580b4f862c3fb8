"""What the operator counts, in Prometheus' terms, in a registry of its own.

Names follow https://prometheus.io/docs/practices/naming/: base units (seconds, bytes), counters end in ``_total``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gungnir import __version__
from gungnir.runtime.errors import Call

CONTENT_TYPE: Final = prometheus_client.CONTENT_TYPE_LATEST
WRITE_VERBS: Final = frozenset({"create", "update", "patch", "delete"})
_FAILOVER_BUCKETS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 60.0, 300.0)
_CALL_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """The state of one ValkeyCluster as shown in metrics.

    Attributes:
        primary: Name of the recorded primary pod; empty for none.
        phase: ``status.phase``.
        epoch: ``status.epoch``.
        ready_replicas: ``status.readyReplicas``.
        lag_bytes: Replication lag by pod; a pod whose lag is unknown is left out.
    """

    primary: str
    phase: str
    epoch: int
    ready_replicas: int
    lag_bytes: Mapping[str, int] = field(default_factory=dict)


class _Clusters(Collector):
    """Series per cluster, made at each scrape from the present figures: a deleted cluster leaves none behind."""

    def __init__(self) -> None:
        self.figures: dict[tuple[str, str], ClusterFigures] = {}

    def collect(self) -> Iterator[Metric]:
        who = ("namespace", "name")
        info = GaugeMetricFamily(
            "gungnir_cluster_info", "Primary and phase of a cluster; always 1.", labels=(*who, "primary", "phase")
        )
        epoch = GaugeMetricFamily("gungnir_cluster_epoch", "Epoch of a cluster; each failover raises it.", labels=who)
        ready = GaugeMetricFamily("gungnir_cluster_ready_replicas", "Pods of a cluster that are ready.", labels=who)
        lag = GaugeMetricFamily(
            "gungnir_replica_lag_bytes", "Bytes a replica is behind its primary.", labels=(*who, "pod")
        )
        for key, figures in self.figures.items():
            info.add_metric((*key, figures.primary, figures.phase), 1)
            epoch.add_metric(key, figures.epoch)
            ready.add_metric(key, figures.ready_replicas)
            for pod, behind_bytes in figures.lag_bytes.items():
                lag.add_metric((*key, pod), behind_bytes)
        yield from (info, epoch, ready, lag)


class Metrics:
    """All series of one operator process. Methods are cheap and never raise."""

    def __init__(self) -> None:
        # a gauge "..._created" beside every counter doubles the series and says nothing here
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves it untyped
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._clusters = _Clusters()
        self.registry.register(self._clusters)
        build = self._gauge("build_info", "Version of the operator; always 1.", "version")
        build.labels(__version__).set(1)
        self._failovers = self._counter("failovers", "Failovers that ended.", "kind", "outcome")
        self._failover_seconds = self._histogram(
            "failover_duration_seconds", "From the evidence to the routed primary.", _FAILOVER_BUCKETS, "kind"
        )
        self._api_requests = self._counter(
            "api_requests", "Calls to the API server; code 0 is no complete answer.", "verb", "resource", "code"
        )
        self._api_writes = self._counter("api_writes", "Writes sent to the API server.", "verb", "resource")
        self._api_seconds = self._histogram(
            "api_request_duration_seconds", "Duration of calls to the API server.", _CALL_BUCKETS, "verb", "resource"
        )
        self._commands = self._counter("valkey_commands", "Commands sent to Valkey pods.", "command", "result")
        self._rounds = self._counter("rounds", "Rounds of a machine.", "machine", "outcome")
        self._round_seconds = self._histogram(
            "round_duration_seconds", "Duration of a round of a machine.", _CALL_BUCKETS, "machine"
        )
        self._illegal = self._counter("illegal_transitions", "Steps that are not in a machine's table.", "machine")
        self._violations = self._counter("invariant_violations", "Invariants that the live view broke.", "name")
        self._watch_restarts = self._counter("watch_restarts", "Watches started anew.", "resource", "reason")
        self._events_dropped = self._counter("events_dropped", "Kubernetes Events that were not delivered.", "reason")
        self._leader = self._gauge("leader", "1 if this process holds the lease.")
        self._loop_lag = self._gauge("loop_lag_seconds", "How late the event loop ran its last heartbeat.")
        self._queue_depth = self._gauge("queue_depth", "Clusters that wait for a round.")

    def api_call(self, call: Call, code: int, seconds: float) -> None:
        """Count a call to the API server; fits ``OnCall``."""
        resource = "path" if call.resource.startswith("/") else call.resource
        self._api_requests.labels(call.verb, resource, str(code)).inc()
        self._api_seconds.labels(call.verb, resource).observe(seconds)
        if call.verb in WRITE_VERBS:
            self._api_writes.labels(call.verb, resource).inc()

    def valkey_command(self, command: str, result: str) -> None:
        """Count a command by its name (never its arguments) and result (``ok``, an error code, ``timeout``...)."""
        self._commands.labels(command, result).inc()

    def round(self, machine: str, outcome: str, seconds: float) -> None:
        """Count a round of a machine."""
        self._rounds.labels(machine, outcome).inc()
        self._round_seconds.labels(machine).observe(seconds)

    def failover(self, kind: str, outcome: str, seconds: float | None = None) -> None:
        """Count a failover that ended; ``seconds`` for one that routed a new primary."""
        self._failovers.labels(kind, outcome).inc()
        if seconds is not None:
            self._failover_seconds.labels(kind).observe(seconds)

    def illegal_transition(self, machine: str) -> None:
        """Count a step that the machine's table does not have. Alert on any."""
        self._illegal.labels(machine).inc()

    def invariant_violation(self, name: str) -> None:
        """Count an invariant that did not hold in the live view. Alert on any."""
        self._violations.labels(name).inc()

    def watch_restart(self, resource: str, reason: str) -> None:
        """Count a watch that was started anew."""
        self._watch_restarts.labels(resource, reason).inc()

    def event_dropped(self, reason: str) -> None:
        """Count a Kubernetes Event that was not delivered."""
        self._events_dropped.labels(reason).inc()

    def leader(self, leads: bool) -> None:
        """Whether this process holds the lease."""
        self._leader.set(1 if leads else 0)

    def loop_lag(self, seconds: float) -> None:
        """How late the event loop ran its heartbeat."""
        self._loop_lag.set(seconds)

    def queue_depth(self, keys: int) -> None:
        """How many clusters wait for a round."""
        self._queue_depth.set(keys)

    def cluster(self, namespace: str, name: str, figures: ClusterFigures) -> None:
        """Show a cluster's present state in place of the former."""
        self._clusters.figures[namespace, name] = figures

    def forget_cluster(self, namespace: str, name: str) -> None:
        """Remove every series of a deleted cluster."""
        self._clusters.figures.pop((namespace, name), None)

    def forget_clusters(self) -> None:
        """Remove every series of every cluster: a follower does not speak for clusters."""
        self._clusters.figures.clear()

    def value(self, name: str, /, **labels: str) -> float | None:
        """Present value of one series, without the prefix ``gungnir_``; None if there is none."""
        return self.registry.get_sample_value(f"gungnir_{name}", labels)

    def render(self) -> bytes:
        """The text that Prometheus scrapes; send it with ``CONTENT_TYPE``."""
        return prometheus_client.generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"gungnir_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"gungnir_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"gungnir_{name}", text, labels, registry=self.registry, buckets=buckets)
