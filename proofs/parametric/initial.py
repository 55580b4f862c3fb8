"""The initial states: a lineage begins.

One pod was promoted, and nobody else's data counts beside its own; all others are to be synced from it. That is a first
start, and also each recovery by a rule outside the quorum (gungnir/machines/recovery.py): a lineage of its own.
"""

from proofs.parametric.sorts import EPOCH, POD, WRITE, Logic, Term, always
from proofs.parametric.state import State

_FIRST = ("current", "stamped", "latest", "floor")
_ONLY_FIRST = ("begun", "chosen", "settled", "started")
_READINGS = ("voted", "same_process", "blank", "level")
_NOT = ("linked", "open", "copying", "loading", "fresh")


def initial(logic: Logic, s: State) -> list[Term]:
    """Return what holds when a lineage begins."""
    first, nothing = logic.first_epoch, logic.nothing
    served = s.candidate(first)

    def pod(q: Term) -> Term:
        return logic.all(
            *(getattr(s, name)(q) == first for name in ("fence", "cut", "history")),
            *(getattr(s, name)(q) == nothing for name in ("offset", "copy_offset")),
            *(getattr(s, name)(q) == (q == served) for name in ("primary", "whole", "member")),
            *(logic.no(getattr(s, name)(q)) for name in _NOT),
        )

    def epoch_of(e: Term, q: Term) -> Term:
        return logic.all(
            s.promoted(e, q) == logic.all(e == first, q == served),
            s.told(e, q) == logic.all(e == first, s.counted(q)),
            *(logic.no(getattr(s, name)(e, q)) for name in _READINGS),
        )

    return [
        *(getattr(s, name)() == first for name in _FIRST),
        logic.rule((EPOCH,), always, lambda e: logic.all(*(getattr(s, n)(e) == (e == first) for n in _ONLY_FIRST))),
        logic.all(s.parent(first) == first, s.base(first) == nothing, s.counted(served)),
        logic.rule((EPOCH, POD), always, epoch_of),
        logic.rule((POD,), always, pod),
        logic.rule((POD,), lambda q: logic.acker(q, s.keepers()), s.counted),
        logic.rule((EPOCH, WRITE), always, lambda e, w: logic.no(s.log(e, w))),
        logic.rule((WRITE,), always, lambda w: s.sent(w) == (w == nothing)),
        logic.rule((EPOCH, POD, WRITE), always, lambda e, q, w: logic.no(s.ack(e, q, w))),
    ]
