"""What the operator sees: one immutable snapshot of the pods of a cluster, with the age of each piece of evidence.

Times are integers in milliseconds of the operator's own monotonic clock; ages count back from the snapshot.
"""

from enum import StrEnum
from typing import NamedTuple


class Contact(StrEnum):
    """How a pod answered the operator's own probe, the last time that it was tried."""

    UP = "up"
    """It answered within its deadline."""
    REFUSED = "refused"
    """Connection refused or reset at the pod's own address: nothing listens there."""
    SILENT = "silent"
    """No answer: connections or replies time out."""
    ERROR = "error"
    """It answered with an error reply (LOADING, NOAUTH, MISCONF ...): evidence of its own kind, never of death."""
    UNTRIED = "untried"
    """Not probed yet: no address, or the first probe is under way."""


class Life(NamedTuple):
    """What a volume tells of an earlier cluster, whose uid starts with ``cluster``.

    ``epoch`` is the newest one that it knows of it; ``promoted`` that in which its pod was promoted last, with all of
    its data on its disk (0: never, or superseded).
    """

    cluster: str
    epoch: int
    promoted: int = 0


class Server(NamedTuple):
    """One reading of a server: what ``INFO`` said, with the fence of the connection that read it.

    ``offset`` counts bytes of the replication stream. ``fence`` is the epoch of the operator user the pod accepted.
    ``last_io_s`` is ``master_last_io_seconds_ago`` (-1: never). ``min_acks`` is its ``min-replicas-to-write`` (-1: the
    reading does not tell). ``voting``: it was detached in the epoch of its fence and not told anything since.
    ``disk_error``: it refuses writes because it cannot write its append-only file. ``started_s``: when this process
    started, in Unix seconds on the node's clock (0: not told). ``good``: replicas that count for its
    ``min-replicas-to-write`` now (-1: none are asked for). ``written``: its append-only file is on and holds all of its
    data: after a full copy that takes a moment, and until then the next process would start from the former data.
    ``forgot``: it is at an earlier position than it has been at, because it does not know any more where its data ends.
    ``link_down_s``: how long the link to what it follows has been down (-1: it is up, or never was).
    ``promoted`` and ``lives`` are told by the answer to DETACH alone: the epoch of this cluster in which the pod was
    promoted last, as its volume says (0: none), and the earlier clusters that its volume was part of and has not acted
    for another one since, the latest first.
    """

    run_id: str
    primary: bool
    replid: str
    replid2: str
    second_offset: int
    offset: int
    fence: int
    follows: str
    link_up: bool
    last_io_s: int
    syncing: bool
    loading: bool
    keys: int
    linked: int
    priority: int = 100
    version: str = ""
    min_acks: int = -1
    voting: bool = False
    disk_error: str = ""
    started_s: int = 0
    good: int = -1
    link_down_s: int = -1
    promoted: int = 0
    lives: tuple[Life, ...] = ()
    written: bool = False
    forgot: bool = False


class PodView(NamedTuple):
    """One pod as the API server and the monitor last showed it.

    ``silent_ms`` is how long ago it last answered; ``refusals`` how many connection attempts in a row were refused.
    ``exit_seen``: the kubelet reported how the container's last process ended, so the node was up all the while;
    ``restarts`` counts its processes, and ``started_s`` is when the present one was started, in Unix seconds on the
    node's clock (0: not told).
    """

    name: str
    uid: str
    address: str
    deleting: bool
    terminated: bool
    contact: Contact
    refusals: int
    silent_ms: int
    error: str
    server: Server | None
    role_label: str = ""
    synced: bool = False
    version: str = ""
    outdated: bool = False
    waiting: str = ""
    exit_seen: bool = False
    restarts: int = 0
    started_s: int = 0


class Resize(StrEnum):
    """How far the growth of a volume is, as the claim's own status says."""

    NONE = "none"
    RUNNING = "running"
    FILE_SYSTEM = "file-system"
    """The volume has grown; its file system grows when a node mounts it next."""
    FAILED = "failed"
    """The storage driver gave up; ``ClaimView.note`` says why."""


class GrowthRefusal(NamedTuple):
    """What the API server said when it last refused to let a claim grow to ``size_bytes``.

    ``due``: that was long ago, and whoever refused may have changed their mind.
    """

    size_bytes: int
    text: str
    due: bool = False


class ClaimView(NamedTuple):
    """One PersistentVolumeClaim: what it asks for, and what it has. -1 bytes: the text is no quantity that we know."""

    name: str
    uid: str
    version: str
    requested_bytes: int
    capacity_bytes: int
    bound: bool = True
    deleting: bool = False
    resize: Resize = Resize.NONE
    note: str = ""
    refusal: GrowthRefusal | None = None


class View(NamedTuple):
    """All pods of one cluster. ``stalled``: the operator's own loop slept; clocks were reset, observe before acting.

    ``ended`` has the uids of pods that are gone, and whose kubelet reported before that their process had ended.
    ``away`` has (pod name, milliseconds) for each pod of the record that does not answer: since it last did, or since
    this operator began to look. Such a pod need not exist.
    """

    pods: tuple[PodView, ...]
    stalled: bool = False
    service_pod: str | None = None
    service_epoch: int = 0
    template_epoch: int = 0
    template_present: bool = False
    service_present: bool = False
    claims: tuple[ClaimView, ...] = ()
    away: tuple[tuple[str, int], ...] = ()
    ended: tuple[str, ...] = ()

    def pod(self, name: str) -> PodView | None:
        """Return the pod of this name, or None."""
        for pod in self.pods:
            if pod.name == name:
                return pod
        return None
