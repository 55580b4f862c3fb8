"""One cluster's worker: decides which machine gets the next round, and remembers what people are shown.

Order of a pass: failover first, then a switchover that was asked for or that a scale-down needs, then repair, then the
objects, then the status.
Each is a round of a pure machine; here is only the order, and what goes into and out of them.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Final

from gungnir.api import names
from gungnir.api.cluster import ValkeyCluster, parse_cluster
from gungnir.api.errors import InvalidCluster
from gungnir.api.status import ValkeyClusterStatus
from gungnir.errors import UserError
from gungnir.machines import electorate, failover, failover_table, reconcile, repair, repair_table, safety, switchover
from gungnir.machines.durability import acks_to_set
from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from gungnir.machines.requests import Elapsed, NotFound, Observe, Pause, Pods, Reply, Request, Seen
from gungnir.machines.storage import claim_to_grow
from gungnir.machines.summary import Notes, Summary, summarize
from gungnir.machines.view import View
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build
from gungnir.resources.rollout import rollout_pending
from gungnir.runtime import announce
from gungnir.runtime.api_executor import ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache, owned_by, view_of
from gungnir.runtime.context import Context
from gungnir.runtime.credentials import Credentials, settle
from gungnir.runtime.driver import Driver, InterruptedRoundError
from gungnir.runtime.errors import ForbiddenError, KubeError, NotFoundError
from gungnir.runtime.facts import facts_of
from gungnir.runtime.handovers import Handovers
from gungnir.runtime.kube_resources import SECRETS, Object
from gungnir.runtime.log import get_logger
from gungnir.runtime.monitors import Monitors, address_of, targets_of
from gungnir.runtime.pace import LONGEST_PAUSE_MS, SOON_MS, backoff_ms, sooner
from gungnir.runtime.password_watch import PasswordWatch
from gungnir.runtime.record_codec import record_of
from gungnir.runtime.valkey.session import Keys

BLOCKED_MS: Final = 500
DOUBT_MS: Final = 200
PATIENCE: Final = 3
"""Rounds abandoned in a row before other work goes on meanwhile."""
RECHECK_MS: Final = 10_000
"""How often an object that was refused is tried again."""
REPAIRS_IN_A_ROW: Final = 24
ALL_KINDS: Final = tuple(kind.value for kind in OwnedKind)

Problem = tuple[str, str, str]
"""What is concerned, a stable reason, and a sentence."""
Problems = tuple[Problem, ...]


class ClusterWorker:
    """Everything the operator does for one ValkeyCluster (one name; a re-created namesake starts afresh)."""

    def __init__(self, context: Context, namespace: str, name: str, ask: Callable[[bool], None]) -> None:
        """Bind the worker. ``ask(urgent)`` requests another pass."""
        self.cache = ClusterCache()
        self.key = (namespace, name)
        self._context = context
        self._ask = ask
        self._log = get_logger("gungnir.worker").bind(cluster=f"{namespace}/{name}")
        self._cluster: ValkeyCluster | None = None
        self._record = Record()
        self._facts = Facts(name, "", 0, 0, persistent=True)
        self._credentials: Credentials | None = None
        self._executor: ApiExecutor | None = None
        self._driver = Driver(context, f"{namespace}/{name}", self._execute)
        self._monitors = Monitors(
            self._keys, lambda: self._record.epoch, self._evidence, context.metrics.valkey_command
        )
        self._notes = Notes()
        self._dirty = True
        self._urgent = False
        self._announced = announce.Announcer(context, self._log)
        self._abandoned = 0
        self._failures = 0
        self._problems: dict[str, Problems] = {}
        self._recheck_at_s = 0.0
        self._template: tuple[object, Object] | None = None
        self._password = PasswordWatch(self._secret)
        self._handovers = Handovers()

    # --- told from outside ------------------------------------------------------------------------------------------

    def objects_changed(self, *, urgent: bool = False) -> None:
        """An object of this cluster was added, changed or removed."""
        self._dirty = True
        self._urgent = self._urgent or urgent
        self._ask(urgent)

    def claims_changed(self) -> None:
        """A volume's claim was added, changed or removed."""
        self._ask(False)

    def pods_changed(self, pod: str) -> None:
        """A pod was added, changed or removed: evidence, and perhaps a new address."""
        self._follow_pods()
        self._urgent = self._urgent or self._matters(pod)
        self._ask(True)

    def rest(self) -> None:
        """Another operator leads: send nothing to anyone. What the status says is no longer known."""
        self._monitors.follow({})
        if self._executor is not None:
            self._executor.shown = None

    def watch_refused(self, plural: str, text: str) -> None:
        """The API server refuses to tell us of these objects; empty text: it tells us again."""
        self._complain(f"watch {plural}", *([(plural, "Forbidden", text)] if text else []))
        self._ask(False)

    def forgive(self) -> None:
        """The operator's own loop slept."""
        self._monitors.forgive()

    async def close(self) -> None:
        """Stop watching."""
        await self._monitors.close()

    def _evidence(self, pod: str, event: str) -> None:
        self._context.trace.line(cluster="/".join(self.key), machine="monitor", event=event, pod=pod)
        self._urgent = self._urgent or self._matters(pod)
        self._ask(True)

    def _matters(self, pod: str) -> bool:
        """Whether news of this pod are worth interrupting a round of lesser urgency."""
        return self._record.primary is None or self._record.intent is not None or self._record.primary.pod == pod

    # --- a pass -----------------------------------------------------------------------------------------------------

    async def work(self) -> int | None:
        """Make one pass; return in how many milliseconds to look again, or None to wait for news."""
        self._urgent = False
        if not self._refresh():
            return await self._show(None) if self._notes.invalid else None
        if self._credentials is None and not await self._learn_credentials():
            return await self._show(LONGEST_PAUSE_MS)
        self._follow_pods()
        if self._facts.paused:
            return await self._show(None)
        again_ms = await self._decide()
        if again_ms is not None and not self._stuck:
            return again_ms
        if again_ms is not None and claim_to_grow(self._facts, self._view()) is not None:
            # A full volume may be why nobody can be promoted.
            await self._driver.run("repair", repair.start(), repair.step, self._facts)
        try:
            # Also while a failover is blocked or in doubt: it may be an object that is missing.
            if self._dirty or self._recheck_ms() == 0:
                again_ms = sooner(again_ms, await self._reconcile(ALL_KINDS))
            again_ms = sooner(again_ms, self._recheck_ms())
            again_ms = sooner(again_ms, await self._look_at_password())
            again_ms = sooner(again_ms, self.cache.claims.retry_ms(asyncio.get_running_loop().time()))
            again_ms = sooner(again_ms, self._handovers.wait_ms())
            # Nobody tells us that a replica has been away for long.
            again_ms = sooner(again_ms, electorate.due_ms(self._facts, self._record, self._view()))
            return await self._show(again_ms)
        except InterruptedRoundError:
            return 0

    def _recheck_ms(self) -> int | None:
        """Return when to try again what was refused, None for nothing: nobody tells us that a permission was granted.

        Asked in every pass, as each replaces what the former ones asked to be woken for.
        """
        left_s = self._recheck_at_s - asyncio.get_running_loop().time()
        return max(0, math.ceil(left_s * 1000)) if self._problems.get("objects") else None

    @property
    def _stuck(self) -> bool:
        """Whether failovers wait for something else to change."""
        waits = self._notes.blocked or self._notes.doubt or self._problems.get("round")
        return bool(waits) or self._abandoned > PATIENCE

    def _refresh(self) -> bool:
        """Parse the cluster as cached; False if there is nothing to do for it."""
        self._dirty = self.cache.settle(asyncio.get_running_loop().time()) or self._dirty
        obj = self.cache.cluster
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            self._monitors.follow({})
            return False
        try:
            cluster = parse_cluster(obj)
        except InvalidCluster as exc:
            return self._invalid(obj, exc)
        if self._cluster is None or self._cluster.uid != cluster.uid:
            # What monitors know they learned as the operator of a former cluster of this name, whose pods may live on.
            self._monitors.follow({})
            self._record, self._credentials, self._dirty = Record(), None, True
            self._problems, self._notes = {}, Notes()
            self._password, self._handovers = PasswordWatch(self._secret), Handovers()
            self._executor = ApiExecutor(
                self._context.kube, cluster, self.cache, self._inputs, self._summary, self._address, self._context.check
            )
        elif self._cluster.metadata.generation != cluster.metadata.generation:
            # The answer to our own write may bring a new spec before the event that tells of it.
            self._dirty = True
        self._cluster = cluster
        self._record = record_of(cluster.status)
        former_size = self._facts.size
        self._facts = facts_of(cluster, self._record, self._view)
        self._dirty = self._dirty or self._facts.size != former_size
        if self._executor is not None:
            self._executor.cluster = cluster
        last = cluster.status.last_failover
        self._notes = self._notes._replace(
            invalid="",
            handing_to=switchover.request_of(self._annotation())[0],
            last_verdict=last.verdict if last else "",
        )
        return True

    def _invalid(self, obj: Object, error: InvalidCluster) -> bool:
        """The spec cannot be honoured: say so, leave what runs as it is, and go on failing over on the former spec."""
        self._notes = self._notes._replace(invalid=str(error))
        self._announced.invalid(obj, str(error))
        if self._cluster is None:
            metadata = obj["metadata"]
            status = ValkeyClusterStatus.model_validate(obj.get("status") or {})
            meta = {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}
            cluster = ValkeyCluster.model_validate({"metadata": meta, "status": status})
            self._executor = ApiExecutor(
                self._context.kube, cluster, self.cache, self._inputs, self._summary, self._address, self._context.check
            )
            self._facts = facts_of(cluster, Record())._replace(paused=True)
            return False
        self._record = record_of(ValkeyClusterStatus.model_validate(obj.get("status") or {}))
        self._dirty = False
        return True

    def _annotation(self) -> str:
        return self._cluster.metadata.annotations.get(names.SWITCHOVER_ANNOTATION, "") if self._cluster else ""

    async def _decide(self) -> int | None:
        """Failover, switchover and repair; None when the primary is healthy and everything is as recorded."""
        again_ms = await self._fail_over("", "")
        if again_ms is not None:
            return again_ms
        again_ms = await self._hand_over()
        return await self._repair() if again_ms is None else again_ms

    async def _hand_over(self) -> int | None:
        """Answer or carry out a request for a handover, or make one that a scale-down needs; None to go on."""
        if not self._annotation():
            return await self._ask_for_handover()
        state = await self._driver.run("switchover", switchover.start(), switchover.step, self._facts)
        if state.phase is switchover.Phase.ACCEPTED:
            again_ms = await self._fail_over(state.target, state.asked)
            return SOON_MS if again_ms is None else again_ms
        if state.phase is switchover.Phase.ABANDONED:
            return self._abandon("switchover", state.detail)
        if state.detail:
            self._announced.switchover_refused(self.cache.cluster, state.asked, state.detail)
        return None

    async def _ask_for_handover(self) -> int | None:
        state = await self._handovers.ask(self._driver, self._facts, self._record)
        if state is None:
            return None
        if state.detail:
            return self._abandon("scale-down", state.detail)
        self._announced.handover_asked(self.cache.cluster, self._record, state.target)
        self._refresh()
        return 0

    async def _repair(self) -> int | None:
        """Bring everyone else back to the record, round by round; None if nothing is left to be done."""
        for _ in range(REPAIRS_IN_A_ROW):
            repaired = await self._driver.run(
                "repair", repair.start(), repair.step, self._facts, interrupted=lambda: self._urgent
            )
            self._announced.attached(self.cache.cluster, self._record, repaired)
            self._announced.forgotten(self.cache.cluster, repaired)
            self._refresh()
            if repaired.phase is not repair_table.Phase.CHANGED:
                break
            if self._urgent:
                return 0
        if repaired.phase is repair_table.Phase.ABANDONED:
            return self._abandon("repair", repaired.detail)
        self._abandoned = 0
        self._complain("round")
        return None

    def _abandon(self, machine: str, detail: str) -> int:
        """Note a round that ended early; return when to try again: soon at first, then less and less often."""
        self._abandoned += 1
        self._log.info("round abandoned", machine=machine, detail=detail)
        self._complain("round", *_forbidden(machine, detail))
        self._refresh()
        return backoff_ms(self._abandoned)

    def _complain(self, source: str, *problems: Problem) -> None:
        """Replace what one source cannot do; people are told of all together."""
        if self._problems.get(source, ()) == problems:
            return
        self._problems[source] = problems
        together = tuple(problem for part in self._problems.values() for problem in part)
        self._notes = self._notes._replace(problems=together)
        self._announced.problems(self.cache.cluster, together)

    async def _fail_over(self, target: str, asked: str) -> int | None:
        state = await self._driver.run("failover", failover.start(target, asked), failover.step, self._facts)
        was = self._notes
        match state.phase:
            case failover_table.Phase.BLOCKED:
                self._notes = was._replace(blocked=announce.blocked_text(state), doubt="")
                self._announced.blocked(self.cache.cluster, state)
                self._refresh()
                return BLOCKED_MS
            case failover_table.Phase.ABANDONED:
                return self._abandon("failover", state.detail)
            case _:
                self._notes = was._replace(blocked="", doubt=announce.doubt_text(state))
        if state.outcome is not None:
            self._announced.failed_over(self.cache.cluster, state)
            self._dirty = True
            self._refresh()
            return 0
        self._announced.doubt(self.cache.cluster, self._notes.doubt)
        return DOUBT_MS if self._notes.doubt else None

    async def _reconcile(self, kinds: tuple[str, ...]) -> int | None:
        """Bring the objects up to date; return when to go on with a round that ended early, else None."""
        self._dirty = False
        try:
            first = reconcile.start(kinds, self._record.epoch)
            state = await self._driver.run(
                "reconcile", first, reconcile.step, self._facts, interrupted=lambda: self._urgent
            )
        except InterruptedRoundError:
            self._dirty = True
            raise
        if state.phase is reconcile.Phase.ERROR:
            self._log.info("round abandoned", machine="reconcile", detail=state.detail)
            self._dirty = True
            self._failures += 1
            return backoff_ms(self._failures)
        self._failures = 0
        self._complain("objects", *state.problems)
        self._recheck_at_s = asyncio.get_running_loop().time() + RECHECK_MS / 1000
        return None

    async def _show(self, again_ms: int | None) -> int | None:
        """Write the status if what is shown changed since it was written last."""
        summary = self._summary(self._record)
        self._announced.figures(self.key, self._record, summary)
        self._announced.disks(self.cache.cluster, summary)
        self._announced.storage(self.cache.cluster, summary)
        self._announced.changes(self.cache.cluster, summary)
        if self._executor is None or announce.same(summary, self._executor.shown):
            return again_ms
        first = reconcile.start((), self._record.epoch)
        state = await self._driver.run("reconcile", first, reconcile.step, self._facts)
        if state.phase is reconcile.Phase.DONE:
            self._failures = 0
            self._complain("status")
            return again_ms
        self._complain("status", *_forbidden("status", state.detail))
        self._failures += 1
        return sooner(again_ms, backoff_ms(self._failures))

    # --- what the executor asks for ---------------------------------------------------------------------------------

    async def _execute(self, request: Request) -> Reply:
        match request:
            case Observe():
                return self._observe()
            case Pause(ms):
                await asyncio.sleep(ms / 1000)
                return Elapsed()
            case Pods():
                return await self._monitors.execute(request, acks_to_set(self._facts, self._record))
            case _:
                if self._executor is None:
                    return NotFound()
                reply = await self._executor.execute(request)
                return NotFound() if reply is None else reply

    def _observe(self) -> Seen:
        view = self._view()
        found = safety.violations(self._record, view)
        self._announced.violations(self.cache.cluster, found)
        self._notes = self._notes._replace(violation="; ".join(f"{name}: {text}" for name, text in found))
        stopped = any(name in safety.STOPPING for name, _ in found)
        return Seen(self._record, view._replace(stalled=True) if stopped else view, self._annotation())

    def _view(self) -> View:
        return view_of(
            self.cache,
            self._monitors.by_pod,
            frozenset(self._notes.outdated),
            stalled=self._context.heartbeat.stalled,
            away=self._monitors.away(sorted(self._record.counted)),
        )

    def _summary(self, record: Record) -> Summary:
        outdated = self._outdated()
        self._notes = self._notes._replace(outdated=outdated)
        return summarize(self._facts, record, self._view(), self._notes)

    def _outdated(self) -> tuple[str, ...]:
        if self._cluster is None or self._credentials is None or self._notes.invalid:
            return ()
        inputs = self._inputs()
        # All that the template depends on; the epoch and the primary are none of it, and change while writes wait.
        asked = (inputs.cluster.uid, inputs.cluster.spec, inputs.operator_key, inputs.password, inputs.replicas)
        if self._template is None or self._template[0] != asked:
            self._template = asked, build(OwnedKind.STATEFUL_SET, inputs)
        return tuple(rollout_pending(self.cache.pods.values(), self._template[1]))

    def _inputs(self) -> BuildInputs:
        if self._cluster is None or self._credentials is None:
            raise UserError("the cluster's credentials are not known")
        primary = self._record.primary
        return BuildInputs(
            cluster=self._cluster,
            epoch=self._record.epoch,
            operator_key=self._credentials.operator_key,
            password=self._credentials.password,
            pinned_hash=self._credentials.pinned_hash,
            primary=None if primary is None or self._record.intent is not None else primary.pod,
            replicas=self._facts.size,
        )

    # --- credentials and pods ---------------------------------------------------------------------------------------

    def _keys(self) -> Keys | None:
        if self._credentials is None or self._cluster is None:
            return None
        return Keys(self._credentials.operator_key, self._cluster.uid)

    async def _learn_credentials(self) -> bool:
        cluster = self._cluster
        if cluster is None:
            return False
        try:
            secret = await self._secret(names.secret(cluster.name))
            if secret is not None and cluster.status.epoch == 0 and not owned_by(secret, cluster.uid):
                text = "secret exists and belongs to somebody else; it is left alone: delete it or rename the cluster"
                self._complain("credentials", ("secret", "NameTaken", text))
                return False
            wanted = cluster.spec.auth.existing_secret
            existing = await self._secret(wanted) if wanted else None
            self._credentials = settle(cluster, secret, existing)
        except UserError as exc:
            self._complain("credentials", ("secret", "CredentialsUnusable", str(exc)))
            return False
        except ForbiddenError as exc:
            self._complain("credentials", ("secret", "Forbidden", f"may not {exc}"))
            return False
        except KubeError as exc:
            self._log.info("the Secret could not be read", error=str(exc))
            return False
        self._complain("credentials")
        return True

    async def _look_at_password(self) -> int | None:
        if self._cluster is None or self._credentials is None:
            return None
        again_ms = await self._password.look(self._cluster, self._credentials)
        text = self._password.doubt
        self._complain("password", *([("password", "SecretChanged", text)] if text else []))
        return again_ms

    async def _secret(self, name: str) -> Object | None:
        self._context.check()
        try:
            return await self._context.kube.get(SECRETS.ref(self.key[0], name))
        except NotFoundError:
            return None

    def _address(self, pod: str) -> str | None:
        return address_of(self.cache.pods[pod]) if pod in self.cache.pods else None

    def _follow_pods(self) -> None:
        cluster = self._cluster
        if cluster is None or self._credentials is None or not self._context.leads():
            return
        self._monitors.follow(targets_of(cluster, self.cache.pods, self._context))


def _forbidden(what: str, detail: str) -> Problems:
    """Return the problem if a round ended because something is forbidden."""
    _, forbidden, text = detail.partition("Forbidden: ")
    return ((what, "Forbidden", text),) if forbidden else ()
