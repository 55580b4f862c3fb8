"""The world of owned objects against ``gungnir local`` and a real API server: the same requests, the same answers.

Operators, each of which believes in a ValkeyCluster that may be another one by now, read, create and update objects
through the production request layer, with versions that they read last or earlier. Others remove objects at once or
slowly (a finalizer), edit them, make their own under our names, change, delete (also in the foreground) and make anew
the ValkeyCluster, and fail over: by the functions with which they do so in the models. After each step the replies are
compared; whether each object is there, is being deleted, was written, and under which version; what every operator
would say of it (ours, drifted); what others and the failover wrote; and, once the garbage collector has come to rest,
what it left. Beside random sequences there are directed ones (``seeds.py``).

What the model leaves out, and the expected difference: a server sets defaults and a controller keeps the status of the
disruption budget. The status makes a real server refuse a version that is current in the model; nothing is stored then.
When a part goes that was made for a ValkeyCluster which waits for its parts already is open: that it goes has a test of
its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.machines.record import Record
from gungnir.machines.requests import (
    ClusterSeen,
    Conflict,
    CreateOwned,
    GetCluster,
    GetOwned,
    OwnedSeen,
    PutSummary,
    Reply,
    Request,
    Stored,
    UpdateOwned,
    Version,
)
from gungnir.machines.summary import Summary
from gungnir.resources.client_service import primary_of
from gungnir.resources.epoch import epoch_of
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind, build, name_of
from gungnir.runtime.api_executor import ApiExecutor
from gungnir.runtime.cluster_cache import ClusterCache
from gungnir.runtime.kube_resources import VALKEYCLUSTERS, resource_of
from spec.environment import contents, owned
from spec.environment.contents import Cluster
from spec.environment.owned import OwnedBudget, OwnedWorld, Worker, served
from spec.world import CLUSTER
from tests.kube.api import Obj, until
from tests.kube.model.conftest import RUNS, SHOWN, STEPS, TIMEOUT_S, Real, Space, Versions
from tests.kube.model.seeds import OBJECTS, SERVICE, WORKLOAD, Step

ALL: Final = tuple(kind.value for kind in OwnedKind)
BELIEFS: Final = 3
"""How many ValkeyClusters, the last ones that there were, operators may believe in."""
STATUS_IS_KEPT: Final = frozenset({OwnedKind.DISRUPTION_BUDGET.value})
READ: Final = (ClusterSeen, OwnedSeen, Stored)
HOLD: Final = "valkey.verilean.io/of-a-test"
SPECS: Final[tuple[Obj, ...]] = ({"replicas": 3}, {"replicas": 5, "config": {"maxmemory": "64mb"}})
EDITED: Final = ("app.kubernetes.io/managed-by", "theirs")
MARK: Final = "nobody.example/edit"


def steps() -> st.SearchStrategy[tuple[tuple[str, ...], list[Step]]]:
    """Return which objects there are, and what is done, one after another."""
    kinds = st.permutations(ALL).map(
        lambda order: (OwnedKind.CLIENT_SERVICE.value, OwnedKind.STATEFUL_SET.value, *order[:1])
    )
    who, back = st.sampled_from([0, 0, 0, 1, 2]), st.sampled_from([0, 0, 1])
    return kinds.flatmap(lambda chosen: st.tuples(st.just(tuple(dict.fromkeys(chosen))), _on(chosen, who, back)))


def _on(
    kinds: tuple[str, ...], who: st.SearchStrategy[int], back: st.SearchStrategy[int]
) -> st.SearchStrategy[list[Step]]:
    kind = st.sampled_from(kinds)
    changes = ("change", "delete", "delete in foreground", "create")
    theirs = ("remove", "remove slowly", "let go", "edit", "failover")
    single = st.one_of(
        st.tuples(st.just("get"), who, kind),
        st.tuples(st.just("create"), who, kind),
        st.tuples(st.just("create"), who, kind),
        st.tuples(st.just("get and update"), who, kind),
        st.tuples(st.just("update"), who, kind, back),
        st.tuples(st.just("cluster"), who),
        st.tuples(st.just("summary"), who, st.sampled_from(["", *changes])),
        st.tuples(st.sampled_from(theirs), kind),
        st.tuples(st.just("foreign"), kind, st.sampled_from(["uid-other", ""])),
        st.tuples(st.sampled_from([*changes, "change", "create"])),
    )
    turn = st.one_of(*([single.map(lambda step: (step,))] * 8), kind.flatmap(_held))
    drawn = st.lists(turn, min_size=3 * STEPS // 4, max_size=3 * STEPS // 2)
    return drawn.map(lambda several: [step for turn in several for step in turn])


def _held(kind: str) -> st.SearchStrategy[tuple[Step, ...]]:
    """An object of ours is to go, and somebody holds it: what is written to it meanwhile, and whether it is deleted."""
    writes = st.sampled_from([("create", 0, kind), ("get and update", 0, kind), ("edit", kind), ("failover", kind)])
    others = st.sampled_from([("delete in foreground",), ("edit", kind), ("get", 0, kind)])
    held = (("create", 0, kind), ("get", 0, kind), ("remove slowly", kind))
    return st.tuples(others, writes).map(lambda drawn: (*held, *drawn, ("cluster", 0)))


class Both:
    """Owned objects in the model and on a server."""

    def __init__(self, space: Space, kinds: tuple[str, ...], seen: Counter[tuple[str, str]]) -> None:
        self.space, self.seen = space, seen
        self.uids: dict[int, str] = {}
        self.executors: dict[Cluster, ApiExecutor] = {}
        self.beliefs: list[Cluster] = []
        first = Cluster(1)
        self.world = OwnedWorld(kinds, first, (None,) * len(kinds), Worker(None), (), 1, 0, OwnedBudget())
        self.versions = Versions()
        self.summaries = 0
        self.late = False
        self.told: list[str] = []
        self.made(first)

    # --- where things are on the server -----------------------------------------------------------------------------

    def made(self, cluster: Cluster) -> None:
        """Make the ValkeyCluster on the server, too."""
        self.uids[cluster.number] = str(self.space.make_cluster(SPECS[cluster.spec])["metadata"]["uid"])
        self.believe(cluster)

    def believe(self, cluster: Cluster) -> None:
        """Operators learn of this ValkeyCluster."""
        self.beliefs = [cluster, *(each for each in self.beliefs if each != cluster)][:BELIEFS]

    def executor(self, cluster: Cluster) -> ApiExecutor:
        """Return the request layer of an operator that believes in this ValkeyCluster."""
        if cluster not in self.executors:
            inputs = self.inputs(cluster)
            self.executors[cluster] = self.space.executor(lambda: inputs, ClusterCache(), self.shown)
        return self.executors[cluster]

    def shown(self, _record: Record) -> Summary:
        """Return what the status says to people: always something else, so that it is written."""
        self.summaries += 1
        return SHOWN._replace(message=f"summary {self.summaries}")

    def inputs(self, cluster: Cluster) -> BuildInputs:
        """Return what manifests are made of, with the names that the server gave."""
        made = contents.inputs(cluster)
        metadata = made.cluster.metadata.model_copy(
            update={"uid": self.uids[cluster.number], "namespace": self.space.namespace}
        )
        return replace(made, cluster=made.cluster.model_copy(update={"metadata": metadata}))

    def place(self, kind: str) -> tuple[str, str]:
        """Return resource and name of an object."""
        manifest = build(OwnedKind(kind), contents.inputs(Cluster(1)))
        return resource_of(manifest).plural, name_of(OwnedKind(kind), CLUSTER)

    def stored(self) -> dict[str, Obj | None]:
        """Return what the server has, by kind."""
        return {kind: self.space.find(*self.place(kind)) for kind in self.world.kinds}

    # --- steps ------------------------------------------------------------------------------------------------------

    def do(self, step: Step) -> None:  # noqa: C901 - one case for each step
        """Do one step, here and there, and compare."""
        self.told.append(str(step))
        before, model = self.stored(), self.world
        match step:
            case ("get", int(who), str(kind)):
                self.send(who, kind, GetOwned(kind), before)
            case ("create", int(who), str(kind)):
                self.send(who, kind, CreateOwned(kind), before)
            case ("get and update", int(who), str(kind)):
                self.send(who, kind, GetOwned(kind), before)
                self.update(who, kind, 0, before)
            case ("update", int(who), str(kind), int(back)):
                self.update(who, kind, back, before)
            case ("cluster", int(who)):
                self.send(who, "cluster", GetCluster(), before)
            case ("summary", int(who), str(between)):
                self.summary(who, between, before)
            case (("remove" | "remove slowly" | "let go" | "edit" | "failover"), str(kind)):
                if before[kind] is not None:
                    self.others(step[0], kind, before[kind] or {})
            case ("foreign", str(kind), str(uid)):
                self.foreign(kind, uid, before)
            case (str(what),):
                self.change(what)
            case _:
                raise ValueError(step)
        self.agree(before, model)

    def number(self, who: int) -> int:
        """Return the place of an operator's belief: fewer ValkeyClusters than operators are shared."""
        return min(who, len(self.beliefs) - 1)

    def summary(self, who: int, between: str, before: dict[str, Obj | None]) -> None:
        """An operator reads its ValkeyCluster, and writes the status; ``between``: what somebody does meanwhile."""
        belief = self.beliefs[self.number(who)]
        reads = len(self.versions.of(belief_number(belief), "cluster"))
        self.send(who, "cluster", GetCluster(), before)
        known = self.versions.of(belief_number(belief), "cluster")[reads:]
        if between:
            self.change(between)
            self.world = collected(self.world)
            until(lambda: self.found() == self.there(), self.story(f"{self.found()}, in the model {self.there()}"))
        if known:
            ours = self.beliefs.index(belief) if belief in self.beliefs else None
            if ours is not None:
                model, real = known[0]
                self.send(ours, "cluster", PutSummary(model), before, PutSummary(real), real)

    def update(self, who: int, kind: str, back: int, before: dict[str, Obj | None]) -> None:
        """An operator writes an object that it read, and found to be its own, in the same round."""
        belief = self.beliefs[self.number(who)]
        known = self.versions.known(belief_number(belief), kind, back)
        if known is not None and (self.place(kind)[0], known[1]) in self.executor(belief)._read:
            self.send(who, kind, UpdateOwned(kind, known[0]), before, UpdateOwned(kind, known[1]), known[1])

    def send(
        self,
        who: int,
        what: str,
        request: Request,
        before: dict[str, Obj | None],
        real_request: Request | None = None,
        made_on: Version | None = None,
    ) -> None:
        """Carry out a request here and there, and compare the replies."""
        belief = self.beliefs[self.number(who)]
        if isinstance(request, (CreateOwned, UpdateOwned)) and not self.late and self.waits_for(belief):
            return
        world, expected = served(self.world, belief, request)
        found = self.space.ask(self.executor(belief), real_request or request)
        live = before.get(what)
        if what in STATUS_IS_KEPT and made_on and isinstance(expected, Stored) and live and found == Conflict():
            world, expected = self.world, Conflict()
        assert shown(found) == shown(expected), self.story(f"{found}, in the model {expected}")
        self.told[-1] += f" -> {type(found).__name__}"
        self.seen[type(request).__name__, type(found).__name__] += 1
        self.world = world
        if isinstance(request, (CreateOwned, UpdateOwned)) and isinstance(found, Stored):
            own, live = world.at(what), self.space.find(*self.place(what))
            assert own is not None, self.story(f"{what} was stored, and is not there in the model")
            assert expected == Stored(Version(f"v{own.serial}")), self.story("the model returns another version")
            # A controller may have been here since.
            same = live is None or what in STATUS_IS_KEPT or found.version == version(live)
            assert same, self.story("another version was returned than is stored")
        if isinstance(expected, READ) and isinstance(found, READ):
            self.versions.note(belief_number(belief), what, expected.version, found.version)

    def waits_for(self, belief: Cluster) -> bool:
        """Tell whether a ValkeyCluster waits for its parts to go: when new ones go is not told."""
        present = self.world.cluster
        return present is not None and present.deleting and present.number == belief.number

    def others(self, what: str, kind: str, live: Obj) -> None:
        """Somebody removes an object, begins to, lets it go, edits it, or is the failover machine."""
        assert self.world.at(kind) is not None, self.story(f"{kind} is there, and not in the model")
        after = self.released(kind) if what == "let go" else owned.interfered(self.world, what, kind)
        if after is None:
            return
        self.world, place = after, self.place(kind)
        match what:
            case "remove":
                self.space("DELETE", *place).taken()
                self.let_go(kind)
            case "remove slowly":
                self.space("PATCH", *place, {"metadata": {"finalizers": [HOLD]}}).taken()
                self.space("DELETE", *place).taken()
            case "let go":
                self.let_go(kind)
            case "edit":
                labels = {EDITED[0]: "hand", EDITED[1]: "stays"}
                self.space(
                    "PATCH", *place, {"metadata": {"labels": labels, "annotations": {MARK: str(len(self.told))}}}
                ).taken()
            case "failover":
                self.space("PUT", *place, contents.content(contents.failed_over(kind, contents.stored(live)))).taken()
            case _:
                raise ValueError(what)

    def released(self, kind: str) -> OwnedWorld | None:
        """Return the world once an object that is to go is held no longer; None if it is not to go."""
        for label, after in owned.collections(self.world):
            if label.name == "collect" and label.what == kind and deleted(self.world, kind):
                return after
        return None

    def let_go(self, kind: str) -> None:
        """Whoever held an object that is to go holds it no longer."""
        live = self.space.find(*self.place(kind))
        if live is not None and live["metadata"].get("finalizers"):
            assert self.space("PATCH", *self.place(kind), {"metadata": {"finalizers": None}}).ok

    def foreign(self, kind: str, uid: str, before: dict[str, Obj | None]) -> None:
        """Somebody makes an object of our name."""
        present = self.world.cluster
        if before[kind] is not None or present is None:
            return
        self.world = self.world.with_object(kind, contents.foreign(kind, present, uid))
        made = build(OwnedKind(kind), self.inputs(present))
        reference = {"apiVersion": "v1", "kind": "Other", "name": "other", "uid": uid, "controller": True}
        made["metadata"]["ownerReferences"] = [reference] if uid else []
        self.space("POST", self.place(kind)[0], "", made).taken()

    def change(self, what: str) -> None:
        """Somebody changes the ValkeyCluster, deletes it, or makes it anew."""
        after, place = owned.changed(self.world, what), (VALKEYCLUSTERS.plural, CLUSTER)
        if after is None:
            return
        self.world, now = after, after.cluster
        match what:
            case "create" if now is not None:
                self.made(now)
            case "change" if now is not None:
                spec = SPECS[now.spec]
                changed = {"spec": {"replicas": spec["replicas"], "config": spec.get("config")}}
                self.space("PATCH", *place, changed).taken()
                self.believe(now)
            case "delete":
                self.space("DELETE", *place).taken()
            case "delete in foreground":
                self.space("DELETE", *place, {"propagationPolicy": "Foreground"}).taken()
            case _:
                raise ValueError(what)

    # --- what is the same -------------------------------------------------------------------------------------------

    def agree(self, before: dict[str, Obj | None], model: OwnedWorld) -> None:
        """Compare what is stored, once the garbage collector has done all that it can."""
        asked = self.world
        self.world = collected(self.world)
        expected = self.there()
        if self.world != asked:
            until(lambda: self.found() == expected, self.story(f"{expected}; found {self.found()}"))
        now = self.stored()
        there = self.found(now)
        assert there == expected, self.story(f"{there}, in the model {expected}")
        for index, kind in enumerate(self.world.kinds):
            was, live, own = before[kind], now[kind], self.world.objects[index]
            if live is None or own is None:
                continue
            if kind not in STATUS_IS_KEPT:
                moved = was is None or version(was) != version(live)
                assert moved == (model.objects[index] != own), self.story(f"{kind} was written: {moved}")
            assert marks(kind, live) == marks(kind, contents.content(own.content)), self.story(
                f"{kind}: {marks(kind, live)}"
            )
            for belief in self.beliefs:
                found = self.space.ask(self.executor(belief), GetOwned(kind))
                told = served(self.world, belief, GetOwned(kind))[1]
                assert shown(found) == shown(told), self.story(f"{kind} for {belief}: {found}, in the model {told}")

    def there(self) -> list[object]:
        """Return what there is in the model: each object and whether it is to go, and the ValkeyCluster."""
        cluster = self.world.cluster
        objects = [None if each is None else each.deleting for each in self.world.objects]
        return [*objects, None if cluster is None else (self.uids[cluster.number], cluster.deleting)]

    def found(self, stored: dict[str, Obj | None] | None = None) -> list[object]:
        """Return the same of the server."""
        cluster = self.space.find(VALKEYCLUSTERS.plural, CLUSTER)
        objects = [None if each is None else deleting(each) for each in (stored or self.stored()).values()]
        return [*objects, None if cluster is None else (cluster["metadata"]["uid"], deleting(cluster))]

    def story(self, difference: str) -> str:
        """Return what was done and what differs."""
        return "\n".join([str(self.world.kinds), *self.told, difference])


