"""Wrong versions of what surrounds the decisions: settings, the wire, connections, the queue, rounds, rights."""

from typing import Final

from spec.mutants import Killer, Mutant, Of, checked, explored

_flags = Of("gungnir.runtime.settings_table")
_settings = Of("gungnir.runtime.settings")
_reader = Of("gungnir.resp.reader")
_view = Of("gungnir.resp.view")
_codec = Of("gungnir.runtime.record_codec")
_connection = Of("gungnir.runtime.valkey.connection")
_schedule = Of("gungnir.runtime.schedule")
_driver = Of("gungnir.runtime.driver")
_monitors = Of("gungnir.runtime.monitors")
_rights = Of("gungnir.runtime.rights")
_operator = Of("gungnir.runtime.operator")
_cache = Of("gungnir.runtime.cluster_cache")
_executor = Of("gungnir.runtime.api_executor")
_failover = Of("gungnir.machines.failover")


def _awaited(path: str) -> Killer:
    """Return a killer whose tests await: they need a plugin, which others load for nothing."""
    return checked(f"runtime/{path} -p anyio")


MUTANTS: Final[tuple[Mutant, ...]] = (
    _flags(
        "an unknown flag is passed over",
        "An unknown flag is an error that names it.",
        "            problems.append(_unknown(flag, by_flag))\n",
        "",
        checked("runtime/test_settings.py"),
    ),
    _flags(
        "a flag with an equals sign takes the next word",
        "A value follows its flag, or an equals sign.",
        "text if equals else _next_value",
        "_next_value(row, rest) if equals else _next_value",
        checked("runtime/test_settings.py"),
    ),
    _settings(
        "the environment wins over flags",
        "Flags win over the environment, and that over defaults.",
        "            values[row.field] = value\n",
        "            values.setdefault(row.field, value)\n",
        checked("runtime/test_settings.py"),
    ),
    _settings(
        "a leader may act as long as the Lease lasts",
        "The deadline of a leader is before the end of the Lease.",
        "self.lease_renew_deadline_ms >= self.lease_duration_ms",
        "self.lease_renew_deadline_ms > self.lease_duration_ms",
        checked("runtime/test_settings.py"),
    ),
    _reader(
        "a string is taken before its end has arrived",
        "A value is complete only with the bytes that end it.",
        "if len(self._buffer) < end + 2:",
        "if len(self._buffer) < end + 1:",
        checked("resp/test_reader.py"),
    ),
    _view(
        "a replica that is where it has been forgot where its data ends",
        "A server forgot where its data ends if it says less than it has relayed.",
        "self.link.slave_repl_offset < self.master_repl_offset",
        "self.link.slave_repl_offset <= self.master_repl_offset",
        checked("resp/test_view.py"),
    ),
    _view(
        "a role that is neither is that of a replica",
        "A field that is not what Valkey documents is an error that names it.",
        "    if value not in _ROLES:\n"
        '        raise ReplyError("role", f"{value[:40]!r} is neither master nor slave")\n'
        "    return Role(_ROLES[value])",
        '    return Role(_ROLES.get(value, "replica"))',
        checked("resp/test_view.py"),
    ),
    _codec(
        "a stored record loses who is left out",
        "What is stored of a record is all of it.",
        '"leftOut": list(record.left_out)',
        '"leftOut": []',
        checked("runtime/test_record_codec.py"),
    ),
    _connection(
        "a push is taken for an answer",
        "Answers are counted by themselves: what a server pushes is none.",
        "if not isinstance(value, Push):",
        "if value is not None:",
        _awaited("test_valkey_connection.py"),
    ),
    _schedule(
        "urgent work waits for a place",
        "A suspected failure never waits for other clusters.",
        "if -negated == Priority.URGENT:",
        "if -negated == Priority.URGENT and places > 0:",
        checked("runtime/test_schedule.py"),
    ),
    _schedule(
        "a round that hangs keeps its place",
        "A round that takes too long does not count against the limit.",
        "r.priority is Priority.NORMAL and now_ms - r.since_ms < self.slow_after_ms",
        "r.priority is Priority.NORMAL",
        checked("runtime/test_schedule.py"),
    ),
    _driver(
        "a step outside the table goes on",
        "A step that is not a row of its table stops the round.",
        "                    monitor.follow(current.trigger, str(current.state.phase))\n",
        "",
        _awaited("test_driver.py"),
    ),
    _driver(
        "requests are sent without the lease",
        "The lease is looked at before each request.",
        "                    self._context.check()\n",
        "",
        _awaited("test_driver.py"),
    ),
    _monitors(
        "what was heard outlives the lead",
        "Who watches nobody forgets who was heard when.",
        "        if not targets:\n            self._heard_ms.clear()\n",
        "",
        _awaited("test_monitors.py"),
    ),
    _rights(
        "the operator may not write what it owns",
        "There is a right for every kind of request.",
        '    UpdateOwned: _owned("update"),\n',
        "",
        checked("runtime/test_rights.py"),
    ),
    _rights(
        "the operator may delete what it owns",
        "Nothing may be deleted or executed.",
        '    UpdateOwned: _owned("update"),\n',
        '    UpdateOwned: (*_owned("update"), *_owned("delete")),\n',
        checked("runtime/test_rights.py"),
    ),
    _operator(
        "an operator that ends keeps the lease",
        "The lease is given back on SIGTERM, also when a round hangs.",
        "await self._leadership.drain()",
        "await anyio.sleep(0)",
        _awaited("test_operator.py"),
    ),
    _operator(
        "a pod belongs to the cluster of its label",
        "A pod's cluster is told by its name, which nobody can edit.",
        "        if resource is PODS:  # its labels may have been edited; its name cannot\n",
        "        if resource is PODS and not name:\n",
        _awaited("test_operator.py"),
    ),
    _operator(
        "clusters of one name share their worker",
        "A cluster is known by its name and its namespace.",
        "    def _worker(self, key: Key) -> ClusterWorker:\n",
        '    def _worker(self, key: Key) -> ClusterWorker:\n        key = ("", key[1])\n',
        _awaited("test_operator.py"),
    ),
    _operator(
        "an operator that leads no more goes on watching",
        "Who does not lead has no monitors, so whoever leads again begins to count anew.",
        "                worker.rest()\n",
        "                pass\n",
        _awaited("test_operator.py"),
    ),
    _cache(
        "what a former cluster of this name left counts",
        "Whose an object is is told by the uid of its controller.",
        "return ownership(obj, uid) is Ownership.OURS",
        "return True",
        checked("runtime/test_cluster_cache.py"),
    ),
    _failover(
        "a handover asks for votes while clients write",
        "The primary of a handover holds its writes before anybody votes.",
        "    if intent.kind is Kind.SWITCHOVER and target is not None",
        "    if False and target is not None",
        explored("alone: failover", "handoverHoldsWrites"),
    ),
    _failover(
        "a primary that leaves keeps the role to its end",
        "A primary that leaves hands the role over.",
        "if state.asked or (verdict.health is Health.LEAVING and pods.in_sync(state.expected, state.view)):",
        "if state.asked:",
        explored("alone: failover", "leavingHandedOver"),
    ),
    _executor(
        "a template is stored on top of what others asked of it",
        "Only the status of a StatefulSet may change under the store of a template.",
        "if ground(fresh) != ground(base):",
        "if False:",
        _awaited("test_put_template.py"),
    ),
    _executor(
        "a StatefulSet's status holds the template up",
        "A controller that counts pods does not undo the store of a template.",
        "if ground(fresh) != ground(base):",
        "if fresh != base:",
        _awaited("test_put_template.py"),
    ),
    _failover(
        "the recorded primary is not asked for its vote",
        "Whoever answers is asked for its vote.",
        "for pod in state.view.pods if pods.worth_asking(pod))",
        "for pod in state.view.pods if pods.worth_asking(pod) and not pod.deleting)",
        explored("alone: failover", "everyoneAsked"),
    ),
)
