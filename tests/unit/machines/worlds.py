"""Values that machine tests are made of, each with a sensible default: a cluster ``vc`` of three pods in epoch 5.

``vc-0`` is its primary at 10.0.0.10; ``vc-1`` and ``vc-2`` are attached at 10.0.0.11 and 10.0.0.12.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

from gungnir.machines.facts import Facts
from gungnir.machines.kernel import Machine, Step
from gungnir.machines.record import Candidate, Electorate, History, Intent, Kind, Member, Primary, Record, Stage
from gungnir.machines.requests import (
    AlreadyExists,
    Answer,
    AnswerKind,
    Answers,
    ClusterSeen,
    Conflict,
    Elapsed,
    Forbidden,
    Invalid,
    NotFound,
    OwnedSeen,
    Reply,
    Request,
    Seen,
    ServiceSeen,
    Stored,
    TemplateSeen,
    Unknown,
    Unreachable,
    Version,
)
from gungnir.machines.view import Contact, PodView, Server, View

FACTS = Facts("vc", "cr-uid", 3, 1, persistent=True, volume_bytes=2048)
EPOCH = 5
HOLD = "127.0.0.1"
REPLID = "r5"
V = Version


def address(ordinal: int) -> str:
    return f"10.0.0.{10 + ordinal}"


def run_id(ordinal: int) -> str:
    return f"run{ordinal}"


def uid(ordinal: int) -> str:
    return f"uid{ordinal}"


def server(ordinal: int = 0, **changes: Any) -> Server:
    """A pod's server that is detached in epoch 5: it follows the hold address and holds 1000 bytes of history 5."""
    plain = Server(
        run_id=run_id(ordinal),
        primary=False,
        replid=REPLID,
        replid2="",
        second_offset=0,
        offset=1000,
        fence=EPOCH,
        follows=HOLD,
        link_up=False,
        last_io_s=-1,
        syncing=False,
        loading=False,
        keys=7,
        linked=0,
        written=True,
    )
    return plain._replace(**changes)


def serving(ordinal: int = 0, **changes: Any) -> Server:
    """The server of the primary of epoch 5."""
    return server(ordinal, **{"primary": True, "follows": "", "linked": 2, **changes})


def following(ordinal: int = 1, **changes: Any) -> Server:
    """A server attached to ``vc-0``."""
    return server(ordinal, **{"follows": address(0), "link_up": True, "last_io_s": 0, **changes})


def pod(ordinal: int, seen: Server | None, **changes: Any) -> PodView:
    """A pod that answered just now."""
    plain = PodView(
        name=f"vc-{ordinal}",
        uid=uid(ordinal),
        address=address(ordinal),
        deleting=False,
        terminated=False,
        contact=Contact.UP,
        refusals=0,
        silent_ms=0,
        error="",
        server=seen,
        role_label="primary" if ordinal == 0 else "replica",
        synced=True,
        version=f"p{ordinal}",
    )
    return plain._replace(**changes)


PODS = (pod(0, serving()), pod(1, following(1)), pod(2, following(2)))


def view(*pods: PodView, **changes: Any) -> View:
    """A view in which the Service and the template are as recorded; without pods: all three, in sync."""
    plain = View(pods or PODS, False, "vc-0", EPOCH, EPOCH, template_present=True, service_present=True)
    return plain._replace(**changes)


def dead(**changes: Any) -> View:
    """The primary's process is gone, its replicas are cut off."""
    down = pod(0, serving(), contact=Contact.REFUSED, refusals=3)
    return view(down, pod(1, following(1, link_up=False)), pod(2, following(2, link_up=False)), **changes)


MEMBERS = tuple(Member(f"vc-{ordinal}", uid(ordinal), run_id(ordinal)) for ordinal in range(3))
PRIMARY = Primary("vc-0", "uid0", "run0", REPLID, EPOCH, written=True)


def record(**changes: Any) -> Record:
    plain = Record(EPOCH, PRIMARY, None, (History(EPOCH, REPLID, 0, 0),), MEMBERS, Electorate(3, 1))
    return plain._replace(**changes)


