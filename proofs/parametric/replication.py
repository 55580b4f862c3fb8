"""Actions of the pods: follow, attach, copy, stream, take writes, end."""

from typing import Final

from proofs.parametric.action import Action, Parameter, untied
from proofs.parametric.sorts import EPOCH, POD, WRITE, Logic, Term
from proofs.parametric.state import State

E, Q, W = Parameter("e", EPOCH), Parameter("q", POD), Parameter("w", WRITE)


def _followed(logic: Logic, s: State, e: Term, q: Term) -> State:
    """Told again what it does already, only the fence changes, if that."""
    again = logic.all(s.linked(q), s.cut(q) == e)
    new = untied(logic, s, q, e, acts=True).put("linked", (q,), True).put("host", (q,), s.candidate(e))
    new = new.put("open", (q,), logic.all(again, s.open(q)))
    return new.put("copying", (q,), logic.all(again, s.copying(q)))


def _served(logic: Logic, s: State, q: Term) -> dict[str, Term]:
    """A SYNC is served by a primary that acts in the epoch whose replication user the pod was told to use."""
    r = s.host(q)
    return {
        "linked": s.linked(q),
        "loaded": logic.no(s.loading(q)),
        "primary": s.primary(r),
        "user of the epoch": logic.all(s.acts(r), s.fence(r) == s.cut(q)),
    }


def _attach_guards(logic: Logic, s: State, q: Term) -> dict[str, Term]:
    r = s.host(q)
    return {
        **_served(logic, s, q),
        "whole": s.whole(q),
        "prefix": logic.rule(
            (WRITE,),
            lambda w: logic.upto(w, s.offset(q)),
            lambda w: s.log(s.history(q), w) == s.log(s.history(r), w),
        ),
    }


def _attached(_logic: Logic, s: State, q: Term) -> State:
    new = s.put("open", (q,), True).put("copying", (q,), False).put("fresh", (q,), False)
    return new.put("carries", (q,), s.history(s.host(q)))


def _copying(_logic: Logic, s: State, q: Term) -> State:
    r = s.host(q)
    new = s.put("open", (q,), True).put("copying", (q,), True)
    return new.put("carries", (q,), s.history(r)).put("copy_offset", (q,), s.offset(r))


def _loaded(logic: Logic, s: State, q: Term) -> State:
    carries, reached, ack, log = s.carries(q), s.copy_offset(q), s.ack, s.log
    new = s.put("copying", (q,), False).put("loading", (q,), False).put("whole", (q,), True).put("fresh", (q,), False)
    new = new.put("history", (q,), carries).put("offset", (q,), reached)
    return new.define(
        "ack",
        lambda a, p, w: logic.any(ack(a, p, w), logic.all(a == carries, p == q, log(a, w), logic.upto(w, reached))),
    )


def _stream_guards(logic: Logic, s: State, q: Term, e: Term, w: Term) -> dict[str, Term]:
    carries = s.carries(q)
    return {
        "open": logic.all(s.open(q), logic.no(s.copying(q)), s.whole(q)),
        "grows": logic.all(logic.le(s.history(q), e), logic.upto(s.offset(q), w)),
        "written": logic.any(w == s.offset(q), s.log(carries, w)),
        "known": s.started(e),
        "carried": logic.le(e, carries),
        "base reached": logic.upto(s.base(e), w),
        "prefix": logic.rule((WRITE,), lambda v: logic.upto(v, w), lambda v: s.log(e, v) == s.log(carries, v)),
    }


def _streamed(logic: Logic, s: State, q: Term, e: Term, w: Term) -> State:
    carries, ack, log = s.carries(q), s.ack, s.log
    new = s.put("history", (q,), e).put("offset", (q,), w)
    return new.define(
        "ack",
        lambda a, p, v: logic.any(
            ack(a, p, v), logic.all(a == carries, e == carries, p == q, log(a, v), logic.upto(v, w))
        ),
    )


def _written(_logic: Logic, s: State, q: Term, w: Term) -> State:
    e = s.history(q)
    new = s.put("sent", (w,), True).put("offset", (q,), w).put("log", (e, w), True)
    return new.put("ack", (e, q, w), True)


def _ended(logic: Logic, s: State, q: Term, fence: Term, acts: Term) -> State:
    processes = s.same_process
    new = untied(logic, s, q, fence, acts=acts)
    for name in ("whole", "loading", "member", "fresh"):
        new = new.put(name, (q,), False)
    return new.define("same_process", lambda e, p: logic.all(processes(e, p), p != q))


REPLICATION: Final = (
    Action(
        "follow",
        "FOLLOW: a pod that was told may attach to the primary of the epoch, with the replication user of the epoch.",
        (E, Q),
        lambda logic, s, e, q: {
            "recorded": s.settled(e),
            "told": s.told(e, q),
            "not itself": s.candidate(e) != q,
            "fence": logic.le(s.fence(q), e),
            "loaded": logic.no(s.loading(q)),
        },
        _followed,
    ),
    Action("attach", "A replica goes on where its data ends (partial sync).", (Q,), _attach_guards, _attached),
    Action("copy", "A full copy of the primary begins; the old data is still there.", (Q,), _served, _copying),
    Action(
        "load",
        "The copy is here: the old data is thrown away.",
        (Q,),
        lambda logic, s, q: {"copying": logic.all(s.open(q), s.copying(q))},
        lambda _logic, s, q: s.put("loading", (q,), True).put("whole", (q,), False),
    ),
    Action(
        "loaded",
        "The copy is loaded, perhaps after its connection or its primary ended.",
        (Q,),
        lambda logic, s, q: {"copying": logic.all(s.open(q), s.copying(q))},
        _loaded,
    ),
    Action(
        "stream",
        "A replica receives more of what its link carries; it is of a history once it holds all that it began with.",
        (Q, E, W),
        _stream_guards,
        _streamed,
    ),
    Action(
        "drop",
        "A connection ends, and what was under way on it.",
        (Q,),
        lambda logic, s, q: {"loaded": logic.no(s.loading(q))},
        lambda _logic, s, q: s.put("open", (q,), False).put("copying", (q,), False),
    ),
    Action(
        "write",
        "A client writes to any pod that serves, also to one that was deposed and does not know.",
        (Q, W),
        lambda logic, s, q, w: {
            "serves": s.primary(q),
            "new": logic.rule((WRITE,), s.sent, lambda v: logic.all(logic.upto(v, w), v != w)),
        },
        _written,
    ),
    Action(
        "end",
        "A process ends, by whatever cause; the next one keeps the fence, and its data counts for nothing.",
        (Q,),
        lambda _logic, _s, _q: {},
        lambda logic, s, q: _ended(logic, s, q, s.fence(q), s.acts(q)),
    ),
    Action(
        "lose",
        "A pod loses its volume: the next process starts at the voting position of the template's epoch.",
        (Q,),
        lambda _logic, _s, _q: {},
        lambda logic, s, q: _ended(logic, s, q, s.stamped(), False),
    ),
)
