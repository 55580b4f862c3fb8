"""The step table of the repair machine: one look, one concern, and what becomes of it.

Every failure leads to ``Abandoned``: the round ends, nothing was assumed, and the next round looks again.
"""

from enum import StrEnum
from typing import Final

from gungnir.machines.kernel import Machine, Row, register


class Phase(StrEnum):
    """Where a repair round stands."""

    LOOK = "Look"
    ATTACH = "Attach"
    END = "End"
    RELINK = "Relink"
    CONFIGURE = "Configure"
    GOAL = "Goal"
    LEVEL = "Level"
    LEVEL_WAIT = "LevelWait"
    RECORD_READ = "RecordRead"
    RECORD_WRITE = "RecordWrite"
    ROUTE_READ = "RouteRead"
    ROUTE_WRITE = "RouteWrite"
    STAMP_READ = "StampRead"
    STAMP_WRITE = "StampWrite"
    GROW = "Grow"
    LABEL = "Label"
    DONE = "Done"
    CHANGED = "Changed"
    ABANDONED = "Abandoned"


_P = Phase
MACHINE: Final = register(
    Machine(
        name="repair",
        initial=_P.LOOK,
        terminal=frozenset({_P.DONE, _P.CHANGED, _P.ABANDONED}),
        rows=(
            Row(_P.LOOK, "nothing", _P.DONE, "all is as recorded, or the primary is in doubt"),
            Row(_P.LOOK, "demote", _P.ATTACH, "a pod serves that may not even follow yet: it is to stop"),
            Row(_P.LOOK, "attach", _P.ATTACH, "a pod is not attached, or serves though it is not the primary"),
            Row(_P.LOOK, "end", _P.END, "a leaving pod gave its role away: nothing keeps it"),
            Row(_P.LOOK, "configure", _P.CONFIGURE, "a server asks for other replicas than the durability says"),
            Row(_P.LOOK, "record", _P.RECORD_READ, "a pod is whole and not recorded, or the electorate grows"),
            Row(_P.LOOK, "shrink", _P.GOAL, "the electorate may shrink: first see what the primary holds"),
            Row(_P.LOOK, "route", _P.ROUTE_READ, "the Service is not as recorded"),
            Row(_P.LOOK, "stamp", _P.STAMP_READ, "the template starts new volumes in an old epoch"),
            Row(_P.LOOK, "grow", _P.GROW, "a volume is smaller than asked for"),
            Row(_P.LOOK, "label", _P.LABEL, "a pod's role label or readiness is not as seen"),
            Row(_P.LOOK, "relink", _P.RELINK, "a replica finds no way to the primary, and may know an old password"),
            Row(_P.LOOK, "forget", _P.GOAL, "who was left out need not count: first see what the primary holds"),
            Row(_P.ATTACH, "told", _P.CHANGED, "the pods were told"),
            Row(_P.ATTACH, "failed", _P.ABANDONED, "none of them did as told"),
            Row(_P.END, "told", _P.CHANGED, "its process ends"),
            Row(_P.END, "failed", _P.ABANDONED, "it gave no answer, or is gone"),
            Row(_P.RELINK, "told", _P.DONE, "it tries by itself; while the link is down it is told again at times"),
            Row(_P.RELINK, "failed", _P.ABANDONED, "none of them did as told"),
            Row(_P.CONFIGURE, "told", _P.CHANGED, "the servers were told"),
            Row(_P.CONFIGURE, "failed", _P.ABANDONED, "none of them did as told"),
            Row(_P.GOAL, "known", _P.LEVEL, "now read the others that go on counting"),
            Row(_P.GOAL, "failed", _P.ABANDONED, "the primary gave no answer"),
            Row(_P.LEVEL, "level", _P.RECORD_READ, "every one of them holds all of it"),
            Row(_P.LEVEL, "behind", _P.LEVEL_WAIT, "not yet"),
            Row(_P.LEVEL, "failed", _P.ABANDONED, "out of patience"),
            Row(_P.LEVEL_WAIT, "elapsed", _P.LEVEL, "look again"),
            Row(_P.RECORD_READ, "fresh", _P.RECORD_WRITE, "the record is as we saw it"),
            Row(_P.RECORD_READ, "changed", _P.ABANDONED, "the record moved on"),
            Row(_P.RECORD_WRITE, "stored", _P.CHANGED, "recorded"),
            Row(_P.RECORD_WRITE, "failed", _P.ABANDONED, "conflict or unknown: read again next round"),
            Row(_P.ROUTE_READ, "drifted", _P.ROUTE_WRITE, "point it at the recorded primary"),
            Row(_P.ROUTE_READ, "right", _P.DONE, "the cache was behind"),
            Row(_P.ROUTE_READ, "failed", _P.ABANDONED, "absent, newer than us, or unreachable"),
            Row(_P.ROUTE_WRITE, "stored", _P.CHANGED, "repaired"),
            Row(_P.ROUTE_WRITE, "failed", _P.ABANDONED, "conflict or unknown"),
            Row(_P.STAMP_READ, "drifted", _P.STAMP_WRITE, "write the epoch"),
            Row(_P.STAMP_READ, "right", _P.DONE, "the cache was behind"),
            Row(_P.STAMP_READ, "failed", _P.ABANDONED, "absent or unreachable"),
            Row(_P.STAMP_WRITE, "stored", _P.CHANGED, "repaired"),
            Row(_P.STAMP_WRITE, "failed", _P.ABANDONED, "conflict or unknown"),
            Row(_P.GROW, "stored", _P.CHANGED, "asked for"),
            Row(_P.GROW, "refused", _P.CHANGED, "it may not grow: that is shown, and not asked for again soon"),
            Row(_P.GROW, "failed", _P.ABANDONED, "the claim changed: look again"),
            Row(_P.LABEL, "stored", _P.CHANGED, "shown"),
            Row(_P.LABEL, "failed", _P.ABANDONED, "the pod changed: look again"),
        ),
    )
)
