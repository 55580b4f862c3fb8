"""Every way through the failover machine, by its triggers; together they take every row of the table."""

from typing import Any, Final, NamedTuple

import pytest

from gungnir.machines import failover
from gungnir.machines.failover_table import MACHINE
from gungnir.machines.record import Intent, Kind, Record, Stage
from gungnir.machines.requests import (
    AnswerKind,
    Conflict,
    Elapsed,
    NotFound,
    Reply,
    Seen,
    ServiceSeen,
    TemplateSeen,
    Unknown,
    Unreachable,
)
from gungnir.machines.view import Contact, View
from tests.unit.machines.worlds import (
    EPOCH,
    FACTS,
    PODS,
    STORED,
    V,
    Walk,
    answer,
    answers,
    claimed,
    cluster,
    dead,
    following,
    frozen,
    pod,
    reconfiguring,
    record,
    rows_of,
    server,
    serving,
    view,
    vote,
    walk,
)

ROUTED = ServiceSeen(V("s1"), "vc-0", EPOCH)
UNROUTED = ServiceSeen(V("s2"), None, EPOCH + 1)
STALE = TemplateSeen(V("t1"), EPOCH)
CURRENT = TemplateSeen(V("t1"), EPOCH + 1)
CURRENT_AGAIN = TemplateSeen(V("t1"), EPOCH + 2)
NEWER_SERVICE = ServiceSeen(V("s9"), "vc-2", EPOCH + 2)
NEWER_TEMPLATE = TemplateSeen(V("t9"), EPOCH + 2)
VOTES = answers(vote(1, offset=1200), vote(2, offset=1100))
ALL_VOTES = answers(vote(0), vote(1), vote(2))
PROMOTED = answers(answer(1, serving(1, replid="r6", fence=EPOCH + 1)))
TOLD = answers(answer(2, following(2)))
FENCED = answers(answer(1, None, AnswerKind.FENCED))
REFUSED = answers(answer(1, None, AnswerKind.ERROR, "ACL SAVE: disk full"))
REVOTES = answers(vote(1, fence=EPOCH + 2), vote(2, fence=EPOCH + 2))
LEVEL = answers(answer(1, following(offset=1000)))
BEHIND = answers(answer(1, following(offset=999)))
SILENT = view(pod(0, serving(), contact=Contact.SILENT, silent_ms=5000), pod(1, following(1)), pod(2, following(2)))
DEAF = answers(answer(1, following(1, last_io_s=6)), answer(2, following(2, link_up=False)))
ALONE = view(pod(0, serving(), contact=Contact.REFUSED, refusals=3), pod(1, following(1)))
AFTER = view(pod(0, server()), pod(1, serving(1, replid="r6", fence=EPOCH + 1)), pod(2, server(2)), service_pod=None)

REPLACED = view(pod(0, serving(run_id="new")), *PODS[1:])
QUIET = view(pod(0, server()), AFTER.pods[1]._replace(contact=Contact.SILENT, silent_ms=5000), pod(2, following(2)))

ASKED = claimed(intent=Intent(Kind.SWITCHOVER, Stage.FENCING, "Requested", "", None, "vc-0"))

DEAD = (Seen(record(), dead()), cluster())
BEGUN = (*DEAD, STORED)
STAMPED = (*BEGUN, ROUTED, STORED, STALE, STORED)
CHOSEN = (*STAMPED, VOTES)
FROZEN = (*CHOSEN, STORED)
MADE = (*FROZEN, PROMOTED)
RECORDED = (*MADE, STORED)
TO_ROUTE = (*RECORDED, TOLD)
RESUMED = (Seen(reconfiguring(), AFTER), cluster(reconfiguring()), answers(answer(0, server()), answer(2, server(2))))
AGREED = (STORED, STORED, ROUTED, STORED, CURRENT)
PLANNED = (Seen(record(), view()), cluster(switchover="vc-1"), *AGREED)
ANYBODY = (Seen(record(), view()), cluster(switchover="any"), *AGREED)
HELD = (*PLANNED, answers(answer(0, serving())))


def seen(stored: Record, shown: View) -> tuple[Reply, Reply]:
    return Seen(stored, shown), cluster(stored)


def full(steps: int, end: str) -> str:
    """The first ``steps`` triggers of a whole failover, and how it ends after them."""
    return " ".join([*_FULL.split()[:steps], end])


