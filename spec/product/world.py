"""The product of the three worlds: pods and failovers, owned objects as real manifests, and the Lease; one API server.

Theory of operation: each part is the world of its own models, moved by that world's own functions. What one part wrote
is then carried over to the others (``carried_over``), by what the operator itself writes and reads objects with:
- The client Service and the StatefulSet exist once, as manifests. What the failover world knows of them (``Api``) is
  read from there; its requests for them are carried out there (``served``). So a write of one machine between a read
  and a write of another one is a conflict, and what somebody removed is not found until it is made anew.
- The record exists once, in the failover world. What the reconcile machine makes objects of follows from the record
  that its operator has cached, and from the facts with which its round began, as in ``gungnir.runtime.worker``.
- An operator process is one: its rounds, its cache, and its part in the lease world end together.

What this does not have: a ValkeyCluster that is deleted (``spec.models.kept``, ``spec.models.reconcile``), and views
that stand still.
"""

from functools import cache
from typing import Final, NamedTuple

from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    Conflict,
    GetService,
    GetTemplate,
    NotFound,
    PutService,
    PutTemplate,
    Reply,
    Request,
    ServiceSeen,
    SetAnnotation,
    Stored,
    TemplateSeen,
    Version,
)
from gungnir.machines.view import View
from gungnir.resources.inventory import OwnedKind
from gungnir.resources.labels import Ownership
from gungnir.runtime.facts import facts_of
from spec.environment.contents import Cluster, leads_to, led_to, owner, parsed, stamped, starts_in
from spec.environment.lease import Clocks, LeaseWorld
from spec.environment.observation import view
from spec.environment.owned import Owned, OwnedWorld, Worker
from spec.world import Api, Setup, World, cluster_version, pod_index

SERVICE: Final = OwnedKind.CLIENT_SERVICE.value
WORKLOAD: Final = OwnedKind.STATEFUL_SET.value
NUMBER: Final = 1
"""Which ValkeyCluster of its name this is: there is no other."""
CATCH_UP_MS: Final = 5
"""One look at a target's offset, and one more: how often it is looked at decides nothing."""


class Plan(NamedTuple):
    """What a run fixes. ``exclusive``: clocks drift within a bound and nobody deletes the Lease: one leads at most."""

    setup: Setup
    clocks: Clocks
    exclusive: bool


class Side(NamedTuple):
    """What an operator process has beside its round in the failover world.

    ``spec`` is that of its cached ValkeyCluster; ``facts`` are those with which its last round began. ``worker`` has a
    round of the reconcile machine. ``stopped``: the process does not run, while its clock does.
    """

    spec: int
    facts: Facts
    worker: Worker = Worker(None)
    stopped: bool = False


class Product(NamedTuple):
    """One state.

    ``absent``: pods (bit mask) that a scale-down took away. ``stops``: how often a process may be stopped. ``behind``:
    which of the two objects that failovers write are not there, or were made anew by a request of a former epoch, and
    not written since: no write keeps such a request from arriving late, and the repair machine makes it good.
    """

    world: World
    objects: OwnedWorld
    lease: LeaseWorld
    sides: tuple[Side, ...]
    absent: int = 0
    stops: int = 0
    behind: frozenset[str] = frozenset()

    def with_side(self, index: int, side: Side) -> "Product":
        """Return the state with the side of one operator changed."""
        return self._replace(sides=(*self.sides[:index], side, *self.sides[index + 1 :]))

    def seen_by(self, index: int) -> OwnedWorld:
        """Return the world of owned objects in which this operator is the one."""
        return self.objects._replace(worker=self.sides[index].worker)

    @property
    def present(self) -> Cluster:
        """The ValkeyCluster as stored."""
        return self.objects.cluster or Cluster(NUMBER)

    def exists(self, index: int) -> bool:
        """Tell whether there is a pod of this ordinal."""
        return index < len(self.world.pods) and not self.absent & 1 << index


# --- what an operator goes by ---------------------------------------------------------------------------------------


def made_for(record: Record, spec: int, size: int = 0) -> Cluster:
    """Return what an operator makes objects of that believes in this record and runs so many pods."""
    primary = record.primary
    return Cluster(
        NUMBER,
        spec,
        primary=0 if primary is None else pod_index(primary.pod),
        epoch=record.epoch,
        routed=None if primary is None or record.intent is not None else primary.pod,
        size=size,
    )


@cache
def facts_of_spec(spec: int) -> Facts:
    """Return the facts that everybody goes by who is no operator: as many pods as this spec asks for."""
    return facts_of(parsed(NUMBER, spec), Record())._replace(catch_up_ms=CATCH_UP_MS)


def present_setup(plan: Plan, product: Product) -> Setup:
    """Return the setup of the failover world as it is now: what the spec asks for, and which pods are gone."""
    facts = facts_of_spec(product.present.spec)
    facts = facts._replace(size=max(facts.size, len(product.world.pods)))
    return plan.setup._replace(facts=facts, departed=product.absent, operators=len(product.sides))


def facts_now(plan: Plan, product: Product, index: int) -> Facts:
    """Return the facts with which a round of this operator would begin now."""
    record = product.world.operators[index].cached.value

    def look() -> View:
        return view(present_setup(plan, product), product.world, index, record)

    return facts_of(parsed(NUMBER, product.sides[index].spec), record, look)._replace(catch_up_ms=CATCH_UP_MS)


