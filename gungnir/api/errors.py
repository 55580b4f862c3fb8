"""Errors about a ValkeyCluster object."""

from collections.abc import Sequence
from dataclasses import dataclass

from gungnir.errors import UserError


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with an object."""

    path: str
    """Where, as in ``spec.durability.replicasToAck``."""
    value: str
    """What stands there, shortened; empty if nothing does."""
    message: str
    """Why it cannot stay, and what to write instead."""

    def __str__(self) -> str:
        return f"{self.path}: {self.value}: {self.message}" if self.value else f"{self.path}: {self.message}"


class InvalidCluster(UserError):  # noqa: N818 - reads as what it says: this cluster is invalid
    """A ValkeyCluster that the operator cannot act on. Lists everything that is wrong, not only the first.

    The operator shows the text in a condition and touches nothing of this cluster until its owner corrects it.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))
