"""Actions that claim an epoch, fence, vote, choose and promote. A planned switchover takes no other ones.

Each guard is a line of production: guards.py says which, and which mutant drops it.
"""

from typing import Final

from proofs.parametric.action import Action, Parameter, free, untied
from proofs.parametric.sorts import ELECTORATE, EPOCH, POD, TRUTH, VOTES, Logic, Term, before
from proofs.parametric.state import State

E, Q, P = Parameter("e", EPOCH), Parameter("q", POD), Parameter("p", POD)


def _older(logic: Logic, s: State, e: Term, q: Term) -> Term:
    """A pod below the acting position of an epoch, or at the voting position of it: DETACH is carried out."""
    return logic.any(before(logic, s.fence(q), e), logic.all(s.fence(q) == e, logic.no(s.acts(q))))


def _claim(_logic: Logic, s: State, e: Term) -> State:
    return s.put("current", (), e).put("begun", (e,), True)


def _raised(logic: Logic, s: State, e: Term, q: Term, acts: Term) -> State:
    cut = logic.ite(free(logic, s, q), e, s.cut(q))
    return s.put("fence", (q,), e).put("acts", (q,), acts).put("cut", (q,), cut)


def _voted(_logic: Logic, s: State, e: Term, q: Term) -> State:
    s = s.put("voted", (e, q), True).put("same_process", (e, q), True)
    return s.put("vote_history", (e, q), s.history(q)).put("vote_offset", (e, q), s.offset(q))


def _frozen(s: State, e: Term, p: Term) -> State:
    s = s.put("chosen", (e,), True).put("candidate", (e,), p).put("told", (e, p), True)
    return s.put("parent", (e,), s.vote_history(e, p)).put("base", (e,), s.vote_offset(e, p))


def _open(logic: Logic, s: State, e: Term, p: Term) -> dict[str, Term]:
    return {
        "claimed": s.current() == e,
        "unfrozen": logic.no(s.chosen(e)),
        "candidate voted": s.voted(e, p),
    }


def _quorum(logic: Logic, s: State, e: Term, p: Term, votes: Term, electorate: Term) -> dict[str, Term]:
    return {
        **_open(logic, s, e, p),
        "all voted": logic.rule((POD,), lambda x: logic.voter(x, votes), lambda x: s.voted(e, x)),
        "enough": logic.enough(votes, electorate),
        "all count": logic.rule((POD,), s.counted, lambda x: logic.any(logic.counts(x, electorate), s.blank(e, x))),
        "history first": logic.rule(
            (POD,),
            lambda x: logic.voter(x, votes),
            lambda x: logic.le(s.vote_history(e, x), s.vote_history(e, p)),
        ),
        "then offset": logic.rule(
            (POD,),
            lambda x: logic.all(logic.voter(x, votes), s.vote_history(e, x) == s.vote_history(e, p)),
            lambda x: logic.upto(s.vote_offset(e, x), s.vote_offset(e, p)),
        ),
    }


def _frozen_by_quorum(logic: Logic, s: State, e: Term, p: Term, votes: Term, electorate: Term) -> State:
    """Freeze. Epochs from the parent on are stopped by these votes; older ones are, as they were for the parent."""
    history = s.vote_history(e, p)
    new = _frozen(s, e, p)

    def chosen(own: Term, name: str) -> object:
        was = getattr(s, name)
        return lambda a, f: logic.ite(f == e, logic.ite(logic.le(history, a), own, was(a, history)), was(a, f))

    new = new.define("blocking", chosen(votes, "blocking"))  # type: ignore[arg-type]
    new = new.define("bound", chosen(electorate, "bound"))  # type: ignore[arg-type]
    return new.define("by_primary", chosen(False, "by_primary"))  # type: ignore[arg-type]


def _primary_voted(logic: Logic, s: State, e: Term, p: Term) -> dict[str, Term]:
    g = s.latest()
    own = s.candidate(g)
    return {
        **_open(logic, s, e, p),
        "primary voted": s.voted(e, own),
        "of its history": s.vote_history(e, own) == g,
        "same history": s.vote_history(e, p) == g,
        "same offset": s.vote_offset(e, p) == s.vote_offset(e, own),
    }


