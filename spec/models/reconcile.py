"""The reconcile machine over real manifests: two objects with every fault, and all of them without."""

from typing import Any, Final, NamedTuple

from gungnir.api.names import POD_NAME_LABEL
from gungnir.machines import reconcile
from gungnir.machines.kernel import Step
from gungnir.machines.requests import ClusterSeen, Conflict, CreateOwned, GetCluster, Stored, UpdateOwned
from gungnir.resources.client_service import primary_of
from gungnir.resources.epoch import epoch_of
from gungnir.resources.inventory import OwnedKind
from gungnir.resources.labels import Ownership
from gungnir.resources.stateful_set import epoch_parts
from spec.environment.contents import Cluster, content, desired, drifted, merged, owner
from spec.environment.owned import OwnedBudget, OwnedWorld, Worker, successors
from spec.explorer import OnStepOf, Result, Search, SometimesOf
from spec.world import Label

TWO: Final = (OwnedKind.CLIENT_SERVICE.value, OwnedKind.STATEFUL_SET.value)
ALL: Final = tuple(kind.value for kind in OwnedKind)
SMALL: Final = 3
"""Pods of the smaller of the two specs."""
OURS: Final = ("api", "stray")
"""Actions by which a request of the operator takes effect."""


class OwnedModel(NamedTuple):
    """A world of owned objects to explore."""

    name: str
    budget: OwnedBudget
    kinds: tuple[str, ...] = TWO
    witnesses: tuple[str, ...] = ()
    slow: bool = False


def first_world(model: OwnedModel) -> OwnedWorld:
    """Return the world in which a ValkeyCluster was just created, and the operator knows of it."""
    cluster = Cluster(1)
    return OwnedWorld(model.kinds, cluster, (None,) * len(model.kinds), Worker(cluster), (), 1, 0, model.budget)


def _written(before: OwnedWorld, label: Label, after: OwnedWorld) -> list[tuple[str, int | None, int]]:
    """Return (kind, content before, content after) of what a request of the operator changed."""
    if label.name not in OURS:
        return []
    pairs = zip(before.kinds, before.objects, after.objects, strict=True)
    return [(kind, None if was is None else was.content, now.content) for kind, was, now in pairs if now and was != now]


STEPS: Final = ("api", "forbidden", "lost")
"""Actions by which a reply reaches the operator: each is told with the request, the reply and the step."""


def _step_of(label: Label) -> tuple[Any, Any, Step[reconcile.State]] | None:
    if label.name not in STEPS or not isinstance(label.what, tuple):
        return None
    request, reply, step = label.what
    return request, reply, step


