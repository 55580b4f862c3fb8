"""The inductive invariant: what holds of every reachable state, for any number of pods, epochs and writes.

Each entry is a name, a sentence, and a rule: for all elements of some sorts, what is given implies what follows.
"""

from typing import Final

from proofs.parametric.rules_of_data import ACKED, DATA
from proofs.parametric.rules_of_members import COUNTED
from proofs.parametric.rules_of_pods import FENCE, RECORD, VOTES

INVARIANT: Final = (*RECORD, *FENCE, *VOTES, *DATA, *ACKED, *COUNTED)
