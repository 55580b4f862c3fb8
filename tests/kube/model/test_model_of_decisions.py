"""The API server of the failover models against ``gungnir local`` and a real one: the same requests, the same answers.

Two operators read and write the record, the client Service and the template through the production request layer, on
what they read last or earlier; people ask for handovers and take that back; others write parts that are no part of the
model. After each request the replies are compared, whether the object's version moved, which one was returned, what is
stored, and what each operator's cache holds. Beside random sequences there are directed ones (``seeds.py``).

What the model leaves out, and the expected difference: a write by others of a part that the model does not have (a
label, a status that a controller keeps) makes a real server refuse what the model stores. Nothing is stored then, and
that is checked. Contents do not come back here, as they do not in production.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gungnir.api import names
from gungnir.api.cluster import parse_cluster
from gungnir.api.status import ValkeyClusterStatus
from gungnir.machines.record import (
    Admitted,
    Candidate,
    Electorate,
    History,
    Intent,
    Kind,
    Member,
    Primary,
    Record,
    Stage,
)
from gungnir.machines.requests import (
    ClearAnnotation,
    ClusterSeen,
    Conflict,
    CreateOwned,
    GetCluster,
    GetService,
    GetTemplate,
    Outcome,
    PutRecord,
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
from gungnir.machines.switchover import ANY, REJECTED, request_of, request_text
from gungnir.resources.epoch import epoch_of
from gungnir.resources.inputs import BuildInputs
from gungnir.resources.inventory import OwnedKind
from gungnir.resources.stateful_set import epoch_parts
from gungnir.runtime.cluster_cache import ClusterCache, service_pod
from gungnir.runtime.kube_resources import SERVICES, STATEFULSETS, VALKEYCLUSTERS
from gungnir.runtime.record_codec import record_of
from spec.environment.api_server import serve
from spec.environment.people import asked_for
from spec.world import CLUSTER, Api, cluster_version, pod_name, service_version, template_version
from tests.kube.model.conftest import RUNS, STEPS, TIMEOUT_S, Real, Space, Versions
from tests.kube.model.seeds import DECISIONS, ENDED, Step

OPERATORS: Final = 2
READS: Final[dict[str, Request]] = {"cluster": GetCluster(), "service": GetService(), "template": GetTemplate()}
PLACES: Final = {
    "cluster": (VALKEYCLUSTERS.plural, CLUSTER),
    "service": (SERVICES.plural, names.client_service(CLUSTER)),
    "template": (STATEFULSETS.plural, names.stateful_set(CLUSTER)),
}
VERSIONS: Final = {"cluster": cluster_version, "service": service_version, "template": template_version}
Turn = tuple[Step, ...]


def refusal(number: int) -> Outcome:
    """Return the answer to the request of this number, which it names."""
    return Outcome(Kind.SWITCHOVER, REJECTED, "", "c-1", 1, "Requested", str(number))


WHO: Final = st.integers(0, OPERATORS - 1)
WANTED: Final = st.sampled_from([*(pod_name(index) for index in range(3)), ANY, "no-such-pod"])


def writes(who: st.SearchStrategy[int], back: st.SearchStrategy[int], what: str) -> st.SearchStrategy[Step]:
    """Return writes of an object, made on what was read last or ``back`` reads before that."""
    pods = st.sampled_from([*(pod_name(index) for index in range(3)), None])
    epoch = st.sampled_from(["new", "same", "former"])
    outcome = st.sampled_from([None, ENDED])
    match what:
        case "service":
            return st.tuples(st.just("service"), who, back, pods, epoch)
        case "template":
            return st.tuples(st.just("template"), who, back, epoch)
        case _:
            return st.one_of(
                st.tuples(st.just("record"), who, back, st.sampled_from([*Stage, None]), outcome, epoch),
                st.tuples(st.just("refuse"), who, back),
                st.tuples(st.just("clear"), who, back),
                st.tuples(st.just("file"), who, back, WANTED, epoch),
            )


def turns() -> st.SearchStrategy[Turn]:
    """Return what belongs together: one step, a write of what was just read, or one that somebody came before."""
    back = st.sampled_from([0, 0, 0, 1, 2])
    what = st.sampled_from(["cluster", "cluster", "service", "template"])
    people = st.tuples(st.just("people"), st.one_of(WANTED, st.just("")))
    between = st.one_of(people.map(lambda asked: (asked,)), people.map(lambda asked: (asked, ("people", ""))))
    single = st.one_of(
        st.tuples(st.just("read"), WHO, st.sampled_from(sorted(READS))),
        what.flatmap(lambda which: writes(WHO, back, which)),
        people,
        st.tuples(st.just("others"), st.sampled_from(sorted(PLACES))),
        st.tuples(st.just("watch"), WHO),
    )

    def read_first(who: int, which: str) -> st.SearchStrategy[Turn]:
        return writes(st.just(who), st.just(0), which).map(lambda write: (("read", who, which), write))

    def raced(who: int, which: str) -> st.SearchStrategy[Turn]:
        others = st.one_of(between, read_first(1 - who, which)) if which == "cluster" else read_first(1 - who, which)
        write = writes(st.just(who), st.just(0), which)
        return st.tuples(others, write).map(lambda drawn: (("read", who, which), *drawn[0], drawn[1]))

    return st.one_of(
        single.map(lambda step: (step,)),
        single.map(lambda step: (step,)),
        st.tuples(WHO, what).flatmap(lambda drawn: read_first(*drawn)),
        st.tuples(WHO, what).flatmap(lambda drawn: raced(*drawn)),
    )


def steps() -> st.SearchStrategy[list[Step]]:
    """Return what is done, one after another."""
    drawn = st.lists(turns(), min_size=STEPS // 2, max_size=STEPS)
    return drawn.map(lambda several: [step for turn in several for step in turn])


def record(epoch: int, stage: Stage | None) -> Record:
    """Return a record of an epoch, as it is at a stage of a failover or between two."""
    pods = [pod_name(index) for index in range(3)]
    candidate = Candidate(pods[1], "u1", "r1", epoch - 1, 7 * epoch)
    chosen = None if stage in (None, Stage.FENCING) else candidate
    return Record(
        epoch=epoch,
        primary=Primary(pods[epoch % 3], "u", f"r{epoch}", f"id{epoch}", epoch, 2) if epoch % 2 else None,
        intent=None if stage is None else Intent(Kind.FAILOVER, stage, "Exited", "", chosen, pods[0], ""),
        histories=tuple(History(each, f"id{each}", each - 1, 5 * each) for each in range(1, min(epoch, 4))),
        members=(Member(pods[0], "u0", "r0"), Member(pods[1], "u1", "r1")),
        electorate=Electorate(3, 1),
        admitted=(Admitted(pods[2], "u2", "", 1),),
        left_out=(pods[2],) if epoch % 3 == 0 else (),
    )


class Both:
    """A cluster in the model and on a server, and two operators of it."""

    def __init__(self, space: Space, seen: Counter[tuple[str, str]]) -> None:
        self.space, self.seen = space, seen
        self.cluster = parse_cluster(space.make_cluster({"replicas": 3}))
        self.caches = [ClusterCache() for _ in range(OPERATORS)]
        self.executors = [space.executor(self.inputs, cache) for cache in self.caches]
        for kind in (OwnedKind.CLIENT_SERVICE, OwnedKind.STATEFUL_SET):
            assert isinstance(space.ask(self.executors[0], CreateOwned(kind)), Stored)
        self.api = Api(Record(), None, 0, 0)
        self.events: list[tuple[dict[str, Any], Record]] = []
        self.heard = [0] * OPERATORS
        self.newest = [0] * OPERATORS
        self.versions = Versions()
        self.epoch = 0
        self.epochs: set[int] = set()
        self.told: list[str] = []
        self.moves: dict[str, list[tuple[str, bool]]] = {what: [(version(self.stored(what)), False)] for what in PLACES}
        found = space.ask(self.executors[0], GetTemplate())
        assert isinstance(found, TemplateSeen)
        self.api = self.api._replace(template=found.epoch)
        self.agree()
        for who in range(OPERATORS):
            self.watch(who)

    def inputs(self) -> BuildInputs:
        """Return what manifests are made of."""
        return BuildInputs(self.cluster, 0, "ab" * 32, "open sesame", replicas=3)

    def chosen(self, which: str, now: int) -> int:
        """Return an epoch: the present one, or one that nobody wrote yet, later than all or one before the present."""
        if which == "same":
            return now
        if which == "former" and now > 1 and now - 1 not in self.epochs:
            self.epochs.add(now - 1)
            return now - 1
        self.epoch += 2
        self.epochs.add(self.epoch)
        return self.epoch

    def stored(self, what: str) -> dict[str, Any]:
        """Return an object as it is stored."""
        obj = self.space.find(*PLACES[what])
        assert obj is not None
        return obj

    def do(self, step: Step) -> None:  # noqa: C901 - one case for each step
        """Do one step, here and there."""
        self.told.append(str(step))
        match step:
            case ("read", int(who), str(what)):
                self.send(who, what, READS[what])
            case ("record", int(who), int(back), stage, outcome, str(which)):
                now = self.api.record
                again = which == "same" and now.epoch > 0  # Before the first one there is nothing to be the same.
                wanted = now if again else record(self.chosen("new" if which == "same" else which, now.epoch), stage)
                outcome = None if again else outcome  # What ended is a record without its intent.
                self.write(who, "cluster", back, lambda version: PutRecord(version, wanted, outcome))
            case ("refuse", int(who), int(back)):
                now, asked = self.api.record, self.api.asked
                if asked.wanted and asked.answered != asked.number:
                    answer = refusal(asked.number)
                    self.write(who, "cluster", back, lambda version: PutRecord(version, now, answer))
            case ("service", int(who), int(back), pod, str(which)):
                pod = self.api.service_pod if which == "same" else pod
                led = pod, self.chosen(which, self.api.service_epoch)
                self.write(who, "service", back, lambda version: PutService(version, *led))
            case ("template", int(who), int(back), str(which)):
                epoch = self.chosen(which, self.api.template)
                self.write(who, "template", back, lambda version: PutTemplate(version, epoch))
            case ("clear", int(who), int(back)):
                self.write(who, "cluster", back, lambda version: ClearAnnotation(version, names.SWITCHOVER_ANNOTATION))
            case ("file", int(who), int(back), str(wanted), str(which)):
                text = request_text(wanted, self.chosen(which, max(1, self.api.asked.epoch)))
                name = names.SWITCHOVER_ANNOTATION
                self.write(who, "cluster", back, lambda version: SetAnnotation(version, name, text))
            case ("people", str(wanted)):
                self.people(wanted)
            case ("others", str(what)):
                self.others(what)
            case ("watch", int(who)):
                self.watch(who)
            case _:
                raise ValueError(step)

    # --- operators --------------------------------------------------------------------------------------------------

    def write(self, who: int, what: str, back: int, request: Any) -> None:
        """Send a write of one operator, made on what it knows."""
        known = self.versions.known(who, what, back)
        if known is not None and self.remembers(who, what, known[1]):
            self.send(who, what, request(known[0]), request(known[1]), known)

    def remembers(self, who: int, what: str, version: Version) -> bool:
        """Tell whether the request layer still has the object that a write is made from; a round has it always."""
        return (what if what == "cluster" else PLACES[what][0], version) in self.executors[who]._read

    def send(
        self,
        who: int,
        what: str,
        request: Request,
        real_request: Request | None = None,
        known: tuple[Version, Version] | None = None,
    ) -> None:
        """Carry out a request here and there, and compare the replies and what became of the object."""
        before, model_before = self.stored(what), self.api
        api, expected = serve(self.api, request, attended=True)
        found = self.space.ask(self.executors[who], real_request or request)
        after = self.stored(what)
        moved = version(before) != version(after)
        if known is not None and isinstance(expected, Stored) and alone(request) and self.touched(what, known[1]):
            # Somebody wrote a part that the model does not have.
            expected, api = Conflict(), self.api
        assert shown(found) == shown(expected), self.story(f"{found}, in the model {expected}")
        self.told[-1] += f" -> {type(found).__name__}"
        self.seen[type(request).__name__, type(found).__name__] += 1
        self.api = api
        if isinstance(expected, Stored) and what == "cluster":
            # The answer is the whole object. In the model it is the record alone, and a watch brings the rest.
            self.agree(who)
        told = isinstance(request, PutRecord) and request.outcome is not None and isinstance(found, Stored)
        if not told:  # Else it is told when that was.
            assert moved == (api != model_before), self.story(f"the version moved: {moved}")
        self.moved(what, after, by_others=False)
        if isinstance(found, Stored) and isinstance(expected, Stored):
            assert found.version == version(after), self.story("another version was returned than is stored")
            assert expected.version == VERSIONS[what](api), self.story("the model returns another version than it has")
        if isinstance(found, (Stored, ClusterSeen, ServiceSeen, TemplateSeen)):
            model = expected.version if isinstance(expected, (Stored, ClusterSeen, ServiceSeen, TemplateSeen)) else ""
            self.versions.note(who, what, Version(model), found.version)
        if what == "service":
            led = service_pod(after), epoch_of(after) or 0
            assert led == (api.service_pod, api.service_epoch), self.story(f"{led}, in the model {api}")
        if what == "template":
            parts = epoch_parts(after)
            assert parts is not None
            assert parts[0] == api.template, self.story(f"{parts[0]}, in the model {api.template}")
        self.agree()

    # --- others -----------------------------------------------------------------------------------------------------

    def people(self, wanted: str) -> None:
        """A person asks for a handover, for another one, or for none any more."""
        if wanted == self.api.asked.wanted:
            return
        self.api = asked_for(self.api, wanted)
        body = {"metadata": {"annotations": {names.SWITCHOVER_ANNOTATION: wanted or None}}}
        self.moved("cluster", self.space("PATCH", *PLACES["cluster"], body).taken(), by_others=False)
        self.agree()

    def others(self, what: str) -> None:
        """Somebody writes a part that is no part of the model."""
        body: dict[str, Any] = {"metadata": {"labels": {"touched": str(len(self.told))}}}
        plural, name = PLACES[what]
        if what == "template":  # Its controller.
            body, name = {"status": {"replicas": 3, "observedGeneration": len(self.told)}}, f"{name}/status"
        self.moved(what, self.space("PATCH", plural, name, body).taken(), by_others=True)
        self.agree()

    def moved(self, what: str, live: dict[str, Any], *, by_others: bool) -> None:
        """Note the version that an object has now, and whether what moved it is no part of the model."""
        if self.moves[what][-1][0] != version(live):
            self.moves[what].append((version(live), by_others))

    def touched(self, what: str, known: Version) -> bool:
        """Tell whether an object has another version than this one, by nothing that is part of the model."""
        position = [each for each, _ in self.moves[what]].index(known)
        since = [by_others for _, by_others in self.moves[what][position + 1 :]]
        return bool(since) and all(since)

    def watch(self, who: int) -> None:
        """An operator's watch shows the next version of the ValkeyCluster; an older one than it wrote is no news."""
        if self.heard[who] < len(self.events):
            self.caches[who].saw(self.events[self.heard[who]][0], time.monotonic())
            self.newest[who] = max(self.newest[who], self.heard[who])
            self.heard[who] += 1
        self.agree()

    # --- what is the same -------------------------------------------------------------------------------------------

    def agree(self, writer: int | None = None) -> None:
        """Compare what is stored, and what each operator's cache shows of the record.

        That is never older than what it wrote itself (``writer`` just did), and else what its watch showed last.
        """
        stored, asked = self.stored("cluster"), self.api.asked
        assert record_in(stored) == self.api.record, self.story(f"{stored.get('status')}")
        assert asked_in(stored) == (asked.wanted, asked.epoch if asked.wanted else 0, asked.answered), self.story(
            f"{stored['metadata'].get('annotations')}, {stored.get('status')}, in the model {asked}"
        )
        if not self.events or version(self.events[-1][0]) != version(stored):
            self.events.append((stored, self.api.record))
        if writer is not None:
            self.newest[writer] = len(self.events) - 1
        for who, cache in enumerate(self.caches):
            if cache.cluster is not None:
                held, expected = record_in(cache.cluster), self.events[self.newest[who]][1]
                assert held == expected, self.story(f"operator {who} holds {held}, in the model {expected}")

    def story(self, difference: str) -> str:
        """Return what was done and what differs."""
        return "\n".join([*self.told, difference])