def belief_number(belief: Cluster) -> int:
    """Return a number for what an operator believes in: versions are known to it alone."""
    return hash(belief)


def collected(world: OwnedWorld) -> OwnedWorld:
    """Return the world after all that the garbage collector can do; what somebody holds stays."""
    for label, after in owned.collections(world):
        if label.name != "collect" or not deleted(world, str(label.what)):
            return collected(after)
    return world


def deleted(world: OwnedWorld, kind: str) -> bool:
    """Tell whether an object is to go, in the model."""
    found = world.at(kind)
    return found is not None and found.deleting


def version(obj: Obj) -> str:
    """Return the resourceVersion of an object."""
    return str(obj["metadata"]["resourceVersion"])


def deleting(obj: Obj) -> bool:
    """Tell whether an object is being deleted."""
    return "deletionTimestamp" in obj["metadata"]


def marks(kind: str, obj: Obj) -> tuple[object, ...]:
    """Return what others and the failover wrote into an object."""
    labels = obj["metadata"].get("labels") or {}
    failed_over = (epoch_of(obj),) if kind in (OwnedKind.CLIENT_SERVICE, OwnedKind.STATEFUL_SET) else ()
    selected = (primary_of(obj),) if kind == OwnedKind.CLIENT_SERVICE else ()
    return (*(labels.get(name) for name in EDITED), *failed_over, *selected)


