"""Every mutant and every pair, in one list each. Nothing of ``gungnir`` is imported here: see ``spec.mutants``."""

from typing import Final

from spec.mutants import Mutant, Pair
from spec.mutants.catalogue.conformance import MUTANTS as CONFORMANCE
from spec.mutants.catalogue.conformance_objects import MUTANTS as CONFORMANCE_OF_OBJECTS
from spec.mutants.catalogue.electorate import MUTANTS as ELECTORATE
from spec.mutants.catalogue.environment import PAIRS
from spec.mutants.catalogue.epochs import MUTANTS as EPOCHS
from spec.mutants.catalogue.evidence import MUTANTS as EVIDENCE
from spec.mutants.catalogue.failover_begin import MUTANTS as FAILOVER_BEGIN
from spec.mutants.catalogue.failover_end import MUTANTS as FAILOVER_END
from spec.mutants.catalogue.guarantees import MUTANTS as GUARANTEES
from spec.mutants.catalogue.kept import MUTANTS as KEPT
from spec.mutants.catalogue.lease import MUTANTS as LEASE
from spec.mutants.catalogue.pods import MUTANTS as PODS
from spec.mutants.catalogue.reconcile import MUTANTS as RECONCILE
from spec.mutants.catalogue.recovery import MUTANTS as RECOVERY
from spec.mutants.catalogue.release import MUTANTS as RELEASE
from spec.mutants.catalogue.repair import MUTANTS as REPAIR
from spec.mutants.catalogue.scale_down import MUTANTS as SCALE_DOWN
from spec.mutants.catalogue.selection import MUTANTS as SELECTION
from spec.mutants.catalogue.shell import MUTANTS as SHELL
from spec.mutants.catalogue.shrink import MUTANTS as SHRINK
from spec.mutants.catalogue.switchover import MUTANTS as SWITCHOVER
from spec.mutants.catalogue.variants import MUTANTS as VARIANTS

MUTANTS: Final[tuple[Mutant, ...]] = (
    *EVIDENCE,
    *SELECTION,
    *EPOCHS,
    *RECOVERY,
    *KEPT,
    *FAILOVER_BEGIN,
    *FAILOVER_END,
    *ELECTORATE,
    *REPAIR,
    *RELEASE,
    *SHRINK,
    *SWITCHOVER,
    *SCALE_DOWN,
    *LEASE,
    *RECONCILE,
    *PODS,
    *SHELL,
    *GUARANTEES,
    *CONFORMANCE,
    *CONFORMANCE_OF_OBJECTS,
    *VARIANTS,
)
__all__ = ["MUTANTS", "PAIRS", "named", "variant_of"]


def named(name: str) -> Mutant:
    """Return the mutant of this name.

    Raises:
        KeyError: there is none.
    """
    for mutant in MUTANTS:
        if mutant.name == name:
            return mutant
    raise KeyError(f"no mutant is named {name!r}")


def variant_of(pair: Pair) -> Mutant:
    """Return the wrong version of the code that passes in a pair's weaker environment.

    Raises:
        KeyError: there is no mutant of that name.
    """
    return named(pair.variant)