CANDIDATE = Candidate("vc-1", "uid1", "run1", EPOCH, 1000)


def claimed(kind: Kind = Kind.FAILOVER, target: str = "", **changes: Any) -> Record:
    """The record with epoch 6 claimed."""
    intent = Intent(kind, Stage.FENCING, "ConnectionRefused", target, None, "vc-0")
    return record(**{"epoch": EPOCH + 1, "intent": intent, **changes})


def frozen(candidate: Candidate = CANDIDATE, **changes: Any) -> Record:
    intent = Intent(Kind.FAILOVER, Stage.PROMOTING, "ConnectionRefused", "", candidate, "vc-0", "Quorum")
    return record(**{"epoch": EPOCH + 1, "intent": intent, **changes})


def reconfiguring(**changes: Any) -> Record:
    """Epoch 6: ``vc-1`` was promoted and its history ``r6`` is recorded."""
    intent = Intent(Kind.FAILOVER, Stage.RECONFIGURING, "ConnectionRefused", "", CANDIDATE, "vc-0", "Quorum")
    histories = (History(EPOCH, REPLID, 0, 0), History(EPOCH + 1, "r6", EPOCH, 1000))
    primary = Primary("vc-1", "uid1", "run1", "r6", EPOCH + 1, written=True)
    return record(**{"epoch": EPOCH + 1, "primary": primary, "histories": histories, "intent": intent, **changes})


def answer(ordinal: int, seen: Server | None = None, kind: AnswerKind = AnswerKind.DONE, error: str = "") -> Answer:
    return Answer(f"vc-{ordinal}", kind, seen, error)


def vote(ordinal: int, **changes: Any) -> Answer:
    """A pod's answer to DETACH in epoch 6: it votes."""
    return answer(ordinal, server(ordinal, **{"fence": EPOCH + 1, "voting": True, **changes}))


def answers(*given: Answer) -> Answers:
    return Answers(given)


def cluster(seen: Record | None = None, **changes: Any) -> ClusterSeen:
    return ClusterSeen(V("c1"), record() if seen is None else seen)._replace(**changes)


STORED = Stored(V("c2"))
REPLIES: tuple[Reply, ...] = (
    cluster(),
    STORED,
    ServiceSeen(V("s1"), "vc-0", EPOCH),
    TemplateSeen(V("t1"), EPOCH),
    OwnedSeen(V("o1"), ours=True, deleting=False, drifted=False),
    Seen(record(), view()),
    NotFound(),
    AlreadyExists(),
    Conflict(),
    Invalid("no"),
    Forbidden("may not update services"),
    Unreachable(),
    Unknown(),
    Elapsed(),
    Answers(()),
)
"""One reply of every type."""


class HasPhase(Protocol):
    @property
    def phase(self) -> str: ...


StateT = TypeVar("StateT", bound=HasPhase)


class Walk(NamedTuple):
    """A round: every step that it took, the first one included."""

    steps: tuple[Step[Any], ...]

    @property
    def last(self) -> Any:
        return self.steps[-1].state

    @property
    def triggers(self) -> str:
        return " ".join(step.trigger for step in self.steps[1:])

    @property
    def requests(self) -> tuple[Request, ...]:
        return tuple(step.request for step in self.steps if step.request is not None)

    @property
    def rows(self) -> frozenset[tuple[str, str, str]]:
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return frozenset((str(a.state.phase), b.trigger, str(b.state.phase)) for a, b in pairs)


def walk(
    step: Callable[[Facts, StateT, Reply], Step[StateT]],
    first: Step[StateT],
    replies: Iterable[Reply],
    facts: Facts = FACTS,
) -> Walk:
    """Answer each request with the next reply; every reply must find a request outstanding."""
    steps = [first]
    for reply in replies:
        assert steps[-1].request is not None, f"{reply} answers nothing: {steps[-1].state.phase} ends the round"
        steps.append(step(facts, steps[-1].state, reply))
    return Walk(tuple(steps))


def rows_of(machine: Machine) -> frozenset[tuple[str, str, str]]:
    return frozenset((row.source, row.trigger, row.dest) for row in machine.rows)
