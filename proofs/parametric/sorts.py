"""The sorts of the relation, and the small language that its actions and its invariant are written in.

Every formula is a Python function of a ``Logic`` and a state. ``symbolic.py`` builds z3 terms over unbounded sorts with
it, ``concrete.py`` computes truth values of finite states: both read the same text.

- ``POD``, ``EPOCH``, ``WRITE``: without any bound. Epochs and writes are totally ordered; a write is its place in the
  order in which clients sent them, and the least one stands for "nothing".
- ``VOTES``: a set of pods that voted. ``ACKS``: a set of at least acks + 1 pods, acks >= 1: what WAIT may have counted,
  the primary included. ``ELECTORATE``: a set of pods that count.

Operators are no sort: whatever an operator of any incarnation ever sent may arrive at any time, any number of times,
as soon as its epoch was stored. That is more than any number of operators can do.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Protocol

Term = Any
"""A term or a formula: of z3, or a plain value."""


class Sort(StrEnum):
    """What a symbol ranges over."""

    POD = "Pod"
    EPOCH = "Epoch"
    WRITE = "Write"
    VOTES = "Votes"
    ACKS = "Acks"
    ELECTORATE = "Electorate"
    TRUTH = "Truth"


POD, EPOCH, WRITE = Sort.POD, Sort.EPOCH, Sort.WRITE
VOTES, ACKS, ELECTORATE, TRUTH = Sort.VOTES, Sort.ACKS, Sort.ELECTORATE, Sort.TRUTH


class Logic(Protocol):
    """The connectives, the two orders, and the sets; equality is Python's ``==``."""

    @property
    def first_epoch(self) -> Term:
        """The least epoch: that in which a lineage begins."""

    @property
    def nothing(self) -> Term:
        """The least write: none."""

    def all(self, *parts: Term) -> Term:
        """Conjunction."""

    def any(self, *parts: Term) -> Term:
        """Disjunction."""

    def no(self, part: Term) -> Term:
        """Negation."""

    def ite(self, condition: Term, then: Term, otherwise: Term) -> Term:
        """If, then, else."""

    def rule(self, sorts: Sequence[Sort], given: Callable[..., Term], then: Callable[..., Term]) -> Term:
        """For all elements of these sorts: what is ``given`` implies ``then``."""

    def le(self, one: Term, other: Term) -> Term:
        """One epoch is the other, or before it."""

    def upto(self, one: Term, other: Term) -> Term:
        """One write is the other, or before it."""

    def voter(self, pod: Term, votes: Term) -> Term:
        """A pod is of a set of votes."""

    def acker(self, pod: Term, acks: Term) -> Term:
        """A pod is of a set that WAIT counted."""

    def counts(self, pod: Term, electorate: Term) -> Term:
        """A pod is of an electorate."""

    def enough(self, votes: Term, electorate: Term) -> Term:
        """So many votes meet each set of acks + 1 pods of this electorate: size - acks of them."""

    def meeting(self, votes: Term, acks: Term) -> Term:
        """A pod of both sets, if there is one."""

    def outside(self, acks: Term, electorate: Term) -> Term:
        """A pod of the first set that is not of the second, if there is one."""

    def another(self, acks: Term, pod: Term) -> Term:
        """A pod of the set that is not this pod: there are at least two."""


def before(logic: Logic, one: Term, other: Term) -> Term:
    """One epoch is before the other."""
    return logic.all(logic.le(one, other), one != other)


def always(*_elements: Term) -> Term:
    """What is given where nothing needs to be."""
    return True
