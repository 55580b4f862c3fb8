"""The durable record: what ``.status`` must hold so that any operator can take over between any two transitions.

Everything else in ``.status`` (conditions, nodes, counters) is display; a decision reads only what is here.
"""

from enum import StrEnum
from typing import NamedTuple, TypeVar

from gungnir.errors import BugError

ValueT = TypeVar("ValueT")


def given(value: ValueT | None, what: str) -> ValueT:
    """Return a value that is always there where it is asked for, by the rules of the protocol.

    Raises:
        BugError: it is missing. ``what`` names it.
    """
    if value is None:
        raise BugError(f"{what} is missing")
    return value


class Kind(StrEnum):
    """Why an epoch is begun."""

    BOOTSTRAP = "Bootstrap"
    FAILOVER = "Failover"
    SWITCHOVER = "Switchover"
    RECOVERY = "Recovery"
    RELEASE = "Release"
    """A replica is away for long: the role stays, and the new epoch is one in which that replica was told nothing."""


class Stage(StrEnum):
    """How far the running failover got, as stored: each names what a successor resumes with."""

    FENCING = "Fencing"
    """The epoch is claimed; no candidate yet."""
    PROMOTING = "Promoting"
    """The candidate is frozen; it may or may not have been promoted."""
    RECONFIGURING = "Reconfiguring"
    """The candidate is primary and its history is recorded; the others and the Service are still to follow."""


class Candidate(NamedTuple):
    """The pod that this epoch promotes, bound to its process: its data cannot change until it is promoted.

    ``history`` 0: its data belongs to no recorded history (a first start, or a recovery); a new lineage begins with it.
    """

    pod: str
    uid: str
    run_id: str
    history: int
    offset: int


class Primary(NamedTuple):
    """The pod that was promoted last, and the epoch and replication id of the history that it writes.

    ``restarts`` is the container's restart count while this process ran (-1: not known), so that its own end can be
    told from that of a later one. ``written``: this process was seen as primary with a file that held all of its data,
    so what it writes from then on is in its file too. Until that is known it may start again from data of before.
    """

    pod: str
    uid: str
    run_id: str
    replid: str
    epoch: int
    restarts: int = -1
    written: bool = False


class History(NamedTuple):
    """A history: begun by the promotion in ``epoch`` out of history ``parent`` at offset ``base`` (bytes)."""

    epoch: int
    replid: str
    parent: int
    base: int


class Member(NamedTuple):
    """A pod that was seen whole: the primary, or attached to it with its link up. Bound to the process (``run_id``)."""

    pod: str
    uid: str
    run_id: str


class Intent(NamedTuple):
    """The failover under way: why it was begun, how far it got, and whom a person asked for (``target``, or empty).

    ``verdict`` is the rule that allowed the candidate, once there is one.
    """

    kind: Kind
    stage: Stage
    reason: str
    target: str = ""
    candidate: Candidate | None = None
    previous: str = ""
    verdict: str = ""

    @property
    def chosen(self) -> Candidate:
        """The candidate, once there is one."""
        return given(self.candidate, f"the candidate of a failover in stage {self.stage}")


class Admitted(NamedTuple):
    """A pod that counts before it was seen whole, with the process that it was before it was told to follow.

    ``run_id`` is empty if nobody looked. ``epoch`` is that of the primary it was admitted under (0: not known): nothing
    of that history, or a later one, was in it then, or it would have been seen whole.
    """

    pod: str
    uid: str
    run_id: str
    epoch: int = 0


class Electorate(NamedTuple):
    """Who may hold an acknowledged write: ``size`` pods, of which ``acks`` + 1 hold each write that WAIT confirmed."""

    size: int
    acks: int


class Record(NamedTuple):
    """The durable record of one cluster.

    ``members`` and ``admitted`` together name every pod that may hold an acknowledged write: the electorate counts them
    all.
    ``left_out`` names those among them that may not follow in this epoch: until they answer, or are forgotten.
    """

    epoch: int = 0
    primary: Primary | None = None
    intent: Intent | None = None
    histories: tuple[History, ...] = ()
    members: tuple[Member, ...] = ()
    electorate: Electorate = Electorate(0, 0)
    admitted: tuple[Admitted, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def under_way(self) -> Intent:
        """The failover that is under way."""
        return given(self.intent, f"the failover of epoch {self.epoch}")

    @property
    def acting(self) -> Primary:
        """The primary, once there is one."""
        return given(self.primary, f"the primary of epoch {self.epoch}")

    def history(self, replid: str) -> History | None:
        """Return the history with this replication id, or None."""
        for history in self.histories:
            if history.replid == replid:
                return history
        return None

    def of_epoch(self, epoch: int) -> History | None:
        """Return the history that the promotion of ``epoch`` began, or None."""
        for history in self.histories:
            if history.epoch == epoch:
                return history
        return None

    @property
    def processes(self) -> tuple[Member, ...]:
        """Every process that is recorded: seen whole, or admitted."""
        return (*self.members, *(Member(each.pod, each.uid, each.run_id) for each in self.admitted))

    @property
    def counted(self) -> frozenset[str]:
        """Names of the pods that may hold an acknowledged write: the electorate was made large enough for them."""
        return frozenset((*(each.pod for each in self.members), *(each.pod for each in self.admitted)))

    @property
    def told(self) -> frozenset[str]:
        """Names of the pods that may follow in this epoch. Within an epoch none is taken from them."""
        return self.counted.difference(self.left_out)

    def admission(self, pod: str, uid: str, run_id: str) -> Admitted | None:
        """Return what is recorded of this very process's admission, if it was admitted and not seen whole yet."""
        same = (each for each in self.admitted if (each.pod, each.uid, each.run_id) == (pod, uid, run_id))
        return next(same, None)

    def is_member(self, pod: str, uid: str, run_id: str) -> bool:
        """Tell whether this very process was seen whole."""
        return Member(pod, uid, run_id) in self.members


KEPT_HISTORIES = 16
"""Histories kept in the record. A pod that was left behind more promotions than this is resynced in full."""
