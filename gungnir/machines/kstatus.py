"""The two conditions by which tools that know no ``ValkeyCluster`` tell whether it is done.

``helm --wait``, Flux, kpt and others judge any object by the rules of kstatus (``sigs.k8s.io/cli-utils``, package
``pkg/kstatus``), in this order: ``observedGeneration`` is behind: in progress; ``Reconciling`` is true: in progress;
``Stalled`` is true: failed; ``Ready`` is true: current, and in progress otherwise. Both conditions, ``Reconciling`` and
``Stalled``, say nothing new: they sum up the others, and are never true together.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from gungnir.machines.sign import Sign


class _Case(NamedTuple):
    """A condition that counts, and for which reasons: none named means for each."""

    type: str
    holds: bool
    reasons: frozenset[str] = frozenset()

    def found(self, signs: Mapping[str, Sign]) -> Sign | None:
        sign = signs.get(self.type)
        counts = sign is not None and sign.holds is self.holds and (not self.reasons or sign.reason in self.reasons)
        return sign if counts else None


STUCK: Final = (
    _Case("Valid", False),
    _Case("Blocked", True),
    _Case("Degraded", True, frozenset({"InvariantViolated", "DiskFull"})),
    _Case("Reconciled", False, frozenset({"NameTaken", "Forbidden", "Rejected", "CredentialsUnusable"})),
    _Case("StorageResized", False, frozenset({"ResizeRefused", "ResizeFailed"})),
)
"""What lasts until a person does something, the most urgent first."""
BUSY: Final = (
    _Case("Progressing", True),
    _Case("Reconciled", False),
    _Case("ScaleDownRefused", True),
    _Case("Degraded", True),
    _Case("StorageResized", False),
)
"""What the operator is at, or waits for, while it is not as asked for."""


def standard_signs(signs: Sequence[Sign]) -> tuple[Sign, Sign]:
    """Return ``Reconciling`` and ``Stalled`` for these other conditions.

    ``RolloutPending`` is neither: the cluster serves, and a person may take the time to replace the pods.
    """
    by_type = {sign.type: sign for sign in signs}
    stuck = _first(STUCK, by_type)
    if stuck is not None:
        waits = Sign("Reconciling", False, "Stalled", "it cannot go on by itself")
        return waits, Sign("Stalled", True, stuck.reason, stuck.message)
    goes_on = Sign("Stalled", False, "NotStalled", "")
    busy = _first(BUSY, by_type)
    if busy is not None:
        return Sign("Reconciling", True, busy.reason, busy.message), goes_on
    return Sign("Reconciling", False, "AsDesired", ""), goes_on


def _first(cases: Sequence[_Case], signs: Mapping[str, Sign]) -> Sign | None:
    return next((sign for case in cases if (sign := case.found(signs)) is not None), None)
