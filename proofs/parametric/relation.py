"""All actions of the relation."""

from typing import Final

from proofs.parametric.election import ELECTION
from proofs.parametric.membership import MEMBERSHIP
from proofs.parametric.replication import REPLICATION

ACTIONS: Final = (*ELECTION, *REPLICATION, *MEMBERSHIP)
