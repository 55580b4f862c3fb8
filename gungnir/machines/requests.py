"""Requests and replies: the whole vocabulary between the machines that decide and the driver that does.

A request is data. Every mutating request carries what makes it safe to repeat or to arrive late: the resourceVersion it
was decided on, or the epoch, and the process (``run_id``) it is meant for.
"""

from enum import StrEnum
from typing import NamedTuple, NewType, TypeVar

from gungnir.machines.record import Record
from gungnir.machines.view import Server, View

T = TypeVar("T")
Version = NewType("Version", str)
"""A Kubernetes resourceVersion: opaque, only ever compared for equality."""


def by_type(cls: type[T]) -> type[T]:
    """Make values of a type without fields equal only to each other: as tuples, all empty ones are equal.

    What is remembered by a value, or told apart by it, would otherwise take a conflict for an answer that never came.
    """
    for name, method in (
        ("__eq__", lambda self, other: type(self) is type(other)),
        ("__ne__", lambda self, other: type(self) is not type(other)),
        ("__hash__", lambda self: hash(type(self).__name__)),
    ):
        setattr(cls, name, method)
    return cls


# --- requests to the API server -------------------------------------------------------------------------------------


@by_type
class GetCluster(NamedTuple):
    """Read the ValkeyCluster itself (not the cache): its record, spec generation and annotations."""


class PutRecord(NamedTuple):
    """Replace the record in ``.status``, if the object still has this resourceVersion. ``outcome`` is display only."""

    version: Version
    record: Record
    outcome: "Outcome | None" = None


class ClearAnnotation(NamedTuple):
    """Remove the request annotation ``name`` from the ValkeyCluster."""

    version: Version
    name: str


class SetAnnotation(NamedTuple):
    """Set the request annotation ``name`` to ``value``, if nobody asked for anything since this version was read."""

    version: Version
    name: str
    value: str


@by_type
class GetService(NamedTuple):
    """Read the client Service."""


class PutService(NamedTuple):
    """Point the client Service at ``pod`` (None: at nobody), on behalf of ``epoch``."""

    version: Version
    pod: str | None
    epoch: int


@by_type
class GetTemplate(NamedTuple):
    """Read the StatefulSet whose template says in which epoch a pod with a new volume starts."""


class PutTemplate(NamedTuple):
    """Write the epoch (and its ACL users) into the StatefulSet's template."""

    version: Version
    epoch: int


class PatchPod(NamedTuple):
    """Set the role label of a pod (empty: remove it), and the labels by which Services find it."""

    pod: str
    uid: str
    version: str
    role: str


class PatchPodStatus(NamedTuple):
    """Set the readiness gate of a pod."""

    pod: str
    uid: str
    version: str
    synced: bool


class GrowClaim(NamedTuple):
    """Ask for a PersistentVolumeClaim of ``size`` bytes, if it is still this object at this version."""

    claim: str
    uid: str
    version: str
    size: int


class GetOwned(NamedTuple):
    """Read one owned object. ``kind`` is a value of ``gungnir.resources.inventory.OwnedKind``."""

    kind: str


class CreateOwned(NamedTuple):
    """Create one owned object as the builders make it."""

    kind: str


class UpdateOwned(NamedTuple):
    """Write our fields into one owned object, if it still has this resourceVersion."""

    kind: str
    version: Version


class PutSummary(NamedTuple):
    """Write the display part of ``.status`` if it differs from what is stored."""

    version: Version


@by_type
class Observe(NamedTuple):
    """Take a snapshot of what the monitor and the caches show. No call leaves the process."""


class Pause(NamedTuple):
    """Wait before the next transition."""

    ms: int


# --- requests to pods -----------------------------------------------------------------------------------------------


class Verb(StrEnum):
    """What a pod is told. All but READ are fenced by the epoch: the pod accepts none older than its own."""

    READ = "read"
    """INFO. Changes nothing."""
    DETACH = "detach"
    """Raise the fence to the epoch, stop following anyone or being primary, keep the data, and read: the vote."""
    PROMOTE = "promote"
    """Become the primary of the epoch (REPLICAOF NO ONE), cut clients, and read."""
    FOLLOW = "follow"
    """Raise the fence, follow ``host`` with the replication user of the epoch, and read."""
    HOLD_WRITES = "hold-writes"
    """CLIENT PAUSE WRITE for ``pause_ms``, stop an end that the server had begun by itself, and read.

    The pause ends by itself. A server that was asked to end waits for its replicas, and is gone as soon as it has none:
    the DETACH that follows would be its end, and its vote would be lost with it.
    """
    SHUTDOWN = "shutdown"
    """End the process of a pod that leaves anyway and has no role; its data stays on disk. The reading is the last."""
    CONFIGURE = "configure"
    """Set what follows the spec on a running server (``min-replicas-to-write``), at exactly the epoch, and read."""


