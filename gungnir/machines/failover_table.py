"""The step table of the failover machine: Health, SDOWN, Select, Promote, Reconfigure, UpdateSvc, Done, with fencing.

Every failure leads to ``Abandoned``: the round ends, nothing was assumed, and the next round resumes from ``.status``.
"""

from enum import StrEnum
from typing import Final

from gungnir.machines.kernel import Machine, Row, register


class Phase(StrEnum):
    """Where a failover round stands. Each non-terminal phase has exactly one request outstanding."""

    HEALTH = "Health"
    SDOWN = "SDown"
    READ = "Read"
    INTEND = "Intend"
    CLEAR = "ClearRequest"
    UNROUTE_READ = "UnrouteRead"
    UNROUTE_WRITE = "UnrouteWrite"
    STAMP_READ = "StampRead"
    STAMP_WRITE = "StampWrite"
    HOLD = "HoldWrites"
    CATCH_UP = "CatchUp"
    CATCH_UP_WAIT = "CatchUpWait"
    SELECT = "Select"
    FREEZE = "Freeze"
    PROMOTE = "Promote"
    RECORD = "Record"
    RECONFIGURE = "Reconfigure"
    ROUTE_READ = "RouteRead"
    ROUTE_WRITE = "UpdateSvc"
    FINISH = "Finish"
    DONE = "Done"
    BLOCKED = "Blocked"
    ABANDONED = "Abandoned"


_P = Phase


def _failures(*phases: Phase) -> tuple[Row, ...]:
    return tuple(
        row
        for phase in phases
        for row in (
            Row(phase, "conflict", _P.ABANDONED, "the object changed since it was read: nothing was written"),
            Row(phase, "failed", _P.ABANDONED, "refused, unreachable or unknown: the next round reads back"),
        )
    )


_WRITES = (
    _P.INTEND,
    _P.CLEAR,
    _P.UNROUTE_WRITE,
    _P.STAMP_WRITE,
    _P.FREEZE,
    _P.RECORD,
    _P.ROUTE_WRITE,
    _P.FINISH,
)

