"""Runs the obligations and says what became of them."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import z3

from proofs.parametric.checks import Obligation, Proof
from proofs.parametric.invariant import INVARIANT
from proofs.parametric.relation import ACTIONS
from proofs.parametric.safety import SAFETY

Say = Callable[[str], None]


class Total(NamedTuple):
    """How many obligations were proved, and how many were not."""

    proved: int
    open: int

    def __add__(self, other: tuple[object, ...]) -> "Total":
        """Add up."""
        if not isinstance(other, Total):
            return NotImplemented
        return Total(self.proved + other.proved, self.open + other.open)


def quiet(_line: str) -> None:
    """Say nothing."""


def aloud(line: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def decided(proof: Proof, title: str, obligations: Iterable[Obligation], say: Say = quiet) -> Total:
    """Decide some obligations; whatever is not proved is open, and named."""
    began_s, proved, unproved = time.process_time(), 0, list[str]()
    for obligation in obligations:
        verdict = proof.decide(obligation)
        if verdict == "proved":
            proved += 1
        else:
            unproved.append(f"{obligation.name}: {verdict}")
    verdict = "proved" if not unproved else "OPEN"
    say(f"{title:20} {proved + len(unproved):3} obligations {time.process_time() - began_s:6.1f} s  {verdict}")
    for line in unproved:
        say(f"    {line}")
    return Total(proved, len(unproved))


def run(say: Say = quiet) -> tuple[int, int]:
    """Prove everything: (proved, open). Nothing open means that the theorem holds for any number of everything."""
    proof = Proof()
    total = decided(proof, "initially", proof.beginning(), say)
    for action in ACTIONS:
        total += decided(proof, action.name, proof.steps(action), say)
    total += decided(proof, "records and acks", proof.monotony(), say)
    total += decided(proof, "safety", proof.consequences(), say)
    say(
        f"parametric: {total.proved} proved, {total.open} open; {len(ACTIONS)} actions, {len(INVARIANT)} conjuncts, "
        f"{len(SAFETY)} properties, z3 {z3.get_version_string()}"
    )
    return total.proved, total.open