class PodCommand(NamedTuple):
    """One command for one pod, bound to the pod object (``uid``) and, where given, to the process (``run_id``)."""

    verb: Verb
    pod: str
    uid: str
    epoch: int
    run_id: str = ""
    host: str = ""
    pause_ms: int = 0


class Pods(NamedTuple):
    """Send these commands in parallel, each with its own deadline; the reply holds one answer for each.

    ``deadline_ms`` bounds the whole request where waiting for a slow pod would cost more than its answer is worth; 0 is
    the driver's own deadline.
    """

    commands: tuple[PodCommand, ...]
    deadline_ms: int = 0


Request = (
    GetCluster
    | PutRecord
    | ClearAnnotation
    | SetAnnotation
    | GetService
    | PutService
    | GetTemplate
    | PutTemplate
    | PatchPod
    | PatchPodStatus
    | GrowClaim
    | GetOwned
    | CreateOwned
    | UpdateOwned
    | PutSummary
    | Observe
    | Pause
    | Pods
)


# --- replies --------------------------------------------------------------------------------------------------------


class ClusterSeen(NamedTuple):
    """A ValkeyCluster as just read. ``switchover_epoch``: the only epoch that the request is for (0: any)."""

    version: Version
    record: Record
    switchover: str = ""
    accept_data_loss: str = ""
    recover_from: str = ""
    deleting: bool = False
    switchover_epoch: int = 0


class Stored(NamedTuple):
    """The write was made; the object now has this resourceVersion."""

    version: Version


class ServiceSeen(NamedTuple):
    """The client Service as just read."""

    version: Version
    pod: str | None
    epoch: int


class TemplateSeen(NamedTuple):
    """The StatefulSet's template as just read."""

    version: Version
    epoch: int


class OwnedSeen(NamedTuple):
    """An owned object as just read. ``ours``: its controller is this very ValkeyCluster (by uid).

    ``epoch`` is that in which a StatefulSet starts new volumes: a failover raises it before it promotes anybody (0: it
    says nothing, or is no StatefulSet).
    """

    version: Version
    ours: bool
    deleting: bool
    drifted: bool
    epoch: int = 0


class Seen(NamedTuple):
    """A snapshot: the record as cached, and the view."""

    record: Record
    view: View
    switchover: str = ""


@by_type
class NotFound(NamedTuple):
    """The object does not exist."""


@by_type
class AlreadyExists(NamedTuple):
    """An object of this name exists."""


@by_type
class Conflict(NamedTuple):
    """The object changed since it was read: nothing was written."""


class Invalid(NamedTuple):
    """The API server refused the object as invalid. Nothing was written."""

    message: str


class Forbidden(NamedTuple):
    """The operator may not do this. ``what`` names the verb and the resource."""

    what: str


@by_type
class Unreachable(NamedTuple):
    """No connection could be made: the request did not happen."""


@by_type
class Unknown(NamedTuple):
    """Sent, and no answer came: it may or may not have happened."""


@by_type
class Elapsed(NamedTuple):
    """The wait is over."""


class AnswerKind(StrEnum):
    """How one pod answered one command."""

    DONE = "done"
    REFUSED = "refused"
    """Connection refused: nothing listens."""
    UNREACHABLE = "unreachable"
    """No connection within the deadline: the command was not sent."""
    UNKNOWN = "unknown"
    """Sent, no answer: it may or may not have been carried out."""
    ERROR = "error"
    """An error reply (``error`` names it): it was not carried out."""
    FENCED = "fenced"
    """The pod is at a newer epoch: it was not carried out, and we are outdated."""
    OTHER_PROCESS = "other-process"
    """The process at this address is not the one meant (``run_id``): it was not carried out."""


class Answer(NamedTuple):
    """One pod's answer. ``server`` is the reading taken after the command, on the same connection, when it was DONE."""

    pod: str
    kind: AnswerKind
    server: Server | None = None
    error: str = ""

    @property
    def reading(self) -> Server | None:
        """The reading after a command that was carried out; None if it was not, or nobody can tell."""
        return self.server if self.kind is AnswerKind.DONE else None


class Answers(NamedTuple):
    """The answers to a ``Pods`` request, in its order."""

    answers: tuple[Answer, ...]


Reply = (
    ClusterSeen
    | Stored
    | ServiceSeen
    | TemplateSeen
    | OwnedSeen
    | Seen
    | NotFound
    | AlreadyExists
    | Conflict
    | Invalid
    | Forbidden
    | Unreachable
    | Unknown
    | Elapsed
    | Answers
)


def describe(reply: Reply) -> str:
    """Return a reply in a few words, with what the API server said where it said something."""
    match reply:
        case Invalid(message):
            return f"Invalid: {message}"
        case Forbidden(what):
            return f"Forbidden: {what}"
        case _:
            return type(reply).__name__


class Outcome(NamedTuple):
    """What a finished (or blocked, or refused) failover tells people; kept in ``.status.lastFailover``."""

    kind: str
    result: str
    source: str
    target: str
    epoch: int
    reason: str
    verdict: str
    operands: tuple[tuple[str, str], ...] = ()
