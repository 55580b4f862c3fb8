"""The world of the reconcile machine: an API server with owned objects, and everybody else who touches them.

Rules
- Objects are real manifests: the production builders make them, the production drift decides, the production merge is
  what an update writes (``spec.environment.contents``).
- Reads and writes are of the API server itself; only the operator's idea of the ValkeyCluster (its cache) may be old.
- The failover machine is one of the others: it moves the client Service and stamps the StatefulSet at any time.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from gungnir.machines import reconcile
from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Step
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    AlreadyExists,
    ClusterSeen,
    Conflict,
    CreateOwned,
    Forbidden,
    GetCluster,
    GetOwned,
    Invalid,
    NotFound,
    Observe,
    OwnedSeen,
    PutSummary,
    Reply,
    Request,
    Seen,
    Stored,
    Unknown,
    UpdateOwned,
    Version,
)
from gungnir.machines.view import View
from gungnir.resources.inventory import OwnedKind
from gungnir.resources.labels import Ownership
from spec.environment.contents import (
    FAILED_OVER,
    Cluster,
    content,
    desired,
    drifted,
    edited,
    failed_over,
    foreign,
    merged,
    owner,
    starts_in,
)
from spec.environment.operators import Taken
from spec.observed import aspects
from spec.world import CLUSTER, Label, Number, pod_name

FACTS: Final = Facts(CLUSTER, "", 3, 1, persistent=True)
WRITES: Final = (CreateOwned, UpdateOwned)
SERVICES: Final = (OwnedKind.HEADLESS_SERVICE, OwnedKind.CLIENT_SERVICE, OwnedKind.READ_SERVICE)


class Owned(NamedTuple):
    """An object as stored: its content, how often it was written, and whether it is being deleted."""

    content: int
    serial: int
    deleting: bool = False


class Worker(NamedTuple):
    """The operator's side of one cluster: its cached ValkeyCluster, and the round that it is in."""

    cached: Cluster | None
    state: reconcile.State | None = None
    request: Request | None = None


class Sent(NamedTuple):
    """A write that nobody waits for any more, and the ValkeyCluster that it was made for."""

    cluster: Cluster
    request: Request


class OwnedBudget(NamedTuple):
    """How often each of the others may still interfere."""

    remove: int = 0
    edit: int = 0
    foreign: int = 0
    """Somebody makes an object of our name, of another controller or of none."""
    message: int = 0
    restart: int = 0
    forbid: int = 0
    respec: int = 0
    delete: int = 0
    """The ValkeyCluster is deleted."""
    recreate: int = 0
    failover: int = 0
    promote: int = 0
    """The failover machine of some operator gives the role to another pod."""


