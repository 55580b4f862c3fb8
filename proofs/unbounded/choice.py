"""Selection over a list of votes of any length, by induction over the fold that ``best`` is."""

from itertools import permutations, product

import z3

from gungnir.machines.selection import best, better
from proofs.shapes import as_name, vote
from proofs.unbounded import Obligation, Proof

FIELDS = ("history", "offset", "target", "staying", "eligible", "priority", "run_id", "pod")
Rank = tuple[z3.ArithRef, ...]


def rank(name: str) -> Rank:
    """Return the rank of a vote: the fields in the order in which they count, each as a number."""
    return tuple(z3.Int(f"{name}_{field}") for field in FIELDS)


def above(left: Rank, right: Rank) -> z3.BoolRef:
    """Transcribe ``better``: the first field that differs decides."""
    result: z3.BoolRef = z3.BoolVal(False)
    for mine, other in reversed(tuple(zip(left, right, strict=True))):
        result = z3.Or(mine > other, z3.And(mine == other, result))
    return result


def _same(left: Rank, right: Rank) -> z3.BoolRef:
    return z3.And(*(mine == other for mine, other in zip(left, right, strict=True)))


def _order() -> tuple[Obligation, ...]:
    a, b, c = rank("a"), rank("b"), rank("c")
    return (
        Obligation("irreflexive", (), z3.Not(above(a, a))),
        Obligation("antisymmetric", (above(a, b),), z3.Not(above(b, a))),
        Obligation("transitive", (above(a, b), above(b, c)), above(a, c)),
        Obligation("total", (z3.Not(_same(a, b)),), z3.Or(above(a, b), above(b, a))),
    )


def _fold() -> tuple[Obligation, ...]:
    """The invariant of the fold: the winner so far is among those seen, and none of those is above it."""
    winner, seen, new = rank("winner"), rank("seen"), rank("new")
    held = z3.Not(above(seen, winner))
    after = tuple(z3.If(above(new, winner), n, w) for n, w in zip(new, winner, strict=True))
    return (
        Obligation("of one vote", (), z3.Not(above(new, new))),
        Obligation("those seen before", (held,), z3.Not(above(seen, after))),
        Obligation("the new one", (), z3.Not(above(new, after))),
        Obligation("one of them", (), z3.Or(_same(after, winner), _same(after, new))),
    )


def _data() -> tuple[Obligation, ...]:
    winner, other = rank("winner"), rank("other")
    newer = z3.Or(winner[0] > other[0], z3.And(winner[0] == other[0], winner[1] >= other[1]))
    return (Obligation("the newest data", (z3.Not(above(other, winner)),), newer),)


_VOTES = tuple(
    vote(pod, history, offset, priority, run_id)
    for pod, history, offset, priority, run_id in product((1, 2), (1, 2), (1, 2), (0, 1, 2), (1, 2))
)


def _pin_order() -> str:
    for left, right in product(_VOTES, repeat=2):
        for target, leaving in product((0, 1, 2), repeat=2):
            ranks = [
                (
                    v.history,
                    v.offset,
                    v.pod == as_name(target),
                    v.pod != as_name(leaving),
                    v.priority != 0,
                    -v.priority,
                    v.run_id,
                    v.pod,
                )
                for v in (left, right)
            ]
            said = next((mine > other for mine, other in zip(*ranks, strict=True) if mine != other), False)
            if better(left, right, as_name(target), as_name(leaving)) != said:
                return f"better differs at {left}, {right}, target {target}, leaving {leaving}"
    return ""


def _pin_fold() -> str:
    """Compare ``best`` with the fold on every list of up to three votes out of six, in every order."""
    some = tuple(vote(pod, pod % 2, pod // 2, pod % 3, 0) for pod in range(1, 7))
    for length in range(4):
        for votes in permutations(some, length):
            winner = None
            for one in votes:
                winner = one if winner is None or better(one, winner) else winner
            if best(votes) is not winner:
                return f"best differs at {votes}"
    return ""


PROOFS = (
    Proof("order", "The order of votes is a strict total order, for all values of all fields.", _order, _pin_order),
    Proof("fold", "The chosen vote is beaten by none, in a list of any length.", _fold, _pin_fold),
    Proof("data", "The chosen vote has the newest history, and of that the greatest offset.", _data, _pin_order),
)
