from gungnir.runtime.errors import Call
from gungnir.runtime.metrics import ClusterFigures, Metrics


def test_every_series_has_the_prefix_and_no_two_processes_share_a_registry() -> None:
    first, second = Metrics(), Metrics()
    first.leader(leads=True)
    assert (first.value("leader"), second.value("leader")) == (1, 0)
    names = {line.split()[2] for line in first.render().decode().splitlines() if line.startswith("# HELP")}
    assert all(name.startswith(("gungnir_", "process_")) for name in names)
    assert not [name for name in names if name.endswith("_created")]
    assert {
        "gungnir_failovers_total",
        "gungnir_failover_duration_seconds",
        "gungnir_api_requests_total",
        "gungnir_api_writes_total",
        "gungnir_api_request_duration_seconds",
        "gungnir_valkey_commands_total",
        "gungnir_rounds_total",
        "gungnir_round_duration_seconds",
        "gungnir_illegal_transitions_total",
        "gungnir_invariant_violations_total",
        "gungnir_cluster_info",
        "gungnir_cluster_epoch",
        "gungnir_cluster_ready_replicas",
        "gungnir_replica_lag_bytes",
        "gungnir_leader",
        "gungnir_loop_lag_seconds",
        "gungnir_watch_restarts_total",
        "gungnir_queue_depth",
    } <= names


def test_only_writes_count_as_writes() -> None:
    metrics = Metrics()
    metrics.api_call(Call("get", "pods", "ns", "a"), 200, 0.01)
    metrics.api_call(Call("update", "leases", "ns", "a"), 0, 0.01)
    metrics.api_call(Call("get", "/version"), 200, 0.01)
    assert metrics.value("api_requests_total", verb="get", resource="pods", code="200") == 1
    assert metrics.value("api_requests_total", verb="update", resource="leases", code="0") == 1
    assert metrics.value("api_requests_total", verb="get", resource="path", code="200") == 1
    assert metrics.value("api_writes_total", verb="update", resource="leases") == 1
    assert metrics.value("api_writes_total", verb="get", resource="pods") is None
    assert metrics.value("api_request_duration_seconds_count", verb="get", resource="pods") == 1


def test_counters_and_durations_follow_what_happened() -> None:
    metrics = Metrics()
    metrics.failover("unplanned", "completed", 0.4)
    metrics.failover("unplanned", "blocked")
    metrics.round("reconcile", "done", 0.02)
    metrics.valkey_command("PING", "ok")
    metrics.illegal_transition("failover")
    metrics.invariant_violation("at_most_one_primary")
    metrics.watch_restart("pods", "gone")
    metrics.event_dropped("full")
    metrics.loop_lag(0.25)
    metrics.queue_depth(7)
    assert metrics.value("failovers_total", kind="unplanned", outcome="blocked") == 1
    assert metrics.value("failover_duration_seconds_sum", kind="unplanned") == 0.4
    assert metrics.value("rounds_total", machine="reconcile", outcome="done") == 1
    assert metrics.value("valkey_commands_total", command="PING", result="ok") == 1
    assert metrics.value("illegal_transitions_total", machine="failover") == 1
    assert metrics.value("invariant_violations_total", name="at_most_one_primary") == 1
    assert metrics.value("watch_restarts_total", resource="pods", reason="gone") == 1
    assert metrics.value("events_dropped_total", reason="full") == 1
    assert (metrics.value("loop_lag_seconds"), metrics.value("queue_depth")) == (0.25, 7)


def test_a_cluster_shows_its_present_state_only_and_none_after_it_is_deleted() -> None:
    metrics = Metrics()
    metrics.cluster("ns", "a", ClusterFigures("a-0", "Running", 3, 3, {"a-1": 10, "a-2": 0}))
    metrics.cluster("ns", "b", ClusterFigures("", "Pending", 0, 0))
    metrics.cluster("ns", "a", ClusterFigures("a-1", "Running", 4, 2, {"a-2": 5}))
    who = {"namespace": "ns", "name": "a"}
    assert metrics.value("cluster_info", **who, primary="a-0", phase="Running") is None
    assert metrics.value("cluster_info", **who, primary="a-1", phase="Running") == 1
    assert metrics.value("cluster_epoch", **who) == 4
    assert metrics.value("cluster_ready_replicas", **who) == 2
    assert metrics.value("replica_lag_bytes", **who, pod="a-1") is None
    assert metrics.value("replica_lag_bytes", **who, pod="a-2") == 5
    metrics.forget_cluster("ns", "a")
    metrics.forget_cluster("ns", "never-seen")
    assert 'name="a"' not in metrics.render().decode()
    assert 'name="b"' in metrics.render().decode()
    metrics.forget_clusters()
    assert 'name="b"' not in metrics.render().decode()
