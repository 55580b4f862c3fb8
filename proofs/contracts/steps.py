"""Steps of the machines: the rank falls, no reply is without an answer, and nothing is sent from a terminal phase."""

from gungnir.machines import lease, reconcile, switchover
from gungnir.machines.kernel import IllegalTransition
from gungnir.machines.record import Record
from gungnir.machines.requests import (
    AlreadyExists,
    ClusterSeen,
    Conflict,
    Elapsed,
    Forbidden,
    Invalid,
    NotFound,
    OwnedSeen,
    Reply,
    Seen,
    ServiceSeen,
    Stored,
    TemplateSeen,
    Unknown,
    Unreachable,
    Version,
)
from gungnir.machines.view import View
from proofs.shapes import FACTS

_V1 = Version("1")
KINDS = ("Service", "Secret", "StatefulSet")
REPLIES: tuple[Reply, ...] = (
    ClusterSeen(_V1, Record()),
    ClusterSeen(_V1, Record(), deleting=True),
    Stored(_V1),
    ServiceSeen(_V1, None, 0),
    TemplateSeen(_V1, 0),
    OwnedSeen(_V1, ours=True, deleting=False, drifted=True),
    OwnedSeen(_V1, ours=True, deleting=False, drifted=False),
    OwnedSeen(_V1, ours=True, deleting=False, drifted=True, epoch=1),
    OwnedSeen(_V1, ours=True, deleting=True, drifted=False),
    OwnedSeen(_V1, ours=False, deleting=False, drifted=False),
    Seen(Record(), View(())),
    NotFound(),
    AlreadyExists(),
    Conflict(),
    Invalid("no"),
    Forbidden("no"),
    Unreachable(),
    Unknown(),
    Elapsed(),
)


def a_reconcile_round_comes_to_its_end(phase: reconcile.Phase, position: int, reply: int) -> bool:
    """Every step lowers the rank, whatever the reply, and issues a request exactly if the round goes on.

    pre: phase not in reconcile.MACHINE.terminal and 1 <= position < 3 and 0 <= reply < 19
    post: _
    """
    before = reconcile.State(phase, KINDS, 0, position)
    done = reconcile.step(FACTS, before, REPLIES[reply])
    over = done.state.phase in reconcile.MACHINE.terminal
    return reconcile.rank(done.state) < reconcile.rank(before) and (done.request is None) == over


def reconcile_ends_for_good(error: bool, reply: int) -> bool:
    """No reply leads out of the end of a round.

    pre: 0 <= reply < 19
    post: _
    """
    phase = reconcile.Phase.ERROR if error else reconcile.Phase.DONE
    try:
        reconcile.step(FACTS, reconcile.State(phase), REPLIES[reply])
    except IllegalTransition:
        return True
    return False


def switchover_takes_every_reply(phase: switchover.Phase, reply: int) -> bool:
    """A switchover round answers every reply, and asks exactly while it is not over.

    pre: phase not in switchover.MACHINE.terminal and 0 <= reply < 19
    post: _
    """
    done = switchover.step(FACTS, switchover.State(phase), REPLIES[reply])
    return (done.request is None) == (done.state.phase in switchover.MACHINE.terminal)


def lease_takes_every_reply(phase: lease.Phase, reply: int, now: int) -> bool:
    """The lease machine answers every reply to an outstanding request, and takes only what is free.

    pre: phase is not lease.Phase.LEADING and 0 <= reply < 19
    post: _
    """
    done = lease.step(lease.LeaseTimes(), "me", lease.State(phase), REPLIES[reply], now)
    return (done.request is None) or done.state.phase is lease.Phase.ACQUIRING