MACHINE: Final = register(
    Machine(
        name="failover",
        initial=_P.HEALTH,
        terminal=frozenset({_P.DONE, _P.BLOCKED, _P.ABANDONED}),
        rows=(
            Row(_P.HEALTH, "healthy", _P.DONE, "the primary answers"),
            Row(_P.HEALTH, "doubtful", _P.DONE, "evidence of another kind: say so, and do nothing"),
            Row(_P.HEALTH, "stalled", _P.DONE, "our own loop slept: observe before acting"),
            Row(_P.HEALTH, "silent", _P.SDOWN, "no answer for downAfterMs: ask the replicas"),
            Row(_P.HEALTH, "act", _P.READ, "proof of death, a request, or a failover to resume"),
            Row(_P.SDOWN, "witnessed", _P.DONE, "a replica still hears the primary: we are the isolated ones"),
            Row(_P.SDOWN, "unasked", _P.DONE, "too few replicas answer to tell who is cut off: do nothing"),
            Row(_P.SDOWN, "unheard", _P.READ, "a quorum of replicas answers, and none hears the primary"),
            Row(_P.READ, "changed", _P.ABANDONED, "the record or the request moved on since the evidence was taken"),
            Row(_P.READ, "deleting", _P.DONE, "the cluster is being deleted"),
            Row(_P.READ, "failed", _P.ABANDONED, "no fresh record, no action"),
            Row(_P.READ, "begin", _P.INTEND, "claim the next epoch"),
            Row(_P.READ, "resume-clear", _P.CLEAR, "a switchover was begun: take its request off first"),
            Row(_P.READ, "resume-fencing", _P.UNROUTE_READ, "the epoch was claimed before"),
            Row(_P.READ, "resume-promoting", _P.PROMOTE, "the candidate was frozen before"),
            Row(_P.READ, "resume-reconfiguring", _P.RECONFIGURE, "the candidate was promoted and recorded before"),
            Row(_P.READ, "resume-routing", _P.ROUTE_READ, "promoted and recorded, and nobody else is there to follow"),
            Row(_P.INTEND, "stored", _P.UNROUTE_READ, "the epoch is ours"),
            Row(_P.INTEND, "stored-request", _P.CLEAR, "the epoch is ours; take the request off"),
            Row(_P.CLEAR, "stored", _P.UNROUTE_READ, "the request is taken off"),
            Row(_P.UNROUTE_READ, "routed", _P.UNROUTE_WRITE, "the Service points at a pod"),
            Row(_P.UNROUTE_READ, "unrouted", _P.STAMP_READ, "the Service points at nobody for this epoch"),
            Row(_P.UNROUTE_READ, "absent", _P.STAMP_READ, "there is no Service yet"),
            Row(_P.UNROUTE_READ, "outdated", _P.ABANDONED, "a newer epoch wrote the Service"),
            Row(_P.UNROUTE_READ, "failed", _P.ABANDONED, "unreachable or unknown"),
            Row(_P.UNROUTE_WRITE, "stored", _P.STAMP_READ, "the Service points at nobody"),
            Row(_P.STAMP_READ, "stale", _P.STAMP_WRITE, "a pod with a new volume would start in an old epoch"),
            Row(_P.STAMP_READ, "current", _P.SELECT, "new volumes start in this epoch: fence and read all pods"),
            Row(_P.STAMP_READ, "current-planned", _P.HOLD, "new volumes start in this epoch: hold the writes"),
            Row(_P.STAMP_READ, "outdated", _P.ABANDONED, "a newer epoch wrote the template"),
            Row(_P.STAMP_READ, "failed", _P.ABANDONED, "unreachable or unknown"),
            Row(_P.STAMP_WRITE, "stored", _P.SELECT, "new volumes start in this epoch: fence and read all pods"),
            Row(_P.STAMP_WRITE, "stored-planned", _P.HOLD, "new volumes start in this epoch: hold the writes"),
            Row(_P.HOLD, "held", _P.CATCH_UP, "writes wait at the old primary"),
            Row(_P.HOLD, "not-held", _P.SELECT, "it did not answer: go on as for a failure"),
            Row(_P.CATCH_UP, "level", _P.SELECT, "the target has all that the primary has"),
            Row(_P.CATCH_UP, "behind", _P.CATCH_UP_WAIT, "not yet level"),
            Row(_P.CATCH_UP, "too-slow", _P.SELECT, "out of time: the vote decides, and the old primary has the most"),
            Row(_P.CATCH_UP_WAIT, "elapsed", _P.CATCH_UP, "look again"),
            Row(_P.SELECT, "chosen", _P.FREEZE, "a quorum stopped following and the best of them is known"),
            Row(_P.SELECT, "nobody", _P.BLOCKED, "no pod may be promoted without losing acknowledged writes"),
            Row(_P.SELECT, "outdated", _P.ABANDONED, "a pod is at a newer epoch"),
            Row(_P.FREEZE, "stored", _P.PROMOTE, "the candidate is stored before it is told"),
            Row(_P.PROMOTE, "promoted", _P.RECORD, "it reads back as primary of this epoch"),
            Row(_P.PROMOTE, "refused", _P.INTEND, "it refused, or is another process: the next epoch chooses again"),
            Row(_P.PROMOTE, "outdated", _P.ABANDONED, "the candidate is at a newer epoch"),
            Row(_P.PROMOTE, "failed", _P.ABANDONED, "no answer: the next round reads back"),
            Row(_P.RECORD, "stored", _P.RECONFIGURE, "the new history is stored before anyone follows it"),
            Row(_P.RECORD, "stored-alone", _P.ROUTE_READ, "nobody else is there to follow"),
            Row(_P.RECORD, "stored-alone-direct", _P.ROUTE_WRITE, "nobody else is there to follow"),
            Row(_P.RECONFIGURE, "told", _P.ROUTE_READ, "the others were told to follow"),
            Row(_P.RECONFIGURE, "told-direct", _P.ROUTE_WRITE, "the others were told; the Service is as we wrote it"),
            Row(_P.ROUTE_READ, "unrouted", _P.ROUTE_WRITE, "point the Service at the new primary"),
            Row(_P.ROUTE_READ, "routed", _P.FINISH, "it points there already"),
            Row(_P.ROUTE_READ, "absent", _P.FINISH, "there is no Service yet: the reconciler creates it so"),
            Row(_P.ROUTE_READ, "outdated", _P.ABANDONED, "a newer epoch wrote the Service"),
            Row(_P.ROUTE_READ, "failed", _P.ABANDONED, "unreachable or unknown"),
            Row(_P.ROUTE_WRITE, "stored", _P.FINISH, "the Service leads to the new primary"),
            Row(_P.FINISH, "stored", _P.DONE, "the failover is over"),
            *_failures(*_WRITES),
        ),
    )
)