def setup_of(plan: Plan, product: Product, index: int) -> Setup:
    """Return the setup in which this operator's round goes on: with the facts with which it began."""
    return present_setup(plan, product)._replace(facts=product.sides[index].facts)


# --- one API server -------------------------------------------------------------------------------------------------


def ours(objects: OwnedWorld, kind: str) -> Owned | None:
    """Return the object as a failover finds it: one of the same name that is not ours is none."""
    live = objects.at(kind)
    return live if live is not None and owner(live.content, Cluster(NUMBER).uid) is Ownership.OURS else None


def _shown(objects: OwnedWorld, kind: str) -> Owned | None:
    """Return the object as an operator's cache shows it: one that is another controller's says nothing of us."""
    live = objects.at(kind)
    return None if live is None or owner(live.content, Cluster(NUMBER).uid) is Ownership.FOREIGN else live


def served(product: Product, index: int, request: Request) -> tuple[OwnedWorld, Reply] | None:
    """Carry out a request of a failover round that is for a manifest, or that a change of the spec makes void.

    None if the failover world itself knows what to do. What nobody waits for any more is of operator -1.
    """
    objects = product.objects
    match request:
        case GetService():
            live = ours(objects, SERVICE)
            return objects, NotFound() if live is None else ServiceSeen(_version(live), *leads_to(live.content))
        case GetTemplate():
            live = ours(objects, WORKLOAD)
            return objects, NotFound() if live is None else TemplateSeen(_version(live), starts_in(live.content))
        case PutService(version, pod, epoch):
            live = objects.at(SERVICE)
            # A PUT makes a Service that is not there, but not of a body with the uid of one that is gone.
            if live is None or version != _version(live):
                return objects, Conflict()
            return _written(objects, SERVICE, live, led_to(live.content, pod, epoch))
        case PutTemplate(version, epoch):
            live = objects.at(WORKLOAD)
            if live is None:
                return objects, NotFound()
            if version != _version(live):
                return objects, Conflict()
            return _written(objects, WORKLOAD, live, stamped(live.content, epoch))
        case SetAnnotation() if index >= 0 and product.sides[index].facts.asked != _asked(product):
            # The machine had the facts of another spec.
            return objects, Conflict()
        case _:
            return None


def _asked(product: Product) -> int:
    return facts_of_spec(product.present.spec).asked


def _version(live: Owned) -> Version:
    return Version(f"v{live.serial}")


def _written(objects: OwnedWorld, kind: str, live: Owned, content: int) -> tuple[OwnedWorld, Reply]:
    if content == live.content:  # A PUT that changes nothing keeps the version.
        return objects, Stored(_version(live))
    objects = objects.with_object(kind, content, deleting=live.deleting)
    return objects, Stored(Version(f"v{objects.serial}"))


def may_arrive(objects: OwnedWorld, request: object) -> bool:
    """Tell whether a late write of a manifest may still take effect: versions do not come back."""
    kinds = {PutService: SERVICE, PutTemplate: WORKLOAD}
    live = objects.at(kinds[type(request)]) if isinstance(request, (PutService, PutTemplate)) else None
    return live is not None and getattr(request, "version", "") == _version(live)


# --- carried over ---------------------------------------------------------------------------------------------------


def read_back(objects: OwnedWorld, api: Api) -> Api:
    """Return what the failover world knows of the manifests: as an operator's cache shows them."""
    service, workload = _shown(objects, SERVICE), _shown(objects, WORKLOAD)
    pod, epoch = (None, api.service_epoch) if service is None else leads_to(service.content)
    template = api.template if workload is None else starts_in(workload.content)
    return api._replace(
        service_pod=pod,
        service_epoch=epoch,
        template=template,
        service_present=service is not None,
        template_present=workload is not None,
    )


def carried_over(product: Product) -> Product:
    """Return the state in which each part knows what the others wrote."""
    api = read_back(product.objects, product.world.api)
    cluster = made_for(api.record, product.present.spec)._replace(version=cluster_version(api))
    return product._replace(
        world=product.world._replace(api=api),
        objects=product.objects._replace(cluster=cluster, worker=Worker(None)),
        behind=frozenset(kind for kind in (SERVICE, WORKLOAD) if _is_behind(product, kind)),
    )


def _is_behind(product: Product, kind: str) -> bool:
    live = ours(product.objects, kind)
    if live is None:
        return True
    epoch = leads_to(live.content)[1] if kind == SERVICE else starts_in(live.content)
    return kind in product.behind and epoch < product.world.api.record.epoch


def judged(product: Product) -> World:
    """Return the failover world as predicates about Service and template are to see it.

    Of an object that is not there, not ours, or made anew for a former epoch, they say nothing: it counts as one of
    the present epoch that leads to nobody.
    """
    world, epoch = product.world, product.world.api.record.epoch
    api = world.api
    if SERVICE in product.behind:
        api = api._replace(service_pod=None, service_epoch=epoch)
    if WORKLOAD in product.behind:
        api = api._replace(template=epoch)
    return world if api is world.api else world._replace(api=api)