def shown(reply: Reply) -> tuple[object, ...]:
    """Return what of a reply has to be the same: all but the version; of a ValkeyCluster, whether it is to go."""
    if isinstance(reply, OwnedSeen):
        return type(reply).__name__, *reply[1:]
    return type(reply).__name__, getattr(reply, "deleting", None)


SEEN: Final = (
    *(("GetOwned", reply) for reply in ("OwnedSeen", "NotFound")),
    *(("CreateOwned", reply) for reply in ("Stored", "AlreadyExists")),
    *(("UpdateOwned", reply) for reply in ("Stored", "Conflict", "NotFound", "Invalid")),
    *(("GetCluster", reply) for reply in ("ClusterSeen", "NotFound")),
    *(("PutSummary", reply) for reply in ("Stored", "Conflict", "NotFound")),
)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_server_and_the_model_do_the_same(real: Real, name: str) -> None:
    """Step by step, as in the random sequences."""
    sequence, one = OBJECTS[name]
    seen: Counter[tuple[str, str]] = Counter()
    both = Both(real.space(), (SERVICE, WORKLOAD), seen)
    for step in sequence:
        both.do(step)
    assert seen[one], f"{both.told}"


@pytest.mark.timeout(TIMEOUT_S)
def test_a_server_answers_the_requests_for_owned_objects_as_the_model_has_it(real: Real) -> None:
    """The same replies, objects, drift and leavings of the garbage collector in the model and on a server."""
    seen: Counter[tuple[str, str]] = Counter()

    @RUNS
    @given(drawn=steps())
    def alike(drawn: tuple[tuple[str, ...], list[Step]]) -> None:
        kinds, sequence = drawn
        both = Both(real.space(), kinds, seen)
        for step in sequence:
            both.do(step)

    alike()
    assert not [each for each in SEEN if not seen[each]], f"seen: {seen}"


def test_what_is_made_for_a_cluster_that_waits_for_its_parts_goes_with_the_last_of_them(real: Real) -> None:
    """An operator that has not heard of the deletion may still write; nothing of it is left."""
    kinds = (OwnedKind.CLIENT_SERVICE.value, OwnedKind.STATEFUL_SET.value)
    both = Both(real.space(), kinds, Counter())
    held, late = kinds
    for step in (("create", 0, held), ("remove slowly", held), ("delete in foreground",)):
        both.do(step)
    both.late = True
    both.send(0, late, CreateOwned(late), both.stored())
    assert [kind for kind, live in both.stored().items() if live is None] == []
    both.late = False
    both.do(("let go", held))
    assert both.found() == both.there() == [None, None, None]
