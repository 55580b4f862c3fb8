"""The closed world that the machines are checked in: its variables, as immutable values.

Rules
- Everything an action may depend on is here; nothing is hidden in a clock, a random number or an object's identity.
- A resourceVersion is a function of the content. Contents never come back (epochs grow, process names are fresh), so
  this loses no behaviour, and two worlds that differ only in how often something was written are one.
- Ghosts are written by the environment and read only by invariants.

What this does not say: how the world moves (environment/), and what must hold of it (invariants.py).
"""

from collections.abc import Callable
from enum import IntEnum
from functools import cache
from hashlib import blake2b
from typing import Generic, NamedTuple, TypeVar

from gungnir.machines.facts import Facts
from gungnir.machines.record import Record
from gungnir.machines.requests import Answer, PodCommand, Request, Version
from gungnir.machines.view import Life

ValueT = TypeVar("ValueT")
Number = Callable[[str, object], int]
"""Gives a component of a state (of this table) its number: equal ones have the same."""
HOLD = -1
"""``Pod.follows`` of a pod that follows the hold address, where nothing listens."""
CLUSTER = "c"


class Ref(Generic[ValueT]):
    """A value that is compared by identity: ``Interner`` makes one for each distinct value.

    ``number`` is in order of appearance. ``mark`` depends on the value alone, so it is the same in another process.
    """

    __slots__ = ("_mark", "number", "value")

    def __init__(self, value: ValueT, number: int) -> None:
        """Hold the value and the number it was given."""
        self.value = value
        self.number = number
        self._mark = ""

    @property
    def mark(self) -> str:
        """Text that tells this value from others: two have the same with probability 2**-64."""
        if not self._mark:
            self._mark = blake2b(f"{type(self.value).__name__} {self.value!r}".encode(), digest_size=8).hexdigest()
        return self._mark

    def __repr__(self) -> str:
        return f"Ref({self.mark})"


class Interner(Generic[ValueT]):
    """Gives equal values of one type the same ``Ref``: as tuples, ``GetCluster()`` and ``GetService()`` are equal."""

    def __init__(self) -> None:
        """Start empty."""
        self._refs: dict[tuple[type[ValueT], ValueT], Ref[ValueT]] = {}

    def ref(self, value: ValueT) -> Ref[ValueT]:
        """Return the one reference to this value."""
        key = (type(value), value)
        found = self._refs.get(key)
        if found is None:
            found = self._refs[key] = Ref(value, len(self._refs))
        return found


class Link(IntEnum):
    """How a pod stands to the one it follows."""

    DOWN = 0
    HALF = 1
    """It believes the link to be up; the other end is gone, or cannot be reached any more."""
    UP = 2
    SYNC = 3
    """A full copy is on its way; the old data is still there."""
    LOAD = 4
    """The old data is thrown away and the copy is being loaded."""
    LOAD_CUT = 5
    """As LOAD, and the connection it came over is gone."""


class Copy(NamedTuple):
    """A full copy under way: what the primary held when it began, and the ``old`` data that the disk still holds."""

    log: tuple[int, ...]
    offset: int
    replid: str
    old: tuple[int, ...] = ()


class Pod(NamedTuple):
    """One pod: its object (``uid``), its process (``run``), its volume (``log``, ``saved``) and its memory.

    ``log`` is the data, write by write; ``offset`` counts them in the replication stream, so it may start anywhere.
    ``fence`` is the position that the running process enforces, ``saved`` the one in the ACL file
    (``gungnir.resources.fence``). ``creds`` is the epoch
    of the replication user it would attach with (0: none). ``ids`` counts replication ids this process has made up.
    ``restarts`` and ``exit_seen`` are what the kubelet knows of this object's processes, ``shown`` what it reported,
    and of which process. ``led`` and ``lives`` are the marks in the ACL file: in which epoch of this cluster the pod
    was promoted last, and what is known of earlier ones. ``torn``: its last process
    did not end in order since, so that does not count. ``synced``: so many writes no power loss can take, as they were
    there when a process ended in order. ``former``: what the next process would start with, while
    the file does not hold the full copy yet that this one took (None: it holds all). ``forgot``: its process does not
    know any more that its data is at ``offset``.
    """

    up: bool
    uid: int
    run: int
    log: tuple[int, ...]
    offset: int
    replid: str
    replid2: str = ""
    second: int = 0
    backlog: bool = False
    primary: bool = False
    fence: int = 0
    saved: int = 0
    follows: int = HOLD
    follows_uid: int = 0
    creds: int = 0
    link: Link = Link.DOWN
    copy: Copy | None = None
    ids: int = 0
    exit_seen: bool = False
    restarts: int = -1
    shown: tuple[int, bool, int] = (-1, False, 0)
    led: int = 0
    torn: bool = False
    lives: tuple[Life, ...] = ()
    synced: int = 0
    former: tuple[int, ...] | None = None
    forgot: bool = False

    def marks(self) -> tuple[int, tuple[Life, ...]]:
        """Return in which epoch the pod was promoted last, and its earlier lives, as far as the marks count."""
        return (0, tuple(life._replace(promoted=0) for life in self.lives)) if self.torn else (self.led, self.lives)