def owner_ref_consistency(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """What the operator writes has one controller, the very ValkeyCluster that it was made for; for none it is not."""
    taken = _step_of(label)
    if taken is not None and isinstance(taken[0], GetCluster) and taken[2].request is not None:
        reply = taken[1]
        if not isinstance(reply, ClusterSeen) or reply.deleting:
            return f"the round went on to {taken[2].state.phase} for a cluster that is deleted"
    for kind, _, now in _written(before, label, after):
        late = [sent.cluster for sent in before.sent if sent not in after.sent]
        cause = before.worker.cached if label.name == "api" else late[0]
        if cause is None or owner(now, cause.uid) is not Ownership.OURS:
            return f"{kind} was written for {cause}, and is {content(now)['metadata'].get('ownerReferences')}"
    return ""


def no_foreign_adoption(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """An object that is another controller's, nobody's or an earlier cluster's is never changed; nobody even tries."""
    taken, cached = _step_of(label), before.worker.cached
    request = None if taken is None else taken[2].request
    live = before.at(request.kind) if isinstance(request, UpdateOwned) else None
    if live is not None and cached is not None and owner(live.content, cached.uid) is not Ownership.OURS:
        return f"{live} is to be written, and is not of {cached.uid}"
    for kind, was, now in _written(before, label, after):
        references = [] if was is None else content(was)["metadata"].get("ownerReferences") or []
        controllers = [reference["uid"] for reference in references if reference.get("controller")]
        if was is not None and (not controllers or owner(now, controllers[0]) is not Ownership.OURS):
            return f"{kind} of {controllers or 'nobody'} was changed"
    return ""


def no_concurrent_updates(_before: OwnedWorld, label: Label, _after: OwnedWorld) -> str:
    """After a conflict the same round sends nothing more."""
    taken = _step_of(label)
    if taken is None:
        return ""
    request, reply, step = taken
    conflicted = isinstance(reply, Conflict) and isinstance(request, UpdateOwned)
    return f"the round went on to {step.state.phase} after a conflict" if conflicted and step.request else ""


def unknown_is_not_success(_before: OwnedWorld, label: Label, _after: OwnedWorld) -> str:
    """A write whose answer did not come ends the round."""
    taken = _step_of(label)
    if taken is None or label.name != "lost" or not isinstance(taken[0], (CreateOwned, UpdateOwned)):
        return ""
    return f"the round went on to {taken[2].state.phase} after an unknown answer" if taken[2].request else ""


def reconcile_step_valid(before: OwnedWorld, label: Label, _after: OwnedWorld) -> str:
    """Every step of a round leaves fewer steps to its end, and a round without a request is over."""
    taken = _step_of(label)
    if taken is None or before.worker.state is None:
        return ""
    step = taken[2]
    was, now = reconcile.rank(before.worker.state), reconcile.rank(step.state)
    if now >= was:
        return f"{before.worker.state.phase} has {was} steps to go, {step.state.phase} has {now}"
    over = step.state.phase in reconcile.MACHINE.terminal
    return "" if over == (step.request is None) else f"{step.state.phase} with {step.request} outstanding"


def no_idle_write(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """A write is sent only for drift, never to an object that is to go, and one that is made changes something."""
    taken, cached = _step_of(label), before.worker.cached
    request = None if taken is None else taken[2].request
    live = before.at(request.kind) if isinstance(request, UpdateOwned) else None
    if live is not None and live.deleting:
        return f"{live} is to be written, and is being deleted"
    if live is not None and cached is not None and isinstance(request, UpdateOwned):
        if not drifted(request.kind, cached, live.content):
            return f"{request.kind} is to be written without drift"
        if drifted(request.kind, cached, merged(request.kind, cached, live.content)):
            return f"{request.kind} drifts still once it is written"
    done, reply = (None, None) if taken is None else taken[:2]
    if isinstance(done, UpdateOwned) and isinstance(reply, Stored) and not _written(before, label, after):
        return f"{done.kind} was written as it was"
    return ""


def fields_of_failover(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """What the failover wrote stays: whom the client Service selects, its epoch, and that of new volumes."""
    for kind, was, now in _written(before, label, after):
        if was is not None and _failovers(kind, was) != _failovers(kind, now):
            return f"{kind}: {_failovers(kind, was)} became {_failovers(kind, now)}"
    return ""


def _failovers(kind: str, number: int) -> Any:
    live = content(number)
    if kind == OwnedKind.CLIENT_SERVICE:
        return primary_of(live), epoch_of(live)
    return epoch_parts(live) if kind == OwnedKind.STATEFUL_SET else None


def no_delete_of_pvc(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """No StatefulSet of ours lets its volumes be deleted with it, or with a pod that a scale-down takes away."""
    for kind, _, now in _written(before, label, after):
        spec = content(now)["spec"] if kind == OwnedKind.STATEFUL_SET else {}
        policy = spec.get("persistentVolumeClaimRetentionPolicy", {})
        if "Delete" in policy.values():
            return f"{kind} deletes volumes: {policy}"
    return ""


def scale_down_never_removes_master(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """No write to the StatefulSet asks for so few pods that the primary's would go."""
    for kind, _, now in _written(before, label, after):
        replicas = content(now)["spec"]["replicas"] if kind == OwnedKind.STATEFUL_SET else None
        if replicas is not None and after.cluster is not None and after.cluster.primary >= replicas:
            return f"{replicas} pods are to be left, and pod {after.cluster.primary} is primary"
    return ""


def service_consistency(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """The client Service that is written selects one pod by its name, or one that cannot exist: never all of them."""
    for kind, _, now in _written(before, label, after):
        selector = content(now)["spec"].get("selector") or {} if kind == OwnedKind.CLIENT_SERVICE else None
        if selector is not None and not selector.get(POD_NAME_LABEL):
            return f"the client Service selects {selector}"
    return ""


def pdb_protects_master(before: OwnedWorld, label: Label, after: OwnedWorld) -> str:
    """The disruption budget that is written counts every pod of the cluster, and lets one of them go at a time."""
    for kind, _, now in _written(before, label, after):
        if kind != OwnedKind.DISRUPTION_BUDGET:
            continue
        budget = content(now)["spec"]
        if (budget.get("maxUnavailable"), budget.get("minAvailable")) != (1, None):
            return f"{budget} does not take the pods one at a time"
        selected = budget["selector"].get("matchLabels") or {}
        template = content(desired(OwnedKind.STATEFUL_SET, Cluster(1)))["spec"]["template"]
        labels = template["metadata"]["labels"]
        if not selected or not selected.items() <= labels.items():
            return f"{selected} does not select the pods, which have {labels}"
    return ""


ON_STEP: Final[tuple[tuple[str, OnStepOf[OwnedWorld]], ...]] = (
    ("noForeignAdoption", no_foreign_adoption),
    ("ownerRefConsistency", owner_ref_consistency),
    ("noConcurrentUpdates", no_concurrent_updates),
    ("unknownIsNotSuccess", unknown_is_not_success),
    ("reconcileStepValid", reconcile_step_valid),
    ("noIdleWrite", no_idle_write),
    ("fieldsOfFailover", fields_of_failover),
    ("noDeleteOfPVC", no_delete_of_pvc),
    ("scaleDownNeverRemovesMaster", scale_down_never_removes_master),
    ("pdbProtectsMaster", pdb_protects_master),
    ("serviceConsistency", service_consistency),
)


def matches(world: OwnedWorld) -> bool:
    """All objects are as the spec says, or somebody else's, those of a cluster gone are gone; nobody is busy."""
    return world.worker.state is None and world.worker.cached == world.cluster and as_asked(world)


def as_asked(world: OwnedWorld) -> bool:
    """All objects are as the spec says, or somebody else's; those of a cluster that is gone are gone."""
    cluster = world.cluster
    if cluster is None:
        return all(owned is None or _others(owned.content) for owned in world.objects)
    return not cluster.deleting and all(
        owned is not None
        and not owned.deleting
        and (
            _others(owned.content)
            or (owner(owned.content, cluster.uid) is Ownership.OURS and not drifted(kind, cluster, owned.content))
        )
        for kind, owned in zip(world.kinds, world.objects, strict=True)
    )


def _others(number: int) -> bool:
    references = content(number)["metadata"].get("ownerReferences") or ()
    return all(reference["kind"] == "Other" for reference in references)


def _ended(trigger: str, phase: str = "") -> SometimesOf[OwnedWorld]:
    def witness(before: OwnedWorld, label: Label, _after: OwnedWorld) -> bool:
        taken = _step_of(label)
        was = "" if before.worker.state is None else str(before.worker.state.phase)
        return taken is not None and taken[2].trigger == trigger and phase in ("", was)

    return witness


SOMETIMES: Final[tuple[tuple[str, SometimesOf[OwnedWorld]], ...]] = (
    ("matches", lambda before, _label, after: matches(after) and not matches(before)),
    ("updated", _ended("drifted")),
    ("conflict", _ended("conflict")),
    ("gone", _ended("gone")),
    ("stray took effect", lambda _before, label, _after: label.name == "stray"),
    ("left alone", lambda _before, label, after: label.name == "api" and _problem(after, "NameTaken")),
    ("held back", lambda _before, _label, after: _held_back(after)),
    ("appeared meanwhile", lambda _before, label, after: label.name == "api" and _problem(after, "AppearedMeanwhile")),
)


def _held_back(world: OwnedWorld) -> bool:
    """Fewer pods are asked for, and more are kept, for the primary is among those that would go."""
    cluster = world.cluster
    return matches(world) and cluster is not None and cluster.spec == 0 and cluster.primary >= SMALL


def _problem(world: OwnedWorld, reason: str) -> bool:
    state = world.worker.state
    return state is not None and any(problem[1] == reason for problem in state.problems)


def explore(model: OwnedModel, max_states: int = 2_000_000) -> Result[OwnedWorld]:
    """Explore a model to its end."""
    search: Search[OwnedWorld] = Search(successors, (), ON_STEP, SOMETIMES, max_states)
    return search.run(first_world(model))


_SEEN: Final = ("matches", "updated", "conflict")

MODELS: Final = (
    OwnedModel("all objects", OwnedBudget(respec=1), ALL, ("matches", "updated")),
    OwnedModel("edits and removals", OwnedBudget(remove=1, edit=2, respec=1), witnesses=_SEEN),
    OwnedModel(
        "somebody else's object",
        OwnedBudget(remove=1, foreign=1, edit=1),
        witnesses=("left alone", "appeared meanwhile"),
    ),
    OwnedModel(
        "lost answers and ends", OwnedBudget(message=1, restart=1, edit=1, remove=1), witnesses=("stray took effect",)
    ),
    OwnedModel(
        "deleted and created again",
        OwnedBudget(delete=1, recreate=1, message=1),
        witnesses=("gone", "matches", "stray took effect"),
    ),
    OwnedModel("forbidden", OwnedBudget(forbid=2, edit=2), witnesses=("matches", "conflict")),
    OwnedModel(
        "scaled down beside a failover",
        OwnedBudget(respec=2, promote=1, message=1),
        (OwnedKind.STATEFUL_SET.value,),
        ("matches", "updated", "conflict", "held back", "stray took effect"),
    ),
    OwnedModel("beside failovers", OwnedBudget(failover=2, edit=1, respec=1, message=1), witnesses=_SEEN),
)