def _frozen_by_primary(logic: Logic, s: State, e: Term, p: Term) -> State:
    history = s.vote_history(e, p)

    def inherited(name: str) -> object:
        was = getattr(s, name)
        return lambda a, f: logic.ite(f == e, was(a, history), was(a, f))

    new = _frozen(s, e, p)
    new = new.define("blocking", inherited("blocking"))  # type: ignore[arg-type]
    new = new.define("bound", inherited("bound"))  # type: ignore[arg-type]
    was = s.by_primary
    return new.define(
        "by_primary",
        lambda a, f: logic.ite(f == e, logic.any(logic.le(history, a), was(a, history)), was(a, f)),
    )


def _promoted(logic: Logic, s: State, e: Term, p: Term) -> State:
    """Serve. The history begins with the data of the candidate; a repeated order changes no data."""
    parent, offset, first, log = s.history(p), s.offset(p), s.history(p) != e, s.log
    new = untied(logic, s, p, e, acts=True).put("primary", (p,), True).put("history", (p,), e)
    new = new.put("started", (e,), True).put("promoted", (e, p), True)
    return new.define(
        "log",
        lambda a, w: logic.ite(logic.all(a == e, first), logic.all(log(parent, w), logic.upto(w, offset)), log(a, w)),
    )


ELECTION: Final = (
    Action(
        "claim",
        "An operator stores the next epoch by CAS.",
        (E,),
        lambda logic, s, e: {"CAS": before(logic, s.current(), e)},
        _claim,
    ),
    Action(
        "stamp",
        "The template is stamped with a stored epoch: pods with new volumes start at its voting position.",
        (E,),
        lambda logic, s, e: {"stored": s.begun(e), "rises": before(logic, s.stamped(), e)},
        lambda _logic, s, e: s.put("stamped", (), e),
    ),
    Action(
        "raise",
        "A command of an epoch raises the fence, and ends before it did what it was for.",
        (E, Q, Parameter("acts", TRUTH)),
        lambda logic, s, e, q, acts: {
            "stored": s.begun(e),
            "stamped": logic.le(e, s.stamped()),
            "fence": logic.any(
                before(logic, s.fence(q), e), logic.all(s.fence(q) == e, logic.any(acts, logic.no(s.acts(q))))
            ),
        },
        _raised,
    ),
    Action(
        "detach",
        "DETACH: the pod goes to the voting position, and role and link end; it keeps its data.",
        (E, Q),
        lambda logic, s, e, q: {
            "stored": s.begun(e),
            "stamped": logic.le(e, s.stamped()),
            "fence": _older(logic, s, e, q),
            "loaded": logic.no(s.loading(q)),
        },
        lambda logic, s, e, q: untied(logic, s, q, e, acts=False),
    ),
    Action(
        "vote",
        "The answer to DETACH counts: history and offset of a process that was recorded as whole.",
        (E, Q),
        lambda logic, s, e, q: {
            "fenced": logic.all(s.fence(q) == e, logic.no(s.acts(q))),
            "detached": free(logic, s, q),
            "member": s.member(q),
            "loaded": logic.no(s.loading(q)),
            "unfrozen": logic.no(s.chosen(e)),
        },
        _voted,
    ),
    Action(
        "blank",
        "The answer to DETACH shows a process that was admitted as new and never received anything.",
        (E, Q),
        lambda logic, s, e, q: {
            "fenced": s.fence(q) == e,
            "detached": free(logic, s, q),
            "admitted, nothing received": s.fresh(q),
        },
        lambda _logic, s, e, q: s.put("blank", (e, q), True),
    ),
    Action(
        "freeze by quorum",
        "The best of enough votes is stored as the candidate, by CAS; blank pods need not be asked.",
        (E, P, Parameter("votes", VOTES), Parameter("electorate", ELECTORATE)),
        _quorum,
        _frozen_by_quorum,
    ),
    Action(
        "freeze by primary",
        "The recorded primary itself voted, of its own history: it, or a pod with the same data, is stored.",
        (E, P),
        _primary_voted,
        _frozen_by_primary,
    ),
    Action(
        "promote",
        "PROMOTE reaches the very process that was frozen.",
        (E, P),
        lambda logic, s, e, p: {
            "frozen": logic.all(s.chosen(e), s.candidate(e) == p),
            "same process": s.same_process(e, p),
            "fence": logic.le(s.fence(p), e),
            "loaded": logic.no(s.loading(p)),
        },
        _promoted,
    ),
    Action(
        "settle",
        "That the candidate serves was read back, and is recorded by CAS.",
        (E,),
        lambda _logic, s, e: {"claimed": s.current() == e, "serves": s.started(e)},
        lambda _logic, s, e: s.put("settled", (e,), True).put("latest", (), e),
    ),
)