class Asked(NamedTuple):
    """What is asked for by annotation: the ``number``-th request is to hand the role to ``wanted`` (empty: none).

    ``answered`` is the last request that was refused in ``.status``. ``epoch`` is the only one that the request is for:
    operators file such requests, people those for any epoch (0).
    """

    number: int = 0
    wanted: str = ""
    answered: int = 0
    epoch: int = 0


class Api(NamedTuple):
    """What the API server stores: the durable record, the client Service, the template's epoch, and the request.

    ``life`` counts how often the cluster was deleted and made anew. ``told`` counts how often what the status tells
    people was written: no decision rests on that, but it is part of the same object. ``service_present`` and
    ``template_present`` are false only where others remove objects (``spec.product``); what was written last stays.
    """

    record: Record
    service_pod: str | None
    service_epoch: int
    template: int
    asked: Asked = Asked()
    life: int = 0
    told: int = 0
    service_present: bool = True
    template_present: bool = True


class Operator(NamedTuple):
    """One operator process: the round it is in, what it waits for, and its cached record.

    ``answers`` has one entry for each command of an outstanding ``Pods``, None while it is in flight. ``kept`` is a
    view that was taken at some moment, and from which rounds may start at any time later, as the budget allows.
    """

    machine: str
    state: Ref[object] | None
    request: Ref[Request] | None
    answers: tuple[Answer | None, ...]
    cached: Ref[Record]
    kept: Ref[object] | None = None


Stray = PodCommand | Request
"""A mutating request that nobody waits for any more: it may still arrive, at any time, or never."""


class Ghost(NamedTuple):
    """What only the checker knows.

    ``holders``: for each write, the pods (bit mask) that confirmed it to a primary. ``acked``: the writes that WAIT may
    have confirmed. ``promoted``: (epoch, pod, run) of every promotion that took effect. ``frozen``: (epoch, pod, run)
    of every candidate that was ever stored. ``cause``: something befell the recorded primary since it was recorded.
    ``lost``: how many volumes lost anything. ``handed``: the requests for which an epoch was begun, each time.
    """

    writes: int = 0
    holders: tuple[int, ...] = ()
    acked: frozenset[int] = frozenset()
    promoted: tuple[tuple[int, int, int], ...] = ()
    frozen: tuple[tuple[int, str, str], ...] = ()
    cause: bool = False
    lost: int = 0
    handed: tuple[int, ...] = ()


class Cuts(NamedTuple):
    """Who cannot talk: for each operator the pods it cannot reach, and the pods that no other pod can (bit masks)."""

    operators: tuple[int, ...]
    peers: int = 0


class Budget(NamedTuple):
    """How often each fault may still happen. Every run with finite budgets ends in one where faults have stopped."""

    crash: int = 0
    """A process ends; its volume stays."""
    unwritten: int = 0
    """The same, and its last write is not in the file yet."""
    lose: int = 0
    """A pod is replaced by one with an empty volume."""
    replace: int = 0
    """A pod is replaced by one on the same volume."""
    power: int = 0
    """A node loses power: the end of its data may be lost, and nobody saw how the process ended."""
    cut_operator: int = 0
    cut_peers: int = 0
    message: int = 0
    """An answer does not come in time; the request may still arrive later, or never."""
    restart: int = 0
    """An operator process ends; what it sent may still arrive."""
    write: int = 0
    stale: int = 0
    """A view is taken, or a round starts from one that was taken, as if monitors and caches had stood still since."""
    ask: int = 0
    """A person asks for the role to be handed over, changes the request, or takes it back."""
    isolate: int = 0
    """A pod is cut off from all operators and peers at once; clients still reach it."""
    recreate: int = 0
    """The cluster is deleted and made anew, on the volumes that it kept."""
    file: int = 0
    """An operator asks for a handover for a scale-down. It asks again for as long as it needs, at a growing pace."""
    forget: int = 0
    """A replica's link ends, and with it what it knows of the position of its data."""