class OwnedWorld(NamedTuple):
    """One state. ``serial`` counts writes, so that no version comes back."""

    kinds: tuple[str, ...]
    cluster: Cluster | None
    objects: tuple[Owned | None, ...]
    worker: Worker
    sent: tuple[Sent, ...]
    clusters: int
    serial: int
    budget: OwnedBudget

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this world from every other one."""
        return [number(str(position), part) for position, part in enumerate(self)]

    def shown(self) -> tuple[str, ...]:
        """Return what a story tells of this state, one line for each part."""
        objects = (
            f"{kind}: {'absent' if owned is None else _told(owned)}"
            for kind, owned in zip(self.kinds, self.objects, strict=True)
        )
        return (f"ValkeyCluster: {self.cluster}", *objects, f"operator believes in {self.worker.cached}")

    def at(self, kind: str) -> Owned | None:
        """Return the stored object of this kind."""
        return self.objects[self.kinds.index(kind)]

    def with_object(self, kind: str, content: int | None, *, deleting: bool = False) -> "OwnedWorld":
        """Return the world after a write of one object, or its removal."""
        index, serial = self.kinds.index(kind), self.serial + 1
        owned = None if content is None else Owned(content, serial, deleting)
        return self._replace(objects=(*self.objects[:index], owned, *self.objects[index + 1 :]), serial=serial)


Move = tuple[Label, OwnedWorld]


def _told(owned: Owned) -> str:
    references = content(owned.content)["metadata"].get("ownerReferences") or ()
    owner = ", ".join(reference["uid"] for reference in references) or "nobody"
    return f"content {owned.content} of {owner}" + (", being deleted" if owned.deleting else "")


# --- the operator ---------------------------------------------------------------------------------------------------


def served(world: OwnedWorld, cluster: Cluster, request: Request) -> tuple[OwnedWorld, Reply]:
    """Carry out one request on behalf of an operator that believes in ``cluster``.

    Raises:
        TypeError: a request that this world does not know.
    """
    match request:
        case GetCluster():
            present = world.cluster
            if present is None or present.uid != cluster.uid:
                return world, NotFound()
            return world, ClusterSeen(_version(present), Record(present.epoch), deleting=present.deleting)
        case Observe():
            return world, Seen(Record(), View(()))
        case PutSummary(version):
            if world.cluster is None:
                return world, NotFound()
            return world, Stored(version) if _version(world.cluster) == version else Conflict()
        case GetOwned(kind):
            live = world.at(kind)
            if live is None:
                return world, NotFound()
            ours = owner(live.content, cluster.uid) is Ownership.OURS
            drift = ours and drifted(kind, cluster, live.content)
            epoch = max(0, starts_in(live.content)) if kind == OwnedKind.STATEFUL_SET else 0
            return world, OwnedSeen(Version(f"v{live.serial}"), ours, live.deleting, drift, epoch)
        case CreateOwned(kind):
            return _created(world, cluster, kind)
        case UpdateOwned(kind, version):
            return _updated(world, cluster, kind, version)
        case _:
            raise TypeError(f"the world of owned objects does not know {type(request).__name__}")


def _version(cluster: Cluster) -> Version:
    return Version("-".join(map(str, cluster)))


def _created(world: OwnedWorld, cluster: Cluster, kind: str) -> tuple[OwnedWorld, Reply]:
    if world.at(kind) is not None:
        return world, AlreadyExists()
    world = world.with_object(kind, desired(kind, cluster))
    return world, Stored(Version(f"v{world.serial}"))


def _updated(world: OwnedWorld, cluster: Cluster, kind: str, version: Version) -> tuple[OwnedWorld, Reply]:
    live = world.at(kind)
    if live is None:
        # A PUT makes a Service that is not there, but not of a body with the uid of one that is gone.
        return world, Conflict() if kind in SERVICES else NotFound()
    if version != f"v{live.serial}":
        return world, Conflict()
    written = merged(kind, cluster, live.content)
    if written == live.content:  # A PUT that changes nothing keeps the version.
        return world, Stored(version)
    if owner(written, cluster.uid) is not Ownership.OURS:
        return world, Invalid("an object has one controller")
    world = world.with_object(kind, written, deleting=live.deleting)
    return world, Stored(Version(f"v{world.serial}"))


def successors(world: OwnedWorld) -> Iterator[Move]:
    """Yield every action that can happen next, with the world after it, in a fixed order."""
    yield from of_operator(world)
    yield from collections(world)
    yield from mishaps(world)
    yield from others(world)


def of_operator(world: OwnedWorld) -> Iterator[Move]:
    """Yield what the operator can do next, with what may become of it."""
    worker = world.worker
    if worker.state is None:
        if worker.cached != world.cluster:
            yield Label("watch", "operator"), world._replace(worker=Worker(world.cluster))
        if worker.cached is not None and not worker.cached.deleting:
            first = reconcile.start(world.kinds, worker.cached.epoch)
            begun = world._replace(worker=worker._replace(state=first.state, request=first.request))
            yield Label("reconcile", "operator"), begun
        return
    if worker.cached is None or worker.request is None:
        return
    after, reply = served(world, worker.cached, worker.request)
    yield received("api", world, after, reply)
    if world.budget.forbid and isinstance(worker.request, (*WRITES, GetOwned, PutSummary)):
        budget = world.budget._replace(forbid=world.budget.forbid - 1)
        yield received("forbidden", world, world._replace(budget=budget), Forbidden("may not"))
    if world.budget.message:
        budget = world.budget._replace(message=world.budget.message - 1)
        missed = world._replace(budget=budget, sent=_late(world, worker.cached, worker.request))
        yield received("lost", world, missed, Unknown())


def received(name: str, before: OwnedWorld, after: OwnedWorld, reply: Reply) -> Move:
    """The operator gets the reply to its request, which led from ``before`` to ``after``."""
    worker = before.worker
    if worker.state is None:
        raise ValueError("an idle operator waits for nothing")
    step: Step[reconcile.State] = reconcile.step(FACTS, worker.state, reply)
    Taken.edges.add(("reconcile", str(worker.state.phase), step.trigger))
    if Taken.observed is not None:
        Taken.observed.update(aspects("reconcile", worker.state, reply))
    ended = step.request is None
    now = worker._replace(state=None if ended else step.state, request=step.request)
    return Label(name, "operator", (worker.request, reply, step), fair=name == "api"), after._replace(worker=now)


def _late(world: OwnedWorld, cluster: Cluster, request: Request) -> tuple[Sent, ...]:
    if not isinstance(request, WRITES):
        return world.sent
    return tuple(sorted({*world.sent, Sent(cluster, request)}, key=repr))


# --- everybody else -------------------------------------------------------------------------------------------------


def collections(world: OwnedWorld) -> Iterator[Move]:
    """The garbage collector removes what belongs to a ValkeyCluster that is gone, or that waits for its parts to go."""
    present = world.cluster
    alive = present.uid if present is not None and not present.deleting else ""
    left = 0
    for kind, owned in zip(world.kinds, world.objects, strict=True):
        if owned is None:
            continue
        references = content(owned.content)["metadata"].get("ownerReferences") or ()
        uids = {reference["uid"] for reference in references if reference["kind"] != "Other"}
        if owned.deleting or (uids and alive not in uids):
            yield Label("collect", "garbage collector", kind), world.with_object(kind, None)
        left += present is not None and present.uid in uids
    if present is not None and present.deleting and not left:
        yield Label("gone", "API server", "the ValkeyCluster"), world._replace(cluster=None)


def mishaps(world: OwnedWorld) -> Iterator[Move]:
    """The operator process ends; writes that nobody waits for any more arrive."""
    worker, budget = world.worker, world.budget
    if budget.restart and worker.state is not None and worker.cached is not None and worker.request is not None:
        after = world._replace(
            worker=Worker(world.cluster),
            sent=_late(world, worker.cached, worker.request),
            budget=budget._replace(restart=budget.restart - 1),
        )
        yield Label("restart", "operator", worker.request, fair=False), after
    for late in world.sent:
        left = world._replace(sent=tuple(other for other in world.sent if other != late))
        after, reply = served(left, late.cluster, late.request)
        if isinstance(reply, Stored):
            yield Label("stray", "network", late.request, fair=False), after


def interfered(world: OwnedWorld, what: str, kind: str) -> OwnedWorld | None:
    """Return the world after somebody did ``what`` to an object that is there; None where that changes nothing.

    What is being deleted stays so, whoever writes it.

    Raises:
        ValueError: nobody does that.
    """
    owned = world.at(kind)
    if owned is None:
        return None
    match what:
        case "remove":
            return world.with_object(kind, None)
        case "remove slowly":
            return None if owned.deleting else world.with_object(kind, owned.content, deleting=True)
        case "edit":
            return world.with_object(kind, edited(owned.content), deleting=owned.deleting)
        case "failover":
            moved = failed_over(kind, owned.content)
            return None if moved == owned.content else world.with_object(kind, moved, deleting=owned.deleting)
        case _:
            raise ValueError(f"nobody does this to an object: {what}")


def others(world: OwnedWorld) -> Iterator[Move]:
    """Yield what everybody else may do, to the objects and to the ValkeyCluster."""
    budget, present = world.budget, world.cluster
    for kind, owned in zip(world.kinds, world.objects, strict=True):
        if owned is None:
            if budget.foreign and present is not None:
                left = world._replace(budget=budget._replace(foreign=budget.foreign - 1))
                for uid in ("uid-other", ""):
                    made = left.with_object(kind, foreign(kind, present, uid))
                    yield Label("foreign", uid or "somebody", kind, fair=False), made
            continue
        if budget.remove:
            left = world._replace(budget=budget._replace(remove=budget.remove - 1))
            yield from _interference(left, "remove", kind)
            yield from _interference(left, "remove slowly", kind)
        if budget.edit:
            yield from _interference(world._replace(budget=budget._replace(edit=budget.edit - 1)), "edit", kind)
        if budget.failover and present is not None:
            # First the epoch is recorded.
            left = world._replace(
                cluster=present._replace(epoch=FAILED_OVER), budget=budget._replace(failover=budget.failover - 1)
            )
            yield from _interference(left, "failover", kind)
    yield from _promotions(world)
    yield from _changes_of_the_cluster(world)


def _interference(world: OwnedWorld, what: str, kind: str) -> Iterator[Move]:
    after = interfered(world, what, kind)
    if after is not None:
        yield Label(what, "failover" if what == "failover" else "somebody", kind, fair=False), after


def _promotions(world: OwnedWorld) -> Iterator[Move]:
    """Another pod that runs becomes primary; before that, the epoch of the template and the Service was raised.

    Any operator may have done that, at any time: this one's cache does not know of it.
    """
    present, budget = world.cluster, world.budget
    live = world.at(OwnedKind.STATEFUL_SET) if budget.promote else None
    if live is None or present is None or present.deleting:
        return
    left = world._replace(budget=budget._replace(promote=budget.promote - 1))
    for kind, owned in zip(world.kinds, world.objects, strict=True):
        if owned is not None:
            left = left.with_object(kind, failed_over(kind, owned.content), deleting=owned.deleting)
    for ordinal in range(content(live.content)["spec"]["replicas"]):
        if ordinal != present.primary:
            after = left._replace(cluster=present._replace(primary=ordinal, epoch=FAILED_OVER))
            yield Label("promote", "failover", pod_name(ordinal), fair=False), after


def changed(world: OwnedWorld, what: str) -> OwnedWorld | None:
    """Return the world after somebody did ``what`` to the ValkeyCluster; None where that changes nothing.

    Raises:
        ValueError: nobody does that.
    """
    present = world.cluster
    if what == "create":
        fresh = Cluster(world.clusters + 1)
        return None if present is not None else world._replace(cluster=fresh, clusters=fresh.number)
    if present is None or present.deleting:
        return None
    match what:
        case "change":
            return world._replace(cluster=present._replace(spec=1 - present.spec))
        case "delete":
            return world._replace(cluster=None)
        case "delete in foreground":
            return world._replace(cluster=present._replace(deleting=True))
        case _:
            raise ValueError(f"nobody does this to a ValkeyCluster: {what}")


def _changes_of_the_cluster(world: OwnedWorld) -> Iterator[Move]:
    budget = world.budget
    if budget.recreate:
        yield from _change(world._replace(budget=budget._replace(recreate=budget.recreate - 1)), "create")
    if budget.respec:
        yield from _change(world._replace(budget=budget._replace(respec=budget.respec - 1)), "change")
    if budget.delete:
        left = world._replace(budget=budget._replace(delete=budget.delete - 1))
        yield from _change(left, "delete")
        yield from _change(left, "delete in foreground")


def _change(world: OwnedWorld, what: str) -> Iterator[Move]:
    after = changed(world, what)
    if after is not None:
        told = world.cluster if what.startswith("delete") else after.cluster
        yield Label(what, "somebody", told, fair=False), after
