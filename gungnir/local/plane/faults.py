"""Which parties of the local network do not hear each other, as plain values.

Rules:
- A party is a pod (``namespace/name``), ``operator`` or ``clients`` (every other address); ``all`` is all.
- A cut is directed: packets from the first party to the second are lost. A cut in both directions is two cuts.
- A party always hears itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

OPERATOR: Final = "operator"
CLIENTS: Final = "clients"
ALL: Final = "all"
SPECIAL_PARTIES: Final = frozenset({OPERATOR, CLIENTS, ALL})

Pair = tuple[str, str]


@dataclass(frozen=True)
class FaultTable:
    """The faults of the network: directed cuts, and delays in ms per directed pair."""

    cuts: frozenset[Pair] = frozenset()
    delays_ms: tuple[tuple[Pair, int], ...] = ()

    @classmethod
    def build(cls, cuts: Iterable[Pair], delays_ms: Iterable[tuple[Pair, int]]) -> "FaultTable":
        """Make a table from any iterables."""
        return cls(frozenset(cuts), tuple(delays_ms))

    def blocked(self, source: str, destination: str) -> bool:
        """Whether packets from ``source`` to ``destination`` are lost."""
        if not self.cuts or source == destination:
            return False
        return any((a, b) in self.cuts for a in (source, ALL) for b in (destination, ALL))

    def delay_ms(self, source: str, destination: str) -> int:
        """How long packets from ``source`` to ``destination`` take, in ms (0: no fault)."""
        for (a, b), delay_ms in self.delays_ms:
            if a in (source, ALL) and b in (destination, ALL) and source != destination:
                return delay_ms
        return 0

    def names(self, party: str) -> bool:
        """Whether any cut concerns ``party``, by name or through ``all``."""
        return any(party in pair or ALL in pair for pair in self.cuts)