class World(NamedTuple):
    """One state of the world."""

    pods: tuple[Pod, ...]
    api: Api
    operators: tuple[Operator, ...]
    strays: tuple[Ref[Stray], ...]
    ghost: Ghost
    cuts: Cuts
    budget: Budget

    def parts(self, number: Number) -> list[int]:
        """Return the numbers that tell this world from every other one."""
        parts = [number("pod", pod) for pod in self.pods]
        parts.append(number("api", self.api))
        # Operators differ in nothing but what they are doing: which of them does it makes no difference.
        numbers = (number("operator", operator) for operator in self.operators)
        for operator, cut in sorted(zip(numbers, self.cuts.operators, strict=True)):
            parts.extend((operator, cut))
        parts.extend((number("ghost", self.ghost), number("budget", self.budget), self.cuts.peers))
        parts.extend(stray.number for stray in self.strays)
        return parts

    def with_pod(self, index: int, pod: Pod) -> "World":
        """Return the world with one pod changed."""
        return self._replace(pods=(*self.pods[:index], pod, *self.pods[index + 1 :]))

    def with_operator(self, index: int, operator: Operator) -> "World":
        """Return the world with one operator changed."""
        return self._replace(operators=(*self.operators[:index], operator, *self.operators[index + 1 :]))


class Setup(NamedTuple):
    """What a model fixes: the cluster's facts, how many operators there are, and what the environment may do.

    ``fence_survives`` and ``link_bound`` are switches for mutants of the environment: what Valkey gives us.
    """

    facts: Facts
    operators: int = 1
    fence_survives: bool = True
    link_bound: bool = True
    counters_in_view: bool = False
    """Offsets, keys and links in snapshots: only a planned failover takes them from there (its target)."""
    eager_reads: bool = False
    """Service and template are read as soon as they are asked for: what could happen in between only makes the write
    that follows conflict, which other runs show. A reduction for large models."""
    gone: int = 0
    """Pods (bit mask) whose node is gone for good: once they have ended, they do not start again."""
    departed: int = 0
    """Pods (bit mask) whose object is gone while their process lives on: operators do not know where it is."""
    unreported: int = 0
    """Pods (bit mask) of whose objects that are gone nobody reported that their process had ended."""
    kubelet_lags: bool = False
    """A process may answer before the kubelet has reported that it started, and how the one before it ended."""
    remembers_ids: bool = False
    """A restarted process takes replication id and offset from its snapshot file, as without an append-only file."""
    releases: bool = False
    """A replica that does not answer has been away for long, as soon as anybody looks."""
    rewrites: bool = False
    """A full copy that was loaded is on the disk only once a new append-only file is written (else at once)."""
    half_raises: bool = True
    """A stray command may raise the fence and then end, without doing what it was for."""


class Label(NamedTuple):
    """One action: its name, who it is about, and what, for the story. ``fair``: it may not be put off for ever."""

    name: str
    who: str
    what: object = ""
    fair: bool = True


@cache
def pod_name(index: int) -> str:
    """Return the name of a pod."""
    return f"{CLUSTER}-{index}"


@cache
def pod_index(name: str) -> int:
    """Return the ordinal in a pod's name."""
    return int(name.rpartition("-")[2])


@cache
def uid_of(index: int, uid: int) -> str:
    """Return the uid of the n-th object of a pod's name."""
    return f"uid-{index}.{uid}"


@cache
def run_of(index: int, run: int) -> str:
    """Return the run id of the n-th process of a pod."""
    return f"run-{index}.{run}"


@cache
def start_of(run: int) -> int:
    """Return when the n-th process of a pod started, in seconds: far enough apart to be told from each other."""
    return 1000 * run


@cache
def address_of(index: int, uid: int) -> str:
    """Return the address of a pod: another object has another one."""
    return f"ip-{index}.{uid}"


RECORDS: Interner[Record] = Interner()
REQUESTS: Interner[Request] = Interner()
STRAYS: Interner[Stray] = Interner()
STATES: Interner[object] = Interner()


def record_version(record: Record) -> Version:
    """Return the resourceVersion of a cluster with this record."""
    return Version(f"record-{RECORDS.ref(record).mark}")


def cluster_version(api: Api) -> Version:
    """Return the resourceVersion of the ValkeyCluster: its record and its annotation."""
    version = record_version(api.record)
    if api.told:
        version = Version(f"{version}.{api.told}")
    return version if api.asked == Asked() else Version("/".join((version, *map(str, api.asked))))


def ground(api: Api) -> tuple[str, ...]:
    """Return what a decision about the ValkeyCluster rests on: the record, what is asked for and what was answered."""
    return ground_of(cluster_version(api))


@cache
def ground_of(version: Version) -> tuple[str, ...]:
    """Return what the ValkeyCluster of this version was: two of one ground differ in how often somebody asked."""
    record, *asked = version.split("/")
    _, wanted, answered, epoch = asked or [str(field) for field in Asked()]
    return record, wanted, answered, epoch if wanted else ""


def service_version(api: Api) -> Version:
    """Return the resourceVersion of the Service."""
    return Version(f"service-{api.service_pod}-{api.service_epoch}")


def template_version(api: Api) -> Version:
    """Return the resourceVersion of the StatefulSet."""
    return Version(f"template-{api.template}")


IDLE = Operator("", None, None, (), RECORDS.ref(Record()))
