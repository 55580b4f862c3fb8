"""What has no bound: claims about lists of any length, electorates of any size, times of any length, proved by z3.

Rules
- A proof is a list of obligations; each is proved when z3 finds its negation unsatisfiable. Anything else is open.
- A formula is a transcription of production code. ``pin`` compares the two on every value of a small domain, and says
  where they differ: without it a proof is about the transcription alone.
- The premises of a proof are satisfiable together (``premises``), so that none is empty.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import z3


class Obligation(NamedTuple):
    """One implication: of these premises, that conclusion."""

    name: str
    premises: tuple[z3.BoolRef, ...]
    conclusion: z3.BoolRef


class Proof(NamedTuple):
    """A claim with its obligations, and the comparison of its formula with the code (empty text: they agree)."""

    name: str
    claim: str
    obligations: Callable[[], tuple[Obligation, ...]]
    pin: Callable[[], str]


TIMEOUT_MS = 60_000
"""For one obligation; each takes milliseconds."""


def why_open(proof: Proof) -> str:
    """Return why this proof shows nothing: an obligation that is not proved, or code that differs; empty if none."""
    for obligation in proof.obligations():
        solver = z3.Solver()
        solver.set("timeout", TIMEOUT_MS)
        solver.add(*obligation.premises)
        if solver.check() != z3.sat:
            return f"{obligation.name}: no case fulfils its premises"
        solver.add(z3.Not(obligation.conclusion))
        found = solver.check()
        if found != z3.unsat:
            return f"{obligation.name}: {found}{f' {solver.model()}' if found == z3.sat else ''}"
    return proof.pin()


def run(proofs: Iterable[Proof], say: Callable[[str], None]) -> tuple[int, int]:
    """Prove all; return how many obligations were proved, and how many proofs are open."""
    proved, left = 0, 0
    for proof in proofs:
        why = why_open(proof)
        proved, left = proved + (0 if why else len(proof.obligations())), left + bool(why)
        say(f"{'OPEN' if why else 'proved':10} {proof.name}: {why or proof.claim}")
    return proved, left
