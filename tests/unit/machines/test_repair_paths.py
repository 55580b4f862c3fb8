"""Every way through the repair machine, by its triggers; together they take every row of the table."""

from typing import Any, Final, NamedTuple

import pytest

from gungnir.machines import repair
from gungnir.machines.record import Electorate
from gungnir.machines.repair import LEVEL_TRIES
from gungnir.machines.repair_table import MACHINE
from gungnir.machines.requests import (
    AnswerKind,
    Conflict,
    Elapsed,
    Forbidden,
    NotFound,
    Reply,
    Seen,
    ServiceSeen,
    TemplateSeen,
    Unknown,
)
from gungnir.machines.view import ClaimView
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    MEMBERS,
    STORED,
    V,
    Walk,
    answer,
    answers,
    cluster,
    following,
    pod,
    record,
    rows_of,
    server,
    serving,
    view,
    walk,
)

STRAY = view(pod(0, serving()), pod(1, following(1)), pod(2, server(2)))
BEREAVED = record(left_out=("vc-2",))
ASTRAY = view(pod(0, serving()), pod(1, following(1)), pod(2, serving(2, fence=EPOCH - 1)))
WITHOUT = view(pod(0, serving()), pod(1, following(1)))
SHRINKING = record(electorate=Electorate(5, 1))
GOAL = answers(answer(0, serving(offset=1000)))
LEVEL = answers(answer(1, following(1, offset=1000)), answer(2, following(2, offset=1001)))
BEHIND = answers(answer(1, following(1, offset=999)), answer(2, following(2)))
UNRECORDED = record(members=MEMBERS[:2])
MISROUTED = view(service_pod="vc-1")
OLD_TEMPLATE = view(template_epoch=EPOCH - 1)
UNLABELLED = view(pod(0, serving()), pod(1, following(1), role_label=""), pod(2, following(2)))
CUT_OFF = view(
    pod(0, serving()),
    pod(1, following(1)),
    pod(2, following(2, link_up=False, link_down_s=10), synced=False, role_label=""),
)
LEAVING = view(pod(0, serving()), pod(1, following(1)), pod(2, server(2, voting=True), deleting=True))
UNTOLD = view(pod(0, serving(min_acks=0)), pod(1, following(1)), pod(2, following(2)))
SMALL = view(claims=(ClaimView("data-vc-0", "u", "1", 1024, 1024),))
UNREADY = view(pod(0, serving(), synced=False), pod(1, following(1)), pod(2, following(2)))


class Path(NamedTuple):
    """A round's replies, and the triggers that they must cause."""

    replies: tuple[Reply, ...]
    triggers: str

    def walk(self, facts: Any = FACTS) -> Walk:
        return walk(repair.step, repair.start(), self.replies, facts)


PATHS: Final = {
    "all is well": Path((Seen(record(), view()),), "nothing"),
    "no snapshot": Path((Unknown(),), "nothing"),
    "attach": Path((Seen(record(), STRAY), answers(answer(2, following(2)))), "attach told"),
    "demote": Path((Seen(BEREAVED, ASTRAY), answers(answer(2, server(2)))), "demote told"),
    "attach refused": Path(
        (Seen(record(), STRAY), answers(answer(2, None, AnswerKind.ERROR, "ACL SAVE"))), "attach failed"
    ),
    "attach unknown": Path((Seen(record(), STRAY), Unknown()), "attach failed"),
    "record": Path((Seen(UNRECORDED, view()), cluster(UNRECORDED), STORED), "record fresh stored"),
    "record changed": Path((Seen(UNRECORDED, view()), cluster(record(epoch=6))), "record changed"),
    "record, being deleted": Path((Seen(UNRECORDED, view()), cluster(UNRECORDED, deleting=True)), "record changed"),
    "record conflict": Path((Seen(UNRECORDED, view()), cluster(UNRECORDED), Conflict()), "record fresh failed"),
    "shrink": Path(
        (Seen(SHRINKING, view()), GOAL, BEHIND, Elapsed(), LEVEL, cluster(SHRINKING), STORED),
        "shrink known behind elapsed level fresh stored",
    ),
    "shrink, primary mute": Path((Seen(SHRINKING, view()), Unknown()), "shrink failed"),
    "shrink, not primary": Path((Seen(SHRINKING, view()), answers(answer(0, server()))), "shrink failed"),
    "shrink, out of patience": Path(
        (Seen(SHRINKING, view()), GOAL, *(BEHIND, Elapsed()) * LEVEL_TRIES, BEHIND),
        "shrink known " + "behind elapsed " * LEVEL_TRIES + "failed",
    ),
    "shrink, mute replica": Path((Seen(SHRINKING, view()), GOAL, Unknown()), "shrink known behind"),
    "forget": Path(
        (Seen(BEREAVED, WITHOUT), GOAL, answers(answer(1, following(1))), cluster(BEREAVED), STORED),
        "forget known level fresh stored",
    ),
    "route": Path((Seen(record(), MISROUTED), ServiceSeen(V("s"), "vc-1", EPOCH), STORED), "route drifted stored"),
    "route, cache behind": Path((Seen(record(), MISROUTED), ServiceSeen(V("s"), "vc-0", EPOCH)), "route right"),
    "route, service newer": Path((Seen(record(), MISROUTED), ServiceSeen(V("s"), "vc-1", EPOCH + 1)), "route failed"),
    "route, service absent": Path((Seen(record(), MISROUTED), NotFound()), "route failed"),
    "route conflict": Path(
        (Seen(record(), MISROUTED), ServiceSeen(V("s"), None, EPOCH), Conflict()), "route drifted failed"
    ),
    "stamp": Path((Seen(record(), OLD_TEMPLATE), TemplateSeen(V("t"), -1), STORED), "stamp drifted stored"),
    "stamp, cache behind": Path((Seen(record(), OLD_TEMPLATE), TemplateSeen(V("t"), EPOCH)), "stamp right"),
    "stamp, absent": Path((Seen(record(), OLD_TEMPLATE), NotFound()), "stamp failed"),
    "stamp unknown": Path((Seen(record(), OLD_TEMPLATE), TemplateSeen(V("t"), 0), Unknown()), "stamp drifted failed"),
    "relink": Path((Seen(record(), CUT_OFF), answers(answer(2, following(2)))), "relink told"),
    "relink unknown": Path((Seen(record(), CUT_OFF), Unknown()), "relink failed"),
    "end": Path((Seen(record(), LEAVING), answers(answer(2, following(2)))), "end told"),
    "end unknown": Path((Seen(record(), LEAVING), Unknown()), "end failed"),
    "configure": Path((Seen(record(), UNTOLD), answers(answer(0, serving(min_acks=1)))), "configure told"),
    "configure unknown": Path((Seen(record(), UNTOLD), Unknown()), "configure failed"),
    "grow": Path((Seen(record(), SMALL), STORED), "grow stored"),
    "grow refused": Path((Seen(record(), SMALL), Forbidden("not this class")), "grow refused"),
    "grow conflict": Path((Seen(record(), SMALL), Conflict()), "grow failed"),
    "label": Path((Seen(record(), UNLABELLED), STORED), "label stored"),
    "readiness": Path((Seen(record(), UNREADY), Conflict()), "label failed"),
}


@pytest.mark.parametrize("name", PATHS)
def test_each_path_takes_its_triggers(name: str) -> None:
    assert PATHS[name].walk().triggers == PATHS[name].triggers


def test_the_paths_take_every_row_of_the_table() -> None:
    taken = frozenset[tuple[str, str, str]]().union(*(path.walk().rows for path in PATHS.values()))
    assert rows_of(MACHINE) - taken == frozenset()