class Path(NamedTuple):
    """A round's replies, and the triggers that they must cause; ``asked`` is an accepted switchover request."""

    replies: tuple[Reply, ...]
    triggers: str
    asked: str = ""

    def walk(self, facts: Any = FACTS) -> Walk:
        target = "" if self.asked == "any" else self.asked
        return walk(failover.step, failover.start(target, self.asked), self.replies, facts)


_FULL = "act begin stored routed stored stale stored chosen stored promoted stored told-direct stored stored"
_PLANNED = "act begin stored-request stored routed stored current-planned"
PATHS: Final = {
    "healthy": Path((Seen(record(), view()),), "healthy"),
    "no snapshot": Path((NotFound(),), "doubtful"),
    "error reply": Path((Seen(record(), view(pod(0, None, contact=Contact.ERROR))),), "doubtful"),
    "first start, pods missing": Path((Seen(Record(), view(pod(0, server()))),), "doubtful"),
    "own loop slept": Path((Seen(record(), dead(stalled=True)),), "stalled"),
    "replica hears it": Path((Seen(record(), SILENT), answers(answer(1, following(1)))), "silent witnessed"),
    "nobody can say": Path((Seen(record(), SILENT), answers(DEAF.answers[0])), "silent unasked"),
    "nobody hears it": Path((Seen(record(), SILENT), DEAF, cluster()), "silent unheard begin"),
    "dead": Path((*TO_ROUTE, STORED, STORED), _FULL),
    "no fresh record": Path((DEAD[0], Unreachable()), "act failed"),
    "record moved on": Path((DEAD[0], cluster(record(epoch=6))), "act changed"),
    "deleted meanwhile": Path((DEAD[0], cluster(deleting=True)), "act deleting"),
    "claim lost": Path((*DEAD, Conflict()), "act begin conflict"),
    "claim unknown": Path((*DEAD, Unknown()), "act begin failed"),
    "service absent": Path((*BEGUN, NotFound(), CURRENT), "act begin stored absent current"),
    "service newer": Path((*BEGUN, NEWER_SERVICE), "act begin stored outdated"),
    "service unreadable": Path((*BEGUN, Unreachable()), "act begin stored failed"),
    "service unrouted": Path((*BEGUN, UNROUTED, NotFound()), "act begin stored unrouted current"),
    "service unrouted in an older epoch": Path((*BEGUN, ServiceSeen(V("s2"), None, EPOCH)), "act begin stored routed"),
    "service led somewhere in this epoch": Path(
        (*BEGUN, ServiceSeen(V("s2"), "vc-0", EPOCH + 1)), "act begin stored routed"
    ),
    "another process answers": Path(
        (*seen(record(), REPLACED), STORED, UNROUTED, CURRENT), "act begin stored unrouted current"
    ),
    "unroute conflict": Path((*BEGUN, ROUTED, Conflict()), "act begin stored routed conflict"),
    "unroute unknown": Path((*BEGUN, ROUTED, Unknown()), "act begin stored routed failed"),
    "template newer": Path((*BEGUN, UNROUTED, NEWER_TEMPLATE), "act begin stored unrouted outdated"),
    "template unreadable": Path((*BEGUN, UNROUTED, Unknown()), "act begin stored unrouted failed"),
    "stamp conflict": Path((*BEGUN, UNROUTED, STALE, Conflict()), "act begin stored unrouted stale conflict"),
    "stamp unknown": Path((*BEGUN, UNROUTED, STALE, Unknown()), "act begin stored unrouted stale failed"),
    "nobody": Path((*STAMPED, answers(vote(1))), full(7, "nobody")),
    "pod is newer": Path((*STAMPED, FENCED), full(7, "outdated")),
    "freeze conflict": Path((*CHOSEN, Conflict()), full(8, "conflict")),
    "freeze unknown": Path((*CHOSEN, Unknown()), full(8, "failed")),
    "candidate is newer": Path((*FROZEN, FENCED), full(9, "outdated")),
    "promotion unanswered": Path((*FROZEN, answers(answer(1, None, AnswerKind.UNKNOWN))), full(9, "failed")),
    "promotion refused": Path(
        (*FROZEN, REFUSED, STORED, ROUTED, STORED, CURRENT_AGAIN, REVOTES, STORED, REFUSED),
        full(9, "refused stored routed stored current chosen stored failed"),
    ),
    "record conflict": Path((*MADE, Conflict()), full(10, "conflict")),
    "record unknown": Path((*MADE, Unknown()), full(10, "failed")),
    "route conflict": Path((*TO_ROUTE, Conflict()), full(12, "conflict")),
    "route unknown": Path((*TO_ROUTE, Unknown()), full(12, "failed")),
    "finish conflict": Path((*TO_ROUTE, STORED, Conflict()), full(13, "conflict")),
    "finish unknown": Path((*TO_ROUTE, STORED, Unknown()), full(13, "failed")),
    "resume, fencing": Path(
        (*seen(claimed(), dead()), UNROUTED, CURRENT, VOTES), "act resume-fencing unrouted current chosen"
    ),
    "resume, promoting": Path(
        (*seen(frozen(), dead()), PROMOTED, STORED, TOLD, UNROUTED, STORED, STORED),
        "act resume-promoting promoted stored told unrouted stored stored",
    ),
    "resume, new primary silent": Path(
        (Seen(reconfiguring(), QUIET), answers(answer(2, following(2)))), "silent witnessed"
    ),
    "resume, nobody hears the new primary": Path(
        (Seen(reconfiguring(), QUIET), answers(answer(0, server()), DEAF.answers[1]), cluster(reconfiguring())),
        "silent unheard begin",
    ),
    "resume, routed in an older epoch": Path(
        (*RESUMED, ServiceSeen(V("s3"), "vc-1", EPOCH)), "act resume-reconfiguring told unrouted"
    ),
    "resume, reconfiguring": Path(
        (*RESUMED, ServiceSeen(V("s3"), "vc-1", EPOCH + 1), STORED), "act resume-reconfiguring told routed stored"
    ),
    "resume, service absent": Path((*RESUMED, NotFound(), STORED), "act resume-reconfiguring told absent stored"),
    "resume, service newer": Path((*RESUMED, NEWER_SERVICE), "act resume-reconfiguring told outdated"),
    "resume, service unreadable": Path((*RESUMED, Unknown()), "act resume-reconfiguring told failed"),
    "resume, nobody to follow": Path(
        (*seen(reconfiguring(), view(AFTER.pods[1])), UNROUTED, STORED, STORED),
        "act resume-routing unrouted stored stored",
    ),
    "resume, request still there": Path(
        (Seen(ASKED, view()), cluster(ASKED, switchover="any"), STORED), "act resume-clear stored"
    ),
    "resume, another request": Path(
        (Seen(claimed(Kind.SWITCHOVER), view()), cluster(claimed(Kind.SWITCHOVER), switchover="any")),
        "act resume-fencing",
    ),
    "alone": Path(
        (*seen(frozen(), ALONE), PROMOTED, STORED, UNROUTED), "act resume-promoting promoted stored-alone unrouted"
    ),
    "alone, service known": Path(
        (
            *seen(record(electorate=record().electorate._replace(size=2)), ALONE),
            *(STORED, ROUTED, STORED, STALE, STORED, answers(vote(1)), STORED, PROMOTED, STORED),
        ),
        full(10, "stored-alone-direct"),
    ),
    "planned": Path(
        (*HELD, BEHIND, Elapsed(), LEVEL, ALL_VOTES), _PLANNED + " held behind elapsed level chosen", asked="vc-1"
    ),
    "planned, stale template": Path(
        (*ANYBODY[:-1], STALE, STORED),
        _PLANNED.replace("current-planned", "stale stored-planned"),
        asked="any",
    ),
    "planned, not held": Path(
        (*PLANNED, answers(answer(0, None, AnswerKind.UNKNOWN))), _PLANNED + " not-held", asked="vc-1"
    ),
    "planned, target mute": Path(
        (*HELD, answers(answer(1, None, AnswerKind.UNKNOWN))), _PLANNED + " held too-slow", asked="vc-1"
    ),
    "planned, clear conflict": Path((*ANYBODY[:3], Conflict()), "act begin stored-request conflict", asked="any"),
    "planned, clear unknown": Path((*ANYBODY[:3], Unknown()), "act begin stored-request failed", asked="any"),
}


@pytest.mark.parametrize("name", PATHS)
def test_each_path_takes_its_triggers(name: str) -> None:
    assert PATHS[name].walk().triggers == PATHS[name].triggers


def test_the_paths_take_every_row_of_the_table() -> None:
    taken = frozenset[tuple[str, str, str]]().union(*(path.walk().rows for path in PATHS.values()))
    assert rows_of(MACHINE) - taken == frozenset()


@pytest.mark.parametrize("name", PATHS)
def test_a_round_has_a_request_outstanding_until_its_terminal_phase(name: str) -> None:
    steps = PATHS[name].walk().steps
    assert [step.request is None for step in steps] == [step.state.phase in MACHINE.terminal for step in steps]