def alone(request: Request) -> bool:
    """Tell whether a write is refused whatever was written; for others the request layer looks at what that was."""
    outcome = request.outcome if isinstance(request, PutRecord) else None
    return (outcome is not None and outcome.result == REJECTED) or isinstance(request, (PutService, ClearAnnotation))


def version(obj: dict[str, Any]) -> str:
    """Return the resourceVersion of an object."""
    return str(obj["metadata"]["resourceVersion"])


def record_in(obj: dict[str, Any]) -> Record:
    """Return the record that a ValkeyCluster holds."""
    return record_of(ValkeyClusterStatus.model_validate(obj.get("status") or {}))


def asked_in(obj: dict[str, Any]) -> tuple[str, int, int]:
    """Return what a ValkeyCluster asks for, for which epoch, and the last request that was refused in the status."""
    wanted, epoch = request_of((obj["metadata"].get("annotations") or {}).get(names.SWITCHOVER_ANNOTATION, ""))
    answer = (obj.get("status") or {}).get("switchover") or {}
    return wanted, epoch, int(answer.get("message", 0))


def shown(reply: Reply) -> tuple[object, ...]:
    """Return what of a reply has to be the same: all but the version, which each side names as it likes."""
    content = reply[1:] if isinstance(reply, (Stored, ClusterSeen, ServiceSeen, TemplateSeen)) else tuple(reply)
    return type(reply).__name__, *content


WRITES: Final = ("PutRecord", "PutService", "PutTemplate", "ClearAnnotation", "SetAnnotation")


@pytest.mark.parametrize("name", DECISIONS)
def test_a_server_and_the_model_do_the_same(real: Real, name: str) -> None:
    """Step by step, as in the random sequences."""
    sequence, last = DECISIONS[name]
    seen: Counter[tuple[str, str]] = Counter()
    both = Both(real.space(), seen)
    for step in sequence:
        both.do(step)
    assert seen[last], f"{both.told}"


@pytest.mark.timeout(TIMEOUT_S)
def test_a_server_answers_the_requests_of_a_failover_as_the_model_has_it(real: Real) -> None:
    """The same replies, versions that move, caches and record in the model and on a server, step by step."""
    seen: Counter[tuple[str, str]] = Counter()

    @RUNS
    @given(sequence=steps())
    def alike(sequence: list[Step]) -> None:
        both = Both(real.space(), seen)
        for step in sequence:
            both.do(step)

    alike()
    never = [(write, reply) for write in WRITES for reply in ("Stored", "Conflict") if not seen[write, reply]]
    assert not never, f"never seen: {never}"
