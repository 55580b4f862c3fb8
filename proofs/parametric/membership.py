"""Actions that change who counts and who may follow: admit, tell, record as whole, forget.

A scale-up is ``admit``; a lost replica and a scale-down are ``forget``, after an epoch in which they were told nothing.
The number of promised copies (acks) does not change in this relation.
"""

from typing import Final

from proofs.parametric.action import Action, Parameter
from proofs.parametric.sorts import ACKS, POD, TRUTH, Logic, Term
from proofs.parametric.state import State

Q, KEEPERS = Parameter("q", POD), Parameter("keepers", ACKS)


def _admitted(_logic: Logic, s: State, q: Term, new: Term) -> State:
    return s.put("counted", (q,), True).put("fresh", (q,), new)


def _may_forget(logic: Logic, s: State, keepers: Term) -> dict[str, Term]:
    e = s.current()
    return {
        "recorded": s.settled(e),
        "level": logic.rule((POD,), lambda q: s.told(e, q), lambda q: logic.any(s.level(e, q), q == s.candidate(e))),
        "enough left": logic.rule((POD,), lambda q: logic.acker(q, keepers), lambda q: s.told(e, q)),
    }


def _forgotten(logic: Logic, s: State, keepers: Term) -> State:
    e, told, counted, member = s.current(), s.told, s.counted, s.member
    new = s.define("counted", lambda q: logic.all(counted(q), told(e, q)))
    new = new.define("member", lambda q: logic.all(member(q), told(e, q)))
    return new.put("floor", (), e).put("keepers", (), keepers)


MEMBERSHIP: Final = (
    Action(
        "admit",
        "A pod that did not count is recorded as one that does, before it is told anything.",
        (Q, Parameter("new", TRUTH)),
        lambda logic, s, q, _new: {"new": logic.no(s.counted(q))},
        _admitted,
    ),
    Action(
        "tell",
        "A pod that counts, and answered, may follow in the present epoch: it is not left out any more.",
        (Q,),
        lambda _logic, s, q: {"counted": s.counted(q), "chosen": s.chosen(s.current())},
        lambda _logic, s, q: s.put("told", (s.current(), q), True),
    ),
    Action(
        "record",
        "A process that was seen attached is recorded as whole.",
        (Q,),
        lambda logic, s, q: {"counted": s.counted(q), "seen whole": logic.any(s.whole(q), s.loading(q))},
        lambda _logic, s, q: s.put("member", (q,), True).put("fresh", (q,), False),
    ),
    Action(
        "level",
        "A pod is attached, and holds all that the history of its epoch began with.",
        (Q,),
        lambda logic, s, q: {
            "attached": logic.all(s.open(q), logic.no(s.copying(q)), s.whole(q)),
            "base reached": s.history(q) == s.cut(q),
        },
        lambda _logic, s, q: s.put("level", (s.cut(q), q), True),
    ),
    Action(
        "forget",
        "Those left out count no more, once all others are level in an epoch in which they were told nothing.",
        (KEEPERS,),
        _may_forget,
        _forgotten,
    ),
)
